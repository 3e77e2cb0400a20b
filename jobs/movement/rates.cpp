#include "rates.hpp"

#include <rewire/behaviour/movement_test.hpp>

#include <fmt/format.h>

#include <cstdint>

namespace rewire::jobs {

namespace {

double movement_rate()
{
    constexpr auto neurons = std::int64_t{128};
    constexpr auto frames = std::int64_t{20000};
    constexpr auto shuffles = std::int64_t{1000};
    const auto activity = made_up_events(neurons, frames);
    auto epochs = behaviour::Epochs{frames, {}};
    for (std::int64_t frame = 100; frame + 40 < frames; frame += 200)
        epochs.movements.push_back({frame, frame + 40});
    const auto sums = static_cast<double>(neurons) * static_cast<double>(shuffles) *
                      static_cast<double>(2 * epochs.movements.size());
    return rate_of(sums, [&] {
        const auto masks = behaviour::shuffled_masks(epochs, behaviour::ShuffleUnits::runs,
                                                     {1, 2, 3}, {0, shuffles});
        behaviour::count_shuffles(activity.view(), epochs, masks, {0, neurons});
    });
}

} // namespace

MovementRates measured_movement_rates()
{
    return {.activity = measured_activity_rates(), .sums_per_s = movement_rate()};
}

std::string described(const MovementRates& rates)
{
    return fmt::format("{}deconvolution {:.0f} million samples/s, movement sums {:.1f} billion/s{}",
                       rates_measured, rates.activity.oasis_samples_per_s / 1e6,
                       rates.sums_per_s / 1e9, rates_differ);
}

} // namespace rewire::jobs
