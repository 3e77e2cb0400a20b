#include "subject_choice.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/roi_series.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace rewire::jobs {

std::vector<SubjectConnectomes> wanted_subjects(const runtime::RunContext& context,
                                                const io::Handle& connectome)
{
    auto subjects =
        subjects_of(connectome, context.options().text("estimators") == "any" ? Estimators::any
                                                                              : Estimators::same);
    if (const auto chosen = context.options().texts("subject"); !chosen.empty()) {
        for (const auto& name : chosen)
            if (std::none_of(subjects.begin(), subjects.end(),
                             [&](const auto& subject) { return subject.subject == name; }))
                throw base::InputError("no subject " + name, io::name_of(connectome),
                                       "`h5ls` shows the subjects that it has");
        std::erase_if(subjects, [&](const auto& subject) {
            return std::find(chosen.begin(), chosen.end(), subject.subject) == chosen.end();
        });
    }
    if (subjects.empty())
        throw base::InputError("no subject", io::name_of(connectome),
                               "rewiring is a comparison of sessions: compute connectomes first");
    return subjects;
}

std::vector<SubjectConnectomes> with_trajectory(std::vector<SubjectConnectomes> subjects)
{
    std::erase_if(subjects, [](const auto& subject) { return subject.status != "ok"; });
    return subjects;
}
void require_identity(const std::vector<SubjectConnectomes>& subjects,
                      const runtime::Options& options, const io::Handle& connectome)
{
    if (options.text("match") == "rows")
        return;
    for (const auto& subject : subjects)
        if (subject.ids_are_rows)
            throw base::UsageError(
                fmt::format("the neurons of {} are known by row number alone: whether row 5 is the "
                            "same neuron in two sessions is not known",
                            subject.subject),
                io::name_of(connectome),
                io::advice_on_columns(subject.id_candidates) +
                    "; then compute connectomes and movements again. Or, if rows are the same "
                    "neurons in all sessions: --match rows");
}

void say_how_matched(runtime::RunContext& context, const io::Handle& connectome,
                     const std::vector<SubjectConnectomes>& subjects)
{
    for (const auto& subject : subjects) {
        if (!subject.ids_are_rows)
            continue;
        context.note(fmt::format("{}: rows of the ROI tables are taken for the same neurons in all "
                                 "sessions (--match rows)",
                                 subject.subject));
        const auto evidence = match_evidence(connectome, subject);
        if (evidence.is_weak() && context.comm().is_root())
            context.warn(fmt::format(
                "{}: the events of the same rows in sessions that follow each other are not "
                "related (mean rank correlation {:.2f}; the same neurons should be above {:.2f}): "
                "rows may not be the same neurons",
                subject.subject, evidence.correlation, evidence.by_chance));
    }
}
void say_what_is_left_out(runtime::RunContext& context,
                          const std::vector<SubjectConnectomes>& subjects)
{
    if (!context.comm().is_root())
        return;
    for (const auto& subject : subjects) {
        for (const auto& session : subject.left_out)
            context.warn(fmt::format("{}, session {}", subject.subject, session));
        if (subject.status != "ok")
            context.warn(fmt::format("{}: no trajectory: {}", subject.subject, subject.status));
        else if (const auto what = estimators_differ(subject); !what.empty())
            context.warn(subject.subject + ": " + what);
    }
}

void say_what_moves(runtime::RunContext& context, const std::vector<SubjectConnectomes>& subjects,
                    const std::vector<SubjectMovement>& movements)
{
    auto levels = std::set<double>{};
    for (std::size_t i = 0; i < movements.size(); ++i) {
        for (const auto& session : movements[i].left_out)
            context.warn(fmt::format("{}, session {}: not counted for the movement fraction",
                                     subjects[i].subject, session));
        if (movements[i].status == "ok")
            levels.insert(movements[i].level);
    }
    if (!levels.empty())
        context.note(fmt::format("movement-related neurons of level {}", fmt::join(levels, ", ")));
}
std::vector<SubjectSize> sizes_of(const std::vector<SubjectConnectomes>& subjects)
{
    auto sizes = std::vector<SubjectSize>{};
    for (const auto& subject : subjects)
        sizes.push_back({subject.pairs(), static_cast<std::int64_t>(subject.sessions.size())});
    return sizes;
}

} // namespace rewire::jobs
