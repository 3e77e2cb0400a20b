#include "output.hpp"

#include "jobs/frame/session_results.hpp"
#include "result_change.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/copy_group.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace rewire::jobs {

namespace {

void write_one(runtime::RunContext& context, const io::ResultFile& output,
               const SubjectConnectomes& subject, const SubjectRewiring& result,
               const SubjectMovement& movement, const SubjectChange& change,
               const RewiringSettings& settings)
{
    if (result.status != "ok") {
        context.warn(fmt::format("{}: no trajectory: {}", subject.subject, result.status));
        write_subject_without(output, subject, result.status);
        return;
    }
    const auto fractions = movement_fractions(movement, subject, result, settings, context.seed());
    if (movement.status != "ok" && movement.status != no_movement_file)
        context.warn(fmt::format("{}: no movement fraction: {}", subject.subject, movement.status));
    else if (fractions.status != movement.status)
        context.warn(
            fmt::format("{}: no movement fraction: {}", subject.subject, fractions.status));
    write_subject(output, subject, result, settings, fractions);
    write_change(output, subject, change, result.components.score.col(0));
    if (!change.kinds.front().ok())
        context.warn(fmt::format("{}: whether its network changed is not told: {}", subject.subject,
                                 change.kinds.front().status));
    for (const auto& session :
         change.kinds.front().ok() ? change.kinds.front().left_out : std::vector<std::string>{})
        context.warn(fmt::format("{}, session {}", subject.subject, session));
}

/// "0.0120", or a dash.
std::string p_text(double p)
{
    return std::isnan(p) ? "-" : fmt::format("{:.4f}", p);
}

} // namespace

std::unique_ptr<io::ResultFile>
written_result(runtime::RunContext& context, const std::filesystem::path& path,
               const RewiringRun& run, const std::vector<SubjectConnectomes>& all,
               const std::vector<SubjectMovement>& movements,
               const std::vector<SubjectChange>& changes, const RewiringSettings& settings)
{
    auto output = std::unique_ptr<io::ResultFile>{};
    context.collective("write", [&] {
        if (!context.comm().is_root())
            return;
        output = std::make_unique<io::ResultFile>(path, context.attempt());
        for (const auto& subject : all)
            if (subject.status != "ok")
                write_subject_without(*output, subject, subject.status);
        for (std::size_t i = 0; i < run.subjects().size(); ++i)
            write_one(context, *output, run.subjects()[i], run.results()[i], movements[i],
                      changes[i], settings);
        if (std::none_of(run.results().begin(), run.results().end(),
                         [](const auto& result) { return result.status == "ok"; }))
            context.warn("no subject has a trajectory: the result says why of each");
    });
    run.each_loadings([&](const UnitLoadings& loadings) {
        write_loadings(*output, run.subjects()[loadings.unit.subject].subject, loadings);
    });
    return output;
}
std::string table_of(const RewiringRun& run)
{
    auto text = std::string{};
    for (std::size_t i = 0; i < run.subjects().size(); ++i) {
        const auto& subject = run.subjects()[i];
        const auto& result = run.results()[i];
        if (result.status != "ok")
            continue;
        text += fmt::format("{:<12} {:>8} {:>8} {:>10}  ", subject.subject, subject.sessions.size(),
                            subject.neuron_id.size(), result.ever_an_edge.size());
        for (const auto ratio : result.components.explained_variance_ratio)
            text += fmt::format(" {:>6.1f} %", 100 * ratio);
        text += "\n";
    }
    return text;
}

std::string change_table_of(const RewiringRun& run, const std::vector<SubjectChange>& changes,
                            const io::Handle& file)
{
    auto text = fmt::format("{:<12} {:>8}  {}\n", "subject", "compared",
                            "p of change: all frames, fine coincidences, quiet frames");
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const auto& kinds = changes[i].kinds;
        if (run.results()[i].status != "ok" || !kinds.front().ok())
            continue;
        text += fmt::format("{:<12} {:>8} ", run.subjects()[i].subject, kinds.front().sessions);
        for (const auto& kind : kinds)
            text += fmt::format(" {:>8}", kind.ok() ? p_text(kind.mantel.p_value) : "-");
        text += "\n";
    }
    for (const auto& [attribute, what] :
         {std::pair{"bend", "directed"}, std::pair{"return", "came back"}}) {
        const auto test = test_over_animals(file, attribute);
        text += fmt::format("{} over {} animals: p {}\n", what, test.subjects.size(),
                            p_text(test.result.p_value));
    }
    return text;
}

std::vector<std::string> subjects_to_keep(const std::filesystem::path& path,
                                          const std::vector<SubjectConnectomes>& chosen,
                                          const RewiringOrigin& origin)
{
    auto kept = std::vector<std::string>{};
    try {
        kept = io::subjects_in(io::open_for_reading(path));
    } catch (const base::Error& error) {
        throw base::InputError(
            std::string("the result that is there is damaged, and other subjects in it were to "
                        "stay: ") +
                error.what(),
            path.string(), "overwrite all of it (without --subject), or remove the file");
    }
    for (const auto& subject : chosen)
        std::erase(kept, subject.subject);
    if (!kept.empty())
        require_same_settings(path, io::read_record(io::open_for_reading(path)), origin.digest);
    return kept;
}

void keep_subjects(const std::filesystem::path& path, const std::vector<std::string>& kept,
                   const io::ResultFile& output, io::Fingerprint& inputs)
{
    if (kept.empty())
        return;
    const auto old = io::open_for_reading(path);
    const auto record = io::read_record(old);
    for (const auto& subject : kept) {
        io::copy_group(old, output.file(), "/" + subject);
        for (const auto& input : record.inputs)
            if (input.first.starts_with(subject + "/"))
                inputs.push_back(input);
    }
}

} // namespace rewire::jobs
