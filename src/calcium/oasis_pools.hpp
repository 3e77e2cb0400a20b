#pragma once

#include <rewire/calcium/deconvolution.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rewire::calcium {

/// A run of frames that OASIS fits with one decaying exponential. With frame k of the run weighted
/// by g^k: `sum` of the samples, `weight` = sum of g^2k, so that the fit starts at sum / weight.
///
/// The powers of g are carried along and multiplied when pools merge, which needs no table and no
/// exponential. In pools of thousands of frames they underflow to 0, which is what they are worth
/// in the fit: the error is below 1e-300 of the samples.
struct alignas(32) Pool
{
    double sum;
    double weight;
    double decay;   ///< g^length
    double decay_2; ///< g^(2 length)
};

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
            earlier.weight + later.weight * earlier.decay_2, earlier.decay * later.decay,
            earlier.decay_2 * later.decay_2};
}

inline Pool single(double sample, double decay) noexcept
{
    return {sample, 1, decay, decay * decay};
}

/// The pools of one neuron, a stack: pool[1 .. count], start[k] the first frame of pool k.
/// Slot 0 holds a pool that never merges, so that looking below the first one needs no test.
struct PoolStack
{
    std::vector<Pool> pool;
    std::vector<std::int32_t> start;
    std::int64_t count = 0;

    /// Empty, with room for `frames` pools.
    void reset(std::int64_t frames)
    {
        pool.resize(static_cast<std::size_t>(frames) + 2);
        start.resize(static_cast<std::size_t>(frames) + 2);
        pool[0] = {-1, 0, 1, 1}; // violates(it, p): -p.weight > 0, never
        count = 0;
    }
};

/// Adds the sample of frame `frame` and merges until no neighbours violate.
inline void push(PoolStack& stack, double sample, std::int32_t frame, double decay) noexcept
{
    auto top = single(sample, decay);
    auto below = stack.pool.data() + stack.count;
    // A pool that is merged into keeps its start: only one that stays new needs this.
    stack.start[static_cast<std::size_t>(stack.count) + 1] = frame;
    while (violates(*below, top)) {
        top = merged(*below, top);
        --below;
    }
    below[1] = top;
    stack.count = below - stack.pool.data() + 1;
}

/// Spike at the start of pool k >= 2, in both variants >= 0 but for rounding, which is cut off.
/// NaN stays NaN.
inline double spike_between(const Pool& earlier, const Pool& later, OasisVariant variant) noexcept
{
    auto before = earlier.sum / earlier.weight;
    auto after = later.sum / later.weight;
    if (variant == OasisVariant::farci) {
        before = before < 0 ? 0 : before;
        after = after < 0 ? 0 : after;
    }
    const auto spike = after - before * earlier.decay;
    return spike < 0 ? 0 : spike;
}

} // namespace rewire::calcium
