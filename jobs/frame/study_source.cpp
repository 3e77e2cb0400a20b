#include "study_source.hpp"

#include "entry.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <numeric>

namespace rewire::jobs {

std::vector<runtime::Option> operator+(std::vector<runtime::Option> first,
                                       const std::vector<runtime::Option>& second)
{
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

std::vector<runtime::Option> study_options()
{
    return {
        {.name = "series",
         .help = "which dF/F series, where a file has several: its name, its path or the end of "
                 "its path"},
        {.name = "roi-column",
         .help = "column of the ROI table that names neurons (roi_id, else id)"},
        {.name = "where",
         .help = "COLUMN==VALUE of the ROI table: only ROIs of which it is true are neurons "
                 "(iscell==1); repeatable",
         .repeatable = true},
    };
}

io::NwbOptions nwb_options(const runtime::Options& options)
{
    const auto text = [&](const char* name) {
        return options.declared(name) ? options.text(name) : std::string{};
    };
    auto nwb = io::NwbOptions{.series = text("series"), .roi_column = text("roi-column")};
    if (options.declared("where"))
        for (const auto& condition : options.texts("where"))
            nwb.where.push_back(io::parse_roi_condition(condition));
    return nwb;
}

io::Selection selection(const runtime::Options& options)
{
    return {.subjects = options.texts("subject"), .sessions = options.texts("session")};
}

io::Study scan_study(runtime::RunContext& context)
{
    const auto& comm = context.comm();
    const auto path = context.options().path("study");
    const auto options = nwb_options(context.options());
    const auto files = mpi::collective(comm, [&] { return io::list_files(path); });

    const auto scanned = context.each_unit<runtime::UnitResults>(
        "scan", std::vector<double>(files.size(), 1.0),
        [&](std::int64_t unit, runtime::UnitResults& results, const runtime::Tick&) {
            auto packer = base::Packer{};
            io::scan_file(path, files[static_cast<std::size_t>(unit)], options).pack(packer);
            results.add(unit, packer.take());
            return true;
        });
    auto records = std::vector<io::SessionRecord>(files.size());
    runtime::give_to_all(comm, scanned, [&](std::int64_t unit, std::span<const std::byte> bytes) {
        auto unpacker = base::Unpacker(bytes);
        records[static_cast<std::size_t>(unit)] = io::SessionRecord::unpack(unpacker);
    });
    return mpi::collective(comm, [&] {
        return io::assemble(path, std::move(records), io::read_study_table(path),
                            selection(context.options()));
    });
}

io::Study open_study(runtime::RunContext& context)
{
    const auto& entry = own_entry(context);
    auto study = scan_study(context);
    std::erase_if(study.problems, [&](const io::Problem& problem) {
        return problem.scope && !entry.feeds_on(*problem.scope);
    });
    auto errors = std::string{};
    auto count = 0;
    for (const auto& problem : study.problems) {
        const auto text = fmt::format("{}: {}{}", problem.file, problem.what,
                                      problem.next.empty() ? "" : " (" + problem.next + ")");
        if (problem.severity == io::Severity::warning && context.comm().is_root())
            context.warn(text);
        else if (problem.severity == io::Severity::note)
            context.note(text);
        if (problem.severity != io::Severity::error)
            continue;
        errors += "\n    " + text;
        ++count;
    }
    if (count > 0)
        throw base::InputError(
            fmt::format("the study has {} error{}{}", count, count == 1 ? "" : "s", errors),
            study.path.string(),
            fmt::format("`rewire study {}` shows what is there; study.tsv can exclude a file",
                        study.path.string()));
    return study;
}

void require_feed(const io::Study& study, io::Feed feed)
{
    if (study.sessions.empty())
        throw base::InputError("no session is left in this study", study.path.string(),
                               "study.tsv excludes them, or --subject and --session choose none");
    for (const auto& session : study.sessions)
        if (!io::has(session.record, feed))
            throw base::InputError(fmt::format("no {} in this session", io::name_of(feed)),
                                   session.record.file,
                                   "exclude it in study.tsv, or choose sessions with --session");
}

std::vector<std::vector<std::size_t>> sessions_to_plan_for(const io::Study& study,
                                                           const runtime::Options& options)
{
    auto groups = std::vector<std::vector<std::size_t>>{};
    if (options.text("largest") == "subject") {
        for (const auto& subject : study.subjects)
            groups.push_back(subject.sessions);
        return groups;
    }
    if (options.text("largest") == "session") {
        for (std::size_t i = 0; i < study.sessions.size(); ++i)
            groups.push_back({i});
        return groups;
    }
    auto& all = groups.emplace_back(study.sessions.size());
    std::iota(all.begin(), all.end(), 0);
    return groups;
}

} // namespace rewire::jobs
