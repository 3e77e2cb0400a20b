#pragma once

#include <cstdint>
#include <functional>
#include <vector>

/// Events of a population with known connections, frame by frame: what stands for thresholded
/// events in most scenarios of edges. Every event has a size of its own.
namespace rewire::calibration {

/// Each event of one neuron is repeated by another, `delay` frames later.
struct Copy
{
    std::int32_t from = 0;
    std::int32_t to = 0; ///< larger than `from`
    double probability = 0;
    std::int64_t delay = 0;
    bool with_size = false; ///< the size is repeated, too, and in proportion: a linear influence
};

/// Each event of one neuron keeps another silent for `frames` frames.
struct Veto
{
    std::int32_t from = 0;
    std::int32_t to = 0; ///< larger than `from`
    std::int64_t frames = 0;
};

/// Chance of an own event in a frame.
using Rate = std::function<double(std::int32_t neuron, std::int64_t frame)>;

struct EventModel
{
    std::int64_t neurons = 0;
    std::int64_t frames = 0;
    double rate_hz = 28; ///< frames a second
    std::function<Rate(const EventModel&, std::uint64_t seed)> rate;
    std::vector<Copy> copies;
    std::vector<Veto> vetoes;
    /// Sizes are 0.5 + exponential instead of 0.7 to 1.3: correlations are smaller by a third, for
    /// the same share of common events.
    bool skewed = false;
    double missed = 0;                ///< share of events that are not seen, each by itself
    std::vector<std::int32_t> hidden; ///< neurons that are not recorded
    bool hidden_joins = false;        ///< what two neurons have from one of these is an edge
};

/// [recorded neuron][frame] sizes of events, 0 for none.
using Rows = std::vector<std::vector<double>>;
Rows events_of(const EventModel& model, std::uint64_t seed);

/// What is true of the pairs of recorded neurons, upper triangle, row major.
struct PairTruth
{
    std::vector<std::uint8_t> planted; ///< joined by a copy, or by a hidden input that joins
    /// Not even indirectly joined, through recorded or hidden neurons: independent given the rates.
    std::vector<std::uint8_t> unrelated;
};
PairTruth truth_of(const EventModel& model);

// --- rates ---------------------------------------------------------------------------------------

/// The same in all frames.
std::function<Rate(const EventModel&, std::uint64_t)> constant_rate(double chance);
/// Bursts of the whole population: `gain` times the rate for 2.5 s, a tenth of the time.
std::function<Rate(const EventModel&, std::uint64_t)> population_bursts(double chance, double gain);
/// A rate common to all that rises and falls by 80 % once in 20 s.
std::function<Rate(const EventModel&, std::uint64_t)> slow_wave(double chance);
/// All rates fall by 80 % from the first to the last frame.
std::function<Rate(const EventModel&, std::uint64_t)> falling_rate(double chance);
/// Half of the neurons have 1.8 times the rate in bouts of 3 s that make up a fifth of the time.
std::function<Rate(const EventModel&, std::uint64_t)> movement_bouts(double chance);
/// [frame] 1: in one of these bouts.
std::vector<std::uint8_t> movement_frames(std::int64_t frames, std::uint64_t seed);

// --- networks ------------------------------------------------------------------------------------

/// Chains of `length` neurons, each of which repeats the one before, as often as it takes for
/// neighbours to correlate at `strength` or little more, all rates else being equal.
std::vector<Copy> chains(std::int64_t neurons, std::int64_t length, double strength);
/// One neuron in `size` is repeated by the next size - 1, the k-th of them `delay` k frames later.
std::vector<Copy> hubs(std::int64_t neurons, std::int64_t size, double probability,
                       bool with_size = false, std::int64_t delay = 0);
/// Recorded neurons 0 .. neurons - 1 in rings of `size`, neighbours joined by an input of their
/// own: neurons that come before them in the model and are hidden.
EventModel input_rings(std::int64_t neurons, std::int64_t size, double chance, double input_chance);
/// One neuron in `size` repeats the size - 1 before it.
std::vector<Copy> colliders(std::int64_t neurons, std::int64_t size, double probability);
/// Each pair is joined with that chance.
std::vector<Copy> random_network(std::int64_t neurons, double density, double probability,
                                 std::uint64_t seed);

} // namespace rewire::calibration
