// How many of a train's jittered spikes hit with which probability, lag by lag.
#include <rewire/base/dispatch.hpp>
#include <rewire/base/index.hpp>
#include <rewire/spikes/coincidence_test.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <map>

namespace rewire::spikes {

namespace {

using base::at;

/// Jittered spikes by lag and hits of their window.
struct HitTable
{
    std::int64_t lags;
    std::int64_t choices;           ///< of nearly all spikes; what differs goes to `others`
    std::vector<std::int64_t> hits; ///< [lags, choices + 1]
    std::vector<std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>> others;

    HitTable(std::int64_t lag_number, std::int64_t usual_choices)
        : lags(lag_number),
          choices(usual_choices),
          hits(at(lag_number * (usual_choices + 1)), 0),
          others(at(lag_number))
    {
    }

    std::vector<std::vector<TrialClass>> classes() const
    {
        auto result = std::vector<std::vector<TrialClass>>(at(lags));
        for (std::int64_t lag = 0; lag < lags; ++lag) {
            for (std::int64_t h = 1; h <= choices; ++h)
                if (const auto spikes = hits[at(lag * (choices + 1) + h)]; spikes > 0)
                    result[at(lag)].push_back(
                        {static_cast<double>(h) / static_cast<double>(choices), spikes});
            for (const auto& [key, spikes] : others[at(lag)])
                result[at(lag)].push_back(
                    {static_cast<double>(key.first) / static_cast<double>(key.second), spikes});
        }
        return result;
    }
};

/// A byte a lag, of as many lags as are counted at once.
using LagBytes = std::uint8_t __attribute__((vector_size(16)));
constexpr auto lags_at_once = static_cast<std::int64_t>(sizeof(LagBytes));

/// Spikes whose window and lags fit a word: all held positions that any lag can reach at once, the
/// last lag's window first.
struct WordWindows
{
    const std::int32_t* first;
    std::int64_t count;
    const BitTrain* held;
    std::int64_t last_lag;
    std::int64_t lags;
    std::int64_t bins;

    std::int64_t span() const { return bins + lags - 1; }
};

/// What a few bits of such a word add to the hits of the lags.
struct HitsOfBits
{
    static constexpr std::size_t bits = 7;
    static constexpr std::size_t parts = 10; ///< of a word
    std::array<std::array<LagBytes, 1 << bits>, parts> of;

    /// Of `lags` lags from `first_lag`, each an index into those of the windows. About 1 us.
    HitsOfBits(const WordWindows& windows, std::int64_t first_lag, std::int64_t lags)
    {
        for (std::size_t part = 0; part < parts; ++part) {
            of[part][0] = LagBytes{};
            if (part >= parts_of(windows))
                continue; // nothing else is looked up
            auto one = std::array<LagBytes, bits>{};
            for (std::size_t bit = 0; bit < bits; ++bit)
                for (std::int64_t k = 0; k < lags; ++k) {
                    const auto start = windows.lags - 1 - (first_lag + k);
                    const auto place = static_cast<std::int64_t>(part * bits + bit);
                    one[bit][k] = place >= start && place < start + windows.bins ? 1 : 0;
                }
            for (auto value = std::uint32_t{1}; value < of[part].size(); ++value)
                of[part][value] = of[part][value & (value - 1)] +
                                  one[static_cast<std::size_t>(std::countr_zero(value))];
        }
    }
    static std::size_t parts_of(const WordWindows& windows)
    {
        return (static_cast<std::size_t>(windows.span()) + bits - 1) / bits;
    }
};

/// The first `parts` parts, of which those of a short window are so few that they are unrolled.
template <std::size_t parts>
[[gnu::always_inline]] inline void hits_of_words(const HitsOfBits& table, const std::uint64_t* word,
                                                 std::size_t count, LagBytes* hits, LagBytes& most)
{
    for (std::size_t k = 0; k < count; ++k) {
        auto sum = table.of[0][word[k] & 127];
        for (std::size_t part = 1; part < parts; ++part)
            sum += table.of[part][word[k] >> (HitsOfBits::bits * part) & 127];
        hits[k] = sum;
        most = sum > most ? sum : most;
    }
}

/// Adds to hits [lags, bins + 1], here of `lags` lags. No branch depends on the spikes, which
/// predict nothing: as fast for bursts as for sparse trains.
REWIRE_CLONES("avx512f", "avx2", "default")
void add_words(const WordWindows& of, const HitsOfBits& table, std::int64_t lags,
               std::int64_t* hits)
{
    constexpr auto block = std::size_t{240}; // a byte counts them
    auto word = std::array<std::uint64_t, block + 1>{};
    auto hit = std::array<LagBytes, block>{};
    const auto reached = ~std::uint64_t{0} >> (64 - of.span());
    for (std::int64_t spike = 0; spike < of.count;) {
        auto words = std::size_t{0};
        for (; spike < of.count && words < block; ++spike) {
            word[words] = of.held->bits_from(of.first[spike] - of.last_lag) & reached;
            words += word[words] != 0 ? 1 : 0;
        }
        auto most_by_lag = LagBytes{};
        if (HitsOfBits::parts_of(of) <= 5)
            hits_of_words<5>(table, word.data(), words, hit.data(), most_by_lag);
        else
            hits_of_words<HitsOfBits::parts>(table, word.data(), words, hit.data(), most_by_lag);
        auto most = std::uint8_t{0};
        for (std::int64_t k = 0; k < lags; ++k)
            most = std::max(most, static_cast<std::uint8_t>(most_by_lag[k]));
        for (auto value = std::uint8_t{1}; value <= most; ++value) {
            auto spikes = LagBytes{};
            for (std::size_t k = 0; k < words; ++k)
                spikes -= reinterpret_cast<LagBytes>(hit[k] == value);
            for (std::int64_t k = 0; k < lags; ++k)
                hits[k * (of.bins + 1) + value] += spikes[k];
        }
    }
}

std::int64_t hits_between(const BitTrain& held, std::int64_t first, std::int64_t bins)
{
    auto sum = std::int64_t{0};
    for (; bins > 0; first += 64, bins -= 64) {
        const auto word = held.bits_from(first);
        sum += std::popcount(bins < 64 ? word & ((std::uint64_t{1} << bins) - 1) : word);
    }
    return sum;
}

} // namespace

std::vector<std::vector<TrialClass>> coincidence_classes(const JitterWindows& jittered,
                                                         const BitTrain& held,
                                                         std::int64_t first_lag,
                                                         std::int64_t last_lag)
{
    const auto lags = last_lag - first_lag + 1;
    const auto usual =
        jittered.choices.empty()
            ? std::int64_t{1}
            : std::int64_t{*std::max_element(jittered.choices.begin(), jittered.choices.end())};
    auto table = HitTable(lags, usual);
    const auto words = usual + lags - 1 <= 64;
    auto windows = WordWindows{jittered.first.data(), 0, &held, last_lag, lags, usual};
    auto of_bits = std::vector<HitsOfBits>{}; // [lags, as many as are counted at once]
    for (std::int64_t lag = 0; words && lag < lags; lag += lags_at_once)
        of_bits.emplace_back(windows, lag, std::min(lags_at_once, lags - lag));
    const auto is_usual = [&](std::int64_t k) {
        return words && jittered.bins[at(k)] == usual && jittered.choices[at(k)] == usual;
    };
    for (std::int64_t spike = 0; spike < std::ssize(jittered.first);) {
        if (is_usual(spike)) {
            auto last = spike + 1;
            while (last < std::ssize(jittered.first) && is_usual(last))
                ++last;
            windows.first = jittered.first.data() + spike;
            windows.count = last - spike;
            for (std::size_t some = 0; some < of_bits.size(); ++some) {
                const auto lag = static_cast<std::int64_t>(some) * lags_at_once;
                add_words(windows, of_bits[some], std::min(lags_at_once, lags - lag),
                          table.hits.data() + lag * (usual + 1));
            }
            spike = last;
            continue;
        }
        const auto choices = std::int64_t{jittered.choices[at(spike)]};
        for (std::int64_t lag = 0; lag < lags; ++lag) {
            const auto hits = hits_between(held, jittered.first[at(spike)] - first_lag - lag,
                                           jittered.bins[at(spike)]);
            if (choices == usual)
                ++table.hits[at(lag * (usual + 1) + hits)];
            else if (hits > 0)
                ++table.others[at(lag)][{hits, choices}];
        }
        ++spike;
    }
    return table.classes();
}

} // namespace rewire::spikes
