#include "entry.hpp"
#include "jobs/frame/command_of.hpp"
#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/truth.hpp>

#include <algorithm>

namespace rewire::jobs {

namespace {

void run_recovery(runtime::RunContext& context)
{
    const auto study = open_study(context);
    mpi::collective(context.comm(), [&] {
        if (!context.comm().is_root())
            return;
        for (const auto& session : study.sessions)
            if (!io::has_truth(session.path))
                throw base::InputError("no planted truth in this file", session.record.file,
                                       "recovery is for studies with known truth");
        const auto& entries = entries_of(context);
        const auto first = std::find_if(entries.begin(), entries.end(), [](const Entry& entry) {
            return entry.recovery != nullptr;
        });
        if (first != entries.end())
            required_result(context, first->name());
        for (const auto& entry : entries) {
            const auto path = context.options().path("results") / entry.file();
            if (entry.recovery && std::filesystem::exists(path))
                entry.recovery({context, study, path});
        }
    });
}

} // namespace

Entry recovery_entry()
{
    // It draws nothing at random, and has no work to save.
    auto options = runtime::common_options() + study_options();
    std::erase_if(options, [](const runtime::Option& option) {
        return option.name == "seed" || option.name == "overwrite" || option.name == "restart" ||
               option.name == "checkpoint-s" || option.name == "node-memory-gb";
    });
    return {.job = {.name = "recovery",
                    .usage = "--study DIR --results DIR",
                    .summary = "table of what a simulated study planted and what the results found",
                    .details =
                        "Reads the truth in the NWB files of a simulated study and the results "
                        "that are there; prints planted,\n"
                        "found, precision and recall of each.",
                    .examples = {"rewire recovery --study study/ --results out/",
                                 "rewire recovery --study study/ --results out/ --sessions"},
                    .options = std::move(options) +
                               std::vector<runtime::Option>{{.name = "sessions",
                                                             .kind = runtime::OptionKind::flag,
                                                             .help = "one line a session, too"}},
                    .run = run_recovery}};
}

} // namespace rewire::jobs
