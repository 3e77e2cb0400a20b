#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/study.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>

namespace rewire::io {

namespace {

const auto known_columns = std::vector<std::string>{"file",  "subject", "session", "number",
                                                    "layer", "group",   "exclude", "tau_s"};

template <typename T>
std::optional<T> parse(const std::string& text)
{
    auto value = T{};
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

/// Yes, no, or names of jobs with commas, semicolons or blanks between them.
std::optional<Exclusion> parse_exclusion(const std::string& word)
{
    auto text = base::lower_case(word);
    auto exclusion = Exclusion{};
    if (text.empty() || text == "0" || text == "no" || text == "false" || text == "n")
        return exclusion;
    exclusion.from_all =
        text == "1" || text == "yes" || text == "true" || text == "y" || text == "x";
    if (exclusion.from_all)
        return exclusion;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == ',' || c == ';'; }, ' ');
    for (const auto& name : base::split(text, ' ')) {
        const auto is_name = std::all_of(name.begin(), name.end(), [](unsigned char letter) {
            return std::islower(letter) != 0 || std::isdigit(letter) != 0 || letter == '-';
        });
        if (!is_name)
            return {};
        if (!name.empty())
            exclusion.from_jobs.insert(name);
    }
    return exclusion;
}

class TableReader
{
  public:
    explicit TableReader(const std::string& name) { table_.name = name; }

    void line(std::int64_t number, std::string text)
    {
        if (number == 1 && text.starts_with("\xef\xbb\xbf"))
            text.erase(0, 3); // byte order mark of spreadsheet programs
        if (!text.empty() && text.back() == '\r')
            text.pop_back();
        if (base::trimmed(text).empty() || text.starts_with('#'))
            return;
        line_ = number;
        auto cells = base::split(text, '\t');
        for (auto& cell : cells) {
            cell = base::trimmed(cell);
            if (cell == "n/a")
                cell.clear();
        }
        if (header_.empty())
            read_header(std::move(cells));
        else
            read_row(cells);
    }

    StudyTable finish()
    {
        line_ = 1;
        if (header_.empty())
            fail("the file is empty", "begin with a line of column names: file, number ...");
        return std::move(table_);
    }

  private:
    void fail(std::string what, std::string next)
    {
        table_.problems.push_back({Severity::error, fmt::format("{} line {}", table_.name, line_),
                                   std::move(what), std::move(next)});
    }

    void read_header(std::vector<std::string> names)
    {
        header_ = std::move(names);
        for (std::size_t i = 0; i < header_.size(); ++i) {
            const auto& name = header_[i];
            if (std::find(known_columns.begin(), known_columns.end(), name) ==
                known_columns.end()) {
                const auto meant = base::nearest(name, known_columns);
                fail("unknown column `" + name + "`",
                     meant.empty() ? "columns are: " + base::joined(known_columns, ", ")
                                   : "did you mean `" + meant + "`?");
            }
            if (std::find(header_.begin(), header_.begin() + static_cast<std::ptrdiff_t>(i),
                          name) != header_.begin() + static_cast<std::ptrdiff_t>(i))
                fail("two columns are named `" + name + "`", "keep one");
        }
        if (std::find(header_.begin(), header_.end(), "file") == header_.end())
            fail("no column `file`", header_.size() == 1
                                         ? "columns are separated by tabs, not blanks or commas"
                                         : "it says which NWB file a line is about");
    }

    void read_row(const std::vector<std::string>& cells)
    {
        if (cells.size() > header_.size())
            fail(fmt::format("{} cells under {} column names", cells.size(), header_.size()),
                 "columns are separated by single tabs");
        auto cell = std::map<std::string, std::string>{};
        for (std::size_t i = 0; i < std::min(cells.size(), header_.size()); ++i)
            cell[header_[i]] = cells[i];
        auto row = StudyTable::Row{};
        row.line = line_;
        row.file = cell["file"];
        row.subject = cell["subject"];
        row.session = cell["session"];
        row.layer = cell["layer"];
        row.group = cell["group"];
        read_values(cell, row);
        if (row.file.empty())
            fail("no file in this line", "name the NWB file, or remove the line");
        else
            table_.rows.push_back(std::move(row));
    }

    void read_values(std::map<std::string, std::string>& cell, StudyTable::Row& row)
    {
        if (const auto& text = cell["number"]; !text.empty()) {
            row.number = parse<std::int64_t>(text);
            if (!row.number)
                fail("number is not a whole number: " + text, "1 for the first session, 2, ...");
        }
        if (const auto& text = cell["tau_s"]; !text.empty()) {
            row.tau_s = parse<double>(text);
            if (!row.tau_s || !(*row.tau_s > 0) || !std::isfinite(*row.tau_s)) {
                fail("tau_s is not a time above 0: " + text,
                     "the decay time of the indicator in seconds, such as 0.7");
                row.tau_s.reset();
            }
        }
        auto exclude = parse_exclusion(cell["exclude"]);
        if (!exclude)
            fail(
                "exclude is neither yes nor no nor names of jobs: " + cell["exclude"],
                "yes, no, or the jobs that are to leave the session out, with commas between them");
        else
            row.exclude = std::move(*exclude);
    }

    StudyTable table_;
    std::vector<std::string> header_;
    std::int64_t line_ = 0;
};

} // namespace

StudyTable read_study_table(const std::filesystem::path& study)
{
    const auto folder =
        std::filesystem::is_directory(study) ? study : std::filesystem::path(study).parent_path();
    const auto path = folder / "study.tsv";
    auto error = std::error_code{};
    if (std::filesystem::symlink_status(path, error).type() ==
        std::filesystem::file_type::not_found)
        return {};
    // Going on without it would ignore what it excludes.
    if (!std::filesystem::is_regular_file(path, error))
        throw base::IoError(std::filesystem::exists(path, error)
                                ? "study.tsv is not a file"
                                : "study.tsv is a link to a file that is not there",
                            path.string(),
                            "fetch it (`git annex get`), mend the link, or remove it");
    auto reader = TableReader(path.filename().string());
    auto stream = std::ifstream(path);
    if (!stream)
        throw base::IoError("cannot open file", path.string(), "check its permissions");
    auto text = std::string{};
    for (std::int64_t number = 1; std::getline(stream, text); ++number)
        reader.line(number, text);
    return reader.finish();
}

} // namespace rewire::io
