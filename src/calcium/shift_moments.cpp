#include "rewire/calcium/shift_moments.hpp"

#include "lag_sums.hpp"
#include "moment_lags.hpp"
#include "real_transform.hpp"
#include "residual_rows.hpp"
#include "shift_traces.hpp"
#include "third_moments.hpp"

#include <rewire/base/index.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/dense/symmetric.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

namespace rewire::calcium {

namespace {

constexpr auto least_left_over = 0.02; ///< 1 - h counts as at least this much

using base::at;

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

/// Everything on the way to the moments of a session. Rows hold residuals, then their spectra.
template <typename Real>
class Builder
{
  public:
    Builder(const ShiftTraces& traces, const ShiftMomentOptions& options, const Tick& tick)
        : traces_(traces), options_(options), tick_(tick), layout_(layout_of(traces.circles()))
    {
        for (std::int64_t c = 0; c < traces.circles().count(); ++c)
            transforms_.try_emplace(traces.circles().length(c), traces.circles().length(c));
    }

    std::optional<ShiftMoments> build()
    {
        auto inverse = Inverse{};
        if (!make_residuals(inverse))
            return std::move(result_);
        auto pooled = Pooled{std::vector<double>(at(layout_.frequencies())),
                             std::vector<double>(at(layout_.frequencies()))};
        if (!tick_(0) || !transform(inverse, pooled))
            return std::nullopt;
        find_correction(pooled);
        const auto& circles = traces_.circles();
        result_.lags.partial =
            moment_lags(options_.lags.partial, circles, layout_, pooled.residuals);
        result_.lags.marginal =
            moment_lags(options_.lags.marginal, circles, layout_, pooled.traces);
        if (!sum_residuals() || !sum_traces())
            return std::nullopt;
        return std::move(result_);
    }

    /// Residuals in the order of time, without the correction for leverage.
    std::vector<double> residuals()
    {
        auto inverse = Inverse{};
        if (!make_residuals(inverse))
            return {};
        auto out = std::vector<double>{};
        for (std::int64_t i = 0; i < n(); ++i)
            out.insert(out.end(), row(i), row(i) + traces_.frames());
        return out;
    }

  private:
    struct Pooled
    {
        std::vector<double> traces; ///< [frequencies] squared spectra, added up over neurons
        std::vector<double> residuals;
    };

    std::int64_t n() const noexcept { return result_.active_count(); }
    // a spectrum is longer than its frames by the highest frequencies' imaginary parts
    std::int64_t stride() const noexcept { return layout_.reals(); }
    Real* row(std::int64_t i) noexcept { return rows_.data() + i * stride(); }

    bool make_residuals(Inverse& inverse)
    {
        auto rows = ResidualRows<Real>(traces_, stride());
        result_.active = rows.active();
        result_.neurons = traces_.neurons();
        result_.frames_used = traces_.frames();
        result_.circles = traces_.circles().count();
        result_.covariates = traces_.covariates();
        result_.first_component = std::numeric_limits<double>::quiet_NaN();
        result_.rcond = std::numeric_limits<double>::quiet_NaN();
        if (!enough_data() || !correlate(rows.correlation(), inverse))
            return false;
        rows_ = rows.residuals(factors(inverse));
        return true;
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

    /// The inverse of R, correlations and partial correlations.
    bool correlate(std::vector<double> correlation, Inverse& inverse)
    {
        inverse.theta = std::move(correlation);
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

    void find_first_component(const std::vector<double>& correlation)
    {
        // the solver destroys it
        auto matrix = std::vector<double>(correlation.begin(), correlation.end());
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

    /// Spectra of traces and residuals, neuron by neuron: powers of traces, leverage, what is
    /// pooled.
    bool transform(const Inverse& inverse, Pooled& pooled)
    {
        const auto frequencies = layout_.frequencies();
        result_.leverage.assign(at(frequencies), 0.0);
        result_.power_marginal.width = frequencies;
        values_in<Real>(result_.power_marginal).resize(at(n() * frequencies));
        auto sums = std::vector<Real>(at(frequencies));
        for (std::size_t f = 0; f < sums.size(); ++f)
            sums[f] = static_cast<Real>(std::sqrt(layout_.weight[f]) * layout_.inverse_length[f]);
        auto trace = std::vector<Real>(at(traces_.frames()));
        auto residual = trace;
        auto spectrum = std::vector<Real>(at(layout_.reals()));
        for (std::int64_t i = 0; i < n(); ++i) {
            fill(i, trace);
            std::copy(row(i), row(i) + traces_.frames(), residual.begin());
            each_circle([&](std::int64_t c, RealTransform<Real>& transform) {
                const auto first = traces_.circles().start[at(c)];
                const auto f = layout_.start[at(c)];
                transform.forward_two(trace.data() + first, residual.data() + first,
                                      spectrum.data() + f, row(i) + f);
            });
            auto* power = values_in<Real>(result_.power_marginal).data() + i * frequencies;
            const auto* z = spectrum.data();
            const auto* e = row(i);
            const auto root = inverse.root[at(i)];
            for (std::int64_t f = 0; f < frequencies; ++f, z += 2, e += 2) {
                const auto squared = z[0] * z[0] + z[1] * z[1];
                power[f] = squared * sums[at(f)];
                pooled.traces[at(f)] += static_cast<double>(squared);
                pooled.residuals[at(f)] += static_cast<double>(e[0] * e[0] + e[1] * e[1]);
                result_.leverage[at(f)] += root * static_cast<double>(z[0] * e[0] + z[1] * e[1]);
            }
            if (!tick_(1))
                return false;
        }
        return true;
    }

    void fill(std::int64_t i, std::vector<Real>& trace)
    {
        filled_.resize(trace.size());
        traces_.fill(result_.active[at(i)], filled_);
        std::transform(filled_.begin(), filled_.end(), trace.begin(),
                       [](double value) { return static_cast<Real>(value); });
    }

    /// h(f) = sum_i sqrt(Theta_ii) Re(conj z_i(f) e_i(f)) / T_c, and what residuals are multiplied
    /// with for it.
    void find_correction(Pooled& pooled)
    {
        correction_.resize(at(layout_.frequencies()));
        for (std::size_t f = 0; f < correction_.size(); ++f) {
            result_.leverage[f] *= layout_.inverse_length[f];
            const auto left = std::max(1 - result_.leverage[f], least_left_over);
            const auto factor = layout_.weight[f] > 0 ? 1 / std::sqrt(left) : 0;
            correction_[f] = static_cast<Real>(factor);
            pooled.residuals[f] *= factor * factor;
        }
    }

    template <typename Visit>
    void each_circle(Visit visit)
    {
        for (std::int64_t c = 0; c < traces_.circles().count(); ++c)
            visit(c, transforms_.at(traces_.circles().length(c)));
    }

    /// Third moments of one trace, of the given norm, into its row.
    void add_third(const std::vector<Real>& trace, double norm, std::int64_t lags, Real* out) const
    {
        if (options_.skewness == Precision::single)
            third_moments<float>(traces_.circles(), trace, norm, lags, out);
        else
            third_moments<Real>(traces_.circles(), trace, norm, lags, out);
    }

    std::int64_t prepare(MomentRows& third, std::int64_t lags) const
    {
        third.width = result_.circles * lag_pairs(lags);
        values_in<Real>(third).resize(at(n() * third.width));
        return third.width;
    }

    /// What powers are added up with, for all residuals.
    struct Weights
    {
        std::vector<double> of_norm;  ///< [frequencies]
        std::vector<double> of_refit; ///< [frequencies] times the leverage
        std::vector<double> of_row;   ///< [frequencies] of the rows whose products are variances
    };

    Weights weights() const
    {
        auto weights = Weights{};
        for (std::size_t f = 0; f < at(layout_.frequencies()); ++f) {
            weights.of_norm.push_back(layout_.weight[f] * layout_.inverse_length[f]);
            weights.of_refit.push_back(weights.of_norm[f] * result_.leverage[f]);
            weights.of_row.push_back(std::sqrt(layout_.weight[f]) * layout_.inverse_length[f]);
        }
        return weights;
    }

    /// Corrects one residual's spectrum and takes its power: |e|^2 once corrected. Four sums at a
    /// time, in an order that nothing changes.
    double correct(std::int64_t i, const Weights& weights, std::vector<Real>& power)
    {
        constexpr auto lanes = std::size_t{4};
        const auto frequencies = at(layout_.frequencies());
        auto* e = row(i);
        for (std::size_t f = 0; f < frequencies; ++f, e += 2) {
            e[0] *= correction_[f];
            e[1] *= correction_[f];
            power[f] = e[0] * e[0] + e[1] * e[1];
        }
        auto norms = std::array<double, lanes>{};
        auto refits = std::array<double, lanes>{};
        const auto whole = frequencies / lanes * lanes;
        for (std::size_t f = 0; f < whole; f += lanes)
            for (std::size_t k = 0; k < lanes; ++k) {
                norms[k] += weights.of_norm[f + k] * static_cast<double>(power[f + k]);
                refits[k] += weights.of_refit[f + k] * static_cast<double>(power[f + k]);
            }
        auto norm = (norms[0] + norms[1]) + (norms[2] + norms[3]);
        auto refit = (refits[0] + refits[1]) + (refits[2] + refits[3]);
        for (auto f = whole; f < frequencies; ++f) {
            norm += weights.of_norm[f] * static_cast<double>(power[f]);
            refit += weights.of_refit[f] * static_cast<double>(power[f]);
        }
        result_.refit_share[at(i)] = refit / norm;
        for (std::size_t f = 0; f < frequencies; ++f)
            power[f] *= static_cast<Real>(weights.of_row[f] / norm);
        return norm;
    }

    /// Two spectra back to traces; destroys them.
    void to_time(Real* first, Real* second, std::vector<Real>& trace, std::vector<Real>& next)
    {
        each_circle([&](std::int64_t c, RealTransform<Real>& transform) {
            const auto start = traces_.circles().start[at(c)];
            const auto length = traces_.circles().length(c);
            const auto f = layout_.start[at(c)];
            transform.backward_two(first + f, second + f, trace.data() + start,
                                   next.data() + start);
            const auto scale = static_cast<Real>(1 / static_cast<double>(length));
            for (auto t = start; t < start + length; ++t) {
                trace[at(t)] *= scale;
                next[at(t)] *= scale;
            }
        });
    }

    bool sum_residuals()
    {
        const auto width = prepare(result_.third, result_.lags.partial);
        result_.refit_share.assign(at(n()), 0.0);
        auto trace = std::vector<Real>(at(traces_.frames()));
        auto next = trace;
        auto nothing = std::vector<Real>(at(stride()), Real{0}); // beside the last of an odd number
        const auto frequencies = layout_.frequencies();
        const auto weights = this->weights();
        auto power = std::vector<Real>(at(frequencies));
        auto next_power = power;
        for (std::int64_t i = 0; i < n(); i += 2) {
            const auto two = i + 1 < n();
            const auto norm = correct(i, weights, power);
            const auto next_norm = two ? correct(i + 1, weights, next_power) : 1;
            to_time(row(i), two ? row(i + 1) : nothing.data(), trace, next);
            // Powers go to where spectra were, at half their length: memory that is touched for the
            // first time costs as much as a transform.
            std::copy(power.begin(), power.end(), rows_.begin() + i * frequencies);
            if (two)
                std::copy(next_power.begin(), next_power.end(),
                          rows_.begin() + (i + 1) * frequencies);
            add_third(trace, std::pow(norm, 1.5), result_.lags.partial,
                      values_in<Real>(result_.third).data() + i * width);
            if (two)
                add_third(next, std::pow(next_norm, 1.5), result_.lags.partial,
                          values_in<Real>(result_.third).data() + (i + 1) * width);
            if (!tick_(two ? 2 : 1))
                return false;
        }
        rows_.resize(at(n() * frequencies));
        result_.power.width = frequencies;
        values_in<Real>(result_.power) = std::move(rows_);
        return true;
    }

    bool sum_traces()
    {
        const auto width = prepare(result_.third_marginal, result_.lags.marginal);
        auto trace = std::vector<Real>(at(traces_.frames()));
        for (std::int64_t i = 0; i < n(); ++i) {
            fill(i, trace);
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
    std::map<std::int64_t, RealTransform<Real>> transforms_; ///< by length
    std::vector<Real> rows_;                                 ///< [active, stride]
    std::vector<Real> correction_;                           ///< [frequencies] 1 / sqrt(1 - h)
    std::vector<double> filled_;                             ///< scratch
    ShiftMoments result_;
};

} // namespace

std::optional<ShiftMoments> shift_moments_of(const activity::ActivityView& activity,
                                             const FrameCircles& circles,
                                             const CovariateView& covariates,
                                             const ShiftMomentOptions& options, const Tick& tick)
{
    const auto traces = ShiftTraces(activity, circles, covariates, options.displacement);
    if (options.precision == Precision::single)
        return Builder<float>(traces, options, tick).build();
    return Builder<double>(traces, options, tick).build();
}

std::vector<double> shift_residuals(const activity::ActivityView& activity,
                                    const FrameCircles& circles, const CovariateView& covariates)
{
    const auto traces = ShiftTraces(activity, circles, covariates, {});
    const auto options = ShiftMomentOptions{};
    const auto tick = Tick([](std::int64_t) { return true; });
    return Builder<double>(traces, options, tick).residuals();
}

} // namespace rewire::calcium
