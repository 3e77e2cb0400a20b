#include "rewire/calcium/shift_moments.hpp"

#include "lane_spectra.hpp"
#include "lane_transform.hpp"
#include "moment_lags.hpp"
#include "residual_rows.hpp"
#include "shift_traces.hpp"
#include "third_moments.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/memory.hpp>
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

/// Transforms in one direction by length.
template <typename Real>
class Transforms
{
  public:
    explicit Transforms(typename LaneTransform<Real>::Direction direction) : direction_(direction)
    {
    }

    const LaneTransform<Real>& of(std::int64_t length)
    {
        return known_.try_emplace(length, length, direction_).first->second;
    }

  private:
    typename LaneTransform<Real>::Direction direction_;
    std::map<std::int64_t, LaneTransform<Real>> known_;
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
            longest_ = std::max(longest_, traces.circles().length(c));
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

    static constexpr auto width = lanes_of<Real>; ///< neurons of a group, transformed side by side

    std::int64_t n() const noexcept { return result_.active_count(); }
    std::int64_t groups() const noexcept { return (n() + width - 1) / width; }
    // a spectrum is longer than its frames by the highest frequencies' imaginary parts
    std::int64_t stride() const noexcept { return layout_.reals(); }
    Real* row(std::int64_t i) noexcept { return rows_.data() + i * stride(); }

    bool make_residuals(Inverse& inverse)
    {
        source_.emplace(traces_, stride(), width);
        auto& rows = *source_;
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

    /// What a transform walks through in long steps.
    template <typename Number>
    std::vector<LaneOf<Number>> lanes_in_large_pages() const
    {
        auto lanes = std::vector<LaneOf<Number>>{};
        base::resize_large(lanes, longest_);
        return lanes;
    }

    /// Spectra of traces and residuals, a group of neurons at a time: powers of traces, leverage,
    /// what is pooled. Where the residuals of a group were, their spectra are left, side by side.
    bool transform(const Inverse& inverse, Pooled& pooled)
    {
        const auto frequencies = layout_.frequencies();
        result_.leverage.assign(at(frequencies), 0.0);
        result_.power_marginal.width = frequencies;
        base::resize_large(values_in<Real>(result_.power_marginal), n() * frequencies);
        auto sums = std::vector<Real>(at(frequencies));
        for (std::size_t f = 0; f < sums.size(); ++f)
            sums[f] = static_cast<Real>(std::sqrt(layout_.weight[f]) * layout_.inverse_length[f]);
        const auto frames = traces_.frames();
        auto traces = std::vector<Real>(at(source_->sparse() ? 0 : width * frames));
        // of several circles: residuals lie where the spectra of earlier circles would go
        const auto beside = traces_.circles().count() > 1;
        auto spectra = std::vector<Real>(at(beside ? width * stride() : 0));
        auto power = std::vector<Real>(at(width * frequencies));
        auto data = lanes_in_large_pages<Real>();
        auto scratch = lanes_in_large_pages<Real>();
        const auto ones = std::vector<Real>(at(width), Real{1});
        auto transforms = Transforms<Real>(LaneTransform<Real>::Direction::forward);
        for (std::int64_t group = 0; group < groups(); ++group) {
            const auto first = group * width;
            const auto used = std::min(width, n() - first);
            auto root = std::array<Real, at(width)>{};
            for (std::int64_t l = 0; l < used; ++l) {
                if (!source_->sparse())
                    fill(first + l, traces.data() + l * frames);
                root[at(l)] = static_cast<Real>(inverse.root[at(first + l)]);
            }
            if (!source_->sparse())
                std::fill(traces.begin() + used * frames, traces.end(), Real{0});
            for (std::int64_t c = 0; c < traces_.circles().count(); ++c) {
                const auto start = traces_.circles().start[at(c)];
                const auto length = traces_.circles().length(c);
                const auto f = layout_.start[at(c)] / 2;
                if (source_->sparse())
                    source_->fill_lanes({first, first + used}, c, data.data());
                else
                    rows_to_lanes(traces.data() + start, frames, length, 0, data.data());
                rows_to_lanes(row(first) + start, stride(), length, 1, data.data());
                split_spectra(transforms.of(length).run(data.data(), scratch.data()), length,
                              root.data(), (beside ? spectra.data() : row(first)) + 2 * f * width,
                              power.data() + f * width,
                              PooledSpectra{.traces = pooled.traces.data() + f,
                                            .residuals = pooled.residuals.data() + f,
                                            .leverage = result_.leverage.data() + f});
            }
            if (beside)
                std::copy(spectra.begin(), spectra.end(), row(first));
            lanes_to_rows(power.data(), frequencies, sums.data(), ones.data(), used,
                          values_in<Real>(result_.power_marginal).data() + first * frequencies,
                          frequencies);
            if (!tick_(used))
                return false;
        }
        return true;
    }

    template <typename Number>
    void fill(std::int64_t i, Number* trace)
    {
        filled_.resize(at(traces_.frames()));
        source_->fill(i, filled_);
        std::transform(filled_.begin(), filled_.end(), trace,
                       [](double value) { return static_cast<Number>(value); });
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
        std::vector<Real> of_row;     ///< [frequencies] of the rows whose products are variances
    };

    Weights weights() const
    {
        auto weights = Weights{};
        for (std::size_t f = 0; f < at(layout_.frequencies()); ++f) {
            weights.of_norm.push_back(layout_.weight[f] * layout_.inverse_length[f]);
            weights.of_refit.push_back(weights.of_norm[f] * result_.leverage[f]);
            weights.of_row.push_back(
                static_cast<Real>(std::sqrt(layout_.weight[f]) * layout_.inverse_length[f]));
        }
        return weights;
    }

    using Norms = std::array<double, at(width)>; ///< |e|^2 of a group, once corrected

    /// Corrects a group's spectra where they are, and takes their powers.
    Norms correct(std::int64_t group, const Weights& weights, std::vector<Real>& power)
    {
        const auto first = group * width;
        auto sums = PowerSums<Real>{};
        correct_spectra(row(first), correction_.data(), weights.of_norm.data(),
                        weights.of_refit.data(), layout_.frequencies(), power.data(), sums);
        for (std::int64_t l = 0; l < std::min(width, n() - first); ++l)
            result_.refit_share[at(first + l)] = sums.refit[at(l)] / sums.norm[at(l)];
        return sums.norm;
    }

    /// Powers go to rows at the front of where spectra were, at half their length: memory that is
    /// touched for the first time costs as much as a transform. @pre the group's spectra, and those
    /// before it, are not needed any more
    void keep_power(std::int64_t group, const Weights& weights, const Norms& norms,
                    const std::vector<Real>& power)
    {
        const auto frequencies = layout_.frequencies();
        const auto first = group * width;
        auto scale = std::array<Real, at(width)>{};
        std::transform(norms.begin(), norms.end(), scale.begin(),
                       [](double norm) { return static_cast<Real>(1 / norm); });
        lanes_to_rows(power.data(), frequencies, weights.of_row.data(), scale.data(),
                      std::min(width, n() - first), rows_.data() + first * frequencies,
                      frequencies);
    }

    bool sum_residuals()
    {
        return options_.skewness == Precision::single ? sum_residuals_in<float>()
                                                      : sum_residuals_in<Real>();
    }

    /// @tparam Sum what corrected residuals and their products of three are made in
    template <typename Sum>
    bool sum_residuals_in()
    {
        constexpr auto share = lanes_of<Sum> / width; // groups in one part of the lanes
        const auto third_width = prepare(result_.third, result_.lags.partial);
        const auto lags = result_.lags.partial;
        result_.refit_share.assign(at(n()), 0.0);
        const auto frequencies = layout_.frequencies();
        const auto weights = this->weights();
        auto norms = std::vector<Norms>(at(2 * share));
        auto power = std::vector<std::vector<Real>>(at(2 * share),
                                                    std::vector<Real>(at(width * frequencies)));
        auto data = lanes_in_large_pages<Sum>();
        auto scratch = lanes_in_large_pages<Sum>();
        const auto step = longest_ + lags;
        auto wrapped = std::vector<Sum>(at(lanes_of<Sum> * step));
        auto transforms = Transforms<Sum>(LaneTransform<Sum>::Direction::backward);
        for (std::int64_t group = 0; group < groups(); group += 2 * share) {
            const auto together = std::min(2 * share, groups() - group);
            for (std::int64_t g = 0; g < together; ++g)
                norms[at(g)] = correct(group + g, weights, power[at(g)]);
            for (std::int64_t c = 0; c < traces_.circles().count(); ++c) {
                const auto length = traces_.circles().length(c);
                for (std::int64_t g = 0; g < together; ++g)
                    place_spectra(row((group + g) * width) + layout_.start[at(c)] * width, length,
                                  g % share * width, static_cast<int>(g / share), data.data());
                const auto* back = transforms.of(length).run(data.data(), scratch.data());
                const auto first = group * width;
                for (std::int64_t part = 0; part < 2; ++part) {
                    const auto begin = first + part * lanes_of<Sum>;
                    const auto used = std::clamp(n() - begin, std::int64_t{0}, lanes_of<Sum>);
                    part_to_rows(back, length, static_cast<int>(part),
                                 static_cast<Sum>(1 / static_cast<double>(length)), used,
                                 wrapped.data(), step);
                    for (std::int64_t l = 0; l < used; ++l) {
                        auto* trace = wrapped.data() + l * step;
                        std::copy_n(trace, lags, trace + length);
                        const auto norm = norms[at((begin + l - first) / width)][at(l % width)];
                        third_moments<Sum>({trace, at(length + lags)}, std::pow(norm, 1.5), lags,
                                           values_in<Real>(result_.third).data() +
                                               (begin + l) * third_width + c * lag_pairs(lags));
                    }
                }
            }
            for (std::int64_t g = 0; g < together; ++g)
                keep_power(group + g, weights, norms[at(g)], power[at(g)]);
            if (!tick_(std::min(n() - group * width, together * width)))
                return false;
        }
        rows_.resize(at(n() * frequencies));
        result_.power.width = frequencies;
        values_in<Real>(result_.power) = std::move(rows_);
        return true;
    }

    bool sum_traces()
    {
        return options_.skewness == Precision::single ? sum_traces_in<float>()
                                                      : sum_traces_in<Real>();
    }

    template <typename Sum>
    bool sum_traces_in()
    {
        const auto third_width = prepare(result_.third_marginal, result_.lags.marginal);
        const auto lags = result_.lags.marginal;
        auto trace = std::vector<Sum>(at(traces_.frames()));
        auto wrapped = std::vector<Sum>(at(longest_ + lags));
        for (std::int64_t i = 0; i < n(); ++i) {
            fill(i, trace.data());
            for (std::int64_t c = 0; c < traces_.circles().count(); ++c) {
                const auto length = traces_.circles().length(c);
                std::copy_n(trace.begin() + traces_.circles().start[at(c)], length,
                            wrapped.begin());
                std::copy_n(wrapped.begin(), lags, wrapped.begin() + length);
                third_moments<Sum>({wrapped.data(), at(length + lags)}, 1, lags,
                                   values_in<Real>(result_.third_marginal).data() +
                                       i * third_width + c * lag_pairs(lags));
            }
            if (!tick_(1))
                return false;
        }
        return true;
    }

    const ShiftTraces& traces_;
    const ShiftMomentOptions& options_;
    const Tick& tick_;
    SpectrumLayout layout_;
    std::int64_t longest_ = 0; ///< circle
    std::optional<ResidualRows<Real>> source_;
    std::vector<Real> rows_;       ///< [groups, lanes, stride]
    std::vector<Real> correction_; ///< [frequencies] 1 / sqrt(1 - h)
    std::vector<double> filled_;   ///< scratch
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
