#include "entry.hpp"
#include "order.hpp"

#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <optional>

namespace rewire::jobs {

namespace {

std::string listed(const std::vector<std::string>& names)
{
    return names.empty() ? "-" : base::joined(names, ",");
}

void run_chain(runtime::RunContext& context)
{
    const auto& options = context.options();
    auto tasks = std::optional<TaskLevel>{};
    for (const auto level : {TaskLevel::subject, TaskLevel::session})
        if (options.text("by") == name_of(level))
            tasks = level;
    auto text = std::string("job\ttasks\tafter\tafter_task\n");
    for (const auto& job : mpi::collective(context.comm(), [&] {
             return chain_of(entries_of(context), options.text("name"), tasks);
         }))
        text += fmt::format("{}\t{}\t{}\t{}\n", job.entry->name(), job.is_array ? "array" : "whole",
                            listed(job.after), listed(job.after_task));
    context.print(text);
}

void introduce(runtime::Job& job, const std::vector<Entry>& all)
{
    job.details += "\nChains: " + base::joined(chains_of(all), ", ") + ".";
}

} // namespace

Entry chain_entry()
{
    return {
        .job =
            {.name = "chain",
             .usage = "NAME [--by subject|session]",
             .summary = "the jobs of a chain with what each waits for, for batch scripts",
             .details =
                 "Prints a table (TSV) with a line a job, in an order in which they can be "
                 "submitted: whether it is one job or\n"
                 "an array of tasks, the jobs that it comes after, and the arrays whose task "
                 "of the same number it comes after.",
             .examples = {"rewire chain rewiring", "rewire chain rewiring --by subject"},
             .options = {{.name = "name",
                          .help = "a chain, or jobs joined by commas, each after the one "
                                  "before",
                          .required = true,
                          .positional = true},
                         {.name = "by",
                          .help = "as arrays of tasks, one for every subject or session",
                          .choices = {"subject", "session"}},
                         {.name = "config",
                          .kind = runtime::OptionKind::path,
                          .help = "file of `option = value` lines"},
                         {.name = "help", .kind = runtime::OptionKind::flag, .help = "this text"}},
             .run = run_chain},
        .introduce = introduce};
}

} // namespace rewire::jobs
