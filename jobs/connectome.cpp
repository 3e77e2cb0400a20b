#include "activity_source.hpp"
#include "catalogue.hpp"
#include "connectome_null.hpp"
#include "connectome_plan.hpp"
#include "connectome_result.hpp"
#include "connectome_settings.hpp"
#include "session_results.hpp"
#include "study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/calcium/connectome.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/network/graph_metrics.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace rewire::jobs {

namespace {

/// The connectome of one session from its smoothed events.
SessionConnectome connectome_of(const io::StudySession& session, const SessionInput& input,
                                const calcium::ActivityView& activity,
                                const std::vector<calcium::NeuronSummary>& summary,
                                const calcium::CovariateView& covariates,
                                const ConnectomeSettings& settings)
{
    const auto& info = *session.record.activity;
    auto result = SessionConnectome{};
    result.subject = session.record.subject;
    result.session = session.record.session;
    result.file = session.record.file;
    result.sha256 = input.sha256;
    result.start_time = session.record.start_text;
    result.number = session.number;
    result.layer = session.layer;
    result.group = session.group;
    result.rate_hz = info.rate_hz;
    result.tau_s = input.tau_s;
    result.neuron_id = info.neuron_id;
    result.frames = activity.frames;
    result.missing = input.missing;
    for (std::size_t neuron = 0; neuron < summary.size(); ++neuron) {
        const auto dropped = input.used.usable[neuron] == 0;
        result.neuron_status.push_back(static_cast<std::uint8_t>(
            dropped ? calcium::NeuronStatus::not_finite : summary[neuron].status));
        result.events.push_back(summary[neuron].events);
    }

    auto partial = calcium::partial_correlation(activity, settings.partial_correlation, covariates);
    const auto computed = std::none_of(partial.value.begin(), partial.value.end(),
                                       [](double p) { return std::isnan(p); }) &&
                          partial.active_count >= 2;
    result.active = std::move(partial.active);
    result.status = partial.status_text;
    result.computed = computed ? 1 : 0;
    result.reciprocal_condition = partial.rcond;
    result.shrinkage = partial.shrinkage;
    result.partial_correlation = std::move(partial.value);
    auto edges = calcium::connectome_of(result.partial_correlation, settings.alpha);
    result.threshold = edges.threshold;
    result.edge = std::move(edges.edge);
    const auto metrics =
        network::graph_metrics(result.edge, static_cast<std::int64_t>(result.neuron_id.size()));
    result.degree = metrics.degree;
    result.clustering = metrics.clustering;
    const auto or_nan = [&](double value) { return computed ? value : std::nan(""); };
    result.mean_degree = or_nan(metrics.mean_degree);
    result.density = or_nan(metrics.paper_density);
    result.density_of_pairs = or_nan(metrics.density);
    result.transitivity = or_nan(metrics.transitivity);
    result.transitivity_of_triples = or_nan(metrics.triangle_share);
    result.average_clustering = or_nan(metrics.average_clustering);
    return result;
}

/// The file being written, on rank 0; sessions come wave after wave.
class Output
{
  public:
    Output(const std::filesystem::path& path, const io::Attempt& attempt)
        : path_(path), file_(path, attempt)
    {
    }

    void add(const SessionConnectome& session)
    {
        neurons_[session.subject].push_back(session.neuron_id);
        write_session(file_, session);
    }
    void keep(const std::vector<SessionName>& names, const io::Study& study)
    {
        if (names.empty())
            return;
        const auto old = io::open_for_reading(path_);
        for (const auto& [subject, name] : names) {
            auto session = read_session(old, subject, name);
            follow_study(session, study);
            add(session);
        }
    }
    void publish(const io::Record& record, bool replace)
    {
        for (const auto& [subject, sessions] : neurons_)
            write_subject(file_, subject, common_neurons(sessions));
        file_.publish(record, replace);
    }

  private:
    std::filesystem::path path_;
    io::ResultFile file_;
    std::map<std::string, std::vector<std::vector<std::string>>> neurons_;
};

std::string row_of(const SessionConnectome& session)
{
    auto row = fmt::format("{:<12} {:<10} {:>6} {:>6} {:>8} {:>8} {:>8.4f} {:>8.4f} {:>8.4f}",
                           session.subject, session.session, session.neuron_id.size(),
                           std::count(session.active.begin(), session.active.end(), 1),
                           session.frames, std::count(session.edge.begin(), session.edge.end(), 1),
                           session.density, session.transitivity, session.average_clustering);
    if (session.null) {
        const auto& q = session.null->q_value;
        const auto& p = session.null->p_fwe;
        row += fmt::format(" {:>8} {:>8}",
                           std::count_if(q.begin(), q.end(), [](double v) { return v <= 0.05; }),
                           std::count_if(p.begin(), p.end(), [](double v) { return v <= 0.05; }));
    }
    return row;
}

/// Computes the sessions of one wave and hands them to rank 0's output.
void run_wave(job::RunContext& context, const io::Study& study,
              const std::vector<SessionInput>& inputs, const std::vector<std::size_t>& sessions,
              std::size_t wave, const ConnectomeSettings& settings, Output* output)
{
    const auto suffix = wave == 0 ? std::string{} : fmt::format("-{}", wave + 1);
    const auto activity = WaveActivity(context, study, inputs, sessions, "deconvolve" + suffix);
    auto costs = std::vector<double>{};
    for (const auto session : sessions)
        costs.push_back(connectome_seconds(*study.sessions[session].record.activity));
    const auto computed = context.each_unit<job::UnitResults>(
        "connectome" + suffix, costs,
        [&](std::int64_t unit, job::UnitResults& results, const job::Tick&) {
            const auto position = static_cast<std::size_t>(unit);
            const auto& session = study.sessions[sessions[position]];
            const auto covariates =
                covariates_of(session, inputs[sessions[position]], settings, context.options());
            const auto result =
                connectome_of(session, inputs[sessions[position]], activity.activity(position),
                              activity.summary(position), covariates.view(), settings);
            auto packer = base::Packer{};
            result.pack(packer);
            results.add(unit, packer.take());
            return true;
        });
    auto null =
        settings.surrogates > 0
            ? surrogates_of(context, study, inputs, sessions, activity, settings, "null" + suffix)
            : std::vector<std::optional<ConnectomeNull>>(sessions.size());

    job::gather_to_root(context.comm(), computed, static_cast<std::int64_t>(sessions.size()),
                        [&](std::int64_t unit, std::span<const std::byte> bytes) {
                            auto unpacker = base::Unpacker(bytes);
                            auto session = SessionConnectome::unpack(unpacker);
                            session.null = std::move(null[static_cast<std::size_t>(unit)]);
                            if (session.status != "ok")
                                context.warn(fmt::format("{}: {}", session.file, session.status));
                            context.note(row_of(session));
                            output->add(session);
                        });
}

void run_connectome(job::RunContext& context)
{
    const auto& comm = context.comm();
    adopt_activity_options(context);
    const auto settings = connectome_settings(context.options());
    const auto study = open_study(context);
    const auto inputs = check_inputs(context, study);
    const auto path = context.options().path("results") / "connectome.h5";

    auto digest = context.options().result_changing();
    digest.emplace_back("version", job::program_version());
    const auto existing = look_for_result(context, path, study, inputs, digest);
    if (existing.nothing_to_do())
        return;
    context.check_memory(connectome_estimate(study, existing.todo, settings, context.options()));
    context.begin_results(
        checkpoint_fingerprint(digest, study, inputs, existing, context.options()));
    context.note(fmt::format("{} sessions of {} subjects; {} to compute, {} kept",
                             study.sessions.size(), study.subjects.size(), existing.todo.size(),
                             existing.kept.size()));

    auto output = std::unique_ptr<Output>{};
    context.collective("write", [&] {
        if (!comm.is_root())
            return;
        output = std::make_unique<Output>(path, context.attempt());
        output->keep(existing.kept, study);
    });
    context.note(fmt::format("{:<12} {:<10} {:>6} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8}{}", "subject",
                             "session", "cells", "active", "frames", "edges", "density", "transit.",
                             "cluster.", settings.surrogates > 0 ? "   q<.05  fwe<.05" : ""));
    const auto waves =
        waves_of(study, existing.todo, context.options().real("node-memory-gb") * 1e9);
    for (std::size_t wave = 0; wave < waves.size(); ++wave)
        run_wave(context, study, inputs, waves[wave], wave, settings, output.get());
    context.collective("write", [&] {
        if (output)
            output->publish(context.record(all_inputs(study, inputs, existing), digest),
                            existing.present);
    });
    context.finish();
    context.note("wrote " + path.string());
}

job::Estimate plan_connectome(job::RunContext& context)
{
    adopt_activity_options(context);
    const auto settings = connectome_settings(context.options());
    const auto study = open_study(context);
    require_tau(study, context.options());
    auto estimates = std::vector<job::Estimate>{};
    for (const auto& sessions : sessions_to_plan_for(study, context.options()))
        estimates.push_back(connectome_estimate(study, sessions, settings, context.options()));
    return job::most_of(estimates);
}

} // namespace

job::Job connectome_job()
{
    return {.name = "connectome",
            .usage = "--study DIR --results DIR --tau-s X [options]",
            .summary = "functional connectome of every session: partial correlations, edges, graph "
                       "metrics, p-values",
            .details = "dF/F -> OASIS spikes -> events above mean + 2 sd -> 5-frame smoothing -> "
                       "partial correlation of every\n"
                       "pair given all other neurons -> edges above mean + alpha sd -> graph "
                       "metrics. With --surrogates N each\n"
                       "pair gets a p-value from circular shifts of the neurons against each "
                       "other, corrected over pairs by\n"
                       "false discovery rate and, family-wise, by the maximum statistic. That null "
                       "breaks all dependence at\n"
                       "once: it rejects for shared drive (running, movement) as well as for "
                       "connections; --within keeps the\n"
                       "behavioural state, --covariate takes a signal out first. Writes "
                       "RESULTS/connectome.h5.",
            .citation = "Meamardoost et al. 2021 (FARCI), Friedrich et al. 2017 (OASIS); Ledoit & "
                        "Wolf 2004 with shrinkage",
            .options =
                job::common_options() + study_options() + activity_options() + connectome_options(),
            .run = run_connectome,
            .plan = plan_connectome};
}

} // namespace rewire::jobs
