#pragma once

namespace rewire::calcium {

/// A run of frames that OASIS fits with one decaying exponential. With frame k of the run weighted
/// by g^k: `sum` of the samples, `weight` = sum of g^2k, so that the fit starts at sum / weight.
///
/// The power of g is carried along and multiplied when pools merge, which needs neither a table
/// nor an exponential. In pools of thousands of frames it underflows to 0, which is what it is
/// worth in the fit (an error below 1e-300 of the samples).
struct alignas(32) Pool
{
    double sum;
    double weight;
    double decay; ///< g^length
    double start; ///< first frame; a double, so that a pool is one vector of four
};

/// Two of these lie below every stack of pools: `violates` is false for one above the other and for
/// any pool above them, so that nothing has to ask whether a stack is empty.
inline constexpr auto sentinel = Pool{-1, 0, 1, 0};

/// Whether the fit of `later` starts below where `earlier` has decayed to:
/// sum_e / weight_e g^length > sum_l / weight_l, without the divisions (weights are positive).
/// False where a sum is NaN.
inline bool violates(const Pool& earlier, const Pool& later) noexcept
{
    return earlier.sum * earlier.decay * later.weight > later.sum * earlier.weight;
}

inline Pool merged(const Pool& earlier, const Pool& later) noexcept
{
    return {earlier.sum + later.sum * earlier.decay,
            earlier.weight + later.weight * (earlier.decay * earlier.decay),
            earlier.decay * later.decay, earlier.start};
}

/// Adds a sample above the pool at `top` and merges until no neighbours violate. Returns the new
/// top. Every kernel does these operations, in this order for each neuron.
inline Pool* push(Pool* top, double sample, double frame, double decay) noexcept
{
    auto pool = Pool{sample, 1, decay, frame};
    while (violates(*top, pool))
        pool = merged(*top--, pool);
    *++top = pool;
    return top;
}

/// Calcium at the start of a pool.
template <bool clipped>
double fit_of(const Pool& pool) noexcept
{
    const auto fit = pool.sum / pool.weight;
    return clipped && fit < 0 ? 0 : fit;
}

/// Spike at the start of a pool; >= 0 but for rounding, which is cut off. NaN stays NaN.
inline double spike_between(double fit_before, double decay_before, double fit) noexcept
{
    const auto spike = fit - fit_before * decay_before;
    return spike < 0 ? 0 : spike;
}

} // namespace rewire::calcium
