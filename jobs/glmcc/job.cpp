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

void compute(runtime::RunContext& context, const Wave& wave, const GlmccJobSettings& settings,
             const io::ResultFile* output)
{
    const auto held = HeldSpikes(context, wave, settings.units);
    const auto tiles = tiles_of(
        wave, [&](std::size_t position) { return held.session(position).recording.units(); },
        [&](std::size_t position, const spikes::PairTile& tile) {
            return PartOfWork{position,
                              static_cast<double>(tile.pairs()) * sizeof(GlmccFitted) +
                                  sizeof(GlmccExample),
                              glmcc_tile_seconds(held.session(position), tile, settings)};
        });
    auto head = SessionHead{};
    auto writer = std::unique_ptr<GlmccWriter>{};
    each_part_by_session(
        context, wave, tiles.part,
        [&](std::size_t part, const runtime::Tick& tick) {
            const auto result = compute_glmcc_tile(held, tiles.part[part].position,
                                                   tiles.tile[part], settings, tick);
            return result ? std::optional(result->packed()) : std::nullopt;
        },
        {.begin =
             [&](std::size_t position) {
                 head = wave.head(position);
                 if (held.session(position).recording.units() < 2)
                     head.status = too_few;
                 writer =
                     std::make_unique<GlmccWriter>(*output, head, held.session(position), settings);
             },
         .take =
             [&](std::size_t part, std::span<const std::byte> bytes) {
                 writer->add(tiles.tile[part], GlmccTile::unpacked(bytes));
             },
         .end =
             [&](std::size_t position) {
                 const auto counts = writer->finish();
                 const auto& recording = held.session(position).recording;
                 context.note(row_of(head, recording.units(), counts));
                 note_recording(context, head, recording);
                 note_near_pairs(context, counts.near, settings.test_near);
                 if (const auto share = share_near_gaps(recording.observed); share > 0.01)
                     context.warn(fmt::format("{}: {:.1f} % of the observed time lies within 50 ms "
                                              "of a gap, where spikes "
                                              "of long lags are missing: backgrounds fall off "
                                              "towards 50 ms, and background "
                                              "ratios say so without a change of rates",
                                              head.file, 100 * share));
                 if (counts.not_converged > 0)
                     context.warn(fmt::format("{}: {} of {} fits did not converge", head.file,
                                              counts.not_converged, counts.pairs));
             }});
}

SessionJob session_job(runtime::RunContext& context)
{
    const auto settings = glmcc_settings(context.options());
    return {.table_head = table_head(),
            .node_bytes = held_spikes_bytes,
            .estimate =
                [settings, &context](const io::Study& study, const auto& sessions) {
                    return glmcc_estimate(study, sessions, settings, context.options());
                },
            .prepare =
                [settings, &context](const io::Study& study, const auto& sessions) {
                    check_spikes(context, study, sessions, settings.units);
                },
            .compute =
                [settings, &context](const Wave& wave, const io::ResultFile* output) {
                    compute(context, wave, settings, output);
                }};
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
        .run = run_of(session_job),
        .plan = plan_of(session_job)};
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
