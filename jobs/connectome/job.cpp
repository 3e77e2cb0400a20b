#include "animal_shrinkage.hpp"
#include "closed_form.hpp"
#include "compared.hpp"
#include "covariates.hpp"
#include "coverage.hpp"
#include "entry.hpp"
#include "estimate.hpp"
#include "frames.hpp"
#include "halves.hpp"
#include "jobs/activity/estimate.hpp"
#include "jobs/activity/movement_source.hpp"
#include "jobs/activity/options.hpp"
#include "jobs/activity/segments.hpp"
#include "jobs/activity/wave_activity.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "null.hpp"
#include "rates.hpp"
#include "recovery.hpp"
#include "result.hpp"
#include "section.hpp"
#include "session_connectome.hpp"
#include "settings.hpp"
#include "study_family.hpp"
#include "tables.hpp"

#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/calcium/shift_moments.hpp>
#include <rewire/calcium/shift_null.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace rewire::jobs {

namespace {

std::string row_of(const SessionConnectome& session, const ConnectomeSettings& settings)
{
    auto row = fmt::format("{:<12} {:<10} {:>6} {:>6} {:>8} {:>8} {:>8.4f} {:>8.4f} {:>8.4f}",
                           session.subject, session.session, session.neuron_id.size(),
                           std::count(session.active.begin(), session.active.end(), 1),
                           session.frames, std::count(session.edge.begin(), session.edge.end(), 1),
                           session.density, session.transitivity, session.average_clustering);
    if (settings.shrinks())
        row += fmt::format(" {:>8.4f}", session.shrinkage);
    if (const auto& tests = session.closed_form)
        row += tests->status == "ok" ? fmt::format(" {:>9}", tests->supported_count)
                                     : fmt::format(" {:>9}", "-");
    if (session.null) {
        const auto& q = session.null->q_value;
        const auto& p = session.null->p_fwe;
        row += fmt::format(" {:>8} {:>8}",
                           std::count_if(q.begin(), q.end(), [](double v) { return v <= 0.05; }),
                           std::count_if(p.begin(), p.end(), [](double v) { return v <= 0.05; }));
    }
    return row;
}

/// What the tests of edges could not do with the frames that there are.
void warn_of_frames(runtime::RunContext& context, const SessionConnectome& session)
{
    const auto& tests = session.closed_form;
    if (!tests || tests->status != "ok")
        return;
    if (tests->neurons_per_frame > calcium::warn_neurons_per_frame)
        context.warn(fmt::format("{}: {:.2f} active neurons for every effective frame: partial "
                                 "correlations are noisy and few edges can be found",
                                 session.file, tests->neurons_per_frame));
    if (tests->frames_used < session.frames)
        context.warn(fmt::format("{}: {} of {} frames are in a state of fewer than {} frames and "
                                 "take no part in the tests of edges",
                                 session.file, session.frames - tests->frames_used, session.frames,
                                 calcium::shortest_circle));
}

/// What the jitter of events cannot see for lack of whole windows.
void warn_of_windows(runtime::RunContext& context, const SessionConnectome& session)
{
    const auto& tests = session.closed_form;
    if (!tests || tests->status != "ok" || tests->support != support_by_jitter)
        return;
    const auto window_s = static_cast<double>(tests->window_frames) / session.rate_hz;
    if (tests->coverage.windows == 0)
        context.warn(fmt::format("{}: no segment is as long as a window of the jitter ({:.2g} s, "
                                 "{} frames): no edge can be supported. Give a shorter --window-s "
                                 "(never below 8 frames), or --support shift",
                                 session.file, window_s, tests->window_frames));
    else if (tests->coverage.events_outside > most_events_outside)
        context.warn(
            fmt::format("{}: {:.0f} % of the events lie after the last whole window ({:.2g} "
                        "s) of a segment and take no part in the jitter: edges are missed. "
                        "A shorter --window-s leaves out less",
                        session.file, 100 * tests->coverage.events_outside, window_s));
}

/// Stretches too short for the displacement control.
void warn_of_displacements(runtime::RunContext& context, const SessionConnectome& session)
{
    const auto& tests = session.closed_form;
    if (!tests || tests->status != "ok" || tests->coverage.displaced_cut <= most_displaced_cut)
        return;
    context.warn(fmt::format(
        "{}: {:.0f} % of the frames lie in stretches too short to displace neurons by as much as "
        "the control should: {:.2g} to {:.2g} s on average. displaced_rate is of pairs that keep "
        "what is slower than that",
        session.file, 100 * tests->coverage.displaced_cut, tests->coverage.displaced_shortest_s,
        tests->coverage.displaced_longest_s));
}

/// What was left out, and where time is not continuous.
void warn_of_frames(runtime::RunContext& context, const io::StudySession& session,
                    const SessionFrames& frames)
{
    if (frames.segment_count > 1)
        context.warn(fmt::format("{}: {} segments, each deconvolved, smoothed, shifted and "
                                 "jittered on its own",
                                 session.record.file, frames.segment_count));
    if (frames.artefacts > 0)
        context.warn(fmt::format("{}: {} frames in which nearly all neurons were active at once "
                                 "are left out",
                                 session.record.file, frames.artefacts));
    if (!frames.artefacts_judged)
        context.warn(
            fmt::format("{}: artefact frames could not be judged: half of the frames have "
                        "the same population mean, as where nothing is active, or even all "
                        "neurons at once would not stand out in them, as where they are few "
                        "or --smoothing-s is wide. What all "
                        "neurons have in common in single frames is neither counted nor "
                        "left out",
                        session.record.file));
    if (frames.artefacts_kept > 0)
        context.warn(fmt::format("{}: in {} frames far more neurons are active than usual, "
                                 "and than just before and after: no test "
                                 "tells an artefact there from connections, and displacing neurons "
                                 "does not show it. --drop-artefacts leaves them out",
                                 session.record.file, frames.artefacts_kept));
}

/// Why there is no connectome, or no test of its edges.
void warn_of_status(runtime::RunContext& context, const SessionConnectome& session)
{
    const auto& tests = session.closed_form;
    if (session.status != "ok")
        context.warn(fmt::format("{}: {}", session.file, session.status));
    if (tests && tests->status != "ok" && session.computed != 0)
        context.warn(fmt::format("{}: no tests of edges: {}", session.file, tests->status));
}

/// Halves that were wanted and could not be had.
void warn_of_halves(runtime::RunContext& context, const SessionConnectome& session)
{
    if (session.halves && session.computed != 0 && !session.halves->all.ok())
        context.warn(fmt::format("{}: no halves to tell change from noise: {}", session.file,
                                 session.halves->all.status));
}

/// Keeps what surrogates were held against where it is not the session's own.
void say_what_is_compared(SessionConnectome& session, const std::string& within)
{
    auto& null = *session.null;
    auto compared = compared_of(session, std::move(null.observed),
                                {.frames = null.frames_used, .within = within, .drawn = true},
                                surrogate_partial_name);
    null.compare = std::move(compared.says);
    null.observed = std::move(compared.value);
}

/// What was planted in a simulated session.
std::optional<ConnectomeTruth> known_truth(const io::StudySession& session,
                                           const SessionConnectome& result)
{
    if (!has_truth(session.path))
        return std::nullopt;
    const auto truth = read_truth(session.path);
    return truth.has_population ? std::optional(truth_of_pairs(truth, result.neuron_id))
                                : std::nullopt;
}

/// Computes the sessions of a wave and hands each to `take` on rank 0. Collective.
void run_wave(runtime::RunContext& context, const Wave& wave,
              const std::vector<SessionInput>& inputs, const ConnectomeSettings& settings,
              const std::function<void(const SessionConnectome&)>& take)
{
    const auto with_tests = settings.support != SupportBy::none;
    const auto with_events = with_tests || settings.halves != HalvesOf::none;
    const auto activity = WaveActivity(context, wave, inputs, settings.activity,
                                       with_events ? Keep::smoothed_and_events : Keep::smoothed);
    auto costs = std::vector<double>{};
    for (std::size_t position = 0; position < wave.size(); ++position)
        costs.push_back(connectome_seconds(*wave.session(position).record.activity));
    const auto computed = context.each_unit<runtime::UnitResults>(
        "connectome" + wave.suffix, costs,
        [&](std::int64_t unit, runtime::UnitResults& results, const runtime::Tick&) {
            const auto position = static_cast<std::size_t>(unit);
            const auto& session = wave.session(position);
            const auto& input = inputs[wave.sessions[position]];
            const auto covariates = covariates_of(session, input, settings);
            const auto frames = frames_of(session, input, settings, activity.activity(position));
            warn_of_covariates(context, session, covariates, settings);
            warn_of_frames(context, session, frames);
            const auto used = used_activity(frames, activity.activity(position), covariates);
            auto result =
                connectome_of(session, input, used.activity.view(), activity.summary(position),
                              used.covariates.view(), settings);
            if (!with_tests && result.computed != 0)
                judge_frames(result, calcium::effective_frames_of(
                                         activity.activity(position),
                                         frames.circles(activity.activity(position).frames),
                                         covariates.view()));
            result.segments = frames.segment_count;
            result.artefact_frames = frames.artefacts;
            result.artefacts_kept = frames.artefacts_kept;
            result.artefacts_judged = frames.artefacts_judged ? 1 : 0;
            if (with_tests)
                result.coverage = coverage_of(frames, activity.activity(position),
                                              activity.events(position), session, settings);
            auto packer = base::Packer{};
            result.pack(packer);
            results.add(unit, packer.take());
            return true;
        });
    auto tests = with_tests ? closed_form_of(context, wave, inputs, activity, settings)
                            : std::vector<ClosedFormTests>{};
    auto null = settings.surrogates > 0 ? surrogates_of(context, wave, inputs, activity, settings)
                                        : std::vector<std::optional<ConnectomeNull>>(wave.size());
    auto halves = halves_of(context, wave, inputs, activity, settings);

    runtime::gather_to_root(
        context.comm(), computed, static_cast<std::int64_t>(wave.size()),
        [&](std::int64_t unit, std::span<const std::byte> bytes) {
            auto unpacker = base::Unpacker(bytes);
            auto session = SessionConnectome::unpack(unpacker);
            session.null = std::move(null[static_cast<std::size_t>(unit)]);
            if (session.null)
                say_what_is_compared(session, settings.within);
            if (with_tests)
                add_closed_form(session, std::move(tests[static_cast<std::size_t>(unit)]));
            session.halves = std::move(halves[static_cast<std::size_t>(unit)]);
            warn_of_frames(context, session);
            warn_of_windows(context, session);
            warn_of_displacements(context, session);
            warn_of_halves(context, session);
            warn_of_status(context, session);
            context.note(row_of(session, settings));
            session.truth = known_truth(wave.session(static_cast<std::size_t>(unit)), session);
            take(session);
        });
}

std::int64_t frames_used(const io::StudySession& session, const SessionInput& input)
{
    return input.used.kept.empty() ? session.record.activity->frames
                                   : static_cast<std::int64_t>(input.used.kept.size());
}

/// Collective: reads what --within, --covariate and --movement ask for, so that it is
/// not missing hours later, and looks whether shifts can be drawn within as many segments.
void check_behaviour(runtime::RunContext& context, const io::Study& study,
                     const std::vector<SessionInput>& inputs,
                     const std::vector<std::size_t>& sessions, const ConnectomeSettings& settings)
{
    const auto with_movements = settings.halves != HalvesOf::none && settings.movement.is_named();
    const auto draws = settings.surrogates > 0;
    const auto many_segments =
        draws && std::any_of(sessions.begin(), sessions.end(), [&](std::size_t index) {
            return used_segments(inputs[index]).size() > calcium::left_out_state;
        });
    if (settings.within.empty() && settings.covariates.empty() && settings.highpass_s == 0 &&
        !with_movements && !many_segments)
        return;
    context.each_unit<runtime::UnitResults>(
        "behaviour", std::vector<double>(sessions.size(), 1.0),
        [&](std::int64_t unit, runtime::UnitResults&, const runtime::Tick&) {
            const auto index = sessions[static_cast<std::size_t>(unit)];
            const auto& session = study.sessions[index];
            warn_of_states(context, session, state_of(session, inputs[index], settings), settings);
            covariates_of(session, inputs[index], settings);
            auto none = activity::ActivityView{};
            none.frames =
                calcium::smoothed_frames(frames_used(session, inputs[index]), inputs[index].taps);
            const auto frames = frames_of(session, inputs[index], settings, none);
            if (draws)
                frames.states(session.record.file);
            if (with_movements && with_halves(study, index, settings))
                quiet_frames_of(session, inputs[index], settings);
            return true;
        });
}

std::string table_head(const ConnectomeSettings& settings)
{
    return fmt::format("{:<12} {:<10} {:>6} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8}{}{}{}", "subject",
                       "session", "cells", "active", "frames", "edges", "density", "transit.",
                       "cluster.", settings.shrinks() ? "   shrunk" : "",
                       settings.support != SupportBy::none ? " supported" : "",
                       settings.surrogates > 0 ? "   q<.05  fwe<.05" : "");
}

/// What the frame has to know of the sessions.
std::vector<SessionFacts> facts_of(const io::Study& study, const std::vector<SessionInput>& inputs,
                                   const ConnectomeSettings& settings)
{
    auto facts = facts_of(inputs);
    if (settings.shrinks_animals_alike)
        for (std::size_t i = 0; i < facts.size(); ++i)
            facts[i].settings.push_back(
                {animal_shrinkage_name, "shrinkage of its animal", "",
                 settings.shrinkage_of_animal.at(study.sessions[i].record.subject)});
    return facts;
}

void run_connectome(runtime::RunContext& context)
{
    adopt_activity_options(context);
    auto settings = connectome_settings(context.options());
    auto inputs = std::vector<SessionInput>{}; // [session of the study]
    run_session_job(
        context,
        {.table_head = table_head(settings),
         .check =
             [&](const io::Study& study) {
                 inputs = check_inputs(context, study, settings.activity, true, settings.segments);
                 say_windows(context, study, settings);
                 require_few_covariates(study, settings);
                 if (settings.shrinks_animals_alike)
                     settings.shrinkage_of_animal = shrinkage_of_animals(context, study, settings);
                 return facts_of(study, inputs, settings);
             },
         .node_bytes = connectome_session_bytes(settings),
         .estimate =
             [&](const io::Study& study, const std::vector<std::size_t>& sessions) {
                 return connectome_estimate(study, sessions, settings, context.options());
             },
         .prepare =
             [&](const io::Study& study, const std::vector<std::size_t>& sessions) {
                 check_behaviour(context, study, inputs, sessions, settings);
             },
         .compute =
             [&](const Wave& wave, const io::ResultFile* output) {
                 run_wave(context, wave, inputs, settings, [&](const SessionConnectome& session) {
                     write_session(*output, session);
                 });
             }});
}

runtime::Estimate plan_connectome(runtime::RunContext& context)
{
    adopt_activity_options(context);
    const auto settings = connectome_settings(context.options());
    const auto study = open_study(context);
    require_tau(study, settings.activity);
    require_few_covariates(study, settings);
    const auto rates = measured_connectome_rates(most_neurons(study));
    auto estimate = plan_sessions(context, study, [&](const auto& sessions) {
        return connectome_estimate(study, sessions, settings, context.options(), rates);
    });
    estimate.notes.push_back(described(rates));
    return estimate;
}

/// Only the null draws at random.
std::vector<runtime::Option> own_common_options()
{
    auto options = runtime::common_options();
    for (auto& option : options)
        if (option.name == "seed")
            option.reaches_later_jobs = false;
    return options;
}

runtime::Job described_job()
{
    return {.name = "connectome",
            .usage = "--study DIR --results DIR --tau-s X [options]",
            .summary = "functional connectome of every session: partial correlations, edges, graph "
                       "metrics, p-values",
            .details = "dF/F -> OASIS spikes -> events above mean + 2 sd -> 5-frame smoothing -> "
                       "partial correlation of every\n"
                       "pair given all other neurons -> edges above mean + alpha sd -> graph "
                       "metrics. An edge is supported\n"
                       "where two tests agree, q <= 0.05 over the session's pairs: its partial "
                       "correlation against all circular\n"
                       "shifts, and its events against events jittered within --window-s "
                       "(--support). Both are closed forms; how\n"
                       "often they err is measured on the recording itself, with half of the "
                       "neurons displaced. Supported is not\n"
                       "directly connected. With --surrogates N each pair gets p-values of drawn "
                       "shifts as well, corrected by false\n"
                       "discovery rate and by the maximum statistic. Shifts break all dependence "
                       "at once: they reject for shared\n"
                       "drive (running, movement) as well as for connections; --within keeps the "
                       "behavioural state, --covariate\n"
                       "takes a signal out first. Writes RESULTS/connectome.h5.",
            .examples = {"rewire connectome --study data/ --results out/ --tau-s 0.7",
                         "mpirun -n 8 rewire connectome --study data/ --results out/ --tau-s 0.7 "
                         "--surrogates 10000 --within movement"},
            .citation = "Meamardoost et al. 2021 (FARCI), Friedrich et al. 2017 (OASIS); Ledoit & "
                        "Wolf 2004 with shrinkage",
            .paper = "the rewiring paper",
            .options = own_common_options() + study_options() + activity_options() +
                       movement_source_options() + connectome_options(),
            .run = run_connectome,
            .plan = plan_connectome};
}

} // namespace

Entry connectome_entry()
{
    return {.job = described_job(),
            .has_result = true,
            .tasks = TaskLevel::session,
            .feeds = {io::Feed::activity},
            .reading = nwb_options,
            .check = check_signal,
            .check_options = signal_options(),
            .complete_subject = complete_subject,
            .complete = adjust_over_study,
            .page = connectome_page(),
            .recovery = print_connectome_recovery,
            .table = connectome_table()};
}

} // namespace rewire::jobs
