#include "halves.hpp"

#include "tile.hpp"

#include <rewire/base/index.hpp>
#include <rewire/spikes/correlogram.hpp>

#include <algorithm>

namespace rewire::jobs {

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

std::optional<HalfCorrelograms> Halves::corrected(const spikes::BinnedTrains& trains,
                                                  const spikes::PairTile& tile,
                                                  std::span<const std::uint8_t> wanted,
                                                  const spikes::Tick& tick) const
{
    using base::at;
    auto result = HalfCorrelograms{};
    const auto lags = settings_.lags();
    for (std::size_t half = 0; half < usable_.size(); ++half) {
        auto& corrected = result.corrected[half];
        corrected.resize(at(tile.pairs()));
        if (!usable_[half])
            continue;
        const auto part = spikes::half_of(trains, half == 1);
        const auto* plan = plan_[half].get();
        const auto reach = plan != nullptr ? plan->reach() : settings_.max_lag;
        const auto raw = spikes::count_tile(part, tile, reach, tick, wanted);
        if (!raw)
            return std::nullopt;
        auto expected = std::optional(std::vector<double>{});
        if (plan != nullptr)
            expected = spikes::expected_tile(*plan, part, tile, *raw, tick, wanted);
        if (!expected)
            return std::nullopt;
        const auto count = middle_of(*raw, tile.pairs(), reach, settings_.max_lag);
        const auto overlap = spikes::overlap_s(part.timeline, settings_.max_lag);
        spikes::for_each_pair(tile, wanted, [&](auto i, auto j, auto pair) {
            corrected[at(pair)] =
                corrected_of(std::span(count).subspan(at(pair * lags), at(lags)),
                             plan == nullptr
                                 ? std::span<const double>{}
                                 : std::span(*expected).subspan(at(pair * lags), at(lags)),
                             part.rate_hz(i), part.rate_hz(j), overlap)
                    .corrected;
        });
    }
    return result;
}

} // namespace rewire::jobs
