#include "rewire/network/session_change.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/base/random.hpp>
#include <rewire/stats/correlation.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rewire::network {

namespace {

using base::nan;
/// Correlations of orders that are mirror images differ by rounding alone.
constexpr auto rounding = 1e-12;

std::int64_t lag_of(std::span<const std::int64_t> position, Eigen::Index s, Eigen::Index t) noexcept
{
    return std::abs(position[static_cast<std::size_t>(t)] - position[static_cast<std::size_t>(s)]);
}

double displacement_at(const Eigen::VectorXd& displacement, std::int64_t lag) noexcept
{
    return lag <= displacement.size() ? displacement[lag - 1] : nan;
}

/// Mean D between sessions first .. 4th and those of another range of positions.
double mean_to_first_four(const Eigen::MatrixXd& distance, std::span<const std::int64_t> position,
                          std::int64_t first, std::int64_t last) noexcept
{
    auto sum = 0.0;
    auto count = 0;
    for (Eigen::Index s = 0; s < distance.rows(); ++s)
        for (Eigen::Index t = 0; t < distance.cols(); ++t) {
            const auto from = position[static_cast<std::size_t>(s)];
            const auto to = position[static_cast<std::size_t>(t)];
            if (from >= 0 && from < 4 && to >= first && to <= last) {
                sum += distance(s, t);
                ++count;
            }
        }
    return count > 0 ? sum / count : nan;
}

} // namespace

HalfSums::HalfSums(Eigen::Index sessions)
    : sum_a(Eigen::VectorXd::Zero(sessions)),
      sum_b(Eigen::VectorXd::Zero(sessions)),
      square_a(Eigen::VectorXd::Zero(sessions)),
      square_b(Eigen::VectorXd::Zero(sessions)),
      cross(Eigen::MatrixXd::Zero(sessions, sessions))
{
}

HalfSums& HalfSums::operator+=(const HalfSums& more)
{
    pairs += more.pairs;
    sum_a += more.sum_a;
    sum_b += more.sum_b;
    square_a += more.square_a;
    square_b += more.square_b;
    cross += more.cross;
    return *this;
}

HalfSums& HalfSums::operator-=(const HalfSums& less)
{
    pairs -= less.pairs;
    sum_a -= less.sum_a;
    sum_b -= less.sum_b;
    square_a -= less.square_a;
    square_b -= less.square_b;
    cross -= less.cross;
    return *this;
}

void HalfSums::add_pair(const Eigen::Ref<const Eigen::VectorXd>& a,
                        const Eigen::Ref<const Eigen::VectorXd>& b)
{
    ++pairs;
    sum_a += a;
    sum_b += b;
    square_a += a.cwiseAbs2();
    square_b += b.cwiseAbs2();
    cross.noalias() += a * b.transpose();
}

HalfSums half_sums(const SessionBlockView& a, const SessionBlockView& b)
{
    auto sums = HalfSums(a.rows());
    sums.pairs = a.cols();
    sums.sum_a = a.rowwise().sum();
    sums.sum_b = b.rowwise().sum();
    sums.square_a = a.rowwise().squaredNorm();
    sums.square_b = b.rowwise().squaredNorm();
    sums.cross.noalias() = a * b.transpose();
    return sums;
}

HalfSums of_sessions(const HalfSums& sums, std::span<const std::int64_t> sessions)
{
    const auto count = static_cast<Eigen::Index>(sessions.size());
    auto some = HalfSums(count);
    some.pairs = sums.pairs;
    for (Eigen::Index s = 0; s < count; ++s) {
        const auto from = sessions[static_cast<std::size_t>(s)];
        some.sum_a[s] = sums.sum_a[from];
        some.sum_b[s] = sums.sum_b[from];
        some.square_a[s] = sums.square_a[from];
        some.square_b[s] = sums.square_b[from];
        for (Eigen::Index t = 0; t < count; ++t)
            some.cross(s, t) = sums.cross(from, sessions[static_cast<std::size_t>(t)]);
    }
    return some;
}

SessionSimilarity session_similarity(const HalfSums& sums)
{
    const auto sessions = sums.cross.rows();
    const auto pairs = static_cast<double>(sums.pairs);
    const Eigen::MatrixXd cross = sums.cross - sums.sum_a * sums.sum_b.transpose() / pairs;
    const Eigen::MatrixXd product = (cross + cross.transpose()) / 2;
    const Eigen::VectorXd square_a = sums.square_a - sums.sum_a.cwiseAbs2() / pairs;
    const Eigen::VectorXd square_b = sums.square_b - sums.sum_b.cwiseAbs2() / pairs;
    auto result = SessionSimilarity{};
    result.reliability.resize(sessions);
    result.signal_to_error.resize(sessions);
    auto scale = Eigen::VectorXd(sessions);
    for (Eigen::Index s = 0; s < sessions; ++s) {
        const auto norms = std::sqrt(std::max(square_a[s], 0.0) * std::max(square_b[s], 0.0));
        result.reliability[s] = norms > 0 ? product(s, s) / norms : nan;
        result.signal_to_error[s] = result.reliability[s] * std::sqrt(pairs);
        scale[s] = product(s, s) > 0 ? 1 / std::sqrt(product(s, s)) : nan;
    }
    result.similarity = scale.asDiagonal() * product * scale.asDiagonal();
    result.distance = (2 - 2 * result.similarity.array()).matrix();
    for (Eigen::Index s = 0; s < sessions; ++s)
        if (!std::isnan(scale[s])) {
            result.similarity(s, s) = 1;
            result.distance(s, s) = 0;
        }
    return result;
}

Eigen::VectorXd mean_squared_displacement(const Eigen::MatrixXd& distance,
                                          std::span<const std::int64_t> position)
{
    if (position.empty())
        return {};
    const auto lags = position.back() - position.front();
    auto sum = Eigen::VectorXd(Eigen::VectorXd::Zero(lags));
    auto count = Eigen::VectorXd(Eigen::VectorXd::Zero(lags));
    for (Eigen::Index s = 0; s < distance.rows(); ++s)
        for (auto t = s + 1; t < distance.cols(); ++t) {
            const auto lag = lag_of(position, s, t);
            sum[lag - 1] += distance(s, t);
            count[lag - 1] += 1;
        }
    return sum.cwiseQuotient(count); // 0 / 0 is NaN
}

double bend_of(const Eigen::VectorXd& displacement) noexcept
{
    return displacement_at(displacement, 6) - 2 * displacement_at(displacement, 4) +
           displacement_at(displacement, 2);
}

double exponent_of(const Eigen::VectorXd& displacement) noexcept
{
    constexpr auto count = last_exponent_lag - first_exponent_lag + 1;
    auto mean_x = 0.0;
    for (auto lag = first_exponent_lag; lag <= last_exponent_lag; ++lag)
        mean_x += std::log(static_cast<double>(lag)) / count;
    auto xx = 0.0;
    auto xy = 0.0;
    for (auto lag = first_exponent_lag; lag <= last_exponent_lag; ++lag) {
        const auto value = displacement_at(displacement, lag);
        if (!(value > 0))
            return nan;
        const auto x = std::log(static_cast<double>(lag)) - mean_x;
        xx += x * x;
        xy += x * std::log(value);
    }
    return xy / xx;
}

double return_of(const Eigen::MatrixXd& distance, std::span<const std::int64_t> position) noexcept
{
    return mean_to_first_four(distance, position, 5, 8) -
           mean_to_first_four(distance, position, 10, 13);
}

ExponentInterval exponent_interval(double exponent, std::span<const double> without_neuron)
{
    const auto n = static_cast<double>(without_neuron.size());
    const auto mean = std::accumulate(without_neuron.begin(), without_neuron.end(), 0.0) / n;
    auto squares = 0.0;
    for (const auto value : without_neuron)
        squares += (value - mean) * (value - mean);
    const auto error = std::sqrt((n - 2) / (2 * n) * squares);
    constexpr auto normal_quantile = 1.959963984540054;
    return {exponent - normal_quantile * error, exponent + normal_quantile * error};
}

double mantel_correlation(const Eigen::MatrixXd& distance, std::span<const std::int64_t> position,
                          std::span<const std::int64_t> order)
{
    auto x = std::vector<double>{};
    auto y = std::vector<double>{};
    for (Eigen::Index s = 0; s < distance.rows(); ++s)
        for (auto t = s + 1; t < distance.cols(); ++t) {
            x.push_back(
                distance(order[static_cast<std::size_t>(s)], order[static_cast<std::size_t>(t)]));
            y.push_back(static_cast<double>(lag_of(position, s, t)));
        }
    return stats::pearson(x, y);
}

double mantel_p(double observed, std::span<const double> drawn)
{
    if (std::isnan(observed))
        return nan;
    const auto exceed = std::count_if(drawn.begin(), drawn.end(),
                                      [&](double value) { return value >= observed - rounding; });
    return stats::monte_carlo_p(exceed, static_cast<std::int64_t>(drawn.size()));
}

MantelTest mantel_test(const Eigen::MatrixXd& distance, std::span<const std::int64_t> position,
                       const OrderKey& key, std::int64_t draws)
{
    const auto sessions = distance.rows();
    if (sessions < least_sessions_of_change)
        return {nan, nan, 0, false};
    auto order = std::vector<std::int64_t>(static_cast<std::size_t>(sessions));
    std::iota(order.begin(), order.end(), 0);
    auto test = MantelTest{.correlation = mantel_correlation(distance, position, order),
                           .all_orders = sessions <= most_sessions_of_all_orders};
    auto drawn = std::vector<double>{};
    if (test.all_orders) {
        while (std::next_permutation(order.begin(), order.end())) // but for the observed one
            drawn.push_back(mantel_correlation(distance, position, order));
    } else {
        for (std::int64_t draw = 0; draw < draws; ++draw) {
            auto stream = base::Stream(key.seed, {base::key_of("order of sessions"), key.subject,
                                                  static_cast<std::uint64_t>(draw)});
            drawn.push_back(
                mantel_correlation(distance, position, base::permutation(stream, sessions)));
        }
    }
    test.p_value = mantel_p(test.correlation, drawn);
    test.orders = static_cast<std::int64_t>(drawn.size()) + 1;
    return test;
}

} // namespace rewire::network
