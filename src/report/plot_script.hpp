#pragma once

#include <rewire/report/figure.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// gnuplot commands in the style of the page.
namespace rewire::report {

/// Text as a gnuplot string. All but letters and spaces are written as octal codes, so that no
/// quote, backquote or backslash is there to be taken for anything else (gnuplot 5.4 misreads some
/// quotes in single-quoted strings). Digits too: gnuplot would add them to the code before them.
std::string in_quotes(std::string_view text);
/// The same for tick labels, which gnuplot takes for number formats.
std::string quoted_tick(std::string_view text);

/// Colour by position, "#0072b2".
std::string colour_of(int index);
/// Marker by position.
int marker_of(int index);
/// Colour of place `index` of `count` on a path through time, as 0xRRGGBB.
std::uint32_t sequence_colour(std::size_t index, std::size_t count);
std::uint32_t colour_in(Palette palette, std::size_t index, std::size_t count);

/// Closed interval of finite values; empty while low > high.
struct Interval
{
    double low = 1;
    double high = -1;

    bool empty() const noexcept { return low > high; }
    void add(double value); ///< NaN and infinite values change nothing
    void add(std::span<const double> values);
    /// Wider by a share of its length on both sides; around a single value by a tenth of it, or 1.
    Interval padded(double share) const;
};

/// Commands of one plot as they grow.
class PlotScript
{
  public:
    /// Title, grid and ticks. A title that is wider than the plot is set smaller, then shortened.
    PlotScript(const std::string& title, const Size& size);

    void command(const std::string& text) { text_ += text + "\n"; }
    /// Label, range and ticks of `axis` ('x' or 'y'). Numbers below the x axis are few enough not
    /// to touch.
    void axis(char name, const Axis& axis, const Interval& range);
    /// A block of rows of numbers; a row with anything not finite leaves a gap.
    /// @return its name, for `element`
    std::string block(const std::vector<std::vector<double>>& rows);
    /// One element of the plot command, e.g. "$d1 with lines".
    void element(const std::string& text);
    /// The same with an entry in the legend, unless its name is empty.
    void element(const std::string& text, LegendEntry entry);
    /// The figure. Says "no data" when there is no element.
    Figure finished(std::string description, const Size& size);

  private:
    int width_px_;
    std::string text_;
    std::vector<std::string> elements_;
    std::vector<LegendEntry> legend_;
    int blocks_ = 0;
};

/// [first, last) of the stretches in which `holds(i)`.
template <typename Holds>
std::vector<std::pair<std::size_t, std::size_t>> runs_where(std::size_t count, Holds holds)
{
    auto runs = std::vector<std::pair<std::size_t, std::size_t>>{};
    for (std::size_t i = 0; i < count; ++i) {
        if (!holds(i))
            continue;
        if (runs.empty() || runs.back().second != i)
            runs.emplace_back(i, i);
        runs.back().second = i + 1;
    }
    return runs;
}

} // namespace rewire::report
