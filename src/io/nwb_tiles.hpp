#pragma once

#include <rewire/io/hdf5.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace rewire::io {

/// The data of a series with its axes named.
struct SampleGrid
{
    Handle data;
    std::int64_t frames = 0;
    std::int64_t neurons = 0;
    bool transposed = false; ///< [neurons, frames] in the file
    bool one_axis = false;   ///< [frames]
    Shape chunk;             ///< as {frames, neurons}; empty for contiguous data

    /// Reads a rectangle in the order of the file.
    template <typename T>
    void read(std::int64_t frame, std::int64_t frame_count, std::int64_t neuron,
              std::int64_t neuron_count, std::span<T> out) const
    {
        if (one_axis)
            read_block<T>(data, {frame}, {frame_count}, out);
        else if (transposed)
            read_block<T>(data, {neuron, frame}, {neuron_count, frame_count}, out);
        else
            read_block<T>(data, {frame, neuron}, {frame_count, neuron_count}, out);
    }
};

/// A rectangle of samples in memory. Sample (frame, neuron), counted from the tile's corner, is
/// values[frame * frame_stride + neuron * neuron_stride].
template <typename T>
struct Tile
{
    std::int64_t frame = 0; ///< of the corner
    std::int64_t frames = 0;
    std::int64_t neuron = 0;
    std::int64_t neurons = 0;
    std::int64_t frame_stride = 0;
    std::int64_t neuron_stride = 0;
    std::span<const T> values;
};

struct TileShape
{
    std::int64_t frames = 1;
    std::int64_t neurons = 1;
};

/// Tiles of about `budget` values, whole chunks of the file (at least one), so that every chunk is
/// read and decompressed once; for contiguous data as much as possible along the fast axis.
inline TileShape tile_shape(const SampleGrid& grid, std::int64_t budget)
{
    const auto largest = [](std::int64_t unit, std::int64_t room, std::int64_t all) {
        return std::clamp<std::int64_t>(room / unit * unit, std::min(unit, all), all);
    };
    if (!grid.chunk.empty()) {
        const auto chunk_frames = grid.chunk[0];
        const auto chunk_neurons = grid.chunk[1];
        const auto neurons = largest(chunk_neurons, budget / chunk_frames, grid.neurons);
        return {largest(chunk_frames, budget / neurons, grid.frames), neurons};
    }
    if (grid.transposed) {
        const auto frames = std::clamp<std::int64_t>(budget, 1, grid.frames);
        return {frames, std::clamp<std::int64_t>(budget / frames, 1, grid.neurons)};
    }
    return {std::clamp<std::int64_t>(budget / std::max<std::int64_t>(grid.neurons, 1), 1,
                                     std::max<std::int64_t>(grid.frames, 1)),
            std::max<std::int64_t>(grid.neurons, 1)};
}

/// Calls use(tile) for tiles that cover all frames of the neurons (ascending); tiles span the
/// neurons between the first and the last one wanted in a stretch, others among them included.
template <typename T, typename Use>
void each_tile(const SampleGrid& grid, std::span<const std::int64_t> neurons, Use&& use)
{
    constexpr auto budget = std::int64_t{1 << 20} / static_cast<std::int64_t>(sizeof(T));
    if (grid.frames == 0 || neurons.empty())
        return;
    const auto shape = tile_shape(grid, budget);
    auto buffer = std::vector<T>{};
    for (std::size_t begin = 0; begin < neurons.size();) {
        const auto stretch = neurons[begin] / shape.neurons;
        auto end = begin;
        while (end < neurons.size() && neurons[end] / shape.neurons == stretch)
            ++end;
        const auto first = neurons[begin];
        const auto width = neurons[end - 1] + 1 - first;
        for (std::int64_t frame = 0; frame < grid.frames; frame += shape.frames) {
            const auto height = std::min(shape.frames, grid.frames - frame);
            buffer.resize(static_cast<std::size_t>(height * width));
            grid.read<T>(frame, height, first, width, buffer);
            use(Tile<T>{frame, height, first, width, grid.transposed ? 1 : width,
                        grid.transposed ? height : 1, buffer});
        }
        begin = end;
    }
}

} // namespace rewire::io
