#include "entry.hpp"
#include "estimate.hpp"
#include "fit.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "jobs/recording/held_spikes.hpp"
#include "jobs/recording/planted.hpp"
#include "methods.hpp"
#include "result.hpp"
#include "section.hpp"
#include "settings.hpp"
#include "stage.hpp"
#include "summary.hpp"
#include "tables.hpp"
#include "train.hpp"

#include <rewire/base/error.hpp>
#include <rewire/linalg/solvers.hpp>
#include <rewire/mpi/agreement.hpp>

#include <fmt/format.h>

#include <memory>

namespace rewire::jobs {

namespace {

constexpr auto too_few = "fewer than two units to model";

std::string table_head()
{
    return fmt::format("{:<12} {:<10} {:>6} {:>7} {:>9} {:>11} {:>11} {:>8} {:>11}", "subject",
                       "session", "units", "trials", "lambda", "held-out", "rates only", "pairs",
                       "connections");
}

void note_session(runtime::RunContext& context, const SessionWork& work, const StaticResult& result)
{
    context.note(fmt::format("{:<12} {:<10} {:>6} {:>7} {:>9.3g} {:>11.6f} {:>11.6f} {:>8} {:>11}",
                             result.head.subject, result.head.session, result.units(),
                             work.trials.trials(), result.lambda, result.model.nll.validation,
                             result.rate_nll.validation, result.pairs_asked,
                             result.connections.size()));
    for (const auto& note : notes_on(work.trials))
        context.note("    " + note);
    note_unknown_places(context, work.trials.recording);
    note_near_pairs(context, std::ssize(result.near_pairs), result.near_tested != 0);
    const auto warn = [&](const std::string& what) {
        context.warn(fmt::format("{}: {}", result.head.file, what));
    };
    for (const auto& left_out : work.trials.left_out)
        warn(left_out + ": left out");
    if (const auto found = described(total_of(work.trials.recording.finding)); !found.empty())
        warn(found);
    if (result.head.status != "ok")
        warn(result.head.status);
    if (result.path.at_end)
        warn(fmt::format("the best lambda, {:.3g}, is at the end of the path", result.lambda));
    if (work.data && !work.data->settings().has_flanks)
        warn("too few lags beyond 50 ms to take the noise from: no connection is called");
}

void compute(runtime::RunContext& context, const Wave& wave, const StaticSettings& settings,
             const io::ResultFile* output)
{
    auto work = read_wave(context, wave, settings);
    auto models = std::vector<std::array<StaticModel, 2>>(work.size());
    if (settings.adam) {
        for (std::size_t position = 0; position < work.size(); ++position)
            for (const auto twin : {false, true})
                if (work[position].data && (!twin || settings.has_null()))
                    models[position][twin ? 1 : 0] =
                        trained_static(context,
                                       fmt::format("train{}-{}{}", wave.suffix, position + 1,
                                                   twin ? "-jittered" : ""),
                                       *work[position].data, name_of(wave.session(position)), twin);
    } else {
        if (!settings.lambda)
            choose_lambda(context, wave.suffix, work);
        const auto fits = optima(context, wave.suffix, work, settings.has_null());
        for (std::size_t position = 0; position < work.size(); ++position)
            for (const auto twin : {std::size_t{0}, std::size_t{1}})
                if (!fits[position][twin].empty())
                    models[position][twin] =
                        model_of(fits[position][twin], work[position].data->shape());
    }
    context.collective("write", [&] {
        if (output == nullptr)
            return;
        for (std::size_t position = 0; position < work.size(); ++position) {
            auto head = wave.head(position);
            const auto& one = work[position];
            if (!one.data)
                head.status = too_few;
            const auto result = one.data ? result_of(head, one.trials, *one.data, one.lambda,
                                                     one.path, std::move(models[position]))
                                         : empty_result(head, one.trials, settings);
            write_cell_types(write_static(*output, result), one.trials.recording);
            note_session(context, one, result);
        }
    });
}

/// Collective: reads all sessions once, so that what is wrong with them is known before the run.
void check_trials(runtime::RunContext& context, const io::Study& study,
                  const std::vector<std::size_t>& sessions, const StaticSettings& settings)
{
    if (!settings.adam)
        mpi::collective(context.comm(), [] { linalg::load_solvers(); });
    check_sessions(context, study, sessions, [&](const io::StudySession& session) {
        const auto trials = read_session_trials(session, settings.trials);
        const auto split = split_of(trials, settings.trials.split);
        if (settings.jitter.kind == spikes::Jitter::pattern && trials.units() > 1 &&
            std::min(split.train.size(), split.validation.size()) < 2)
            throw base::InputError(
                "pattern jitter permutes spikes across trials: two at least have to train, "
                "and two to validate",
                session.record.file,
                trials.aligned
                    ? "choose more trials, or --jitter interval; " + described_trials(trials)
                    : "shorten --window-s, or choose --jitter interval");
    });
}

SessionJob session_job(runtime::RunContext& context)
{
    adopt_static_options(context);
    const auto settings = static_settings(context);
    return {.table_head = table_head(),
            .node_bytes = trial_bytes,
            .estimate =
                [settings](const io::Study& study, const auto& sessions) {
                    return static_estimate(study, sessions, settings);
                },
            .prepare =
                [settings, &context](const io::Study& study, const auto& sessions) {
                    check_trials(context, study, sessions, settings);
                },
            .compute =
                [settings, &context](const Wave& wave, const io::ResultFile* output) {
                    compute(context, wave, settings, output);
                }};
}

runtime::Job described_job()
{
    return {
        .name = static_name,
        .usage = "--study DIR --results DIR [options]",
        .summary = "static connectivity of all units jointly: a spike predicted from all spikes "
                   "before it",
        .details =
            "Spike times -> trials (--align, or windows of the recording) -> for every unit a "
            "penalised logistic regression of\n"
            "its spikes on those of all units, itself included, in the bins of the last --lags and "
            "in the same bin -> the\n"
            "same for jittered trains -> their difference, in which what two units share slowly "
            "cancels -> connections by\n"
            "the paper's rule, with a direction. --lambda auto chooses the penalty on held-out "
            "trials: at the published one\n"
            "weights are little more than correlations, and indirect pairs are called. Trials are "
            "split within the values\n"
            "of --condition, the first to train. Writes RESULTS/dynetcp-static.h5.",
        .examples = {"rewire dynetcp-static --study data/ --results out/ --align trials --stop-s 2 "
                     "--condition orientation",
                     "mpirun -n 8 rewire dynetcp-static --study data/ --results out/ --bin-ms 5 "
                     "--lags 10 --lambda 10"},
        .citation = "the DyNetCP paper (dynamic network connectivity prediction)",
        .paper = "the DyNetCP paper",
        .options = runtime::common_options() + static_options(),
        .run = run_of(session_job),
        .plan = plan_of(session_job)};
}

} // namespace

Entry dynetcp_static_entry()
{
    return {.job = described_job(),
            .has_result = true,
            .tasks = TaskLevel::session,
            .feeds = {io::Feed::units},
            .page = static_page(),
            .recovery =
                [](const RecoveryRequest& request) {
                    print_planted_recovery(request, static_methods());
                },
            .table = static_table(),
            .connections = static_methods()};
}

} // namespace rewire::jobs
