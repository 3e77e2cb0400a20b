#pragma once

#include <cstdint>

/// Sums of rows over the spikes of a trial (section 1), from weights to logits and back.
namespace rewire::dynetcp {

/// Rows of a trial by neuron.
struct Events
{
    const std::int64_t* start; ///< [neurons + 1] into the arrays
    const std::int32_t* bin;
    const double* value; ///< null: all are 1
    std::int64_t neurons;
    std::int64_t bins;
    std::int64_t lags;
};

#if defined(__x86_64__)
/// logits [bins]: every spike adds its sender's row of weights [neurons, lags] to the bins that
/// follow. Of values that are all 1.
void gather_avx512(const Events& events, const float* weights, float* logits);
/// The other way round: residuals [bins] into gradient [neurons, lags].
void scatter_avx512(const Events& events, const float* residuals, float* gradient);
#endif

} // namespace rewire::dynetcp
