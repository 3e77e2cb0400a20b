#include "entry.hpp"
#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>

namespace rewire::jobs {

namespace {

/// A line each: subjects, or sessions after their subjects and a tab.
std::string listed(const io::Study& study, bool sessions)
{
    auto out = std::string{};
    for (const auto& subject : study.subjects) {
        if (!sessions)
            out += subject.name + "\n";
        for (const auto session : subject.sessions)
            if (sessions)
                out += subject.name + "\t" + study.sessions[session].record.session + "\n";
    }
    return out;
}

bool feeds(const io::SessionRecord& record, const Entry& entry)
{
    return !entry.feeds.empty() &&
           std::all_of(entry.feeds.begin(), entry.feeds.end(),
                       [&](io::Feed feed) { return io::has(record, feed); });
}

/// For every session the jobs that it can feed.
std::function<std::vector<std::string>(const io::SessionRecord&)>
jobs_that_feed_on(const runtime::RunContext& context)
{
    return [&entries = entries_of(context)](const io::SessionRecord& record) {
        auto jobs = std::vector<std::string>{};
        for (const auto& entry : entries)
            if (feeds(record, entry))
                jobs.push_back(entry.name());
        return jobs;
    };
}

/// A look into a session for one job. @return what is wrong with it, if anything
template <typename Look>
std::optional<io::Problem> refusal(const io::StudySession& session, const Entry& entry,
                                   const Look& look)
{
    try {
        look();
        return {};
    } catch (const base::UsageError&) {
        throw; // of an option, and not of the session
    } catch (const base::Error& error) {
        return io::Problem{
            io::Severity::error, session.record.file,
            fmt::format("`rewire {}` would refuse it: {}", entry.name(), error.problem()),
            (error.next().empty() ? "" : error.next() + "; or ") + "exclude it from " +
                entry.name() + " in study.tsv",
            entry.feeds.back()};
    }
}

/// What the jobs that a session can feed would refuse of it.
std::vector<io::Problem> refusals(const io::StudySession& session,
                                  const std::vector<Entry>& entries,
                                  const runtime::Options& options)
{
    auto problems = std::vector<io::Problem>{};
    for (const auto& entry : entries) {
        if (!entry.check || !feeds(session.record, entry) ||
            session.excluded_from.contains(entry.name()))
            continue;
        if (auto problem = refusal(session, entry, [&] { entry.check(session, options); }))
            problems.push_back(std::move(*problem));
    }
    return problems;
}

/// What the session lacks for jobs that have to run on all of the study.
std::vector<io::Problem> lacks_for(const std::vector<const Entry*>& jobs,
                                   const io::StudySession& session, const runtime::Options& options)
{
    auto problems = std::vector<io::Problem>{};
    for (const auto* entry : jobs) {
        if (session.excluded_from.contains(entry->name()))
            continue;
        if (auto problem = refusal(session, *entry, [&] {
                if (const auto lack = lacking(session, *entry, options); !lack.empty())
                    throw base::InputError(lack, session.record.file, "");
            }))
            problems.push_back(std::move(*problem));
    }
    return problems;
}

/// Of --for. @throws UsageError: no such job
std::vector<const Entry*> jobs_asked_for(const runtime::RunContext& context)
{
    auto jobs = std::vector<const Entry*>{};
    if (!context.options().has("for"))
        return jobs;
    for (const auto& name : base::split(context.options().text("for"), ',')) {
        const auto* entry = find_entry(entries_of(context), name);
        if (entry == nullptr)
            throw base::UsageError("--for " + name + ": no such job", "",
                                   "`rewire --help` lists them");
        if (!entry->feeds.empty()) // others read no recordings
            jobs.push_back(entry);
    }
    return jobs;
}

/// Sessions that rank 0 knows to be sound, for one job, on all ranks. Collective.
std::vector<std::size_t> sound_sessions(const runtime::RunContext& context, const io::Study& study,
                                        const Entry& entry)
{
    auto sound = std::vector<std::size_t>{};
    for (std::size_t k = 0; k < study.sessions.size(); ++k) {
        const auto& session = study.sessions[k];
        const auto wrong = std::any_of(study.problems.begin(), study.problems.end(),
                                       [&](const io::Problem& problem) {
                                           return problem.severity == io::Severity::error &&
                                                  problem.file == session.record.file;
                                       });
        if (!wrong && feeds(session.record, entry) && !session.excluded_from.contains(entry.name()))
            sound.push_back(k);
    }
    auto packer = base::Packer{};
    packer.put_all(sound);
    const auto bytes = context.comm().broadcast(packer.take(), 0);
    return base::Unpacker(bytes).get_all<std::size_t>();
}

/// What jobs have to say of the recordings that feed them. Collective.
void inspect(runtime::RunContext& context, const io::Study& study)
{
    for (const auto& entry : entries_of(context)) {
        if (!entry.inspect)
            continue;
        if (const auto sessions = sound_sessions(context, study, entry); !sessions.empty())
            context.print(entry.inspect(context, study, sessions));
    }
}

void run_study(runtime::RunContext& context)
{
    const auto& options = context.options();
    const auto lists = options.has("list");
    const auto policy = io::parse_nan_policy(options.text("nan"));
    const auto wanted = mpi::collective(context.comm(), [&] { return jobs_asked_for(context); });
    auto study = scan_study(context);
    const auto every_session = std::vector<double>(study.sessions.size(), 1.0);
    const auto keep = [&](std::int64_t, std::vector<io::Problem> problems) {
        std::move(problems.begin(), problems.end(), std::back_inserter(study.problems));
    };
    if (!wanted.empty()) {
        std::erase_if(study.problems, [&](const io::Problem& problem) {
            return problem.scope &&
                   std::none_of(wanted.begin(), wanted.end(), [&](const Entry* entry) {
                       return entry->feeds_on(*problem.scope);
                   });
        });
        context.each_unit_to_root<std::vector<io::Problem>>(
            "look", every_session,
            [&](std::int64_t unit, const runtime::Tick&) {
                return lacks_for(wanted, study.sessions[static_cast<std::size_t>(unit)], options);
            },
            keep);
    }
    if (!options.flag("quick") && !lists) {
        const auto check = [&](std::int64_t unit, const runtime::Tick&) {
            const auto& session = study.sessions[static_cast<std::size_t>(unit)];
            auto problems = io::check_data(session, *policy, nwb_options(options));
            for (auto& problem : refusals(session, entries_of(context), options))
                problems.push_back(std::move(problem));
            return problems;
        };
        context.each_unit_to_root<std::vector<io::Problem>>("check", every_session, check, keep);
    }
    std::stable_sort(study.problems.begin(), study.problems.end(),
                     [](const auto& a, const auto& b) { return a.severity < b.severity; });
    // A batch script lists for a job of its own, which looks at what it reads itself.
    if (lists)
        std::erase_if(study.problems,
                      [](const io::Problem& problem) { return problem.scope.has_value(); });
    context.print(lists && study.ok() ? listed(study, options.text("list") == "sessions")
                                      : io::describe(study, jobs_that_feed_on(context)));
    if (!options.flag("quick") && !lists)
        inspect(context, study);
    mpi::collective(context.comm(), [&] {
        if (context.comm().is_root() && !study.ok())
            throw base::InputError("the study has errors, listed above", study.path.string(),
                                   "repair the files, or exclude them in study.tsv");
    });
}

} // namespace

Entry study_entry()
{
    auto options = std::vector<runtime::Option>{
        {.name = "study",
         .kind = runtime::OptionKind::path,
         .help = "folder of NWB files, or one NWB file",
         .required = true,
         .positional = true},
        {.name = "subject", .help = "only this subject; repeatable", .repeatable = true},
        {.name = "session", .help = "only this session; repeatable", .repeatable = true},
        {.name = "nan",
         .default_value = "error",
         .help = "what missing samples are to be: an error, or a warning",
         .choices = {"error", "drop-neuron", "mask-frames"}},
        {.name = "quick",
         .kind = runtime::OptionKind::flag,
         .help = "only the files' tables of contents: do not read the data"},
        {.name = "for",
         .help =
             "jobs that have to run on every session, joined by commas: what one lacks for them "
             "is an error"},
        {.name = "list",
         .help = "for scripts: only their names, a line each; sessions after their subjects, with "
                 "a tab between. Implies --quick",
         .choices = {"subjects", "sessions"}},
        {.name = "config",
         .kind = runtime::OptionKind::path,
         .help = "file of `option = value` lines; the command line takes precedence"},
        {.name = "help", .kind = runtime::OptionKind::flag, .help = "this text"},
    };
    auto reading = study_options();
    std::erase_if(reading, [](const auto& option) { return option.name == "skip-missing"; });
    return {
        .job =
            {.name = "study",
             .usage = "PATH [options]",
             .summary = "list subjects and sessions, what each can be used for, and what is wrong "
                        "with them",
             .details =
                 "Reads NWB 2 files in any folders below PATH (DANDI layout) and study.tsv beside "
                 "them. "
                 "Exit code 3 when\n"
                 "something is wrong; everything that is wrong is listed, with what to do about "
                 "it. "
                 "Without --quick the data\n"
                 "are read, and checked as the jobs that a session can feed would; of recordings "
                 "of units it says how many\n"
                 "pass the paper's criteria, and what sorting left: duplicates, units cut in two, "
                 "units that come or go.",
             .examples = {"rewire study data/", "rewire study data/ --quick"},
             .options = options + reading,
             .run = run_study},
        .reading = nwb_options,
        .introduce = [](runtime::Job& job, const std::vector<Entry>& all) {
            for (const auto& entry : all)
                for (const auto& option : entry.check_options)
                    job.options.push_back(option);
        }};
}

} // namespace rewire::jobs
