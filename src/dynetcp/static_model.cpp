#include "rewire/dynetcp/static_model.hpp"

#include "exponential.hpp"

#include <rewire/base/dispatch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace rewire::dynetcp {

namespace {

#define REWIRE_INLINE [[gnu::always_inline]] inline

/// Rows of a trial by neuron.
struct Events
{
    const std::int64_t* start; ///< [neurons + 1] into the arrays
    const std::int32_t* bin;
    const double* value; ///< null: all are 1
    std::int64_t neurons;
    std::int64_t bins;
    std::int64_t lags;
};

Events events_of(const TrialValues& values, std::int64_t trial, std::int64_t lags)
{
    return {values.start.data() + trial * values.neurons,
            values.bin.data(),
            values.value.empty() ? nullptr : values.value.data(),
            values.neurons,
            values.bins,
            lags};
}

template <typename Real>
REWIRE_INLINE void gather(const Events& events, const Real* weights, Real* logits)
{
    for (std::int64_t sender = 0; sender < events.neurons; ++sender, weights += events.lags)
        for (auto event = events.start[sender]; event < events.start[sender + 1]; ++event) {
            const auto bin = std::int64_t{events.bin[event]};
            const auto count = std::min(events.lags, events.bins - bin);
            auto* to = logits + bin;
            if (events.value == nullptr) {
                for (std::int64_t lag = 0; lag < count; ++lag)
                    to[lag] += weights[lag];
            } else {
                const auto value = static_cast<Real>(events.value[event]);
                for (std::int64_t lag = 0; lag < count; ++lag)
                    to[lag] += value * weights[lag];
            }
        }
}

template <typename Real>
REWIRE_INLINE void scatter(const Events& events, const Real* residuals, Real* gradient)
{
    for (std::int64_t sender = 0; sender < events.neurons; ++sender, gradient += events.lags)
        for (auto event = events.start[sender]; event < events.start[sender + 1]; ++event) {
            const auto bin = std::int64_t{events.bin[event]};
            const auto count = std::min(events.lags, events.bins - bin);
            const auto* from = residuals + bin;
            if (events.value == nullptr) {
                for (std::int64_t lag = 0; lag < count; ++lag)
                    gradient[lag] += from[lag];
            } else {
                const auto value = static_cast<Real>(events.value[event]);
                for (std::int64_t lag = 0; lag < count; ++lag)
                    gradient[lag] += value * from[lag];
            }
        }
}

// Compiled once for each instruction set, which needs functions that are no templates.
REWIRE_CLONES("avx512f", "avx2", "default")
void gather_rows(const Events& events, const float* weights, float* logits)
{
    gather(events, weights, logits);
}
REWIRE_CLONES("avx512f", "avx2", "default")
void scatter_rows(const Events& events, const float* residuals, float* gradient)
{
    scatter(events, residuals, gradient);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void gather_rows(const Events& events, const double* weights, double* logits)
{
    gather(events, weights, logits);
}
REWIRE_CLONES("avx512f", "avx2", "default")
void scatter_rows(const Events& events, const double* residuals, double* gradient)
{
    scatter(events, residuals, gradient);
}

constexpr auto lanes = std::int64_t{8};
using Lanes = std::array<double, lanes>;

/// Adds `max(E, 0) - E y` to `linear` and multiplies `product` by 1 + exp(-|E|).
template <typename Real>
REWIRE_INLINE void entropy_of_lane(Real* logit, const Real* target, Real scale, double& linear,
                                   double& product)
{
    const auto e = static_cast<double>(*logit);
    const auto y = static_cast<double>(*target);
    const auto a = std::min(std::abs(e), 700.0);
    const auto z = exp_of_minus(a);
    const auto positive = e >= 0;
    linear += (positive ? e : 0.0) - e * y;
    product *= 1 + z;
    const auto sigmoid = (positive ? 1.0 : z) / (1 + z);
    *logit = static_cast<Real>(static_cast<double>(scale) * (sigmoid - y));
}

/// The logarithms of many factors in 1 .. 2 are that of their product: one for 64 bins of a lane.
template <typename Real>
REWIRE_INLINE double entropy(Real* logits, const Real* targets, std::int64_t bins, Real scale)
{
    constexpr auto block = 64 * lanes;
    auto total = 0.0;
    for (std::int64_t first = 0; first < bins; first += block) {
        auto linear = Lanes{};
        auto product = Lanes{};
        product.fill(1);
        const auto last = std::min(first + block, bins);
        auto bin = first;
        for (; bin + lanes <= last; bin += lanes)
            for (std::int64_t lane = 0; lane < lanes; ++lane)
                entropy_of_lane(logits + bin + lane, targets + bin + lane, scale,
                                linear[static_cast<std::size_t>(lane)],
                                product[static_cast<std::size_t>(lane)]);
        for (; bin < last; ++bin)
            entropy_of_lane(logits + bin, targets + bin, scale, linear[0], product[0]);
        auto factors = 1.0;
        for (const auto one : product)
            factors *= one; // at most 2^(512 + 8)
        for (const auto one : linear)
            total += one;
        total += std::log(factors);
    }
    return total;
}

REWIRE_CLONES("avx512f", "avx2", "default")
double entropy_of(float* logits, const float* targets, std::int64_t bins, float scale)
{
    return entropy(logits, targets, bins, scale);
}

REWIRE_CLONES("avx512f", "avx2", "default")
double entropy_of(double* logits, const double* targets, std::int64_t bins, double scale)
{
    return entropy(logits, targets, bins, scale);
}

} // namespace

template <typename Real>
void static_logits(const TrialValues& inputs, std::int64_t trial, std::int64_t lags,
                   std::span<const Real> parameters, std::span<Real> logits)
{
    std::fill(logits.begin(), logits.end(), parameters.back());
    gather_rows(events_of(inputs, trial, lags), parameters.data(), logits.data());
}

template <typename Real>
void add_static_gradient(const TrialValues& inputs, std::int64_t trial, std::int64_t lags,
                         std::span<const Real> residuals, std::span<Real> gradient)
{
    scatter_rows(events_of(inputs, trial, lags), residuals.data(), gradient.data());
    auto sum = 0.0;
    for (const auto residual : residuals)
        sum += static_cast<double>(residual);
    gradient.back() += static_cast<Real>(sum);
}

template <typename Real>
double cross_entropy(std::span<Real> logits, std::span<const Real> targets, Real scale)
{
    if (logits.empty())
        return 0;
    logits[0] = 0;
    return entropy_of(logits.data() + 1, targets.data() + 1, std::ssize(logits) - 1, scale);
}

template <typename Real>
void target_row(const TrialValues& values, std::int64_t trial, std::int64_t neuron,
                std::span<Real> row)
{
    std::fill(row.begin(), row.end(), Real{0});
    const auto events = values.row(trial, neuron);
    for (std::size_t k = 0; k < events.bin.size(); ++k)
        row[static_cast<std::size_t>(events.bin[k])] =
            events.value.empty() ? Real{1} : static_cast<Real>(events.value[k]);
}

template <typename Real>
double StaticTrial<Real>::add(const TrialValues& values, std::int64_t trial, std::int64_t receiver,
                              std::span<const Real> parameters, Real scale,
                              std::span<Real> gradient)
{
    logits_.resize(static_cast<std::size_t>(values.bins));
    targets_.resize(logits_.size());
    static_logits<Real>(values, trial, shape_.lags, parameters, logits_);
    target_row<Real>(values, trial, receiver, targets_);
    const auto sum = cross_entropy<Real>(logits_, targets_, scale);
    if (!gradient.empty())
        add_static_gradient<Real>(values, trial, shape_.lags, logits_, gradient);
    return sum;
}

#define REWIRE_STATIC(Real)                                                                        \
    template void static_logits<Real>(const TrialValues&, std::int64_t, std::int64_t,              \
                                      std::span<const Real>, std::span<Real>);                     \
    template void add_static_gradient<Real>(const TrialValues&, std::int64_t, std::int64_t,        \
                                            std::span<const Real>, std::span<Real>);               \
    template double cross_entropy<Real>(std::span<Real>, std::span<const Real>, Real);             \
    template void target_row<Real>(const TrialValues&, std::int64_t, std::int64_t,                 \
                                   std::span<Real>);                                               \
    template class StaticTrial<Real>;
REWIRE_STATIC(float)
REWIRE_STATIC(double)
#undef REWIRE_STATIC

} // namespace rewire::dynetcp
