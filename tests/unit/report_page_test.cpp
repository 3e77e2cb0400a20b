#include <rewire/report/page.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace rewire::report;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr auto hostile = "<img src=x onerror=alert(1)> & \"q\" 'a'";

FigureBlock block_of(const std::string& caption)
{
    auto block = FigureBlock{};
    block.panels = {figure_of(ScatterPlot{.title = "p", .points = {{"", {1, 2}, {2, 1}}}})};
    block.caption = caption;
    block.sources = {"connectome.h5"};
    return block;
}

} // namespace

TEST(Page, NothingGivenToItIsMarkup)
{
    auto page = Page(hostile, hostile);
    page.section(hostile);
    page.subsection(hostile);
    page.paragraph(hostile);
    page.notice(hostile, hostile, hostile);
    page.list({hostile});
    page.table({.head = {hostile}, .rows = {{hostile}}, .caption = hostile});
    page.figure(block_of(hostile));
    page.source({.name = hostile,
                 .record = {{hostile, hostile}},
                 .options = {{hostile, hostile}},
                 .inputs = {{hostile, hostile}}});

    const auto html = page.html();

    EXPECT_THAT(html, Not(HasSubstr("<img")));
    EXPECT_THAT(html,
                HasSubstr("&lt;img src=x onerror=alert(1)&gt; &amp; &quot;q&quot; &#39;a&#39;"));
}

TEST(Page, IsOneFileThatFetchesNothing)
{
    auto page = Page("t", "s");
    page.section("first");
    page.figure(block_of("c"));

    const auto html = page.html();

    EXPECT_THAT(html, testing::StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"));
    EXPECT_THAT(html, testing::EndsWith("</html>\n"));
    for (const auto* loads : {" src=", "url(", "@import", "<link", "<script", "href=\"http"})
        EXPECT_THAT(html, Not(HasSubstr(loads)));
}

TEST(Page, ContentsFiguresAndTablesAreNumbered)
{
    auto page = Page("t", "s");
    page.section("Trajectories");
    page.figure(block_of("one"));
    page.table({.head = {"a"}, .rows = {{"1"}}, .caption = "numbers"});
    page.section("Metrics");
    page.figure(block_of("two"));

    const auto html = page.html();

    EXPECT_THAT(html, HasSubstr("<li><a href=\"#section-2\">Metrics</a></li>"));
    EXPECT_THAT(html, HasSubstr("<h2 id=\"section-2\">2&ensp;Metrics</h2>"));
    EXPECT_THAT(html, HasSubstr("<b>Figure 1.</b> one"));
    EXPECT_THAT(html, HasSubstr("<b>Figure 2.</b> two"));
    EXPECT_THAT(html, HasSubstr("<b>Table 1.</b> numbers"));
    EXPECT_THAT(html, HasSubstr("figure2-gp"));
}

TEST(Page, EveryFigureShowsTheSettingsBehindIt)
{
    auto page = Page("t", "s");
    page.section("a");
    page.figure(block_of("c"));
    page.source({.name = "connectome.h5",
                 .record = {{"seed", "7"}},
                 .options = {{"alpha", "2"}},
                 .inputs = {{"sub-1/ses-1.nwb", "abcdef0123"}}});

    const auto html = page.html();
    const auto figure =
        html.substr(html.find("<figure"), html.find("</figure>") - html.find("<figure"));

    EXPECT_THAT(figure, HasSubstr("<summary>Settings and files behind this figure</summary>"));
    EXPECT_THAT(figure, HasSubstr("<td>seed</td><td><code>7</code></td>"));
    EXPECT_THAT(figure, HasSubstr("<td>alpha</td><td><code>2</code></td>"));
    EXPECT_THAT(figure, HasSubstr("href=\"#source-1\""));
    EXPECT_THAT(html, HasSubstr("<h3 id=\"source-1\">connectome.h5</h3>"));
    EXPECT_THAT(html, HasSubstr("<code>abcdef0123</code>"));
}

TEST(Page, PanelsShareOneLegend)
{
    auto block = FigureBlock{};
    const auto points = [](const std::string& name) {
        return figure_of(ScatterPlot{.title = "", .points = {{name, {1, 2}, {2, 1}}}});
    };
    block.panels = {points("<first>"), points("<first>"), points("second")};
    auto page = Page("t", "s");
    page.figure(block);

    const auto html = page.html();

    const auto first = html.find("</svg> &lt;first&gt;</span>");
    EXPECT_NE(first, std::string::npos);
    EXPECT_EQ(html.find("&lt;first&gt;", first + 20), std::string::npos);
    EXPECT_THAT(html, HasSubstr("</svg> second</span>"));
}

TEST(Page, NumbersStandToTheRightAndNamesToTheLeft)
{
    auto page = Page("t", "s");
    page.table(
        {.head = {"animal", "value"}, .rows = {{"m1", "0.5"}, {"m2", "−3 ± 1"}, {"m3", "–"}}});

    const auto html = page.html();

    EXPECT_THAT(html, HasSubstr("<td>m1</td><td class=\"number\">0.5</td>"));
    EXPECT_THAT(html, HasSubstr("<th>animal</th><th class=\"number\">value</th>"));
}

TEST(Page, AnEmptyPageIsAPage)
{
    EXPECT_THAT(Page("t", "").html(), HasSubstr("<h1>t</h1>"));
}

TEST(Page, WhatComesBeforeTheFirstSectionStandsAboveTheContents)
{
    auto page = Page("t", "s");
    page.notice("Mind this.", "They do not fit.", "rewire again");
    page.section("a");

    const auto html = page.html();

    EXPECT_LT(html.find("Mind this."), html.find("<nav>"));
    EXPECT_LT(html.find("<nav>"), html.find("<h2 "));
}

TEST(Page, ASourceTellsFilesFromSettings)
{
    auto page = Page("t", "s");
    page.section("a");
    page.source({.name = "rewiring.h5",
                 .options = {{"top", "100"}},
                 .inputs = {{"m1/s1", "abc"}},
                 .earlier = {{"movement --shuffles", "500"}}});

    const auto html = page.html();

    EXPECT_THAT(html, HasSubstr("<summary>All 1 option</summary>"));
    EXPECT_THAT(html, HasSubstr("<summary>SHA-256 of 1 input file</summary>"));
    EXPECT_THAT(html, HasSubstr("<summary>Settings of the results that it was computed from"));
}

TEST(Page, OptionsDoNotBreakAtTheirDashes)
{
    auto page = Page("t", "s");
    page.list({"with --tau-s 0.7, and <--x>"});
    page.notice("a", "b", "rewire connectome --alpha 2");

    const auto html = page.html();

    EXPECT_THAT(html, HasSubstr("with <span class=\"option\">--tau-s</span> 0.7, and &lt;--x"));
    EXPECT_THAT(html, HasSubstr("rewire connectome <span class=\"option\">--alpha</span> 2"));
}
