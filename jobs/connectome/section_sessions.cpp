#include "section_sessions.hpp"

#include "result.hpp"

#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/event_jitter.hpp>
#include <rewire/calcium/misleading_edges.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>

namespace rewire::jobs {

namespace {

/// Where the windows of the jitter are too long for a recording.
void add_long_windows(report::Page& page, const ConnectomeSummary& data)
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

/// Windows of more than this have other error rates than those that are published.
constexpr auto usual_window_s = 0.75;

/// Where frames are few a second, or --window-s is long.
void add_unusual_windows(report::Page& page, const ConnectomeSummary& data)
{
    const auto unusual = sessions_where(data, [](const EdgeTestsSummary& tests) {
        return tests.ok() && tests.support == support_by_jitter && tests.window_s > usual_window_s;
    });
    if (unusual.empty())
        return;
    const auto& [fewest, most] = calcium::bursts_in_long_windows;
    page.notice(
        "The windows of the jitter last longer than half a second in some sessions.",
        fmt::format(
            "In {} they last {} s: at least {} frames, however few there are a second. What "
            "neurons share within a window is not told from edges, and the windows for "
            "which error rates are stated here are those of half a second. At 7 frames a "
            "second, windows of 1.1 s, bursts of the population of 2.5 s make p of the "
            "jitter small {:.1f} to {:.1f} times too often (`calibration --only {} --only {}`), "
            "which displaced neurons do not show.",
            names_of(unusual), test_range(unusual, "{:.2g}", &EdgeTestsSummary::window_s),
            calcium::least_window_frames, fewest.rate, most.rate, fewest.scenario, most.scenario));
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
    auto by_status = std::map<std::string, SessionList>{};
    for (const auto* session : without)
        by_status[session->tests->status].push_back(session);
    auto reasons = std::string{};
    for (const auto& [status, sessions] : by_status)
        reasons += fmt::format("{}: {}. ", names_of(sessions), status);
    if (!without.empty())
        page.notice("Sessions without tests of edges.", reasons + "They make no claim.");
    if (!few.empty())
        page.notice(
            "Few frames for so many neurons.",
            fmt::format("{}: {} active neurons for every effective frame (smoothed frames repeat "
                        "each other). Partial correlations are noisy there, and little is found.",
                        names_of(few),
                        test_range(few, "{:.2f}", &EdgeTestsSummary::neurons_per_frame)));
}

} // namespace

SessionList sessions_where(const ConnectomeSummary& data, bool (*holds)(const EdgeTestsSummary&))
{
    auto found = SessionList{};
    for (const auto& session : data.sessions)
        if (session.tests && holds(*session.tests))
            found.push_back(&session);
    return found;
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

void add_frame_notices(report::Page& page, const ConnectomeSummary& data)
{
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
                        artefacts.size(),
                        sessions_where(data, [](const EdgeTestsSummary&) { return true; }).size()),
            fmt::format("In {}: frames whose population mean is above 8 median absolute "
                        "deviations, with more active neurons than just before and after explain. "
                        "A short burst of the population looks like this, and so does a "
                        "jump of the image, which makes every pair coincide within a frame: no "
                        "test tells it from connections, nor do displaced neurons show it. "
                        "--drop-artefacts leaves these frames out.",
                        names_of(artefacts)));
    const auto unjudged =
        sessions_where(data, [](const EdgeTestsSummary& tests) { return !tests.artefacts_judged; });
    if (!unjudged.empty())
        page.notice(
            "Artefact frames could not be judged in some sessions.",
            fmt::format("In {} half of the frames have the same population mean, as where "
                        "nothing is active, or even all neurons at once would not stand out: "
                        "a jump of the image would not be told from activity, and supported edges "
                        "may come from it.",
                        names_of(unjudged)));
}

void add_window_notices(report::Page& page, const ConnectomeSummary& data)
{
    add_unusual_windows(page, data);
    add_long_windows(page, data);
    add_windows_reach(page, data);
    add_too_few(page, data);
}

void add_misleading_cases(report::Page& page, const ConnectomeSummary& data)
{
    const auto tested = sessions_where(data, [](const EdgeTestsSummary& t) { return t.ok(); });
    if (tested.empty())
        return;
    page.subsection("Supported is not directly connected");
    const auto percent = [](const calcium::MisleadingEdges& edges) {
        return fmt::format("{:.0f} %", 100 * edges.false_share);
    };
    auto command = std::string{};
    for (const auto& edges : calcium::misleading_edges)
        command += fmt::format(" --only {}", edges.scenario);
    page.paragraph(fmt::format(
        "In three cases the word would mislead. The shares are of simulated networks, of what is "
        "supported by partial correlation and jitter of 0.5 s, mean over {} data sets: "
        "`calibration{}`.",
        calcium::misleading_data_sets, command));
    page.list(
        {fmt::format("Delays: where one neuron follows another by several frames, its influence is "
                     "not taken out of the others, and pairs of the same target are supported as "
                     "well ({} of the supported pairs are not connected, among hubs with delays of "
                     "one to four frames).",
                     percent(calcium::delayed_edges)),
         fmt::format("Missed events: where the indicator or the detection misses 30 % of the "
                     "events, common input can no longer be taken out in full ({} of the supported "
                     "pairs are not connected).",
                     percent(calcium::missed_event_edges)),
         fmt::format("Unrecorded input: neurons that follow the same unrecorded neuron are "
                     "supported ({} of the supported pairs, where nothing else joins them). Split "
                     "regions of interest and shared neuropil act in the same way.",
                     percent(calcium::hidden_input_edges)),
         "The edges of the trajectories on this page, and of the first graph metrics, are those of "
         "the published threshold (mean + alpha standard deviations over the session's pairs), not "
         "the supported ones."});
}

} // namespace rewire::jobs
