#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace rewire::linalg {

/// Value and gradient of a smooth function at a point. May throw, which ends the search.
using SmoothFunction =
    std::function<double(std::span<const double> at, std::span<double> gradient)>;

struct MinimiseSettings
{
    double gradient_norm = 1e-7; ///< Euclidean, at which the search ends
    /// What is taken as a minimum where the values no longer tell points apart.
    double gradient_norm_at_rounding = 1e-5;
    std::int64_t most_evaluations = 2000;
};

struct FoundMinimum
{
    std::vector<double> at;
    double value = 0;
    double gradient_norm = 0;
    std::int64_t evaluations = 0;
};

/// A local minimum by L-BFGS (PETSc's TAO, line search of More and Thuente), on this rank alone:
/// not collective, the same bits on all ranks of one CPU target. Memory: about 15 vectors.
/// @throws NumericalError: the search ended before the gradient was small, or met a value that is
/// not finite
/// @throws InputError: an empty start
FoundMinimum minimise(const SmoothFunction& function, std::vector<double> start,
                      const MinimiseSettings& settings = {});

} // namespace rewire::linalg
