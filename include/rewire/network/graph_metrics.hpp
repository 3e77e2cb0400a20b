#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::network {

/// Metrics of a binary undirected graph without self loops (paper 2.7). Counts are exact; ratios
/// are formed from them at the end.
struct GraphMetrics
{
    std::int64_t nodes = 0;
    std::int64_t edges = 0;
    std::int64_t triangles = 0;
    std::vector<std::int64_t> degree;         ///< [nodes]
    std::vector<std::int64_t> node_triangles; ///< [nodes] triangles a node is a corner of
    std::vector<double> clustering;           ///< [nodes] 2 t / (d (d-1)); 0 for degree < 2
    double average_clustering = 0;            ///< over all nodes, zeros counted
    double transitivity = 0;  ///< 3 triangles / connected triples; 0 where there are none
    double density = 0;       ///< 2 m / (N (N-1)); 0 for N < 2 (networkx)
    double paper_density = 0; ///< non-zero elements of the matrix / N^2 = 2 m / N^2
    double mean_degree = 0;   ///< 2 m / N
    /// Triangles / all possible triples, the paper's wording taken literally; NaN for N < 3.
    double triangle_share = 0;
};

/// @param edge [pairs] strict upper triangle, row major (base::pair_index): an edge where not 0
/// @param nodes N; every metric is 0 (triangle_share NaN) for N = 0
///
/// Rows are sets of bits: the common neighbours of the ends of an edge are an AND and a population
/// count, m N / 64 steps in all. Memory N^2 / 8 bytes.
/// @pre edge.size() == nodes (nodes - 1) / 2
GraphMetrics graph_metrics(std::span<const std::uint8_t> edge, std::int64_t nodes);

} // namespace rewire::network
