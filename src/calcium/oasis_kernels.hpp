#pragma once

#include "oasis_pools.hpp"

#include <rewire/calcium/deconvolve_block.hpp>

#include <cstdint>

namespace rewire::calcium {

/// Some frames of the neurons that a kernel takes at a time (its lanes).
struct LaneChunk
{
    const double* samples;    ///< [frames x lanes of the kernel]
    std::int64_t frames;      ///< at most chunk_frames
    std::int64_t first_frame; ///< of the recording
    double decay;             ///< g
    Pool** top;               ///< [lanes] in and out: the topmost pool of each neuron's stack;
                              ///< the stacks lie in one array
};

/// Bounds the copy of the samples to what stays in the cache next to the core.
inline constexpr auto chunk_frames = std::int64_t{2048};

inline constexpr auto most_lanes = 16;

using AdvanceLanes = void (*)(const LaneChunk&);

/// A way to compute, and how many neurons it takes at a time.
struct KernelEntry
{
    AdvanceLanes advance;
    int lanes;
};

inline constexpr auto scalar_lanes = 8;
inline constexpr auto avx2_lanes = 6;
inline constexpr auto avx512_lanes = 16;

void advance_scalar(const LaneChunk& chunk);
#if defined(__x86_64__)
void advance_avx2(const LaneChunk& chunk);
void advance_avx512(const LaneChunk& chunk);
#endif

/// Takes one lane from `frame` (counted in the chunk) to the end, one sample after the other. The
/// top of its stack may still have to merge.
void finish_lane(const LaneChunk& chunk, int lanes, int lane, std::int64_t frame) noexcept;

} // namespace rewire::calcium
