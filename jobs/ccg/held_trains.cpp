#include "held_trains.hpp"

#include "jobs/recording/held_spikes.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/packed.hpp>

#include <algorithm>
#include <utility>

namespace rewire::jobs {

namespace {

/// Trials lie so far apart that no lag and no jitter reaches from one to the next.
std::int64_t trial_gap(const CcgSettings& settings)
{
    return std::max(spikes::default_trial_gap, settings.max_lag + 2 * settings.jitter.bins + 1);
}

void each_session_field(auto& session, auto field)
{
    field(session.timeline.segments), field(session.timeline.bin_ns), field(session.start);
    field(session.timeline.trials), field(session.clipped);
}

} // namespace

double SessionTrains::rate_hz(std::int64_t unit) const
{
    const auto seconds = 1e-9 * static_cast<double>(timeline.observed_bins() * timeline.bin_ns);
    return seconds > 0 ? static_cast<double>(spikes(unit)) / seconds : 0;
}

SessionTrains read_trains(const io::StudySession& session, const CcgSettings& settings,
                          std::vector<std::int32_t>& positions)
{
    auto result = SessionTrains{};
    positions.reserve(room_for_spikes(session));
    auto observed = std::vector<spikes::TimeInterval>{};
    const auto& windows = result.trials.windows;
    const auto begin = [&](const Recording& begun) {
        observed = begun.observed;
        if (!settings.align || begun.observed.empty())
            return;
        result.trials = aligned_trials(session, *settings.align, settings.units.where, observed,
                                       settings.bin_ms);
    };
    const auto binned_train = [&](const spikes::SpikeTrainsView& train) {
        return settings.align ? spikes::binned(spikes::packed_trials(train, windows),
                                               settings.bin_ns, trial_gap(settings))
                              : spikes::binned(train, observed, settings.bin_ns);
    };
    result.recording =
        read_recording(session, settings.units, begin, [&](std::span<const std::int64_t> train) {
            const auto start = std::vector<std::int64_t>{0, std::ssize(train)};
            const auto binned = binned_train({train, start});
            positions.insert(positions.end(), binned.position.begin(), binned.position.end());
            result.start.push_back(result.start.back() + std::ssize(binned.position));
            result.clipped.push_back(binned.clipped.front());
        });
    result.timeline = settings.align ? spikes::trial_timeline(windows.trials(), windows.bins,
                                                              settings.bin_ns, trial_gap(settings))
                                     : spikes::continuous_timeline(observed, settings.bin_ns);
    return result;
}

HeldTrains::HeldTrains(runtime::RunContext& context, const Wave& wave, const CcgSettings& settings)
    : held_(context, wave, [&](const io::StudySession& file, std::vector<std::int32_t>& positions) {
          const auto session = read_trains(file, settings, positions);
          auto packer = base::Packer{};
          base::pack_value(packer, session.recording);
          base::pack_value(packer, session.trials);
          each_session_field(session, base::PackField{packer});
          return packer.take();
      })
{
    for (std::size_t position = 0; position < wave.size(); ++position) {
        auto unpacker = base::Unpacker(held_.head(position));
        auto session = SessionTrains{};
        session.recording = base::unpack_value<Recording>(unpacker);
        session.trials = base::unpack_value<AlignedTrials>(unpacker);
        each_session_field(session, base::UnpackField{unpacker});
        sessions_.push_back(std::move(session));
    }
}

spikes::BinnedTrains HeldTrains::trains(std::size_t position, base::Range first,
                                        base::Range second) const
{
    const auto& session = sessions_[position];
    const auto* all = held_.values(position).data();
    auto result = spikes::BinnedTrains{
        .timeline = session.timeline, .position = {}, .start = {0}, .clipped = {}};
    const auto add = [&](base::Range units) {
        for (auto unit = units.first; unit < units.last; ++unit) {
            const auto at = static_cast<std::size_t>(unit);
            result.position.insert(result.position.end(), all + session.start[at],
                                   all + session.start[at + 1]);
            result.start.push_back(std::ssize(result.position));
            result.clipped.push_back(session.clipped[at]);
        }
    };
    add(first);
    if (!(first == second))
        add(second);
    return result;
}

double held_bytes(const io::StudySession& session)
{
    return sizeof(std::int32_t) * static_cast<double>(session.record.units->spikes);
}

} // namespace rewire::jobs
