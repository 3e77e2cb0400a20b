#pragma once

#include <rewire/report/figure.hpp>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace rewire::report {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Where the numbers of a figure come from.
struct Source
{
    std::string name; ///< of the result file; figures refer to it
    Fields record;    ///< job, version, command, seed, ...
    Fields options;   ///< every option of the job that made it
    Fields inputs;    ///< file or session -> SHA-256
    Fields earlier;   ///< settings of the results that it was computed from
};

struct Table
{
    std::vector<std::string> head;
    std::vector<std::vector<std::string>> rows;
    std::string caption;
};

/// Panels under one caption.
struct FigureBlock
{
    std::vector<Figure> panels;
    std::optional<Figure> key;        ///< to the colours of all panels, set above them
    std::string caption;              ///< what is shown, n, and what the band is
    std::vector<std::string> sources; ///< names of the sources
    Table numbers;                    ///< what is drawn, to be unfolded; may be empty
};

/// One self-contained HTML 5 page: text, tables and figures with numbers and captions, a table of
/// contents above the first section (what is added before stands above it), and for every figure
/// the settings and files behind it. No script, nothing fetched from anywhere. All text given to it
/// is shown as it is: nothing in it is taken for markup.
class Page
{
  public:
    Page(std::string title, std::string subtitle);

    void section(const std::string& title);
    void subsection(const std::string& title);
    void paragraph(const std::string& text);
    /// A box: something is missing, or readers of the figures have to know it.
    void notice(const std::string& title, const std::string& text, const std::string& command = "");
    void list(const std::vector<std::string>& items);
    void table(Table table);
    /// A table to be unfolded by the reader: long ones. Not numbered.
    void folded_table(const std::string& summary, const Table& table);
    void figure(FigureBlock block);
    /// Lists the source here, unfolded by the reader, and lets figures refer to it.
    void source(Source source);

    /// The page. All figures are drawn by one gnuplot process, about 20 ms each.
    /// @throws IoError from `draw`
    std::string html() const;

  private:
    struct Heading
    {
        int level = 2;
        std::string text;
    };
    struct Markup
    {
        std::string html;
    };
    struct SourceBlock
    {
        std::size_t index = 0;
    };
    using Block = std::variant<Heading, Markup, Table, FigureBlock, SourceBlock>;

    std::string contents() const;
    std::string source_note(const std::string& name) const;
    std::string figure_html(const FigureBlock& block, int number,
                            const std::vector<std::string>& drawn, std::size_t& next) const;

    std::string title_;
    std::string subtitle_;
    std::vector<Block> blocks_;
    std::vector<Source> sources_;
};

} // namespace rewire::report
