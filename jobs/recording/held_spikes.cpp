#include "held_spikes.hpp"

#include <rewire/base/packed.hpp>
#include <rewire/base/text.hpp>
#include <rewire/spikes/unit_filter.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

constexpr auto reading_bytes = 4e6; ///< of the file's library, and of the unit that is read

SessionSpikes read_session(const io::StudySession& session, const UnitChoice& choice,
                           const std::optional<WantedTrials>& trials,
                           std::vector<std::int64_t>& spikes)
{
    auto result = SessionSpikes{};
    spikes.reserve(room_for_spikes(session));
    const auto begin = [&](const Recording& begun) {
        if (trials && !begun.observed.empty())
            result.trials = aligned_trials(session, trials->align, choice.where, begun.observed,
                                           trials->bin_ms);
    };
    result.recording =
        read_recording(session, choice, begin, [&](std::span<const std::int64_t> train) {
            spikes.insert(spikes.end(), train.begin(), train.end());
            result.start.push_back(std::ssize(spikes));
        });
    return result;
}

std::vector<std::byte> packed(const SessionSpikes& session)
{
    auto packer = base::Packer{};
    base::pack_value(packer, session.recording);
    packer.put_all(session.start);
    base::pack_value(packer, session.trials);
    return packer.take();
}

} // namespace

HeldSpikes::HeldSpikes(runtime::RunContext& context, const Wave& wave, const UnitChoice& choice,
                       const std::optional<WantedTrials>& trials)
    : held_(context, wave, [&](const io::StudySession& session, std::vector<std::int64_t>& spikes) {
          return packed(read_session(session, choice, trials, spikes));
      })
{
    for (std::size_t position = 0; position < wave.size(); ++position) {
        auto unpacker = base::Unpacker(held_.head(position));
        auto session = SessionSpikes{};
        session.recording = base::unpack_value<Recording>(unpacker);
        session.start = unpacker.get_all<std::int64_t>();
        session.trials = base::unpack_value<AlignedTrials>(unpacker);
        sessions_.push_back(std::move(session));
    }
}

std::size_t room_for_spikes(const io::StudySession& session)
{
    const auto& record = session.record;
    return static_cast<std::size_t>(
        std::max<std::int64_t>(0, std::min(record.units ? record.units->spikes : 0, record.bytes)));
}

double mean_rate_hz(const io::UnitsInfo& units)
{
    constexpr auto typical_hz = 10.0;
    return units.spiking_s > 0 && units.units > 0
               ? static_cast<double>(units.spikes) / static_cast<double>(units.units) /
                     units.spiking_s
               : typical_hz;
}

double held_spikes_bytes(const io::StudySession& session)
{
    return sizeof(std::int64_t) * static_cast<double>(session.record.units->spikes);
}

double reading_seconds(double spikes)
{
    constexpr auto spike_s = 20e-9; // on a server of 2022
    return spike_s * spikes;
}

double add_reading(runtime::Estimate& estimate, const io::Study& study,
                   const std::vector<std::size_t>& sessions,
                   const std::function<double(const io::StudySession& session)>& held_bytes)
{
    auto all = 0.0;
    auto longest = 0.0;
    auto bytes = 0.0;
    for (const auto session : sessions) {
        const auto seconds =
            reading_seconds(static_cast<double>(study.sessions[session].record.units->spikes));
        all += seconds;
        longest = std::max(longest, seconds);
        bytes = std::max(bytes, held_bytes(study.sessions[session]) + reading_bytes);
    }
    estimate.add_phase("read", all, std::ssize(sessions), longest);
    return bytes;
}

void check_sessions(runtime::RunContext& context, const io::Study& study,
                    const std::vector<std::size_t>& sessions,
                    const std::function<void(const io::StudySession& session)>& look)
{
    auto costs = std::vector<double>{};
    for (const auto session : sessions)
        costs.push_back(1e-3 + reading_seconds(static_cast<double>(
                                   study.sessions[session].record.units->spikes)));
    context.each_unit<runtime::UnitResults>(
        "check", costs, [&](std::int64_t unit, runtime::UnitResults&, const runtime::Tick& tick) {
            look(study.sessions[sessions[static_cast<std::size_t>(unit)]]);
            return tick();
        });
}

void check_spikes(runtime::RunContext& context, const io::Study& study,
                  const std::vector<std::size_t>& sessions, const UnitChoice& choice,
                  const std::optional<WantedTrials>& trials)
{
    check_sessions(context, study, sessions, [&](const io::StudySession& session) {
        auto spikes = std::vector<std::int64_t>{};
        read_session(session, choice, trials, spikes);
    });
}

void note_recording(runtime::RunContext& context, const SessionHead& head,
                    const Recording& recording)
{
    for (const auto& criterion : recording.criteria)
        if (criterion.failed > 0)
            context.note(fmt::format("    {}: {} of {} units fail", criterion.criterion,
                                     criterion.failed, recording.units_in_file));
    if (recording.criteria.empty() && !recording.unit_id.empty())
        context.note("    no criterion of quality was applied to the units");
    note_unknown_places(context, recording);
    if (const auto found = described(total_of(recording.finding)); !found.empty())
        context.warn(fmt::format("{}: {}", head.file, found));
    if (head.status != "ok")
        context.warn(fmt::format("{}: {}", head.file, head.status));
}

void note_unknown_places(runtime::RunContext& context, const Recording& recording)
{
    if (recording.unit_id.size() > 1 &&
        std::none_of(recording.place.begin(), recording.place.end(), spikes::is_known))
        context.note("    the file does not say where units lie: near pairs, whose correlograms "
                     "say more about sorting than about synapses, cannot be told from others");
}

void note_near_pairs(runtime::RunContext& context, std::int64_t near, bool tested)
{
    if (near > 0)
        context.note(fmt::format(
            "    {} pairs of units on one peak channel or within 50 um {}", base::grouped(near),
            tested ? "were tested, as asked" : "were not tested (--test-near)"));
}

void write_recording_attributes(const io::Handle& group, const Recording& recording)
{
    const auto finding = total_of(recording.finding);
    io::write_attribute(group, "units_in_file", recording.units_in_file);
    io::write_attribute(group, "spikes_out_of_order", finding.out_of_order);
    io::write_attribute(group, "spikes_duplicate", finding.duplicate);
    io::write_attribute(group, "spikes_outside", finding.outside);
    io::write_text_attribute(group, "observed_from",
                             recording.observed_from_file ? "obs_intervals"
                                                          : "first to last spike");
}

void write_cell_types(const io::Handle& group, const Recording& recording)
{
    const auto types = spikes::cell_types(recording.waveform_ms);
    auto sign = std::vector<std::int8_t>{};
    auto known = false;
    for (const auto type : types) {
        sign.push_back(type == spikes::CellType::unknown      ? std::int8_t{0}
                       : type == spikes::CellType::excitatory ? std::int8_t{1}
                                                              : std::int8_t{-1});
        known = known || sign.back() != 0;
    }
    if (known)
        io::write_array(group, "cell_type", sign, {"unit_id"}, "",
                        "by the waveform, trough to peak: 1 above 0.4 ms, taken for excitatory; -1 "
                        "narrower, for inhibitory; 0 not known");
}

std::vector<std::string> read_cell_types(const io::Handle& group, std::size_t units)
{
    auto result = std::vector<std::string>(units);
    if (!io::exists(group, "cell_type"))
        return result;
    const auto sign = io::read_all<std::int8_t>(group, "cell_type");
    for (std::size_t unit = 0; unit < units; ++unit)
        result[unit] = sign[unit] > 0 ? "E" : sign[unit] < 0 ? "I" : "";
    return result;
}

} // namespace rewire::jobs
