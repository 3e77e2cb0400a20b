#include "plot_script.hpp"

#include <rewire/report/markup.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rewire::report {

namespace {

std::string description_of(const std::string& title, const std::string& x, const std::string& y)
{
    auto text = title;
    if (!y.empty())
        text += (text.empty() ? "" : ": ") + y;
    return x.empty() ? text : text + " against " + x;
}

int colour_index(int chosen, std::size_t position)
{
    return chosen >= 0 ? chosen : static_cast<int>(position);
}

bool is_shown(const Line& line, std::size_t i)
{
    return i < line.y.size() && std::isfinite(line.x[i]) && std::isfinite(line.y[i]);
}

/// The same on the axes of a plot.
bool is_shown(const LinePlot& plot, const Line& line, std::size_t i)
{
    return is_shown(line, i) && (!plot.x.logarithmic || line.x[i] > 0) &&
           (!plot.y.logarithmic || line.y[i] > 0);
}

/// Points of an outline.
std::vector<std::vector<double>> outline_of(const Ellipse& ellipse, double x, double y)
{
    constexpr auto points = 48;
    // C = L L': the unit circle through L
    const auto l11 = std::sqrt(ellipse.xx);
    const auto l21 = ellipse.xy / l11;
    const auto l22 = std::sqrt(std::max(ellipse.yy - l21 * l21, 0.0));
    auto rows = std::vector<std::vector<double>>{};
    for (auto k = 0; k <= points; ++k) {
        const auto angle = 2 * std::numbers::pi * k / points;
        rows.push_back(
            {x + l11 * std::cos(angle), y + l21 * std::cos(angle) + l22 * std::sin(angle)});
    }
    return rows;
}

bool has_band(const Line& line, std::size_t i)
{
    return is_shown(line, i) && i < line.half_width.size() && std::isfinite(line.half_width[i]);
}

void add_band(PlotScript& script, const Line& line, const std::string& colour)
{
    const auto runs = runs_where(line.x.size(), [&](std::size_t i) { return has_band(line, i); });
    for (const auto& [first, last] : runs) {
        auto rows = std::vector<std::vector<double>>{};
        for (auto i = first; i < last; ++i)
            rows.push_back(
                {line.x[i], line.y[i] - line.half_width[i], line.y[i] + line.half_width[i]});
        if (last - first == 1) // an area of one point does not show
            script.element(fmt::format("{} using 1:2:(0):($3-$2) with vectors nohead linewidth 4 "
                                       "linecolor rgb '#70{}'",
                                       script.block(rows), colour.substr(1)));
        else
            script.element(fmt::format("{} using 1:2:3 with filledcurves linecolor rgb '{}' fill "
                                       "transparent solid 0.2 noborder",
                                       script.block(rows), colour));
    }
}

void add_line(PlotScript& script, const Line& line, int index)
{
    auto rows = std::vector<std::vector<double>>{};
    auto any = false;
    for (std::size_t i = 0; i < line.x.size(); ++i) {
        rows.push_back({line.x[i], is_shown(line, i) ? line.y[i] : std::nan("")});
        any = any || is_shown(line, i);
    }
    if (!any)
        return;
    const auto colour = colour_of(index);
    const auto look = line.faint
                          ? fmt::format("with linespoints linewidth 0.8 pointtype {} pointsize 0.2 "
                                        "linecolor rgb '#a0{}'",
                                        marker_of(index), colour.substr(1))
                          : fmt::format("with linespoints linewidth 2 pointtype {} pointsize 0.55 "
                                        "linecolor rgb '{}'",
                                        marker_of(index), colour);
    script.element(script.block(rows) + " using 1:2 " + look,
                   {line.name, LegendEntry::Mark::line, index});
}

/// A vertical or horizontal line from `from` to `to`.
std::string straight(PlotScript& script, double x0, double y0, double x1, double y1)
{
    return script.block({{x0, y0}, {x1, y1}}) + " with lines";
}

} // namespace

Figure figure_of(const LinePlot& plot)
{
    auto x = Interval{};
    auto y = Interval{};
    for (const auto& line : plot.lines)
        for (std::size_t i = 0; i < line.x.size(); ++i) {
            if (!is_shown(plot, line, i))
                continue;
            const auto half = has_band(line, i) ? line.half_width[i] : 0.0;
            x.add(line.x[i]);
            y.add(line.y[i] - half);
            y.add(line.y[i] + half);
        }
    if (plot.reference)
        y.add(*plot.reference);
    auto script = PlotScript(plot.title, plot.size);
    const auto half_step = Interval{x.low - 0.5, x.high + 0.5};
    const auto around = [](const Interval& range) {
        return Interval{range.low / 1.15, range.high * 1.15};
    };
    const auto shown = plot.x.logarithmic                   ? around(x)
                       : plot.x.whole_numbers && !x.empty() ? half_step
                                                            : x.padded(0.03);
    script.axis('x', plot.x, shown);
    script.axis('y', plot.y, plot.y.logarithmic ? around(y) : y.padded(0.06));
    for (std::size_t i = 0; i < plot.lines.size(); ++i)
        if (plot.lines[i].faint)
            add_line(script, plot.lines[i], colour_index(plot.lines[i].colour, i));
    for (std::size_t i = 0; i < plot.lines.size(); ++i)
        add_band(script, plot.lines[i], colour_of(colour_index(plot.lines[i].colour, i)));
    for (std::size_t i = 0; i < plot.lines.size(); ++i)
        if (!plot.lines[i].faint)
            add_line(script, plot.lines[i], colour_index(plot.lines[i].colour, i));
    // gnuplot leaves out a line whose ends both lie beyond the axis.
    if (plot.reference && !x.empty())
        script.element(straight(script, shown.low, *plot.reference, shown.high, *plot.reference) +
                       " linecolor rgb '#606060' dashtype (6,5)");
    return script.finished(description_of(plot.title, plot.x.label, plot.y.label), plot.size);
}

Figure figure_of(const Trajectory& plot)
{
    const auto shown = [&](std::size_t i) {
        return std::isfinite(plot.x[i]) && std::isfinite(plot.y[i]);
    };
    auto x = Interval{};
    auto y = Interval{};
    auto rows = std::vector<std::vector<double>>{};
    auto there = std::vector<std::size_t>{};
    for (std::size_t i = 0; i < plot.x.size(); ++i) {
        rows.push_back(
            {plot.x[i], plot.y[i], static_cast<double>(sequence_colour(i, plot.x.size()))});
        if (!shown(i))
            continue;
        there.push_back(i);
        x.add(plot.x[i]);
        y.add(plot.y[i]);
        if (i >= plot.ellipse.size() || !(plot.ellipse[i].xx > 0))
            continue;
        const auto& ellipse = plot.ellipse[i];
        for (const auto side : {-1.0, 1.0}) {
            x.add(plot.x[i] + side * std::sqrt(ellipse.xx));
            y.add(plot.y[i] + side * std::sqrt(ellipse.yy));
        }
    }
    // One scale for both axes: distances in the plane are distances between sessions.
    x = x.padded(0);
    y = y.padded(0);
    const auto half = 0.62 * std::max(x.high - x.low, y.high - y.low);
    const auto around = [&](const Interval& range) {
        const auto centre = (range.low + range.high) / 2;
        return Interval{centre - half, centre + half};
    };
    auto script = PlotScript(plot.title, plot.size);
    script.command("set size ratio -1; set lmargin 7; set tmargin 2; set bmargin 3.2");
    script.command("unset grid");
    script.command("set xzeroaxis linetype 1 linewidth 0.6 linecolor rgb '#d0d0d0'");
    script.command("set yzeroaxis linetype 1 linewidth 0.6 linecolor rgb '#d0d0d0'");
    script.axis('x', {.label = plot.x_label}, around(x));
    script.axis('y', {.label = plot.y_label}, around(y));
    if (there.empty())
        return script.finished(description_of(plot.title, plot.x_label, plot.y_label), plot.size);
    for (const auto i : there)
        if (i < plot.ellipse.size() && plot.ellipse[i].xx > 0)
            script.element(
                fmt::format("{} with lines linewidth 0.9 linecolor rgb '#70{:06x}'",
                            script.block(outline_of(plot.ellipse[i], plot.x[i], plot.y[i])),
                            sequence_colour(i, plot.x.size())));
    const auto path = script.block(rows);
    script.element(path + " using 1:2:3 with lines linewidth 1.6 linecolor rgb variable");
    script.element(path + " using 1:2:3 with points pointtype 7 pointsize 0.7 linecolor rgb "
                          "variable");
    // Labels stand away from the path: opposite to the neighbour that the point is joined to.
    const auto end = [&](std::size_t i, std::size_t neighbour, int marker) {
        script.element(fmt::format("{} using 1:2 with points pointtype {} pointsize 1.3 linewidth "
                                   "1.6 linecolor rgb '#000000'",
                                   script.block({{plot.x[i], plot.y[i]}}), marker));
        if (i >= plot.label.size())
            return;
        const auto to_left = plot.x[neighbour] > plot.x[i];
        const auto below = plot.y[neighbour] > plot.y[i];
        script.command(fmt::format("set label {} at {:.8g},{:.8g} {} offset {},{} front font ',12'",
                                   in_quotes(plot.label[i]), plot.x[i], plot.y[i],
                                   to_left ? "right" : "left", to_left ? -0.9 : 0.9,
                                   below ? -0.7 : 0.7));
    };
    const auto last = there.size() - 1;
    end(there.front(), there[std::min<std::size_t>(1, last)], 6);
    if (last > 0)
        end(there.back(), there[last - 1], 4);
    return script.finished(description_of(plot.title, plot.x_label, plot.y_label), plot.size);
}

Figure colour_key(const std::string& label, const std::string& first, const std::string& last,
                  std::size_t points, Palette palette)
{
    auto script = PlotScript("", Size{});
    script.command("unset border; unset ytics; unset grid; set tmargin 0.4; set bmargin 3.2; "
                   "set lmargin 2; set rmargin 2; set style fill solid 1 noborder");
    const auto count = std::max<std::size_t>(points, 1);
    script.axis('x', {.label = label}, {-0.5, static_cast<double>(count) - 0.5});
    script.axis('y', {}, {0, 1});
    script.command(fmt::format("set xtics ({} 0{}) scale 0 offset 0,0.3", quoted_tick(first),
                               count > 1 ? fmt::format(", {} {}", quoted_tick(last), count - 1)
                                         : std::string{}));
    auto rows = std::vector<std::vector<double>>{};
    for (std::size_t i = 0; i < count; ++i) {
        const auto at = static_cast<double>(i);
        rows.push_back(
            {at, 0.5, at - 0.5, at + 0.5, 0, 1, static_cast<double>(colour_in(palette, i, count))});
    }
    script.element(script.block(rows) +
                   " using 1:2:3:4:5:6:7 with boxxyerror linecolor rgb variable");
    return script.finished("Colours of " + label + " " + first + " to " + last, {220, 66});
}

Figure figure_of(const BarPlot& plot)
{
    auto base = std::vector<double>(plot.category.size(), 0.0);
    auto height = Interval{};
    height.add(0);
    auto script = PlotScript(plot.title, plot.size);
    auto letters = std::size_t{0};
    auto ticks = std::string{};
    for (std::size_t i = 0; i < plot.category.size(); ++i) {
        const auto name = shortened(plot.category[i], 24);
        ticks += fmt::format("{}{} {}", i > 0 ? ", " : "", quoted_tick(name), i);
        letters += name.size() + 2;
    }
    script.axis('x', {}, {-0.6, static_cast<double>(plot.category.size()) - 0.4});
    script.command(fmt::format("set xtics ({}) scale 0{}", ticks,
                               letters * 7 > static_cast<std::size_t>(plot.size.width_px) - 80
                                   ? " rotate by 40 right"
                                   : ""));
    for (std::size_t series = 0; series < plot.bars.size(); ++series) {
        auto rows = std::vector<std::vector<double>>{};
        for (std::size_t i = 0; i < plot.category.size(); ++i) {
            const auto value = plot.bars[series].value[i];
            if (!std::isfinite(value))
                continue;
            const auto at = static_cast<double>(i);
            rows.push_back({at, base[i], at - 0.32, at + 0.32, base[i], base[i] + value});
            base[i] += value;
            height.add(base[i]);
        }
        if (!rows.empty())
            script.element(
                fmt::format("{} using 1:2:3:4:5:6 with boxxyerror fill solid 1 border "
                            "rgb '#ffffff' linecolor rgb '{}'",
                            script.block(rows), colour_of(static_cast<int>(series))),
                {plot.bars[series].name, LegendEntry::Mark::area, static_cast<int>(series)});
    }
    script.axis('y', plot.y, {0, height.padded(0.05).high});
    return script.finished(description_of(plot.title, "", plot.y.label), plot.size);
}

Figure figure_of(const HistogramPlot& plot)
{
    auto x = Interval{};
    x.add(plot.edge);
    auto y = Interval{};
    y.add(0);
    y.add(plot.count);
    if (plot.expected)
        y.add(*plot.expected);
    if (plot.mark)
        x.add(*plot.mark);
    const auto counted =
        std::any_of(plot.count.begin(), plot.count.end(), [](double count) { return count > 0; });
    const auto width = x.padded(plot.mark ? 0.04 : 0.01);
    const auto top = y.padded(0.06).high;
    auto script = PlotScript(plot.title, plot.size);
    script.axis('x', plot.x, width);
    script.axis('y', {.label = plot.y_label}, {0, top});
    auto rows = std::vector<std::vector<double>>{};
    for (std::size_t bin = 0; bin < plot.count.size(); ++bin)
        rows.push_back({(plot.edge[bin] + plot.edge[bin + 1]) / 2, 0, plot.edge[bin],
                        plot.edge[bin + 1], 0, plot.count[bin]});
    if (counted)
        script.element(script.block(rows) + " using 1:2:3:4:5:6 with boxxyerror fill solid 1 "
                                            "border rgb '#ffffff' linecolor rgb '#9db8cc'");
    if (plot.expected && counted)
        script.element(
            straight(script, plot.edge.front(), *plot.expected, plot.edge.back(), *plot.expected) +
                " linewidth 1.6 dashtype (6,4) linecolor rgb '#000000'",
            {plot.expected_label, LegendEntry::Mark::dashed, 0});
    if (plot.mark && std::isfinite(*plot.mark) && counted)
        script.element(straight(script, *plot.mark, 0, *plot.mark, top) + " linewidth 2.2 " +
                           "linecolor rgb '" + colour_of(1) + "'",
                       {plot.mark_label, LegendEntry::Mark::upright, 1});
    return script.finished(description_of(plot.title, plot.x.label, plot.y_label), plot.size);
}

Figure figure_of(const ScatterPlot& plot)
{
    auto x = Interval{};
    auto y = Interval{};
    for (const auto& points : plot.points)
        for (std::size_t i = 0; i < points.x.size(); ++i)
            if (std::isfinite(points.x[i]) && std::isfinite(points.y[i])) {
                x.add(points.x[i]);
                y.add(points.y[i]);
            }
    auto script = PlotScript(plot.title, plot.size);
    script.axis('x', plot.x, x.padded(0.04));
    script.axis('y', plot.y, y.padded(0.04));
    for (std::size_t i = 0; i < plot.points.size(); ++i) {
        const auto& points = plot.points[i];
        const auto index = colour_index(points.colour, i);
        auto rows = std::vector<std::vector<double>>{};
        for (std::size_t k = 0; k < points.x.size(); ++k)
            if (std::isfinite(points.x[k]) && std::isfinite(points.y[k]))
                rows.push_back({points.x[k], points.y[k]});
        if (!rows.empty())
            script.element(fmt::format("{} with points pointtype {} pointsize 0.35 linecolor rgb "
                                       "'#40{}'",
                                       script.block(rows), marker_of(index),
                                       colour_of(index).substr(1)),
                           {points.name, LegendEntry::Mark::points, index});
    }
    if (plot.diagonal && !x.empty()) {
        const auto low = std::max(x.low, y.low);
        const auto high = std::min(x.high, y.high);
        if (low < high)
            script.element(straight(script, low, low, high, high) +
                           " linewidth 1.2 dashtype (6,4) linecolor rgb '#000000'");
    }
    return script.finished(description_of(plot.title, plot.x.label, plot.y.label), plot.size);
}

} // namespace rewire::report
