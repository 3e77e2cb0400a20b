#pragma once

#include <rewire/dynetcp/trial_values.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// The null of dynamic connectivity: models trained again on trials in which neurons no longer
/// belong together, and what the strength of an edge is worth beside theirs (methods page, what
/// training shows).
namespace rewire::dynetcp {

/// The trains of each neuron moved, whole, to other trials of the same condition, every neuron by a
/// permutation of its own: rates over the trial, their differences between conditions and the
/// neuron's own spike train stay, what neurons share within a trial is lost. Also lost is how two
/// neurons change together over the session.
/// @param condition [trials] @param name of the session and `number` of the model name the draw
TrialValues shuffled_over_trials(const TrialValues& values, std::span<const std::int32_t> condition,
                                 std::uint64_t seed, std::uint64_t name, std::int64_t number);

/// Tests of one edge.
struct EdgeTest
{
    /// Rank of the largest value over the bins among those of the null models: (1 + models that
    /// reach it) / (models + 1). NaN: no value in any bin.
    double p_max = 0;
    /// [bin] P(a null model is so large), from a tail fitted to the null models of this bin; NaN:
    /// no value, or fewer than four models that have one.
    std::vector<double> p_bin;
};

/// The tail of a bin: Student's t of the value against mean and SD of the null models, as of one
/// more draw from them ((x - mean) / (sd sqrt(1 + 1/n)), n - 1 degrees of freedom), on the normal
/// scale, with the upper tail of Pearson III of the skewness of the null models, pooled over the
/// bins of the edge (negative: 0). @param observed [bin], NaN: none @param null [model, bin]
EdgeTest test_edge(std::span<const float> observed, std::span<const float> null);

/// p_bin of every null model against all others, [model, bin]: what the fitted tail makes of values
/// that are null, uniform if it is right.
std::vector<double> left_out_p(std::span<const float> null, std::int64_t bins);

/// Smallest q of Benjamini and Hochberg over `tests` of which `reaching` have the smallest p that
/// ranks among so many null models can give.
double smallest_q(std::int64_t models, std::int64_t tests, std::int64_t reaching) noexcept;

} // namespace rewire::dynetcp
