#include "result.hpp"
#include "section.hpp"
#include "section_sessions.hpp"

#include <rewire/calcium/displacement.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

using calcium::DisplacedTest;

/// An animal with tested sessions; one at least.
struct TestedAnimal
{
    std::string subject;
    SessionList sessions;
};

std::vector<TestedAnimal> tested_animals(const ConnectomeSummary& data)
{
    auto animals = std::vector<TestedAnimal>{};
    for (const auto& animal : data.animals) {
        auto tested = TestedAnimal{animal.subject, {}};
        for (const auto& session : data.sessions)
            if (session.place.subject == animal.subject && session.tests)
                tested.sessions.push_back(&session);
        if (!tested.sessions.empty())
            animals.push_back(std::move(tested));
    }
    return animals;
}

double displaced(const EdgeTestsSummary& tests, std::vector<double> EdgeTestsSummary::*member,
                 DisplacedTest test)
{
    return (tests.*member).at(static_cast<std::size_t>(test));
}

std::string displaced_range(const SessionList& sessions,
                            std::vector<double> EdgeTestsSummary::*member, DisplacedTest test)
{
    return range_of(sessions, "{:.3f}", [&](const SessionSummary& session) {
        return displaced(*session.tests, member, test);
    });
}

void add_tables(report::Page& page, const ConnectomeSummary& data, report::Table head,
                std::vector<std::string> (*row)(const SessionList&))
{
    auto by_session = report::Table{.head = head.head};
    by_session.head[1] = "session";
    for (const auto& animal : tested_animals(data)) {
        const auto add = [&](report::Table& table, const std::string& second,
                             const SessionList& sessions) {
            auto cells = std::vector<std::string>{animal.subject, second};
            const auto values = row(sessions);
            cells.insert(cells.end(), values.begin(), values.end());
            table.rows.push_back(std::move(cells));
        };
        add(head, std::to_string(animal.sessions.size()), animal.sessions);
        for (const auto* session : animal.sessions)
            add(by_session, session->place.session, {session});
    }
    page.table(std::move(head));
    page.folded_table("The same for every session", by_session);
}

/// What a recording has in common, before any edge is looked at.
bool covaries(const EdgeTestsSummary& tests)
{
    const auto rate = tests.displaced ? displaced(tests, &EdgeTestsSummary::displaced_rate,
                                                  DisplacedTest::marginal)
                                      : 0.0;
    return tests.drive > calcium::warn_drive ||
           rate > std::max(0.1, calcium::highest_rate_by_chance(0.05, tests.displaced_pairs));
}

void add_common_drive(report::Page& page, const ConnectomeSummary& data)
{
    page.subsection("Does everything covary?");
    const auto tested = sessions_where(data, [](const EdgeTestsSummary&) { return true; });
    const auto common = sessions_where(data, covaries);
    const auto spread = fmt::format(
        "The first component carries {} of the variance, up to {} of the neurons are active in "
        "one frame, and the drive (the median over pairs of how far they correlate beyond their "
        "own statistics, in standard deviations) is {}.",
        test_range(tested, "{:.2f}", &EdgeTestsSummary::first_component),
        test_range(tested, "{:.2f}", &EdgeTestsSummary::largest_active_share),
        test_range(tested, "{:.3f}", &EdgeTestsSummary::drive));
    if (common.empty())
        page.paragraph("No sign of a drive that most neurons share. " + spread);
    else
        page.notice(
            fmt::format("Neurons share a drive in {} of {} sessions.", common.size(),
                        tested.size()),
            fmt::format("{} In {} something moves most pairs together: movement, arousal, "
                        "neuropil, bleaching, brain motion. Tests by shifts then reject for it, "
                        "not for edges; the jitter within short windows leaves alone what is "
                        "slower than its windows.",
                        spread, names_of(common)));
    add_frame_notices(page, data);
    add_tables(page, data,
               {.head = {"animal", "sessions", "drive", "first component", "largest share active",
                         "displaced p ≤ 0.05: partial", "marginal", "fine", "both",
                         "displaced q ≤ 0.05: both"},
                .caption = fmt::format(
                    "What recordings have in common, ranges over sessions. Displaced: a random "
                    "half of the neurons is moved by {}, and the pairs across the halves "
                    "are tested. They share what is slow and nothing fine, so what is found among "
                    "them is an error: the share with p ≤ 0.05 should not be above 0.05, and the "
                    "share that would have been called supported is the last column. Drive: "
                    "without a common one it is near 0, and above 0.1 is a warning.",
                    displaced_text(tested))},
               [](const SessionList& sessions) {
                   const auto rate = [&](DisplacedTest test) {
                       return displaced_range(sessions, &EdgeTestsSummary::displaced_rate, test);
                   };
                   return std::vector<std::string>{
                       test_range(sessions, "{:.3f}", &EdgeTestsSummary::drive),
                       test_range(sessions, "{:.3f}", &EdgeTestsSummary::first_component),
                       test_range(sessions, "{:.2f}", &EdgeTestsSummary::largest_active_share),
                       rate(DisplacedTest::partial),
                       rate(DisplacedTest::marginal),
                       rate(DisplacedTest::fine),
                       rate(DisplacedTest::both),
                       displaced_range(sessions, &EdgeTestsSummary::displaced_discoveries,
                                       DisplacedTest::both)};
               });
}

void add_shrinkage(report::Page& page, const SessionList& tested)
{
    if (std::none_of(tested.begin(), tested.end(),
                     [](const SessionSummary* session) { return session->shrinkage > 0; }))
        return;
    page.paragraph(fmt::format(
        "The partial correlations of the threshold were shrunk, by {} over the sessions (0: not "
        "at all, 1: to nothing); where the intensity changes from session to session, so do the "
        "sizes of all partial correlations. The tests are of those without shrinkage, and no "
        "number of noise edges is given.",
        range_of(tested, "{:.3f}",
                 [](const SessionSummary& session) { return session.shrinkage; })));
}

/// Where p-values are of other partial correlations than those of the threshold.
void add_compared(report::Page& page, const SessionList& tested)
{
    auto other = SessionList{};
    for (const auto* session : tested)
        if (session->tests->compare.starts_with(tested_partial_name))
            other.push_back(session);
    if (!other.empty())
        page.paragraph(fmt::format(
            "In {} of {} sessions the p-values are not of the partial correlations of the "
            "threshold, but of others, which the file holds beside them. In {} `{}`.",
            other.size(), tested.size(),
            other.front()->place.subject + "/" + other.front()->place.session,
            other.front()->tests->compare));
}

/// What stays when all sessions are one family.
void add_study_family(report::Page& page, const SessionList& tested)
{
    const auto& example = *tested.front()->tests;
    if (!example.of_study) {
        page.paragraph("Each session is a family of its own: a claim over sessions or animals has "
                       "more pairs to be corrected for (`rewire connectome --family all`).");
        return;
    }
    auto all = std::int64_t{0};
    auto by_session = std::int64_t{0};
    auto holm = std::int64_t{0};
    for (const auto* session : tested) {
        all += session->tests->supported_study;
        by_session += session->tests->supported;
        holm += session->tests->holm_study;
    }
    page.paragraph(fmt::format(
        "With the {} pairs of all {} sessions as one family, {} edges are supported (q ≤ 0.05), "
        "against {} with every session as a family of its own, and {} by Holm's p, which allows "
        "one error in twenty studies: for claims over sessions and animals.",
        report::grouped(example.family_pairs), example.family_sessions, report::grouped(all),
        report::grouped(by_session), report::grouped(holm)));
}

void add_counts(report::Page& page, const ConnectomeSummary& data)
{
    page.subsection("Edges supported by both tests");
    const auto tested = sessions_where(data, [](const EdgeTestsSummary& t) { return t.ok(); });
    if (tested.empty())
        return;
    const auto& example = *tested.front()->tests;
    const auto jitter = example.support == support_by_jitter;
    page.paragraph(fmt::format(
        "A pair is supported where two tests agree, q ≤ 0.05 over the pairs of its session "
        "(Benjamini-Hochberg): its partial correlation is larger than over all circular shifts of "
        "one trace against the other, and {}. Both are computed from moments, "
        "so that p has no floor. {} pairs a session are supported; {} lie above the published "
        "threshold, where noise alone would put {}.",
        jitter ? fmt::format("its events coincide more closely than events placed anew within "
                             "windows of {} s",
                             test_range(tested, "{:.2g}", &EdgeTestsSummary::window_s))
               : std::string("its plain correlation is, too"),
        test_range(tested, "{:.0f}", &EdgeTestsSummary::supported),
        range_of(tested, "{:.0f}",
                 [](const SessionSummary& session) { return static_cast<double>(session.edges); }),
        test_range(tested, "{:.0f}", &EdgeTestsSummary::noise_edges)));
    add_tables(page, data,
               {.head = {"animal", "sessions", "pairs tested", "supported",
                         "supported, above the threshold", "supported, Holm p ≤ 0.05",
                         "edges (threshold)", "noise edges expected", "effective frames"},
                .caption =
                    "Pairs of a session, ranges over the sessions of each animal. The family of "
                    "q and of Holm's p (which allows one error in twenty sessions) is the pairs "
                    "of one session. Noise edges: how many pairs without any correlation the "
                    "published threshold would keep if there were no edge at all. Effective "
                    "frames: independent ones that the recording is worth."},
               [](const SessionList& sessions) {
                   return std::vector<std::string>{
                       test_range(sessions, "{:.0f}", &EdgeTestsSummary::tested),
                       test_range(sessions, "{:.0f}", &EdgeTestsSummary::supported),
                       test_range(sessions, "{:.0f}", &EdgeTestsSummary::supported_and_edges),
                       test_range(sessions, "{:.0f}", &EdgeTestsSummary::holm),
                       range_of(sessions, "{:.0f}",
                                [](const SessionSummary& session) {
                                    return static_cast<double>(session.edges);
                                }),
                       test_range(sessions, "{:.0f}", &EdgeTestsSummary::noise_edges),
                       test_range(sessions, "{:.0f}", &EdgeTestsSummary::effective_frames)};
               });
    add_compared(page, tested);
    add_shrinkage(page, tested);
    add_study_family(page, tested);
    if (example.two_sided)
        page.paragraph(
            fmt::format("Two-sided: {} of the supported pairs a session are negative. The "
                        "displaced pairs are tested two-sided, too.",
                        test_range(tested, "{:.0f}", &EdgeTestsSummary::supported_negative)));
}

} // namespace

void add_supported_edges(report::Page& page, const ConnectomeSummary& data)
{
    if (tested_animals(data).empty())
        return;
    add_common_drive(page, data);
    add_window_notices(page, data);
    add_counts(page, data);
    add_misleading_cases(page, data);
}

} // namespace rewire::jobs
