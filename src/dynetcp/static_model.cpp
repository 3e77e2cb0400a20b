#include "rewire/dynetcp/static_model.hpp"

#include "event_kernels.hpp"
#include "exponential.hpp"

#include <rewire/base/dispatch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace rewire::dynetcp {

namespace {

#define REWIRE_INLINE [[gnu::always_inline]] inline

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
REWIRE_CLONES("avx2", "default")
void gather_plain(const Events& events, const float* weights, float* logits)
{
    gather(events, weights, logits);
}
REWIRE_CLONES("avx2", "default")
void scatter_plain(const Events& events, const float* residuals, float* gradient)
{
    scatter(events, residuals, gradient);
}

/// Whether there is a faster way.
bool by_avx512(const Events& events)
{
#if defined(__x86_64__)
    static const auto supported = static_cast<bool>(__builtin_cpu_supports("avx512f"));
    return supported && events.value == nullptr;
#else
    return false;
#endif
}

void gather_rows(const Events& events, const float* weights, float* logits)
{
#if defined(__x86_64__)
    if (by_avx512(events))
        return gather_avx512(events, weights, logits);
#endif
    gather_plain(events, weights, logits);
}

void scatter_rows(const Events& events, const float* residuals, float* gradient)
{
#if defined(__x86_64__)
    if (by_avx512(events))
        return scatter_avx512(events, residuals, gradient);
#endif
    scatter_plain(events, residuals, gradient);
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

constexpr auto lanes = std::size_t{8};
constexpr auto block = std::size_t{64};

/// Of up to `block` bins: max(E, 0) - E y, exp(-|E|), and what takes the place of E.
template <typename Real>
REWIRE_INLINE void entropy_terms(std::size_t bins, Real* logits, const Real* targets, Real scale,
                                 Real* linear, Real* exponential)
{
    for (std::size_t bin = 0; bin < bins; ++bin) {
        const auto e = logits[bin];
        const auto size = std::abs(e);
        const auto z = exp_of_minus(size < largest_exponent<Real> ? size : largest_exponent<Real>);
        linear[bin] = (e >= 0 ? e : Real{0}) - e * targets[bin];
        exponential[bin] = z;
        logits[bin] = scale * ((e >= 0 ? Real{1} : z) / (1 + z) - targets[bin]);
    }
}

/// Sums are in double. The logarithms of many factors in 1 .. 2 are that of their product: one for
/// a block.
template <typename Real>
REWIRE_INLINE double entropy(Real* logits, const Real* targets, std::int64_t bins, Real scale)
{
    auto total = 0.0;
    for (std::int64_t first = 0; first < bins; first += block) {
        auto linear = std::array<Real, block>{};
        auto exponential = std::array<Real, block>{};
        entropy_terms(static_cast<std::size_t>(std::min<std::int64_t>(block, bins - first)),
                      logits + first, targets + first, scale, linear.data(), exponential.data());
        auto sum = std::array<double, lanes>{};
        auto product = std::array<double, lanes>{};
        product.fill(1);
        for (std::size_t k = 0; k < block; k += lanes)
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                sum[lane] += static_cast<double>(linear[k + lane]);
                product[lane] *= 1 + static_cast<double>(exponential[k + lane]);
            }
        auto factors = 1.0;
        for (const auto one : product)
            factors *= one; // at most 2^64
        for (const auto one : sum)
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
