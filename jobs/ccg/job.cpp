#include "entry.hpp"
#include "estimate.hpp"
#include "held_trains.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "jobs/recording/held_spikes.hpp"
#include "jobs/recording/pair_tiles.hpp"
#include "jobs/recording/planted.hpp"
#include "jobs/recording/sorting.hpp"
#include "methods.hpp"
#include "result.hpp"
#include "section.hpp"
#include "settings.hpp"
#include "surrogates.hpp"
#include "tables.hpp"
#include "tile.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace rewire::jobs {

namespace {

constexpr auto too_few = "fewer than two units to pair";

std::string table_head()
{
    return fmt::format("{:<12} {:<10} {:>6} {:>8} {:>8} {:>7} {:>8} {:>8} {:>8}", "subject",
                       "session", "units", "pairs", "tested", "peaks", "troughs", "q<.05",
                       "trough q");
}

std::string row_of(const SessionHead& head, std::int64_t units, const CcgCounts& counts)
{
    return fmt::format("{:<12} {:<10} {:>6} {:>8} {:>8} {:>7} {:>8} {:>8} {:>8}", head.subject,
                       head.session, units, counts.pairs, counts.tested, counts.peaks,
                       counts.troughs, counts.peaks_fdr, counts.troughs_fdr);
}

/// Rank 0: writes the sessions of a wave one after the other, as their tiles come.
class WaveWriter
{
  public:
    WaveWriter(runtime::RunContext& context, const Wave& wave, const HeldTrains& held,
               const CcgSettings& settings, const SurrogateRun& drawn, const io::ResultFile* output)
        : context_(context),
          wave_(wave),
          held_(held),
          settings_(settings),
          drawn_(drawn),
          output_(output)
    {
    }

    /// @param surrogates null without
    void add(const spikes::PairTile& tile, std::span<const std::byte> bytes,
             const SurrogateP* surrogates)
    {
        writer_->add(tile, TileResult::unpacked(bytes), surrogates);
    }
    void begin(std::size_t position)
    {
        const auto& trains = held_.session(position);
        head_ = wave_.head(position);
        if (trains.recording.units() < 2)
            head_.status = too_few;
        writer_ = std::make_unique<CcgWriter>(*output_, head_, trains, settings_);
    }
    void end(std::size_t position)
    {
        const auto counts = writer_->finish();
        if (const auto pair = writer_->strongest(); pair && settings_.surrogates > 0) {
            const auto surrogates = std::min(settings_.surrogates, band_surrogates);
            writer_->write_band(drawn_.band(position, pair->i, pair->j, surrogates, ccg_level),
                                surrogates);
        }
        writer_.reset();
        const auto& recording = held_.session(position).recording;
        context_.note(row_of(head_, recording.units(), counts));
        if (const auto& trials = held_.session(position).trials; trials.rows > 0)
            context_.note("    " + described(trials));
        if (counts.clipped > 0)
            context_.note(fmt::format("    {} spikes in a bin that had one are not counted",
                                      base::grouped(counts.clipped)));
        note_recording(context_, head_, recording);
        note_near_pairs(context_, counts.near, settings_.test_near);
        if (counts.few + counts.slow > 0)
            context_.note(fmt::format(
                "    of {} calls by the rule, chance gives {} no more than {:g} coincidences, and "
                "{} "
                "have a unit of no more than {:g} Hz: the paper calls neither (--min-pair-spikes, "
                "--min-rate-hz)",
                counts.peaks + counts.troughs, counts.few, paper_pair_spikes, counts.slow,
                paper_rate_hz));
    }

  private:
    runtime::RunContext& context_;
    const Wave& wave_;
    const HeldTrains& held_;
    const CcgSettings& settings_;
    const SurrogateRun& drawn_;
    const io::ResultFile* output_;
    SessionHead head_;
    std::unique_ptr<CcgWriter> writer_;
};

void compute(runtime::RunContext& context, const Wave& wave, const CcgSettings& settings,
             const io::ResultFile* output)
{
    const auto held = HeldTrains(context, wave, settings);
    const auto tiles = tiles_of(
        wave, [&](std::size_t position) { return held.session(position).recording.units(); },
        [&](std::size_t position, const spikes::PairTile& tile) {
            return PartOfWork{position, static_cast<double>(tile.pairs()) * bytes_of_pair(settings),
                              tile_seconds(held.session(position), tile, settings)};
        });
    auto surrogates = std::vector<SurrogateP>{};
    auto drawn = SurrogateRun(held, wave, settings);
    if (settings.surrogates > 0)
        surrogates = drawn.run(context);
    auto writer = WaveWriter(context, wave, held, settings, drawn, output);
    auto plan = std::optional<spikes::JitterPlan>{}; // of the session that a rank is at
    auto halves = std::optional<Halves>{};
    auto planned = wave.size();
    const auto begin_session = [&](std::size_t position) {
        if (planned == position)
            return;
        const auto& session = held.session(position);
        if (settings.has_null())
            plan.emplace(session.timeline, settings.jitter, settings.max_lag);
        halves.emplace(session, settings);
        planned = position;
    };
    each_part_by_session(
        context, wave, tiles.part,
        [&](std::size_t part, const runtime::Tick& tick) {
            const auto position = tiles.part[part].position;
            begin_session(position);
            const auto result = compute_tile(held, position, tiles.tile[part], settings,
                                             plan ? &*plan : nullptr, *halves, tick);
            return result ? std::optional(result->packed()) : std::nullopt;
        },
        {.begin = [&](std::size_t position) { writer.begin(position); },
         .take =
             [&](std::size_t part, std::span<const std::byte> bytes) {
                 writer.add(tiles.tile[part], bytes,
                            surrogates.empty() ? nullptr : &surrogates[tiles.part[part].position]);
             },
         .end = [&](std::size_t position) { writer.end(position); }});
}

/// @throws InputError, naming the file: trains that the jitter cannot be applied to
void check_jitter(const SessionTrains& trains, const std::string& file, const CcgSettings& settings)
{
    try {
        spikes::JitterPlan(trains.timeline, settings.jitter, settings.max_lag);
    } catch (const base::InputError& error) {
        throw base::InputError(error.problem(), file, error.next());
    }
}

/// Collective: reads all trains once, so that what is wrong with them is known before the run.
void check_trains(runtime::RunContext& context, const io::Study& study,
                  const std::vector<std::size_t>& sessions, const CcgSettings& settings)
{
    check_sessions(context, study, sessions, [&](const io::StudySession& session) {
        auto positions = std::vector<std::int32_t>{};
        const auto trains = read_trains(session, settings, positions);
        if (settings.has_null() && trains.recording.units() > 1)
            check_jitter(trains, session.record.file, settings);
    });
}

SessionJob session_job(runtime::RunContext& context)
{
    adopt_ccg_options(context);
    const auto settings = ccg_settings(context.options());
    return {.table_head = table_head(),
            .node_bytes = held_bytes,
            .estimate =
                [settings, &context](const io::Study& study, const auto& sessions) {
                    return ccg_estimate(study, sessions, settings, context.options());
                },
            .prepare =
                [settings, &context](const io::Study& study, const auto& sessions) {
                    check_trains(context, study, sessions, settings);
                },
            .compute =
                [settings, &context](const Wave& wave, const io::ResultFile* output) {
                    compute(context, wave, settings, output);
                }};
}

runtime::Job described_job()
{
    return {
        .name = ccg_name,
        .usage = "--study DIR --results DIR [options]",
        .summary = "who drives whom: correlograms of all pairs of sorted units, jitter null, "
                   "p-values",
        .details =
            "Spike times -> cross-correlograms of every pair over the whole recording -> expected "
            "counts when the spikes\n"
            "keep their slow rates and lose their timing below the jitter (closed form) -> "
            "connections by two rules: a\n"
            "peak or trough within 10 ms beyond --threshold-sd SD of the flanks, and exact "
            "p-values of each direction,\n"
            "with the false discovery rate over the pairs and directions of a session. Positive "
            "lags: unit i fires after\n"
            "unit j. A small p says that two trains coincide, at that lag, more than by their slow "
            "rates; a common input\n"
            "faster than the window rejects as well as a synapse does. Calls go by a "
            "strict p (p_value_strict):\n"
            "a peak has to stand out of the flanks, too, so that the shadows of peaks are not "
            "troughs. Time counts\n"
            "where all chosen units were observed (obs_intervals, without invalid_times); with "
            "--align, in trials around\n"
            "the rows of a table. With --surrogates, Monte Carlo gives the p of the largest "
            "deviation of a direction,\n"
            "too. "
            "Writes RESULTS/ccg.h5.",
        .examples =
            {"rewire ccg --study data/ --results out/",
             "mpirun -n 8 rewire ccg --study data/ --results out/ --where "
             "quality==good --min-rate-hz 1",
             "rewire ccg --study data/ --results out/ --align drifting_gratings_presentations "
             "--stop-s 2 --where contrast==0.8"},
        .citation = "Amarasingham et al. 2012 (interval jitter); Siegle et al. 2021 (correlograms)",
        .paper = "the DyNetCP paper",
        .options = runtime::common_options() + alignment_options() + unit_options() + ccg_options(),
        .run = run_of(session_job),
        .plan = plan_of(session_job)};
}

} // namespace

Entry ccg_entry()
{
    return {
        .job = described_job(),
        .has_result = true,
        .tasks = TaskLevel::session,
        .feeds = {io::Feed::units},
        .inspect = sorting_report,
        .chains = {"spikes"},
        .page = ccg_page(),
        .recovery =
            [](const RecoveryRequest& request) { print_planted_recovery(request, ccg_methods()); },
        .table = ccg_table(),
        .connections = ccg_methods()};
}

} // namespace rewire::jobs
