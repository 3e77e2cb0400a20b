#include "rewire/calcium/covariance.hpp"

#include "samples_by_frame.hpp"

#include <rewire/base/index.hpp>
#include <rewire/dense/symmetric.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rewire::calcium {

namespace {

constexpr auto block_frames = std::int64_t{512};
constexpr auto negligible_residual = 1e-12; ///< of the variance

using base::at;

bool finite_and_not_constant(const activity::ActivityView& activity, std::int64_t neuron)
{
    const auto values = activity.values_of(neuron);
    if (values.empty())
        return false;
    const auto sparse = static_cast<std::int64_t>(values.size()) < activity.frames;
    auto low = sparse ? 0.0 : values.front();
    auto high = low;
    for (const auto value : values) {
        if (!std::isfinite(value))
            return false;
        low = std::min(low, value);
        high = std::max(high, value);
    }
    return low < high;
}

/// Fills the slopes of one trace on the basis; returns how much of its sum of squares they explain.
double project(const activity::ActivityView& activity, std::int64_t neuron,
               const CovariateBasis& basis, std::vector<double>& slope)
{
    const auto value = activity.values_of(neuron);
    const auto frame = activity.frames_of(neuron);
    auto explained = 0.0;
    for (std::int64_t k = 0; k < basis.rank; ++k) {
        const auto* row = basis.value.data() + k * activity.frames;
        auto sum = 0.0;
        for (std::size_t e = 0; e < value.size(); ++e)
            sum += value[e] * row[frame[e]];
        slope[at(k)] = sum;
        explained += sum * sum;
    }
    return explained;
}

/// Means, slopes on the covariates and the list of active neurons; matrix still empty.
Covariance without_products(const activity::ActivityView& activity, const CovariateBasis& basis)
{
    auto result = Covariance{};
    result.frames = activity.frames;
    result.covariates = basis.rank;
    const auto frames = static_cast<double>(activity.frames);
    auto slope = std::vector<double>(at(basis.rank));
    for (const auto neuron : active_neurons(activity)) {
        const auto value = activity.values_of(neuron);
        const auto explained = project(activity, neuron, basis, slope);
        const auto mean = std::accumulate(value.begin(), value.end(), 0.0) / frames;
        auto total = (frames - static_cast<double>(value.size())) * mean * mean;
        for (const auto v : value)
            total += (v - mean) * (v - mean);
        if (basis.rank > 0 && total - explained <= negligible_residual * total)
            continue;
        result.active.push_back(neuron);
        result.mean.push_back(mean);
        result.slope.insert(result.slope.end(), slope.begin(), slope.end());
    }
    return result;
}

/// Sum of x_i x_j over frames, less the product of the means.
void add_sparse(const activity::ActivityView& activity, Covariance& covariance)
{
    const auto n = covariance.count();
    add_products(by_frame(activity, covariance.active), n, covariance.matrix);
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i; j < n; ++j)
            covariance.matrix[at(i * n + j)] -= static_cast<double>(activity.frames) *
                                                covariance.mean[at(i)] * covariance.mean[at(j)];
}

/// Sum of centred products.
void add_dense(const activity::ActivityView& activity, Covariance& covariance)
{
    const auto n = covariance.count();
    const auto width = std::min(block_frames, activity.frames);
    auto block = std::vector<double>(at(n * width));
    auto next = std::vector<std::size_t>(at(n), 0);
    for (std::int64_t first = 0; first < activity.frames; first += width) {
        const auto columns = std::min(width, activity.frames - first);
        for (std::int64_t i = 0; i < n; ++i) {
            const auto frame = activity.frames_of(covariance.active[at(i)]);
            const auto value = activity.values_of(covariance.active[at(i)]);
            const auto mean = covariance.mean[at(i)];
            auto* row = block.data() + i * width;
            std::fill(row, row + columns, -mean);
            for (auto& e = next[at(i)]; e < frame.size() && frame[e] < first + columns; ++e)
                row[frame[e] - first] = value[e] - mean;
        }
        dense::add_products_of_rows(covariance.matrix, n, block, columns, width);
    }
}

double density_of(const activity::ActivityView& activity, const Covariance& covariance)
{
    auto entries = std::size_t{0};
    for (const auto neuron : covariance.active)
        entries += activity.frames_of(neuron).size();
    return static_cast<double>(entries) /
           (static_cast<double>(covariance.count()) * static_cast<double>(activity.frames));
}

} // namespace

std::vector<std::int64_t> active_neurons(const activity::ActivityView& activity)
{
    auto active = std::vector<std::int64_t>{};
    for (std::int64_t neuron = 0; neuron < activity.neurons(); ++neuron)
        if (finite_and_not_constant(activity, neuron))
            active.push_back(neuron);
    return active;
}

Covariance covariance_of(const activity::ActivityView& activity, const CovariateBasis& basis,
                         Accumulation accumulation)
{
    auto result = without_products(activity, basis);
    const auto n = result.count();
    result.matrix.assign(at(n * n), 0.0);
    if (n == 0)
        return result;
    const auto sparse = accumulation == Accumulation::automatic
                            ? density_of(activity, result) < dense_from_density
                            : accumulation == Accumulation::sparse;
    if (sparse)
        add_sparse(activity, result);
    else
        add_dense(activity, result);
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i; j < n; ++j) {
            auto& sum = result.matrix[at(i * n + j)];
            for (std::int64_t k = 0; k < basis.rank; ++k)
                sum -= result.slope[at(i * basis.rank + k)] * result.slope[at(j * basis.rank + k)];
            sum /= static_cast<double>(activity.frames);
        }
    return result;
}

Covariance covariance_of(const activity::ActivityView& activity, const CovariateView& covariates,
                         Accumulation accumulation)
{
    return covariance_of(activity, covariate_basis(covariates, activity.frames), accumulation);
}

} // namespace rewire::calcium
