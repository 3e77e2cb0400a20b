#include "halves.hpp"

#include "tile.hpp"

#include <rewire/base/error.hpp>
#include <rewire/spikes/correlogram.hpp>

#include <algorithm>

namespace rewire::jobs {

namespace {

bool go_on(std::int64_t /*done*/)
{
    return true;
}

} // namespace

Halves::Halves(const SessionTrains& session, const CcgSettings& settings) : settings_(settings)
{
    const auto none = spikes::BinnedTrains{
        .timeline = session.timeline, .position = {}, .start = {0}, .clipped = {}};
    for (const auto half : {0, 1}) {
        const auto timeline = spikes::half_of(none, half == 1).timeline;
        const auto trials = std::ssize(timeline.segments);
        auto& usable = usable_[static_cast<std::size_t>(half)];
        usable = trials > 0;
        if (settings.jitter.kind == spikes::Jitter::pattern)
            usable = trials > 1;
        if (usable && settings.has_null())
            plan_[static_cast<std::size_t>(half)] =
                std::make_unique<spikes::JitterPlan>(timeline, settings.jitter, settings.max_lag);
    }
}

std::array<std::vector<double>, 2> Halves::corrected(const spikes::BinnedTrains& trains) const
{
    auto result = std::array<std::vector<double>, 2>{};
    const auto pair = spikes::PairTile{{0, 1}, {1, 2}};
    for (std::size_t half = 0; half < result.size(); ++half) {
        if (!usable_[half])
            continue;
        const auto part = spikes::half_of(trains, half == 1);
        const auto* plan = plan_[half].get();
        const auto reach = plan != nullptr ? plan->reach() : settings_.max_lag;
        const auto raw = *spikes::count_tile(part, pair, reach, go_on);
        const auto first = raw.begin() + (reach - settings_.max_lag);
        const auto count = std::vector<std::int32_t>(first, first + settings_.lags());
        auto expected = std::vector<double>{};
        if (plan != nullptr)
            expected = *spikes::expected_tile(*plan, part, pair, raw, go_on);
        result[half] = corrected_of(count, expected, part.rate_hz(0), part.rate_hz(1),
                                    spikes::overlap_s(part.timeline, settings_.max_lag))
                           .corrected;
    }
    return result;
}

} // namespace rewire::jobs
