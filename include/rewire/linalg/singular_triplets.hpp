#pragma once

#include <rewire/mpi/communicator.hpp>

#include <Eigen/Core>

#include <functional>
#include <span>

namespace rewire::linalg {

/// A matrix whose columns are spread over the ranks and that exists only as its products. What the
/// functions throw on one rank is thrown on all.
struct SpreadColumns
{
    Eigen::Index rows = 0;    ///< the same on all ranks
    Eigen::Index columns = 0; ///< of this rank; may be 0
    /// Adds A x to y, with A the columns of this rank: x [columns], y [rows].
    std::function<void(std::span<const double> x, std::span<double> y)> add_product;
    /// Adds A' y to x.
    std::function<void(std::span<const double> y, std::span<double> x)> add_transposed_product;
};

/// Singular values, descending, with unit singular vectors. The sign of a pair of vectors is
/// arbitrary. Where the matrix has fewer, the rest are rounding errors of the largest, with vectors
/// that mean nothing.
struct SingularTriplets
{
    Eigen::VectorXd values;
    Eigen::MatrixXd left;  ///< [rows, count], the same on all ranks
    Eigen::MatrixXd right; ///< [columns of this rank, count]
};

/// Residuals of singular triplets, relative to the singular value.
constexpr auto singular_tolerance = 1e-10;

/// Collective: the `count` largest singular values, by SLEPc's thick-restart Lanczos
/// bidiagonalisation. For matrices with so many rows that their Gram matrix would be too large or
/// too slow (thousands); with fewer rows it and `leading_eigenpairs` are faster and exact.
///
/// Every step costs one product with A and one with A', one all-reduce of [rows] and one gathering
/// of it; a rank keeps max(2 count, count + 15) or fewer vectors of its columns.
///
/// Results differ with the number of ranks: sums over ranks are added in another order and the
/// start vector is spread otherwise. Residuals stay below `singular_tolerance`; the error of a
/// vector is that over the relative distance to the next singular value.
/// @throws InputError: ranks disagree on rows, not 1 <= count <= min(rows, columns of all ranks),
/// or more than 2^31 columns; what `matrix` throws
/// @throws NumericalError: fewer triplets than asked for converged (their number is given),
/// residuals are larger than the solver says, or the products are not finite
SingularTriplets leading_singular_triplets(const mpi::Communicator& comm,
                                           const SpreadColumns& matrix, Eigen::Index count);

} // namespace rewire::linalg
