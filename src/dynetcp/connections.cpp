#include "rewire/dynetcp/connections.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <cmath>
#include <optional>

namespace rewire::dynetcp {

namespace {

struct Peak
{
    double size = 0; ///< as it is compared
    std::int64_t lag = 0;
};

Peak peak_of(std::span<const double> row, const StaticRule& rule)
{
    auto peak = Peak{};
    for (std::int64_t lag = 0; lag <= rule.peak_lag; ++lag) {
        const auto weight = row[static_cast<std::size_t>(lag)];
        const auto size = rule.absolute ? std::abs(weight) : weight;
        if (lag == 0 || size > peak.size)
            peak = {size, lag};
    }
    return peak;
}

double flank_sd(std::span<const double> forward, std::span<const double> backward,
                std::int64_t first)
{
    const auto from = static_cast<std::size_t>(first);
    const auto flanks = {forward.subspan(from), backward.subspan(from)};
    const auto count = static_cast<double>(2 * (forward.size() - from));
    auto mean = 0.0;
    for (const auto& flank : flanks)
        for (const auto weight : flank)
            mean += weight / count;
    auto squares = 0.0;
    for (const auto& flank : flanks)
        for (const auto weight : flank)
            squares += (weight - mean) * (weight - mean);
    return std::sqrt(squares / count);
}

/// True: i -> j; false: j -> i.
std::optional<bool> direction(const Peak& forward, const Peak& backward, double threshold)
{
    if (forward.lag == 0 && backward.lag == 0 && forward.size > threshold)
        return true;
    if (forward.size > backward.size && forward.size > threshold)
        return true;
    if (backward.size > forward.size && backward.size > threshold)
        return false;
    return std::nullopt;
}

void check(std::int64_t lags, const StaticRule& rule)
{
    if (rule.flank_first >= lags || rule.peak_lag >= lags)
        throw base::UsageError(fmt::format("{} lags leave no flanks to take the noise from", lags),
                               "static connections", "fit more lags");
}

} // namespace

std::vector<StaticConnection>
static_connections(std::span<const double> weights, std::int64_t neurons, std::int64_t lags,
                   const StaticRule& rule,
                   const std::function<bool(std::int64_t i, std::int64_t j)>& asked)
{
    check(lags, rule);
    const auto row = [&](std::int64_t sender, std::int64_t receiver) {
        return weights.subspan(static_cast<std::size_t>((sender * neurons + receiver) * lags),
                               static_cast<std::size_t>(lags));
    };
    auto found = std::vector<StaticConnection>{};
    for (std::int64_t i = 0; i < neurons; ++i)
        for (auto j = i + 1; j < neurons; ++j) {
            if (asked && !asked(i, j))
                continue;
            const auto forward = peak_of(row(i, j), rule);
            const auto backward = peak_of(row(j, i), rule);
            const auto sd = flank_sd(row(i, j), row(j, i), rule.flank_first);
            const auto leads = direction(forward, backward, rule.threshold_sd * sd);
            if (!leads)
                continue;
            const auto sender = *leads ? i : j;
            const auto receiver = *leads ? j : i;
            const auto lag = *leads ? forward.lag : backward.lag;
            found.push_back({static_cast<std::int32_t>(sender), static_cast<std::int32_t>(receiver),
                             static_cast<std::int32_t>(lag),
                             row(sender, receiver)[static_cast<std::size_t>(lag)], sd});
        }
    return found;
}

double pair_spikes(double first_rate_hz, double second_rate_hz, std::int64_t trials) noexcept
{
    constexpr auto window_s = 10 * 0.005;
    return first_rate_hz * second_rate_hz * window_s * static_cast<double>(trials);
}

} // namespace rewire::dynetcp
