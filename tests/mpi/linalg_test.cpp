#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/linalg/eigenpairs.hpp>
#include <rewire/linalg/singular_triplets.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/network/rewiring.hpp>

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <limits>
#include <vector>

using namespace rewire;
using namespace rewire::linalg;
using testing::AllOf;
using testing::HasSubstr;

namespace {

mpi::Communicator world()
{
    return mpi::Communicator::world();
}

Eigen::MatrixXd random_matrix(std::uint64_t seed, Eigen::Index rows, Eigen::Index columns)
{
    auto stream = base::Stream(seed, {7});
    auto matrix = Eigen::MatrixXd(rows, columns);
    for (auto& value : matrix.reshaped())
        value = stream.normal();
    return matrix;
}

/// Singular values fall as those of recordings do: a few stand out, the rest decays slowly.
Eigen::MatrixXd with_structure(std::uint64_t seed, Eigen::Index rows, Eigen::Index columns)
{
    return random_matrix(seed, rows, columns) + random_matrix(seed + 1, rows, 3) *
                                                    Eigen::Vector3d(3, 2, 1).asDiagonal() *
                                                    random_matrix(seed + 2, 3, columns);
}

/// Columns [first, last) of a matrix as products.
SpreadColumns spread(const Eigen::MatrixXd& matrix, base::Range part)
{
    return {.rows = matrix.rows(),
            .columns = part.size(),
            .add_product =
                [&matrix, part](std::span<const double> x, std::span<double> y) {
                    Eigen::Map<Eigen::VectorXd>(y.data(), matrix.rows()) +=
                        matrix.middleCols(part.first, part.size()) *
                        Eigen::Map<const Eigen::VectorXd>(x.data(), part.size());
                },
            .add_transposed_product =
                [&matrix, part](std::span<const double> y, std::span<double> x) {
                    Eigen::Map<Eigen::VectorXd>(x.data(), part.size()) +=
                        matrix.middleCols(part.first, part.size()).transpose() *
                        Eigen::Map<const Eigen::VectorXd>(y.data(), matrix.rows());
                }};
}

/// Equal shares; with `idle` all columns are on the last rank.
base::Range share(const mpi::Communicator& comm, Eigen::Index columns, bool idle)
{
    if (idle)
        return comm.rank() + 1 == comm.size() ? base::Range{0, columns} : base::Range{0, 0};
    return {columns * comm.rank() / comm.size(), columns * (comm.rank() + 1) / comm.size()};
}

/// Against the dense decomposition; vectors up to sign.
void expect_triplets(const Eigen::MatrixXd& matrix, base::Range part, Eigen::Index count)
{
    const auto dense =
        Eigen::JacobiSVD<Eigen::MatrixXd>(matrix, Eigen::ComputeThinU | Eigen::ComputeThinV);

    const auto found = leading_singular_triplets(world(), spread(matrix, part), count);

    ASSERT_EQ(found.left.rows(), matrix.rows());
    ASSERT_EQ(found.right.rows(), part.size());
    const auto largest = dense.singularValues()[0];
    for (Eigen::Index k = 0; k < count; ++k) {
        SCOPED_TRACE(k);
        const Eigen::VectorXd left = dense.matrixU().col(k);
        const Eigen::VectorXd right = dense.matrixV().col(k).segment(part.first, part.size());
        const auto sign = left.dot(found.left.col(k)) < 0 ? -1.0 : 1.0;
        EXPECT_NEAR(found.values[k], dense.singularValues()[k], 1e-10 * largest);
        EXPECT_LT((sign * found.left.col(k) - left).norm(), 1e-8);
        EXPECT_LT((sign * found.right.col(k) - right).norm(), 1e-8);
    }
}

using SignalHandler = void (*)(int);
std::vector<SignalHandler> signal_handlers()
{
    auto handlers = std::vector<SignalHandler>{};
    for (const auto signal : {SIGTERM, SIGUSR1, SIGINT, SIGFPE, SIGSEGV, SIGABRT}) {
        struct sigaction action = {};
        sigaction(signal, nullptr, &action);
        handlers.push_back(action.sa_handler);
    }
    return handlers;
}

std::string message_of(const std::function<void()>& work)
{
    try {
        work();
    } catch (const base::Error& error) {
        return error.what();
    }
    return "no error";
}

} // namespace

// The first test of all: SLEPc starts here, on one rank while the others are elsewhere.
TEST(Linalg, EigenpairsAreNotCollectiveAndLeaveSignalsAlone)
{
    const Eigen::MatrixXd diagonal = Eigen::Vector3d(1, 5, 3).asDiagonal();
    if (!world().is_root())
        return;
    const auto handlers = signal_handlers();

    const auto [values, vectors] = leading_eigenpairs(diagonal, 2);

    EXPECT_NEAR(values[0], 5, 1e-14);
    EXPECT_NEAR(values[1], 3, 1e-14);
    EXPECT_NEAR(std::abs(vectors(1, 0)), 1, 1e-14);
    EXPECT_NEAR(std::abs(vectors(2, 1)), 1, 1e-14);
    EXPECT_EQ(signal_handlers(), handlers);
}

TEST(Linalg, EigenpairsAgreeWithADenseSolverOnEveryRank)
{
    // By LAPACK up to 512 rows, by Krylov-Schur from there on.
    for (const auto size : {1, 2, 14, 300, 512, 513, 700}) {
        SCOPED_TRACE(size);
        const auto factor = with_structure(11, size, 2 * size);
        const Eigen::MatrixXd gram = factor * factor.transpose();
        const auto count = std::min<Eigen::Index>(3, size);
        const auto dense = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(gram);

        const auto [values, vectors] = leading_eigenpairs(gram, count);

        const auto largest = dense.eigenvalues()[size - 1];
        for (Eigen::Index k = 0; k < count; ++k) {
            const Eigen::VectorXd vector = dense.eigenvectors().col(size - 1 - k);
            const auto sign = vector.dot(vectors.col(k)) < 0 ? -1.0 : 1.0;
            EXPECT_NEAR(values[k], dense.eigenvalues()[size - 1 - k], 1e-13 * largest);
            EXPECT_LT((sign * vectors.col(k) - vector).norm(), 1e-10) << k;
        }
    }
}

TEST(Linalg, EigenpairsHaveTheSameBitsOnAllRanks)
{
    for (const auto size : {20, 600}) {
        const auto factor = with_structure(5, size, size + 3);
        const Eigen::MatrixXd gram = factor * factor.transpose();

        const auto [values, vectors] = leading_eigenpairs(gram, 3);

        auto bytes = std::vector<std::byte>(static_cast<std::size_t>(size) * 3 * sizeof(double));
        std::memcpy(bytes.data(), vectors.data(), bytes.size());
        for (const auto& other : world().all_gather(bytes))
            EXPECT_EQ(other, bytes) << size;
    }
}

TEST(Linalg, MultipleEigenvaluesAreAllFound)
{
    Eigen::MatrixXd projection = Eigen::MatrixXd::Identity(14, 14);
    projection.array() -= 1.0 / 14;

    const auto [values, vectors] = leading_eigenpairs(projection, 14);

    for (Eigen::Index k = 0; k < 13; ++k)
        EXPECT_NEAR(values[k], 1, 1e-14);
    EXPECT_NEAR(values[13], 0, 1e-14);
    EXPECT_LT((vectors.transpose() * vectors - Eigen::MatrixXd::Identity(14, 14)).norm(), 1e-13);
}

TEST(Linalg, EigenpairsOfWhatIsNoMatrixAreRefused)
{
    const Eigen::MatrixXd square = Eigen::MatrixXd::Identity(3, 3);
    Eigen::MatrixXd broken = square;
    broken(1, 1) = std::numeric_limits<double>::quiet_NaN();

    EXPECT_THROW(leading_eigenpairs(Eigen::MatrixXd::Zero(2, 3), 1), base::InputError);
    EXPECT_THROW(leading_eigenpairs(square, 0), base::InputError);
    EXPECT_THROW(leading_eigenpairs(square, 4), base::InputError);
    EXPECT_THROW(leading_eigenpairs(broken, 1), base::InputError);
}

TEST(Linalg, SingularTripletsAgreeWithADenseSolver)
{
    struct Case
    {
        Eigen::Index rows, columns, count;
    };
    for (const auto& [rows, columns, count] :
         {Case{40, 300, 3}, Case{300, 40, 3}, Case{60, 60, 4}, Case{1, 9, 1}, Case{9, 1, 1},
          Case{2, 2, 2}, Case{3, 50, 3}, Case{200, 201, 1}})
        for (const auto idle : {false, true}) {
            SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns));
            const auto matrix =
                with_structure(static_cast<std::uint64_t>(rows + 7 * columns), rows, columns);

            expect_triplets(matrix, share(world(), columns, idle), count);
        }
}

TEST(Linalg, SingularVectorsOfRowsHaveTheSameBitsOnAllRanks)
{
    const auto matrix = with_structure(3, 50, 80);

    const auto found =
        leading_singular_triplets(world(), spread(matrix, share(world(), 80, false)), 2);

    auto bytes = std::vector<std::byte>(100 * sizeof(double));
    std::memcpy(bytes.data(), found.left.data(), bytes.size());
    for (const auto& other : world().all_gather(bytes))
        EXPECT_EQ(other, bytes);
}

TEST(Linalg, AGroupOfRanksSolvesOnItsOwn)
{
    const auto group = world().split(world().rank() % 2);
    const auto matrix = with_structure(static_cast<std::uint64_t>(world().rank() % 2), 20, 30);
    const auto expected = Eigen::JacobiSVD<Eigen::MatrixXd>(matrix).singularValues();

    const auto found = leading_singular_triplets(group, spread(matrix, share(group, 30, false)), 1);

    EXPECT_NEAR(found.values[0], expected[0], 1e-9 * expected[0]);
}

TEST(Linalg, SessionComponentsBySingularTripletsAreThoseOfTheGramMatrix)
{
    constexpr auto pairs = Eigen::Index{900};
    auto matrix = network::SessionBlock(with_structure(4, 70, pairs));
    matrix = (matrix.array() > 2).select(matrix, 0.0);
    const auto expected = network::principal_components(network::centred_gram(matrix), 2);
    const auto part = share(world(), pairs, false);
    const auto block = network::SparseSessionBlock(matrix.middleCols(part.first, part.size()));
    const auto mine = SpreadColumns{
        .rows = matrix.rows(),
        .columns = part.size(),
        .add_product = [&](auto x, auto y) { network::add_centred_product(block, x, y); },
        .add_transposed_product =
            [&](auto y, auto x) { network::add_transposed_centred_product(block, y, x); }};

    const auto found = leading_singular_triplets(world(), mine, 2);
    const auto squares = network::centred_squares(network::SparseSessionBlock(matrix));
    const auto components =
        network::components_of_singular_values(found.values, found.left, squares);

    for (Eigen::Index k = 0; k < 2; ++k) {
        const auto sign = expected.score.col(k).dot(components.score.col(k)) < 0 ? -1.0 : 1.0;
        EXPECT_LT((sign * components.score.col(k) - expected.score.col(k)).norm(),
                  1e-8 * expected.singular_value[0]);
        EXPECT_NEAR(components.explained_variance_ratio[k], expected.explained_variance_ratio[k],
                    1e-10);
        EXPECT_LT((network::loadings_of(block, components).col(k) - found.right.col(k)).norm(),
                  1e-8);
    }
}

TEST(Linalg, LowRankMatricesHaveTheirSingularValues)
{
    const Eigen::MatrixXd matrix = random_matrix(1, 30, 2) * random_matrix(2, 2, 90);

    expect_triplets(matrix, share(world(), 90, false), 2);
}

TEST(Linalg, SingularValuesThatDoNotExistAreRefused)
{
    const auto matrix = random_matrix(1, 5, 9);
    const auto mine = spread(matrix, share(world(), 9, false));

    EXPECT_THROW(leading_singular_triplets(world(), mine, 0), base::InputError);
    EXPECT_THROW(leading_singular_triplets(world(), mine, 6), base::InputError);
}

TEST(Linalg, RanksThatDisagreeOnTheRowsAreRefused)
{
    if (world().size() == 1)
        GTEST_SKIP() << "one rank agrees with itself";
    const auto matrix = random_matrix(1, world().is_root() ? 5 : 6, 9);

    EXPECT_THROW(leading_singular_triplets(world(), spread(matrix, {0, 3}), 1), base::InputError);
}

TEST(Linalg, AProductThatFailsOnOneRankFailsOnAll)
{
    const auto matrix = random_matrix(1, 8, 40);
    for (const auto transposed : {false, true}) {
        auto mine = spread(matrix, share(world(), 40, false));
        auto& product = transposed ? mine.add_transposed_product : mine.add_product;
        if (world().rank() + 1 == world().size())
            product = [](std::span<const double>, std::span<double>) {
                throw base::IoError("the block is gone", "", "");
            };

        EXPECT_THAT(message_of([&] { leading_singular_triplets(world(), mine, 2); }),
                    HasSubstr("the block is gone"));
    }
}

TEST(Linalg, ProductsThatAreNotFiniteAreNamed)
{
    auto matrix = random_matrix(1, 8, 40);
    matrix(3, 39) = std::numeric_limits<double>::quiet_NaN();

    EXPECT_THAT(message_of([&] {
                    leading_singular_triplets(world(), spread(matrix, share(world(), 40, false)),
                                              2);
                }),
                HasSubstr("not finite"));
}

TEST(Linalg, ProductsOfTwoMatricesAreNoticed)
{
    const auto matrix = random_matrix(1, 60, 90);
    const auto other = random_matrix(2, 60, 90);
    const auto part = share(world(), 90, false);
    auto mine = spread(matrix, part);
    mine.add_transposed_product = spread(other, part).add_transposed_product;

    EXPECT_THAT(message_of([&] { leading_singular_triplets(world(), mine, 3); }),
                HasSubstr("residual"));
}

TEST(Linalg, SingularValuesBeyondTheRankAreRounding)
{
    const Eigen::MatrixXd matrix = random_matrix(1, 30, 2) * random_matrix(2, 2, 90);

    const auto found =
        leading_singular_triplets(world(), spread(matrix, share(world(), 90, false)), 4);

    EXPECT_LT(found.values[2], 1e-10 * found.values[0]);
    EXPECT_LT(found.values[3], 1e-10 * found.values[0]);
}

TEST(Linalg, WhatDoesNotConvergeSaysHowMuchDid)
{
    // Neighbours that differ by less than a millionth need more steps than there are.
    constexpr auto size = Eigen::Index{2000};
    const Eigen::ArrayXd diagonal = 1 - Eigen::ArrayXd::LinSpaced(size, 0, 1).square();
    const auto part = share(world(), size, false);
    const auto scaled = [&](std::span<const double> from, Eigen::Index skip, std::span<double> to,
                            Eigen::Index first) {
        for (Eigen::Index k = 0; k < part.size(); ++k)
            to[static_cast<std::size_t>(first + k)] +=
                diagonal[part.first + k] * from[static_cast<std::size_t>(skip + k)];
    };
    const auto mine = SpreadColumns{
        .rows = size,
        .columns = part.size(),
        .add_product = [&](auto x, auto y) { scaled(x, 0, y, part.first); },
        .add_transposed_product = [&](auto y, auto x) { scaled(y, part.first, x, 0); }};

    EXPECT_THAT(message_of([&] { leading_singular_triplets(world(), mine, 2); }),
                HasSubstr("0 of 2 singular values converged"));
}
