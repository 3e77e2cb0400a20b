#include "averages.hpp"
#include "edges.hpp"
#include "entry.hpp"
#include "estimate.hpp"
#include "jobs/dynetcp_static/result.hpp"
#include "jobs/dynetcp_static/stage.hpp"
#include "jobs/frame/command_of.hpp"
#include "jobs/frame/rates.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "jobs/recording/held_spikes.hpp"
#include "model.hpp"
#include "null.hpp"
#include "recovery.hpp"
#include "result.hpp"
#include "section.hpp"
#include "settings.hpp"
#include "tables.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace rewire::jobs {

namespace {

constexpr auto too_few = "fewer than two units to model";
constexpr auto no_edges = "no edge among the units";

/// The edges that are asked for, [session of the study].
struct StudyEdges
{
    std::vector<std::vector<NamedEdge>> edges;
    std::map<std::string, io::Upstream> upstream; ///< what they are from
};

std::string table_head()
{
    return fmt::format("{:<12} {:<10} {:>6} {:>7} {:>7} {:>7} {:>11} {:>11}", "subject", "session",
                       "units", "edges", "trials", "epoch", "held-out", "static");
}

/// All that is known before the training.
DynamicResult begun_result(const SessionHead& head, const SessionWork& work,
                           const SessionEdges& edges, double key, const DynamicSettings& settings)
{
    auto result = DynamicResult{.head = head};
    result.bin_ms = settings.trials().bin_ms;
    result.lambda = settings.lambda;
    result.static_lambda = work.lambda;
    result.edge_key = key;
    result.edge_source = settings.edges == EdgeSource::all           ? "all"
                         : settings.edges == EdgeSource::connections ? "static"
                                                                     : "table";
    result.joint = settings.joint ? 1 : 0;
    result.smoothed_bins = settings.smoothed_bins;
    result.null_models = settings.null_models;
    result.unit_id = work.trials.recording.unit_id;
    result.units_left_out = std::ssize(work.trials.left_out);
    result.edges_unknown = edges.unknown;
    for (std::int64_t lag = 0; lag <= settings.trials().lags; ++lag)
        result.lag_ms.push_back(static_cast<double>(lag) * result.bin_ms);
    const auto start_s = settings.trials().align ? settings.trials().align->start_s : 0.0;
    for (std::int64_t bin = 0; bin < work.trials.spikes.bins; ++bin)
        result.time_s.push_back(start_s + static_cast<double>(bin) * work.trials.bin_s);
    if (!work.data)
        return result;
    const auto& split = work.data->split();
    result.trials_train = std::ssize(split.train);
    result.trials_validation = std::ssize(split.validation);
    result.trials_test = std::ssize(split.test);
    result.averaged_over = split.test.empty() ? "validation" : "test";
    for (const auto& [sender, receiver] : edges.edges) {
        result.sender.push_back(sender);
        result.receiver.push_back(receiver);
    }
    return result;
}

void note_session(runtime::RunContext& context, const SessionWork& work,
                  const DynamicResult& result)
{
    const auto best = static_cast<std::size_t>(result.curve.best_epoch);
    const auto& nll = result.curve.validation_nll;
    context.note(fmt::format("{:<12} {:<10} {:>6} {:>7} {:>7} {:>7} {:>11.6f} {:>11.6f}",
                             result.head.subject, result.head.session, result.unit_id.size(),
                             result.edges(), work.trials.trials(), result.curve.best_epoch,
                             best < nll.size() ? nll[best] : 0.0, result.static_validation_nll));
    for (const auto& note : notes_on(work.trials))
        context.note("    " + note);
    const auto warn = [&](const std::string& what) {
        context.warn(fmt::format("{}: {}", result.head.file, what));
    };
    for (const auto& left_out : work.trials.left_out)
        warn(left_out + ": left out");
    if (result.edges_unknown > 0)
        warn(fmt::format("{} edges of units that do not take part are left out",
                         result.edges_unknown));
    if (result.head.status != "ok")
        warn(result.head.status);
}

/// One session after the other: its training takes all ranks.
class WaveTrainer
{
  public:
    WaveTrainer(runtime::RunContext& context, const Wave& wave, const StudyEdges& study_edges,
                const DynamicSettings& settings, const io::ResultFile* output)
        : context_(context),
          wave_(wave),
          study_edges_(study_edges),
          settings_(settings),
          output_(output)
    {
    }

    void session(std::size_t position, const SessionWork& work,
                 const std::vector<ReceiverFit>& fits)
    {
        auto head = wave_.head(position);
        const auto& wanted = study_edges_.edges[wave_.sessions[position]];
        const auto edges = edges_among(work.trials, wanted, settings_);
        if (!work.data)
            head.status = too_few;
        else if (edges.edges.empty())
            head.status = no_edges;
        auto result = begun_result(head, work, edges, key_of(wanted), settings_);
        if (head.status != "ok") {
            context_.collective("write", [&] { write(work, result); });
            return;
        }
        const auto layout =
            dynetcp::DynamicLayout(settings_.sizes(), work.trials.units(), edges.edges);
        const auto dynamic =
            DynamicWork{*work.data, settings_, layout, name_of(wave_.session(position))};
        const auto phase = [&](const char* name) {
            return fmt::format("{}{}-{}", name, wave_.suffix, position + 1);
        };
        if (settings_.null_models > 0) // said before hours are spent on it
            context_.note("    " + described_null(settings_.null_models, std::ssize(layout.edges()),
                                                  settings_.edges));
        auto model = trained_dynamic(context_, phase("train"), dynamic, fits);
        result.test_nll = test_likelihood(context_, phase("test"), dynamic, model);
        result.curve = model.curve;
        result.static_weight = static_weights(dynamic, model);
        for (const auto& fit : fits) {
            const auto share = 1.0 / static_cast<double>(fits.size());
            result.static_validation_nll += share * fit.nll.validation;
            result.static_test_nll += share * fit.nll.test;
        }
        auto group = std::optional<io::Handle>{};
        context_.collective("write", [&] { group = write(work, result); });
        const auto* on_root = group ? &*group : nullptr;
        // An error of one rank is that of all of them already.
        context_.collective(
            "write", [&] { write_parameters(context_.comm(), on_root, layout, model.parameters); });
        write_averages(context_, phase("average"), dynamic, model, on_root);
        if (settings_.null_models > 0)
            test_edges(phase("null"), dynamic, work, on_root, result.static_weight);
    }

  private:
    void test_edges(const std::string& phase, const DynamicWork& dynamic, const SessionWork& work,
                    const io::Handle* group, const std::vector<float>& static_weight)
    {
        const auto edges = std::ssize(dynamic.layout.edges());
        write_null_models(context_, phase, dynamic, work.trials, work.lambda, group);
        context_.collective("tests", [&] {
            if (group == nullptr)
                return;
            const auto strengths =
                read_strengths(*group, static_weight, dynamic.settings.smoothed_bins);
            const auto found = write_null_tests(*group, strengths, edges, dynamic.shown().bins);
            context_.note(fmt::format("    q <= 0.05: {} of {} edges, {} bins of edges; {}",
                                      found.edges_found, edges, found.bins_found,
                                      described(found.calibration)));
        });
    }

    std::optional<io::Handle> write(const SessionWork& work, const DynamicResult& result)
    {
        if (output_ == nullptr)
            return std::nullopt;
        auto group = write_dynamic(*output_, result);
        write_cell_types(group, work.trials.recording);
        note_session(context_, work, result);
        return group;
    }

    runtime::RunContext& context_;
    const Wave& wave_;
    const StudyEdges& study_edges_;
    const DynamicSettings& settings_;
    const io::ResultFile* output_;
};

void compute(runtime::RunContext& context, const Wave& wave, const StudyEdges& study_edges,
             const DynamicSettings& settings, const io::ResultFile* output)
{
    auto work = read_wave(context, wave, settings.first_stage);
    if (!settings.first_stage.lambda)
        choose_lambda(context, wave.suffix, work);
    const auto fits = optima(context, wave.suffix, work, false);
    auto trainer = WaveTrainer(context, wave, study_edges, settings, output);
    for (std::size_t position = 0; position < work.size(); ++position)
        trainer.session(position, work[position], fits[position][0]);
}

/// Collective.
StudyEdges edges_of(runtime::RunContext& context, const io::Study& study,
                    const DynamicSettings& settings)
{
    auto result = StudyEdges{named_edges(context, study, settings), {}};
    if (settings.edges == EdgeSource::connections)
        result.upstream[static_name] = context.collective("edges", [&] {
            return io::as_upstream(
                io::read_record(io::open_for_reading(required_result(context, static_name))));
        });
    return result;
}

SessionJob session_job(runtime::RunContext& context)
{
    const auto settings = dynamic_settings(context);
    const auto edges = std::make_shared<StudyEdges>();
    return {.table_head = table_head(),
            .check =
                [settings, edges, &context](const io::Study& study) {
                    auto facts = hashes_of(context, study);
                    *edges = edges_of(context, study, settings);
                    for (std::size_t k = 0; k < facts.size(); ++k)
                        facts[k].settings.push_back(
                            {edges_key, "list of edges", "", key_of(edges->edges[k])});
                    return facts;
                },
            .node_bytes = trial_bytes,
            .estimate =
                [settings, &context](const io::Study& study, const auto& sessions) {
                    return dynamic_estimate(study, sessions, settings, context.options());
                },
            .prepare =
                [settings, &context](const io::Study& study, const auto& sessions) {
                    check_sessions(context, study, sessions, [&](const io::StudySession& session) {
                        read_session_trials(session, settings.trials());
                    });
                },
            .upstream = [edges] { return edges->upstream; },
            .compute =
                [settings, edges, &context](const Wave& wave, const io::ResultFile* output) {
                    compute(context, wave, *edges, settings, output);
                }};
}

runtime::Estimate plan(runtime::RunContext& context)
{
    const auto settings = dynamic_settings(context);
    const auto study = open_study(context);
    require_feed(study, io::Feed::units);
    auto most_units = std::int64_t{0};
    for (const auto& session : study.sessions)
        if (session.record.units)
            most_units = std::max(most_units, session.record.units->units);
    const auto rates = measured_dynamic_rates(settings.sizes(), most_units);
    auto estimate = plan_sessions(context, study, [&](const auto& sessions) {
        return dynamic_estimate(study, sessions, settings, context.options(), rates);
    });
    estimate.notes.push_back(rates_measured + described(rates) + rates_differ);
    return estimate;
}

runtime::Job described_job()
{
    return {
        .name = dynamic_name,
        .usage = "--study DIR --results DIR [options]",
        .summary = "connections that change within the trial: static weights plus offsets from a "
                   "recurrent network",
        .details =
            "Trials -> the static model at the same bins and lags (its optimum, kept) -> offsets "
            "of "
            "its weights for every edge\n"
            "and bin, from a recurrent network of each unit and one network that all pairs share "
            "-> "
            "trained on the\n"
            "likelihood of the spikes, stopped early on validation trials -> averages over the "
            "trials in which the sender\n"
            "fired. Trials of a batch are spread over ranks, and where there are more ranks than "
            "trials, receivers of a\n"
            "trial; the batch is the same whatever their number. Edges: the\n"
            "connections of `rewire dynetcp-static`, a list, or all pairs. Weights are shown of "
            "the "
            "trials to test (--test),\n"
            "or else of those that stopped the training. Writes RESULTS/dynetcp-dynamic.h5.",
        .examples = {"rewire dynetcp-dynamic --study data/ --results out/ --align trials "
                     "--start-s -0.15 --stop-s 0.6",
                     "mpirun -n 16 rewire dynetcp-dynamic --study data/ --results out/ --align "
                     "trials --stop-s 0.5 --bin-ms 1 --edges all"},
        .citation = "the DyNetCP paper (dynamic network connectivity prediction)",
        .paper = "the DyNetCP paper",
        .options = runtime::common_options() + dynamic_options(),
        .run = run_of(session_job),
        .plan = plan};
}

} // namespace

Entry dynetcp_dynamic_entry()
{
    return {.job = described_job(),
            .has_result = true,
            .needs = {{.job = static_name,
                       .required = false,
                       .for_what = "the edges, unless --edges says otherwise,"}},
            .tasks = TaskLevel::session,
            .feeds = {io::Feed::units},
            .page = dynamic_page(),
            .recovery = print_dynamic_recovery,
            .table = dynamic_table()};
}

} // namespace rewire::jobs
