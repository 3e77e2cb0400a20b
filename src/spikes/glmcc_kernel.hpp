#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace rewire::spikes {

/// The kernel f of GLMCC over a bin of 1 ms, for the integrals of e^{Jf}, f e^{Jf} and f^2 e^{Jf}:
/// Gauss-Legendre nodes where |J| f may be large, and series in J where it is small.
struct GlmccKernelBin
{
    static constexpr auto nodes = std::size_t{5};
    static constexpr auto terms = std::size_t{11};
    static constexpr auto few_terms = std::size_t{4};

    double largest = 0;                ///< f where the bin begins
    std::array<double, nodes> value{}; ///< f at the nodes
    /// [power of f in front][n] coefficient of J^n: integral of f^(power + n) over n!
    std::array<std::array<double, terms>, 3> series{};
};

inline constexpr auto glmcc_node_weight = std::array{
    0.118463442528095, 0.239314335249683, 0.284444444444444, 0.239314335249683, 0.118463442528095};

/// |J| f up to which the terms of a series leave out less than 1e-13 of the integral.
inline constexpr auto reach_of_series = 0.25;
inline constexpr auto reach_of_few_terms = 1e-3;

/// Bins that begin 0, 1, ... 49 ms after the delay, of the tau last asked for by this thread:
/// making them takes as long as some iterations.
const std::vector<GlmccKernelBin>& glmcc_kernel(double tau_ms);

} // namespace rewire::spikes
