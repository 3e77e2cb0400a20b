#include "glmcc_kernel.hpp"

#include <rewire/spikes/glmcc.hpp>

#include <cmath>

namespace rewire::spikes {

namespace {

constexpr auto node_place =
    std::array{0.046910077030668, 0.230765344947158, 0.5, 0.769234655052842, 0.953089922969332};

/// Integral of f^power over the bin that begins `start` ms after the delay.
double kernel_moment(double power, double start, double tau_ms)
{
    if (power == 0)
        return 1;
    return tau_ms / power * std::exp(-power * start / tau_ms) * -std::expm1(-power / tau_ms);
}

std::vector<GlmccKernelBin> make_kernel(double tau_ms)
{
    auto result = std::vector<GlmccKernelBin>{};
    for (std::int64_t bin = 0; bin < glmcc_half; ++bin) {
        const auto start = static_cast<double>(bin);
        auto one = GlmccKernelBin{std::exp(-start / tau_ms)};
        for (std::size_t q = 0; q < GlmccKernelBin::nodes; ++q)
            one.value[q] = std::exp(-(start + node_place[q]) / tau_ms);
        for (std::size_t power = 0; power < one.series.size(); ++power) {
            auto factorial = 1.0;
            for (std::size_t n = 0; n < GlmccKernelBin::terms; ++n) {
                factorial *= n == 0 ? 1.0 : static_cast<double>(n);
                one.series[power][n] =
                    kernel_moment(static_cast<double>(power + n), start, tau_ms) / factorial;
            }
        }
        result.push_back(one);
    }
    return result;
}

} // namespace

const std::vector<GlmccKernelBin>& glmcc_kernel(double tau_ms)
{
    thread_local auto known_tau_ms = 4.0;
    thread_local auto known = make_kernel(known_tau_ms);
    if (tau_ms != known_tau_ms) {
        known = make_kernel(tau_ms);
        known_tau_ms = tau_ms;
    }
    return known;
}

} // namespace rewire::spikes
