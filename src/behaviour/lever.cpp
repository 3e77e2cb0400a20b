#include "rewire/behaviour/lever.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/behaviour/filters.hpp>
#include <rewire/behaviour/movement_epochs.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace rewire::behaviour {

namespace {

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

std::optional<double> volts_in(std::string_view unit)
{
    // M would be mega: the prefix counts as it is written.
    static const auto prefixes = std::vector<std::pair<std::string_view, double>>{
        {"milli", 1e-3}, {"micro", 1e-6}, {"m", 1e-3}, {"u", 1e-6}, {"\xc2\xb5", 1e-6}, {"", 1}};
    const auto is_volt = [](std::string_view text) {
        const auto lower = base::lower_case(text);
        return lower == "v" || lower == "volt" || lower == "volts";
    };
    for (const auto& [prefix, factor] : prefixes)
        if (unit.starts_with(prefix) && is_volt(unit.substr(prefix.size())))
            return factor;
    return {};
}

double published_threshold(const std::string& unit, const std::string& where)
{
    if (const auto volts = volts_in(unit))
        return LeverOptions{}.threshold_per_ms / *volts;
    throw base::InputError(
        unit.empty() ? std::string("the lever trace names no unit: its speed cannot be compared "
                                   "with a threshold in volts per ms")
                     : fmt::format("the lever trace is in {}: its speed cannot be compared with a "
                                   "threshold in volts per ms",
                                   unit),
        where,
        "give --lever-threshold in units of the trace per ms, or --lever-threshold auto for one "
        "from "
        "the trace's own noise");
}

double noise_threshold(std::span<const double> speed_per_ms)
{
    if (speed_per_ms.empty())
        throw base::InputError("no lever speed to take a threshold from", "lever trace",
                               "give --lever-threshold as a number");
    constexpr auto scales = 5.0;
    auto speed = std::vector<double>(speed_per_ms.begin(), speed_per_ms.end());
    const auto quantile = [&](double share) {
        const auto place =
            static_cast<std::ptrdiff_t>(share * static_cast<double>(speed.size() - 1));
        std::nth_element(speed.begin(), speed.begin() + place, speed.end());
        return speed[static_cast<std::size_t>(place)];
    };
    const auto noise = quantile(0.25) / std::sqrt(-2 * std::log(0.75));
    return std::max(scales * noise, 0.01 * quantile(0.999));
}

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
        const auto at_start = run.first == 0;
        const auto at_end = run.last == epochs.frames;
        if ((at_start && options.keep_at_start) || (at_end && options.keep_at_end))
            return false; // how long it lasted is not known
        return run.size() < options.shortest_movement_ms || at_start || at_end;
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
