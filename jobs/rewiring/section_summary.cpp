#include "section_parts.hpp"

#include <rewire/base/text.hpp>
#include <rewire/network/session_change.hpp>
#include <rewire/report/markup.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rewire::jobs {

namespace {

constexpr auto level = 0.05;

/// Animals whose network changed over time, by one kind of halves.
struct ChangedAnimals
{
    std::int64_t tested = 0;
    std::int64_t changed = 0; ///< p <= level
    std::int64_t holm = 0;    ///< after Holm over the tested animals
    double smallest_p = 1;
};

ChangedAnimals changed_by(const Animals& data, KindSummary AnimalChange::*kind)
{
    auto p = std::vector<double>{};
    for (const auto& animal : data)
        if (const auto& summary = animal.change.*kind;
            summary.ok() && !std::isnan(summary.mantel_p))
            p.push_back(summary.mantel_p);
    auto counts = ChangedAnimals{.tested = static_cast<std::int64_t>(p.size())};
    const auto below = [](const std::vector<double>& values) {
        return std::count_if(values.begin(), values.end(),
                             [](double value) { return value <= level; });
    };
    counts.changed = below(p);
    counts.holm = below(stats::holm(p));
    for (const auto value : p)
        counts.smallest_p = std::min(counts.smallest_p, value);
    return counts;
}

std::string counts_of(const ChangedAnimals& found)
{
    if (found.tested == 0)
        return "not tested";
    return fmt::format("{} of {} (smallest p {:.2g}{})", found.changed,
                       report::counted(found.tested, "animal"), found.smallest_p,
                       found.tested > 1 ? fmt::format("; {} after Holm over animals", found.holm)
                                        : "");
}

/// Why nothing is compared, of the first animal.
std::string why_not(const Animals& data)
{
    for (const auto& animal : data)
        if (animal.status.empty() && !animal.change.all.ok())
            return animal.change.there ? animal.change.all.status
                                       : "the result was made before this was looked at";
    return "no animal has a trajectory";
}

std::string looked_at(const Animals& data)
{
    auto compared = std::int64_t{0};
    auto sessions = std::int64_t{0};
    auto left_out = std::size_t{0};
    for (const auto& animal : data) {
        if (!animal.change.all.ok())
            continue;
        ++compared;
        sessions += animal.change.all.sessions;
        left_out += animal.change.all.left_out.size();
    }
    if (compared == 0) {
        const auto why = why_not(data);
        const auto without = why.ends_with(without_halves);
        return fmt::format("Looked at: nothing here can tell change from noise ({}).{}", why,
                           without ? " `rewire connectome --halves yes` and `rewire rewiring`, "
                                     "both with --overwrite, may."
                                   : "");
    }
    return fmt::format(
        "Looked at: {} of {}, unthresholded partial correlations of two halves of "
        "each{}.",
        report::counted(sessions, "session"), report::counted(compared, "animal"),
        left_out > 0 ? fmt::format("; {} left out",
                                   report::counted(static_cast<std::int64_t>(left_out), "session"))
                     : "");
}

std::string changed_line(const Animals& data)
{
    const auto all = changed_by(data, &AnimalChange::all);
    const auto fine = changed_by(data, &AnimalChange::fine);
    const auto quiet = changed_by(data, &AnimalChange::quiet);
    if (all.tested == 0)
        return fmt::format("Changed over time: not tested; it takes halves of at least {} sessions "
                           "of an animal.",
                           network::least_sessions_of_change);
    return fmt::format(
        "Changed over time (the farther apart, the less alike; sessions permuted, p at most {}): "
        "{}; in quiet frames {}; in coincidences finer than the jitter window {}. Measured "
        "correlations that change with time are not yet rewiring: movement state, imaging plane "
        "and signal quality do the same. A claim of rewiring needs quiet frames and no trend in "
        "those.",
        level, counts_of(all), counts_of(quiet), counts_of(fine));
}

std::string test_text(const OverAnimals& test)
{
    return test.animals < 2 || std::isnan(test.p)
               ? fmt::format("not tested ({} with what it takes)",
                             report::counted(test.animals, "animal"))
               : fmt::format("{} over {} animals (t {:.2f}, one-sided p {:.2g})",
                             test.p <= level ? "yes" : "not shown", test.animals, test.t, test.p);
}

std::string in_quiet(const OverAnimals& test)
{
    return test.animals > 1 && !std::isnan(test.p) ? "; in quiet frames " + test_text(test) : "";
}

std::string no_evidence(const Animals& data)
{
    auto sessions = std::size_t{0};
    auto strongest = 0.0;
    for (const auto& animal : data) {
        if (!animal.status.empty())
            continue;
        sessions = std::max(sessions, animal.session.size());
        for (std::size_t i = 0; i < animal.change.confound.size(); ++i)
            if (animal.change.confound[i] == "session")
                strongest = std::max(strongest, std::abs(animal.change.confound_correlation[i]));
    }
    const auto seen =
        strongest > 0
            ? fmt::format(" (here up to |r| = {:.2f} with the order of sessions)", strongest)
            : "";
    return fmt::format(
        "No evidence: a first component that follows the sessions{} and two components that "
        "explain most of the variance. An undirected walk of the wiring gives both ({:.0f} % in {} "
        "sessions), constant wiring with changing noise the first.",
        seen, 100 * network::share_of_walk(static_cast<std::int64_t>(sessions), 2), sessions);
}

} // namespace

void add_change_summary(report::Page& page, const Animals& data, const TestsOverAnimals& tests)
{
    page.list(
        {looked_at(data), changed_line(data),
         fmt::format("Changed in one direction: {}{}. An undirected walk, however far it "
                     "gets, does not count.",
                     test_text(tests.directed), in_quiet(tests.quiet_directed)),
         fmt::format("Came back (sessions 6–9 farther from 1–4 than 11–14 are): {}{}. A state "
                     "that comes and goes does the same: see quiet frames.",
                     test_text(tests.came_back), in_quiet(tests.quiet_came_back)),
         no_evidence(data)});
}

} // namespace rewire::jobs
