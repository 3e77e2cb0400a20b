#include "wave_activity.hpp"

#include "estimate.hpp"
#include "jobs/frame/study_source.hpp"
#include "options.hpp"
#include "segments.hpp"

#include <rewire/calcium/deconvolve_block.hpp>

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

namespace rewire::jobs {

namespace {

/// What a unit of deconvolution gives.
struct BlockEvents
{
    activity::Activity smoothed;
    activity::Activity events; ///< before smoothing; no neurons unless they are kept
    std::vector<calcium::NeuronSummary> summary;
};

/// Appends the neurons to what is made already.
template <typename T>
void deconvolve(const io::NwbSession& file, base::Range neurons, const SessionInput& input,
                const calcium::OasisParameters& oasis, Keep keep, BlockEvents& made)
{
    const auto block = read_block<T>(file, neurons, input);
    const auto frames =
        static_cast<std::int64_t>(block.size()) / std::max<std::int64_t>(neurons.size(), 1);
    const auto summary = calcium::deconvolve_block(
        calcium::TraceBlock<T>{block, frames, neurons.size()},
        {.oasis = oasis, .taps = input.taps, .segments = used_segments(input)}, made.smoothed,
        keep == Keep::smoothed_and_events ? &made.events : nullptr);
    made.summary.insert(made.summary.end(), summary.begin(), summary.end());
}

/// As single samples where these hold all that the file does.
void deconvolve(const io::StudySession& session, const io::NwbSession& file, base::Range neurons,
                const SessionInput& input, const calcium::OasisParameters& oasis, Keep keep,
                BlockEvents& made)
{
    if (session.record.activity->exact_as_float)
        deconvolve<float>(file, neurons, input, oasis, keep, made);
    else
        deconvolve<double>(file, neurons, input, oasis, keep, made);
}

void pack(base::Packer& packer, const activity::Activity& activity)
{
    packer.put(activity.frames);
    packer.put_all(activity.start);
    packer.put_all(activity.frame);
    packer.put_all(activity.value);
}

activity::Activity unpack_activity(base::Unpacker& unpacker)
{
    auto activity = activity::Activity{};
    activity.frames = unpacker.get<std::int64_t>();
    activity.start = unpacker.get_all<std::int64_t>();
    activity.frame = unpacker.get_all<std::int32_t>();
    activity.value = unpacker.get_all<double>();
    return activity;
}

std::size_t packed_bytes(const activity::Activity& activity)
{
    return activity.start.size() * sizeof(std::int64_t) +
           activity.frame.size() * (sizeof(std::int32_t) + sizeof(double)) + 64;
}

void pack(base::Packer& packer, const BlockEvents& made)
{
    packer.reserve(packed_bytes(made.smoothed) + packed_bytes(made.events) +
                   made.summary.size() * sizeof(calcium::NeuronSummary) + 64);
    pack(packer, made.smoothed);
    pack(packer, made.events);
    packer.put_all(made.summary);
}

BlockEvents unpack_events(std::span<const std::byte> bytes)
{
    auto unpacker = base::Unpacker(bytes);
    auto made = BlockEvents{};
    made.smoothed = unpack_activity(unpacker);
    made.events = unpack_activity(unpacker);
    made.summary = unpacker.get_all<calcium::NeuronSummary>();
    return made;
}

using Made = std::vector<std::pair<std::int64_t, BlockEvents>>; ///< by unit

/// Collective.
std::unique_ptr<mpi::NodeShared>
shared(const mpi::Communicator& comm, std::int64_t units, const Made& mine,
       const std::function<std::span<const std::byte>(const BlockEvents&)>& bytes)
{
    auto pieces = std::vector<mpi::SharedPiece>{};
    for (const auto& [index, made] : mine)
        pieces.push_back({index, bytes(made)});
    return std::make_unique<mpi::NodeShared>(comm, units, pieces);
}

/// Starts of one more block behind those of the blocks before it.
void append(std::vector<std::int64_t>& start, const std::vector<std::int64_t>& block)
{
    const auto before = start.back();
    for (std::size_t i = 1; i < block.size(); ++i)
        start.push_back(before + block[i]);
}

} // namespace

std::optional<activity::Activity> smoothed_events_of(const io::StudySession& session,
                                                     const SessionInput& input,
                                                     const ActivitySettings& settings,
                                                     const runtime::Tick& tick)
{
    const auto file = io::NwbSession(session.path, settings.nwb);
    const auto oasis = oasis_of(session, input.tau_s, settings);
    auto made = BlockEvents{};
    for (const auto& neurons : neuron_blocks(*session.record.activity)) {
        deconvolve(session, file, neurons, input, oasis, Keep::smoothed, made);
        if (!tick())
            return std::nullopt;
    }
    return std::move(made.smoothed);
}

WaveActivity::WaveActivity(runtime::RunContext& context, const Wave& wave,
                           const std::vector<SessionInput>& inputs,
                           const ActivitySettings& settings, Keep keep)
{
    struct Unit
    {
        std::size_t position;
        base::Range neurons;
    };
    auto units = std::vector<Unit>{};
    auto costs = std::vector<double>{};
    for (std::size_t position = 0; position < wave.size(); ++position) {
        const auto& activity = *wave.session(position).record.activity;
        auto part = Part{};
        part.first_item = static_cast<std::int64_t>(units.size());
        for (const auto& neurons : neuron_blocks(activity)) {
            units.push_back({position, neurons});
            costs.push_back(static_cast<double>(neurons.size() * activity.frames) * 25e-9);
        }
        part.last_item = static_cast<std::int64_t>(units.size());
        parts_.push_back(part);
    }

    auto computed = context.each_unit<runtime::UnitResults>(
        "deconvolve" + wave.suffix, costs,
        [&](std::int64_t index, runtime::UnitResults& results, const runtime::Tick& tick) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            const auto& session = wave.session(unit.position);
            const auto& input = inputs[wave.sessions[unit.position]];
            const auto file = io::NwbSession(session.path, settings.nwb);
            const auto oasis = oasis_of(session, input.tau_s, settings);
            auto events = BlockEvents{};
            deconvolve(session, file, unit.neurons, input, oasis, keep, events);
            if (!tick())
                return false;
            auto packer = base::Packer{};
            pack(packer, events);
            results.add(index, packer.take());
            return true;
        });

    auto mine = context.collective("unpack", [&] {
        auto made = Made{};
        for (auto& [index, bytes] : computed.take()) {
            made.emplace_back(index, unpack_events(bytes));
            bytes = {}; // one copy at a time
        }
        return made;
    });
    context.collective("share", [&] {
        const auto& comm = context.comm();
        const auto count = static_cast<std::int64_t>(units.size());
        const auto share = [&](activity::Activity BlockEvents::*member) {
            auto both = Shared{};
            both.frame = shared(comm, count, mine, [member](const BlockEvents& made) {
                return std::as_bytes(std::span((made.*member).frame));
            });
            both.value = shared(comm, count, mine, [member](const BlockEvents& made) {
                return std::as_bytes(std::span((made.*member).value));
            });
            return both;
        };
        smoothed_ = share(&BlockEvents::smoothed);
        if (keep == Keep::smoothed_and_events)
            events_ = share(&BlockEvents::events);

        auto heads = base::Packer{};
        for (const auto& [index, made] : mine) {
            heads.put(index);
            heads.put(made.smoothed.frames);
            heads.put(made.events.frames);
            heads.put_all(made.smoothed.start);
            heads.put_all(made.events.start);
            heads.put_all(made.summary);
        }
        struct Head
        {
            std::vector<std::int64_t> smoothed, events;
            std::vector<calcium::NeuronSummary> summary;
        };
        auto head = std::vector<Head>(units.size());
        for (const auto& bytes : comm.all_gather(heads.bytes())) {
            auto unpacker = base::Unpacker(bytes);
            while (unpacker.remaining() > 0) {
                const auto index = unpacker.get<std::int64_t>();
                auto& part = parts_[units[static_cast<std::size_t>(index)].position];
                part.smoothed.frames = unpacker.get<std::int64_t>();
                part.events.frames = unpacker.get<std::int64_t>();
                auto& one = head[static_cast<std::size_t>(index)];
                one.smoothed = unpacker.get_all<std::int64_t>();
                one.events = unpacker.get_all<std::int64_t>();
                one.summary = unpacker.get_all<calcium::NeuronSummary>();
            }
        }
        for (auto& part : parts_)
            for (auto item = static_cast<std::size_t>(part.first_item);
                 item < static_cast<std::size_t>(part.last_item); ++item) {
                append(part.smoothed.start, head[item].smoothed);
                append(part.events.start, head[item].events);
                part.summary.insert(part.summary.end(), head[item].summary.begin(),
                                    head[item].summary.end());
            }
    });
}

activity::ActivityView WaveActivity::activity(std::size_t position) const
{
    const auto& part = parts_[position];
    return view(part, part.smoothed, smoothed_);
}

activity::ActivityView WaveActivity::events(std::size_t position) const
{
    const auto& part = parts_[position];
    return events_.frame ? view(part, part.events, events_) : activity::ActivityView{};
}

activity::ActivityView WaveActivity::view(const Part& part, const Sparse& sparse,
                                          const Shared& shared)
{
    const auto frame = shared.frame->bytes_of(part.first_item, part.last_item);
    const auto value = shared.value->bytes_of(part.first_item, part.last_item);
    const auto entries = static_cast<std::size_t>(sparse.start.back());
    return {sparse.frames,
            sparse.start,
            {reinterpret_cast<const std::int32_t*>(frame.data()), entries},
            {reinterpret_cast<const double*>(value.data()), entries}};
}

} // namespace rewire::jobs
