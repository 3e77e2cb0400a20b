#include "entry.hpp"
#include "estimate.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "jobs/recording/pair_tiles.hpp"
#include "jobs/recording/planted.hpp"
#include "result.hpp"
#include "section.hpp"
#include "settings.hpp"
#include "tables.hpp"
#include "tile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace rewire::jobs {

namespace {

constexpr auto too_few = "fewer than two units to pair";

std::vector<TileWork> work_of(const Wave& wave, const HeldSpikes& held,
                              const GlmccJobSettings& settings)
{
    auto work = std::vector<TileWork>{};
    for (std::size_t position = 0; position < wave.size(); ++position) {
        const auto& session = held.session(position);
        const auto units = session.recording.units();
        for (const auto& tile : spikes::pair_tiles(units, pair_tile_side(units)))
            work.push_back(
                {position, tile,
                 static_cast<double>(tile.pairs()) * sizeof(GlmccFitted) + sizeof(GlmccExample),
                 glmcc_tile_seconds(session, tile, settings)});
    }
    return work;
}

/// Of the observed time, what lies so near to where observation begins or ends that differences
/// within the reach of the model go beyond.
double share_near_gaps(const std::vector<spikes::TimeInterval>& observed)
{
    constexpr auto reach_ns = spikes::glmcc_half * spikes::nanoseconds_per_ms;
    auto near = std::int64_t{0};
    for (const auto& interval : observed)
        near += std::min(2 * reach_ns, interval.length_ns());
    const auto total = spikes::total_length_ns(observed);
    return total > 0 ? static_cast<double>(near) / static_cast<double>(total) : 0;
}

std::string table_head()
{
    return fmt::format("{:<12} {:<10} {:>6} {:>8} {:>11} {:>11} {:>11} {:>12}", "subject",
                       "session", "units", "pairs", "directions", "excitatory", "inhibitory",
                       "slow changes");
}

std::string row_of(const SessionHead& head, std::int64_t units, const GlmccCounts& counts)
{
    return fmt::format("{:<12} {:<10} {:>6} {:>8} {:>11} {:>11} {:>11} {:>12}", head.subject,
                       head.session, units, counts.pairs, counts.directions, counts.excitatory,
                       counts.inhibitory, counts.slow_changes);
}

void compute(runtime::RunContext& context, const Wave& wave, const std::vector<SessionFacts>& facts,
             const GlmccJobSettings& settings, const io::ResultFile* output)
{
    const auto held = HeldSpikes(context, wave, settings.units);
    auto head = SessionHead{};
    auto writer = std::unique_ptr<GlmccWriter>{};
    auto order = SessionsInOrder(
        wave.size(),
        [&](std::size_t position) {
            head = head_of(wave.session(position), facts[wave.sessions[position]].sha256);
            if (held.session(position).recording.units() < 2)
                head.status = too_few;
            writer = std::make_unique<GlmccWriter>(*output, head, held.session(position), settings);
        },
        [&](std::size_t position) {
            const auto counts = writer->finish();
            const auto& recording = held.session(position).recording;
            context.note(row_of(head, recording.units(), counts));
            note_recording(context, head, recording);
            note_near_pairs(context, counts.near, settings.test_near);
            if (const auto share = share_near_gaps(recording.observed); share > 0.01)
                context.warn(fmt::format(
                    "{}: {:.1f} % of the observed time lies within 50 ms of a gap, where spikes "
                    "of long lags are missing: backgrounds fall off towards 50 ms, and background "
                    "ratios say so without a change of rates",
                    head.file, 100 * share));
            if (counts.not_converged > 0)
                context.warn(fmt::format("{}: {} of {} fits did not converge", head.file,
                                         counts.not_converged, counts.pairs));
        });
    each_tile_to_root(
        context, wave.suffix, work_of(wave, held, settings),
        [&](const TileWork& unit, const runtime::Tick& tick) {
            const auto result = compute_glmcc_tile(held, unit.position, unit.tile, settings, tick);
            return result ? std::optional(result->packed()) : std::nullopt;
        },
        [&](const TileWork& unit, std::span<const std::byte> bytes) {
            order.go_on_to(unit.position);
            writer->add(unit.tile, GlmccTile::unpacked(bytes));
        });
    context.collective("write", [&] {
        if (output != nullptr)
            order.finish();
    });
}

void run(runtime::RunContext& context)
{
    const auto settings = glmcc_settings(context.options());
    auto facts = std::vector<SessionFacts>{};
    run_session_job(context,
                    {.says_what_is_left = true,
                     .table_head = table_head(),
                     .check =
                         [&](const io::Study& study) {
                             return facts = hashes_of(context, study, io::Feed::units);
                         },
                     .node_bytes = held_spikes_bytes,
                     .estimate =
                         [&](const io::Study& study, const std::vector<std::size_t>& sessions) {
                             return glmcc_estimate(study, sessions, settings, context.options());
                         },
                     .prepare =
                         [&](const io::Study& study, const std::vector<std::size_t>& sessions) {
                             check_spikes(context, study, sessions, settings.units);
                         },
                     .compute =
                         [&](const Wave& wave, const io::ResultFile* output) {
                             compute(context, wave, facts, settings, output);
                         }});
}

runtime::Estimate plan(runtime::RunContext& context)
{
    const auto settings = glmcc_settings(context.options());
    const auto study = open_study(context);
    require_feed(study, io::Feed::units);
    return plan_sessions(context, study, [&](const auto& sessions) {
        return glmcc_estimate(study, sessions, settings, context.options());
    });
}

runtime::Job described_job()
{
    return {
        .name = glmcc_name,
        .usage = "--study DIR --results DIR [options]",
        .summary = "synaptic couplings between sorted units, in mV: correlograms of all pairs with "
                   "a slow background",
        .details =
            "Spike times -> differences of less than 50 ms of every pair -> the most probable slow "
            "background with a coupling\n"
            "of 4 ms in either direction (Newton on a banded Hessian; the maximum is unique) -> "
            "couplings that chance does\n"
            "not give, as postsynaptic potentials in mV by a conversion fitted to a simulated "
            "network. The background takes\n"
            "up what both units share slowly; a common input as fast as a synapse it does not. Of "
            "directions without a\n"
            "coupling 0.001 come out significant (--mode lr: 0.0001): no correction for the number "
            "of pairs is made. Writes\n"
            "RESULTS/glmcc.h5.",
        .examples = {"rewire glmcc --study data/ --results out/",
                     "mpirun -n 8 rewire glmcc --study data/ --results out/ --mode lr --delay "
                     "search --where quality==good"},
        .citation = "Kobayashi et al. 2019 (GLMCC)",
        .paper = "the DyNetCP paper",
        .options = runtime::common_options() + unit_options() + glmcc_options(),
        .run = run,
        .plan = plan};
}

} // namespace

Entry glmcc_entry()
{
    return {.job = described_job(),
            .has_result = true,
            .tasks = TaskLevel::session,
            .feeds = {io::Feed::units},
            .chains = {"spikes"},
            .page = glmcc_page(),
            .recovery =
                [](const RecoveryRequest& request) {
                    print_planted_recovery(request, glmcc_methods());
                },
            .table = glmcc_table(),
            .connections = glmcc_methods()};
}

} // namespace rewire::jobs
