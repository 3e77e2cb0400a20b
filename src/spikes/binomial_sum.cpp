// Tails of sums of binomials.
#include <rewire/base/dispatch.hpp>
#include <rewire/spikes/coincidence_test.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rewire::spikes {

namespace {

/// Probabilities of first, first + 1, ...
struct Mass
{
    std::int64_t first = 0;
    std::vector<double> value{1.0};
};

/// The binomial around its mode: 8.5 standard deviations and a little, beyond which nothing is left
/// of 16 digits.
Mass binomial(const TrialClass& one)
{
    const auto n = static_cast<double>(one.trials);
    const auto p = one.probability;
    const auto mode = std::min(one.trials, static_cast<std::int64_t>((n + 1) * p));
    const auto half = static_cast<std::int64_t>(8.5 * std::sqrt(n * p * (1 - p))) + 15;
    const auto first = std::max(std::int64_t{0}, mode - half);
    const auto last = std::min(one.trials, mode + half);
    auto result = Mass{first, std::vector<double>(static_cast<std::size_t>(last - first + 1))};
    const auto m = static_cast<double>(mode);
    const auto at_mode = std::exp(std::lgamma(n + 1) - std::lgamma(m + 1) - std::lgamma(n - m + 1) +
                                  m * std::log(p) + (n - m) * std::log1p(-p));
    const auto odds = p / (1 - p);
    auto* value = result.value.data() - first;
    value[mode] = at_mode;
    for (auto x = mode; x < last; ++x)
        value[x + 1] =
            value[x] * static_cast<double>(one.trials - x) / static_cast<double>(x + 1) * odds;
    for (auto x = mode; x > first; --x)
        value[x - 1] =
            value[x] * static_cast<double>(x) / static_cast<double>(one.trials - x + 1) / odds;
    return result;
}

REWIRE_CLONES("avx512f", "avx2", "default")
void add_product(const double* a, std::int64_t count_a, const double* b, std::int64_t count_b,
                 double* sum)
{
    for (std::int64_t i = 0; i < count_a; ++i)
        for (std::int64_t k = 0; k < count_b; ++k)
            sum[i + k] += a[i] * b[k];
}

Mass convolved(const Mass& a, const Mass& b)
{
    const auto& [outer, inner] = a.value.size() < b.value.size() ? std::tie(a, b) : std::tie(b, a);
    auto result =
        Mass{a.first + b.first, std::vector<double>(a.value.size() + b.value.size() - 1, 0.0)};
    add_product(outer.value.data(), std::ssize(outer.value), inner.value.data(),
                std::ssize(inner.value), result.value.data());
    return result;
}

/// Cumulant generating function and its derivatives at a tilt.
struct Cumulants
{
    double value = 0;
    double mean = 0;
    double variance = 0;
    double third = 0;
};

Cumulants cumulants(std::span<const TrialClass> classes, double tilt)
{
    auto result = Cumulants{};
    for (const auto& [p, trials] : classes) {
        const auto n = static_cast<double>(trials);
        const auto grown = p * std::exp(tilt);
        const auto tilted = grown / (1 - p + grown);
        result.value += n * std::log1p(p * std::expm1(tilt));
        result.mean += n * tilted;
        result.variance += n * tilted * (1 - tilted);
        result.third += n * tilted * (1 - tilted) * (1 - 2 * tilted);
    }
    return result;
}

/// The tilt whose mean is the count, between 0 and all.
double tilt_to(std::span<const TrialClass> classes, double count)
{
    auto low = -700.0;
    auto high = 700.0;
    auto tilt = 0.0;
    for (auto step = 0; step < 100; ++step) {
        const auto at = cumulants(classes, tilt);
        const auto miss = at.mean - count;
        if (std::abs(miss) <= 1e-9 * count)
            break;
        (miss > 0 ? high : low) = tilt;
        // Newton on log(mean): nearly linear in the tilt for rare events
        const auto next = tilt - std::log(at.mean / count) * at.mean / at.variance;
        tilt = next > low && next < high ? next : 0.5 * (low + high);
    }
    return tilt;
}

/// P(X >= count) and P(X = count).
struct FarTail
{
    double at_least = 0;
    double exactly = 0;
};

double saddlepoint_tail(const Cumulants& at, double tilt, double count)
{
    const auto deviance = 2 * (tilt * count - at.value);
    const auto root = std::sqrt(std::max(deviance, 0.0));
    const auto density = std::exp(-deviance / 2) / std::sqrt(2 * std::numbers::pi);
    if (root < 1e-2) { // the limit at the mean
        const auto sd = std::sqrt(at.variance);
        return 0.5 + density * (0.5 / sd - at.third / (6 * at.variance * sd)) - density * root;
    }
    const auto lattice = -std::expm1(-tilt) * std::sqrt(at.variance);
    return 0.5 * std::erfc(root / std::numbers::sqrt2) + density * (1 / lattice - 1 / root);
}

double convolution_cost(std::span<const TrialClass> classes, double tilt)
{
    auto width = 1.0;
    auto cost = 0.0;
    for (const auto& [p, trials] : classes) {
        const auto grown = p * std::exp(tilt);
        const auto tilted = grown / (1 - p + grown);
        const auto own = 17 * std::sqrt(static_cast<double>(trials) * tilted * (1 - tilted)) + 30;
        cost += width * std::min(own, static_cast<double>(trials) + 1);
        width += own;
    }
    return cost;
}

/// For a count not below the mean.
FarTail far_tail(std::span<const TrialClass> classes, std::int64_t count, double most_products)
{
    const auto target = static_cast<double>(count);
    const auto tilt = tilt_to(classes, target);
    const auto at = cumulants(classes, tilt);
    if (convolution_cost(classes, tilt) > most_products)
        return {saddlepoint_tail(at, tilt, target),
                std::exp(at.value - tilt * target) / std::sqrt(2 * std::numbers::pi * at.variance)};
    auto mass = Mass{};
    for (const auto& [p, trials] : classes) {
        const auto grown = p * std::exp(tilt);
        mass = convolved(mass, binomial({grown / (1 - p + grown), trials}));
    }
    const auto value_at = [&](std::int64_t x) {
        const auto index = x - mass.first;
        return index >= 0 && index < std::ssize(mass.value)
                   ? mass.value[static_cast<std::size_t>(index)]
                   : 0.0;
    };
    auto sum = 0.0;
    auto weight = 1.0;
    const auto shrink = std::exp(-tilt);
    for (auto x = count; x < mass.first + std::ssize(mass.value); ++x, weight *= shrink)
        sum += value_at(x) * weight;
    const auto scale = std::exp(at.value - tilt * target);
    return {std::min(1.0, sum * scale), value_at(count) * scale};
}

/// Without classes of no trials and of probability 0 or 1; what is certain is taken off the count.
std::vector<TrialClass> uncertain(std::span<const TrialClass> classes, bool failures,
                                  std::int64_t& count)
{
    auto result = std::vector<TrialClass>{};
    for (const auto& [probability, trials] : classes) {
        const auto p = failures ? 1 - probability : probability;
        if (p >= 1)
            count -= trials;
        else if (p > 0 && trials > 0)
            result.push_back({p, trials});
    }
    return result;
}

/// P(X >= count) and P(X = count) for successes or, mirrored, for failures, where the count is not
/// below the mean.
FarTail tail_of(const std::vector<TrialClass>& classes, std::int64_t all, std::int64_t count,
                double most_products)
{
    if (count <= 0) // no trials
        return {1, 1};
    if (count > all)
        return {0, 0};
    if (count < all)
        return far_tail(classes, count, most_products);
    auto log_p = 0.0;
    for (const auto& [p, trials] : classes)
        log_p += static_cast<double>(trials) * std::log(p);
    return {std::exp(log_p), std::exp(log_p)};
}

} // namespace

double mean_of(std::span<const TrialClass> classes) noexcept
{
    auto sum = 0.0;
    for (const auto& [p, trials] : classes)
        sum += p * static_cast<double>(trials);
    return sum;
}

double variance_of(std::span<const TrialClass> classes) noexcept
{
    auto sum = 0.0;
    for (const auto& [p, trials] : classes)
        sum += p * (1 - p) * static_cast<double>(trials);
    return sum;
}

stats::Tails tails(std::span<const TrialClass> given, std::int64_t count, double most_products)
{
    const auto classes = uncertain(given, false, count);
    auto all = std::int64_t{0};
    for (const auto& one : classes)
        all += one.trials;
    if (count < 0)
        return {1, 0};
    if (count > all)
        return {0, 1};
    if (static_cast<double>(count) >= mean_of(classes)) {
        const auto upper = tail_of(classes, all, count, most_products);
        return {upper.at_least, std::min(1.0, 1 - upper.at_least + upper.exactly)};
    }
    auto failures = all - count;
    const auto lower = tail_of(uncertain(classes, true, failures), all, failures, most_products);
    return {std::min(1.0, 1 - lower.at_least + lower.exactly), lower.at_least};
}

} // namespace rewire::spikes
