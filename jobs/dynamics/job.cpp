#include "blocks.hpp"
#include "checks.hpp"
#include "delays.hpp"
#include "entry.hpp"
#include "estimate.hpp"
#include "histograms.hpp"
#include "jobs/dynetcp_trials/session_trials.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "recovery.hpp"
#include "result.hpp"
#include "section.hpp"
#include "settings.hpp"
#include "sweep.hpp"
#include "tables.hpp"
#include "weights.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace rewire::jobs {

namespace {

std::string table_head()
{
    return fmt::format("{:<12} {:<10} {:>7} {:>9} {:>11} {:>11} {:>9} {:>11}", "subject", "session",
                       "edges", "present", "components", "per unit", "compared", "mean r");
}

/// One session after the other.
class WaveAnalysis
{
  public:
    WaveAnalysis(runtime::RunContext& context, const Wave& wave, const ResultRecords& records,
                 const DynamicsSettings& settings, const io::ResultFile* output)
        : context_(context), wave_(wave), records_(records), settings_(settings), output_(output)
    {
    }

    void session(std::size_t position, const SessionTrials& trials)
    {
        auto head = wave_.head(position);
        const auto file = context_.collective(
            "model", [&] { return io::open_for_reading(path_of(context_, dynamic_name)); });
        const auto model = context_.collective("model", [&] {
            auto read = read_dynamic(file, name_of(wave_.session(position)));
            if (read.head.status == "ok")
                require_same_units(read, trials);
            return read;
        });
        head.status = model.head.status;
        if (head.status != "ok") {
            context_.collective("write", [&] { write_head(position, head); });
            return;
        }
        auto writer = std::optional<DynamicsWriter>{};
        context_.collective("write", [&] {
            if (output_ == nullptr)
                return;
            writer.emplace(*output_, head, model, settings_);
            write_facts(position, writer->group());
        });
        auto hierarchy = EdgeHierarchy(model, areas_of(trials.recording, settings_.area_scores));
        auto jpsth = std::optional<io::Handle>{};
        const auto histograms = context_.collective("joint histograms", [&] {
            jpsth =
                open_histograms(context_, records_, settings_, name_of(wave_.session(position)));
            return jpsth ? std::make_unique<EdgeHistograms>(*jpsth, records_, model)
                         : std::unique_ptr<EdgeHistograms>{};
        });
        add_blocks(position, file, model, histograms.get(), [&](const EdgeDynamics& block) {
            writer->add(block);
            hierarchy.add(block);
        });
        if (histograms && !settings_.sweep.empty())
            add_sweep(position, model, *histograms, writer ? &writer->group() : nullptr);
        if (settings_.write_edges)
            write_trial_weights(context_, phase("weights", position), file, model, trials,
                                settings_.trials.split, writer ? &writer->group() : nullptr);
        context_.collective("write", [&] {
            if (!writer)
                return;
            const auto dimensions =
                dimensions_of(model, writer->weight_alone(), writer->weight(),
                              rates_by_bin(trials.spikes), settings_.smooth_ms / model.bin_ms);
            const auto tests = read_edge_tests(file, model);
            writer->add_tests(tests);
            hierarchy.write(writer->group(), tests, settings_.seed);
            writer->finish(dimensions);
            note_session(head, model, *writer, dimensions);
        });
    }

  private:
    std::string phase(const char* name, std::size_t position) const
    {
        return fmt::format("{}{}-{}", name, wave_.suffix, position + 1);
    }

    /// What the result of the session depends on beside its file.
    void write_facts(std::size_t position, const io::Handle& group) const
    {
        for (const auto& setting : wave_.facts_of(position).settings)
            io::write_attribute(group, setting.attribute, setting.value);
    }

    void write_head(std::size_t position, const SessionHead& head)
    {
        if (output_ == nullptr)
            return;
        write_facts(position, write_without_model(*output_, head));
        context_.warn(fmt::format("{}: {}", head.file, head.status));
    }

    void add_blocks(std::size_t position, const io::Handle& file, const DynamicResult& model,
                    const EdgeHistograms* histograms,
                    const std::function<void(const EdgeDynamics&)>& add)
    {
        const auto blocks = edge_blocks(model);
        auto costs = std::vector<double>{};
        for (const auto& block : blocks)
            costs.push_back(dynamics_seconds(block.size(), model.bins(), model.lags()));
        context_.each_unit_to_root<EdgeDynamics>(
            phase("edges", position), costs,
            [&](std::int64_t unit, const runtime::Tick& tick) -> std::optional<EdgeDynamics> {
                if (!tick())
                    return std::nullopt;
                return dynamics_of(file, model, blocks[static_cast<std::size_t>(unit)], histograms,
                                   settings_);
            },
            [&](std::int64_t, EdgeDynamics&& block) { add(block); });
    }

    /// A unit is a block of edges in one model.
    void add_sweep(std::size_t position, const DynamicResult& model,
                   const EdgeHistograms& histograms, const io::Handle* group)
    {
        const auto models = context_.collective("sweep", [&] {
            return swept_models(swept_files(path_of(context_, dynamic_name), settings_.sweep),
                                model);
        });
        const auto blocks = edge_blocks(model);
        const auto count = std::ssize(blocks);
        auto costs = std::vector<double>{};
        for (std::size_t k = 0; k < models.size(); ++k)
            for (const auto& block : blocks)
                costs.push_back(dynamics_seconds(block.size(), model.bins(), model.lags()));
        auto all = std::vector<SweptEdges>(models.size());
        context_.each_unit_to_root<SweptEdges>(
            phase("sweep", position), costs,
            [&](std::int64_t unit, const runtime::Tick& tick) -> std::optional<SweptEdges> {
                if (!tick())
                    return std::nullopt;
                return agreement_in(models[static_cast<std::size_t>(unit / count)],
                                    blocks[static_cast<std::size_t>(unit % count)], histograms,
                                    settings_);
            },
            [&](std::int64_t unit, SweptEdges&& block) {
                all[static_cast<std::size_t>(unit / count)].append(block);
            });
        context_.collective("write", [&] {
            if (group != nullptr)
                write_sweep(*group, models, all);
        });
    }

    void note_session(const SessionHead& head, const DynamicResult& model,
                      const DynamicsWriter& writer, const std::vector<CourseDimension>& dimensions)
    {
        const auto share = writer.known() > 0 ? static_cast<double>(writer.present()) /
                                                    static_cast<double>(writer.known())
                                              : 0.0;
        context_.note(fmt::format(
            "{:<12} {:<10} {:>7} {:>7.1f} % {:>11} {:>11.3f} {:>9} {:>11}", head.subject,
            head.session, model.edges(), 100 * share, dimensions.front().components,
            dimensions.front().normalised, writer.compared(),
            writer.compared() > 0 ? fmt::format("{:.3f}", writer.mean_pearson()) : "-"));
    }

    runtime::RunContext& context_;
    const Wave& wave_;
    const ResultRecords& records_;
    const DynamicsSettings& settings_;
    const io::ResultFile* output_;
};

void compute(runtime::RunContext& context, const Wave& wave, const ResultRecords& records,
             const DynamicsSettings& settings, const io::ResultFile* output)
{
    auto sessions = std::vector<const io::StudySession*>{};
    for (std::size_t position = 0; position < wave.size(); ++position)
        sessions.push_back(&wave.session(position));
    const auto trials = read_to_all(context, sessions, settings.trials);
    auto analysis = WaveAnalysis(context, wave, records, settings, output);
    for (std::size_t position = 0; position < trials.size(); ++position)
        analysis.session(position, trials[position]);
}

SessionJob session_job(runtime::RunContext& context)
{
    const auto records = dynamics_records(context);
    adopt_trial_options(context, records.at(dynamic_name));
    const auto settings = dynamics_settings(context.options());
    return {.table_head = table_head(),
            .check =
                [records, settings, &context](const io::Study& study) {
                    auto facts = hashes_of(context, study);
                    check_models(context, study, facts);
                    add_sweep_facts(context, study, records, settings, facts);
                    return facts;
                },
            .node_bytes = trial_bytes,
            .estimate =
                [settings](const io::Study& study, const auto& sessions) {
                    return dynamics_estimate(study, sessions, settings);
                },
            .prepare =
                [records, settings, &context](const io::Study& study, const auto& sessions) {
                    check_against_models(context, study, sessions, records, settings);
                },
            .upstream =
                [records] {
                    auto upstream = std::map<std::string, io::Upstream>{};
                    for (const auto& [job, record] : records)
                        upstream[job] = io::as_upstream(record);
                    return upstream;
                },
            .compute =
                [records, settings, &context](const Wave& wave, const io::ResultFile* output) {
                    compute(context, wave, records, settings, output);
                }};
}

runtime::Estimate plan(runtime::RunContext& context)
{
    const auto model = path_of(context, dynamic_name);
    if (std::filesystem::exists(model))
        adopt_trial_options(context, io::read_record(io::open_for_reading(model)));
    const auto settings = dynamics_settings(context.options());
    const auto study = open_study(context);
    require_feed(study, io::Feed::units);
    return plan_sessions(context, study, [&](const auto& sessions) {
        return dynamics_estimate(study, sessions, settings);
    });
}

runtime::Job described_job()
{
    return {
        .name = dynamics_name,
        .usage = "--study DIR --results DIR [options]",
        .summary = "the dynamic graph: which connections are present when, and of how many "
                   "dimensions",
        .details =
            "The averaged dynamic weights of each edge at its functional lag, over the time of the "
            "trial: their ratio to the\n"
            "static weight and where it says that the connection is present; how many principal "
            "components hold 95 % of the\n"
            "variance of all weights and of the rates; with joint histograms in the folder how "
            "both agree, by correlation and\n"
            "by a test of equivalence. Trials and units are those of the model. Writes "
            "RESULTS/dynamics.h5.",
        .examples = {"rewire dynamics --study data/ --results out/",
                     "mpirun -n 4 rewire dynamics --study data/ --results out/ --write-edges"},
        .citation = "the DyNetCP paper (dynamic network connectivity prediction)",
        .paper = "the DyNetCP paper",
        .options = runtime::common_options() + dynamics_options(),
        .run = run_of(session_job),
        .plan = plan};
}

} // namespace

Entry dynamics_entry()
{
    return {.job = described_job(),
            .has_result = true,
            .needs = {{.job = dynamic_name},
                      {.job = jpsth_name,
                       .required = false,
                       .for_what = "agreement with joint histograms"}},
            .tasks = TaskLevel::session,
            .feeds = {io::Feed::units},
            .chains = {"dynamic-connectivity"},
            .page = dynamics_page(),
            .recovery = print_dynamics_recovery,
            .table = dynamics_table()};
}

} // namespace rewire::jobs
