#pragma once

#include <rewire/base/random.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

namespace rewire::test {

/// What simulated dF/F looks like; the defaults are a good recording at 28 frames/s with GCaMP6f.
struct CalciumTraces
{
    std::int64_t frames = 0;
    std::int64_t neurons = 0;
    double decay = std::exp(-1 / (28 * 0.7)); ///< over one frame
    double spikes_per_frame = 0.02;
    double noise_sd = 0.2; ///< in units of one spike
    double offset = 0;
    std::uint64_t seed = 1;
};

/// AR(1) calcium with unit spikes and gaussian noise, sample [frame * neurons + neuron]. The trace
/// of a neuron depends on the seed and its number only.
template <typename Sample>
std::vector<Sample> simulated_dff(const CalciumTraces& of)
{
    auto samples = std::vector<Sample>(static_cast<std::size_t>(of.frames * of.neurons));
    for (auto n = std::int64_t{0}; n < of.neurons; ++n) {
        auto stream = base::Stream(of.seed, {static_cast<std::uint64_t>(n)});
        auto calcium = 0.0;
        for (auto t = std::int64_t{0}; t < of.frames; ++t) {
            calcium = calcium * of.decay + (stream.uniform() < of.spikes_per_frame ? 1 : 0);
            samples[static_cast<std::size_t>(t * of.neurons + n)] =
                static_cast<Sample>(of.offset + calcium + of.noise_sd * stream.normal());
        }
    }
    return samples;
}

} // namespace rewire::test
