#pragma once

#include <rewire/spikes/glmcc.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

/// The fit of GLMCC, one pair at a time, bin after bin: what those of many pairs are held against.
namespace rewire::test::scalar_glmcc {

using spikes::glmcc_bins;
using spikes::glmcc_half;
using spikes::GlmccEvents;
using spikes::GlmccFit;

constexpr auto background_bins = static_cast<std::size_t>(glmcc_bins);
constexpr auto smallest_coupling = -3.0;
constexpr auto largest_coupling = 5.0;

using Background = std::array<double, background_bins>;
using Pair = std::array<double, 2>;

/// The kernel f over the bin of 1 ms that begins r ms after the delay: Gauss-Legendre nodes, and
/// moments for where J f is small.
struct KernelBin
{
    static constexpr auto nodes = std::size_t{5};
    double largest = 0;
    std::array<double, nodes> value{};
    std::array<double, 4> moment{}; ///< integral of f^n, n = 1 .. 4
};

constexpr auto node_place =
    std::array{0.046910077030668, 0.230765344947158, 0.5, 0.769234655052842, 0.953089922969332};
constexpr auto node_weight = std::array{0.118463442528095, 0.239314335249683, 0.284444444444444,
                                        0.239314335249683, 0.118463442528095};

inline std::vector<KernelBin> make_kernel_bins(double tau_ms)
{
    auto result = std::vector<KernelBin>{};
    for (std::int64_t r = 0; r < glmcc_half; ++r) {
        const auto start = static_cast<double>(r);
        auto one = KernelBin{std::exp(-start / tau_ms)};
        for (std::size_t q = 0; q < KernelBin::nodes; ++q)
            one.value[q] = std::exp(-(start + node_place[q]) / tau_ms);
        for (std::size_t n = 1; n <= one.moment.size(); ++n) {
            const auto power = static_cast<double>(n);
            one.moment[n - 1] =
                tau_ms / power * std::exp(-power * start / tau_ms) * -std::expm1(-power / tau_ms);
        }
        result.push_back(one);
    }
    return result;
}

/// Integrals over a bin of e^{Jf}, f e^{Jf}, f^2 e^{Jf}.
struct Integrals
{
    double none = 1;
    double first = 0;
    double second = 0;
};

inline Integrals integrals_of(const KernelBin& kernel, double j)
{
    if (std::abs(j) * kernel.largest < 1e-3) {
        // the next terms are below 1e-13
        const auto& m = kernel.moment;
        return {1 + j * (m[0] + j * (m[1] / 2 + j * (m[2] / 6 + j * m[3] / 24))),
                m[0] + j * (m[1] + j * (m[2] / 2 + j * m[3] / 6)),
                m[1] + j * (m[2] + j * m[3] / 2)};
    }
    auto sum = Integrals{0, 0, 0};
    for (std::size_t q = 0; q < KernelBin::nodes; ++q) {
        const auto f = kernel.value[q];
        const auto term = node_weight[q] * std::exp(j * f);
        sum.none += term;
        sum.first += f * term;
        sum.second += f * f * term;
    }
    return sum;
}

/// The log posterior at a point, its gradient and Hessian.
struct Point
{
    Background a{};
    Pair coupling{};
    double log_posterior = 0;
    double log_likelihood = 0;
    Background gradient_a{};
    Pair gradient_j{};
    Background expected{}; ///< G: events of each bin
    Background mixed{};    ///< e^a I1, of the one side that the bin is on
    Pair curvature{};      ///< sum of e^a I2
};

class Model
{
  public:
    Model(const GlmccEvents& events, int delay_ms, double stiffness, double tau_ms)
        : events_(events),
          delay_(delay_ms),
          stiffness_(stiffness),
          kernel_(make_kernel_bins(tau_ms))
    {
        for (std::size_t side = 0; side < 2; ++side) {
            for (auto m = static_cast<std::size_t>(delay_ms); m < events.kernel_sum[side].size();
                 ++m)
                sum_[side] += events.kernel_sum[side][m];
            sum_[side] *= std::exp(delay_ms / tau_ms);
        }
    }

    void evaluate(Point& point) const
    {
        point.log_likelihood = 0;
        point.curvature = {};
        for (std::size_t side = 0; side < 2; ++side) {
            point.log_likelihood += point.coupling[side] * sum_[side];
            point.gradient_j[side] = sum_[side];
        }
        auto roughness = 0.0;
        for (std::size_t k = 0; k < background_bins; ++k) {
            const auto [side, distance] = place(k);
            const auto on_kernel = distance >= 0;
            const auto parts = on_kernel ? integrals_of(kernel_[static_cast<std::size_t>(distance)],
                                                        point.coupling[side])
                                         : Integrals{};
            const auto background = std::exp(point.a[k]);
            point.expected[k] = background * parts.none;
            point.mixed[k] = background * parts.first;
            if (on_kernel) {
                point.gradient_j[side] -= point.mixed[k];
                point.curvature[side] += background * parts.second;
            }
            point.log_likelihood += events_.count[k] * point.a[k] - point.expected[k];
            point.gradient_a[k] = events_.count[k] - point.expected[k];
            if (k > 0) {
                const auto step = point.a[k] - point.a[k - 1];
                roughness += step * step;
                point.gradient_a[k] -= stiffness_ * step;
                point.gradient_a[k - 1] += stiffness_ * step;
            }
        }
        point.log_posterior = point.log_likelihood - stiffness_ / 2 * roughness;
    }

    /// Newton step; couplings whose `held` is set stay. Returns the decrement g . step.
    double step(const Point& at, const std::array<bool, 2>& held, Background& step_a,
                Pair& step_j) const
    {
        auto columns = std::array<Background, 2>{};
        solve_background(at, step_a, columns);
        step_j = schur(at, held, step_a, columns);
        auto decrement = at.gradient_j[0] * step_j[0] + at.gradient_j[1] * step_j[1];
        for (std::size_t k = 0; k < background_bins; ++k) {
            step_a[k] -= step_j[0] * columns[0][k] + step_j[1] * columns[1][k];
            decrement += at.gradient_a[k] * step_a[k];
        }
        return decrement;
    }

  private:
    struct Place
    {
        std::size_t side;
        std::int64_t distance; ///< bins after the delay; negative: before it
    };

    Place place(std::size_t bin) const
    {
        const auto lag = static_cast<std::int64_t>(bin) - glmcc_half;
        return lag >= 0 ? Place{1, lag - delay_} : Place{0, -lag - 1 - delay_};
    }

    static std::size_t bin_of(std::size_t from_end, std::size_t side)
    {
        return side == 0 ? from_end : background_bins - 1 - from_end;
    }

    /// Solutions of the tridiagonal block, over the stiffness, for the gradient and for the columns
    /// of both couplings. From both ends to the middle and back, as every step waits for the one
    /// before: the column of a coupling has nothing on the other side until then.
    void solve_background(const Point& at, Background& gradient,
                          std::array<Background, 2>& columns) const
    {
        constexpr auto half = static_cast<std::size_t>(glmcc_half);
        auto inverse = std::array<Pair, half>{}; // of the pivots; [bins from the end, side]
        auto right = std::array<Pair, half>{};
        auto column = std::array<Pair, half>{};
        auto pivot = Pair{};
        const auto scale = 1 / stiffness_;
        for (std::size_t k = 0; k < half; ++k)
            for (std::size_t side = 0; side < 2; ++side) {
                const auto bin = bin_of(k, side);
                pivot[side] = at.expected[bin] * scale + (k == 0 ? 1 : 2);
                right[k][side] = at.gradient_a[bin] * scale;
                column[k][side] = at.mixed[bin] * scale;
                if (k > 0) {
                    pivot[side] -= inverse[k - 1][side];
                    right[k][side] += inverse[k - 1][side] * right[k - 1][side];
                    column[k][side] += inverse[k - 1][side] * column[k - 1][side];
                }
                inverse[k][side] = 1 / pivot[side];
            }
        const auto determinant = pivot[0] * pivot[1] - 1;
        const auto last = half - 1;
        for (std::size_t side = 0; side < 2; ++side) {
            const auto other = 1 - side;
            const auto bin = bin_of(last, side);
            gradient[bin] = (right[last][side] * pivot[other] + right[last][other]) / determinant;
            columns[side][bin] = column[last][side] * pivot[other] / determinant;
            columns[other][bin] = column[last][other] / determinant;
        }
        for (auto k = last; k-- > 0;)
            for (std::size_t side = 0; side < 2; ++side) {
                const auto bin = bin_of(k, side);
                const auto inner = bin_of(k + 1, side);
                gradient[bin] = (right[k][side] + gradient[inner]) * inverse[k][side];
                columns[side][bin] = (column[k][side] + columns[side][inner]) * inverse[k][side];
                columns[1 - side][bin] = columns[1 - side][inner] * inverse[k][side];
            }
    }

    /// What is left for the couplings once the background is eliminated: 2 x 2.
    Pair schur(const Point& at, const std::array<bool, 2>& held, const Background& solved_gradient,
               const std::array<Background, 2>& solved) const
    {
        auto matrix = std::array<Pair, 2>{};
        auto right = at.gradient_j;
        matrix[0][0] = at.curvature[0];
        matrix[1][1] = at.curvature[1];
        for (std::size_t k = 0; k < background_bins; ++k) {
            const auto [side, distance] = place(k);
            if (distance < 0)
                continue;
            right[side] -= at.mixed[k] * solved_gradient[k];
            matrix[side][0] -= at.mixed[k] * solved[0][k];
            matrix[side][1] -= at.mixed[k] * solved[1][k];
        }
        for (std::size_t side = 0; side < 2; ++side)
            if (held[side] || !(matrix[side][side] > 0)) {
                matrix[side][side] = 1;
                matrix[0][1] = matrix[1][0] = 0;
                right[side] = 0;
            }
        const auto determinant = matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0];
        return {(right[0] * matrix[1][1] - right[1] * matrix[0][1]) / determinant,
                (right[1] * matrix[0][0] - right[0] * matrix[1][0]) / determinant};
    }

    const GlmccEvents& events_;
    int delay_;
    double stiffness_;
    std::vector<KernelBin> kernel_;
    Pair sum_{};
};

/// Couplings that a step must leave: those asked for, and those at a limit that the gradient would
/// push beyond it.
inline std::array<bool, 2> held_couplings(const Point& point, int without)
{
    auto result = std::array<bool, 2>{};
    for (std::size_t side = 0; side < 2; ++side) {
        const auto j = point.coupling[side];
        result[side] = static_cast<int>(side) == without ||
                       (j <= smallest_coupling && point.gradient_j[side] < 0) ||
                       (j >= largest_coupling && point.gradient_j[side] > 0);
    }
    return result;
}

/// The farthest of the step and its halves that does not lower the posterior.
inline bool take_step(const Model& model, const Background& step_a, const Pair& step_j,
                      Point& point)
{
    auto next = point;
    auto length = 1.0;
    for (auto halvings = 0; halvings < 40; ++halvings, length /= 2) {
        for (std::size_t k = 0; k < background_bins; ++k)
            next.a[k] = point.a[k] + length * step_a[k];
        for (std::size_t side = 0; side < 2; ++side)
            next.coupling[side] = std::clamp(point.coupling[side] + length * step_j[side],
                                             smallest_coupling, largest_coupling);
        model.evaluate(next);
        if (next.log_posterior >= point.log_posterior) {
            point = next;
            return true;
        }
    }
    return false;
}

inline GlmccFit fit(const GlmccEvents& events, int delay_ms, double stiffness, double tau_ms,
                    const GlmccFit* start = nullptr, int without = -1)
{
    constexpr auto most_iterations = 200;
    const auto model = Model(events, delay_ms, stiffness, tau_ms);
    auto point = Point{};
    point.a.fill(std::log(static_cast<double>(events.events) / static_cast<double>(glmcc_bins)));
    point.coupling = {0.1, 0.1};
    if (start != nullptr) {
        point.a = start->log_background;
        point.coupling = start->coupling;
    }
    if (without >= 0)
        point.coupling[static_cast<std::size_t>(without)] = 0;
    model.evaluate(point);

    auto result = GlmccFit{delay_ms};
    auto step_a = Background{};
    auto step_j = Pair{};
    while (!result.converged && result.iterations < most_iterations) {
        const auto decrement = model.step(point, held_couplings(point, without), step_a, step_j);
        ++result.iterations;
        // The posterior has at most decrement / 2 to gain; where rounding hides it, this is the
        // top.
        result.converged = decrement < 1e-7;
        if (!take_step(model, step_a, step_j, point)) {
            result.converged = decrement < 1e-6 * (1 + std::abs(point.log_posterior));
            break;
        }
    }
    result.log_background = point.a;
    result.coupling = point.coupling;
    result.expected = point.expected;
    result.log_posterior = point.log_posterior;
    result.log_likelihood = point.log_likelihood;
    return result;
}

} // namespace rewire::test::scalar_glmcc
