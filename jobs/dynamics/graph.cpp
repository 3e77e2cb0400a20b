#include "graph.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/base/text.hpp>
#include <rewire/report/heat_map.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace rewire::jobs {

namespace {

constexpr auto spread_times = std::int64_t{4};
constexpr auto most_times = std::size_t{12};

/// Units with the largest static weights, ascending: rows and columns of the graph.
std::vector<std::int32_t> graph_units(const DynamicsResult& result)
{
    auto edges = std::vector<std::size_t>(result.sender.size());
    for (std::size_t k = 0; k < edges.size(); ++k)
        edges[k] = k;
    std::stable_sort(edges.begin(), edges.end(), [&](auto a, auto b) {
        return std::abs(result.static_weight[a]) > std::abs(result.static_weight[b]);
    });
    auto units = std::set<std::int32_t>{};
    for (const auto edge : edges) {
        auto more = units;
        more.insert({result.sender[edge], result.receiver[edge]});
        if (more.size() <= most_graph_units)
            units = std::move(more);
    }
    return {units.begin(), units.end()};
}

/// Ratios of the connections that are present in a bin, senders across, receivers upwards.
report::Figure graph_at(const DrawnGraph& graph, const std::vector<std::int32_t>& units,
                        std::int64_t bin)
{
    const auto& result = graph.result;
    auto plot = report::HeatMap{};
    plot.title = fmt::format("{} {}, {:g} s", result.head.subject, result.head.session,
                             result.time_s[static_cast<std::size_t>(bin)]);
    plot.x.label = "sender";
    plot.y.label = "receiver";
    plot.x.whole_numbers = plot.y.whole_numbers = true;
    for (std::size_t k = 0; k < units.size(); ++k)
        plot.column.push_back(static_cast<double>(k + 1));
    plot.row = plot.column;
    plot.value.assign(units.size() * units.size(), base::nan);
    const auto place = [&](std::int32_t unit) {
        return std::lower_bound(units.begin(), units.end(), unit) - units.begin();
    };
    for (std::int64_t edge = 0; edge < result.edges(); ++edge) {
        const auto at = static_cast<std::size_t>(edge);
        const auto cell = static_cast<std::size_t>(edge * result.bins() + bin);
        const auto column = place(result.sender[at]);
        const auto row = place(result.receiver[at]);
        const auto count = std::ssize(units);
        if (column < count && row < count && graph.present[cell] != 0 &&
            units[static_cast<std::size_t>(column)] == result.sender[at] &&
            units[static_cast<std::size_t>(row)] == result.receiver[at])
            plot.value[static_cast<std::size_t>(row * count + column)] =
                graph.present[cell] * std::abs(static_cast<double>(graph.ratio[cell]));
    }
    plot.low = -4;
    plot.high = 4;
    plot.palette = report::Palette::diverging;
    plot.size = {235, 225};
    return report::figure_of(plot);
}

} // namespace

runtime::Option graph_times_option()
{
    return {.name = "graph-times",
            .help = "times of the trial at which the dynamic graph is drawn, in seconds from the "
                    "alignment, such as 0.05,0.1,0.4; not given: four that are spread over it"};
}

std::vector<double> graph_times_of(const runtime::Options& options)
{
    const auto all = options.text("graph-times");
    auto times = std::vector<double>{};
    if (all.empty())
        return times;
    for (const auto& part : base::split(all, ',')) {
        const auto text = base::trimmed(part);
        auto value = 0.0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
            throw base::UsageError("not times: " + all, "--graph-times",
                                   "seconds from the alignment, such as 0.05,0.1,0.4");
        times.push_back(value);
    }
    if (times.size() > most_times)
        throw base::UsageError(fmt::format("{} times", times.size()), "--graph-times",
                               fmt::format("{} at most", most_times));
    return times;
}

std::vector<std::int64_t> graph_bins(const DynamicsResult& result, const std::vector<double>& times)
{
    auto bins = std::vector<std::int64_t>{};
    if (result.bins() == 0)
        return bins;
    if (times.empty())
        for (std::int64_t k = 0; k < spread_times; ++k)
            bins.push_back((2 * k + 1) * result.bins() / (2 * spread_times));
    for (const auto time : times) {
        // A time that is the start of a bin is meant so, whatever its last digit.
        const auto bin = static_cast<std::int64_t>(
            std::floor((time - result.time_s.front()) * 1e3 / result.bin_ms + 1e-6));
        if (bin >= 0 && bin < result.bins())
            bins.push_back(bin);
    }
    return bins;
}

std::vector<report::Figure> graphs_of(const DrawnGraph& graph,
                                      const std::vector<std::int64_t>& bins)
{
    const auto units = graph_units(graph.result);
    auto panels = std::vector<report::Figure>{};
    for (const auto bin : bins)
        panels.push_back(graph_at(graph, units, bin));
    return panels;
}

} // namespace rewire::jobs
