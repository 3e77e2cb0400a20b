#include "counts.hpp"
#include "entry.hpp"
#include "jobs/activity/estimate.hpp"
#include "jobs/activity/movement_source.hpp"
#include "jobs/activity/options.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "rates.hpp"
#include "recovery.hpp"
#include "result.hpp"
#include "section.hpp"
#include "wave.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace rewire::jobs {

namespace {

MovementSettings movement_settings(const runtime::Options& options)
{
    auto levels = options.reals("level");
    for (const auto level : levels)
        if (!(level > 0.5 && level < 1))
            throw base::UsageError(
                fmt::format("--level {} is not between 0.5 and 1", level), "",
                "0.995 is related where the rank is above 99.5 % of the shuffles");
    std::sort(levels.begin(), levels.end());
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
    return {.shuffles = options.integer("shuffles"),
            .units = options.text("units") == "frames" ? behaviour::ShuffleUnits::frames
                                                       : behaviour::ShuffleUnits::runs,
            .block_s = options.real("block-s"),
            .levels = levels,
            .dff = options.text("activity") == "dff",
            .dilate = options.integer("dilate"),
            .activity = activity_settings(options),
            .source = movement_source_settings(options)};
}

std::string row_of(const SessionMovement& session)
{
    const auto neurons = session.neuron_id.size();
    const auto related = [&](const std::vector<std::uint8_t>& flags, std::size_t level) {
        const auto first = flags.begin() + static_cast<std::ptrdiff_t>(level * neurons);
        return std::count(first, first + static_cast<std::ptrdiff_t>(neurons), 1);
    };
    auto row = fmt::format("{:<12} {:<10} {:>6} {:>8} {:>9.1f}", session.subject, session.session,
                           neurons, session.epochs,
                           100.0 * static_cast<double>(session.movement_frames) /
                               static_cast<double>(std::max<std::int64_t>(session.frames, 1)));
    for (std::size_t level = 0; level < session.level.size(); ++level)
        row += fmt::format(" {:>9} {:>9}", related(session.movement_related, level),
                           related(session.quiescent_related, level));
    return row;
}

runtime::Estimate movement_estimate(const io::Study& study,
                                    const std::vector<std::size_t>& sessions,
                                    const MovementSettings& settings,
                                    const runtime::Options& options,
                                    const MovementRates& rates = typical_movement_rates)
{
    auto estimate = deconvolution_estimate(study, sessions, options, rates.activity);
    // Blocks of dF/F are gone before the ranks share the events of all.
    estimate.early_rank_bytes = estimate.rank_bytes;
    estimate.rank_bytes = runtime::base_rank_bytes;
    estimate.spread_bytes = 1.3 * estimate.node_bytes; // what was computed, and how it was packed
    if (settings.dff) { // dF/F is read by blocks of neurons and not kept
        estimate.early_rank_bytes = 0;
        estimate.node_bytes = 0;
        estimate.spread_bytes = 0;
        estimate.checkpoint_bytes = 0;
        std::erase_if(estimate.phases,
                      [](const auto& phase) { return phase.name == "deconvolve"; });
    }
    auto seconds = 0.0;
    auto longest = 0.0;
    const auto units = units_of(study, sessions, settings);
    for (const auto& unit : units) {
        const auto& activity = *study.sessions[sessions[unit.position]].record.activity;
        const auto work = unit_seconds(unit, activity, rates);
        seconds += work;
        longest = std::max(longest, work);
        const auto masks =
            static_cast<double>(std::min(unit.shuffles.size(), unit_shuffles)) * 2000;
        const auto tables = settings.dff ? 1.5 * block_bytes(activity) : 8e6;
        estimate.rank_bytes =
            std::max(estimate.rank_bytes, runtime::base_rank_bytes + masks + tables);
    }
    for (const auto session : sessions)
        estimate.result_bytes +=
            static_cast<double>(study.sessions[session].record.activity->neurons) * 60 +
            static_cast<double>(kept_shuffles) * 8;
    estimate.add_phase("shuffles", seconds, static_cast<std::int64_t>(units.size()), longest);
    return estimate;
}

std::string table_head(const MovementSettings& settings)
{
    auto head = fmt::format("{:<12} {:<10} {:>6} {:>8} {:>9}", "subject", "session", "cells",
                            "epochs", "moving %");
    for (const auto level : settings.levels)
        head += fmt::format(" {:>9} {:>9}", fmt::format("move>{}", level), "quiet");
    return head;
}

void run_wave(runtime::RunContext& context, const Wave& wave,
              const std::vector<SessionInput>& inputs,
              const std::map<std::size_t, SessionMovements>& movements,
              const MovementSettings& settings, const io::ResultFile* output)
{
    auto of_wave = std::vector<SessionMovements>{};
    for (const auto session : wave.sessions)
        of_wave.push_back(movements.at(session));
    const auto sessions = movement_of_wave(context, wave, inputs, of_wave, settings);
    context.collective("write", [&] {
        for (const auto& session : sessions) {
            if (session.status != "ok")
                context.warn(fmt::format("{}: {}", session.file, session.status));
            context.note(row_of(session));
            write_session(*output, session);
        }
    });
}

/// What is rarer than one shuffle cannot be told from it.
void warn_of_few_shuffles(runtime::RunContext& context, const MovementSettings& settings)
{
    const auto shuffles = static_cast<double>(settings.shuffles);
    for (const auto level : settings.levels)
        if (context.comm().is_root() && (shuffles + 1) * (1 - level) < 1)
            context.warn(fmt::format(
                "{} shuffles are too few for level {}: by chance {:.1f} % of the neurons exceed "
                "it, not {:.1f} %; {} shuffles would do",
                settings.shuffles, level, 100 / (shuffles + 1), 100 * (1 - level),
                static_cast<std::int64_t>(std::ceil(1 / (1 - level) - 1e-9))));
}

void run_movement(runtime::RunContext& context)
{
    adopt_activity_options(context);
    const auto settings = movement_settings(context.options());
    warn_of_few_shuffles(context, settings);
    auto inputs = std::vector<SessionInput>{};                  // [session of the study]
    auto movements = std::map<std::size_t, SessionMovements>{}; // by session of the study
    run_session_job(
        context, {.table_head = table_head(settings),
                  .check =
                      [&](const io::Study& study) {
                          inputs = check_inputs(context, study, settings.activity, !settings.dff);
                          return facts_of(inputs);
                      },
                  .node_bytes = session_bytes,
                  .estimate =
                      [&](const io::Study& study, const std::vector<std::size_t>& sessions) {
                          return movement_estimate(study, sessions, settings, context.options());
                      },
                  .prepare =
                      [&](const io::Study& study, const std::vector<std::size_t>& sessions) {
                          auto of_sessions = movements_of(context, study, inputs, sessions,
                                                          {settings.activity.nwb, settings.source,
                                                           settings.dilate, settings.dff},
                                                          "epochs");
                          for (std::size_t i = 0; i < sessions.size(); ++i)
                              movements.emplace(sessions[i], std::move(of_sessions[i]));
                      },
                  .compute =
                      [&](const Wave& wave, const io::ResultFile* output) {
                          run_wave(context, wave, inputs, movements, settings, output);
                      }});
}

runtime::Estimate plan_movement(runtime::RunContext& context)
{
    adopt_activity_options(context);
    const auto settings = movement_settings(context.options());
    const auto study = open_study(context);
    if (settings.dff)
        require_feed(study, io::Feed::activity);
    else
        require_tau(study, settings.activity);
    const auto rates = measured_movement_rates();
    auto estimate = plan_sessions(context, study, [&](const auto& sessions) {
        return movement_estimate(study, sessions, settings, context.options(), rates);
    });
    estimate.notes.push_back(described(rates));
    return estimate;
}

std::vector<runtime::Option> movement_options()
{
    using Kind = runtime::OptionKind;
    return {
        {.name = "shuffles",
         .kind = Kind::integer,
         .default_value = "10000",
         .help = "shuffles of the epochs",
         .source = "2.9",
         .minimum = 1,
         .maximum = 2e9},
        {.name = "units",
         .default_value = "runs",
         .help = "what is shuffled: movement and quiescent runs, both whole, or quiescent time as "
                 "single frames",
         .source = "2.9",
         .choices = {"runs", "frames"}},
        {.name = "block-s",
         .kind = Kind::real,
         .default_value = "0",
         .unit = "s",
         .help = "shuffle within blocks of at least this length (e.g. 120), where rates and "
                 "movements may change together over a session; 0: over all of it",
         .minimum = 0,
         .maximum = 1e6},
        {.name = "dilate",
         .kind = Kind::integer,
         .default_value = "0",
         .unit = "frames",
         .help = "movements made longer on each side",
         .minimum = 0,
         .maximum = 1e6},
        {.name = "level",
         .kind = Kind::real,
         .default_value = "0.995",
         .help = "related where the rank among the shuffles is above; repeatable",
         .source = "2.9",
         .minimum = 0.5,
         .maximum = 1,
         .repeatable = true},
        {.name = "activity",
         .default_value = "events",
         .help = "smoothed events, or dF/F as it is (spines)",
         .choices = {"events", "dff"}},
    };
}

runtime::Job described_job()
{
    return {.name = "movement",
            .usage = "--study DIR --results DIR [options]",
            .summary =
                "movement-related neurons of every session, by shuffling the movement epochs",
            .details = "The activity of a neuron in movement against its activity under shuffled "
                       "movement epochs: the epochs keep\n"
                       "their lengths and change their order. Ties are counted exactly. The rank "
                       "among the shuffles (p_rank) is the\n"
                       "published statistic; p_value = (1 + greater + equal) / (shuffles + 1), "
                       "with q-values over the neurons of a\n"
                       "session. Movements come from an intervals table, a binary series, or the "
                       "lever. The test breaks the relation\n"
                       "between movement and activity as a whole: it does not separate movement "
                       "from reward or arousal that go\n"
                       "along with it. Writes RESULTS/movement.h5.",
            .examples = {"rewire movement --study data/ --results out/",
                         "mpirun -n 8 rewire movement --study data/ --results out/ --lever lever "
                         "--level 0.975 --level 0.995"},
            .citation = "Peters et al. 2014, 2017 (epoch shuffling)",
            .paper = "the rewiring paper",
            .options = runtime::common_options() + study_options() + activity_options() +
                       movement_source_options() + movement_options(),
            .run = run_movement,
            .plan = plan_movement};
}

} // namespace

Entry movement_entry()
{
    return {.job = described_job(),
            .has_result = true,
            .tasks = TaskLevel::session,
            .feeds = {io::Feed::activity, io::Feed::movement},
            .reading = nwb_options,
            .lacks =
                [](const io::StudySession& session, const runtime::Options& options) {
                    return lacks_movements(io::NwbSession(session.path, nwb_options(options)),
                                           movement_source_settings(options));
                },
            .check =
                [](const io::StudySession& session, const runtime::Options& options) {
                    movements_in(io::NwbSession(session.path, nwb_options(options)),
                                 movement_source_settings(options));
                },
            .check_options = movement_source_options(),
            .page = movement_page(),
            .recovery = print_movement_recovery};
}

} // namespace rewire::jobs
