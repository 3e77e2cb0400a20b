#include "estimate.hpp"

#include "jobs/dynetcp_trials/session_trials.hpp"

#include <algorithm>

namespace rewire::jobs {

namespace {

// Seconds on a server of 2022.
constexpr auto event_lag_s = 0.12e-9; ///< a spike at a lag, forward and back
constexpr auto event_s = 4e-9;
constexpr auto bin_s = 2.5e-9;      ///< logarithm and exponential
constexpr auto evaluations = 25.0;  ///< of an optimum
constexpr auto path_steps = 10.0;   ///< of lambdas, each from the last one's optimum
constexpr auto twin_factor = 2.0;   ///< an expected train takes so much longer than spikes
constexpr auto dither_factor = 1.2; ///< and one of dither, a value, as it has no windows
constexpr auto twin_density = 20.0; ///< and has so many values for a spike
constexpr auto bytes_per_value = 12.0;
constexpr auto read_spike_s = 20e-9;

StaticWork work_of(const io::UnitsInfo& units, const StaticSettings& settings)
{
    const auto spikes = static_cast<double>(units.spikes);
    constexpr auto typical_rate_hz = 5.0;
    const auto seconds = spikes / std::max(1.0, typical_rate_hz * static_cast<double>(units.units));
    const auto is_dithered = settings.jitter.kind == spikes::Jitter::dither && !settings.adam;
    return {spikes, seconds * 1e3 / settings.trials.bin_ms,
            static_cast<double>(settings.lag_count()),
            is_dithered ? dither_factor * static_cast<double>(2 * settings.jitter.bins + 1)
                        : twin_factor};
}

} // namespace

double evaluation_seconds(const StaticWork& work)
{
    return work.events * (event_s + event_lag_s * work.lags) + bin_s * work.bins;
}

double fit_seconds(const StaticWork& work, bool twin)
{
    return (twin ? work.twin_factor : 1.0) * evaluations * evaluation_seconds(work);
}

double path_seconds(const StaticWork& work)
{
    return path_steps * fit_seconds(work, false);
}

runtime::Estimate static_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                                  const StaticSettings& settings)
{
    auto estimate = runtime::Estimate{};
    auto paths = 0.0;
    auto fits = 0.0;
    auto longest_path = 0.0;
    auto longest_fit = 0.0;
    auto receivers = std::int64_t{0};
    auto reading = 0.0;
    auto held = 0.0;
    auto largest = 0.0;
    for (const auto session : sessions) {
        const auto& units = *study.sessions[session].record.units;
        const auto work = work_of(units, settings);
        const auto count = static_cast<double>(units.units);
        const auto one =
            fit_seconds(work, false) + (settings.has_null() ? fit_seconds(work, true) : 0.0);
        receivers += units.units;
        fits += count * one;
        longest_fit = std::max(longest_fit, fit_seconds(work, settings.has_null()));
        if (!settings.lambda) {
            paths += count * path_seconds(work);
            longest_path = std::max(longest_path, path_seconds(work));
        }
        reading += read_spike_s * static_cast<double>(units.spikes);
        held += trial_bytes(study.sessions[session]);
        const auto weights = count * count * work.lags;
        largest = std::max(largest, (settings.has_null() ? twin_density + 1 : 2.0) *
                                            static_cast<double>(units.spikes) * bytes_per_value +
                                        3 * 4 * weights);
        estimate.result_bytes += 3 * 4 * weights;
        estimate.checkpoint_bytes += 2 * 8 * weights;
    }
    estimate.rank_bytes = runtime::base_rank_bytes + held + largest;
    estimate.add_phase("read", reading, static_cast<std::int64_t>(sessions.size()), reading);
    if (!settings.lambda)
        estimate.add_phase("lambda", paths, receivers, longest_path);
    estimate.add_phase("fit", fits, (settings.has_null() ? 2 : 1) * receivers, longest_fit);
    estimate.notes.emplace_back("as if all units of the files took part, all spikes lay in trials, "
                                "and units fired at 5 Hz; speed of one core of a recent server, "
                                "not measured here");
    if (settings.adam)
        estimate.notes.emplace_back("steps of adam are counted as optima: this is a lower bound");
    return estimate;
}

} // namespace rewire::jobs
