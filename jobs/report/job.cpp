#include "entry.hpp"
#include "page.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/whole_file.hpp>
#include <rewire/runtime/run_context.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace rewire::jobs {

namespace {

/// A page that rewire made shows what is in the results and may be made again.
bool is_own_page(const std::filesystem::path& path)
{
    auto file = std::ifstream(path);
    auto head = std::string(2000, ' ');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    return head.find("name=\"generator\" content=\"rewire") != std::string::npos;
}

void write_report(runtime::RunContext& context)
{
    const auto results = context.options().path("results");
    const auto path = results / "report.html";
    if (std::filesystem::exists(path) && !is_own_page(path) && !context.options().flag("overwrite"))
        throw base::UsageError("there is a page already that rewire did not make", path.string(),
                               "add --overwrite to replace it");
    const auto& entries = entries_of(context);
    const auto content = read_page(results, entries, context.options());
    for (const auto& mismatch : content.mismatches)
        context.log().warn(
            fmt::format("{} {} {}", mismatch.title, mismatch.text, mismatch.command));
    for (const auto& missing : content.missing)
        context.log().warn(fmt::format("{} is not there: the page lacks {}; made by: {}",
                                       missing.entry->file(), missing.entry->page->shows,
                                       missing.command));
    const auto made = fmt::format("Made {} by rewire {} ({}).", io::utc_now(),
                                  runtime::program_version(), runtime::program_revision());
    const auto html = page_html(content, entries, made);
    auto file = io::WholeStream(path);
    file.write(html);
    file.publish();
    context.note("wrote " + path.string());
}

void run_report(runtime::RunContext& context)
{
    context.collective("report", [&] {
        if (context.comm().is_root())
            write_report(context);
    });
}

/// What the page shows, and the options of its parts, follow from the entries.
void introduce(runtime::Job& job, const std::vector<Entry>& all)
{
    auto files = std::vector<std::string>{};
    for (const auto& entry : all)
        if (entry.page) {
            files.push_back(entry.file());
            job.options.insert(job.options.end(), entry.page->options.begin(),
                               entry.page->options.end());
        }
    // Broken where the other lines of the help are.
    constexpr auto width = std::size_t{110};
    auto line = std::string("\nResults that it shows, whichever are there:");
    for (const auto& file : files) {
        if (line.size() + file.size() > width) {
            job.details += line;
            line = "\n";
        }
        line += (line == "\n" ? "" : " ") + file + (file == files.back() ? "." : ",");
    }
    job.details += line;
}

} // namespace

Entry report_entry()
{
    using Kind = runtime::OptionKind;
    return {
        .job =
            {.name = "report",
             .usage = "--results DIR",
             .summary =
                 "one HTML page with the figures of the results, which opens without a network",
             .details =
                 "Writes RESULTS/report.html: the figures of every result that is there, with n "
                 "and band in every caption, the\n"
                 "settings and files behind every figure, and what was left out. What is missing "
                 "is named together with the\n"
                 "command that makes it. The figures are drawn by gnuplot (Debian package "
                 "gnuplot-nox).",
             .examples = {"rewire report --results out/",
                          "rewire report --results out/ --null-session 14"},
             .options = {{.name = "results",
                          .kind = Kind::path,
                          .help = "folder of the results",
                          .required = true},
                         {.name = "overwrite",
                          .kind = Kind::flag,
                          .help = "replace a page that rewire did not make"},
                         {.name = "config",
                          .kind = Kind::path,
                          .help = "file of `option = value` lines"},
                         {.name = "help", .kind = Kind::flag, .help = "this text"}},
             .run = run_report},
        .ends_chains = true,
        .introduce = introduce};
}

} // namespace rewire::jobs
