#include "result.hpp"
#include "section.hpp"

#include <rewire/calcium/displacement.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::jobs {

namespace {

using SessionList = std::vector<const SessionSummary*>;
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

SessionList sessions_where(const ConnectomeSummary& data, bool (*holds)(const EdgeTestsSummary&))
{
    auto found = SessionList{};
    for (const auto& session : data.sessions)
        if (session.tests && holds(*session.tests))
            found.push_back(&session);
    return found;
}

/// "0.012" or "0.012–0.034" over the sessions that have the number, "–" where none has.
template <typename Value>
std::string range_of(const SessionList& sessions, const char* format, Value value)
{
    auto values = std::vector<double>{};
    for (const auto* session : sessions)
        if (const auto v = static_cast<double>(value(*session)); std::isfinite(v))
            values.push_back(v);
    if (values.empty())
        return "–";
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const auto text = [&](double v) { return fmt::format(fmt::runtime(format), v); };
    return text(*low) == text(*high) ? text(*low) : text(*low) + "–" + text(*high);
}

template <typename Member>
std::string test_range(const SessionList& sessions, const char* format, Member member)
{
    return range_of(sessions, format, [&](const SessionSummary& session) {
        return static_cast<double>((*session.tests).*member);
    });
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

std::string names_of(const SessionList& sessions)
{
    constexpr auto most = std::size_t{6};
    auto text = std::string{};
    for (std::size_t k = 0; k < std::min(most, sessions.size()); ++k)
        text += (k > 0 ? ", " : "") + sessions[k]->place.subject + "/" + sessions[k]->place.session;
    return sessions.size() > most ? fmt::format("{} and {} more", text, sessions.size() - most)
                                  : text;
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

/// How far neurons were displaced: "2 to 10 s", the least and the most of all draws and sessions.
std::string displaced_text(const SessionList& sessions)
{
    auto shortest = std::numeric_limits<double>::infinity();
    auto longest = 0.0;
    for (const auto* session : sessions)
        if (session->tests->coverage.displaced_longest_s > 0) {
            shortest = std::min(shortest, session->tests->coverage.displaced_shortest_s);
            longest = std::max(longest, session->tests->coverage.displaced_longest_s);
        }
    const auto from = fmt::format("{:.2g}", shortest);
    const auto to = fmt::format("{:.2g}", longest);
    return longest == 0 ? "some seconds" : (from == to ? to : from + " to " + to) + " s";
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
    const auto cut = sessions_where(data, [](const EdgeTestsSummary& tests) {
        return tests.displaced && tests.coverage.displaced_cut > most_displaced_cut;
    });
    if (!cut.empty())
        page.notice("Some sessions are cut too short for displaced neurons.",
                    fmt::format("In {} a share of {} of the frames lies in segments, or in what "
                                "artefacts leave of them, that are too short to displace neurons "
                                "by a few seconds: {}. Displaced pairs keep there what is slower "
                                "than that, so that the shares below say nothing of it.",
                                names_of(cut),
                                range_of(cut, "{:.2f}",
                                         [](const SessionSummary& session) {
                                             return session.tests->coverage.displaced_cut;
                                         }),
                                displaced_text(cut)));
    const auto artefacts = sessions_where(
        data, [](const EdgeTestsSummary& tests) { return tests.artefacts_kept > 0; });
    if (!artefacts.empty())
        page.notice(
            fmt::format("Far more neurons than usual are active in some frames of {} of {} "
                        "sessions.",
                        artefacts.size(), tested.size()),
            fmt::format("In {}: frames whose population mean is above 8 median absolute "
                        "deviations. A burst of the population looks like this, and so does a "
                        "jump of the image, which makes every pair coincide within a frame: no "
                        "test tells it from connections, nor do displaced neurons show it. "
                        "--drop-artefacts leaves these frames out.",
                        names_of(artefacts)));
    const auto unjudged =
        sessions_where(data, [](const EdgeTestsSummary& tests) { return !tests.artefacts_judged; });
    if (!unjudged.empty())
        page.notice("Artefact frames could not be judged in some sessions.",
                    fmt::format("In {} half of the frames have the same population mean, as where "
                                "nothing is active: a jump of the image would not be told from "
                                "activity, and supported edges may come from it.",
                                names_of(unjudged)));
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

/// Where the windows of the jitter are too long for a recording.
void add_window(report::Page& page, const ConnectomeSummary& data)
{
    const auto none = sessions_where(
        data, [](const EdgeTestsSummary& tests) { return tests.passing_window_s == 0; });
    const auto shorter = sessions_where(
        data, [](const EdgeTestsSummary& tests) { return tests.passing_window_s > 0; });
    if (!shorter.empty())
        page.notice(
            "The windows of the jitter are too long for some sessions.",
            fmt::format("In {} windows of {} s reject more of the displaced pairs than 5 % and "
                        "chance; the longest that do not last {} s: give them as --window-s.",
                        names_of(shorter),
                        test_range(shorter, "{:.2g}", &EdgeTestsSummary::window_s),
                        test_range(shorter, "{:.3g}", &EdgeTestsSummary::passing_window_s)));
    if (!none.empty())
        page.notice("No window of the jitter passes in some sessions.",
                    fmt::format("In {} even the shortest windows, of 8 frames, reject more of the "
                                "displaced pairs than 5 % and chance: supported edges of these "
                                "sessions cannot be told from what everything shares.",
                                names_of(none)));
}

/// Events that no window of the jitter takes in.
void add_windows_reach(report::Page& page, const ConnectomeSummary& data)
{
    const auto none = sessions_where(data, [](const EdgeTestsSummary& tests) {
        return tests.ok() && tests.support == support_by_jitter && tests.coverage.windows == 0;
    });
    const auto missed = sessions_where(data, [](const EdgeTestsSummary& tests) {
        return tests.ok() && tests.support == support_by_jitter && tests.coverage.windows > 0 &&
               tests.coverage.events_outside > most_events_outside;
    });
    if (!none.empty())
        page.notice("No window of the jitter fits into the segments of some sessions.",
                    fmt::format("In {} no segment lasts as long as a window, so that nothing can "
                                "be supported, whatever is there: --window-s, down to 8 frames, "
                                "or --support shift.",
                                names_of(none)));
    if (!missed.empty())
        page.notice(
            "Many events lie outside of the windows of the jitter.",
            fmt::format("In {} segments are so short that a share of {} of the events comes after "
                        "their last whole window. These take no part in the jitter, and edges are "
                        "missed; a shorter --window-s leaves out less.",
                        names_of(missed),
                        range_of(missed, "{:.2f}", [](const SessionSummary& session) {
                            return session.tests->coverage.events_outside;
                        })));
}

void add_too_few(report::Page& page, const ConnectomeSummary& data)
{
    const auto without =
        sessions_where(data, [](const EdgeTestsSummary& tests) { return !tests.ok(); });
    const auto few = sessions_where(data, [](const EdgeTestsSummary& tests) {
        return tests.ok() && tests.neurons_per_frame > calcium::warn_neurons_per_frame;
    });
    if (!without.empty())
        page.notice("Sessions without tests of edges.",
                    fmt::format("{}: {}. They make no claim.", names_of(without),
                                without.front()->tests->status));
    if (!few.empty())
        page.notice(
            "Few frames for so many neurons.",
            fmt::format("{}: {} active neurons for every effective frame (smoothed frames repeat "
                        "each other). Partial correlations are noisy there, and little is found.",
                        names_of(few),
                        test_range(few, "{:.2f}", &EdgeTestsSummary::neurons_per_frame)));
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
                             "windows of {:.2g} s",
                             example.window_s)
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

void add_meaning(report::Page& page, const ConnectomeSummary& data)
{
    const auto tested = sessions_where(data, [](const EdgeTestsSummary& t) { return t.ok(); });
    if (tested.empty())
        return;
    page.subsection("Supported is not directly connected");
    page.paragraph("In three cases the word would mislead; the shares are of simulated networks, "
                   "tested by shifts.");
    page.list(
        {"Delays: where one neuron follows another by several frames, its influence is not taken "
         "out of the others, and pairs of the same target are supported as well (about half of "
         "the supported pairs in simulated hubs with delays of up to four frames).",
         "Missed events: where the indicator or the detection misses 30 % of the events, common "
         "input can no longer be taken out in full (29 to 66 % of the supported pairs in "
         "simulations were not connected).",
         "Unrecorded input: neurons that follow the same unrecorded neuron are supported, all of "
         "them. Split regions of interest and shared neuropil act in the same way.",
         "The edges of the trajectories on this page, and of the first graph metrics, are those of "
         "the published threshold (mean + alpha standard deviations over the session's pairs), not "
         "the supported ones."});
}

} // namespace

void add_supported_edges(report::Page& page, const ConnectomeSummary& data)
{
    if (tested_animals(data).empty())
        return;
    add_common_drive(page, data);
    add_window(page, data);
    add_windows_reach(page, data);
    add_too_few(page, data);
    add_counts(page, data);
    add_meaning(page, data);
}

} // namespace rewire::jobs
