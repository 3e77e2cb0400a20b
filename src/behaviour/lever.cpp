#include <rewire/base/error.hpp>
#include <rewire/behaviour/filters.hpp>
#include <rewire/behaviour/lever.hpp>
#include <rewire/behaviour/movement_epochs.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::behaviour {

namespace {

constexpr auto rate_hz_of_speed = 1000.0;

/// A sample marks `widening` samples: widening / 2 before it, the rest from it on (what MATLAB's
/// conv(x, ones(1, widening), 'same') > 0 does).
std::vector<base::Range> widened(std::vector<base::Range> runs, std::int64_t widening,
                                 std::int64_t samples)
{
    if (widening > 0)
        for (auto& run : runs)
            run = {std::max<std::int64_t>(0, run.first - widening / 2),
                   std::min(samples, run.last + (widening - 1) / 2)};
    return runs;
}

std::vector<base::Range> gaps_closed(const std::vector<base::Range>& runs, std::int64_t shortest)
{
    auto result = std::vector<base::Range>{};
    for (const auto& run : runs) {
        const auto gap = result.empty() ? 0 : run.first - result.back().last;
        if (!result.empty() && (gap <= 0 || gap < shortest))
            result.back().last = std::max(result.back().last, run.last);
        else
            result.push_back(run);
    }
    return result;
}

} // namespace

std::vector<double> lever_speed(std::span<const double> trace, double rate_hz, double cut_off_hz)
{
    for (std::size_t k = 0; k < trace.size(); ++k)
        if (!std::isfinite(trace[k]))
            throw base::InputError(fmt::format("sample {} of the lever trace is not a number", k),
                                   "lever trace",
                                   "fill the gap, or give the movements as an intervals table");
    const auto position = low_pass_zero_phase(
        resampled(trace, rate_ratio(rate_hz, rate_hz_of_speed)), 2 * cut_off_hz / rate_hz_of_speed);
    auto velocity = std::vector<double>(position.size(), 0.0);
    for (std::size_t k = 1; k < position.size(); ++k)
        velocity[k] = position[k] - position[k - 1];
    return envelope(moving_mean(velocity, 2));
}

std::vector<std::uint8_t> moving_lever(std::span<const double> speed_per_ms,
                                       const LeverOptions& options)
{
    auto above = std::vector<std::uint8_t>(speed_per_ms.size());
    std::transform(speed_per_ms.begin(), speed_per_ms.end(), above.begin(),
                   [&](double speed) { return speed > options.threshold_per_ms; });
    auto epochs = epochs_of_mask(above);
    auto& runs = epochs.movements;
    runs = gaps_closed(widened(std::move(runs), options.widening_ms, epochs.frames),
                       options.shortest_gap_ms);
    std::erase_if(runs, [&](const base::Range& run) {
        return run.size() < options.shortest_movement_ms || run.first == 0 ||
               run.last == epochs.frames;
    });
    return mask_of(epochs);
}

LeverMovements lever_movements(std::span<const double> trace, double rate_hz, double first_time_s,
                               const LeverOptions& options)
{
    const auto speed = lever_speed(trace, rate_hz, options.cut_off_hz);
    auto movements = LeverMovements{};
    for (const auto& run : epochs_of_mask(moving_lever(speed, options)).movements) {
        movements.start_s.push_back(first_time_s +
                                    static_cast<double>(run.first) / rate_hz_of_speed);
        movements.stop_s.push_back(first_time_s + static_cast<double>(run.last) / rate_hz_of_speed);
    }
    return movements;
}

} // namespace rewire::behaviour
