#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Figures of one style for a page or a supplement, drawn by gnuplot as SVG.
///
/// A plot is described by its numbers and labels, turned into a `Figure`, and drawn together with
/// the others of the page by one gnuplot process. Labels may hold any text. NaN and infinite values
/// are gaps: lines break there, points and bars are left out. A plot without any finite value says
/// "no data". Colours are those of Okabe and Ito (told apart by colour-blind readers) and viridis
/// where order is coloured; groups differ in marker as well as in colour.
namespace rewire::report {

/// What a colour and mark stand for. Legends are not drawn in the figure: panels of one block share
/// the one that the page sets above them.
struct LegendEntry
{
    enum class Mark
    {
        line,   ///< with the marker of the colour
        dashed, ///< black
        area,
        points,
        upright, ///< a vertical line
    };

    std::string name;
    Mark mark = Mark::line;
    int colour = 0;

    friend bool operator==(const LegendEntry&, const LegendEntry&) = default;
};

/// A figure as gnuplot will draw it.
struct Figure
{
    std::string description; ///< for readers who do not see it
    int width_px = 360;
    int height_px = 270;
    std::string script; ///< gnuplot commands, without terminal and output
    std::vector<LegendEntry> legend;
};

struct Axis
{
    std::string label;
    std::optional<double> low; ///< default: what the values need
    std::optional<double> high;
    bool whole_numbers = false;     ///< ticks at whole numbers only, such as session numbers
    std::vector<std::string> names; ///< of the places 1, 2, ... instead of numbers
    bool logarithmic = false;       ///< values of 0 and below are gaps
};

struct Size
{
    int width_px = 360;
    int height_px = 270;
};

/// Values over an ordered axis, with the band value - half_width .. value + half_width.
struct Line
{
    std::string name; ///< in the legend; empty: not there
    std::vector<double> x;
    std::vector<double> y;
    std::vector<double> half_width; ///< e.g. s.e.m.; NaN or empty: no band there
    int colour = -1;                ///< index into the palette; default: its position
    bool faint = false;             ///< thin, behind the others: one animal under its group's mean
};

struct LinePlot
{
    std::string title;
    Axis x;
    Axis y;
    std::vector<Line> lines;
    std::optional<double> reference; ///< a dashed horizontal line
    Size size;
};
Figure figure_of(const LinePlot& plot);

/// Points in the order of time, joined and coloured from first (dark) to last (light); the first
/// and the last carry their labels. Both axes have the same scale.
/// Where a point may lie: (x, y)' C^-1 (x, y) <= 1 around it. NaN: none.
struct Ellipse
{
    double xx = 0; ///< C
    double xy = 0;
    double yy = 0;
};

struct Trajectory
{
    std::string title;
    std::string x_label;
    std::string y_label;
    std::vector<double> x;
    std::vector<double> y;
    std::vector<std::string> label; ///< of each point
    Size size{330, 300};
    std::vector<Ellipse> ellipse{}; ///< of each point, in its colour; empty: none
};
Figure figure_of(const Trajectory& plot);
enum class Palette : std::uint8_t
{
    sequence,  ///< from dark to light
    diverging, ///< from blue over white to red: of values whose sign matters
};
/// The colours of a trajectory of so many points, as a key to it.
Figure colour_key(const std::string& label, const std::string& first, const std::string& last,
                  std::size_t points, Palette palette = Palette::sequence);

/// A square matrix as colours, first row on top; NaN is grey.
struct Heatmap
{
    std::string title;
    std::string label; ///< of rows and columns
    std::vector<std::string> names;
    std::vector<double> value; ///< [row, column]
    std::optional<double> low; ///< of the colours; default: what the values need
    std::optional<double> high;
    Size size{330, 300};
};
Figure figure_of(const Heatmap& plot);

struct Bars
{
    std::string name;
    std::vector<double> value; ///< [category]
};
struct BarPlot
{
    std::string title;
    Axis y;
    std::vector<std::string> category;
    std::vector<Bars> bars; ///< stacked, the first at the bottom
    Size size{480, 280};
};
Figure figure_of(const BarPlot& plot);

/// Counts in bins, with what was expected and where an observed value lies.
struct HistogramPlot
{
    std::string title;
    Axis x;
    std::string y_label = "count";
    std::vector<double> edge;       ///< [bins + 1], ascending
    std::vector<double> count;      ///< [bins]
    std::optional<double> expected; ///< count in every bin, a dashed line
    std::string expected_label;
    std::optional<double> mark; ///< a vertical line; the x axis reaches it
    std::string mark_label;
    Size size;
};
Figure figure_of(const HistogramPlot& plot);

/// The histogram of a null distribution with the observed score marked in it. Values that are not
/// finite are left out.
HistogramPlot null_histogram(std::span<const double> null, double score, int bins = 40);

/// `bins` equal bins from low to high; the upper end belongs to the last bin. Values outside and
/// NaN are not counted. @pre low < high, bins > 0
struct Binned
{
    std::vector<double> edge;
    std::vector<double> count;
};
Binned binned(std::span<const double> values, double low, double high, int bins);

/// A histogram with the count in dashes that every bin would have were the values uniform.
HistogramPlot uniform_histogram(Binned counts);

struct Points
{
    std::string name;
    std::vector<double> x;
    std::vector<double> y;
    int colour = -1;
};
struct ScatterPlot
{
    std::string title;
    Axis x;
    Axis y;
    std::vector<Points> points;
    bool diagonal = false; ///< the line y = x
    Size size{270, 264};
};
Figure figure_of(const ScatterPlot& plot);

/// Quantiles of p-values on the scale of -log10: expected under uniformity (rank - 0.5) / n against
/// observed. All of the smallest `tail` values and about 200 of the others. NaN are left out; p = 0
/// is an infinite value. Cost O(n log n).
struct Quantiles
{
    std::vector<double> expected;
    std::vector<double> observed;
};
Quantiles p_value_quantiles(std::span<const double> p_values, std::size_t tail = 100);

/// SVG text of every figure, for a page: no prolog, identifiers prefixed with `prefix` and the
/// figure's position so that many can stand in one page.
/// @throws IoError: gnuplot is not there (names the Debian package) or fails (with its message)
std::vector<std::string> draw(std::span<const Figure> figures,
                              const std::string& prefix = "figure");

} // namespace rewire::report
