#include "plot_script.hpp"

#include <rewire/base/text.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::report {

Figure figure_of(const Heatmap& plot)
{
    const auto size = plot.names.size();
    auto range = Interval{};
    for (const auto value : plot.value)
        range.add(value);
    const auto low = plot.low.value_or(range.low);
    const auto high = plot.high.value_or(range.high);
    auto script = PlotScript(plot.title, plot.size);
    script.command("set size ratio 1; unset grid; set lmargin 7; set rmargin 9; set tmargin 2; "
                   "set bmargin 3.2");
    script.command("set palette defined (0 '#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', 4 "
                   "'#fde725')");
    script.command("set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb "
                   "'#d8d8d8' fillstyle solid noborder");
    const auto half_way = static_cast<double>(size) - 0.5;
    script.axis('x', {.label = plot.label}, {-0.5, half_way});
    script.axis('y', {.label = plot.label}, {-0.5, half_way});
    script.command(fmt::format("set yrange [{:.6g}:-0.5]", half_way)); // first row on top
    auto ticks = std::vector<std::string>{};
    const auto step = std::max<std::size_t>(1, (size + 7) / 8);
    for (std::size_t i = 0; i < size; i += step)
        ticks.push_back(fmt::format("{} {}", quoted_tick(plot.names[i]), i));
    for (const auto name : {'x', 'y'})
        script.command(fmt::format("set {}tics ({}) scale 0", name, base::joined(ticks, ", ")));
    if (range.empty())
        return script.finished(plot.title + ": " + plot.label + " against " + plot.label,
                               plot.size);
    script.command(fmt::format("set cbrange [{:.8g}:{:.8g}]", low, high > low ? high : low + 1));
    auto rows = std::vector<std::vector<double>>{};
    for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = 0; j < size; ++j)
            if (const auto value = plot.value[i * size + j]; std::isfinite(value))
                rows.push_back({static_cast<double>(j), static_cast<double>(i),
                                static_cast<double>(j) - 0.5, static_cast<double>(j) + 0.5,
                                static_cast<double>(i) - 0.5, static_cast<double>(i) + 0.5, value});
    script.element(script.block(rows) +
                   " using 1:2:3:4:5:6:7 with boxxyerror fill solid 1 noborder linecolor palette");
    return script.finished(plot.title + ": " + plot.label + " against " + plot.label, plot.size);
}

} // namespace rewire::report
