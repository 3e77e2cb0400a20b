#include "edge_jitter.hpp"

#include "estimate.hpp"
#include "shared_values.hpp"

#include <rewire/base/index.hpp>

#include <array>
#include <span>
#include <utility>

namespace rewire::jobs {

namespace {

using base::at;

/// What the jitter of a version's events is made from.
struct JitterInput
{
    const activity::ActivityView& events;
    const std::vector<base::Range>& segments;
    calcium::EventJitterOptions options;
};

std::optional<JitterInput> jitter_input(EdgeSessions& sessions, const EdgeVersion& version,
                                        calcium::ShiftMomentStatus status,
                                        std::vector<std::int64_t> displacement)
{
    const auto& session = sessions.traces(version.position);
    if (status != calcium::ShiftMomentStatus::ok || session.events.neurons() == 0)
        return std::nullopt;
    return JitterInput{.events = session.events,
                       .segments = session.segments,
                       .options = {.window_frames = session.window_frames,
                                   .taps = session.taps,
                                   .displacement = std::move(displacement)}};
}

std::optional<JitterInput> input_of(EdgeSessions& sessions, const EdgePreparation::Version& version)
{
    return jitter_input(sessions, version.version, version.head.status,
                        version.options.displacement);
}

/// Samples of a block in the order in which they are shared: square_sum, then start, value and row
/// of the events and of what they are smoothed to.
constexpr auto jitter_items = std::int64_t{7};

std::array<std::span<const std::byte>, at(jitter_items)> items_of(calcium::JitterSamples& block)
{
    for (auto* samples : {&block.events, &block.smoothed})
        samples->row.resize((samples->row.size() + 1) / 2 * 2); // doubles may follow
    const auto bytes = [](const auto& values) { return std::as_bytes(std::span(values)); };
    return {bytes(block.square_sum),  bytes(block.events.start),   bytes(block.events.value),
            bytes(block.events.row),  bytes(block.smoothed.start), bytes(block.smoothed.value),
            bytes(block.smoothed.row)};
}

/// @param first of its items
calcium::JitterBlock block_in(std::span<const std::byte> tables, const mpi::NodeShared& shared,
                              std::int64_t first)
{
    const auto samples = [&](std::int64_t item) {
        return calcium::JitterBlock::Samples{
            .start = values_of<std::int64_t>(shared.bytes_of(item)),
            .row = values_of<std::int32_t>(shared.bytes_of(item + 2)),
            .value = values_of<double>(shared.bytes_of(item + 1))};
    };
    return calcium::jitter_block(values_of<double>(tables),
                                 values_of<double>(shared.bytes_of(first)), samples(first + 1),
                                 samples(first + 4));
}

} // namespace

std::optional<calcium::EventJitter> jitter_of_one(EdgeSessions& sessions,
                                                  const EdgeVersion& version,
                                                  const calcium::ShiftMoments& moments,
                                                  const std::vector<std::int64_t>& displacement)
{
    const auto input = jitter_input(sessions, version, moments.status, displacement);
    if (!input)
        return std::nullopt;
    return calcium::event_jitter_of(input->events, moments.active, input->segments, input->options);
}

EdgeJitter::EdgeJitter(runtime::RunContext& context, EdgeSessions& sessions,
                       std::vector<const EdgePreparation::Version*> versions)
    : context_(context),
      sessions_(sessions),
      versions_(std::move(versions)),
      jitter_(versions_.size())
{
    context_.collective("traces", [&] { begin(); });
    fill();
}

void EdgeJitter::begin()
{
    for (std::size_t v = 0; v < versions_.size(); ++v) {
        const auto& version = *versions_[v];
        const auto input = input_of(sessions_, version);
        if (!input)
            continue;
        jitter_[v] = calcium::event_jitter_without_blocks(input->events, version.head.active,
                                                          input->segments, input->options);
        const auto count = calcium::jitter_blocks(jitter_[v]->rows);
        for (std::int64_t block = 0; block < count; ++block) {
            blocks_.push_back({v, block});
            costs_.push_back(edge_jitter_seconds(sessions_.info(version.version.position)) /
                             static_cast<double>(count));
        }
    }
}

void EdgeJitter::fill()
{
    auto sizes = std::vector<std::int64_t>{};
    for (const auto& [v, block] : blocks_)
        sizes.push_back(calcium::jitter_table_size(*jitter_[v], block) *
                        static_cast<std::int64_t>(sizeof(double)));
    context_.collective(
        "share", [&] { tables_ = std::make_unique<mpi::SharedTables>(context_.comm(), sizes); });
    auto own = std::vector<std::pair<std::int64_t, calcium::JitterSamples>>{};
    const auto mine =
        context_.hand_out("jitter", costs_, [&](std::int64_t unit, const runtime::Tick&) {
            const auto& [v, block] = blocks_[at(unit)];
            const auto input = input_of(sessions_, *versions_[v]);
            own.emplace_back(unit, calcium::fill_jitter_block(
                                       *jitter_[v], input->events, versions_[v]->head.active,
                                       input->segments, input->options, block,
                                       values_in<double>(tables_->of(unit, unit + 1))));
            return true;
        });
    auto pieces = std::vector<mpi::SharedPiece>{};
    for (auto& [unit, samples] : own) {
        const auto items = items_of(samples);
        for (std::int64_t k = 0; k < jitter_items; ++k)
            pieces.push_back({unit * jitter_items + k, items[at(k)]});
    }
    const auto count = static_cast<std::int64_t>(blocks_.size());
    context_.collective("share", [&] {
        tables_->exchange(context_.comm(), mine);
        samples_ = std::make_unique<mpi::NodeShared>(context_.comm(), count * jitter_items, pieces);
    });
    for (std::int64_t unit = 0; unit < count; ++unit)
        jitter_[blocks_[at(unit)].version]->blocks.push_back(
            block_in(tables_->of(unit, unit + 1), *samples_, unit * jitter_items));
}

} // namespace rewire::jobs
