#include "entry.hpp"
#include "jobs/frame/command_of.hpp"
#include "jobs/frame/study_source.hpp"
#include "jobs/truth/simulated_truth.hpp"

#include <rewire/base/error.hpp>

#include <algorithm>
#include <filesystem>
#include <vector>

namespace rewire::jobs {

namespace {

/// Whether connections between units were planted, else neurons and edges of calcium.
/// @throws InputError: no truth, or of two kinds
bool truth_is_of_units(const io::Study& study)
{
    auto of_units = std::int64_t{0};
    for (const auto& session : study.sessions) {
        const auto connections = has_planted_connections(session.path);
        if (!connections && !has_truth(session.path))
            throw base::InputError("no planted truth in this file", session.record.file,
                                   "recovery is for studies with known truth");
        of_units += connections ? 1 : 0;
    }
    if (of_units != 0 && of_units != std::ssize(study.sessions))
        throw base::InputError("units and calcium traces with planted truth in one study",
                               study.sessions.front().record.file,
                               "choose sessions of one kind with --subject or --session");
    return of_units > 0;
}

void run_recovery(runtime::RunContext& context)
{
    const auto study = open_study(context);
    mpi::collective(context.comm(), [&] {
        if (!context.comm().is_root())
            return;
        const auto of_units = truth_is_of_units(study);
        auto fitting = std::vector<const Entry*>{};
        for (const auto& entry : entries_of(context))
            if (entry.recovery && entry.feeds_on(io::Feed::units) == of_units)
                fitting.push_back(&entry);
        const auto path_of = [&](const Entry& entry) {
            return context.options().path("results") / entry.file();
        };
        if (!fitting.empty() &&
            std::none_of(fitting.begin(), fitting.end(), [&](const Entry* entry) {
                return std::filesystem::exists(path_of(*entry));
            }))
            required_result(context, fitting.front()->name());
        for (const auto* entry : fitting)
            if (const auto path = path_of(*entry); std::filesystem::exists(path))
                entry->recovery({context, study, path});
    });
}

} // namespace

Entry recovery_entry()
{
    return {.job = {.name = "recovery",
                    .usage = "--study DIR --results DIR",
                    .summary = "table of what a simulated study planted and what the results found",
                    .details =
                        "Reads the truth in the NWB files of a simulated study and the results "
                        "that are there; prints planted,\n"
                        "found, precision and recall of each.",
                    .examples = {"rewire recovery --study study/ --results out/",
                                 "rewire recovery --study study/ --results out/ --sessions"},
                    // It draws nothing at random, and has no work to save.
                    .options = runtime::selection_options() + runtime::program_options() +
                               study_options() +
                               std::vector<runtime::Option>{{.name = "sessions",
                                                             .kind = runtime::OptionKind::flag,
                                                             .help = "one line a session, too"}},
                    .run = run_recovery},
            .reading = nwb_options};
}

} // namespace rewire::jobs
