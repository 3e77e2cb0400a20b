#include "rewire/calcium/partial_correlation.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/dense/symmetric.hpp>

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace rewire::calcium {

namespace {

using base::at;

/// What the steps below share.
struct Problem
{
    const activity::ActivityView& activity;
    const CovariateBasis& basis;
    const Covariance& covariance;
    std::int64_t neurons() const noexcept { return activity.neurons(); }
    std::int64_t active() const noexcept { return covariance.count(); }
};

/// Writes -F_ij / sqrt(F_ii F_jj) of the inverse into the pairs of active neurons.
void spread(const Problem& problem, const std::vector<double>& inverse, std::vector<double>& value)
{
    const auto n = problem.active();
    auto scale = std::vector<double>(at(n));
    for (std::int64_t i = 0; i < n; ++i) {
        const auto diagonal = inverse[at(i * n + i)];
        scale[at(i)] = diagonal > 0 ? 1 / std::sqrt(diagonal) : 0;
    }
    const auto& active = problem.covariance.active;
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i + 1; j < n; ++j) {
            const auto pair = base::pair_index(active[at(i)], active[at(j)], problem.neurons());
            value[at(pair)] = -inverse[at(i * n + j)] * scale[at(i)] * scale[at(j)];
        }
}

void fill_nan(const Problem& problem, std::vector<double>& value)
{
    const auto& active = problem.covariance.active;
    for (std::size_t i = 0; i < active.size(); ++i)
        for (auto j = i + 1; j < active.size(); ++j)
            value[at(base::pair_index(active[i], active[j], problem.neurons()))] =
                std::numeric_limits<double>::quiet_NaN();
}

/// Inverts; false, with status and text set, where there is no usable inverse.
bool invert(std::vector<double>& matrix, std::int64_t n, PartialCorrelation& result)
{
    const auto inversion = dense::invert_positive_definite(matrix, n);
    result.rcond = inversion.reciprocal_condition;
    if (inversion.positive_definite && inversion.reciprocal_condition >= minimum_rcond)
        return true;
    result.status = PartialCorrelationStatus::ill_conditioned;
    result.status_text =
        inversion.positive_definite
            ? fmt::format("the correlation matrix of the {} active neurons is close to singular "
                          "(reciprocal condition {:.1e})",
                          n, inversion.reciprocal_condition)
            : fmt::format("the correlation matrix of the {} active neurons is singular", n);
    return false;
}

void use_pseudo_inverse(const Problem& problem, MatrixScale scale, PartialCorrelation& result)
{
    auto matrix = scale == MatrixScale::correlation
                      ? shrunk_correlation(problem.covariance, 0, scale)
                      : problem.covariance.matrix;
    const auto rank = dense::pseudo_invert_symmetric(matrix, problem.active());
    spread(problem, matrix, result.value);
    result.rcond = std::numeric_limits<double>::quiet_NaN();
    result.status_text += fmt::format("; pseudo-inverse of rank {} instead", rank);
}

void use_ledoit_wolf(const Problem& problem, Shrinkage shrinkage, PartialCorrelation& result)
{
    const auto status = result.status;
    const auto reason = result.status_text;
    shrinkage.kind = Shrinkage::Kind::ledoit_wolf;
    result.shrinkage = shrinkage_of(shrinkage, problem.activity, problem.basis, problem.covariance);
    auto matrix = shrunk_correlation(problem.covariance, result.shrinkage, shrinkage.scale);
    if (invert(matrix, problem.active(), result)) {
        spread(problem, matrix, result.value);
        result.status_text = fmt::format("{}; shrunk by {:.4f} instead", reason, result.shrinkage);
    } else {
        fill_nan(problem, result.value);
        result.status_text =
            fmt::format("{}; shrinking by {:.4f} did not help", reason, result.shrinkage);
    }
    result.status = status;
}

void resolve_singular(const Problem& problem, const PartialCorrelationOptions& options,
                      PartialCorrelation& result)
{
    switch (options.when_singular) {
    case WhenSingular::flag:
        fill_nan(problem, result.value);
        break;
    case WhenSingular::error:
        throw base::NumericalError(result.status_text, "partial correlation",
                                   "record longer, leave out duplicated neurons, or choose the "
                                   "pseudo-inverse or shrinkage");
    case WhenSingular::pseudo_inverse:
        use_pseudo_inverse(problem, options.shrinkage.scale, result);
        break;
    case WhenSingular::ledoit_wolf:
        use_ledoit_wolf(problem, options.shrinkage, result);
        break;
    }
}

PartialCorrelation nothing_yet(const Problem& problem)
{
    auto result = PartialCorrelation{};
    result.value.assign(at(base::pair_count(problem.neurons())), 0.0);
    result.active.assign(at(problem.neurons()), 0);
    for (const auto neuron : problem.covariance.active)
        result.active[at(neuron)] = 1;
    result.active_count = problem.active();
    result.status_text = "ok";
    result.rcond = std::numeric_limits<double>::quiet_NaN();
    return result;
}

} // namespace

double shrinkage_of(const Shrinkage& shrinkage, const activity::ActivityView& activity,
                    const CovariateBasis& basis, const Covariance& covariance)
{
    switch (shrinkage.kind) {
    case Shrinkage::Kind::none:
        return 0;
    case Shrinkage::Kind::ledoit_wolf:
        if (shrinkage.scale == MatrixScale::covariance)
            return ledoit_wolf_shrinkage(activity, basis, covariance);
        return ledoit_wolf_shrinkage_of_correlation(activity, basis, covariance,
                                                    shrinkage.effective_frames > 0
                                                        ? shrinkage.effective_frames
                                                        : static_cast<double>(activity.frames));
    case Shrinkage::Kind::fixed:
        break;
    }
    if (!(shrinkage.value >= 0 && shrinkage.value <= 1))
        throw base::InputError(fmt::format("shrinkage {} is not in [0, 1]", shrinkage.value),
                               "shrinkage", "give a number from 0 (none) to 1 (no correlation)");
    return shrinkage.value;
}

std::vector<double> shrunk_scale(const Covariance& covariance, double shrinkage, MatrixScale scale)
{
    const auto n = covariance.count();
    if (scale == MatrixScale::correlation)
        shrinkage = 0;
    auto mean_variance = 0.0;
    for (std::int64_t i = 0; i < n; ++i)
        mean_variance += covariance.matrix[at(i * n + i)] / static_cast<double>(n);
    auto factor = std::vector<double>(at(n));
    for (std::int64_t i = 0; i < n; ++i)
        factor[at(i)] = 1 / std::sqrt((1 - shrinkage) * covariance.matrix[at(i * n + i)] +
                                      shrinkage * mean_variance);
    return factor;
}

std::vector<double> shrunk_correlation(const Covariance& covariance, double shrinkage,
                                       MatrixScale scale)
{
    const auto n = covariance.count();
    const auto factor = shrunk_scale(covariance, shrinkage, scale);
    auto correlation = std::vector<double>(at(n * n));
    for (std::int64_t i = 0; i < n; ++i) {
        correlation[at(i * n + i)] = 1;
        for (auto j = i + 1; j < n; ++j)
            correlation[at(i * n + j)] =
                (1 - shrinkage) * covariance.matrix[at(i * n + j)] * factor[at(i)] * factor[at(j)];
    }
    return correlation;
}

PartialCorrelation partial_correlation(const activity::ActivityView& activity,
                                       const PartialCorrelationOptions& options,
                                       const CovariateView& covariates)
{
    const auto basis = covariate_basis(covariates, activity.frames);
    const auto covariance = covariance_of(activity, basis, options.accumulation);
    const auto problem = Problem{activity, basis, covariance};
    auto result = nothing_yet(problem);
    result.shrinkage = shrinkage_of(options.shrinkage, activity, basis, covariance);
    if (covariance.count() < 2) {
        result.status = PartialCorrelationStatus::too_few_neurons;
        result.status_text = fmt::format("{} of {} neurons active: there is no pair",
                                         covariance.count(), activity.neurons());
        return result;
    }
    if (result.shrinkage == 0 && activity.frames - basis.rank <= result.active_count) {
        result.status = PartialCorrelationStatus::too_few_frames;
        result.status_text =
            fmt::format("{} frames are too few for {} active neurons and {} covariates",
                        activity.frames, result.active_count, basis.rank);
        resolve_singular(problem, options, result);
        return result;
    }
    auto matrix = shrunk_correlation(covariance, result.shrinkage, options.shrinkage.scale);
    if (invert(matrix, covariance.count(), result))
        spread(problem, matrix, result.value);
    else
        resolve_singular(problem, options, result);
    return result;
}

} // namespace rewire::calcium
