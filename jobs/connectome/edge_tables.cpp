#include "edge_tables.hpp"

#include "estimate.hpp"
#include "shared_values.hpp"

#include <rewire/base/index.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace rewire::jobs {

namespace {

using base::at;

void set_rows(calcium::MomentRows& rows, std::span<const std::byte> bytes, bool single)
{
    if (single)
        rows.single_elsewhere = {reinterpret_cast<const float*>(bytes.data()),
                                 bytes.size() / sizeof(float)};
    else
        rows.full_elsewhere = {reinterpret_cast<const double*>(bytes.data()),
                               bytes.size() / sizeof(double)};
}

} // namespace

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
    tables.jitter = jitter_of_one(sessions, version, tables.moments, tables.displacement);
    return tables;
}

/// A version on every rank.
struct EdgeTables::Made
{
    const EdgePreparation::Version* from = nullptr;
    calcium::ShiftMoments head;                  ///< with lags and widths, once known
    std::unique_ptr<calcium::MomentParts> parts; ///< unless whole
    std::int64_t first_part = 0;                 ///< in parts_
    std::int64_t first_table = 0;                ///< in powers_ and thirds_

    bool single() const { return from->options.precision == calcium::Precision::single; }
    std::int64_t real_bytes() const { return single() ? sizeof(float) : sizeof(double); }
    std::int64_t active() const { return head.active_count(); }
    std::int64_t part_count() const
    {
        return from->whole ? 0 : calcium::MomentParts::count(head.active_count());
    }
};

EdgeTables::EdgeTables(runtime::RunContext& context, EdgeSessions& sessions,
                       EdgePreparation& preparation, std::vector<EdgeVersion> versions)
    : context_(context),
      sessions_(sessions),
      preparation_(preparation),
      versions_(std::move(versions))
{
    auto prepared = std::vector<const EdgePreparation::Version*>{};
    for (const auto& version : versions_) {
        prepared.push_back(&preparation_.of(version));
        auto& made = made_.emplace_back();
        made.from = prepared.back();
        made.head = made.from->head;
    }
    allocate();
    transform();
    sum_thirds();
    jitter_.emplace(context_, sessions_, std::move(prepared));
}

EdgeTables::~EdgeTables() = default;

void EdgeTables::allocate()
{
    auto powers = std::vector<std::int64_t>{};
    auto sums = std::vector<std::int64_t>{};
    auto scales = std::vector<std::int64_t>{};
    for (std::size_t v = 0; v < versions_.size(); ++v) {
        auto& made = made_[v];
        made.first_part = static_cast<std::int64_t>(parts_.size());
        made.first_table = static_cast<std::int64_t>(powers.size());
        scales.push_back(made.from->whole ? 0 : aligned(2 * made.active() * 8));
        if (made.from->whole)
            continue;
        made.parts = std::make_unique<calcium::MomentParts>(made.active(), made.from->arrays,
                                                            made.from->circles, made.from->options,
                                                            preparation_.scratch());
        made.head.power.width = calcium::MomentParts::frequencies(made.from->circles);
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
            return made_[version].parts->spectra(part, tables_of(version), values_in<double>(sum),
                                                 counting(tick));
        });
    context_.collective("share", [&] {
        powers_->exchange(context_.comm(), rows_of(mine));
        sums_->exchange(context_.comm(), mine);
        const auto sharers = powers_->sharers(context_.comm());
        for (std::size_t v = 0; v < versions_.size(); ++v) {
            auto& made = made_[v];
            if (made.from->whole)
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
        if (made.from->whole)
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
        if (!versions_.empty() && preparation_.is_last(versions_.back()))
            preparation_.drop_samples();
    });
}

const VersionTables& EdgeTables::of(const EdgeVersion& version)
{
    if (last_ && last_->version == version)
        return *last_;
    last_.reset();
    const auto v = std::find(versions_.begin(), versions_.end(), version) - versions_.begin();
    auto& made = made_[at(v)];
    auto found = VersionTables{.version = version,
                               .moments = made.head,
                               .jitter = {},
                               .displacement = made.from->options.displacement};
    auto& moments = found.moments;
    const auto copy = [](std::span<const double> values) {
        return std::vector<double>(values.begin(), values.end());
    };
    moments.correlation = copy(made.from->correlation);
    moments.partial = copy(made.from->partial);
    moments.power_marginal.width = moments.power.width;
    if (made.from->whole) {
        moments.leverage = copy(made.from->leverage);
        moments.refit_share = copy(made.from->refit_share);
        set_rows(moments.power, made.from->power, made.single());
        set_rows(moments.power_marginal, made.from->power_marginal, made.single());
        set_rows(moments.third, made.from->third, made.single());
        set_rows(moments.third_marginal, made.from->third_marginal, made.single());
    } else {
        const auto tables = tables_of(at(v));
        moments.leverage.assign(made.parts->leverage().begin(), made.parts->leverage().end());
        moments.refit_share.assign(tables.refit.begin(), tables.refit.end());
        set_rows(moments.power, tables.power, made.single());
        set_rows(moments.power_marginal, tables.power_marginal, made.single());
        set_rows(moments.third, tables.third, made.single());
        set_rows(moments.third_marginal, tables.third_marginal, made.single());
    }
    found.jitter = jitter_->of(at(v));
    last_ = std::move(found);
    return *last_;
}

double edge_table_bytes(std::int64_t neurons, std::int64_t frames, double jitter, bool displaced)
{
    const auto n = static_cast<double>(neurons);
    const auto real = displaced ? 4.0 : 8.0;
    return real * n * (static_cast<double>(frames) + 2 * 56) + jitter;
}

} // namespace rewire::jobs
