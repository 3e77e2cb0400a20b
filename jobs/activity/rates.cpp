#include "rates.hpp"

#include <rewire/base/random.hpp>
#include <rewire/calcium/deconvolve_block.hpp>

#include <cstdlib>
#include <vector>

namespace rewire::jobs {

namespace {

double oasis_rate()
{
    constexpr auto neurons = std::int64_t{64};
    constexpr auto frames = std::int64_t{8000};
    auto stream = base::Stream(1, {2});
    auto samples = std::vector<float>(static_cast<std::size_t>(neurons * frames));
    for (auto& sample : samples)
        sample = static_cast<float>(0.1 * stream.normal());
    return rate_of(static_cast<double>(neurons * frames), [&] {
        auto activity = activity::Activity{};
        calcium::deconvolve_block(calcium::TraceBlock<float>{samples, frames, neurons},
                                  {.oasis = {.tau_s = 0.7, .rate_hz = 28}}, activity);
    });
}

} // namespace

activity::Activity made_up_events(std::int64_t neurons, std::int64_t frames)
{
    auto stream = base::Stream(1, {1});
    auto activity = activity::Activity{};
    activity.frames = frames;
    for (std::int64_t neuron = 0; neuron < neurons; ++neuron) {
        auto frame = static_cast<std::int64_t>(95 * stream.exponential());
        for (; frame + 5 < frames;
             frame += 5 + static_cast<std::int64_t>(95 * stream.exponential())) {
            const auto size = stream.exponential();
            for (std::int64_t tap = 0; tap < 5; ++tap) {
                activity.frame.push_back(static_cast<std::int32_t>(frame + tap));
                activity.value.push_back(size * static_cast<double>(3 - std::abs(tap - 2)) / 3);
            }
        }
        activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
    }
    return activity;
}

ActivityRates measured_activity_rates()
{
    return {.files = measured_file_rates(), .oasis_samples_per_s = oasis_rate()};
}

} // namespace rewire::jobs
