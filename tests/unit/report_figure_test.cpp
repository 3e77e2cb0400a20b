#include <rewire/base/error.hpp>
#include <rewire/report/figure.hpp>
#include <rewire/report/markup.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

using namespace rewire;
using report::figure_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr auto missing = std::numeric_limits<double>::quiet_NaN();
constexpr auto endless = std::numeric_limits<double>::infinity();

std::string drawn(const report::Figure& figure)
{
    return report::draw({&figure, 1}).at(0);
}

std::size_t count_of(const std::string& text, const std::string& what)
{
    auto count = std::size_t{0};
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
        ++count;
    return count;
}

/// Every tag that opens closes, in order: enough of XML for what gnuplot writes.
bool is_well_formed(const std::string& svg)
{
    auto open = std::vector<std::string>{};
    for (auto at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
        const auto end = svg.find('>', at);
        if (end == std::string::npos)
            return false;
        const auto tag = svg.substr(at + 1, end - at - 1);
        const auto name =
            tag.substr(tag.starts_with('/') ? 1 : 0,
                       tag.find_first_of(" \t\n/", 1) - (tag.starts_with('/') ? 1 : 0));
        if (tag.ends_with('/'))
            continue;
        if (!tag.starts_with('/')) {
            open.push_back(name);
            continue;
        }
        if (open.empty() || open.back() != name)
            return false;
        open.pop_back();
    }
    return open.empty();
}

report::LinePlot line_plot(std::vector<double> y, std::vector<double> band)
{
    auto x = std::vector<double>{};
    for (std::size_t i = 0; i < y.size(); ++i)
        x.push_back(static_cast<double>(i) + 1);
    return {.title = "density",
            .x = {.label = "session", .whole_numbers = true},
            .y = {.label = "density"},
            .lines = {{.name = "L2/3", .x = x, .y = std::move(y), .half_width = std::move(band)}}};
}

report::BarPlot bar_plot(std::vector<std::string> category, std::vector<double> value)
{
    auto plot = report::BarPlot{};
    plot.category = std::move(category);
    plot.bars.push_back({"PC1", std::move(value)});
    return plot;
}

} // namespace

TEST(Figure, ALineOfReferenceIsDrawnOnEveryAxis)
{
    for (const auto& axis :
         {report::Axis{.whole_numbers = true}, report::Axis{}, report::Axis{.logarithmic = true}}) {
        auto plot = line_plot({1, 2, 3}, {});
        plot.x = axis;
        const auto without = count_of(drawn(figure_of(plot)), "stroke-dasharray");
        plot.reference = 1.5;
        EXPECT_EQ(count_of(drawn(figure_of(plot)), "stroke-dasharray"), without + 1);
    }
}

TEST(Markup, TextIsNeverMarkup)
{
    EXPECT_EQ(report::escaped("<b a=\"1\" c='2'> & &lt;"),
              "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt; &amp; &amp;lt;");
}

TEST(Markup, PrintableTextIsValidUtf8WithoutControls)
{
    EXPECT_EQ(report::printable("a\nb\tc\x01"), "a b c ");
    EXPECT_EQ(report::printable("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xAD"),
              "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xAD");
    EXPECT_EQ(report::printable("\xE9t\xE9"), "\xEF\xBF\xBDt\xEF\xBF\xBD"); // Latin-1
    EXPECT_EQ(report::printable("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");   // overlong
    EXPECT_EQ(report::printable("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");   // cut off
    EXPECT_EQ(report::printable("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    EXPECT_EQ(report::printable("\xC2\x85"), " "); // next line
}

TEST(Markup, NumbersForReaders)
{
    EXPECT_EQ(report::number(0.123456), "0.1235");
    EXPECT_EQ(report::number(-2), "−2");
    EXPECT_EQ(report::number(missing), "–");
    EXPECT_EQ(report::number(endless), "∞");
}

TEST(Markup, CountsForReaders)
{
    EXPECT_EQ(report::grouped(-1234567), "-1,234,567");
    EXPECT_EQ(report::grouped(999), "999");
    EXPECT_EQ(report::counted(1, "animal"), "1 animal");
    EXPECT_EQ(report::counted(10000, "shuffle"), "10,000 shuffles");
    EXPECT_EQ(report::shortened("abcdefghij", 7), "abc…hij");
    EXPECT_EQ(report::shortened("\xC3\xA9\xC3\xA9\xC3\xA9", 3), "\xC3\xA9\xC3\xA9\xC3\xA9");
}

TEST(Distributions, BinsHoldTheirLowerEdgeAndTheLastItsUpperEdgeToo)
{
    const auto values = std::vector<double>{0, 0.25, 0.5, 0.99, 1, 1.01, -0.01, missing};

    const auto counts = report::binned(values, 0, 1, 4);

    EXPECT_THAT(counts.edge, ElementsAre(0, 0.25, 0.5, 0.75, 1));
    EXPECT_THAT(counts.count, ElementsAre(1, 1, 1, 2));
}

TEST(Distributions, TheNullHistogramCountsEveryFiniteValueAndMarksTheScore)
{
    const auto null = std::vector<double>{1, 2, 2, 3, missing, endless};

    const auto plot = report::null_histogram(null, 7, 4);

    EXPECT_THAT(plot.count, ElementsAre(1, 0, 2, 1));
    EXPECT_EQ(plot.mark, 7);
    EXPECT_EQ(plot.edge.front(), 1);
    EXPECT_EQ(plot.edge.back(), 3);
}

TEST(Distributions, TheNullHistogramOfEqualOrNoValuesHasBins)
{
    const auto equal = report::null_histogram(std::vector<double>{5, 5, 5}, 5, 4);
    const auto none = report::null_histogram({}, missing, 4);

    EXPECT_EQ(equal.count[0] + equal.count[1] + equal.count[2] + equal.count[3], 3);
    EXPECT_LT(equal.edge.front(), equal.edge.back());
    EXPECT_THAT(none.count, ElementsAre(0, 0, 0, 0));
    EXPECT_FALSE(none.mark);
}

TEST(Distributions, QuantilesOfFewValuesAreAllOfThem)
{
    const auto quantiles = report::p_value_quantiles(std::vector<double>{0.1, missing, 0.01});

    EXPECT_THAT(quantiles.observed, ElementsAre(testing::DoubleEq(2), testing::DoubleEq(1)));
    EXPECT_THAT(quantiles.expected, ElementsAre(testing::DoubleNear(-std::log10(0.25), 1e-12),
                                                testing::DoubleNear(-std::log10(0.75), 1e-12)));
}

TEST(Distributions, QuantilesOfManyValuesKeepTheTailAndBothEnds)
{
    auto uniform = std::vector<double>{};
    for (auto i = 0; i < 100'000; ++i)
        uniform.push_back((i + 0.5) / 100'000);

    const auto quantiles = report::p_value_quantiles(uniform, 50);

    ASSERT_GT(quantiles.observed.size(), 150U);
    EXPECT_LT(quantiles.observed.size(), 300U);
    EXPECT_THAT(quantiles.observed,
                testing::Pointwise(testing::DoubleNear(1e-9), quantiles.expected));
    EXPECT_NEAR(quantiles.observed.front(), -std::log10(0.5e-5), 1e-12);
    EXPECT_NEAR(quantiles.observed[49], -std::log10(49.5e-5), 1e-12);
    EXPECT_NEAR(quantiles.observed.back(), -std::log10(0.999995), 1e-12);
    EXPECT_TRUE(report::p_value_quantiles({}).observed.empty());
}

TEST(Figure, AnyLabelIsShownAsItIs)
{
    auto plot = line_plot({1, 2, 3}, {});
    plot.title =
        "</text><script>alert(1)</script> & 'q' \"d\" `id` $(id) \\n {/x} ^2 _2 @m 100% %g";
    plot.y.label = "'; system 'touch hacked'; #\nreset";
    plot.size.width_px = 720;

    const auto svg = drawn(figure_of(plot));

    EXPECT_TRUE(is_well_formed(svg)) << svg;
    EXPECT_THAT(svg, Not(HasSubstr("<script")));
    EXPECT_THAT(svg,
                HasSubstr("&lt;/text>&lt;script>alert(1)&lt;/script> &amp; 'q' \"d\" `id` $(id) "
                          "\\n {/x} ^2 _2 @m 100% %g"));
    EXPECT_THAT(svg, HasSubstr("'; system 'touch hacked'; # reset"));
}

TEST(Figure, AnyTickLabelIsShownAsItIs)
{
    const auto plot = bar_plot({"50% <a>", "it's \"b\""}, {0.5, 0.4});

    const auto svg = drawn(figure_of(plot));

    EXPECT_TRUE(is_well_formed(svg));
    EXPECT_THAT(svg, HasSubstr(">50% &lt;a><"));
    EXPECT_THAT(svg, HasSubstr(">it's \"b\"<"));
}

TEST(Figure, AnInvalidByteBecomesAReplacementCharacter)
{
    auto plot = line_plot({1, 2}, {});
    plot.title = "caf\xE9";

    EXPECT_THAT(drawn(figure_of(plot)), HasSubstr("caf\xEF\xBF\xBD"));
}

TEST(Figure, ALineBreaksAtMissingValues)
{
    const auto whole = figure_of(line_plot({1, 2, 3, 4}, {})).script;
    const auto broken = figure_of(line_plot({1, missing, endless, 4}, {})).script;

    EXPECT_THAT(whole, HasSubstr("1 1\n2 2\n3 3\n4 4\n"));
    EXPECT_THAT(broken, HasSubstr("1 1\n\n\n4 4\n"));
    EXPECT_TRUE(is_well_formed(drawn(figure_of(line_plot({1, missing, endless, 4}, {})))));
}

TEST(Figure, ABandHasOneAreaPerStretchAndABarWhereItIsOnePoint)
{
    const auto figure =
        figure_of(line_plot({1, 2, 3, 4, 5, 6}, {0.1, 0.1, missing, 0.2, missing, missing}));

    EXPECT_EQ(count_of(figure.script, "filledcurves"), 1U);
    EXPECT_EQ(count_of(figure.script, "with vectors"), 1U);
    EXPECT_THAT(figure.script, HasSubstr("1 0.9 1.1\n2 1.9 2.1\n"));
    EXPECT_TRUE(is_well_formed(drawn(figure)));
}

TEST(Figure, NoFiniteValueSaysNoData)
{
    for (const auto& figure :
         {figure_of(line_plot({}, {})),
          figure_of(line_plot({missing, endless}, {missing, missing})),
          figure_of(report::Trajectory{.title = "a", .x = {missing}, .y = {1}, .label = {"1"}}),
          figure_of(bar_plot({"a"}, {missing})), figure_of(report::BarPlot{}),
          figure_of(report::null_histogram({}, missing)),
          figure_of(report::ScatterPlot{.points = {{"p", {missing}, {1}}}, .diagonal = true})}) {
        const auto svg = drawn(figure);

        EXPECT_THAT(svg, HasSubstr(">no data<")) << figure.script;
        EXPECT_TRUE(is_well_formed(svg));
    }
}

TEST(Figure, OneSessionIsAPoint)
{
    const auto line = drawn(figure_of(line_plot({0}, {0})));
    const auto path =
        drawn(figure_of(report::Trajectory{.title = "m1", .x = {2}, .y = {0}, .label = {"1"}}));

    for (const auto& svg : {line, path}) {
        EXPECT_TRUE(is_well_formed(svg));
        EXPECT_THAT(svg, Not(HasSubstr("no data")));
        EXPECT_THAT(svg, HasSubstr("<use "));
    }
}

TEST(Figure, ATrajectoryMarksItsFirstAndLastSessionThatAreThere)
{
    const auto plot = report::Trajectory{.title = "m1",
                                         .x = {missing, 1, 2, 3},
                                         .y = {0, 0, 1, missing},
                                         .label = {"first", "second", "third", "last"}};

    const auto svg = drawn(figure_of(plot));

    EXPECT_THAT(svg, HasSubstr(">second<"));
    EXPECT_THAT(svg, HasSubstr(">third<"));
    EXPECT_THAT(svg, Not(HasSubstr(">last<")));
}

TEST(Figure, OnlyNamedLinesAreInTheLegend)
{
    auto plot = line_plot({1, 2}, {});
    plot.lines.push_back({.x = {1, 2}, .y = {2, 1}, .faint = true});

    EXPECT_THAT(figure_of(plot).legend,
                ElementsAre(report::LegendEntry{"L2/3", report::LegendEntry::Mark::line, 0}));
}

TEST(Figure, FiguresOfOnePageDoNotShareIdentifiers)
{
    const auto figures =
        std::vector{figure_of(line_plot({1, 2}, {})), figure_of(line_plot({2, 1}, {}))};

    const auto svgs = report::draw(figures, "f");

    ASSERT_EQ(svgs.size(), 2U);
    EXPECT_THAT(svgs[0], HasSubstr("id='f1-gpPt"));
    EXPECT_THAT(svgs[1], HasSubstr("href='#f2-gpPt"));
    EXPECT_THAT(svgs[1], Not(HasSubstr("f1-")));
    EXPECT_THAT(svgs[0], Not(HasSubstr("<title>")));
    EXPECT_THAT(svgs[0], testing::StartsWith("<svg "));
    EXPECT_EQ(report::draw(figures, "f"), svgs);
    EXPECT_TRUE(report::draw({}).empty());
}

TEST(Figure, AMarkOutsideTheHistogramIsWithinTheAxis)
{
    const auto plot = report::null_histogram(std::vector<double>{1, 2, 3}, 30);

    const auto figure = figure_of(plot);

    EXPECT_THAT(drawn(figure), HasSubstr(">30<"));
    EXPECT_THAT(figure.legend, ElementsAre(report::LegendEntry{
                                   "observed score", report::LegendEntry::Mark::upright, 1}));
}

TEST(Figure, WithoutGnuplotTheErrorNamesThePackage)
{
    const auto before = std::string(std::getenv("PATH"));
    const auto figure = figure_of(line_plot({1}, {}));
    setenv("PATH", "/nonexistent", 1);

    auto said = std::string{};
    try {
        drawn(figure);
    } catch (const base::IoError& error) {
        said = error.what();
    }
    setenv("PATH", before.c_str(), 1);

    EXPECT_THAT(said, HasSubstr("gnuplot-nox"));
}

TEST(Figure, WhatGnuplotSaysIsInTheError)
{
    const auto figure =
        report::Figure{.description = "broken", .script = "plot nonsense nonsense\n"};

    EXPECT_THROW(
        try { drawn(figure); } catch (const base::IoError& error) {
            EXPECT_THAT(error.what(), HasSubstr("nonsense"));
            throw;
        },
        base::IoError);
}

TEST(Figure, ATitleIsNotWiderThanItsPlot)
{
    auto plot = line_plot({1, 2}, {});
    plot.title = "animal-" + std::string(90, 'x') + "-one";

    const auto svg = drawn(figure_of(plot));

    EXPECT_THAT(svg, HasSubstr("animal-"));
    EXPECT_THAT(svg, HasSubstr("…"));
    EXPECT_THAT(svg, HasSubstr("-one"));
    EXPECT_THAT(figure_of(plot).description, HasSubstr(std::string(90, 'x')));
}

TEST(Figure, NumbersBelowTheAxisAreFew)
{
    const auto null = std::vector<double>{0.0051, 0.01, 0.012, 0.0212};
    auto plot = report::null_histogram(null, 0.019);

    plot.size.width_px = 270;
    EXPECT_THAT(figure_of(plot).script, HasSubstr("set xtics 0.005\n"));
    plot.size.width_px = 200;
    EXPECT_THAT(figure_of(plot).script, HasSubstr("set xtics 0.01\n"));
}
