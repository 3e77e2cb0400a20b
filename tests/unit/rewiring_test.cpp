#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/network/learning_periods.hpp>
#include <rewire/network/movement_fraction.hpp>
#include <rewire/network/rewiring.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

using namespace rewire;
using namespace rewire::network;
using base::Range;
using testing::ElementsAre;

namespace {

SessionBlock random_sessions(std::uint64_t seed, Eigen::Index sessions, Eigen::Index pairs)
{
    auto stream = base::Stream(seed, {4});
    auto matrix = SessionBlock(sessions, pairs);
    for (Eigen::Index i = 0; i < sessions; ++i)
        for (Eigen::Index j = 0; j < pairs; ++j)
            matrix(i, j) = stream.normal();
    return matrix;
}

/// Pairs 0-4 strengthen over the sessions, 5-7 weaken, the rest is noise.
SessionBlock planted_trajectory(std::uint64_t seed, Eigen::Index sessions, Eigen::Index pairs)
{
    SessionBlock matrix = 0.05 * random_sessions(seed, sessions, pairs);
    for (Eigen::Index i = 0; i < sessions; ++i) {
        const auto learned = static_cast<double>(i) / static_cast<double>(sessions - 1);
        matrix.row(i).head(5).array() += learned;
        matrix.row(i).segment(5, 3).array() -= learned;
    }
    return matrix;
}

/// Values of which a share is not zero; some pairs are the same in every session, some in none.
SessionBlock sparse_sessions(std::uint64_t seed, Eigen::Index sessions, Eigen::Index pairs,
                             double density)
{
    auto stream = base::Stream(seed, {5});
    auto matrix = SessionBlock(sessions, pairs);
    for (auto& value : matrix.reshaped())
        value = stream.uniform() < density ? 0.1 + 0.1 * stream.normal() : 0.0;
    for (Eigen::Index pair = 3; pair < pairs; pair += 11) {
        matrix.col(pair).setConstant(0.3);
        matrix.col(pair - 1).setConstant(-0.0);
        matrix.col(pair - 2).setZero();
        matrix(0, pair - 2) = 0.7;
    }
    return matrix;
}

struct Result
{
    SessionComponents components;
    Eigen::MatrixXd loadings;
    Orientation orientation;
    TopPairs top;
};

/// Everything by blocks of columns, as ranks would do it.
Result analysed(const SessionBlock& matrix, Eigen::Index count, std::int64_t block_size)
{
    auto result = Result{};
    const auto blocks = base::blocks_of(matrix.cols(), block_size);
    Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(matrix.rows(), matrix.rows());
    for (const auto& block : blocks)
        gram += centred_gram(matrix.middleCols(block.first, block.size()));
    result.components = principal_components(gram, count);
    result.loadings.resize(matrix.cols(), result.components.components());
    auto extremes = std::vector<Extreme>{};
    for (const auto& block : blocks) {
        const auto part =
            loadings_of(matrix.middleCols(block.first, block.size()), result.components);
        extremes = merged(extremes, extremes_of(part, block.first));
        result.loadings.middleRows(block.first, block.size()) = part;
    }
    result.orientation = orient(result.components, extremes);
    apply(result.orientation, result.loadings);
    for (const auto& block : blocks) {
        const Eigen::VectorXd first = result.loadings.col(0).segment(block.first, block.size());
        result.top = merged(
            result.top,
            top_of({first.data(), static_cast<std::size_t>(first.size())}, block.first, 5), 5);
    }
    return result;
}

} // namespace

TEST(Rewiring, ComponentsRebuildTheMatrix)
{
    for (const auto pairs : {1, 2, 7, 40}) {
        const auto matrix = random_sessions(2, 6, pairs);

        const auto [components, loadings, orientation, top] = analysed(matrix, 5, 3);

        SessionBlock centred = matrix.rowwise() - matrix.colwise().mean();
        EXPECT_EQ(components.components(), std::min(5, pairs));
        EXPECT_LT((components.score * loadings.transpose() - centred).norm(), 1e-12);
        EXPECT_LT((loadings.transpose() * loadings -
                   Eigen::MatrixXd::Identity(loadings.cols(), loadings.cols()))
                      .norm(),
                  1e-12);
        EXPECT_NEAR(components.explained_variance_ratio.sum(), 1, 1e-12);
        EXPECT_NEAR(components.explained_variance.sum(), centred.squaredNorm() / 5, 1e-10);
    }
}

TEST(Rewiring, SparseSessionsAreWhatTheirValuesAre)
{
    for (const auto sessions : {1, 2, 3, 4, 5, 14, 33})
        for (const auto pairs : {0, 1, 5, 8, 300})
            for (const auto density : {0.0, 0.05, 0.25, 0.5, 1.0}) {
                SCOPED_TRACE(fmt::format("{} x {}, {}", sessions, pairs, density));
                const auto matrix = sparse_sessions(12, sessions, pairs, density);
                const SessionBlock centred = matrix.rowwise() - matrix.colwise().mean();
                const Eigen::MatrixXd expected = centred * centred.transpose();
                const auto sparse = SparseSessionBlock(matrix);

                const auto gram = centred_gram(sparse);
                const auto gram_of_dense = centred_gram(matrix);

                ASSERT_EQ(sparse.rows(), sessions);
                ASSERT_EQ(sparse.cols(), pairs);
                // Pairs that do not change leave squares of rounding errors.
                const auto allowed = 1e-14 * expected.norm() + 1e-30 * static_cast<double>(pairs);
                EXPECT_LE((gram - expected).norm(), allowed);
                EXPECT_LE((gram_of_dense - expected).norm(), allowed);
                if (expected.norm() < 1e-20)
                    continue;
                const auto components = principal_components(gram, 3);
                const Eigen::MatrixXd loadings =
                    centred.transpose() * components.direction *
                    components.singular_value.cwiseInverse().asDiagonal();
                EXPECT_LT((loadings_of(sparse, components) - loadings).norm(), 1e-13);
                EXPECT_LT((loadings_of(matrix, components) - loadings).norm(), 1e-13);
            }
}

TEST(Rewiring, ProductsWithBlocksAreThoseOfTheCentredMatrix)
{
    for (const auto sessions : {1, 2, 14})
        for (const auto pairs : {0, 1, 40}) {
            const auto matrix = sparse_sessions(8, sessions, pairs, 0.3);
            const SessionBlock centred = matrix.rowwise() - matrix.colwise().mean();
            const auto sparse = SparseSessionBlock(matrix);
            const auto x = std::vector<double>(static_cast<std::size_t>(pairs), 0.7);
            auto y = std::vector<double>(static_cast<std::size_t>(sessions), 2.0);
            y.front() = 3;
            auto product = y;
            auto transposed = x;
            const auto vector = [](const std::vector<double>& values) {
                return Eigen::Map<const Eigen::VectorXd>(values.data(),
                                                         static_cast<Eigen::Index>(values.size()));
            };

            add_centred_product(sparse, x, product);
            add_transposed_centred_product(sparse, y, transposed);

            EXPECT_LT((vector(product) - vector(y) - centred * vector(x)).norm(), 1e-13);
            EXPECT_LT((vector(transposed) - vector(x) - centred.transpose() * vector(y)).norm(),
                      1e-13);
            EXPECT_NEAR(centred_squares(sparse), centred.squaredNorm(), 1e-13);
        }
}

TEST(Rewiring, SparseSessionsHoldTheValuesInOrder)
{
    auto matrix = SessionBlock(3, 2);
    matrix << 0, 5, //
        -0.0, 0,    //
        7, 6;

    const auto sparse = SparseSessionBlock(matrix);

    EXPECT_THAT(sparse.column(0).session, ElementsAre(2));
    EXPECT_THAT(sparse.column(0).value, ElementsAre(7));
    EXPECT_THAT(sparse.column(1).session, ElementsAre(0, 2));
    EXPECT_THAT(sparse.column(1).value, ElementsAre(5, 6));
}

TEST(Rewiring, ValuesThatAreNotFiniteHaveNoSparseForm)
{
    for (const auto value :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        auto matrix = sparse_sessions(1, 4, 30, 0.1);
        matrix(2, 29) = value;

        EXPECT_THROW(SparseSessionBlock{matrix}, base::NumericalError);
    }
}

TEST(Rewiring, WideBlocksAreWorkedOffInStrips)
{
    // Strips of 1 and 2 MB: 3276 and 6553 columns of 40 values.
    const auto matrix = random_sessions(7, 40, 7000);
    SessionBlock centred = matrix.rowwise() - matrix.colwise().mean();
    const Eigen::MatrixXd expected = centred * centred.transpose();

    const auto gram = centred_gram(matrix);
    const auto components = principal_components(gram, 2);
    const auto loadings = loadings_of(matrix, components);

    EXPECT_LT((gram - expected).norm(), 1e-12 * expected.norm());
    EXPECT_LT((centred * loadings - components.score).norm(), 1e-12 * components.score.norm());
}

TEST(Rewiring, BlocksOfPairsDoNotMatter)
{
    const auto matrix = random_sessions(3, 5, 31);
    const auto whole = analysed(matrix, 3, 31);
    for (const auto block_size : {1, 4, 30}) {
        const auto parts = analysed(matrix, 3, block_size);

        EXPECT_LT((parts.components.score - whole.components.score).norm(), 1e-11);
        EXPECT_LT((parts.loadings - whole.loadings).norm(), 1e-11);
    }
}

TEST(Rewiring, APlantedTrajectoryIsTheFirstComponent)
{
    for (const auto seed : {1U, 2U, 3U, 4U}) {
        const auto [components, loadings, orientation, top] =
            analysed(planted_trajectory(seed, 14, 60), 2, 16);

        EXPECT_GT(components.explained_variance_ratio[0], 0.8);
        for (auto session = 1; session < 14; ++session)
            EXPECT_GT(components.score(session, 0), components.score(session - 1, 0));
        auto strengthened = std::set<std::int64_t>{};
        for (const auto& edge : top.positive)
            strengthened.insert(edge.pair);
        EXPECT_THAT(strengthened, ElementsAre(0, 1, 2, 3, 4));
        EXPECT_THAT((std::set{top.negative[0].pair, top.negative[1].pair, top.negative[2].pair}),
                    ElementsAre(5, 6, 7));
    }
}

TEST(Rewiring, TheFirstComponentFollowsTheSessionsAgainstTheLargestLoading)
{
    // One pair weakens by 3, another strengthens by 1: the largest loading is negative.
    const auto weakening = SessionBlock{{3, 0}, {2, 1.0 / 3}, {1, 2.0 / 3}, {0, 1}};

    const auto against = analysed(weakening, 1, 2);
    const auto with = analysed(-weakening, 1, 2);

    EXPECT_TRUE(against.orientation.first_against_largest_loading);
    EXPECT_LT(against.loadings(0, 0), 0);
    EXPECT_GT(against.components.score(3, 0), 0);
    EXPECT_FALSE(with.orientation.first_against_largest_loading);
    EXPECT_GT(with.loadings(0, 0), 0);
}

TEST(Rewiring, WithoutATrendTheLargestLoadingDecides)
{
    const auto there_and_back = SessionBlock{{0, 0}, {-2, 1}, {-2, 1}, {0, 0}};

    const auto result = analysed(there_and_back, 1, 1);

    EXPECT_GT(result.loadings(0, 0), 0);
    EXPECT_FALSE(result.orientation.first_against_largest_loading);
}

TEST(Rewiring, SessionsThatDoNotDifferHaveNoComponents)
{
    const SessionBlock same = random_sessions(1, 1, 9).replicate(4, 1);
    auto broken = random_sessions(1, 3, 9);
    broken(1, 4) = std::numeric_limits<double>::quiet_NaN();

    EXPECT_THROW(principal_components(centred_gram(same), 1), base::NumericalError);
    EXPECT_THROW(principal_components(centred_gram(same.topRows(1)), 1), base::NumericalError);
    EXPECT_THROW(principal_components(centred_gram(SessionBlock(3, 0)), 1), base::NumericalError);
    EXPECT_THROW(principal_components(Eigen::MatrixXd::Identity(3, 3), 0), base::InputError);
    EXPECT_THROW(centred_gram(broken), base::NumericalError);
}

TEST(Rewiring, TopPairsBySignAndSizeTiesToTheFirst)
{
    const auto loading = std::vector<double>{0.1, -0.3, 0, 0.5, 0.1, -0.2, 0.5};

    const auto top = top_of(loading, 100, 3);
    const auto split = merged(top_of(std::span(loading).first(4), 100, 3),
                              top_of(std::span(loading).subspan(4), 104, 3), 3);

    const auto pairs_of = [](const std::vector<Extreme>& edges) {
        auto pairs = std::vector<std::int64_t>{};
        for (const auto& edge : edges)
            pairs.push_back(edge.pair);
        return pairs;
    };
    EXPECT_THAT(pairs_of(top.positive), ElementsAre(103, 106, 100));
    EXPECT_THAT(pairs_of(top.negative), ElementsAre(101, 105));
    EXPECT_EQ(pairs_of(split.positive), pairs_of(top.positive));
    EXPECT_EQ(pairs_of(split.negative), pairs_of(top.negative));
}

TEST(Rewiring, ValuesOfTopPairsAddUpOverBlocks)
{
    const auto matrix = random_sessions(5, 3, 10);
    const auto pairs = std::vector<Extreme>{{0.5, 7}, {0.4, 0}, {0.3, 3}};

    const SessionBlock values = values_of_pairs(matrix.leftCols(4), 0, pairs) +
                                values_of_pairs(matrix.rightCols(6), 4, pairs);

    for (auto session = 0; session < 3; ++session) {
        EXPECT_EQ(values(session, 0), matrix(session, 7));
        EXPECT_EQ(values(session, 1), matrix(session, 0));
        EXPECT_EQ(values(session, 2), matrix(session, 3));
    }
}

TEST(Scaling, KeepsDistancesAndEqualsTheScores)
{
    const auto matrix = random_sessions(6, 7, 12);
    const auto components = analysed(matrix, 6, 5).components;
    const auto distances = session_distances(centred_gram(matrix));

    const auto points = classical_scaling(distances, 6);

    for (auto i = 0; i < 7; ++i)
        for (auto j = 0; j < 7; ++j) {
            EXPECT_NEAR(distances(i, j), (matrix.row(i) - matrix.row(j)).norm(), 1e-12);
            EXPECT_NEAR((points.row(i) - points.row(j)).norm(), distances(i, j), 1e-12);
        }
    EXPECT_LT((points.cwiseAbs() - components.score.cwiseAbs()).norm(), 1e-11);
    EXPECT_LT((points.col(0) - components.score.col(0)).norm(), 1e-11);
    EXPECT_LT((points - scaling_of(components, 6)).norm(), 1e-11);
    EXPECT_EQ(scaling_of(components, 8).col(7).norm(), 0);
}

TEST(Scaling, FewPoints)
{
    const auto line = Eigen::MatrixXd{{0, 2, 5}, {2, 0, 3}, {5, 3, 0}};

    const auto points = classical_scaling(line, 3);

    EXPECT_LT(
        (points - Eigen::MatrixXd{{-7.0 / 3, 0, 0}, {-1.0 / 3, 0, 0}, {8.0 / 3, 0, 0}}).norm(),
        1e-12);
    EXPECT_EQ(classical_scaling(Eigen::MatrixXd::Zero(1, 1), 2), Eigen::MatrixXd::Zero(1, 2));
    EXPECT_EQ(classical_scaling(Eigen::MatrixXd::Zero(3, 3), 2), Eigen::MatrixXd::Zero(3, 2));
    EXPECT_THROW(classical_scaling(Eigen::MatrixXd::Zero(2, 3), 2), base::InputError);
    EXPECT_THROW(classical_scaling(line, 0), base::InputError);
}

TEST(MovementFraction, PairEndsAreTheInverseOfPairIndex)
{
    for (const auto neurons : {2, 3, 10, 61})
        for (auto i = 0; i < neurons; ++i)
            for (auto j = i + 1; j < neurons; ++j) {
                const auto ends = ends_of(base::pair_index(i, j, neurons), neurons);
                EXPECT_EQ(ends.first, i);
                EXPECT_EQ(ends.second, j);
            }
    const auto last = ends_of(base::pair_count(20000) - 1, 20000);
    EXPECT_EQ(last.first, 19998);
    EXPECT_EQ(last.second, 19999);
}

TEST(MovementFraction, ByHand)
{
    // Neurons 0-3, two sessions; edges (0,1) and (0,3): ends 0 1 0 3.
    const auto related = std::vector<std::uint8_t>{1, 0, 1, 0, /**/ 1, 1, 0, 0};
    const auto edges =
        std::vector<std::int64_t>{base::pair_index(0, 1, 4), base::pair_index(0, 3, 4)};

    EXPECT_DOUBLE_EQ(movement_fraction(edges, 4, {related}), (2 + 3) / 8.0);
    EXPECT_TRUE(std::isnan(movement_fraction({}, 4, {related})));
    EXPECT_TRUE(std::isnan(movement_fraction(edges, 4, {})));
    EXPECT_THROW(movement_fraction(edges, 3, {related}), base::InputError);
    EXPECT_THROW(movement_fraction(std::vector<std::int64_t>{6}, 4, {related}), base::InputError);
}

TEST(MovementFraction, WhatWasNotTestedIsNeitherRelatedNorUnrelated)
{
    // The same edges; neuron 0 was not tested in the first session, neuron 3 never.
    const auto related = std::vector<std::uint8_t>{1, 0, 1, 0, /**/ 1, 1, 0, 0};
    const auto tested = std::vector<std::uint8_t>{0, 1, 1, 0, /**/ 1, 1, 1, 0};
    const auto edges =
        std::vector<std::int64_t>{base::pair_index(0, 1, 4), base::pair_index(0, 3, 4)};
    const auto third = std::vector<std::int64_t>{base::pair_index(0, 3, 4)};
    const auto nobody = std::vector<std::uint8_t>(8, 0);

    EXPECT_DOUBLE_EQ(movement_fraction(edges, 4, {related, tested}), 3 / 4.0);
    EXPECT_DOUBLE_EQ(movement_fraction(third, 4, {related, tested}), 1);
    EXPECT_TRUE(std::isnan(movement_fraction(edges, 4, {related, nobody})));
    EXPECT_THROW(movement_fraction(edges, 4, {related, std::span(tested).first(4)}),
                 base::InputError);
    EXPECT_EQ(drawn_movement_fractions(std::vector<EdgePool>{{third, 1}}, 4, {related, tested},
                                       {1, 1}, {0, 3}),
              (std::vector<double>{1, 1, 1}));
}

TEST(MovementFraction, DrawsStandAloneAndHaveTheMeanOfAllEdges)
{
    auto stream = base::Stream(1, {1});
    auto related = std::vector<std::uint8_t>(40);
    for (auto& flag : related)
        flag = stream.uniform() < 0.3 ? 1 : 0;
    auto edges = std::vector<std::int64_t>{};
    for (auto pair = 0; pair < base::pair_count(20); pair += 3)
        edges.push_back(pair);
    const auto draw = [&](std::int64_t count, Range draws) {
        return drawn_movement_fractions(std::vector<EdgePool>{{edges, count}}, 20, {related},
                                        {9, 1}, draws);
    };

    const auto all = draw(10, {0, 2000});

    EXPECT_EQ(draw(10, {1234, 1235})[0], all[1234]);
    const auto of_all_edges = movement_fraction(edges, 20, {related});
    auto mean = 0.0;
    for (const auto fraction : all)
        mean += fraction / 2000;
    EXPECT_NEAR(mean, of_all_edges, 0.01);
    EXPECT_DOUBLE_EQ(draw(static_cast<std::int64_t>(edges.size()), {0, 1})[0], of_all_edges);
    EXPECT_THROW(draw(static_cast<std::int64_t>(edges.size()) + 1, {0, 1}), base::InputError);
}

TEST(MovementFraction, RandomEdgesAreInAsManySessionsAsTheTopOnes)
{
    const auto edges = std::vector<std::int64_t>{2, 5, 7, 11, 13, 17, 19};
    const auto sessions = std::vector<std::int32_t>{1, 3, 1, 2, 3, 1, 3};
    const auto top = std::vector<std::int64_t>{19, 2, 5};

    const auto pools = matched_pools(edges, sessions, top);

    ASSERT_EQ(pools.size(), 2U);
    EXPECT_EQ(pools[0].edges, (std::vector<std::int64_t>{2, 7, 17}));
    EXPECT_EQ(pools[0].count, 1);
    EXPECT_EQ(pools[1].edges, (std::vector<std::int64_t>{5, 13, 19}));
    EXPECT_EQ(pools[1].count, 2);
    // All ends of edges in three sessions are related, of those in one none: no draw differs.
    auto related = std::vector<std::uint8_t>(7, 0);
    for (const auto edge : pools[1].edges)
        related[static_cast<std::size_t>(ends_of(edge, 7).first)] = 1;
    for (const auto draw : drawn_movement_fractions(pools, 7, {related}, {3, 1}, {0, 50}))
        EXPECT_GE(draw, 2.0 / 6);
}

TEST(MovementFraction, PoolsThatAreTooSmallAreJoined)
{
    const auto edges = std::vector<std::int64_t>{2, 5, 7, 11};
    const auto sessions = std::vector<std::int32_t>{1, 2, 2, 3};

    const auto upwards = matched_pools(edges, sessions, std::vector<std::int64_t>{2, 3, 4});
    const auto downwards = matched_pools(edges, std::vector<std::int32_t>{3, 2, 2, 1},
                                         std::vector<std::int64_t>{2, 3, 4, 5});

    ASSERT_EQ(upwards.size(), 1U); // 3 and 4 are in no session
    EXPECT_EQ(upwards[0].edges, (std::vector<std::int64_t>{2, 5, 7}));
    EXPECT_EQ(upwards[0].count, 3);
    auto drawn = std::int64_t{0};
    for (const auto& pool : downwards) {
        EXPECT_LE(pool.count, std::ssize(pool.edges));
        drawn += pool.count;
    }
    EXPECT_EQ(drawn, 4);
    EXPECT_THROW(matched_pools(edges, sessions, std::vector<std::int64_t>(5, 2)), base::InputError);
}

TEST(MovementFraction, PercentileCountsHalfOfTheTies)
{
    const auto draws = std::vector<double>{0.1, 0.2, 0.2, 0.4};

    EXPECT_DOUBLE_EQ(percentile_among(draws, 0.2), 50);
    EXPECT_DOUBLE_EQ(percentile_among(draws, 0.5), 100);
    EXPECT_TRUE(std::isnan(percentile_among({}, 0.5)));
    EXPECT_TRUE(std::isnan(percentile_among(draws, std::nan(""))));
    EXPECT_DOUBLE_EQ(percentile_among(std::vector<double>{0.1, std::nan("")}, 0.5), 100);
    EXPECT_TRUE(std::isnan(percentile_among(std::vector<double>{std::nan("")}, 0.5)));
}

TEST(LearningPeriods, AreThoseOfThePaperAndWhatComesAfter)
{
    const auto name_of = [](std::int64_t session) {
        const auto period = network::learning_period_of(session);
        return period ? network::learning_periods()[*period].name : std::string("none");
    };

    EXPECT_EQ(name_of(0), "none");
    EXPECT_EQ(name_of(1), "1-2");
    EXPECT_EQ(name_of(2), "1-2");
    EXPECT_EQ(name_of(5), "3-5");
    EXPECT_EQ(name_of(9), "6-9");
    EXPECT_EQ(name_of(14), "10-14");
    EXPECT_EQ(name_of(100), "15+");
}

TEST(TopPairs, OfAComponentThatIsTurnedChangeSides)
{
    auto top = std::vector<network::TopPairs>(2);
    for (auto& component : top) {
        component.positive = {{0.5, 3}};
        component.negative = {{-0.7, 1}, {-0.2, 4}};
    }
    auto orientation = network::Orientation{};
    orientation.sign = Eigen::Vector2d(1, -1);

    network::apply(orientation, top);

    EXPECT_EQ(top[0].positive.at(0).pair, 3);
    ASSERT_EQ(top[1].positive.size(), 2U);
    EXPECT_EQ(top[1].positive[0].pair, 1);
    EXPECT_EQ(top[1].positive[0].loading, 0.7);
    EXPECT_EQ(top[1].negative.at(0).loading, -0.5);
}

TEST(TopPairs, WithoutWhatIsRounding)
{
    auto top = std::vector<network::TopPairs>(1);
    top[0].positive = {{0.5, 3}, {1e-13, 2}};
    top[0].negative = {{-1e-14, 1}};

    network::drop_rounding(top, {{-0.9, 7}});

    ASSERT_EQ(top[0].positive.size(), 1U);
    EXPECT_EQ(top[0].positive[0].pair, 3);
    EXPECT_TRUE(top[0].negative.empty());
}
