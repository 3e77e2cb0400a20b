#include "edge_tables.hpp"

#include "estimate.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/packed.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace rewire::jobs {

namespace {

using base::at;

/// Of heads_, for each version.
enum Head : std::int64_t
{
    head_fields,
    head_correlation,
    head_partial,
    head_leverage,
    head_refit,
    head_power,
    head_power_marginal,
    head_third,
    head_third_marginal,
    head_items,
};

/// Of samples_, for each version: the arrays of MomentArrays in their order.
constexpr auto sample_items = std::int64_t{9};

/// Tables begin at multiples of so many bytes.
constexpr auto alignment = std::int64_t{64};

std::int64_t aligned(std::int64_t bytes)
{
    return (bytes + alignment - 1) / alignment * alignment;
}

template <typename Moments, typename Field>
void each_moment_head(Moments& moments, Field field)
{
    field(moments.status), field(moments.status_text), field(moments.neurons);
    field(moments.active), field(moments.frames_used), field(moments.circles);
    field(moments.covariates), field(moments.lags), field(moments.rcond);
    field(moments.first_component), field(moments.power.width), field(moments.third.width);
    field(moments.third_marginal.width);
}

std::vector<std::byte> packed_head(const calcium::MomentPreparation& made)
{
    auto packer = base::Packer{};
    base::pack_value(packer, made.whole ? std::int64_t{1} : std::int64_t{0});
    each_moment_head(made.moments, [&](const auto& value) { base::pack_value(packer, value); });
    auto bytes = packer.take();
    bytes.resize(at(aligned(static_cast<std::int64_t>(bytes.size()))));
    return bytes;
}

template <typename T>
std::span<const T> values_of(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

std::span<const std::byte> bytes_of(calcium::MomentRows& rows)
{
    rows.single.resize((rows.single.size() + 1) / 2 * 2); // doubles may follow
    return rows.full.empty() ? std::as_bytes(std::span(rows.single))
                             : std::as_bytes(std::span(rows.full));
}

void set_rows(calcium::MomentRows& rows, std::span<const std::byte> bytes, bool single)
{
    if (single)
        rows.single_elsewhere = {reinterpret_cast<const float*>(bytes.data()),
                                 bytes.size() / sizeof(float)};
    else
        rows.full_elsewhere = {reinterpret_cast<const double*>(bytes.data()),
                               bytes.size() / sizeof(double)};
}

calcium::ShiftMomentOptions moment_options(EdgeSessions& sessions, const EdgeVersion& version)
{
    if (version.draw < 0)
        return {.skewness = calcium::Precision::single};
    return calcium::displaced_moment_options(sessions.displacement(version.position, version.draw),
                                             sessions.displacement_options(version.position));
}

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

calcium::Tick counting(const runtime::Tick& tick)
{
    return [&tick](std::int64_t) { return tick(); };
}

std::optional<VersionTables> tables_of_one(EdgeSessions& sessions, const EdgeVersion& version,
                                           const calcium::Tick& tick)
{
    const auto& session = sessions.traces(version.position);
    const auto options = moment_options(sessions, version);
    auto moments = calcium::shift_moments_of(session.activity, session.circles,
                                             session.covariates.view(), options, tick);
    if (!moments)
        return std::nullopt;
    auto tables = VersionTables{.version = version,
                                .moments = std::move(*moments),
                                .jitter = {},
                                .displacement = options.displacement};
    if (const auto input =
            jitter_input(sessions, version, tables.moments.status, tables.displacement))
        tables.jitter = calcium::event_jitter_of(input->events, tables.moments.active,
                                                 input->segments, input->options);
    return tables;
}

/// A version on every rank.
struct EdgeTables::Made
{
    calcium::FrameCircles circles;
    calcium::ShiftMomentOptions options;
    calcium::ShiftMoments head; ///< without pairs and tables
    bool whole = false;
    std::unique_ptr<calcium::MomentParts> parts; ///< unless whole
    std::int64_t first_part = 0;                 ///< in parts_
    std::int64_t first_table = 0;                ///< in powers_ and thirds_
    std::optional<calcium::EventJitter> jitter;  ///< blocks in jitter_

    bool single() const { return options.precision == calcium::Precision::single; }
    std::int64_t real_bytes() const { return single() ? sizeof(float) : sizeof(double); }
    std::int64_t active() const { return head.active_count(); }
    std::int64_t part_count() const
    {
        return whole ? 0 : calcium::MomentParts::count(head.active_count());
    }
};

EdgeTables::EdgeTables(runtime::RunContext& context, EdgeSessions& sessions,
                       std::vector<EdgeVersion> versions)
    : context_(context), sessions_(sessions), versions_(std::move(versions))
{
    made_.resize(versions_.size());
    context_.collective("traces", [&] {
        for (std::size_t v = 0; v < versions_.size(); ++v) {
            made_[v].circles = sessions_.traces(versions_[v].position).circles;
            made_[v].options = moment_options(sessions_, versions_[v]);
        }
    });
    prepare();
    allocate();
    transform();
    sum_thirds();
    jitter_events();
}

EdgeTables::~EdgeTables() = default;

void EdgeTables::prepare()
{
    auto costs = std::vector<double>{};
    for (const auto& [position, draw] : versions_)
        costs.push_back(edge_preparation_seconds(sessions_.info(position)));
    auto own = std::vector<std::pair<std::int64_t, calcium::MomentPreparation>>{};
    context_.hand_out("edge traces", costs, [&](std::int64_t unit, const runtime::Tick& tick) {
        const auto& session = sessions_.traces(versions_[at(unit)].position);
        auto made = calcium::prepare_moments(session.activity, made_[at(unit)].circles,
                                             session.covariates.view(), made_[at(unit)].options,
                                             scratch_, counting(tick));
        if (!made)
            return false;
        own.emplace_back(unit, std::move(*made));
        return true;
    });

    const auto count = static_cast<std::int64_t>(versions_.size());
    auto fields = std::vector<std::vector<std::byte>>{};
    auto heads = std::vector<mpi::SharedPiece>{};
    auto samples = std::vector<mpi::SharedPiece>{};
    for (auto& [unit, made] : own) {
        fields.push_back(packed_head(made));
        auto& moments = made.moments;
        const auto items = std::array<std::span<const std::byte>, head_items>{
            fields.back(),
            std::as_bytes(std::span(moments.correlation)),
            std::as_bytes(std::span(moments.partial)),
            std::as_bytes(std::span(moments.leverage)),
            std::as_bytes(std::span(moments.refit_share)),
            bytes_of(moments.power),
            bytes_of(moments.power_marginal),
            bytes_of(moments.third),
            bytes_of(moments.third_marginal)};
        for (std::int64_t k = 0; k < head_items; ++k)
            heads.push_back({unit * head_items + k, items[at(k)]});
        const auto arrays = made.arrays();
        const auto read = std::array<std::span<const std::byte>, at(sample_items)>{
            std::as_bytes(arrays.root),        std::as_bytes(arrays.factor),
            std::as_bytes(arrays.level),       std::as_bytes(arrays.row_start),
            std::as_bytes(arrays.row_frame),   std::as_bytes(arrays.row_value),
            std::as_bytes(arrays.frame_start), std::as_bytes(arrays.frame_row),
            std::as_bytes(arrays.frame_value)};
        for (std::int64_t k = 0; k < sample_items; ++k)
            samples.push_back({unit * sample_items + k, read[at(k)]});
    }
    context_.collective("share", [&] {
        heads_ = std::make_unique<mpi::NodeShared>(context_.comm(), count * head_items, heads);
        samples_ =
            std::make_unique<mpi::NodeShared>(context_.comm(), count * sample_items, samples);
    });
    for (std::size_t v = 0; v < versions_.size(); ++v) {
        auto& made = made_[v];
        const auto head = static_cast<std::int64_t>(v) * head_items;
        auto unpacker = base::Unpacker(heads_->bytes_of(head));
        made.whole = base::unpack_value<std::int64_t>(unpacker) != 0;
        each_moment_head(made.head, [&](auto& value) {
            value = base::unpack_value<std::remove_reference_t<decltype(value)>>(unpacker);
        });
    }
}

void EdgeTables::allocate()
{
    auto powers = std::vector<std::int64_t>{};
    auto sums = std::vector<std::int64_t>{};
    auto scales = std::vector<std::int64_t>{};
    for (std::size_t v = 0; v < versions_.size(); ++v) {
        auto& made = made_[v];
        made.first_part = static_cast<std::int64_t>(parts_.size());
        made.first_table = static_cast<std::int64_t>(powers.size());
        scales.push_back(made.whole ? 0 : aligned(2 * made.active() * 8));
        if (made.whole)
            continue;
        const auto first = static_cast<std::int64_t>(v) * sample_items;
        made.parts = std::make_unique<calcium::MomentParts>(
            made.active(),
            calcium::MomentArrays{
                .root = values_of<double>(samples_->bytes_of(first, first + 1)),
                .factor = values_of<double>(samples_->bytes_of(first + 1, first + 2)),
                .level = values_of<double>(samples_->bytes_of(first + 2, first + 3)),
                .row_start = values_of<std::int64_t>(samples_->bytes_of(first + 3, first + 4)),
                .row_frame = values_of<std::int32_t>(samples_->bytes_of(first + 4, first + 5)),
                .row_value = values_of<double>(samples_->bytes_of(first + 5, first + 6)),
                .frame_start = values_of<std::int64_t>(samples_->bytes_of(first + 6, first + 7)),
                .frame_row = values_of<std::int32_t>(samples_->bytes_of(first + 7, first + 8)),
                .frame_value = values_of<double>(samples_->bytes_of(first + 8, first + 9))},
            made.circles, made.options, scratch_);
        made.head.power.width = calcium::MomentParts::frequencies(made.circles);
        const auto row = made.head.power.width * made.real_bytes();
        for (auto table = 0; table < 2; ++table)
            for (std::int64_t part = 0; part < made.part_count(); ++part) {
                const auto bytes =
                    calcium::MomentParts::neurons_of(part, made.active()).size() * row;
                // a table begins where one of the other precision may
                powers.push_back(part + 1 < made.part_count() ? bytes : aligned(bytes));
            }
        for (std::int64_t part = 0; part < made.part_count(); ++part) {
            parts_.push_back({v, part});
            sums.push_back(calcium::MomentParts::sums * made.head.power.width * 8);
        }
    }
    context_.collective("share", [&] {
        powers_ = std::make_unique<mpi::SharedTables>(context_.comm(), powers);
        sums_ = std::make_unique<mpi::SharedTables>(context_.comm(), sums);
        scales_ = std::make_unique<mpi::SharedTables>(context_.comm(), scales);
    });
}

std::vector<double> EdgeTables::costs_of_parts() const
{
    auto costs = std::vector<double>{};
    for (const auto& [version, part] : parts_)
        costs.push_back(edge_part_seconds(sessions_.info(versions_[version].position),
                                          versions_[version].draw >= 0));
    return costs;
}

std::vector<std::int64_t> EdgeTables::rows_of(const std::vector<std::int64_t>& parts) const
{
    auto rows = std::vector<std::int64_t>{};
    for (const auto unit : parts) {
        const auto& [version, part] = parts_[at(unit)];
        for (auto table = 0; table < 2; ++table)
            rows.push_back(made_[version].first_table + table * made_[version].part_count() + part);
    }
    return rows;
}

calcium::MomentTables EdgeTables::tables_of(std::size_t version)
{
    const auto& made = made_[version];
    const auto first = made.first_table;
    const auto middle = first + made.part_count();
    const auto last = middle + made.part_count();
    const auto scale =
        scales_->of(static_cast<std::int64_t>(version), static_cast<std::int64_t>(version) + 1);
    const auto active = at(made.active());
    auto* const scales = reinterpret_cast<double*>(scale.data());
    auto tables = calcium::MomentTables{.power = powers_->of(first, middle),
                                        .power_marginal = powers_->of(middle, last),
                                        .third = {},
                                        .third_marginal = {},
                                        .norm = {scales, active},
                                        .refit = {scales + active, active}};
    if (thirds_) {
        tables.third = thirds_->of(first, middle);
        tables.third_marginal = thirds_->of(middle, last);
    }
    return tables;
}

void EdgeTables::transform()
{
    const auto mine = context_.hand_out(
        "spectra", costs_of_parts(), [&](std::int64_t unit, const runtime::Tick& tick) {
            const auto& [version, part] = parts_[at(unit)];
            const auto sum = sums_->of(unit, unit + 1);
            return made_[version].parts->spectra(
                part, tables_of(version),
                {reinterpret_cast<double*>(sum.data()), sum.size() / sizeof(double)},
                counting(tick));
        });
    context_.collective("share", [&] {
        powers_->exchange(context_.comm(), rows_of(mine));
        sums_->exchange(context_.comm(), mine);
        const auto sharers = powers_->sharers(context_.comm());
        for (std::size_t v = 0; v < versions_.size(); ++v) {
            auto& made = made_[v];
            if (made.whole)
                continue;
            auto sums = std::vector<std::span<const double>>{};
            for (std::int64_t part = 0; part < made.part_count(); ++part)
                sums.push_back(values_of<double>(
                    sums_->of(made.first_part + part, made.first_part + part + 1)));
            made.parts->set_sums(sums);
            made.parts->correct(base::part_of(made.active(), sharers.count, sharers.index),
                                tables_of(v));
        }
        scales_->barrier(context_.comm());
    });
    sums_.reset();
}

void EdgeTables::sum_thirds()
{
    auto bytes = std::vector<std::int64_t>{};
    for (auto& made : made_) {
        if (made.whole)
            continue;
        made.head.lags = made.parts->lags();
        made.head.third.width = made.parts->third_width();
        made.head.third_marginal.width = made.parts->third_width_marginal();
        for (const auto width : {made.head.third.width, made.head.third_marginal.width})
            for (std::int64_t part = 0; part < made.part_count(); ++part) {
                const auto rows = calcium::MomentParts::neurons_of(part, made.active()).size();
                const auto size = rows * width * made.real_bytes();
                bytes.push_back(part + 1 < made.part_count() ? size : aligned(size));
            }
    }
    context_.collective(
        "share", [&] { thirds_ = std::make_unique<mpi::SharedTables>(context_.comm(), bytes); });
    const auto mine = context_.hand_out(
        "third moments", costs_of_parts(), [&](std::int64_t unit, const runtime::Tick& tick) {
            const auto& [version, part] = parts_[at(unit)];
            return made_[version].parts->third_moments(part, tables_of(version), counting(tick));
        });
    context_.collective("share", [&] {
        thirds_->exchange(context_.comm(), rows_of(mine));
        samples_.reset();
    });
}

void EdgeTables::jitter_events()
{
    auto blocks = std::vector<Part>{};
    auto sizes = std::vector<std::int64_t>{};
    auto costs = std::vector<double>{};
    const auto input_of = [&](std::size_t v) {
        return jitter_input(sessions_, versions_[v], made_[v].head.status,
                            made_[v].options.displacement);
    };
    context_.collective("traces", [&] {
        for (std::size_t v = 0; v < versions_.size(); ++v) {
            auto& made = made_[v];
            const auto input = input_of(v);
            if (!input)
                continue;
            made.jitter = calcium::event_jitter_without_blocks(input->events, made.head.active,
                                                               input->segments, input->options);
            const auto count = calcium::jitter_blocks(made.jitter->rows);
            for (std::int64_t block = 0; block < count; ++block) {
                blocks.push_back({v, block});
                sizes.push_back(calcium::jitter_table_size(*made.jitter, block) *
                                static_cast<std::int64_t>(sizeof(double)));
                costs.push_back(edge_jitter_seconds(sessions_.info(versions_[v].position)) /
                                static_cast<double>(count));
            }
        }
    });
    context_.collective(
        "share", [&] { jitter_ = std::make_unique<mpi::SharedTables>(context_.comm(), sizes); });
    auto own = std::vector<std::pair<std::int64_t, calcium::JitterSamples>>{};
    const auto mine =
        context_.hand_out("jitter", costs, [&](std::int64_t unit, const runtime::Tick&) {
            const auto& [v, block] = blocks[at(unit)];
            const auto input = input_of(v);
            const auto tables = jitter_->of(unit, unit + 1);
            own.emplace_back(unit, calcium::fill_jitter_block(
                                       *made_[v].jitter, input->events, made_[v].head.active,
                                       input->segments, input->options, block,
                                       {reinterpret_cast<double*>(tables.data()),
                                        tables.size() / sizeof(double)}));
            return true;
        });
    auto pieces = std::vector<mpi::SharedPiece>{};
    for (auto& [unit, samples] : own) {
        const auto items = items_of(samples);
        for (std::int64_t k = 0; k < jitter_items; ++k)
            pieces.push_back({unit * jitter_items + k, items[at(k)]});
    }
    const auto count = static_cast<std::int64_t>(blocks.size());
    context_.collective("share", [&] {
        jitter_->exchange(context_.comm(), mine);
        jitter_samples_ =
            std::make_unique<mpi::NodeShared>(context_.comm(), count * jitter_items, pieces);
    });
    for (std::int64_t unit = 0; unit < count; ++unit)
        made_[blocks[at(unit)].version].jitter->blocks.push_back(
            block_in(jitter_->of(unit, unit + 1), *jitter_samples_, unit * jitter_items));
}

const VersionTables& EdgeTables::of(const EdgeVersion& version)
{
    if (last_ && last_->version == version)
        return *last_;
    last_.reset();
    const auto v = std::find(versions_.begin(), versions_.end(), version) - versions_.begin();
    auto& made = made_[at(v)];
    const auto head = v * head_items;
    auto found = VersionTables{.version = version,
                               .moments = made.head,
                               .jitter = {},
                               .displacement = made.options.displacement};
    auto& moments = found.moments;
    const auto copy = [&](std::int64_t item) {
        const auto values = values_of<double>(heads_->bytes_of(head + item, head + item + 1));
        return std::vector<double>(values.begin(), values.end());
    };
    moments.correlation = copy(head_correlation);
    moments.partial = copy(head_partial);
    moments.power_marginal.width = moments.power.width;
    if (made.whole) {
        moments.leverage = copy(head_leverage);
        moments.refit_share = copy(head_refit);
        set_rows(moments.power, heads_->bytes_of(head + head_power), made.single());
        set_rows(moments.power_marginal, heads_->bytes_of(head + head_power_marginal),
                 made.single());
        set_rows(moments.third, heads_->bytes_of(head + head_third), made.single());
        set_rows(moments.third_marginal, heads_->bytes_of(head + head_third_marginal),
                 made.single());
    } else {
        const auto tables = tables_of(at(v));
        moments.leverage.assign(made.parts->leverage().begin(), made.parts->leverage().end());
        moments.refit_share.assign(tables.refit.begin(), tables.refit.end());
        set_rows(moments.power, tables.power, made.single());
        set_rows(moments.power_marginal, tables.power_marginal, made.single());
        set_rows(moments.third, tables.third, made.single());
        set_rows(moments.third_marginal, tables.third_marginal, made.single());
    }
    found.jitter = made.jitter;
    last_ = std::move(found);
    return *last_;
}

double edge_table_bytes(std::int64_t neurons, std::int64_t frames, double samples, double jitter,
                        bool displaced)
{
    const auto n = static_cast<double>(neurons);
    const auto real = displaced ? 4.0 : 8.0;
    const auto read = 24 * samples + 16 * static_cast<double>(frames);
    return real * n * (static_cast<double>(frames) + 2 * 56) + std::max(read, jitter) +
           8 * 2 * n * n;
}

} // namespace rewire::jobs
