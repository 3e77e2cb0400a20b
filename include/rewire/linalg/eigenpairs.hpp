#pragma once

#include <Eigen/Core>

namespace rewire::linalg {

/// The largest eigenvalues of a symmetric matrix, descending, and their unit eigenvectors. The sign
/// of a vector is arbitrary.
struct Eigenpairs
{
    Eigen::VectorXd values;
    Eigen::MatrixXd vectors; ///< [size, count]
};

/// The `count` largest eigenvalues of a symmetric matrix that every rank holds, by SLEPc on this
/// rank alone: not collective, and the same bits on all ranks of one CPU target. Up to 512 rows by
/// LAPACK, which finds multiple eigenvalues for certain; beyond by Krylov-Schur, to residuals of
/// 1e-14 of the norm of the matrix. Both copy the matrix.
///
/// SLEPc is started at the first call and ended with MPI; `mpi::Environment` has to be there. It
/// sets no signal handlers, prints nothing and reads no options from files.
/// @throws InputError: matrix not square or not finite, or not 1 <= count <= rows
/// @throws NumericalError: fewer than `count` pairs converged
Eigenpairs leading_eigenpairs(const Eigen::MatrixXd& symmetric, Eigen::Index count);

} // namespace rewire::linalg
