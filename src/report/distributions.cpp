#include "plot_script.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rewire::report {

Binned binned(std::span<const double> values, double low, double high, int bins)
{
    auto counts = Binned{};
    for (auto bin = 0; bin <= bins; ++bin)
        counts.edge.push_back(low + (high - low) * bin / bins);
    counts.count.assign(static_cast<std::size_t>(bins), 0);
    for (const auto value : values) {
        if (!(value >= low && value <= high))
            continue;
        const auto bin = static_cast<int>((value - low) / (high - low) * bins);
        ++counts.count[static_cast<std::size_t>(std::min(bin, bins - 1))];
    }
    return counts;
}

HistogramPlot uniform_histogram(Binned counts)
{
    auto plot = HistogramPlot{};
    auto all = 0.0;
    for (const auto count : counts.count)
        all += count;
    plot.expected = all / static_cast<double>(counts.count.size());
    plot.edge = std::move(counts.edge);
    plot.count = std::move(counts.count);
    return plot;
}

HistogramPlot null_histogram(std::span<const double> null, double score, int bins)
{
    auto range = Interval{};
    range.add(null);
    if (range.empty() || range.low == range.high)
        range = range.padded(0);
    auto counts = binned(null, range.low, range.high, bins);
    auto plot = HistogramPlot{};
    plot.x.label = "score";
    plot.y_label = "shuffles";
    plot.edge = std::move(counts.edge);
    plot.count = std::move(counts.count);
    if (std::isfinite(score))
        plot.mark = score;
    plot.mark_label = "observed score";
    return plot;
}

Quantiles p_value_quantiles(std::span<const double> p_values, std::size_t tail)
{
    auto sorted = std::vector<double>{};
    for (const auto p : p_values)
        if (!std::isnan(p))
            sorted.push_back(p);
    std::sort(sorted.begin(), sorted.end());
    auto quantiles = Quantiles{};
    const auto count = static_cast<double>(sorted.size());
    // Beyond the tail every point is a fixed factor further in rank: evenly spaced on the axis.
    const auto factor = std::pow(
        std::max(1.0, count / static_cast<double>(std::max<std::size_t>(tail, 1))), 1.0 / 200);
    auto next = static_cast<double>(tail);
    for (std::size_t rank = 0; rank < sorted.size(); ++rank) {
        const auto place = static_cast<double>(rank);
        if (rank >= tail && place < next && rank + 1 < sorted.size())
            continue;
        next = rank >= tail ? std::max(place * factor, place + 1) : next;
        quantiles.expected.push_back(-std::log10((place + 0.5) / count));
        quantiles.observed.push_back(-std::log10(sorted[rank]));
    }
    return quantiles;
}

} // namespace rewire::report
