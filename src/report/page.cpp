#include "rewire/report/page.hpp"

#include "page_style.hpp"
#include "plot_script.hpp"

#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace rewire::report {

namespace {

/// Digits, signs and units of numbers only: such columns are set to the right.
bool is_numeric(const std::string& cell)
{
    if (cell.empty() || cell == "–")
        return true;
    const auto begins = cell.find_first_of("0123456789");
    return begins != std::string::npos && begins <= 3 && // a sign, of up to three bytes
           cell.find_first_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:/_") ==
               std::string::npos;
}

std::string table_html(const Table& table, const std::string& caption)
{
    auto numeric = std::vector<bool>(table.head.size(), !table.rows.empty());
    for (const auto& row : table.rows)
        for (std::size_t column = 0; column < std::min(row.size(), numeric.size()); ++column)
            numeric[column] = numeric[column] && is_numeric(row[column]);
    const auto cell = [&](const char* tag, std::size_t column, const std::string& text) {
        const auto right = column < numeric.size() && numeric[column];
        return fmt::format("<{}{}>{}</{}>", tag, right ? " class=\"number\"" : "", escaped(text),
                           tag);
    };
    auto html = std::string("<div class=\"scroll\"><table>") + caption;
    if (!table.head.empty()) {
        html += "<thead><tr>";
        for (std::size_t column = 0; column < table.head.size(); ++column)
            html += cell("th", column, table.head[column]);
        html += "</tr></thead>";
    }
    html += "<tbody>\n";
    for (const auto& row : table.rows) {
        html += "<tr>";
        for (std::size_t column = 0; column < row.size(); ++column)
            html += cell("td", column, row[column]);
        html += "</tr>\n";
    }
    return html + "</tbody></table></div>\n";
}

std::string fields_html(const Fields& fields)
{
    auto html = std::string("<table><tbody>\n");
    for (const auto& [name, value] : fields)
        html += fmt::format("<tr><td>{}</td><td><code>{}</code></td></tr>\n", escaped(name),
                            escaped(value));
    return html + "</tbody></table>\n";
}

std::string folded(const std::string& summary, const std::string& html)
{
    return fmt::format("<details><summary>{}</summary>\n{}</details>\n", escaped(summary), html);
}

/// What the entry looks like in the plots, in a box of 30 x 12.
std::string legend_mark(const LegendEntry& entry)
{
    using Mark = LegendEntry::Mark;
    static constexpr std::array shapes = {
        R"(<circle cx="15" cy="6" r="3"/>)",
        R"(<rect x="12" y="3" width="6" height="6"/>)",
        R"(<path d="M15 2 L18.5 8.5 L11.5 8.5 z"/>)",
        R"(<path d="M15 1.5 L19 6 L15 10.5 L11 6 z"/>)",
        R"(<path d="M15 10 L18.5 3.5 L11.5 3.5 z"/>)",
        R"(<circle cx="15" cy="6" r="3" fill="#fff"/>)",
        R"(<rect x="12" y="3" width="6" height="6" fill="#fff"/>)"};
    const auto shape = shapes[static_cast<std::size_t>(entry.colour) % shapes.size()];
    const auto colour = entry.mark == Mark::dashed ? "#000000" : colour_of(entry.colour);
    const auto body =
        entry.mark == Mark::area      ? std::string(R"(<rect x="5" y="1" width="20" height="10"/>)")
        : entry.mark == Mark::points  ? std::string(shape)
        : entry.mark == Mark::upright ? std::string(R"(<path d="M15 0 V12"/>)")
        : entry.mark == Mark::dashed ? std::string(R"(<path d="M1 6 H29" stroke-dasharray="6 4"/>)")
                                     : R"(<path d="M1 6 H29"/>)" + std::string(shape);
    return fmt::format(R"(<svg width="30" height="12" viewBox="0 0 30 12" fill="{0}" )"
                       R"(stroke="{0}" stroke-width="{1}" aria-hidden="true">{2}</svg>)",
                       colour, entry.mark == Mark::points ? 0 : 1.8, body);
}

/// The entries of all panels, each once, in the order in which they first come.
std::string legend_html(const std::vector<Figure>& panels)
{
    auto entries = std::vector<LegendEntry>{};
    for (const auto& panel : panels)
        for (const auto& entry : panel.legend)
            if (std::find(entries.begin(), entries.end(), entry) == entries.end())
                entries.push_back(entry);
    if (entries.empty())
        return {};
    auto html = std::string("<div class=\"legend\">");
    for (const auto& entry : entries)
        html += "<span>" + legend_mark(entry) + " " + escaped(entry.name) + "</span>";
    return html + "</div>\n";
}

/// Options such as --tau-s do not break at their dashes. @param text escaped
std::string with_whole_options(const std::string& text)
{
    static constexpr auto letters = "abcdefghijklmnopqrstuvwxyz-";
    auto out = std::string{};
    auto from = std::size_t{0};
    for (auto at = text.find(" --"); at != std::string::npos; at = text.find(" --", from)) {
        const auto end = std::min(text.find_first_not_of(letters, at + 1), text.size());
        out += text.substr(from, at + 1 - from) + "<span class=\"option\">" +
               text.substr(at + 1, end - at - 1) + "</span>";
        from = end;
    }
    return out + text.substr(from);
}

std::string inputs_of(const Source& source)
{
    return "SHA-256 of " + counted(static_cast<std::int64_t>(source.inputs.size()), "input file");
}

template <typename... Cases>
struct Overloaded : Cases...
{
    using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

} // namespace

Page::Page(std::string title, std::string subtitle)
    : title_(std::move(title)), subtitle_(std::move(subtitle))
{
}

void Page::section(const std::string& title)
{
    blocks_.emplace_back(Heading{2, title});
}

void Page::subsection(const std::string& title)
{
    blocks_.emplace_back(Heading{3, title});
}

void Page::paragraph(const std::string& text)
{
    blocks_.emplace_back(Markup{"<p>" + escaped(text) + "</p>\n"});
}

void Page::notice(const std::string& title, const std::string& text, const std::string& command)
{
    auto html =
        fmt::format("<div class=\"notice\"><p><b>{}</b> {}</p>", escaped(title), escaped(text));
    if (!command.empty())
        html += "<p><code>" + with_whole_options(escaped(command)) + "</code></p>";
    blocks_.emplace_back(Markup{html + "</div>\n"});
}

void Page::list(const std::vector<std::string>& items)
{
    auto html = std::string("<ul>\n");
    for (const auto& item : items)
        html += "<li>" + with_whole_options(escaped(item)) + "</li>\n";
    blocks_.emplace_back(Markup{html + "</ul>\n"});
}

void Page::table(Table table)
{
    blocks_.emplace_back(std::move(table));
}

void Page::folded_table(const std::string& summary, const Table& table)
{
    blocks_.emplace_back(Markup{folded(summary, table_html(table, ""))});
}

void Page::figure(FigureBlock block)
{
    blocks_.emplace_back(std::move(block));
}

void Page::source(Source source)
{
    sources_.push_back(std::move(source));
    blocks_.emplace_back(SourceBlock{sources_.size() - 1});
}

std::string Page::contents() const
{
    auto html = std::string("<nav><b>Contents</b><ol>\n");
    auto number = 0;
    for (const auto& block : blocks_)
        if (const auto* heading = std::get_if<Heading>(&block); heading && heading->level == 2)
            html += fmt::format("<li><a href=\"#section-{}\">{}</a></li>\n", ++number,
                                escaped(heading->text));
    return html + "</ol></nav>\n";
}

std::string Page::source_note(const std::string& name) const
{
    for (std::size_t i = 0; i < sources_.size(); ++i)
        if (sources_[i].name == name)
            return "<p><b>" + escaped(name) + "</b></p>\n" + fields_html(sources_[i].record) +
                   fields_html(sources_[i].options) +
                   fmt::format("<p><a href=\"#source-{}\">{}</a></p>\n", i + 1,
                               inputs_of(sources_[i]));
    return "<p>" + escaped(name) + "</p>\n";
}

std::string Page::figure_html(const FigureBlock& block, int number,
                              const std::vector<std::string>& drawn, std::size_t& next) const
{
    auto html = fmt::format("<figure id=\"figure-{}\">\n{}<div class=\"panels\">\n", number,
                            legend_html(block.panels));
    if (block.key)
        html.insert(html.find("<div class=\"panels\">"),
                    "<div class=\"legend\">" + drawn[next++] + "</div>\n");
    for (std::size_t panel = 0; panel < block.panels.size(); ++panel)
        html += drawn[next++] + "\n";
    html += fmt::format("</div>\n<figcaption><b>Figure {}.</b> {}</figcaption>\n", number,
                        escaped(block.caption));
    if (!block.numbers.rows.empty())
        html += folded("Numbers of this figure", table_html(block.numbers, ""));
    auto behind = std::string{};
    for (const auto& name : block.sources)
        behind += source_note(name);
    if (!behind.empty())
        html += folded("Settings and files behind this figure", behind);
    return html + "</figure>\n";
}

std::string Page::html() const
{
    auto figures = std::vector<Figure>{};
    for (const auto& block : blocks_)
        if (const auto* figure = std::get_if<FigureBlock>(&block)) {
            if (figure->key)
                figures.push_back(*figure->key);
            figures.insert(figures.end(), figure->panels.begin(), figure->panels.end());
        }
    const auto drawn = draw(figures);

    auto html =
        fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
                    "name=\"generator\" content=\"rewire\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width\">\n"
                    "<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n"
                    "<p class=\"subtitle\">{2}</p>\n",
                    escaped(title_), page_style, escaped(subtitle_));
    auto sections = 0;
    auto figure_number = 0;
    auto table_number = 0;
    auto next = std::size_t{0};
    for (const auto& block : blocks_)
        html += std::visit(
            Overloaded{
                [&](const Heading& heading) {
                    if (heading.level > 2)
                        return "<h3>" + escaped(heading.text) + "</h3>\n";
                    const auto above = sections == 0 ? contents() : std::string{};
                    ++sections;
                    return above + fmt::format("<h2 id=\"section-{0}\">{0}&ensp;{1}</h2>\n",
                                               sections, escaped(heading.text));
                },
                [&](const Markup& markup) { return markup.html; },
                [&](const Table& table) {
                    return table_html(table, fmt::format("<caption><b>Table {}.</b> {}</caption>",
                                                         ++table_number, escaped(table.caption)));
                },
                [&](const FigureBlock& figure) {
                    return figure_html(figure, ++figure_number, drawn, next);
                },
                [&](const SourceBlock& at) {
                    const auto& source = sources_[at.index];
                    return fmt::format("<h3 id=\"source-{}\">{}</h3>\n", at.index + 1,
                                       escaped(source.name)) +
                           fields_html(source.record) +
                           folded("All " + counted(static_cast<std::int64_t>(source.options.size()),
                                                   "option"),
                                  fields_html(source.options)) +
                           (source.earlier.empty()
                                ? std::string{}
                                : folded("Settings of the results that it was computed from",
                                         fields_html(source.earlier))) +
                           folded(inputs_of(source), fields_html(source.inputs));
                }},
            block);
    return html + "</body>\n</html>\n";
}

} // namespace rewire::report
