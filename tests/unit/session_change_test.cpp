#include <rewire/base/random.hpp>
#include <rewire/network/session_change.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

using namespace rewire;
using namespace rewire::network;

namespace {

std::vector<std::int64_t> counted(std::int64_t sessions)
{
    auto position = std::vector<std::int64_t>(static_cast<std::size_t>(sessions));
    std::iota(position.begin(), position.end(), 0);
    return position;
}

SessionBlock random_block(Eigen::Index sessions, Eigen::Index pairs, std::uint64_t name)
{
    auto stream = base::Stream(7, {name});
    auto block = SessionBlock(sessions, pairs);
    for (Eigen::Index i = 0; i < block.size(); ++i)
        block.data()[i] = stream.normal();
    return block;
}

/// D = f(|s - t|)
template <typename Of>
Eigen::MatrixXd distances(Eigen::Index sessions, Of of)
{
    auto matrix = Eigen::MatrixXd(sessions, sessions);
    for (Eigen::Index s = 0; s < sessions; ++s)
        for (Eigen::Index t = 0; t < sessions; ++t)
            matrix(s, t) = of(static_cast<double>(std::abs(s - t)));
    return matrix;
}

} // namespace

TEST(HalfSums, of_pairs_one_by_one_are_those_of_the_block)
{
    const auto a = random_block(4, 50, 1);
    const auto b = random_block(4, 50, 2);
    const auto whole = half_sums(a, b);

    auto sums = HalfSums(4);
    for (Eigen::Index pair = 0; pair < a.cols(); ++pair)
        sums.add_pair(a.col(pair), b.col(pair));

    EXPECT_EQ(sums.pairs, 50);
    EXPECT_TRUE(sums.cross.isApprox(whole.cross, 1e-12));
    EXPECT_TRUE(sums.square_a.isApprox(whole.square_a, 1e-12));
    EXPECT_TRUE(sums.sum_b.isApprox(whole.sum_b, 1e-12));
    sums -= whole;
    EXPECT_NEAR(sums.cross.norm(), 0, 1e-12);
    EXPECT_EQ(sums.pairs, 0);
}

TEST(SessionSimilarity, neither_scale_nor_offset_of_a_session_counts)
{
    const auto signal = random_block(1, 4000, 3);
    auto a = SessionBlock(3, 4000);
    auto b = a;
    for (Eigen::Index s = 0; s < 3; ++s) {
        const auto gain = 1.0 / static_cast<double>(s + 1);
        a.row(s) = (gain * signal.row(0)).array() + 0.3 * static_cast<double>(s);
        b.row(s) = a.row(s);
    }

    const auto found = session_similarity(half_sums(a, b));

    EXPECT_TRUE(found.distance.isZero(1e-12));
    EXPECT_NEAR(found.reliability[2], 1, 1e-12);
    EXPECT_TRUE(found.is_reliable(1));
}

TEST(SessionSimilarity, a_session_of_noise_is_not_reliable)
{
    auto a = random_block(2, 3000, 4);
    auto b = random_block(2, 3000, 5);
    b.row(0) = a.row(0);

    const auto found = session_similarity(half_sums(a, b));

    EXPECT_TRUE(found.is_reliable(0));
    EXPECT_FALSE(found.is_reliable(1));
}

TEST(SessionSimilarity, of_some_sessions)
{
    const auto a = random_block(5, 300, 6);
    const auto sums = half_sums(a, a);
    const auto kept = std::vector<std::int64_t>{0, 2, 3};

    const auto some = session_similarity(of_sessions(sums, kept));
    const auto all = session_similarity(sums);

    EXPECT_NEAR(some.similarity(1, 2), all.similarity(2, 3), 1e-14);
    EXPECT_NEAR(some.reliability[2], all.reliability[3], 1e-14);
}

TEST(Path, displacements_of_sessions_with_a_gap)
{
    const auto distance = distances(4, [](double lag) { return lag; });
    const auto position = std::vector<std::int64_t>{0, 1, 2, 5};

    const auto displacement = mean_squared_displacement(distance, position);

    ASSERT_EQ(displacement.size(), 5);
    EXPECT_DOUBLE_EQ(displacement[0], 1);
    EXPECT_DOUBLE_EQ(displacement[1], 2);
    EXPECT_DOUBLE_EQ(displacement[2], 1); // sessions 2 and 5, neighbours in the matrix
    EXPECT_DOUBLE_EQ(displacement[4], 3);
    const auto gap = mean_squared_displacement(distance, std::vector<std::int64_t>{0, 1, 5, 6});
    EXPECT_TRUE(std::isnan(gap[1]));
}

TEST(Path, a_walk_has_no_bend_and_a_line_has)
{
    const auto walk =
        mean_squared_displacement(distances(14, [](double lag) { return 0.1 * lag; }), counted(14));
    const auto line = mean_squared_displacement(
        distances(14, [](double lag) { return 0.01 * lag * lag; }), counted(14));

    EXPECT_NEAR(bend_of(walk), 0, 1e-14);
    EXPECT_NEAR(exponent_of(walk), 1, 1e-12);
    EXPECT_NEAR(bend_of(line), 0.01 * (36 - 32 + 4), 1e-14);
    EXPECT_NEAR(exponent_of(line), 2, 1e-12);
    EXPECT_TRUE(std::isnan(bend_of(walk.head(5))));
    EXPECT_TRUE(std::isnan(exponent_of((walk.array() - 0.3).matrix())));
}

TEST(Path, what_came_back_is_nearer_to_the_first_sessions_again)
{
    auto place = std::vector<double>{};
    for (auto s = 0; s < 14; ++s)
        place.push_back(s < 4 || s > 9 ? 0.0 : 1.0);
    auto distance = Eigen::MatrixXd(14, 14);
    for (Eigen::Index s = 0; s < 14; ++s)
        for (Eigen::Index t = 0; t < 14; ++t)
            distance(s, t) =
                std::abs(place[static_cast<std::size_t>(s)] - place[static_cast<std::size_t>(t)]);

    EXPECT_DOUBLE_EQ(return_of(distance, counted(14)), 1);
    EXPECT_TRUE(std::isnan(return_of(distance.topLeftCorner(10, 10), counted(10))));
}

TEST(Path, interval_of_the_exponent_by_hand)
{
    const auto interval = exponent_interval(1, std::vector{0.9, 1.0, 1.1, 1.0});

    const auto error = std::sqrt(2.0 / 8 * 0.02);
    EXPECT_NEAR(interval.low, 1 - 1.959963984540054 * error, 1e-12);
    EXPECT_NEAR(interval.high, 1 + 1.959963984540054 * error, 1e-12);
    EXPECT_TRUE(std::isnan(exponent_interval(1, std::vector{0.9, std::nan("")}).low));
}

TEST(Mantel, goes_through_all_orders_of_few_sessions)
{
    const auto distance = distances(5, [](double lag) { return lag; });

    const auto test = mantel_test(distance, counted(5), {1, 2}, 10);

    EXPECT_TRUE(test.all_orders);
    EXPECT_EQ(test.orders, 120);
    EXPECT_NEAR(test.correlation, 1, 1e-12);
    EXPECT_DOUBLE_EQ(test.p_value, 2.0 / 120); // the order and its mirror image
}

TEST(Mantel, draws_orders_of_many_sessions_by_name)
{
    const auto a = random_block(10, 200, 8);
    const auto distance = session_similarity(half_sums(a, a)).distance;

    const auto test = mantel_test(distance, counted(10), {1, 2}, 999);
    const auto again = mantel_test(distance, counted(10), {1, 2}, 999);
    const auto other = mantel_test(distance, counted(10), {1, 3}, 999);

    EXPECT_FALSE(test.all_orders);
    EXPECT_EQ(test.orders, 1000);
    EXPECT_EQ(test.p_value, again.p_value);
    EXPECT_NE(test.p_value, other.p_value);
    EXPECT_GT(test.p_value, 0);
    EXPECT_TRUE(std::isnan(mantel_test(distance.topLeftCorner(4, 4), counted(4), {}, 9).p_value));
}

TEST(Mantel, ties_count)
{
    EXPECT_DOUBLE_EQ(mantel_p(0.5, std::vector{0.5, 0.1, 0.5 - 1e-14}), 3.0 / 4);
    const auto all_the_same = distances(6, [](double) { return 1.0; });
    EXPECT_TRUE(std::isnan(mantel_test(all_the_same, counted(6), {}, 9).p_value));
}

TEST(CrossFittedPlane, of_halves_without_noise_is_the_pca)
{
    const auto a = random_block(6, 500, 9);
    auto sums = PlaneSums{};
    for (Eigen::Index first = 0; first < 500; first += 100) {
        const SessionBlock part = a.middleCols(first, 100);
        sums += {part * part.transpose(), part * part.transpose(), {}};
    }

    const auto plane = cross_fitted_plane(sums, 2);

    const SessionBlock centred = a.rowwise() - a.colwise().mean();
    const Eigen::MatrixXd loading = a.transpose() * plane.weight;
    EXPECT_NEAR(loading.col(0).norm(), 1, 1e-10);
    EXPECT_NEAR(loading.col(0).dot(loading.col(1)), 0, 1e-10);
    EXPECT_TRUE(plane.score.isApprox(centred * loading, 1e-9));
    EXPECT_TRUE(plane.covariance.empty());
}

TEST(CrossFittedPlane, the_jackknife_finds_the_variance_of_a_mean)
{
    constexpr auto parts = jackknife_parts;
    const auto a = random_block(4, 300, 10);
    auto jackknife = SessionBlock(4 * parts, 300);
    auto b = SessionBlock(4, 300);
    auto of_parts = std::vector<SessionBlock>{};
    for (Eigen::Index s = 0; s < 4; ++s) {
        const auto part = random_block(parts, 300, 20 + static_cast<std::uint64_t>(s));
        b.row(s) = part.colwise().mean();
        for (Eigen::Index k = 0; k < parts; ++k)
            jackknife.row(s * parts + k) =
                (static_cast<double>(parts) * b.row(s) - part.row(k)) / (parts - 1);
        of_parts.push_back(part);
    }

    const auto plane =
        cross_fitted_plane({a * a.transpose(), b * a.transpose(), jackknife * a.transpose()}, 2);

    const Eigen::MatrixXd loading = a.transpose() * plane.weight;
    const Eigen::MatrixXd score = of_parts[2] * loading;
    const Eigen::MatrixXd deviation = score.rowwise() - score.colwise().mean();
    const Eigen::MatrixXd of_mean = deviation.transpose() * deviation / (parts * (parts - 1));
    ASSERT_EQ(plane.covariance.size(), 4U);
    EXPECT_TRUE(plane.covariance[2].isApprox(of_mean, 1e-9));
}

TEST(EllipseRadius, is_that_of_tables_of_the_f_distribution)
{
    // 95 % quantiles of F(2, 10), F(2, 20) and F(2, 100).
    for (const auto& [parts, quantile] :
         std::map<int, double>{{12, 4.1028}, {22, 3.4928}, {102, 3.0873}})
        EXPECT_NEAR(ellipse_radius_squared(parts), 2.0 * (parts - 1) / (parts - 2) * quantile, 3e-4)
            << parts;
}

TEST(ShareOfWalk, is_what_long_walks_have)
{
    EXPECT_NEAR(share_of_walk(400, 1), 6 / (M_PI * M_PI), 1e-3); // 1/k^2 of the k-th component
    EXPECT_NEAR(share_of_walk(14, 13), 1, 1e-12);
    EXPECT_GT(share_of_walk(14, 2), 0.75);
}

TEST(AlignedSigns, turn_round_who_runs_against_the_others)
{
    const auto number = std::vector<std::vector<double>>(3, {1, 2, 3, 4});
    const auto score =
        std::vector<std::vector<double>>{{1, -1, -1, 1}, {-2, 2, 2.1, -2}, {1, -0.9, -1, 1.2}};

    EXPECT_EQ(aligned_signs(score, number), (std::vector<double>{1, -1, 1}));
    EXPECT_EQ(aligned_signs({}, {}), std::vector<double>{});
}
