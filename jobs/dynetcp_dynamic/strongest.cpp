#include "strongest.hpp"

#include <rewire/dynetcp/dynamics.hpp>

#include <algorithm>
#include <numeric>

namespace rewire::jobs {

namespace {

float static_weight(const DynamicResult& result, std::int64_t edge, std::int64_t lag)
{
    return result.static_weight[static_cast<std::size_t>(edge * result.lags() + lag)];
}

} // namespace

std::int64_t strongest_lag(const DynamicResult& result, std::int64_t edge)
{
    return dynetcp::functional_lag(std::span(result.static_weight)
                                       .subspan(static_cast<std::size_t>(edge * result.lags()),
                                                static_cast<std::size_t>(result.lags())));
}

std::vector<double> course_of(const DynamicResult& result, const EdgesOverTime& over_time,
                              std::int64_t lag)
{
    return dynetcp::weight_course(over_time.smoothed, over_time.spikes, result.lags(), lag,
                                  result.smoothed_bins);
}

std::vector<std::int64_t> strongest_edges(const DynamicResult& result, std::size_t most)
{
    auto edges = std::vector<std::int64_t>(static_cast<std::size_t>(result.edges()));
    std::iota(edges.begin(), edges.end(), std::int64_t{0});
    const auto size = [&](std::int64_t edge) {
        return static_weight(result, edge, strongest_lag(result, edge));
    };
    std::stable_sort(edges.begin(), edges.end(), [&](auto a, auto b) { return size(a) > size(b); });
    edges.resize(std::min(edges.size(), most));
    return edges;
}

} // namespace rewire::jobs
