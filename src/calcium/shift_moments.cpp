#include "lag_sums.hpp"
#include "real_transform.hpp"
#include "shift_traces.hpp"

#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/calcium/shift_moments.hpp>
#include <rewire/dense/symmetric.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace rewire::calcium {

namespace {

constexpr auto block_reals = std::int64_t{2048};
constexpr auto least_left_over = 0.02; ///< 1 - h counts as at least this much

std::size_t at(std::int64_t i) noexcept
{
    return static_cast<std::size_t>(i);
}

template <typename Real>
std::vector<Real>& values_in(MomentRows& rows)
{
    if constexpr (std::is_same_v<Real, double>)
        return rows.full;
    else
        return rows.single;
}

/// The correlation matrix inverted, and what follows from it.
struct Inverse
{
    std::vector<double> theta; ///< [n, n] upper triangle
    std::vector<double> root;  ///< [n] sqrt of its diagonal
};

/// Everything on the way to the moments of a session. Rows hold traces, then spectra of traces,
/// then spectra of residuals.
template <typename Real>
class Builder
{
  public:
    Builder(const ShiftTraces& traces, const ShiftMomentOptions& options, const Tick& tick)
        : traces_(traces),
          options_(options),
          tick_(tick),
          layout_(layout_of(traces.circles())),
          // one row is longer than its frames by the highest frequencies' imaginary parts
          stride_(std::max(layout_.reals(), traces.frames()))
    {
        for (std::int64_t c = 0; c < traces.circles().count(); ++c)
            transforms_.try_emplace(traces.circles().length(c), traces.circles().length(c));
    }

    std::optional<ShiftMoments> build()
    {
        fill_rows();
        if (!enough_data())
            return std::move(result_);
        auto inverse = Inverse{};
        if (!correlate(inverse))
            return std::move(result_);
        auto pooled = Pooled{std::vector<double>(at(layout_.frequencies())),
                             std::vector<double>(at(layout_.frequencies()))};
        if (!transform_rows() || !make_residuals(inverse, pooled))
            return std::nullopt;
        result_.lags.partial = lags_of(options_.lags.partial, pooled.residuals);
        result_.lags.marginal = lags_of(options_.lags.marginal, pooled.traces);
        if (!sum_residuals() || !sum_traces())
            return std::nullopt;
        return std::move(result_);
    }

    /// Residuals in the order of time, without the correction for leverage.
    std::vector<double> residuals()
    {
        fill_rows();
        auto inverse = Inverse{};
        if (!enough_data() || !correlate(inverse))
            return {};
        const auto factor = factors(inverse);
        auto out = std::vector<Real>(at(n() * traces_.frames()));
        dense::multiply_columns(factor, rows_, 0, stride_, out, n(), traces_.frames());
        return {out.begin(), out.end()};
    }

  private:
    struct Pooled
    {
        std::vector<double> traces; ///< [frequencies] squared spectra, added up over neurons
        std::vector<double> residuals;
    };

    std::int64_t n() const noexcept { return result_.active_count(); }
    Real* row(std::int64_t i) noexcept { return rows_.data() + i * stride_; }

    void fill_rows()
    {
        auto candidates = std::int64_t{0};
        for (std::int64_t neuron = 0; neuron < traces_.neurons(); ++neuron)
            candidates += traces_.varies(neuron) ? 1 : 0;
        rows_.resize(at(candidates * stride_));
        auto trace = std::vector<double>(at(traces_.frames()));
        for (std::int64_t neuron = 0; neuron < traces_.neurons(); ++neuron)
            if (traces_.fill(neuron, trace)) {
                std::transform(trace.begin(), trace.end(), row(n()),
                               [](double value) { return static_cast<Real>(value); });
                result_.active.push_back(neuron);
            }
        rows_.resize(at(n() * stride_));
        result_.neurons = traces_.neurons();
        result_.frames_used = traces_.frames();
        result_.circles = traces_.circles().count();
        result_.covariates = traces_.covariates();
        result_.first_component = std::numeric_limits<double>::quiet_NaN();
        result_.rcond = std::numeric_limits<double>::quiet_NaN();
    }

    bool enough_data()
    {
        const auto free = traces_.frames() - traces_.covariates() - result_.circles + 1;
        result_.status_text = "ok";
        if (n() < 2) {
            result_.status = ShiftMomentStatus::too_few_neurons;
            result_.status_text =
                fmt::format("{} of {} neurons active: there is no pair", n(), traces_.neurons());
        } else if (free <= n()) {
            result_.status = ShiftMomentStatus::too_few_frames;
            result_.status_text =
                fmt::format("{} frames are too few for {} active neurons and {} covariates",
                            traces_.frames(), n(), traces_.covariates());
        }
        return result_.status == ShiftMomentStatus::ok;
    }

    /// R, its inverse, correlations and partial correlations.
    bool correlate(Inverse& inverse)
    {
        auto sums = std::vector<Real>(at(n() * n()));
        dense::add_products_of_rows(sums, n(), rows_, traces_.frames(), stride_);
        inverse.theta.assign(sums.begin(), sums.end());
        for (std::int64_t i = 0; i < n(); ++i)
            inverse.theta[at(i * n() + i)] = 1;
        result_.correlation.resize(at(result_.active_pairs()));
        for_pairs([&](std::int64_t i, std::int64_t j, std::size_t pair) {
            result_.correlation[pair] = inverse.theta[at(i * n() + j)];
        });
        if (std::is_same_v<Real, double>)
            find_first_component(inverse.theta);
        const auto inversion = dense::invert_positive_definite(inverse.theta, n());
        result_.rcond = inversion.reciprocal_condition;
        if (!inversion.positive_definite || inversion.reciprocal_condition < minimum_rcond) {
            result_.status = ShiftMomentStatus::ill_conditioned;
            result_.status_text =
                fmt::format("the correlation matrix of the {} active neurons is close to singular "
                            "(reciprocal condition {:.1e})",
                            n(), inversion.reciprocal_condition);
            return false;
        }
        for (std::int64_t i = 0; i < n(); ++i)
            inverse.root.push_back(std::sqrt(inverse.theta[at(i * n() + i)]));
        result_.partial.resize(at(result_.active_pairs()));
        for_pairs([&](std::int64_t i, std::int64_t j, std::size_t pair) {
            result_.partial[pair] =
                -inverse.theta[at(i * n() + j)] / (inverse.root[at(i)] * inverse.root[at(j)]);
        });
        return true;
    }

    template <typename Visit>
    void for_pairs(Visit visit) const
    {
        auto pair = std::size_t{0};
        for (std::int64_t i = 0; i < n(); ++i)
            for (auto j = i + 1; j < n(); ++j)
                visit(i, j, pair++);
    }

    void find_first_component(std::vector<double> matrix)
    {
        auto value = std::vector<double>(1);
        auto vector = std::vector<double>(at(n()));
        dense::leading_eigenpairs(matrix, n(), value, vector);
        result_.first_component = value[0] / static_cast<double>(n());
    }

    /// [n, n] what residuals are made of: Theta_ij / sqrt(Theta_ii).
    std::vector<Real> factors(const Inverse& inverse) const
    {
        auto factor = std::vector<Real>(at(n() * n()));
        for (std::int64_t i = 0; i < n(); ++i)
            for (std::int64_t j = 0; j < n(); ++j)
                factor[at(i * n() + j)] = static_cast<Real>(
                    inverse.theta[at(std::min(i, j) * n() + std::max(i, j))] / inverse.root[at(i)]);
        return factor;
    }

    bool transform_rows()
    {
        auto trace = std::vector<Real>(at(traces_.frames()));
        for (std::int64_t i = 0; i < n(); ++i) {
            std::copy(row(i), row(i) + traces_.frames(), trace.begin());
            each_circle([&](std::int64_t c, const RealTransform<Real>& transform) {
                transform.forward(trace.data() + traces_.circles().start[at(c)],
                                  row(i) + layout_.start[at(c)]);
            });
            if (!tick_(1))
                return false;
        }
        return true;
    }

    template <typename Visit>
    void each_circle(Visit visit) const
    {
        for (std::int64_t c = 0; c < traces_.circles().count(); ++c)
            visit(c, transforms_.at(traces_.circles().length(c)));
    }

    /// Spectra of residuals from those of traces, some frequencies at a time.
    bool make_residuals(const Inverse& inverse, Pooled& pooled)
    {
        const auto factor = factors(inverse);
        result_.leverage.resize(at(layout_.frequencies()));
        for (auto* power : {&result_.power, &result_.power_marginal}) {
            power->width = layout_.frequencies();
            values_in<Real>(*power).resize(at(n() * power->width));
        }
        result_.refit_share.assign(at(n()), 0.0);
        norm_.assign(at(n()), 0.0);
        auto block = std::vector<Real>(at(n() * block_reals));
        for (std::int64_t first = 0; first < layout_.reals(); first += block_reals) {
            const auto width = std::min(block_reals, layout_.reals() - first);
            dense::multiply_columns(factor, rows_, first, stride_, block, n(), width);
            find_leverage(inverse, block, first, width);
            correct_block(block, first, width, pooled);
            if (!tick_(0))
                return false;
        }
        auto& power = values_in<Real>(result_.power);
        for (std::int64_t i = 0; i < n(); ++i) {
            result_.refit_share[at(i)] /= norm_[at(i)];
            const auto scale = static_cast<Real>(1 / norm_[at(i)]);
            for (std::int64_t f = 0; f < layout_.frequencies(); ++f)
                power[at(i * layout_.frequencies() + f)] *= scale;
        }
        return true;
    }

    /// h(f) = sum_i sqrt(Theta_ii) Re(conj z_i(f) e_i(f)) / T_c.
    void find_leverage(const Inverse& inverse, const std::vector<Real>& block, std::int64_t first,
                       std::int64_t width)
    {
        auto* h = result_.leverage.data() + first / 2;
        for (std::int64_t i = 0; i < n(); ++i) {
            const auto* z = row(i) + first;
            const auto* e = block.data() + i * width;
            const auto root = inverse.root[at(i)];
            for (std::int64_t k = 0; k < width / 2; ++k)
                h[k] +=
                    root * static_cast<double>(z[2 * k] * e[2 * k] + z[2 * k + 1] * e[2 * k + 1]);
        }
        for (std::int64_t k = 0; k < width / 2; ++k)
            h[k] *= layout_.inverse_length[at(first / 2 + k)];
    }

    /// Powers of traces and corrected residuals; the residuals take the traces' place.
    void correct_block(const std::vector<Real>& block, std::int64_t first, std::int64_t width,
                       Pooled& pooled)
    {
        const auto count = width / 2;
        const auto f0 = first / 2;
        auto factor = std::vector<Real>(at(count)); // of the residual
        auto sums = std::vector<Real>(at(count));   // of a power, to become a row of MomentRows
        for (std::int64_t k = 0; k < count; ++k) {
            const auto weight = layout_.weight[at(f0 + k)];
            const auto left = std::max(1 - result_.leverage[at(f0 + k)], least_left_over);
            factor[at(k)] = static_cast<Real>(weight > 0 ? 1 / std::sqrt(left) : 0);
            sums[at(k)] = static_cast<Real>(std::sqrt(weight) * layout_.inverse_length[at(f0 + k)]);
        }
        const auto frequencies = layout_.frequencies();
        for (std::int64_t i = 0; i < n(); ++i) {
            auto* z = row(i) + first;
            const auto* e = block.data() + i * width;
            auto* power_z = values_in<Real>(result_.power_marginal).data() + i * frequencies + f0;
            auto* power_e = values_in<Real>(result_.power).data() + i * frequencies + f0;
            for (std::int64_t k = 0; k < count; ++k) {
                const auto z2 = z[2 * k] * z[2 * k] + z[2 * k + 1] * z[2 * k + 1];
                z[2 * k] = e[2 * k] * factor[at(k)];
                z[2 * k + 1] = e[2 * k + 1] * factor[at(k)];
                const auto e2 = z[2 * k] * z[2 * k] + z[2 * k + 1] * z[2 * k + 1];
                power_z[k] = z2 * sums[at(k)];
                power_e[k] = e2 * sums[at(k)];
                pooled.traces[at(f0 + k)] += static_cast<double>(z2);
                pooled.residuals[at(f0 + k)] += static_cast<double>(e2);
            }
            add_norm(power_e, f0, count, i);
        }
    }

    /// Adds the frequencies' share of |e|^2 and of R2 |e|^2.
    void add_norm(const Real* power, std::int64_t f0, std::int64_t count, std::int64_t i)
    {
        auto norm = 0.0;
        auto refit = 0.0;
        for (std::int64_t k = 0; k < count; ++k) {
            const auto part = std::sqrt(layout_.weight[at(f0 + k)]) * static_cast<double>(power[k]);
            norm += part;
            refit += part * result_.leverage[at(f0 + k)];
        }
        norm_[at(i)] += norm;
        result_.refit_share[at(i)] += refit;
    }

    /// Sums of e(t) e(t+k) over circles and neurons, from squared spectra.
    std::vector<double> autocorrelation(const std::vector<double>& squares) const
    {
        auto correlation = std::vector<double>(at(most_lags + 1));
        for (std::int64_t c = 0; c < traces_.circles().count(); ++c) {
            const auto length = traces_.circles().length(c);
            auto spectrum = std::vector<double>{};
            for (auto f = layout_.start[at(c)] / 2; f < layout_.start[at(c + 1)] / 2; ++f) {
                spectrum.push_back(squares[at(f)] / static_cast<double>(length));
                spectrum.push_back(0);
            }
            auto sum = std::vector<double>(at(length));
            RealTransform<double>(length).backward(spectrum.data(), sum.data());
            for (std::int64_t k = 0; k <= std::min(most_lags, length / 2); ++k)
                correlation[at(k)] += sum[at(k)];
        }
        return correlation;
    }

    /// K as asked for, or for the traces or residuals with these squared spectra; never so many
    /// that lags meet on the other side of a circle.
    std::int64_t lags_of(std::int64_t asked, const std::vector<double>& squares) const
    {
        auto lags = asked > 0 ? asked : lags_from_autocorrelation(autocorrelation(squares));
        for (std::int64_t c = 0; c < traces_.circles().count(); ++c)
            lags = std::min(lags, traces_.circles().length(c) / 2 - 1);
        return lags;
    }

    /// Third moments of one trace, of the given norm, into its row.
    void add_third(std::vector<Real>& trace, double norm, std::int64_t lags, Real* out)
    {
        const auto pairs = lag_pairs(lags);
        auto sum = std::vector<double>(at(pairs));
        auto wrapped = std::vector<Real>{};
        for (std::int64_t c = 0; c < traces_.circles().count(); ++c) {
            const auto length = traces_.circles().length(c);
            const auto first = trace.begin() + traces_.circles().start[at(c)];
            wrapped.assign(first, first + length);
            wrapped.insert(wrapped.end(), first, first + lags);
            third_lag_sums(wrapped, length, lags, sum);
            auto l = std::size_t{0};
            for (std::int64_t a = 0; a <= lags; ++a)
                for (auto b = a; b <= lags; ++b, ++l) {
                    const auto times = b == 0 ? 1.0 : a == 0 || a == b ? 3.0 : 6.0;
                    *out++ = static_cast<Real>(sum[l] * std::sqrt(times / double(length)) / norm);
                }
        }
    }

    std::int64_t prepare(MomentRows& third, std::int64_t lags) const
    {
        third.width = result_.circles * lag_pairs(lags);
        values_in<Real>(third).resize(at(n() * third.width));
        return third.width;
    }

    bool sum_residuals()
    {
        const auto width = prepare(result_.third, result_.lags.partial);
        auto trace = std::vector<Real>(at(traces_.frames()));
        for (std::int64_t i = 0; i < n(); ++i) {
            each_circle([&](std::int64_t c, const RealTransform<Real>& transform) {
                const auto first = traces_.circles().start[at(c)];
                const auto length = traces_.circles().length(c);
                transform.backward(row(i) + layout_.start[at(c)], trace.data() + first);
                const auto scale = static_cast<Real>(1 / static_cast<double>(length));
                for (auto t = first; t < first + length; ++t)
                    trace[at(t)] *= scale;
            });
            add_third(trace, std::pow(norm_[at(i)], 1.5), result_.lags.partial,
                      values_in<Real>(result_.third).data() + i * width);
            if (!tick_(1))
                return false;
        }
        return true;
    }

    bool sum_traces()
    {
        const auto width = prepare(result_.third_marginal, result_.lags.marginal);
        auto made = std::vector<double>(at(traces_.frames()));
        auto trace = std::vector<Real>(at(traces_.frames()));
        for (std::int64_t i = 0; i < n(); ++i) {
            traces_.fill(result_.active[at(i)], made);
            std::transform(made.begin(), made.end(), trace.begin(),
                           [](double value) { return static_cast<Real>(value); });
            add_third(trace, 1, result_.lags.marginal,
                      values_in<Real>(result_.third_marginal).data() + i * width);
            if (!tick_(1))
                return false;
        }
        return true;
    }

    const ShiftTraces& traces_;
    const ShiftMomentOptions& options_;
    const Tick& tick_;
    SpectrumLayout layout_;
    std::int64_t stride_;
    std::map<std::int64_t, RealTransform<Real>> transforms_; ///< by length
    std::vector<Real> rows_;                                 ///< [active, stride]
    std::vector<double> norm_;                               ///< [active] |e|^2 once corrected
    ShiftMoments result_;
};

} // namespace

std::optional<ShiftMoments> shift_moments_of(const ActivityView& activity,
                                             const FrameCircles& circles,
                                             const CovariateView& covariates,
                                             const ShiftMomentOptions& options, const Tick& tick)
{
    const auto traces = ShiftTraces(activity, circles, covariates, options.displacement);
    if (options.precision == Precision::single)
        return Builder<float>(traces, options, tick).build();
    return Builder<double>(traces, options, tick).build();
}

std::vector<double> shift_residuals(const ActivityView& activity, const FrameCircles& circles,
                                    const CovariateView& covariates)
{
    const auto traces = ShiftTraces(activity, circles, covariates, {});
    const auto options = ShiftMomentOptions{};
    const auto tick = Tick([](std::int64_t) { return true; });
    return Builder<double>(traces, options, tick).residuals();
}

double effective_frames_of(const ActivityView& activity, const FrameCircles& circles,
                           const CovariateView& covariates)
{
    const auto traces = ShiftTraces(activity, circles, covariates, {});
    const auto layout = layout_of(circles);
    auto transforms = std::map<std::int64_t, RealTransform<double>>{};
    for (std::int64_t c = 0; c < circles.count(); ++c)
        transforms.try_emplace(circles.length(c), circles.length(c));
    auto sum = std::vector<double>(at(layout.frequencies())); // of squared spectra
    auto squares = sum;                                       // of their squares
    auto trace = std::vector<double>(at(traces.frames()));
    auto spectrum = std::vector<double>(at(layout.reals()));
    auto active = std::int64_t{0};
    for (std::int64_t neuron = 0; neuron < traces.neurons(); ++neuron) {
        if (!traces.fill(neuron, trace))
            continue;
        ++active;
        for (std::int64_t c = 0; c < circles.count(); ++c)
            transforms.at(circles.length(c))
                .forward(trace.data() + circles.start[at(c)],
                         spectrum.data() + layout.start[at(c)]);
        for (std::size_t f = 0; f < sum.size(); ++f) {
            const auto power =
                (spectrum[2 * f] * spectrum[2 * f] + spectrum[2 * f + 1] * spectrum[2 * f + 1]) *
                layout.inverse_length[f];
            sum[f] += power;
            squares[f] += power * power;
        }
    }
    auto variances = 0.0; // of all ordered pairs
    for (std::size_t f = 0; f < sum.size(); ++f)
        variances += layout.weight[f] * (sum[f] * sum[f] - squares[f]);
    return active < 2 ? std::numeric_limits<double>::quiet_NaN()
                      : static_cast<double>(active * (active - 1)) / variances;
}

} // namespace rewire::calcium
