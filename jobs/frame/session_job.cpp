#include "session_job.hpp"

#include "study_source.hpp"

#include <rewire/runtime/job.hpp>

#include <fmt/format.h>

#include <memory>

namespace rewire::jobs {

namespace {

/// On rank 0: the new result file with the sessions that stay as they are.
std::unique_ptr<io::ResultFile> begun_result(const std::filesystem::path& path,
                                             const io::Attempt& attempt, const Existing& existing,
                                             const io::Study& study, const SessionJob& session_job)
{
    auto output = std::make_unique<io::ResultFile>(path, attempt);
    if (existing.kept.empty())
        return output;
    const auto old = io::open_for_reading(path);
    for (const auto& session : existing.kept)
        session_job.keep(*output, old, session, study);
    return output;
}

} // namespace

void run_session_job(runtime::RunContext& context, const SessionJob& session_job)
{
    const auto& comm = context.comm();
    const auto study = open_study(context);
    const auto inputs = check_inputs(context, study, session_job.needs_decay_time);
    const auto path = context.options().path("results") / session_job.file_name;
    auto digest = context.options().result_changing();
    digest.emplace_back("version", runtime::program_version());
    const auto existing = look_for_result(context, path, study, inputs, digest);
    if (existing.nothing_to_do())
        return;
    context.check_memory(session_job.estimate(study, existing.todo));
    if (session_job.prepare)
        session_job.prepare(study, inputs, existing.todo);
    context.begin_results(
        checkpoint_fingerprint(digest, study, inputs, existing, context.options()));
    if (session_job.says_what_is_left)
        context.note(fmt::format("{} sessions of {} subjects; {} to compute, {} kept",
                                 study.sessions.size(), study.subjects.size(), existing.todo.size(),
                                 existing.kept.size()));

    auto output = std::unique_ptr<io::ResultFile>{};
    context.collective("write", [&] {
        if (comm.is_root())
            output = begun_result(path, context.attempt(), existing, study, session_job);
    });
    context.note(session_job.table_head);
    const auto waves =
        waves_of(study, existing.todo, context.options().real("node-memory-gb") * 1e9);
    for (std::size_t wave = 0; wave < waves.size(); ++wave)
        session_job.compute(
            {study, inputs, waves[wave], wave == 0 ? "" : fmt::format("-{}", wave + 1)},
            output.get());
    context.collective("write", [&] {
        if (!output)
            return;
        if (session_job.complete)
            session_job.complete(*output);
        output->publish(context.record(all_inputs(study, inputs, existing), digest),
                        existing.present);
    });
    context.finish();
    context.note("wrote " + path.string());
}

runtime::Estimate
plan_session_job(const runtime::RunContext& context, const io::Study& study,
                 const std::function<runtime::Estimate(const std::vector<std::size_t>& sessions,
                                                       const MachineRates& rates)>& estimate)
{
    const auto rates = measured_rates(most_neurons(study));
    auto estimates = std::vector<runtime::Estimate>{};
    for (const auto& sessions : sessions_to_plan_for(study, context.options()))
        estimates.push_back(estimate(sessions, rates));
    auto planned = runtime::most_of(estimates);
    planned.notes.push_back(described(rates));
    return planned;
}

} // namespace rewire::jobs
