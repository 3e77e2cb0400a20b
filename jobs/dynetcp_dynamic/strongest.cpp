#include "strongest.hpp"

#include <algorithm>
#include <limits>
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
    auto strongest = std::int64_t{1};
    for (std::int64_t lag = 2; lag < result.lags(); ++lag)
        if (static_weight(result, edge, lag) > static_weight(result, edge, strongest))
            strongest = lag;
    return strongest;
}

std::vector<double> course_of(const DynamicResult& result, const EdgeOverTime& over_time,
                              std::int64_t lag)
{
    auto course = std::vector<double>{};
    auto spikes = std::vector<std::int32_t>{};
    for (std::int64_t bin = 0; bin < result.bins(); ++bin) {
        const auto at = static_cast<std::size_t>(bin * result.lags() + lag);
        spikes.push_back(over_time.spikes[at]);
        const auto first = std::max(std::int64_t{0}, bin - result.smoothed_bins + 1);
        const auto some = std::any_of(spikes.begin() + first, spikes.end(),
                                      [](std::int32_t count) { return count > 0; });
        course.push_back(some ? static_cast<double>(over_time.smoothed[at])
                              : std::numeric_limits<double>::quiet_NaN());
    }
    return course;
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
