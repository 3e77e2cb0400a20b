#pragma once

#include <cstdint>
#include <span>

/// LAPACK and BLAS on one rank, for symmetric matrices that one rank can hold.
///
/// Matrices are square, n x n, row major, in the caller's buffer of n*n doubles. Only the upper
/// triangle (column >= row) is read and written unless said otherwise; what the lower one holds on
/// return is unspecified.
namespace rewire::dense {

/// BLAS and LAPACK use this thread only from here on: a rank is one thread, and results then do not
/// depend on the number of cores. To be called once at the start of a program.
void use_one_thread() noexcept;

/// The CPU target that BLAS picked at run time ("SkylakeX", ...): results are the same bits only
/// where it is the same.
const char* blas_target() noexcept;

struct Inversion
{
    bool positive_definite = false; ///< the Cholesky factorisation went through
    /// 1 / (|A|_1 |A^-1|_1), from the computed inverse: exact up to rounding, not an estimate. 0
    /// where the matrix is not positive definite.
    double reciprocal_condition = 0;
};

/// Replaces the upper triangle of a symmetric positive definite matrix by that of its inverse
/// (Cholesky: dpotrf, the triangle inverted by halves, dlauum; n^3 flops). Without a positive
/// definite matrix the buffer is destroyed. A matrix of order 0 is its own inverse. NaN anywhere:
/// not positive definite.
/// @pre matrix.size() == n*n
Inversion invert_positive_definite(std::span<double> matrix, std::int64_t n);

/// Replaces the upper triangle of a symmetric matrix by that of its Moore-Penrose inverse:
/// eigenvalues with |w| <= cut * max|w| count as 0 (numpy.linalg.pinv(hermitian=True) with its
/// default cut). Returns the rank. Another n*n doubles and about 10 n^3 flops.
/// @throws NumericalError when the eigenvalue iteration does not converge (NaN in the matrix)
std::int64_t pseudo_invert_symmetric(std::span<double> matrix, std::int64_t n, double cut = 1e-15);

/// The largest eigenvalues of a symmetric matrix, descending, and their unit eigenvectors as rows
/// of `vectors` [values.size(), n], row major; signs are arbitrary. Destroys the matrix. LAPACK's
/// dsyevr: 4/3 n^3 flops and little more for few of them.
/// @pre matrix.size() == n*n, values.size() <= n, vectors.size() == values.size() * n
/// @throws NumericalError when they are not found (NaN in the matrix)
void leading_eigenpairs(std::span<double> matrix, std::int64_t n, std::span<double> values,
                        std::span<double> vectors);

/// Adds to the upper triangle the products of rows: C += A A^T, with A of n rows and `columns`
/// columns, row major, rows `stride` doubles apart (dsyrk; n^2 columns flops).
/// @pre matrix.size() == n*n, rows.size() >= (n-1)*stride + columns, stride >= columns
void add_products_of_rows(std::span<double> matrix, std::int64_t n, std::span<const double> rows,
                          std::int64_t columns, std::int64_t stride);

/// The same in single precision (ssyrk).
void add_products_of_rows(std::span<float> matrix, std::int64_t n, std::span<const float> rows,
                          std::int64_t columns, std::int64_t stride);

/// Some columns of A B: C = A [n, n] times columns first .. first+columns-1 of B [n, stride]; C
/// [n, columns] without gaps, all row major (dgemm, sgemm; 2 n^2 columns flops).
/// @pre first + columns <= stride
void multiply_columns(std::span<const double> a, std::span<const double> b, std::int64_t first,
                      std::int64_t stride, std::span<double> c, std::int64_t n,
                      std::int64_t columns);
void multiply_columns(std::span<const float> a, std::span<const float> b, std::int64_t first,
                      std::int64_t stride, std::span<float> c, std::int64_t n,
                      std::int64_t columns);

/// Products of rows with rows: C = A B^T, A [rows, inner], B [columns, inner], C [rows, columns],
/// row major without gaps (dgemm, sgemm).
void multiply_rows(std::span<const double> a, std::span<const double> b, std::span<double> c,
                   std::int64_t rows, std::int64_t columns, std::int64_t inner);
void multiply_rows(std::span<const float> a, std::span<const float> b, std::span<float> c,
                   std::int64_t rows, std::int64_t columns, std::int64_t inner);

/// C = A^T B in single precision: A [inner, rows], B [inner, columns], C [rows, columns], row
/// major without gaps (sgemm).
void multiply_transposed(std::span<const float> a, std::span<const float> b, std::span<float> c,
                         std::int64_t rows, std::int64_t columns, std::int64_t inner);

/// C = A B in double precision, square, row major (dgemm). For measuring what the machine can do.
void multiply(std::span<const double> a, std::span<const double> b, std::span<double> c,
              std::int64_t n);

} // namespace rewire::dense
