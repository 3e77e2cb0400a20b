#include "plot_script.hpp"

#include <rewire/base/text.hpp>
#include <rewire/report/markup.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace rewire::report {

namespace {

std::string with_doubled(std::string_view text, char character)
{
    auto out = std::string{};
    for (const auto each : text)
        out += each == character ? std::string(2, character) : std::string(1, each);
    return out;
}

/// Steps of 1, 2 or 5 times a power of ten, about eight over the range.
std::int64_t whole_step(double length)
{
    auto power = std::int64_t{1};
    while (true) {
        for (const auto step : {1, 2, 5})
            if (length / static_cast<double>(step * power) <= 8)
                return step * power;
        power *= 10;
    }
}

/// Steps of 1, 2 or 5 times a power of ten, eight over the range at most and so that their numbers
/// do not touch in so many pixels.
double decimal_step(double low, double high, double width_px)
{
    constexpr auto digit_px = 7.0;
    const auto letters = [](double value) { return fmt::format("{:.6g}", value).size(); };
    auto power = std::pow(10, std::floor(std::log10(high - low)) - 1);
    while (true) {
        for (const auto step : {1.0, 2.0, 5.0}) {
            const auto by = step * power;
            const auto longest = std::max(letters(std::ceil(low / by) * by + by),
                                          letters(std::floor(high / by) * by - by));
            const auto ticks = (high - low) / by;
            if (ticks <= 8 && ticks * static_cast<double>(longest + 2) * digit_px <= width_px)
                return by;
        }
        power *= 10;
    }
}

/// 1, 2 and 5 times the powers of ten, numbers at them.
std::string logarithmic_ticks(double low, double high)
{
    auto ticks = std::vector<std::string>{};
    for (auto power = std::floor(std::log10(low)); power <= std::log10(high); ++power)
        for (const auto digit : {1.0, 2.0, 5.0})
            if (const auto value = digit * std::pow(10, power); value >= low && value <= high)
                ticks.push_back(
                    fmt::format("{} {:.6g}", quoted_tick(fmt::format("{:g}", value)), value));
    return base::joined(ticks, ", ");
}

/// Colour of place `index` of `count` along the anchors, as 0xRRGGBB.
std::uint32_t between(std::span<const std::uint32_t> anchors, std::size_t index, std::size_t count)
{
    const auto place = count < 2 ? 0.0
                                 : static_cast<double>(index) / static_cast<double>(count - 1) *
                                       static_cast<double>(anchors.size() - 1);
    const auto left = std::min(static_cast<std::size_t>(place), anchors.size() - 2);
    const auto share = place - static_cast<double>(left);
    auto colour = std::uint32_t{0};
    for (const auto shift : {16U, 8U, 0U}) {
        const auto from = static_cast<double>((anchors[left] >> shift) & 0xFFU);
        const auto to = static_cast<double>((anchors[left + 1] >> shift) & 0xFFU);
        colour |= static_cast<std::uint32_t>(std::lround(from + share * (to - from))) << shift;
    }
    return colour;
}

} // namespace

std::string in_quotes(std::string_view text)
{
    auto out = std::string("\"");
    for (const auto character : printable(text)) {
        const auto byte = static_cast<unsigned char>(character);
        const auto plain = byte >= 0x80 || character == ' ' || std::isalpha(byte) != 0;
        out += plain ? std::string(1, character) : fmt::format("\\{:03o}", byte);
    }
    return out + "\"";
}

std::string quoted_tick(std::string_view text)
{
    return in_quotes(with_doubled(text, '%'));
}

std::string colour_of(int index)
{
    // Okabe and Ito's palette without its yellow, which does not show on white.
    static constexpr auto colours =
        std::array{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
    return colours[static_cast<std::size_t>(index) % colours.size()];
}

int marker_of(int index)
{
    static constexpr auto markers = std::array{7, 5, 9, 13, 11, 6, 4}; // gnuplot's numbers
    return markers[static_cast<std::size_t>(index) % markers.size()];
}

std::uint32_t sequence_colour(std::size_t index, std::size_t count)
{
    // viridis up to its yellow-green: the end of the map is too light for white paper.
    static constexpr auto anchors = std::array<std::uint32_t, 8>{
        0x440154, 0x46327e, 0x365c8d, 0x277f8e, 0x1fa187, 0x4ac16d, 0x7ad151, 0xbddf26};
    return between(anchors, index, count);
}

std::uint32_t colour_in(Palette palette, std::size_t index, std::size_t count)
{
    static constexpr auto blue_to_red = std::array<std::uint32_t, 7>{
        0x2166ac, 0x67a9cf, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xef8a62, 0xb2182b};
    return palette == Palette::sequence ? sequence_colour(index, count)
                                        : between(blue_to_red, index, count);
}

void Interval::add(double value)
{
    if (!std::isfinite(value))
        return;
    const auto first = empty();
    low = first ? value : std::min(low, value);
    high = first ? value : std::max(high, value);
}

void Interval::add(std::span<const double> values)
{
    for (const auto value : values)
        add(value);
}

Interval Interval::padded(double share) const
{
    if (empty())
        return {0, 1};
    if (low == high) {
        const auto half = low == 0 ? 1.0 : std::abs(low) / 10;
        return {low - half, high + half};
    }
    const auto more = (high - low) * share;
    return {low - more, high + more};
}

PlotScript::PlotScript(const std::string& title, const Size& size) : width_px_(size.width_px)
{
    constexpr auto margins = 40; // a title is centred over the plot, right of the numbers
    const auto room = [&](double character_px) {
        return static_cast<std::size_t>((size.width_px - margins) / character_px);
    };
    const auto large = shortened(title, room(7.4)) == printable(title);
    text_ = "reset\n"
            "set border 3 linewidth 1 linecolor rgb '#404040'\n"
            "set tics out nomirror scale 0.6 textcolor rgb '#202020'\n"
            "set format xy '%g'\n"
            "set xtics offset 0,0.3\n"
            "set grid ytics linetype 1 linewidth 0.6 linecolor rgb '#e2e2e2'\n"
            "unset key\n"
            "set lmargin 9\n"
            "set rmargin 2.5\n";
    if (!title.empty())
        command(fmt::format("set title {} font ',{}' offset 0,-0.4",
                            in_quotes(large ? title : shortened(title, room(5.8))),
                            large ? 13 : 10));
}

void PlotScript::axis(char name, const Axis& axis, const Interval& range)
{
    auto low = axis.low.value_or(range.low);
    auto high = axis.high.value_or(range.high);
    if (axis.logarithmic) {
        low = low > 0 ? low : 1e-3;
        command(fmt::format("set logscale {}", name));
    }
    if (!(high > low))
        high = low + 1;
    command(fmt::format("set {}range [{:.9g}:{:.9g}]", name, low, high));
    if (!axis.label.empty())
        command(fmt::format("set {}label {} font ',12'{}", name, in_quotes(axis.label),
                            name == 'x' ? " offset 0,0.3" : ""));
    if (!axis.names.empty()) {
        auto ticks = std::vector<std::string>{};
        for (std::size_t i = 0; i < axis.names.size(); ++i)
            ticks.push_back(fmt::format("{} {}", quoted_tick(axis.names[i]), i + 1));
        command(fmt::format("set {}tics ({})", name, base::joined(ticks, ", ")));
    } else if (axis.logarithmic)
        command(fmt::format("set {}tics ({}) ", name, logarithmic_ticks(low, high)));
    else if (axis.whole_numbers)
        command(fmt::format("set {}tics {}", name, whole_step(high - low)));
    else if (name == 'x')
        command(fmt::format("set xtics {:.6g}", decimal_step(low, high, width_px_ - 90)));
}

std::string PlotScript::block(const std::vector<std::vector<double>>& rows)
{
    auto name = fmt::format("$d{}", ++blocks_);
    command(name + " << END");
    for (const auto& row : rows) {
        const auto finite =
            std::all_of(row.begin(), row.end(), [](double value) { return std::isfinite(value); });
        auto line = std::vector<std::string>{};
        for (const auto value : row)
            line.push_back(fmt::format("{:.8g}", value));
        command(finite ? base::joined(line, " ") : "");
    }
    command("END");
    return name;
}

void PlotScript::element(const std::string& text)
{
    elements_.push_back(text);
}

void PlotScript::element(const std::string& text, LegendEntry entry)
{
    element(text);
    if (!entry.name.empty())
        legend_.push_back(std::move(entry));
}

Figure PlotScript::finished(std::string description, const Size& size)
{
    if (elements_.empty()) {
        command("set label 'no data' at graph 0.5, graph 0.5 center textcolor rgb '#707070'");
        element(block({{0, 0}}) + " with dots linecolor rgb '#ffffff'");
    }
    command("plot " + base::joined(elements_, ", \\\n     "));
    return {std::move(description), size.width_px, size.height_px, text_, legend_};
}

} // namespace rewire::report
