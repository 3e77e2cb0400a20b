#pragma once

#include <cblas.h>

#include <cstdint>

/// Products of row-major matrices by BLAS, in either precision.
namespace rewire::dynetcp {

template <typename Real>
struct Operand
{
    const Real* values;
    std::int64_t stride; ///< from row to row
    bool transposed = false;
};

/// c [rows, columns] = factor * c + a b, where `a` is [rows, inner] once transposed.
inline void add_product(std::int64_t rows, std::int64_t columns, std::int64_t inner,
                        const Operand<float>& a, const Operand<float>& b, float factor, float* c,
                        std::int64_t stride)
{
    cblas_sgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
                b.transposed ? CblasTrans : CblasNoTrans, static_cast<int>(rows),
                static_cast<int>(columns), static_cast<int>(inner), 1, a.values,
                static_cast<int>(a.stride), b.values, static_cast<int>(b.stride), factor, c,
                static_cast<int>(stride));
}

inline void add_product(std::int64_t rows, std::int64_t columns, std::int64_t inner,
                        const Operand<double>& a, const Operand<double>& b, double factor,
                        double* c, std::int64_t stride)
{
    cblas_dgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
                b.transposed ? CblasTrans : CblasNoTrans, static_cast<int>(rows),
                static_cast<int>(columns), static_cast<int>(inner), 1, a.values,
                static_cast<int>(a.stride), b.values, static_cast<int>(b.stride), factor, c,
                static_cast<int>(stride));
}

} // namespace rewire::dynetcp
