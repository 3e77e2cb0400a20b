#include "study_checks.hpp"

#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace rewire::io {

namespace {

/// Column of every id; the first one where an id occurs twice.
std::unordered_map<std::string, std::int64_t> columns_of(const ActivityInfo& activity)
{
    auto columns = std::unordered_map<std::string, std::int64_t>{};
    for (std::size_t i = 0; i < activity.neuron_id.size(); ++i)
        columns.try_emplace(activity.neuron_id[i], static_cast<std::int64_t>(i));
    return columns;
}

/// Neurons of one subject over its sessions.
class Matching
{
  public:
    Matching(Study& study, Subject& subject) : study_(study), subject_(subject)
    {
        for (const auto index : subject.sessions)
            if (study.sessions[index].record.activity)
                sessions_.push_back(&study.sessions[index]);
    }

    void run()
    {
        if (sessions_.empty())
            return;
        intersect();
        place();
        if (sessions_.size() > 1) {
            judge_ids();
            judge_intersection();
        }
    }

  private:
    const ActivityInfo& activity(std::size_t i) const { return *sessions_[i]->record.activity; }

    void intersect()
    {
        auto seen = std::unordered_map<std::string, std::size_t>{};
        for (const auto* session : sessions_) {
            columns_.push_back(columns_of(*session->record.activity));
            for (const auto& [id, column] : columns_.back())
                ++seen[id];
        }
        for (const auto& [id, count] : seen)
            if (count == sessions_.size())
                subject_.neuron_id.push_back(id);
        sort();
    }

    void sort()
    {
        const auto numbers = std::all_of(sessions_.begin(), sessions_.end(), [](const auto* one) {
            const auto& info = *one->record.activity;
            return info.neuron_number.size() == info.neuron_id.size();
        });
        auto& ids = subject_.neuron_id;
        if (numbers)
            std::sort(ids.begin(), ids.end(), [](const std::string& a, const std::string& b) {
                return std::stoll(a) < std::stoll(b);
            });
        else
            std::sort(ids.begin(), ids.end());
    }

    void place()
    {
        for (std::size_t i = 0; i < sessions_.size(); ++i) {
            for (const auto& id : subject_.neuron_id)
                sessions_[i]->common.push_back(columns_[i].at(id));
            sessions_[i]->left_out =
                activity(i).neurons - static_cast<std::int64_t>(subject_.neuron_id.size());
        }
    }

    /// Row numbers of a table that the authors did not number tell little about neurons.
    void judge_ids()
    {
        auto rows_only = true;
        auto sizes_differ = false;
        auto candidates = std::vector<std::vector<std::string>>{};
        for (std::size_t i = 0; i < sessions_.size(); ++i) {
            rows_only = rows_only && activity(i).ids_are_rows;
            candidates.push_back(activity(i).id_candidates);
            sizes_differ = sizes_differ || activity(i).neurons != activity(0).neurons;
        }
        if (rows_only)
            say(sizes_differ ? Severity::warning : Severity::note,
                sizes_differ ? "neurons are known by row number alone, and the sessions have "
                               "different numbers of rows"
                             : "neurons are known by row number alone",
                "analyses over sessions refuse to take rows for the same neurons without --match "
                "rows; " +
                    advice_on_columns(candidates));
    }

    void judge_intersection()
    {
        const auto common = static_cast<std::int64_t>(subject_.neuron_id.size());
        if (common == 0)
            return say(
                Severity::error,
                fmt::format("no neuron is in all {} sessions: nothing can be compared over "
                            "sessions",
                            sessions_.size()),
                "choose the ROI column that names neurons with --roi-column, or the sessions "
                "with --session");
        auto fewest = activity(0).neurons;
        auto lossy = std::vector<std::string>{};
        for (std::size_t i = 0; i < sessions_.size(); ++i) {
            fewest = std::min(fewest, activity(i).neurons);
            if (sessions_[i]->left_out > 0)
                lossy.push_back(
                    fmt::format("{} in {}", sessions_[i]->left_out, sessions_[i]->record.session));
        }
        if (!lossy.empty())
            say(2 * common < fewest ? Severity::warning : Severity::note,
                fmt::format("{} neurons are in all {} sessions; left out of comparisons: {}",
                            common, sessions_.size(), base::joined(lossy, ", ")),
                "analyses over sessions use the neurons that all of them have");
    }

    void say(Severity severity, std::string what, std::string next)
    {
        study_.problems.push_back({severity, "subject " + subject_.name, std::move(what),
                                   std::move(next), Feed::activity});
    }

    Study& study_;
    Subject& subject_;
    std::vector<StudySession*> sessions_;
    std::vector<std::unordered_map<std::string, std::int64_t>> columns_;
};

} // namespace

void match_neurons(Study& study)
{
    for (auto& subject : study.subjects)
        Matching(study, subject).run();
}

} // namespace rewire::io
