#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/dense/symmetric.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

using namespace rewire;

namespace {

/// Full symmetric matrix A A^T of a random n x columns matrix: rank min(n, columns).
std::vector<double> random_gram(std::int64_t n, std::int64_t columns, std::uint64_t seed)
{
    auto stream = base::Stream(seed, {static_cast<std::uint64_t>(n)});
    auto a = std::vector<double>(static_cast<std::size_t>(n * columns));
    for (auto& value : a)
        value = stream.normal();
    auto gram = std::vector<double>(static_cast<std::size_t>(n * n));
    for (auto i = 0; i < n; ++i)
        for (auto j = 0; j < n; ++j)
            for (auto k = 0; k < columns; ++k)
                gram[static_cast<std::size_t>(i * n + j)] +=
                    a[static_cast<std::size_t>(i * columns + k)] *
                    a[static_cast<std::size_t>(j * columns + k)];
    return gram;
}

double element(const std::vector<double>& upper, std::int64_t n, std::int64_t i, std::int64_t j)
{
    return upper[static_cast<std::size_t>(i < j ? i * n + j : j * n + i)];
}

std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b,
                            std::int64_t n)
{
    auto c = std::vector<double>(a.size());
    for (auto i = 0; i < n; ++i)
        for (auto j = 0; j < n; ++j)
            for (auto k = 0; k < n; ++k)
                c[static_cast<std::size_t>(i * n + j)] += element(a, n, i, k) * element(b, n, k, j);
    return c;
}

} // namespace

TEST(CholeskyInverse, TimesTheMatrixIsTheIdentity)
{
    for (const auto n : {1, 2, 3, 17, 48, 49, 97, 150}) {
        const auto matrix = random_gram(n, n + 20, 1);
        auto inverse = matrix;

        const auto inversion = dense::invert_positive_definite(inverse, n);

        EXPECT_TRUE(inversion.positive_definite);
        const auto identity = product(matrix, inverse, n);
        for (auto i = 0; i < n; ++i)
            for (auto j = 0; j < n; ++j)
                EXPECT_NEAR(identity[static_cast<std::size_t>(i * n + j)], i == j ? 1 : 0, 1e-10);
    }
}

TEST(CholeskyInverse, ReciprocalConditionByHand)
{
    // [[2, 1], [1, 2]] has norm 3, its inverse [[2, -1], [-1, 2]] / 3 has norm 1
    auto matrix = std::vector<double>{2, 1, 0, 2};

    const auto inversion = dense::invert_positive_definite(matrix, 2);

    EXPECT_NEAR(inversion.reciprocal_condition, 1.0 / 3, 1e-15);
    EXPECT_NEAR(matrix[0], 2.0 / 3, 1e-15);
    EXPECT_NEAR(matrix[1], -1.0 / 3, 1e-15);
    EXPECT_NEAR(matrix[3], 2.0 / 3, 1e-15);
}

TEST(CholeskyInverse, SaysWhereThereIsNone)
{
    auto indefinite = std::vector<double>{1, 2, 0, 1};
    auto nan = std::vector<double>{1, std::numeric_limits<double>::quiet_NaN(), 0, 1};
    auto nothing = std::vector<double>{};

    EXPECT_FALSE(dense::invert_positive_definite(indefinite, 2).positive_definite);
    EXPECT_FALSE(dense::invert_positive_definite(nan, 2).positive_definite);
    EXPECT_TRUE(dense::invert_positive_definite(nothing, 0).positive_definite);
}

TEST(PseudoInverse, SatisfiesMoorePenrose)
{
    for (const auto n : {1, 2, 5, 24})
        for (const auto rank : {1, n / 2 + 1, n + 3}) {
            const auto matrix = random_gram(n, rank, 7);
            auto inverse = matrix;

            const auto found = dense::pseudo_invert_symmetric(inverse, n);

            EXPECT_EQ(found, std::min(n, rank));
            const auto again = product(product(matrix, inverse, n), matrix, n);
            for (auto i = 0; i < n; ++i)
                for (auto j = i; j < n; ++j)
                    EXPECT_NEAR(element(again, n, i, j), element(matrix, n, i, j), 1e-9);
        }
}

TEST(PseudoInverse, OfZeroIsZero)
{
    auto matrix = std::vector<double>(9, 0.0);

    EXPECT_EQ(dense::pseudo_invert_symmetric(matrix, 3), 0);
    EXPECT_EQ(matrix, std::vector<double>(9, 0.0));
}

TEST(LeadingEigenpairs, SolveTheEquation)
{
    for (const auto n : {1, 2, 5, 24, 150})
        for (const auto count : {1, (n + 1) / 2, n}) {
            const auto matrix = random_gram(n, n + 3, 9);
            auto destroyed = matrix;
            auto values = std::vector<double>(static_cast<std::size_t>(count));
            auto vectors = std::vector<double>(static_cast<std::size_t>(count * n));

            dense::leading_eigenpairs(destroyed, n, values, vectors);

            EXPECT_TRUE(std::is_sorted(values.rbegin(), values.rend()));
            for (auto k = 0; k < count; ++k) {
                const auto* const vector = &vectors[static_cast<std::size_t>(k * n)];
                EXPECT_NEAR(std::inner_product(vector, vector + n, vector, 0.0), 1, 1e-13);
                for (auto i = 0; i < n; ++i) {
                    auto image = 0.0;
                    for (auto j = 0; j < n; ++j)
                        image += element(matrix, n, std::min(i, j), std::max(i, j)) * vector[j];
                    EXPECT_NEAR(image, values[static_cast<std::size_t>(k)] * vector[i],
                                1e-12 * values[0]);
                }
            }
        }
}

TEST(LeadingEigenpairs, OfMultipleEigenvaluesAreOrthogonal)
{
    // The identity without its mean: 13 times 1, once 0.
    constexpr auto n = 14;
    auto matrix = std::vector<double>(n * n, -1.0 / n);
    for (auto i = 0; i < n; ++i)
        matrix[static_cast<std::size_t>(i * n + i)] += 1;
    auto values = std::vector<double>(5);
    auto vectors = std::vector<double>(5 * n);

    dense::leading_eigenpairs(matrix, n, values, vectors);

    for (auto k = 0; k < 5; ++k) {
        EXPECT_NEAR(values[static_cast<std::size_t>(k)], 1, 1e-14);
        for (auto l = 0; l <= k; ++l) {
            const auto* const a = &vectors[static_cast<std::size_t>(k * n)];
            const auto* const b = &vectors[static_cast<std::size_t>(l * n)];
            EXPECT_NEAR(std::inner_product(a, a + n, b, 0.0), k == l ? 1 : 0, 1e-13);
        }
    }
}

TEST(LeadingEigenpairs, NanIsAnErrorAndNoneAreNone)
{
    auto broken = std::vector<double>{1, std::numeric_limits<double>::quiet_NaN(), 0, 1};
    auto values = std::vector<double>(1);
    auto vectors = std::vector<double>(2);

    EXPECT_THROW(dense::leading_eigenpairs(broken, 2, values, vectors), base::NumericalError);
    EXPECT_NO_THROW(dense::leading_eigenpairs({}, 0, {}, {}));
}

TEST(Products, OfRowsAddToTheUpperTriangle)
{
    const auto rows = std::vector<double>{1, 2, 99, 3, 4, 99}; // stride 3, two columns
    auto matrix = std::vector<double>{10, 20, -1, 30};

    dense::add_products_of_rows(matrix, 2, rows, 2, 3);

    EXPECT_EQ(matrix, (std::vector<double>{15, 31, -1, 55}));
}

TEST(MultiplyColumns, OfSomeColumns)
{
    const auto check = []<typename Real>(Real) {
        const auto a = std::vector<Real>{1, 2, 3, 4};
        const auto b = std::vector<Real>{9, 1, 2, 9, 9, 3, 4, 9}; // rows 4 long, columns 1 and 2
        auto c = std::vector<Real>(4, Real{-1});

        dense::multiply_columns(a, b, 1, 4, c, 2, 2);

        EXPECT_EQ(c, (std::vector<Real>{7, 10, 15, 22}));
    };
    check(1.0);
    check(1.0F);
}

TEST(MultiplyRows, WithRows)
{
    const auto check = []<typename Real>(Real) {
        const auto a = std::vector<Real>{1, 2, 3, 4, 5, 6};
        const auto b = std::vector<Real>{1, 0, 1, 0, 2, 0, 1, 1, 1};
        auto c = std::vector<Real>(6, Real{-1});

        dense::multiply_rows(a, b, c, 2, 3, 3);
        EXPECT_EQ(c, (std::vector<Real>{4, 4, 6, 10, 10, 15}));

        const auto nothing = std::vector<Real>{};
        dense::multiply_rows(nothing, nothing, c, 2, 3, 0);
        EXPECT_EQ(c, std::vector<Real>(6, Real{0}));
    };
    check(1.0);
    check(1.0F);
}
