#include "rewire/network/graph_metrics.hpp"

#include <rewire/base/index.hpp>

#include <bit>
#include <limits>

namespace rewire::network {

namespace {

using base::at;

using CommonBits = std::int64_t (*)(const std::uint64_t*, const std::uint64_t*, std::int64_t);

[[gnu::always_inline]] inline std::int64_t count_common(const std::uint64_t* a,
                                                        const std::uint64_t* b, std::int64_t words)
{
    auto count = std::int64_t{0};
    for (std::int64_t w = 0; w < words; ++w)
        count += std::popcount(a[w] & b[w]);
    return count;
}

std::int64_t common_portable(const std::uint64_t* a, const std::uint64_t* b, std::int64_t words)
{
    return count_common(a, b, words);
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
[[gnu::target("popcnt")]] std::int64_t common_popcnt(const std::uint64_t* a, const std::uint64_t* b,
                                                     std::int64_t words)
{
    return count_common(a, b, words);
}

[[gnu::target("avx512f,avx512vpopcntdq,prefer-vector-width=512")]] std::int64_t
common_avx512(const std::uint64_t* a, const std::uint64_t* b, std::int64_t words)
{
    return count_common(a, b, words);
}
#endif

/// The population count of this processor. Chosen here by hand: target_clones knows no name for the
/// vector one.
CommonBits best_common_bits()
{
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
    if (__builtin_cpu_supports("avx512vpopcntdq"))
        return common_avx512;
    if (__builtin_cpu_supports("popcnt"))
        return common_popcnt;
#endif
    return common_portable;
}

struct BitRows
{
    std::int64_t words = 0;
    std::vector<std::uint64_t> bit;

    const std::uint64_t* row(std::int64_t i) const noexcept { return bit.data() + i * words; }
    void set(std::int64_t i, std::int64_t j) noexcept
    {
        bit[at(i * words + j / 64)] |= std::uint64_t{1} << (j % 64);
    }
};

/// Neighbour sets and degrees.
BitRows neighbours(std::span<const std::uint8_t> edge, GraphMetrics& metrics)
{
    const auto n = metrics.nodes;
    auto rows = BitRows{.words = (n + 63) / 64, .bit = {}};
    rows.bit.assign(at(n * rows.words), 0);
    auto pair = std::size_t{0};
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i + 1; j < n; ++j, ++pair)
            if (edge[pair] != 0) {
                rows.set(i, j);
                rows.set(j, i);
                ++metrics.degree[at(i)];
                ++metrics.degree[at(j)];
                ++metrics.edges;
            }
    return rows;
}

/// Every triangle at a node is seen from its two edges there.
void count_triangles(const BitRows& rows, GraphMetrics& metrics)
{
    static const auto common_bits = best_common_bits();
    for (std::int64_t i = 0; i < metrics.nodes; ++i)
        for (auto w = i / 64; w < rows.words; ++w) {
            auto later = rows.row(i)[w]; // neighbours after i
            if (w == i / 64)
                later &= ~std::uint64_t{0} << (i % 64);
            for (; later != 0; later &= later - 1) {
                const auto j = 64 * w + std::countr_zero(later);
                const auto common = common_bits(rows.row(i), rows.row(j), rows.words);
                metrics.node_triangles[at(i)] += common;
                metrics.node_triangles[at(j)] += common;
            }
        }
    auto corners = std::int64_t{0};
    for (auto& count : metrics.node_triangles) {
        count /= 2;
        corners += count;
    }
    metrics.triangles = corners / 3;
}

double ratio(double numerator, double denominator) noexcept
{
    return denominator > 0 ? numerator / denominator : 0;
}

void form_ratios(GraphMetrics& metrics)
{
    const auto n = static_cast<double>(metrics.nodes);
    const auto m = static_cast<double>(metrics.edges);
    auto neighbour_pairs = std::int64_t{0}; // ordered: d (d-1) at each node
    auto sum = 0.0;
    for (std::int64_t i = 0; i < metrics.nodes; ++i) {
        const auto d = metrics.degree[at(i)];
        neighbour_pairs += d * (d - 1);
        metrics.clustering[at(i)] = ratio(2 * static_cast<double>(metrics.node_triangles[at(i)]),
                                          static_cast<double>(d * (d - 1)));
        sum += metrics.clustering[at(i)];
    }
    const auto triangles = static_cast<double>(metrics.triangles);
    metrics.average_clustering = ratio(sum, n);
    metrics.transitivity = ratio(6 * triangles, static_cast<double>(neighbour_pairs));
    metrics.density = ratio(2 * m, n * (n - 1));
    metrics.paper_density = ratio(2 * m, n * n);
    metrics.mean_degree = ratio(2 * m, n);
    metrics.triangle_share = metrics.nodes < 3 ? std::numeric_limits<double>::quiet_NaN()
                                               : triangles / (n * (n - 1) * (n - 2) / 6);
}

} // namespace

GraphMetrics graph_metrics(std::span<const std::uint8_t> edge, std::int64_t nodes)
{
    auto metrics = GraphMetrics{};
    metrics.nodes = nodes;
    metrics.degree.assign(at(nodes), 0);
    metrics.node_triangles.assign(at(nodes), 0);
    metrics.clustering.assign(at(nodes), 0);
    const auto rows = neighbours(edge, metrics);
    count_triangles(rows, metrics);
    form_ratios(metrics);
    return metrics;
}

} // namespace rewire::network
