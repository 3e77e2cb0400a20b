#include "wave_activity.hpp"

#include "estimate.hpp"
#include "jobs/frame/study_source.hpp"
#include "options.hpp"

#include <rewire/calcium/deconvolve_block.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace rewire::jobs {

namespace {

/// What a unit of deconvolution gives.
struct BlockEvents
{
    activity::Activity activity;
    std::vector<calcium::NeuronSummary> summary;
};

template <typename T>
BlockEvents deconvolve(const io::NwbSession& file, base::Range neurons, const SessionInput& input,
                       const calcium::OasisParameters& oasis)
{
    const auto block = read_block<T>(file, neurons, input);
    const auto frames =
        static_cast<std::int64_t>(block.size()) / std::max<std::int64_t>(neurons.size(), 1);
    auto events = BlockEvents{};
    events.summary = calcium::deconvolve_block(
        calcium::TraceBlock<T>{block, frames, neurons.size()},
        {.oasis = oasis, .taps = input.taps}, events.activity);
    return events;
}

void pack(base::Packer& packer, const BlockEvents& events)
{
    packer.reserve(events.activity.start.size() * sizeof(std::int64_t) +
                   events.activity.frame.size() * (sizeof(std::int32_t) + sizeof(double)) +
                   events.summary.size() * sizeof(calcium::NeuronSummary) + 64);
    packer.put(events.activity.frames);
    packer.put_all(events.activity.start);
    packer.put_all(events.activity.frame);
    packer.put_all(events.activity.value);
    packer.put_all(events.summary);
}

BlockEvents unpack_events(std::span<const std::byte> bytes)
{
    auto unpacker = base::Unpacker(bytes);
    auto events = BlockEvents{};
    events.activity.frames = unpacker.get<std::int64_t>();
    events.activity.start = unpacker.get_all<std::int64_t>();
    events.activity.frame = unpacker.get_all<std::int32_t>();
    events.activity.value = unpacker.get_all<double>();
    events.summary = unpacker.get_all<calcium::NeuronSummary>();
    return events;
}

} // namespace

WaveActivity::WaveActivity(runtime::RunContext& context, const Wave& wave,
                           const std::vector<SessionInput>& inputs)
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
            const auto file = io::NwbSession(session.path, nwb_options(context.options()));
            const auto oasis = oasis_of(session, input.tau_s, context.options());
            const auto events = session.record.activity->exact_as_float
                                    ? deconvolve<float>(file, unit.neurons, input, oasis)
                                    : deconvolve<double>(file, unit.neurons, input, oasis);
            if (!tick())
                return false;
            auto packer = base::Packer{};
            pack(packer, events);
            results.add(index, packer.take());
            return true;
        });

    auto mine = context.collective("unpack", [&] {
        auto events = std::vector<std::pair<std::int64_t, BlockEvents>>{};
        for (auto& [index, bytes] : computed.take()) {
            events.emplace_back(index, unpack_events(bytes));
            bytes = {}; // one copy at a time
        }
        return events;
    });
    context.collective("share", [&] {
        auto frames = std::vector<mpi::SharedPiece>{};
        auto values = std::vector<mpi::SharedPiece>{};
        auto heads = base::Packer{};
        for (const auto& [index, events] : mine) {
            frames.push_back({index, std::as_bytes(std::span(events.activity.frame))});
            values.push_back({index, std::as_bytes(std::span(events.activity.value))});
            heads.put(index);
            heads.put(events.activity.frames);
            heads.put_all(events.activity.start);
            heads.put_all(events.summary);
        }
        const auto count = static_cast<std::int64_t>(units.size());
        frame_ = std::make_unique<mpi::NodeShared>(context.comm(), count, frames);
        value_ = std::make_unique<mpi::NodeShared>(context.comm(), count, values);

        auto starts = std::vector<std::vector<std::int64_t>>(units.size());
        auto summaries = std::vector<std::vector<calcium::NeuronSummary>>(units.size());
        for (const auto& bytes : context.comm().all_gather(heads.bytes())) {
            auto unpacker = base::Unpacker(bytes);
            while (unpacker.remaining() > 0) {
                const auto index = unpacker.get<std::int64_t>();
                parts_[units[static_cast<std::size_t>(index)].position].frames =
                    unpacker.get<std::int64_t>();
                starts[static_cast<std::size_t>(index)] = unpacker.get_all<std::int64_t>();
                summaries[static_cast<std::size_t>(index)] =
                    unpacker.get_all<calcium::NeuronSummary>();
            }
        }
        for (auto& part : parts_)
            for (auto item = static_cast<std::size_t>(part.first_item);
                 item < static_cast<std::size_t>(part.last_item); ++item) {
                const auto before = part.start.back();
                for (std::size_t i = 1; i < starts[item].size(); ++i)
                    part.start.push_back(before + starts[item][i]);
                part.summary.insert(part.summary.end(), summaries[item].begin(),
                                    summaries[item].end());
            }
    });
}

activity::ActivityView WaveActivity::activity(std::size_t position) const
{
    const auto& part = parts_[position];
    const auto frame = frame_->bytes_of(part.first_item, part.last_item);
    const auto value = value_->bytes_of(part.first_item, part.last_item);
    const auto entries = static_cast<std::size_t>(part.start.back());
    return {part.frames,
            part.start,
            {reinterpret_cast<const std::int32_t*>(frame.data()), entries},
            {reinterpret_cast<const double*>(value.data()), entries}};
}

} // namespace rewire::jobs
