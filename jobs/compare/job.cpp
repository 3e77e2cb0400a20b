#include "comparison.hpp"
#include "entry.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "result.hpp"
#include "section.hpp"
#include "settings.hpp"
#include "tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace rewire::jobs {

namespace {

std::string table_head()
{
    return fmt::format("{:<12} {:<10} {:<14} {:>10} {:>10} {:>10} {:>8}", "subject", "session",
                       "method", "threshold", "MCC exc.", "MCC inh.", "mean");
}

/// The rows of a session, at the methods' own thresholds, directed.
void note_rows(runtime::RunContext& context, const SessionHead& head, const Comparison& comparison,
               const CompareSettings& settings)
{
    for (std::size_t method = 0; method < comparison.method.size(); ++method) {
        const auto& one = comparison.method[method];
        if (one.present == 0)
            continue;
        const auto excitatory = spikes::matthews(one.own[0]);
        const auto inhibitory = spikes::matthews(one.own[1]);
        context.note(fmt::format("{:<12} {:<10} {:<14} {:>10.3g} {:>10.3f} {:>10.3f} {:>8.3f}",
                                 head.subject, head.session, settings.methods[method].method.name,
                                 one.threshold, excitatory, inhibitory,
                                 (excitatory + inhibitory) / 2));
    }
    if (comparison.left_out > 0)
        context.note(fmt::format("    {} planted connections are of units that the methods leave "
                                 "out",
                                 comparison.left_out));
    if (head.status != "ok")
        context.warn(fmt::format("{}: {}", head.file, head.status));
}

/// Seconds of a session with so many units in its file.
double seconds_of(const io::StudySession& session, const CompareSettings& settings)
{
    constexpr auto pair_s = 4e-9; // an ordered pair, at one place of the sweep
    const auto units = static_cast<double>(session.record.units->units);
    const auto least = static_cast<double>(settings.min_pair_spikes.size());
    const auto thresholds = static_cast<double>(
        settings.thresholds.empty() ? threshold_factors.size() : settings.thresholds.size());
    const auto places =
        thresholds * least + static_cast<double>(settings.methods.size()) *
                                 (static_cast<double>(threshold_factors.size()) + least + 1);
    return 0.05 + pair_s * 6 * places * units * units;
}

void compute(runtime::RunContext& context, const Wave& wave, const CompareSettings& settings,
             const io::ResultFile* output)
{
    auto costs = std::vector<double>{};
    for (std::size_t position = 0; position < wave.size(); ++position)
        costs.push_back(seconds_of(wave.session(position), settings));
    const auto compared = context.each_unit<runtime::UnitResults>(
        "compare" + wave.suffix, costs,
        [&](std::int64_t position, runtime::UnitResults& results, const runtime::Tick& tick) {
            const auto& session = wave.session(static_cast<std::size_t>(position));
            results.add(position, compare_session(session, settings).packed());
            return tick() || true; // it is done
        });
    runtime::gather_to_root(context.comm(), compared, static_cast<std::int64_t>(wave.size()),
                            [&](std::int64_t index, std::span<const std::byte> bytes) {
                                const auto position = static_cast<std::size_t>(index);
                                const auto comparison = Comparison::unpacked(bytes);
                                auto head = wave.head(position);
                                head.status = comparison.status;
                                write_comparison(*output, head, comparison, settings);
                                note_rows(context, head, comparison, settings);
                            });
}

runtime::Estimate estimate_of(const io::Study& study, const std::vector<std::size_t>& sessions,
                              const CompareSettings& settings)
{
    auto estimate = runtime::Estimate{};
    auto seconds = 0.0;
    auto longest = 0.0;
    auto most_pairs = 0.0;
    for (const auto session : sessions) {
        const auto own = seconds_of(study.sessions[session], settings);
        const auto units = static_cast<double>(study.sessions[session].record.units->units);
        seconds += own;
        longest = std::max(longest, own);
        most_pairs = std::max(most_pairs, units * units);
    }
    // Scores of all methods and, while one is read, the arrays of its result.
    const auto methods = static_cast<double>(settings.methods.size());
    estimate.rank_bytes =
        runtime::base_rank_bytes + most_pairs * (methods * 3 * sizeof(double) + 120) + 16e6;
    estimate.result_bytes = 0.1e6 * static_cast<double>(sessions.size());
    estimate.add_phase("compare", seconds, static_cast<std::int64_t>(sessions.size()), longest);
    return estimate;
}

SessionJob session_job(runtime::RunContext& context)
{
    const auto settings = std::make_shared<CompareSettings>();
    return {.table_head = table_head(),
            .check =
                [settings, &context](const io::Study& study) {
                    auto facts = hashes_of(context, study);
                    *settings = mpi::collective(context.comm(),
                                                [&] { return compare_settings(context, study); });
                    return facts;
                },
            .node_bytes = [](const io::StudySession&) { return 0.0; },
            .estimate =
                [settings](const io::Study& study, const auto& sessions) {
                    return estimate_of(study, sessions, *settings);
                },
            .upstream = [settings] { return settings->upstream; },
            .compute =
                [settings, &context](const Wave& wave, const io::ResultFile* output) {
                    compute(context, wave, *settings, output);
                }};
}

runtime::Estimate plan(runtime::RunContext& context)
{
    const auto study = open_study(context);
    require_feed(study, io::Feed::units);
    const auto settings = compare_settings(context, study);
    return plan_sessions(context, study, [&](const auto& sessions) {
        return estimate_of(study, sessions, settings);
    });
}

runtime::Job described_job()
{
    return {
        .name = compare_name,
        .usage = "--study DIR --results DIR [options]",
        .summary = "how connections between units agree: methods with each other, or with a known "
                   "truth",
        .details =
            "The directed connections of all results in the folder against those planted in the "
            "files of a simulated study,\n"
            "or against the calls of one method: true and false positives and negatives and the "
            "Matthews correlation, for\n"
            "excitation and inhibition, over thresholds (alpha_w) and least coincidences by chance "
            "(alpha_p), with every\n"
            "ordered pair counted, and as the paper counts. With a truth: where in the network "
            "lies what is called. Writes\n"
            "RESULTS/compare.h5.",
        .examples = {"rewire compare --study network/ --results out/",
                     "mpirun -n 4 rewire compare --study network/ --results out/ --min-pair-spikes "
                     "5 --min-pair-spikes 20"},
        .citation = "Matthews 1975 (correlation coefficient); the DyNetCP paper (alpha_w, alpha_p)",
        .paper = "the DyNetCP paper",
        .options = runtime::common_options() + compare_options(),
        .run = run_of(session_job),
        .plan = plan};
}

} // namespace

Entry compare_entry()
{
    return {.job = described_job(),
            .has_result = true,
            .tasks = TaskLevel::study,
            .feeds = {io::Feed::units},
            .chains = {"spikes"},
            .page = compare_page(),
            .table = compare_table(),
            .reads_connections = true};
}

} // namespace rewire::jobs
