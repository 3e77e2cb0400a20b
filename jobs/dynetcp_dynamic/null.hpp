#pragma once

#include "model.hpp"
#include "result.hpp"

#include <rewire/io/hdf5.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Models trained again on trials that were shuffled within their conditions, and the tests of
/// edges against them.
namespace rewire::jobs {

/// What edges are tested by, [edge, bin]: smoothed weight at the model's own functional lag, times
/// the sign of the static weight there, so that every model is treated alike. NaN where the sender
/// is silent.
using EdgeStrengths = std::vector<float>;

/// The same of the trained model, from the averages in its file. On rank 0.
EdgeStrengths read_strengths(const io::Handle& group, std::span<const float> static_weight,
                             std::int64_t window);

/// "20 null models: ...": the smallest p and q that they can give, and what they do not test.
std::string described_null(std::int64_t models, std::int64_t edges, EdgeSource source);

/// Trains the null models, each a unit of work on one rank from the same start as the model itself,
/// and writes their strengths to `null_weight` [null_model, edge, time]. Collective.
/// @param group on rank 0; null elsewhere
void write_null_models(runtime::RunContext& context, const std::string& phase,
                       const DynamicWork& work, const SessionTrials& trials, double static_lambda,
                       const io::Handle* group);

/// How often values that are null have a fitted p of at most `level`.
struct TailCalibration
{
    double level = 0;
    double share = 0;
};

struct NullSummary
{
    std::int64_t edges_found = 0; ///< q_max <= 0.05
    std::int64_t bins_found = 0;  ///< q_value <= 0.05
    std::vector<TailCalibration> calibration;
};

/// Rank 0: tests the edges against the null models in the file, some at a time, and writes p_max,
/// q_max [edge], p_value, q_value [edge, time].
NullSummary write_null_tests(const io::Handle& group, const EdgeStrengths& observed,
                             std::int64_t edges, std::int64_t bins);

/// "fitted p of null models that were left out: 4.9 % <= 0.05, ...".
std::string described(const std::vector<TailCalibration>& calibration);

} // namespace rewire::jobs
