#include "checks.hpp"

#include "jobs/frame/study_source.hpp"
#include "jobs/recording/held_spikes.hpp"
#include "sweep.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

std::filesystem::path path_of(const runtime::RunContext& context, const std::string& job)
{
    return context.options().path("results") / (job + ".h5");
}

void require_same_units(const DynamicResult& model, const SessionTrials& trials)
{
    if (model.unit_id == trials.recording.unit_id && model.bins() == trials.spikes.bins)
        return;
    throw base::InputError(
        fmt::format("the model is of {} units and {} bins, but {} units and {} bins are read now",
                    model.unit_id.size(), model.bins(), trials.units(), trials.spikes.bins),
        model.head.file, "give the options on units and trials as for the model");
}

std::optional<io::Handle> open_histograms(const runtime::RunContext& context,
                                          const ResultRecords& records,
                                          const DynamicsSettings& settings, const SessionName& name)
{
    if (!records.contains(jpsth_name) || !settings.trials.align)
        return std::nullopt;
    auto file = io::open_for_reading(path_of(context, jpsth_name));
    const auto there = sessions_in(file);
    if (std::find(there.begin(), there.end(), name) == there.end())
        return std::nullopt;
    return file;
}

void check_models(runtime::RunContext& context, const io::Study& study,
                  const std::vector<SessionFacts>& facts)
{
    context.collective("models", [&] {
        const auto file = io::open_for_reading(path_of(context, dynamic_name));
        const auto there = sessions_in(file);
        for (std::size_t k = 0; k < study.sessions.size(); ++k) {
            const auto name = name_of(study.sessions[k]);
            const auto next = fmt::format("train it first: rewire {} with the same --study and "
                                          "--results",
                                          dynamic_name);
            if (std::find(there.begin(), there.end(), name) == there.end())
                throw base::InputError(fmt::format("no model of session {} {} in {}.h5", name.first,
                                                   name.second, dynamic_name),
                                       study.sessions[k].record.file, next);
            if (read_head(file, name).sha256 != facts[k].sha256)
                throw base::InputError("the file changed since its model was trained",
                                       study.sessions[k].record.file, next + " --overwrite");
        }
    });
}

void add_sweep_facts(runtime::RunContext& context, const io::Study& study,
                     const ResultRecords& records, const DynamicsSettings& settings,
                     std::vector<SessionFacts>& facts)
{
    if (settings.sweep.empty())
        return;
    context.collective("sweep", [&] {
        if (!records.contains(jpsth_name) || !settings.trials.align)
            throw base::InputError(
                "a sweep compares with joint histograms, of which there are none",
                path_of(context, jpsth_name).string(),
                fmt::format("compute them first: rewire {} with the alignment of the model",
                            jpsth_name));
        const auto files = swept_files(path_of(context, dynamic_name), settings.sweep);
        check_sweep(files, records.at(dynamic_name));
        for (std::size_t k = 0; k < study.sessions.size(); ++k)
            facts[k].settings.push_back({sweep_key, "models of the sweep", "",
                                         key_of_sweep(files, name_of(study.sessions[k]))});
    });
}

void check_against_models(runtime::RunContext& context, const io::Study& study,
                          const std::vector<std::size_t>& sessions, const ResultRecords& records,
                          const DynamicsSettings& settings)
{
    check_sessions(context, study, sessions, [&](const io::StudySession& session) {
        const auto model =
            read_dynamic(io::open_for_reading(path_of(context, dynamic_name)), name_of(session));
        if (model.head.status != "ok")
            return;
        require_same_units(model, read_session_trials(session, settings.trials));
        if (const auto file = open_histograms(context, records, settings, name_of(session)))
            EdgeHistograms(*file, records, model)
                .require_same_choice(records, session.record.units->columns);
        if (!settings.sweep.empty())
            swept_models(swept_files(path_of(context, dynamic_name), settings.sweep), model);
    });
}

} // namespace rewire::jobs
