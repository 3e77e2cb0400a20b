#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/network/graph_metrics.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using testing::ElementsAre;

namespace {

std::vector<std::uint8_t> random_edges(std::int64_t nodes, double density, std::uint64_t seed)
{
    auto stream = base::Stream(seed, {static_cast<std::uint64_t>(nodes)});
    auto edge = std::vector<std::uint8_t>(static_cast<std::size_t>(base::pair_count(nodes)));
    for (auto& e : edge)
        e = stream.uniform() < density ? 1 : 0;
    return edge;
}

/// Three loops over all nodes.
std::vector<std::int64_t> triangles_by_hand(const std::vector<std::uint8_t>& edge, std::int64_t n)
{
    auto count = std::vector<std::int64_t>(static_cast<std::size_t>(n));
    auto has = [&](std::int64_t i, std::int64_t j) {
        return edge[static_cast<std::size_t>(base::pair_index(i, j, n))] != 0;
    };
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i + 1; j < n; ++j)
            for (auto k = j + 1; k < n; ++k)
                if (has(i, j) && has(j, k) && has(i, k))
                    for (const auto node : {i, j, k})
                        ++count[static_cast<std::size_t>(node)];
    return count;
}

} // namespace

TEST(GraphMetrics, TriangleWithATail)
{
    // 0-1, 0-2, 1-2, 2-3
    const auto metrics = network::graph_metrics(std::vector<std::uint8_t>{1, 1, 0, 1, 0, 1}, 4);

    EXPECT_THAT(metrics.degree, ElementsAre(2, 2, 3, 1));
    EXPECT_THAT(metrics.node_triangles, ElementsAre(1, 1, 1, 0));
    EXPECT_EQ(metrics.triangles, 1);
    EXPECT_DOUBLE_EQ(metrics.clustering[2], 1.0 / 3);
    EXPECT_DOUBLE_EQ(metrics.average_clustering, (1 + 1 + 1.0 / 3 + 0) / 4);
    EXPECT_DOUBLE_EQ(metrics.transitivity, 3.0 / 5);
    EXPECT_DOUBLE_EQ(metrics.density, 4.0 / 6);
    EXPECT_DOUBLE_EQ(metrics.paper_density, 8.0 / 16);
    EXPECT_DOUBLE_EQ(metrics.mean_degree, 2);
    EXPECT_DOUBLE_EQ(metrics.triangle_share, 1.0 / 4);
}

TEST(GraphMetrics, NoNodesOneNodeNoEdges)
{
    for (const auto nodes : {0, 1, 2, 5}) {
        const auto edge = std::vector<std::uint8_t>(
            static_cast<std::size_t>(base::pair_count(nodes)), std::uint8_t{0});

        const auto metrics = network::graph_metrics(edge, nodes);

        EXPECT_EQ(metrics.edges, 0);
        EXPECT_EQ(metrics.density, 0);
        EXPECT_EQ(metrics.paper_density, 0);
        EXPECT_EQ(metrics.transitivity, 0);
        EXPECT_EQ(metrics.average_clustering, 0);
        EXPECT_EQ(std::isnan(metrics.triangle_share), nodes < 3);
    }
}

TEST(GraphMetrics, AgreesWithThreeLoops)
{
    // sizes around the words of 64 bits and the vectors of 512
    for (const auto nodes : {2, 3, 7, 63, 64, 65, 127, 130})
        for (const auto density : {0.05, 0.5, 1.0}) {
            const auto edge = random_edges(nodes, density, 5);

            const auto metrics = network::graph_metrics(edge, nodes);

            EXPECT_EQ(metrics.node_triangles, triangles_by_hand(edge, nodes)) << nodes;
        }
}

TEST(GraphMetrics, ManyWords)
{
    // complete graph: every node is in (n-1)(n-2)/2 triangles
    constexpr auto nodes = std::int64_t{1100};
    const auto edge =
        std::vector<std::uint8_t>(static_cast<std::size_t>(base::pair_count(nodes)), 1);

    const auto metrics = network::graph_metrics(edge, nodes);

    EXPECT_EQ(metrics.triangles, nodes * (nodes - 1) * (nodes - 2) / 6);
    EXPECT_THAT(metrics.node_triangles, testing::Each((nodes - 1) * (nodes - 2) / 2));
    EXPECT_EQ(metrics.transitivity, 1);
}
