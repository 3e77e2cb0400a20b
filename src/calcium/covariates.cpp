#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/calcium/covariance.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rewire::calcium {

namespace {

constexpr auto negligible_covariate = 1e-10;

using base::at;

double dot(const std::vector<double>& a, const double* b)
{
    return std::inner_product(a.begin(), a.end(), b, 0.0);
}

/// Adds what is new in this row, if anything, to the basis.
void add_row(std::span<const double> row, CovariateBasis& basis)
{
    const auto frames = static_cast<std::int64_t>(row.size());
    auto rest = std::vector<double>(row.begin(), row.end());
    const auto mean = std::accumulate(rest.begin(), rest.end(), 0.0) / static_cast<double>(frames);
    auto largest = 0.0;
    for (auto& value : rest) {
        largest = std::max(largest, std::abs(value));
        value -= mean;
    }
    // Twice is enough: the second pass takes out what rounding left.
    for (auto pass = 0; pass < 2; ++pass)
        for (std::int64_t k = 0; k < basis.rank; ++k) {
            const auto* other = basis.value.data() + k * frames;
            const auto overlap = dot(rest, other);
            for (std::int64_t t = 0; t < frames; ++t)
                rest[at(t)] -= overlap * other[t];
        }
    const auto norm = std::sqrt(dot(rest, rest.data()));
    if (norm <= negligible_covariate * largest * std::sqrt(static_cast<double>(frames)))
        return;
    for (const auto value : rest)
        basis.value.push_back(value / norm);
    ++basis.rank;
}

/// |x - c|^2 of every frame, x the active neurons' activity and c = mean + slope . basis what is
/// expected of it: |c|^2, plus x^2 - 2 x c over the non-zero x.
std::vector<double> squared_lengths(const activity::ActivityView& activity,
                                    const CovariateBasis& basis, const Covariance& covariance)
{
    const auto rank = basis.rank;
    auto expected = [&](std::int64_t i, std::int64_t t) {
        auto sum = covariance.mean[at(i)];
        for (std::int64_t k = 0; k < rank; ++k)
            sum += covariance.slope[at(i * rank + k)] * basis.value[at(k * activity.frames + t)];
        return sum;
    };
    auto constant = 0.0; // |c|^2 = constant + linear . q + q . gram q, q the basis in this frame
    auto linear = std::vector<double>(at(rank), 0.0);
    auto gram = std::vector<double>(at(rank * rank), 0.0);
    for (std::int64_t i = 0; i < covariance.count(); ++i) {
        const auto* slope = covariance.slope.data() + i * rank;
        constant += covariance.mean[at(i)] * covariance.mean[at(i)];
        for (std::int64_t k = 0; k < rank; ++k) {
            linear[at(k)] += 2 * covariance.mean[at(i)] * slope[k];
            for (std::int64_t l = 0; l < rank; ++l)
                gram[at(k * rank + l)] += slope[k] * slope[l];
        }
    }
    auto length = std::vector<double>(at(activity.frames), constant);
    for (std::int64_t t = 0; t < activity.frames; ++t)
        for (std::int64_t k = 0; k < rank; ++k) {
            const auto q = basis.value[at(k * activity.frames + t)];
            length[at(t)] += linear[at(k)] * q;
            for (std::int64_t l = 0; l < rank; ++l)
                length[at(t)] +=
                    gram[at(k * rank + l)] * q * basis.value[at(l * activity.frames + t)];
        }
    for (std::int64_t i = 0; i < covariance.count(); ++i) {
        const auto frame = activity.frames_of(covariance.active[at(i)]);
        const auto value = activity.values_of(covariance.active[at(i)]);
        for (std::size_t e = 0; e < frame.size(); ++e)
            length[at(frame[e])] += value[e] * (value[e] - 2 * expected(i, frame[e]));
    }
    return length;
}

} // namespace

CovariateBasis covariate_basis(const CovariateView& covariates, std::int64_t frames)
{
    const auto given = static_cast<std::int64_t>(covariates.value.size());
    if (given != covariates.count * frames)
        throw base::InputError(fmt::format("{} covariates over {} frames need {} values, not {}",
                                           covariates.count, frames, covariates.count * frames,
                                           given),
                               "covariates", "give one value a frame");
    auto basis = CovariateBasis{};
    for (std::int64_t c = 0; c < covariates.count; ++c) {
        const auto row = covariates.value.subspan(at(c * frames), at(frames));
        if (!std::all_of(row.begin(), row.end(), [](double v) { return std::isfinite(v); }))
            throw base::InputError(fmt::format("covariate {} has a value that is not finite", c),
                                   "covariates", "interpolate it or leave these frames out");
        add_row(row, basis);
    }
    return basis;
}

namespace {

ShrinkageTerms terms_with(const activity::ActivityView& activity, const CovariateBasis& basis,
                          const Covariance& covariance, double independent_frames)
{
    const auto n = covariance.count();
    if (n < 2)
        return {};
    const auto length = squared_lengths(activity, basis, covariance);
    const auto fourth = dot(length, length.data());
    const auto frames = static_cast<double>(activity.frames);
    auto trace = 0.0;
    auto squares = 0.0; // of all elements of the covariance
    for (std::int64_t i = 0; i < n; ++i) {
        const auto variance = covariance.matrix[at(i * n + i)];
        trace += variance;
        squares += variance * variance;
        for (auto j = i + 1; j < n; ++j)
            squares += 2 * covariance.matrix[at(i * n + j)] * covariance.matrix[at(i * n + j)];
    }
    const auto p = static_cast<double>(n);
    return {.noise = (fourth / frames - squares) / (p * independent_frames),
            .distance = (squares - trace * trace / p) / p};
}

} // namespace

double ledoit_wolf_shrinkage(const activity::ActivityView& activity, const CovariateBasis& basis,
                             const Covariance& covariance)
{
    return terms_with(activity, basis, covariance, static_cast<double>(activity.frames))
        .intensity();
}

double ledoit_wolf_shrinkage_of_correlation(const activity::ActivityView& activity,
                                            const CovariateBasis& basis,
                                            const Covariance& covariance, double effective_frames)
{
    return ledoit_wolf_terms_of_correlation(activity, basis, covariance, effective_frames)
        .intensity();
}

ShrinkageTerms ledoit_wolf_terms_of_correlation(const activity::ActivityView& activity,
                                                const CovariateBasis& basis,
                                                const Covariance& covariance,
                                                double effective_frames)
{
    const auto n = covariance.count();
    auto scaled = covariance;
    auto samples = activity::Activity{};
    samples.frames = activity.frames;
    samples.frame.assign(activity.frame.begin(), activity.frame.end());
    samples.start.assign(activity.start.begin(), activity.start.end());
    samples.value.assign(activity.value.begin(), activity.value.end());
    auto factor = std::vector<double>(at(n));
    for (std::int64_t i = 0; i < n; ++i) {
        factor[at(i)] = 1 / std::sqrt(covariance.matrix[at(i * n + i)]);
        scaled.mean[at(i)] *= factor[at(i)];
        for (std::int64_t k = 0; k < basis.rank; ++k)
            scaled.slope[at(i * basis.rank + k)] *= factor[at(i)];
        const auto neuron = covariance.active[at(i)];
        for (auto e = activity.start[at(neuron)]; e < activity.start[at(neuron) + 1]; ++e)
            samples.value[at(e)] *= factor[at(i)];
    }
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i; j < n; ++j)
            scaled.matrix[at(i * n + j)] *= factor[at(i)] * factor[at(j)];
    return terms_with(samples.view(), basis, scaled, effective_frames);
}

} // namespace rewire::calcium
