#include "shared_data.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/network/graph_metrics.hpp>

#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;

namespace {

/// Edge bits of a weighted matrix: an edge where not 0, the diagonal ignored.
std::vector<std::uint8_t> edges_of(const std::vector<double>& matrix, std::int64_t n)
{
    auto edge = std::vector<std::uint8_t>{};
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i + 1; j < n; ++j)
            edge.push_back(matrix[static_cast<std::size_t>(i * n + j)] != 0 ? 1 : 0);
    return edge;
}

} // namespace

TEST(GraphReference, Networkx)
{
    const auto path = test::shared_data("reference/calcium/e_graph.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    for (const auto& name : io::children(file)) {
        SCOPED_TRACE(name);
        const auto group = io::open_group(file, name);
        const auto nodes = io::read_attribute<std::int64_t>(group, "n");
        const auto matrix = io::read_all<double>(group, "A");

        const auto metrics = network::graph_metrics(edges_of(matrix, nodes), nodes);

        auto expect_ratio = [&](const char* attribute, double value) {
            const auto expected = io::read_attribute<double>(group, attribute);
            if (std::isnan(expected))
                EXPECT_TRUE(std::isnan(value)) << attribute;
            else
                EXPECT_NEAR(value, expected, 1e-12) << attribute;
        };
        EXPECT_EQ(metrics.edges, io::read_attribute<std::int64_t>(group, "m"));
        EXPECT_EQ(metrics.triangles, io::read_attribute<std::int64_t>(group, "n_triangles"));
        EXPECT_EQ(metrics.degree, io::read_all<std::int64_t>(group, "degree"));
        EXPECT_EQ(metrics.node_triangles, io::read_all<std::int64_t>(group, "triangles"));
        const auto clustering = io::read_all<double>(group, "clustering");
        for (std::size_t i = 0; i < clustering.size(); ++i)
            EXPECT_NEAR(metrics.clustering[i], clustering[i], 1e-12);
        expect_ratio("transitivity", metrics.transitivity);
        expect_ratio("average_clustering", metrics.average_clustering);
        expect_ratio("density_paper_nnz_over_N2", metrics.paper_density);
        expect_ratio("mean_degree", metrics.mean_degree);
        expect_ratio("transitivity_all_possible_triples", metrics.triangle_share);
        expect_ratio("density_networkx", metrics.density);
    }
}
