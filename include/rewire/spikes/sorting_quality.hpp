#pragma once

#include <rewire/spikes/spike_trains.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// What spike sorting left behind, said before anyone reads connections from it.
namespace rewire::spikes {

/// Spikes that follow another of the same unit within the refractory time: the sorter's duplicates
/// and other units' spikes.
struct RefractoryViolations
{
    std::int64_t spikes = 0;
    std::int64_t violations = 0;
    /// Share of the unit's spikes; NaN without spikes.
    double share = 0;
};

/// @pre trains ascending
std::vector<RefractoryViolations> refractory_violations(const SpikeTrainsView& trains,
                                                        std::int64_t refractory_ns = 1'500'000);

/// A unit that was cut in two shows as a pair: together they keep the refractory time (hardly any
/// coincidence within it, where independent trains of their rates would have many), and beyond it
/// they fire as one (as many as by chance, or more). `near` pairs lose coincidences for another
/// reason, which is why lags below `dead_ns` are not looked at.
struct SplitCriterion
{
    std::int64_t dead_ns = 500'000;         ///< sorters miss overlapping spikes
    std::int64_t refractory_ns = 2'000'000; ///< coincidences between dead and this ...
    double most_of_expected = 0.2;          ///< ... at most this share of what chance gives
    double least_expected = 20;             ///< pairs with fewer expected are not judged
    std::int64_t outer_ns = 20'000'000;     ///< refractory .. outer has to reach chance:
    double outer_of_expected = 0.7;
    /// Chance that any of the pairs looks so where all units are independent (Poisson counts,
    /// Bonferroni over `pairs`): the share above alone would let two in a hundred thousand pass.
    double family_level = 0.01;
    std::int64_t pairs = 0; ///< that are looked at, in all calls together; 0: these candidates
};

struct SplitPair
{
    std::int32_t first = 0;
    std::int32_t second = 0;
    std::int64_t coincidences = 0; ///< dead <= |difference| < refractory
    double expected = 0;           ///< for independent trains of these rates
};

/// Pairs (first < second) among `candidates` (pairs of units on the same or neighbouring channels;
/// any others can be asked for) that look like one unit in two.
/// @param pair_first,pair_second the candidates
/// @pre trains ascending and within `observed`
/// @throws InputError: lists of different length
std::vector<SplitPair> split_units(const SpikeTrainsView& trains,
                                   std::span<const TimeInterval> observed,
                                   std::span<const std::int32_t> pair_first,
                                   std::span<const std::int32_t> pair_second,
                                   const SplitCriterion& criterion = {});

/// A unit that comes or goes: its counts in equal parts of the observed time.
struct Presence
{
    double present_share = 0;  ///< parts with at least a tenth of the median count of all parts
    double first_third_hz = 0; ///< mean rate over the first third of the parts
    double last_third_hz = 0;
    bool comes = false; ///< first third below a quarter of the last, and not by chance (3 SD)
    bool goes = false;  ///< the other way round
};

/// NaN rates and false without observed time.
/// @pre trains ascending and within `observed`, observed merged, parts >= 3
std::vector<Presence> presence(const SpikeTrainsView& trains,
                               std::span<const TimeInterval> observed, std::int64_t parts = 100);

} // namespace rewire::spikes
