#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// How a table of connections agrees with another, or with a known truth (the paper's Eq. 9 and
/// Fig. 2D,E). Tables are square, [pre, post] row major; the diagonal takes no part.
namespace rewire::spikes {

enum class Counting : std::uint8_t
{
    directed, ///< every ordered pair is one
    /// The paper's: a connection counts in its direction, a pair without any in either direction,
    /// in truth and in the calls, is one true negative.
    unordered,
};

enum class ConnectionSign : std::uint8_t
{
    excitatory,
    inhibitory,
    either,
};

struct Confusion
{
    std::int64_t true_positive = 0;
    std::int64_t false_positive = 0;
    std::int64_t false_negative = 0;
    std::int64_t true_negative = 0;

    friend bool operator==(const Confusion&, const Confusion&) = default;
};

/// Matthews correlation coefficient; 0 where its denominator is 0.
double matthews(const Confusion& confusion) noexcept;

/// @param truth,called [units, units] signs: > 0 excitatory, < 0 inhibitory, 0 none. For one sign
/// the other counts as none; `either` asks for a connection, whatever its sign
/// @param tested [units, units] u8: ordered pairs that count at all; empty: all. Unordered: pairs
/// tested in either direction
/// @throws InputError: sizes that are not units * units
Confusion confusion(std::span<const std::int8_t> truth, std::span<const std::int8_t> called,
                    std::span<const std::uint8_t> tested, std::int64_t units, Counting counting,
                    ConnectionSign sign);

/// What a method says of ordered pairs, in units of its threshold.
struct Scores
{
    std::span<const double> peak;   ///< [units, units] excitatory evidence, e.g. peak / SD
    std::span<const double> trough; ///< [units, units] inhibitory evidence, larger is stronger
    std::span<const double> chance; ///< [units, units] coincidences by chance (alpha_p)
    /// The paper's rule has one call a pair, whatever its direction: a pair with a peak has no
    /// trough.
    bool one_call_a_pair = false;
};

/// Calls at a threshold: +1 where the peak is above it, else -1 where the trough is; NaN is
/// neither.
/// @pre peaks are [units, units] where there is one call a pair
std::vector<std::int8_t> calls_at(const Scores& scores, double threshold);

/// Confusions [threshold, least chance]: pairs with fewer coincidences by chance than asked for are
/// not tested, as in the paper, where they leave the truth, too.
/// @throws InputError: sizes disagree
std::vector<Confusion> sweep(std::span<const std::int8_t> truth, const Scores& scores,
                             std::int64_t units, std::span<const double> threshold,
                             std::span<const double> least_chance, Counting counting,
                             ConnectionSign sign);

/// How an ordered pair lies in the true network; the first that holds.
enum class Relation : std::uint8_t
{
    connected,    ///< pre -> post
    reversed,     ///< post -> pre alone
    two_steps,    ///< pre -> some unit -> post
    common_input, ///< some unit -> pre and post
    unrelated,
    self, ///< the diagonal
};
inline constexpr auto relation_count = std::int64_t{5}; ///< without the diagonal
inline constexpr auto relation_names = std::array<std::string_view, relation_count>{
    "connected", "reversed", "two steps", "common input", "unrelated"};

/// [units, units] for every ordered pair: what a method finds beside connections. A jitter null
/// takes indirect and common drive for connections where it is fast. O(connections x degree).
/// @throws InputError: a table that is not units * units
std::vector<Relation> relations(std::span<const std::int8_t> truth, std::int64_t units);

} // namespace rewire::spikes
