#include "rewire/report/heat_map.hpp"

#include "plot_script.hpp"

#include <rewire/base/error.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::report {

namespace {

constexpr auto shades = std::size_t{256};
constexpr auto no_value = std::uint32_t{0xe2e2e2};

std::uint32_t cell_colour(const HeatMap& plot, double value)
{
    if (!std::isfinite(value))
        return no_value;
    const auto share = plot.high > plot.low ? (value - plot.low) / (plot.high - plot.low) : 0;
    const auto place = std::clamp(share, 0.0, 1.0) * static_cast<double>(shades - 1);
    return colour_in(plot.palette, static_cast<std::size_t>(std::lround(place)), shades);
}

/// From border to border.
Interval extent(const std::vector<double>& middle)
{
    auto range = Interval{};
    range.add(middle);
    const auto half = middle.size() > 1 ? (middle[1] - middle[0]) / 2 : 0.5;
    return range.empty() ? range : Interval{range.low - half, range.high + half};
}

} // namespace

Figure figure_of(const HeatMap& plot)
{
    if (plot.value.size() != plot.row.size() * plot.column.size())
        throw base::InputError(fmt::format("{} values for {} rows of {}", plot.value.size(),
                                           plot.row.size(), plot.column.size()),
                               "heat map", "give a value for every row and column");
    auto script = PlotScript(plot.title, plot.size);
    script.command("unset grid");
    script.axis('x', plot.x, extent(plot.column));
    script.axis('y', plot.y, extent(plot.row));
    auto cells = std::vector<std::vector<double>>{};
    auto next = plot.value.begin();
    for (const auto y : plot.row)
        for (const auto x : plot.column) {
            const auto colour = cell_colour(plot, *next++);
            cells.push_back({x, y, static_cast<double>(colour >> 16 & 0xff),
                             static_cast<double>(colour >> 8 & 0xff),
                             static_cast<double>(colour & 0xff)});
        }
    // An image of one row or column is none to gnuplot.
    if (plot.row.size() > 1 && plot.column.size() > 1)
        script.element(script.block(cells) + " using 1:2:3:4:5 with rgbimage");
    return script.finished(plot.title + ": " + plot.y.label + " against " + plot.x.label,
                           plot.size);
}

} // namespace rewire::report
