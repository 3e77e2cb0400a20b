#include "rewire/calcium/moment_parts.hpp"

#include "lag_sums.hpp"
#include "moment_passes.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/memory.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/dense/symmetric.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace rewire::calcium {

namespace {

using base::at;

template <typename Visit>
void for_pairs(std::int64_t n, Visit visit)
{
    auto pair = std::size_t{0};
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i + 1; j < n; ++j)
            visit(i, j, pair++);
}

template <typename Real>
std::vector<Real>& values_in(MomentRows& rows)
{
    if constexpr (std::is_same_v<Real, double>)
        return rows.full;
    else
        return rows.single;
}

bool enough_data(const ShiftTraces& traces, ShiftMoments& moments)
{
    const auto n = moments.active_count();
    const auto free = traces.frames() - traces.covariates() - moments.circles + 1;
    moments.status_text = "ok";
    if (n < 2) {
        moments.status = ShiftMomentStatus::too_few_neurons;
        moments.status_text =
            traces.frames() == 0
                ? fmt::format("no segment or state of {} frames", shortest_circle)
                : fmt::format("{} of {} neurons active: there is no pair", n, traces.neurons());
    } else if (free <= n) {
        moments.status = ShiftMomentStatus::too_few_frames;
        moments.status_text =
            fmt::format("{} frames are too few for {} active neurons and {} covariates",
                        traces.frames(), n, traces.covariates());
    }
    return moments.status == ShiftMomentStatus::ok;
}

void find_first_component(const std::vector<double>& correlation, ShiftMoments& moments)
{
    // the solver destroys it
    const auto n = moments.active_count();
    auto matrix = std::vector<double>(correlation.begin(), correlation.end());
    auto value = std::vector<double>(1);
    auto vector = std::vector<double>(at(n));
    dense::leading_eigenpairs(matrix, n, value, vector);
    moments.first_component = value[0] / static_cast<double>(n);
}

/// The inverse of R: correlations, partial correlations, and what residuals are made of.
bool correlate(std::vector<double> matrix, const ShiftMomentOptions& options,
               MomentPreparation& made)
{
    auto& moments = made.moments;
    const auto n = moments.active_count();
    moments.correlation.resize(at(moments.active_pairs()));
    for_pairs(n, [&](std::int64_t i, std::int64_t j, std::size_t pair) {
        moments.correlation[pair] = matrix[at(i * n + j)];
    });
    if (options.precision == Precision::full)
        find_first_component(matrix, moments);
    const auto inversion = dense::invert_positive_definite(matrix, n);
    moments.rcond = inversion.reciprocal_condition;
    if (!inversion.positive_definite || inversion.reciprocal_condition < minimum_rcond) {
        moments.status = ShiftMomentStatus::ill_conditioned;
        moments.status_text =
            fmt::format("correlations of {} neurons are ill conditioned (1 / condition = {:.1e})",
                        n, inversion.reciprocal_condition);
        moments.correlation = {};
        return false;
    }
    for (std::int64_t i = 0; i < n; ++i)
        made.root.push_back(std::sqrt(matrix[at(i * n + i)]));
    moments.partial.resize(at(moments.active_pairs()));
    for_pairs(n, [&](std::int64_t i, std::int64_t j, std::size_t pair) {
        moments.partial[pair] = -matrix[at(i * n + j)] / (made.root[at(i)] * made.root[at(j)]);
    });
    made.factor.resize(at(n * n));
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j)
            made.factor[at(i * n + j)] =
                matrix[at(std::min(i, j) * n + std::max(i, j))] / made.root[at(i)];
    return true;
}

MomentPreparation begun(const ShiftTraces& traces, std::vector<std::int64_t> active)
{
    auto made = MomentPreparation{};
    auto& moments = made.moments;
    moments.active = std::move(active);
    moments.neurons = traces.neurons();
    moments.frames_used = traces.frames();
    moments.circles = traces.circles().count();
    moments.covariates = traces.covariates();
    moments.first_component = std::numeric_limits<double>::quiet_NaN();
    moments.rcond = std::numeric_limits<double>::quiet_NaN();
    return made;
}

bool sparse(const ShiftTraces& traces)
{
    return traces.covariates() == 0 && traces.density() < sparse_until_density;
}

MomentPreparation prepared_from_samples(const ShiftTraces& traces,
                                        const ShiftMomentOptions& options)
{
    auto samples = samples_of(traces);
    auto made = begun(traces, samples.active);
    if (!enough_data(traces, made.moments) ||
        !correlate(correlation_of(samples, traces.circles()), options, made)) {
        made.whole = true;
        return made;
    }
    const auto even = [](std::vector<std::int32_t>& values) {
        values.resize((values.size() + 1) / 2 * 2); // so that doubles may follow
    };
    made.level = std::move(samples.level);
    made.row_start = std::move(samples.rows.start);
    made.row_frame = std::move(samples.rows.frame);
    made.row_value = std::move(samples.rows.value);
    made.frame_start = std::move(samples.frames.start);
    made.frame_row = std::move(samples.frames.row);
    made.frame_value = std::move(samples.frames.value);
    even(made.row_frame);
    even(made.frame_row);
    return made;
}

} // namespace

MomentArrays MomentPreparation::arrays() const
{
    return {.root = root,
            .factor = factor,
            .level = level,
            .row_start = row_start,
            .row_frame = row_frame,
            .row_value = row_value,
            .frame_start = frame_start,
            .frame_row = frame_row,
            .frame_value = frame_value};
}

MomentScratch::MomentScratch() : state_(std::make_unique<State>()) {}
MomentScratch::~MomentScratch() = default;

double moment_scratch_bytes(std::int64_t frames) noexcept
{
    // Of each precision a block of residuals, two buffers of lanes (and two of twice the length for
    // convolutions), twiddles, rows: fitted
    constexpr auto of_frame = 2200.0;
    return of_frame * static_cast<double>(frames);
}

/// Everything but where residuals come from.
struct MomentParts::State
{
    State(std::int64_t active, const FrameCircles& all, const ShiftMomentOptions& asked,
          MomentScratch& used)
        : neurons(active), circles(all), options(asked), scratch(used), layout(layout_of(all))
    {
    }

    MomentPasses passes() const { return {*source, circles, layout, scratch.state()}; }

    bool single() const noexcept { return options.precision == Precision::single; }

    template <typename Real>
    static Real* row(std::span<std::byte> table, std::int64_t neuron, std::int64_t width)
    {
        return reinterpret_cast<Real*>(table.data()) + neuron * width;
    }

    template <typename Real>
    void spectra(const base::Range& part, const MomentTables& tables, std::span<double> sum) const
    {
        const auto width = layout.frequencies();
        passes().spectra(part, root, row<Real>(tables.power, part.first, width),
                         row<Real>(tables.power_marginal, part.first, width), sum);
    }

    template <typename Real>
    void correct(const base::Range& part, const MomentTables& tables) const
    {
        for (auto i = part.first; i < part.last; ++i)
            MomentPasses::correct(correction, row<Real>(tables.power, i, layout.frequencies()),
                                  tables.norm[at(i)], tables.refit[at(i)]);
    }

    template <typename Sum, typename Real>
    bool third(const base::Range& part, const MomentTables& tables, const Tick& tick) const
    {
        return passes().third<Sum>(
            part, correction, tables.norm.subspan(at(part.first), at(part.size())),
            row<Real>(tables.third, part.first, width_of(correction.lags.partial)),
            row<Real>(tables.third_marginal, part.first, width_of(correction.lags.marginal)), tick);
    }

    std::int64_t width_of(std::int64_t lags) const noexcept
    {
        return circles.count() * lag_pairs(lags);
    }

    std::int64_t neurons;
    const FrameCircles& circles;
    const ShiftMomentOptions& options;
    MomentScratch& scratch;
    SpectrumLayout layout;
    std::span<const double> root;
    std::unique_ptr<ResidualSource> own_source;
    const ResidualSource* source = nullptr;
    MomentCorrection correction;
};

MomentParts::MomentParts(std::int64_t neurons, const MomentArrays& arrays,
                         const FrameCircles& circles, const ShiftMomentOptions& options,
                         MomentScratch& scratch)
    : state_(std::make_unique<State>(neurons, circles, options, scratch))
{
    state_->root = arrays.root;
    state_->own_source = std::make_unique<SampleSource>(arrays, circles);
    state_->source = state_->own_source.get();
}

MomentParts::MomentParts(std::int64_t neurons, const ResidualSource& source,
                         std::span<const double> root, const FrameCircles& circles,
                         const ShiftMomentOptions& options, MomentScratch& scratch)
    : state_(std::make_unique<State>(neurons, circles, options, scratch))
{
    state_->root = root;
    state_->source = &source;
}

MomentParts::~MomentParts() = default;

std::int64_t MomentParts::frequencies(const FrameCircles& circles)
{
    return layout_of(circles).frequencies();
}

bool MomentParts::spectra(std::int64_t part, const MomentTables& tables, std::span<double> sum,
                          const Tick& tick)
{
    const auto range = neurons_of(part, state_->neurons);
    if (state_->single())
        state_->spectra<float>(range, tables, sum);
    else
        state_->spectra<double>(range, tables, sum);
    return tick(range.size());
}

void MomentParts::set_sums(std::span<const std::span<const double>> of_parts)
{
    auto total = std::vector<double>(at(sums * state_->layout.frequencies()), 0.0);
    for (const auto& part : of_parts)
        for (std::size_t k = 0; k < total.size(); ++k)
            total[k] += part[k];
    state_->correction =
        correction_of(state_->circles, state_->layout, state_->options.lags, total);
}

ShiftLags MomentParts::lags() const noexcept
{
    return state_->correction.lags;
}

std::span<const double> MomentParts::leverage() const noexcept
{
    return state_->correction.leverage;
}

std::int64_t MomentParts::third_width() const noexcept
{
    return state_->width_of(state_->correction.lags.partial);
}

std::int64_t MomentParts::third_width_marginal() const noexcept
{
    return state_->width_of(state_->correction.lags.marginal);
}

void MomentParts::correct(base::Range neurons, const MomentTables& tables)
{
    if (state_->single())
        state_->correct<float>(neurons, tables);
    else
        state_->correct<double>(neurons, tables);
}

bool MomentParts::third_moments(std::int64_t part, const MomentTables& tables, const Tick& tick)
{
    const auto range = neurons_of(part, state_->neurons);
    if (state_->single())
        return state_->third<float, float>(range, tables, tick);
    return state_->options.skewness == Precision::single
               ? state_->third<float, double>(range, tables, tick)
               : state_->third<double, double>(range, tables, tick);
}

namespace {

/// Tables of one's own.
template <typename Real>
struct OwnTables
{
    std::vector<double> norm, refit;

    static std::span<std::byte> bytes(MomentRows& rows, std::int64_t n, std::int64_t width)
    {
        rows.width = width;
        base::resize_large(values_in<Real>(rows), n * width);
        return std::as_writable_bytes(std::span(values_in<Real>(rows)));
    }

    /// All parts one after the other.
    bool make(MomentParts& parts, const FrameCircles& circles, ShiftMoments& moments,
              const Tick& tick)
    {
        const auto n = moments.active_count();
        const auto frequencies = MomentParts::frequencies(circles);
        norm.resize(at(n));
        refit.resize(at(n));
        auto tables = MomentTables{.power = bytes(moments.power, n, frequencies),
                                   .power_marginal = bytes(moments.power_marginal, n, frequencies),
                                   .third = {},
                                   .third_marginal = {},
                                   .norm = norm,
                                   .refit = refit};
        auto sums = std::vector<std::vector<double>>{};
        for (std::int64_t part = 0; part < MomentParts::count(n); ++part) {
            sums.emplace_back(at(MomentParts::sums * frequencies));
            if (!parts.spectra(part, tables, sums.back(), tick))
                return false;
        }
        const auto views = std::vector<std::span<const double>>(sums.begin(), sums.end());
        parts.set_sums(views);
        parts.correct({0, n}, tables);
        tables.third = bytes(moments.third, n, parts.third_width());
        tables.third_marginal = bytes(moments.third_marginal, n, parts.third_width_marginal());
        for (std::int64_t part = 0; part < MomentParts::count(n); ++part)
            if (!parts.third_moments(part, tables, tick))
                return false;
        moments.lags = parts.lags();
        moments.leverage.assign(parts.leverage().begin(), parts.leverage().end());
        moments.refit_share = std::move(refit);
        return true;
    }
};

bool make_tables(MomentParts& parts, const FrameCircles& circles, const ShiftMomentOptions& options,
                 ShiftMoments& moments, const Tick& tick)
{
    if (options.precision == Precision::single)
        return OwnTables<float>{}.make(parts, circles, moments, tick);
    return OwnTables<double>{}.make(parts, circles, moments, tick);
}

template <typename Real>
std::optional<MomentPreparation> prepared_from_rows(const ShiftTraces& traces,
                                                    const ShiftMomentOptions& options,
                                                    MomentScratch& scratch, const Tick& tick)
{
    auto source = RowSource<Real>(traces);
    auto made = begun(traces, source.active());
    made.whole = true;
    if (!enough_data(traces, made.moments) || !correlate(source.correlation(), options, made))
        return made;
    source.make_residuals(made.factor);
    made.factor = {};
    auto parts = MomentParts(made.moments.active_count(), source, made.root, traces.circles(),
                             options, scratch);
    if (!make_tables(parts, traces.circles(), options, made.moments, tick))
        return std::nullopt;
    made.root = {};
    return made;
}

} // namespace

std::optional<MomentPreparation> prepare_moments(const activity::ActivityView& activity,
                                                 const FrameCircles& circles,
                                                 const CovariateView& covariates,
                                                 const ShiftMomentOptions& options,
                                                 MomentScratch& scratch, const Tick& tick)
{
    const auto traces = ShiftTraces(activity, circles, covariates, options.displacement);
    if (!sparse(traces))
        return options.precision == Precision::single
                   ? prepared_from_rows<float>(traces, options, scratch, tick)
                   : prepared_from_rows<double>(traces, options, scratch, tick);
    auto made = prepared_from_samples(traces, options);
    if (!tick(0))
        return std::nullopt;
    return made;
}

std::optional<ShiftMoments> shift_moments_of(const activity::ActivityView& activity,
                                             const FrameCircles& circles,
                                             const CovariateView& covariates,
                                             const ShiftMomentOptions& options, const Tick& tick)
{
    auto scratch = MomentScratch{};
    auto made = prepare_moments(activity, circles, covariates, options, scratch, tick);
    if (!made)
        return std::nullopt;
    if (made->whole)
        return std::move(made->moments);
    auto parts =
        MomentParts(made->moments.active_count(), made->arrays(), circles, options, scratch);
    if (!make_tables(parts, circles, options, made->moments, tick))
        return std::nullopt;
    return std::move(made->moments);
}

std::vector<double> shift_residuals(const activity::ActivityView& activity,
                                    const FrameCircles& circles, const CovariateView& covariates)
{
    const auto traces = ShiftTraces(activity, circles, covariates, {});
    auto source = RowSource<double>(traces);
    auto made = begun(traces, source.active());
    if (!enough_data(traces, made.moments) || !correlate(source.correlation(), {}, made))
        return {};
    source.make_residuals(made.factor);
    return source.rows();
}

} // namespace rewire::calcium
