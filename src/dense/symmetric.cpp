#include "rewire/dense/symmetric.hpp"

#include <rewire/base/dispatch.hpp>
#include <rewire/base/error.hpp>

#include <cblas.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

// LAPACK's Fortran symbols: no header of it is needed, and OpenBLAS brings them.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dtrtri_(const char* uplo, const char* diag, const int* n, double* a, const int* lda,
             int* info);
void dlauum_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info);
void dsyevr_(const char* jobz, const char* range, const char* uplo, const int* n, double* a,
             const int* lda, const double* vl, const double* vu, const int* il, const int* iu,
             const double* abstol, int* m, double* w, double* z, const int* ldz, int* isuppz,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info);
}
// NOLINTEND(readability-identifier-naming)

namespace rewire::dense {

namespace {

/// LAPACK is column major: its lower triangle is our upper one.
constexpr auto triangle = 'L';

std::size_t index(std::int64_t i) noexcept
{
    return static_cast<std::size_t>(i);
}

/// Largest column sum of absolute values of the symmetric matrix with this upper triangle.
REWIRE_CLONES("avx512f", "avx2", "default")
double one_norm(const double* matrix, std::int64_t n, double* sum)
{
    std::fill(sum, sum + n, 0.0);
    for (std::int64_t i = 0; i < n; ++i) {
        const auto* row = matrix + i * n;
        sum[i] += std::abs(row[i]);
        constexpr auto lanes = std::size_t{8};
        auto partial = std::array<double, lanes>{};
        auto j = i + 1;
        for (; j + std::int64_t{lanes} <= n; j += lanes)
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                const auto value = std::abs(row[index(j) + lane]);
                sum[index(j) + lane] += value;
                partial[lane] += value;
            }
        for (; j < n; ++j) {
            sum[j] += std::abs(row[j]);
            partial[0] += std::abs(row[j]);
        }
        for (const auto value : partial)
            sum[i] += value;
    }
    return *std::max_element(sum, sum + n);
}

/// Inverts a lower triangle (column major) by halves: what is below the diagonal becomes
/// -B^-1 C A^-1, products that run at full speed. OpenBLAS's own dtrtri, which dpotri calls, takes
/// four times as long as the factorisation at 500.
bool invert_triangle(double* matrix, int n, int stride)
{
    constexpr auto small = 48;
    if (n <= small) {
        auto info = 0;
        dtrtri_(&triangle, "N", &n, matrix, &stride, &info);
        return info == 0;
    }
    const auto half = n / 2;
    const auto rest = n - half;
    auto* below = matrix + half;
    auto* last = below + std::ptrdiff_t{half} * stride;
    if (!invert_triangle(matrix, half, stride) || !invert_triangle(last, rest, stride))
        return false;
    cblas_dtrmm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, rest, half, -1.0,
                last, stride, below, stride);
    cblas_dtrmm(CblasColMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, rest, half, 1.0,
                matrix, stride, below, stride);
    return true;
}

} // namespace

void use_one_thread() noexcept
{
    openblas_set_num_threads(1);
}

const char* blas_target() noexcept
{
    return openblas_get_corename();
}

Inversion invert_positive_definite(std::span<double> matrix, std::int64_t n)
{
    if (n == 0)
        return {.positive_definite = true, .reciprocal_condition = 1};
    auto sums = std::vector<double>(index(n));
    const auto norm = one_norm(matrix.data(), n, sums.data());
    if (!std::isfinite(norm))
        return {};
    const auto order = static_cast<int>(n);
    auto info = 0;
    dpotrf_(&triangle, &order, matrix.data(), &order, &info);
    if (info != 0)
        return {};
    if (!invert_triangle(matrix.data(), order, order))
        return {};
    dlauum_(&triangle, &order, matrix.data(), &order, &info);
    const auto inverse_norm = one_norm(matrix.data(), n, sums.data());
    if (!std::isfinite(inverse_norm))
        return {};
    return {.positive_definite = true, .reciprocal_condition = 1 / (norm * inverse_norm)};
}

std::int64_t pseudo_invert_symmetric(std::span<double> matrix, std::int64_t n, double cut)
{
    if (n == 0)
        return 0;
    const auto order = static_cast<int>(n);
    auto eigenvalue = std::vector<double>(index(n));
    auto info = 0;
    auto work_size = 1.0;
    auto integer_size = 1;
    const auto query = -1;
    dsyevd_("V", &triangle, &order, matrix.data(), &order, eigenvalue.data(), &work_size, &query,
            &integer_size, &query, &info);
    const auto work_length = static_cast<int>(work_size);
    auto work = std::vector<double>(index(work_length));
    auto integers = std::vector<int>(index(integer_size));
    dsyevd_("V", &triangle, &order, matrix.data(), &order, eigenvalue.data(), work.data(),
            &work_length, integers.data(), &integer_size, &info);
    if (info != 0)
        throw base::NumericalError("the eigenvalues of a symmetric matrix were not found",
                                   "pseudo-inverse", "look for NaN in the traces");
    auto largest = 0.0;
    for (const auto value : eigenvalue)
        largest = std::max(largest, std::abs(value));

    // Row k of the buffer is now eigenvector k: the inverse is the sum of v v^T / w, added up with
    // a product with the rows divided by w.
    auto scaled = std::vector<double>(matrix.begin(), matrix.end());
    auto rank = std::int64_t{0};
    for (std::int64_t k = 0; k < n; ++k) {
        const auto w = eigenvalue[index(k)];
        const auto kept = std::abs(w) > cut * largest;
        rank += kept ? 1 : 0;
        for (std::int64_t i = 0; i < n; ++i)
            scaled[index(k * n + i)] = kept ? matrix[index(k * n + i)] / w : 0;
    }
    auto inverse = std::vector<double>(matrix.size());
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, order, order, order, 1.0, matrix.data(),
                order, scaled.data(), order, 0.0, inverse.data(), order);
    std::copy(inverse.begin(), inverse.end(), matrix.begin());
    return rank;
}

void leading_eigenpairs(std::span<double> matrix, std::int64_t n, std::span<double> values,
                        std::span<double> vectors)
{
    if (values.empty())
        return;
    const auto order = static_cast<int>(n);
    const auto count = static_cast<int>(values.size());
    const auto first = order - count + 1; // from 1, ascending
    const auto nothing = 0.0;
    auto ascending = std::vector<double>(index(n));
    auto support = std::vector<int>(2 * index(n));
    auto eigenvalues_found = 0;
    auto info = 0;
    const auto solve = [&](double* work, int work_length, int* integers, int integer_length) {
        dsyevr_("V", "I", &triangle, &order, matrix.data(), &order, &nothing, &nothing, &first,
                &order, &nothing, &eigenvalues_found, ascending.data(), vectors.data(), &order,
                support.data(), work, &work_length, integers, &integer_length, &info);
    };
    auto work_size = 1.0;
    auto integer_size = 1;
    solve(&work_size, -1, &integer_size, -1);
    auto work = std::vector<double>(static_cast<std::size_t>(work_size));
    auto integers = std::vector<int>(index(integer_size));
    // LAPACK may never return on NaN.
    const auto finite = std::isfinite(one_norm(matrix.data(), n, ascending.data()));
    if (finite)
        solve(work.data(), static_cast<int>(work.size()), integers.data(), integer_size);
    if (!finite || info != 0 || eigenvalues_found != count)
        throw base::NumericalError("the eigenvalues of a symmetric matrix were not found", "",
                                   "look for extreme values in what it was computed from");
    for (auto k = 0; k < count; ++k)
        values[index(k)] = ascending[index(count - 1 - k)];
    for (auto k = 0; k < count / 2; ++k)
        std::swap_ranges(vectors.begin() + k * n, vectors.begin() + (k + 1) * n,
                         vectors.begin() + (count - 1 - k) * n);
}

void add_products_of_rows(std::span<double> matrix, std::int64_t n, std::span<const double> rows,
                          std::int64_t columns, std::int64_t stride)
{
    if (n == 0 || columns == 0)
        return;
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, static_cast<int>(n),
                static_cast<int>(columns), 1.0, rows.data(), static_cast<int>(stride), 1.0,
                matrix.data(), static_cast<int>(n));
}

void add_products_of_rows(std::span<float> matrix, std::int64_t n, std::span<const float> rows,
                          std::int64_t columns, std::int64_t stride)
{
    if (n == 0 || columns == 0)
        return;
    cblas_ssyrk(CblasRowMajor, CblasUpper, CblasNoTrans, static_cast<int>(n),
                static_cast<int>(columns), 1.0F, rows.data(), static_cast<int>(stride), 1.0F,
                matrix.data(), static_cast<int>(n));
}

void multiply_columns(std::span<const double> a, std::span<const double> b, std::int64_t first,
                      std::int64_t stride, std::span<double> c, std::int64_t n,
                      std::int64_t columns)
{
    const auto order = static_cast<int>(n);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, order, static_cast<int>(columns), order,
                1.0, a.data(), order, b.data() + first, static_cast<int>(stride), 0.0, c.data(),
                static_cast<int>(columns));
}

void multiply_columns(std::span<const float> a, std::span<const float> b, std::int64_t first,
                      std::int64_t stride, std::span<float> c, std::int64_t n, std::int64_t columns)
{
    const auto order = static_cast<int>(n);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, order, static_cast<int>(columns), order,
                1.0F, a.data(), order, b.data() + first, static_cast<int>(stride), 0.0F, c.data(),
                static_cast<int>(columns));
}

void multiply_rows(std::span<const double> a, std::span<const double> b, std::span<double> c,
                   std::int64_t rows, std::int64_t columns, std::int64_t inner)
{
    if (rows == 0 || columns == 0 || inner == 0) {
        std::fill(c.begin(), c.end(), 0.0);
        return;
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(rows),
                static_cast<int>(columns), static_cast<int>(inner), 1.0, a.data(),
                static_cast<int>(inner), b.data(), static_cast<int>(inner), 0.0, c.data(),
                static_cast<int>(columns));
}

void multiply_rows(std::span<const float> a, std::span<const float> b, std::span<float> c,
                   std::int64_t rows, std::int64_t columns, std::int64_t inner)
{
    if (rows == 0 || columns == 0 || inner == 0) {
        std::fill(c.begin(), c.end(), 0.0F);
        return;
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(rows),
                static_cast<int>(columns), static_cast<int>(inner), 1.0F, a.data(),
                static_cast<int>(inner), b.data(), static_cast<int>(inner), 0.0F, c.data(),
                static_cast<int>(columns));
}

void multiply_transposed(std::span<const float> a, std::span<const float> b, std::span<float> c,
                         std::int64_t rows, std::int64_t columns, std::int64_t inner)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, static_cast<int>(rows),
                static_cast<int>(columns), static_cast<int>(inner), 1.0F, a.data(),
                static_cast<int>(rows), b.data(), static_cast<int>(columns), 0.0F, c.data(),
                static_cast<int>(columns));
}

void multiply(std::span<const double> a, std::span<const double> b, std::span<double> c,
              std::int64_t n)
{
    const auto order = static_cast<int>(n);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, order, order, order, 1.0, a.data(),
                order, b.data(), order, 0.0, c.data(), order);
}

} // namespace rewire::dense
