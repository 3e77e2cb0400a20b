#include "study_source.hpp"

#include "entry.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <map>
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
        {.name = "skip-missing",
         .kind = runtime::OptionKind::flag,
         .help =
             "leave out sessions that lack what the job computes from, and record them, instead "
             "of stopping",
         .changes_result = false,
         .reaches_later_jobs = false},
    };
}

io::NwbOptions nwb_options(const runtime::Options& options)
{
    auto nwb =
        io::NwbOptions{.series = options.text("series"), .roi_column = options.text("roi-column")};
    for (const auto& condition : options.texts("where"))
        nwb.where.push_back(io::parse_roi_condition(condition));
    return nwb;
}

io::Selection selection(const runtime::Options& options)
{
    return {.subjects = options.texts("subject"), .sessions = options.texts("session")};
}

namespace {

/// Collective.
std::vector<io::SessionRecord> scan_records(runtime::RunContext& context, const std::string& phase)
{
    const auto path = context.options().path("study");
    const auto& reading = own_entry(context).reading;
    const auto options = reading ? reading(context.options()) : io::NwbOptions{};
    const auto files = mpi::collective(context.comm(), [&] { return io::list_files(path); });

    return context.each_unit_to_all<io::SessionRecord>(
        phase, std::vector<double>(files.size(), 1.0),
        [&](std::int64_t unit, const runtime::Tick&) {
            return io::scan_file(path, files[static_cast<std::size_t>(unit)], options);
        });
}

io::Study assembled(runtime::RunContext& context, std::vector<io::SessionRecord> records,
                    const io::Selection& selection)
{
    const auto path = context.options().path("study");
    return mpi::collective(context.comm(), [&] {
        return io::assemble(path, std::move(records), io::read_study_table(path), selection);
    });
}

/// Those of the options, less what study.tsv excludes from the job that runs.
io::Selection job_selection(const runtime::RunContext& context)
{
    auto selected = selection(context.options());
    selected.job = context.job_name();
    for (const auto& entry : entries_of(context))
        if (!entry.feeds.empty())
            selected.jobs.push_back(entry.name());
    return selected;
}

/// For --skip-missing: file -> why, of the sessions that lack something. Collective.
std::map<std::string, std::string> missing_of(runtime::RunContext& context, const io::Study& study,
                                              const std::string& phase)
{
    const auto& entry = own_entry(context);
    const auto lacks = context.each_unit_to_all<std::string>(
        phase, std::vector<double>(study.sessions.size(), 1.0),
        [&](std::int64_t unit, const runtime::Tick&) {
            return lacking(study.sessions[static_cast<std::size_t>(unit)], entry,
                           context.options());
        });
    auto missing = std::map<std::string, std::string>{};
    for (std::size_t session = 0; session < lacks.size(); ++session)
        if (!lacks[session].empty())
            missing[study.sessions[session].record.file] = "skipped: " + lacks[session];
    return missing;
}

} // namespace

std::string lacking(const io::StudySession& session, const Entry& entry,
                    const runtime::Options& options)
{
    if (entry.lacks)
        if (const auto lack = entry.lacks(session, options); !lack.empty())
            return lack;
    for (const auto feed : entry.feeds)
        if (!(entry.lacks && feed == io::Feed::movement) && !io::has(session.record, feed))
            return std::string("no ") + io::name_of(feed);
    return "";
}

io::Study scan_study(runtime::RunContext& context)
{
    return assembled(context, scan_records(context, "scan"), job_selection(context));
}

namespace {

/// What is selected, without what --skip-missing leaves out, and the problems that matter to the
/// job. Collective. @param suffix of the names of its phases
io::Study selected_study(runtime::RunContext& context, io::Selection selected,
                         const std::string& suffix)
{
    const auto records = scan_records(context, "scan" + suffix);
    auto study = assembled(context, records, selected);
    if (context.options().declared("skip-missing") && context.options().flag("skip-missing")) {
        selected.left_out = missing_of(context, study, "look" + suffix);
        if (!selected.left_out.empty())
            study = assembled(context, records, selected);
    }
    std::erase_if(study.problems, [&](const io::Problem& problem) {
        return problem.scope && !own_entry(context).feeds_on(*problem.scope);
    });
    return study;
}

std::string text_of(const io::Problem& problem)
{
    return fmt::format("{}: {}{}", problem.file, problem.what,
                       problem.next.empty() ? "" : " (" + problem.next + ")");
}

/// @throws InputError that lists all errors
void require_sound(const io::Study& study)
{
    auto errors = std::string{};
    auto count = 0;
    for (const auto& problem : study.problems)
        if (problem.severity == io::Severity::error) {
            errors += "\n    " + text_of(problem);
            ++count;
        }
    if (count > 0)
        throw base::InputError(
            fmt::format("the study has {} error{}{}", count, count == 1 ? "" : "s", errors),
            study.path.string(),
            fmt::format("`rewire study {}` shows what is there; study.tsv can exclude a file",
                        study.path.string()));
}

} // namespace

io::Study open_study(runtime::RunContext& context)
{
    auto study = selected_study(context, job_selection(context), "");
    for (const auto& left_out : study.left_out)
        context.note(fmt::format("left out: {} ({})", left_out.file, left_out.why));
    for (const auto& problem : study.problems)
        if (problem.severity == io::Severity::warning && context.comm().is_root())
            context.warn(text_of(problem));
        else if (problem.severity == io::Severity::note)
            context.note(text_of(problem));
    require_sound(study);
    return study;
}

io::Study open_animals(runtime::RunContext& context)
{
    auto selected = job_selection(context);
    selected.sessions.clear();
    auto study = selected_study(context, std::move(selected), " of animals");
    require_sound(study);
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
