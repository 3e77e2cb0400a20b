#pragma once

#include "settings.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/io/study.hpp>
#include <rewire/spikes/compare.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rewire::jobs {

inline constexpr auto countings =
    std::array{spikes::Counting::directed, spikes::Counting::unordered};
inline constexpr auto signs =
    std::array{spikes::ConnectionSign::excitatory, spikes::ConnectionSign::inhibitory,
               spikes::ConnectionSign::either};

/// One method against the truth. Confusions are [counting, sign, place].
struct MethodComparison
{
    std::int64_t present = 0;                 ///< 0: the session has no such result, all is empty
    double threshold = 0;                     ///< its own
    std::vector<spikes::Confusion> own;       ///< one place: its own threshold
    std::vector<spikes::Confusion> by_factor; ///< at factors of its threshold
    std::vector<spikes::Confusion> by_least;  ///< at its threshold, by coincidences by chance
    /// Directions that it calls, whatever their sign, by how they lie in the true network.
    std::array<std::int64_t, spikes::relation_count> found{};
};

/// A session.
struct Comparison
{
    std::string status = "ok";
    std::vector<std::string> unit_id; ///< of all methods that are there, and the truth
    std::int64_t true_connections = 0;
    std::int64_t left_out = 0; ///< connections of units that the methods do not have
    std::array<std::int64_t, spikes::relation_count> directions{};
    std::vector<double> threshold; ///< of the first method
    /// [counting, sign, threshold, min_pair_spikes] of the first method
    std::vector<spikes::Confusion> sweep;
    std::vector<MethodComparison> method; ///< [method]

    std::vector<std::byte> packed() const;
    static Comparison unpacked(std::span<const std::byte> bytes);
};

/// @throws InputError
Comparison compare_session(const io::StudySession& session, const CompareSettings& settings);

} // namespace rewire::jobs
