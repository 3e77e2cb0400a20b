#include "session_job.hpp"

#include "entry.hpp"
#include "study_source.hpp"

#include <rewire/io/digest.hpp>
#include <rewire/runtime/job.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace rewire::jobs {

namespace {

/// On rank 0: the new result file with the sessions that stay as they are.
std::unique_ptr<io::ResultFile> begun_result(const std::filesystem::path& path,
                                             const io::Attempt& attempt, const Existing& existing,
                                             const io::Study& study)
{
    auto output = std::make_unique<io::ResultFile>(path, attempt);
    if (existing.kept.empty())
        return output;
    const auto old = io::open_for_reading(path);
    for (const auto& session : existing.kept)
        keep_session(*output, old, session, study);
    return output;
}

/// @throws InputError: a session that lacks what feeds the job
void require_feeds(const runtime::RunContext& context, const io::Study& study)
{
    for (const auto feed : own_entry(context).feeds)
        require_feed(study, feed);
}

} // namespace

void run_session_job(runtime::RunContext& context, const SessionJob& session_job)
{
    const auto& comm = context.comm();
    const auto& entry = own_entry(context);
    const auto study = open_study(context);
    if (study.sessions.empty() && !study.left_out.empty()) {
        context.note("nothing to compute: every session that was chosen is left out");
        return;
    }
    const auto facts = session_job.check ? session_job.check(study) : hashes_of(context, study);
    const auto path = context.options().path("results") / entry.file();
    auto digest = context.options().result_changing();
    digest.emplace_back("version", runtime::program_version());
    const auto upstream =
        session_job.upstream ? session_job.upstream() : std::map<std::string, io::Upstream>{};
    for (const auto& [job, earlier] : upstream)
        for (const auto* fields : {&earlier.digest, &earlier.inputs})
            for (const auto& [name, value] : *fields)
                digest.emplace_back(job + " " + name, value);
    const auto existing = look_for_result(context, path, study, facts, digest);
    if (existing.nothing_to_do())
        return;
    context.check_memory(session_job.estimate(study, existing.todo));
    if (session_job.prepare)
        session_job.prepare(study, existing.todo);
    context.begin_results(
        checkpoint_fingerprint(digest, study, facts, existing, context.options()));
    context.note(fmt::format("{} sessions of {} subjects; {} to compute, {} kept",
                             study.sessions.size(), study.subjects.size(), existing.todo.size(),
                             existing.kept.size()));

    auto output = std::unique_ptr<io::ResultFile>{};
    context.collective("write", [&] {
        if (!comm.is_root())
            return;
        output = begun_result(path, context.attempt(), existing, study);
        auto left_out = std::vector<io::LeftOut>{};
        if (!existing.kept.empty())
            left_out = read_left_out(io::open_for_reading(path));
        write_left_out(output->file(), joined_left_out(std::move(left_out), study));
    });
    context.note(session_job.table_head);
    const auto waves =
        waves_of(study, existing.todo, session_job.node_bytes, node_limit_bytes(context.options()));
    for (std::size_t wave = 0; wave < waves.size(); ++wave)
        session_job.compute(
            {study, waves[wave], wave == 0 ? "" : fmt::format("-{}", wave + 1), facts},
            output.get());
    context.collective("write", [&] {
        if (!output)
            return;
        if (entry.complete_subject)
            for (const auto& subject : io::subjects_in(output->file()))
                entry.complete_subject(*output, subject);
        if (entry.complete)
            entry.complete(*output);
        auto record = context.record(all_inputs(study, facts, existing), digest);
        record.upstream = upstream;
        output->publish(record, existing.present);
    });
    context.finish();
    context.note("wrote " + path.string());
}

runtime::Estimate plan_session_job(runtime::RunContext& context, const SessionJob& session_job)
{
    const auto study = open_study(context);
    require_feeds(context, study);
    return plan_sessions(context, study, [&](const std::vector<std::size_t>& sessions) {
        return session_job.estimate(study, sessions);
    });
}

std::function<void(runtime::RunContext&)> run_of(MakeSessionJob make)
{
    return [make](runtime::RunContext& context) { run_session_job(context, make(context)); };
}

std::function<runtime::Estimate(runtime::RunContext&)> plan_of(MakeSessionJob make)
{
    return
        [make](runtime::RunContext& context) { return plan_session_job(context, make(context)); };
}

std::vector<SessionFacts> hashes_of(runtime::RunContext& context, const io::Study& study)
{
    mpi::collective(context.comm(), [&] { require_feeds(context, study); });
    auto costs = std::vector<double>{};
    for (const auto& session : study.sessions)
        costs.push_back(static_cast<double>(session.record.bytes));
    const auto hashes = context.each_unit_to_all<std::string>(
        "inputs", costs, [&](std::int64_t unit, const runtime::Tick&) {
            return io::sha256_of_file(study.sessions[static_cast<std::size_t>(unit)].path);
        });
    auto facts = std::vector<SessionFacts>(study.sessions.size());
    for (std::size_t session = 0; session < facts.size(); ++session)
        facts[session].sha256 = hashes[session];
    return facts;
}

runtime::Estimate plan_sessions(
    const runtime::RunContext& context, const io::Study& study,
    const std::function<runtime::Estimate(const std::vector<std::size_t>& sessions)>& estimate)
{
    auto estimates = std::vector<runtime::Estimate>{};
    for (const auto& sessions : sessions_to_plan_for(study, context.options()))
        estimates.push_back(estimate(sessions));
    return runtime::most_of(estimates);
}

std::vector<std::vector<std::size_t>>
waves_of(const io::Study& study, const std::vector<std::size_t>& sessions,
         const std::function<double(const io::StudySession& session)>& node_bytes,
         double limit_bytes)
{
    auto waves = std::vector<std::vector<std::size_t>>{};
    auto bytes = 0.0;
    for (const auto session : sessions) {
        const auto more = node_bytes(study.sessions[session]);
        if (waves.empty() || bytes + more > limit_bytes) {
            waves.emplace_back();
            bytes = 0;
        }
        waves.back().push_back(session);
        bytes += more;
    }
    return waves;
}

double largest_wave(const io::Study& study, const std::vector<std::size_t>& sessions,
                    const std::function<double(const io::StudySession& session)>& node_bytes,
                    double limit_bytes,
                    const std::function<double(const io::StudySession& session)>& size)
{
    auto largest = 0.0;
    for (const auto& wave : waves_of(study, sessions, node_bytes, limit_bytes)) {
        auto sum = 0.0;
        for (const auto session : wave)
            sum += size(study.sessions[session]);
        largest = std::max(largest, sum);
    }
    return largest;
}

double node_limit_bytes(const runtime::Options& options)
{
    return options.real("node-memory-gb") * 1e9;
}

} // namespace rewire::jobs
