#include "figures.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto most_swept_edges = std::size_t{20};

} // namespace

report::Figure sweep_figure(const DynamicsResult& result)
{
    const auto& sweep = result.sweep;
    auto plot = report::LinePlot{};
    plot.title = result.head.subject + " " + result.head.session;
    plot.x.label = "λ";
    plot.x.logarithmic = true;
    plot.y.label = "Pearson r with the joint histogram";
    const auto edges = result.sender.size();
    auto lines = std::size_t{0};
    for (std::size_t edge = 0; edge < edges && lines < most_swept_edges; ++edge) {
        auto line = report::Line{.x = sweep.lambda, .colour = 0, .faint = true};
        for (std::size_t k = 0; k < sweep.lambda.size(); ++k)
            line.y.push_back(sweep.pearson[k * edges + edge]);
        if (std::all_of(line.y.begin(), line.y.end(), [](double r) { return std::isnan(r); }))
            continue;
        plot.lines.push_back(std::move(line));
        ++lines;
    }
    auto mean = report::Line{.name = "mean", .x = sweep.lambda, .colour = 0};
    for (std::size_t k = 0; k < sweep.lambda.size(); ++k)
        mean.y.push_back(summary_of(sweep, k).mean_pearson);
    plot.lines.push_back(std::move(mean));
    return report::figure_of(plot);
}

report::Figure flow_figure(const DynamicsResult& result)
{
    auto plot = report::LinePlot{};
    plot.title = result.head.subject + " " + result.head.session;
    plot.x.label = "time in the trial, s";
    plot.y.label = "share of edges that are present";
    plot.lines = {{.name = "up the hierarchy", .x = result.time_s, .y = result.feedforward},
                  {.name = "down", .x = result.time_s, .y = result.feedback}};
    return report::figure_of(plot);
}

} // namespace rewire::jobs
