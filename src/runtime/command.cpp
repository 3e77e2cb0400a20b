#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/runtime/job.hpp>
#include <rewire/runtime/plan.hpp>
#include <rewire/runtime/run_context.hpp>
#include <rewire/runtime/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iostream>

namespace rewire::runtime {

namespace {

std::string overview(const Catalogue& catalogue)
{
    auto text = fmt::format(
        "rewire {} - connectivity of whole recorded populations of neurons, at cluster scale\n\n"
        "usage: rewire JOB [options]        on one rank\n"
        "       mpirun -n 8 rewire JOB ...  on a laptop; under Slurm: srun rewire JOB "
        "...\n\njobs:\n",
        version);
    for (const auto* job : catalogue.jobs())
        text += fmt::format("  {:<12} {}\n", job->name, job->summary);
    text += "\n`rewire JOB --help` describes a job, its options and what to cite.\n"
            "Exit codes: 0 done, 2 usage, 3 input, 4 files, 5 numerical, 70 fault of rewire, 75 "
            "stopped in time: run "
            "again.\n";
    return text;
}

std::string help_of(const Job& job)
{
    auto text = fmt::format("usage: rewire {} {}\n\n{}\n\n{}\n\noptions:\n{}", job.name, job.usage,
                            job.summary, job.details, describe_options(job.options));
    if (!job.paper.empty())
        text += fmt::format("\nNumbers in braces: sections of {}.\n", job.paper);
    if (!job.examples.empty())
        text += "\nexamples:\n";
    for (const auto& example : job.examples)
        text += "  " + example + "\n";
    if (!job.citation.empty())
        text += "\nplease cite: " + job.citation + "\n";
    return text;
}

const Job& find_job(const Catalogue& catalogue, const std::string& name)
{
    auto names = std::vector<std::string>{};
    for (const auto* job : catalogue.jobs()) {
        if (job->name == name)
            return *job;
        names.push_back(job->name);
    }
    const auto meant = base::nearest(name, names);
    throw base::UsageError(fmt::format("no job named {}", name), "",
                           meant.empty() ? "`rewire --help` lists the jobs"
                                         : fmt::format("did you mean {}?", meant));
}

bool has_option(const std::vector<Option>& options, const std::string& name)
{
    return std::any_of(options.begin(), options.end(),
                       [&](const Option& option) { return option.name == name; });
}

std::vector<Option> plan_options(const std::vector<Option>& of_job)
{
    auto options = of_job;
    if (!has_option(of_job, "study"))
        options.push_back(
            {.name = "study",
             .kind = OptionKind::path,
             .help = "study to plan for, before there are the results that the job reads"});
    options.push_back({.name = "ranks",
                       .kind = OptionKind::integer,
                       .help = "ranks to plan for",
                       .minimum = 1,
                       .required = true});
    options.push_back({.name = "ranks-per-node",
                       .kind = OptionKind::integer,
                       .default_value = "32",
                       .help = "ranks on a node",
                       .minimum = 1});
    auto parts = std::vector<std::string>{};
    for (const auto* part : {"subject", "session"})
        if (has_option(of_job, part))
            parts.emplace_back(part);
    if (!parts.empty())
        options.push_back({.name = "largest",
                           .help = "not the whole study, but what is enough for each of its "
                                   "subjects or sessions, for a task of an array",
                           .choices = parts});
    return options;
}

/// OpenBLAS asks for its buffers again and again, silently and for ever, where it cannot have them.
void refuse_without_working_memory()
{
    constexpr auto blas_bytes = 200e6;
    if (const auto left = address_space_left(); left < blas_bytes)
        throw base::InputError(
            fmt::format("not enough memory: the limit of this process leaves {}, "
                        "linear algebra alone needs {}",
                        base::human_bytes(std::max(left, 0.0)), base::human_bytes(blas_bytes)),
            mpi::host_name(), "raise the limit (`ulimit -v`), or ask for more memory");
}

void run_plan(const mpi::Communicator& comm, const Catalogue& catalogue,
              std::vector<std::string> words)
{
    const auto& job = *mpi::collective(comm, [&] {
        if (words.empty() || words.front().starts_with("-"))
            throw base::UsageError("which job is to be planned?", "",
                                   "rewire plan JOB with the options of the job, --ranks 64");
        refuse_without_working_memory();
        const auto* named = &find_job(catalogue, words.front());
        if (!named->plan)
            throw base::UsageError(fmt::format("rewire {} needs no planning", named->name), "",
                                   "run it as it is");
        return named;
    });
    words.erase(words.begin());
    const auto options = mpi::collective(
        comm, [&] { return parse_options("plan " + job.name, plan_options(job.options), words); });
    auto command = "rewire " + job.name;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i].starts_with("--ranks") || words[i].starts_with("--largest") ||
            (words[i].starts_with("--study") && !has_option(job.options, "study"))) {
            if (words[i].find('=') == std::string::npos)
                ++i;
            continue;
        }
        command += " " + base::for_shell(words[i]);
    }
    const auto ranks = options.integer("ranks");
    const auto per_node = std::min(ranks, options.integer("ranks-per-node"));
    auto context = RunContext(comm, job, options, command, &catalogue);
    context.print(describe_plan(job.name, job.plan(context), ranks, per_node, command));
}

void run_words(const mpi::Communicator& comm, const Catalogue& catalogue,
               const std::vector<std::string>& words, const std::string& cpu_target, Log*& log,
               std::unique_ptr<RunContext>& context)
{
    const auto say = [&](const std::string& text) {
        if (comm.is_root())
            std::cout << text << std::flush;
    };
    const auto wants_help = [](const std::string& word) {
        return word == "--help" || word == "-h" || word == "help";
    };
    if (words.empty())
        mpi::throw_on_all(base::UsageError("no job given", "", "`rewire --help` lists the jobs"));
    if (wants_help(words.front()) && words.size() == 1)
        return say(overview(catalogue));
    if (words.front() == "--version")
        return say(fmt::format("rewire {} ({})\n", version, git_revision));
    if (words.front() == "plan" && std::none_of(words.begin(), words.end(), wants_help))
        return run_plan(comm, catalogue, {words.begin() + 1, words.end()});
    const auto name_at =
        (words.front() == "help" || words.front() == "plan") && words.size() > 1 ? 1U : 0U;
    if (words[name_at] == "plan" || (words.front() == "plan" && wants_help(words[name_at])))
        return say("usage: rewire plan JOB [options of the job] --ranks N [--ranks-per-node 32]\n"
                   "                       [--largest subject|session]\n\n"
                   "Prints memory a rank, hours and the #SBATCH lines of a job; with --largest "
                   "those of a task of an\narray, enough for the largest subject or session.\n");
    const auto& job = *mpi::collective(comm, [&] { return &find_job(catalogue, words[name_at]); });
    if (std::any_of(words.begin(), words.end(), wants_help))
        return say(help_of(job));

    auto command = std::string("rewire");
    for (const auto& word : words)
        command += " " + base::for_shell(word);
    auto options = mpi::collective(comm, [&] {
        return parse_options(job.name, job.options, {words.begin() + 1, words.end()});
    });
    context = std::make_unique<RunContext>(comm, job, std::move(options), command, &catalogue);
    context->set_cpu_target(cpu_target);
    log = &context->log();
    mpi::collective(comm, refuse_without_working_memory);
    if (!job.plan)
        context->refuse_unless_it_fits({.rank_bytes = base_rank_bytes});
    else if (!job.checks_memory)
        context->refuse_unless_it_fits(job.plan(*context));
    job.run(*context);
}

} // namespace

std::string program_version()
{
    return std::string(version);
}
std::string program_revision()
{
    return std::string(git_revision);
}

int run_command(const Catalogue& catalogue, const std::vector<std::string>& words,
                const std::string& cpu_target)
{
    const auto comm = mpi::Communicator::world();
    auto fallback = Log(comm.is_root());
    auto* log = &fallback;
    auto context = std::unique_ptr<RunContext>{};
    try {
        run_words(comm, catalogue, words, cpu_target, log, context);
        return static_cast<int>(base::ExitCode::success);
    } catch (...) {
        const auto error = mpi::as_error(std::current_exception());
        // What was agreed on ends all ranks here. An error of this rank alone does not: the others
        // may be waiting for it.
        const auto alone = comm.size() > 1 && !mpi::all_have_error();
        if (alone) {
            log->speak_up();
            log->error(
                fmt::format("{}\n  rank:  {} on {}", error.what(), comm.rank(), mpi::host_name()));
            mpi::end_all_ranks(error.code());
        }
        if (error.code() == base::ExitCode::stopped)
            log->note(error.what());
        else
            log->error(error.what());
        return static_cast<int>(error.code());
    }
}

} // namespace rewire::runtime
