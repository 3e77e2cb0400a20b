#pragma once

#include <rewire/linalg/solvers.hpp>

namespace rewire::slepc {

using linalg::Eigenpairs;
using linalg::FoundMinimum;
using linalg::MinimiseSettings;
using linalg::singular_tolerance;
using linalg::SingularTriplets;
using linalg::SmoothFunction;
using linalg::SpreadColumns;

// As the functions of `linalg` that have these names.
Eigenpairs leading_eigenpairs(const Eigen::MatrixXd& symmetric, Eigen::Index count);
FoundMinimum minimise(const SmoothFunction& function, std::vector<double> start,
                      const MinimiseSettings& settings);
SingularTriplets leading_singular_triplets(const mpi::Communicator& comm,
                                           const SpreadColumns& matrix, Eigen::Index count);

} // namespace rewire::slepc
