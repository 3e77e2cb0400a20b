#include "jobs/catalogue.hpp"
#include "origin.hpp"
#include "page.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/result_file.hpp>
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
    const auto data = read_report_data(results, context.options().text("null-session"));
    for (const auto& mismatch : mismatches_of(data))
        context.log().warn(
            fmt::format("{} {} {}", mismatch.title, mismatch.text, mismatch.command));
    for (const auto& missing : data.missing)
        context.log().warn(fmt::format("{} is not there: the page lacks {}; made by: {}",
                                       missing.file, missing.shows, missing.command));
    const auto made = fmt::format("Made {} by rewire {} ({}).", io::utc_now(),
                                  runtime::program_version(), runtime::program_revision());
    const auto html = report_html(data, made);
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

} // namespace

runtime::Job report_job()
{
    using Kind = runtime::OptionKind;
    return {
        .name = "report",
        .usage = "--results DIR",
        .summary = "one HTML page with the figures of the results, which opens without a network",
        .details =
            "Reads connectome.h5, rewiring.h5 and movement.h5 of the results folder, whichever are "
            "there, and\n"
            "writes RESULTS/report.html: trajectories, graph metrics, explained variance, top "
            "edges,\n"
            "movement-related neurons and edge p-values, with n and band in every caption, the "
            "settings and\n"
            "files behind every figure, and what was left out. What is missing is named together "
            "with the\n"
            "command that makes it. The figures are drawn by gnuplot (Debian package gnuplot-nox).",
        .options =
            {{.name = "results",
              .kind = Kind::path,
              .help = "folder of the results",
              .required = true},
             {.name = "null-session",
              .help = "session whose null of a neuron is drawn, where an animal has it; default: "
                      "the last of each animal"},
             {.name = "overwrite", .kind = Kind::flag, .help = "replace a report that is there"},
             {.name = "config", .kind = Kind::path, .help = "file of `option = value` lines"},
             {.name = "help", .kind = Kind::flag, .help = "this text"}},
        .run = run_report};
}

} // namespace rewire::jobs
