#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// Functional delays between areas against their place in the anatomical hierarchy (the paper's
/// Fig. 3, after Siegle et al. 2021).
namespace rewire::spikes {

/// A pair of units whose correlogram has a significant peak.
struct PeakLag
{
    std::int32_t first_area = 0; ///< index into the areas; negative: none
    std::int32_t second_area = 0;
    double lag_ms = 0; ///< time of the first - time of the second
};

struct AreaPair
{
    std::int32_t from = 0; ///< the lower index
    std::int32_t to = 0;
    std::int64_t pairs = 0;
    /// Median over pairs of units of time in `to` - time in `from`: positive, `from` leads.
    double delay_ms = 0;
    double hierarchy_difference = 0; ///< score of `to` - score of `from`
};

struct Hierarchy
{
    std::vector<AreaPair> area_pairs; ///< those with at least the asked number of pairs of units
    double r = 0;                     ///< Pearson, NaN for fewer than three area pairs
    /// Two-sided, from permutations of the scores over the areas (area pairs share areas, so that
    /// the p of a correlation would be too small).
    double p_value = 1;
    std::int64_t permutations = 0; ///< all, where they are no more than asked for
};

struct HierarchySettings
{
    std::int64_t least_pairs = 1;
    std::int64_t permutations = 10000;
    std::uint64_t seed = 1;
    std::uint64_t name = 0; ///< of the random stream: base::key_of(session), say
};

/// @param score [areas]; NaN: the area takes no part. Pairs within an area take none.
/// @throws InputError: an area beyond the scores
Hierarchy hierarchy(std::span<const PeakLag> peaks, std::span<const double> score,
                    const HierarchySettings& settings = {});

} // namespace rewire::spikes
