#include "result.hpp"
#include "section.hpp"

#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

/// An animal with p-values.
struct AnimalWithPValues
{
    std::string subject;
    std::vector<const SessionSummary*> sessions; ///< those with p-values; one at least
};

std::string count_of(std::size_t animals)
{
    return report::counted(static_cast<std::int64_t>(animals), "animal");
}

std::vector<AnimalWithPValues> animals_with_p_values(const ConnectomeSummary& data)
{
    auto animals = std::vector<AnimalWithPValues>{};
    for (const auto& animal : data.animals) {
        auto tested = AnimalWithPValues{.subject = animal.subject, .sessions = {}};
        for (const auto& session : data.sessions)
            if (session.place.subject == animal.subject && session.p_values)
                tested.sessions.push_back(&session);
        if (!tested.sessions.empty())
            animals.push_back(std::move(tested));
    }
    return animals;
}

void add_histograms(report::Page& page, const ConnectomeSummary& data)
{
    auto block = report::FigureBlock{.sources = {"connectome.h5"}};
    for (const auto& animal : animals_with_p_values(data)) {
        auto counts = report::binned({}, 0, 1, EdgePValues::bins);
        for (const auto* session : animal.sessions)
            for (std::size_t bin = 0; bin < counts.count.size(); ++bin)
                counts.count[bin] += session->p_values->count[bin];
        auto plot = report::uniform_histogram(std::move(counts));
        plot.title = animal.subject;
        plot.x.label = "p of a pair";
        plot.y_label = "pairs x sessions";
        plot.expected_label = "independent neurons";
        plot.size = {320, 250};
        block.panels.push_back(report::figure_of(plot));
    }
    const auto animals = animals_with_p_values(data);
    const auto one_sided = !animals.front().sessions.front()->p_values->two_sided;
    block.caption = fmt::format(
        "p-values of all tested pairs, the sessions of an animal together (n = {}, one panel "
        "each). Dashed: the uniform distribution of independent neurons. {}No band: the pairs "
        "of a session share neurons, so the height of a bar varies more than counts of independent "
        "pairs would.",
        count_of(block.panels.size()),
        one_sided ? "The test is one-sided: pairs less correlated than almost all of their "
                    "surrogates pile up at p = 1. Such are pairs that are active together less "
                    "than by accident, and pairs whose common partners explain more than what "
                    "they share. "
                  : "");
    page.figure(std::move(block));
}

void add_quantiles(report::Page& page, const ConnectomeSummary& data)
{
    auto block = report::FigureBlock{.sources = {"connectome.h5"}};
    for (const auto& animal : animals_with_p_values(data)) {
        auto plot = report::ScatterPlot{};
        plot.title = animal.subject;
        plot.x.label = "expected −log10 p";
        plot.y.label = "observed −log10 p";
        plot.diagonal = true;
        const auto add = [&](const std::string& name, const SessionSummary& session) {
            plot.points.push_back(
                {name, session.p_values->quantiles.expected, session.p_values->quantiles.observed});
        };
        add("first tested session", *animal.sessions.front());
        if (animal.sessions.size() > 1)
            add("last tested session", *animal.sessions.back());
        plot.size = {290, 262};
        block.panels.push_back(report::figure_of(plot));
    }
    block.caption = fmt::format(
        "Quantiles of the p-values of the first and the last tested session of every animal (n = "
        "{}, one panel each) against those of a uniform distribution (dashed line: equal); "
        "about 300 of the pairs are drawn. A flat top is the smallest p that surrogates and "
        "relative shifts allow.",
        count_of(block.panels.size()));
    page.figure(std::move(block));
}

/// "7" or "7–12" over the sessions.
template <typename Value>
std::string range_of(const std::vector<const SessionSummary*>& sessions, Value value)
{
    auto low = value(*sessions.front());
    auto high = low;
    for (const auto* session : sessions) {
        low = std::min(low, value(*session));
        high = std::max(high, value(*session));
    }
    return low == high ? fmt::format("{}", low) : fmt::format("{}–{}", low, high);
}

std::vector<std::string> row_of(const std::string& animal, const std::string& session,
                                const std::vector<const SessionSummary*>& sessions)
{
    const auto range = [&](auto member) {
        return range_of(sessions,
                        [&](const SessionSummary& each) { return (*each.p_values).*member; });
    };
    const auto finest = std::min_element(
        sessions.begin(), sessions.end(), [](const SessionSummary* a, const SessionSummary* b) {
            return a->p_values->smallest_p < b->p_values->smallest_p;
        });
    return {animal,
            session,
            range(&EdgePValues::tested),
            range(&EdgePValues::surrogates),
            report::number((*finest)->p_values->smallest_p, 2),
            range(&EdgePValues::offsets),
            range_of(sessions, [](const SessionSummary& each) { return each.edges; }),
            range_of(sessions,
                     [](const SessionSummary& each) { return each.p_values->needed_at_floor(); }),
            range(&EdgePValues::at_floor),
            range(&EdgePValues::discoveries),
            range(&EdgePValues::family_wise)};
}

void add_p_value_counts(report::Page& page, const ConnectomeSummary& data)
{
    auto by_animal = report::Table{
        .head = {"animal", "sessions", "pairs tested", "surrogates", "smallest p possible",
                 "relative shifts", "edges (threshold)", "needed at smallest p", "at smallest p",
                 "q ≤ 0.05", "family-wise p ≤ 0.05"},
        .caption = "Pairs of a session, ranges over the sessions of each animal: edges by the "
                   "threshold of the paper, pairs that have to reach the smallest p possible "
                   "before any has q ≤ 0.05, pairs that do reach it, pairs with a false discovery "
                   "rate q ≤ 0.05 "
                   "(Benjamini-Hochberg over the session's tested pairs), and pairs whose p, "
                   "corrected by the largest value of every surrogate, is at most 0.05. Relative "
                   "shifts: how many distinct ones a pair can have."};
    auto by_session = report::Table{.head = by_animal.head};
    by_session.head[1] = "session";
    for (const auto& animal : animals_with_p_values(data)) {
        by_animal.rows.push_back(
            row_of(animal.subject, std::to_string(animal.sessions.size()), animal.sessions));
        for (const auto* session : animal.sessions)
            by_session.rows.push_back(row_of(animal.subject, session->place.session, {session}));
    }
    page.table(std::move(by_animal));
    page.folded_table("The same for every session", by_session);
}

/// Why q may find nothing where the family-wise p does: p cannot be small enough.
void add_floor(report::Page& page, const ConnectomeSummary& data)
{
    auto sessions = std::vector<const SessionSummary*>{};
    auto tested = std::int64_t{0};
    for (const auto& session : data.sessions)
        if (session.p_values) {
            ++tested;
            if (session.p_values->discoveries == 0 && session.p_values->needed_at_floor() > 1)
                sessions.push_back(&session);
        }
    if (sessions.empty())
        return;
    const auto range = [&](auto value) {
        return range_of(sessions,
                        [&](const SessionSummary& each) { return value(*each.p_values); });
    };
    const auto [low, high] = std::minmax_element(
        sessions.begin(), sessions.end(), [](const SessionSummary* a, const SessionSummary* b) {
            return a->p_values->smallest_p < b->p_values->smallest_p;
        });
    const auto least = report::number((*low)->p_values->smallest_p, 2);
    const auto most = report::number((*high)->p_values->smallest_p, 2);
    const auto smallest = least == most ? least : least + "–" + most;
    page.notice(
        "Why no pair has q ≤ 0.05 here.",
        fmt::format(
            "In {} of {} p cannot be smaller than {}: {} surrogates, and {} distinct relative "
            "shifts, tell no more. Over {} tested pairs q ≤ 0.05 is then out of reach unless {} "
            "pairs or more stand at that smallest p; {} do. That is a limit of the test, not a "
            "sign that there is nothing: the family-wise p compares each pair with the largest "
            "value of every surrogate and has no such limit. More surrogates lower the smallest "
            "p, down to one over the number of relative shifts plus one.",
            sessions.size(), report::counted(tested, "session"), smallest,
            range([](const EdgePValues& p) { return p.surrogates; }),
            range([](const EdgePValues& p) { return p.offsets; }),
            range([](const EdgePValues& p) { return p.tested; }),
            range([](const EdgePValues& p) { return p.needed_at_floor(); }),
            range([](const EdgePValues& p) { return p.at_floor; })));
}

void add_meaning(report::Page& page, const EdgePValues& example)
{
    page.subsection("What this null shows, and what it does not");
    if (example.compare.starts_with(surrogate_partial_name))
        page.paragraph("The surrogates are not held against the partial correlations of the "
                       "threshold, but against others, which the file holds beside them: `" +
                       example.compare + "`.");
    page.list(
        {fmt::format("A surrogate shifts every neuron's events in time, in a circle, each by "
                     "another amount; neurons keep their own rate and rhythm. Pairs shifted "
                     "against each other by less than {:g} s are left out of that surrogate. p is "
                     "the share of surrogates (the observed value counted as one of them) with a "
                     "partial correlation at least as {}.",
                     example.minimum_shift_s, example.two_sided ? "large in magnitude" : "large"),
         std::string("A small p says that two neurons are tied in time more than their own rhythms "
                     "would make "
                     "them, given the linear influence of all other recorded neurons."),
         std::string(
             "It does not say that they are connected by a synapse. Shifts break all dependence at "
             "once, so the null is rejected as well where both neurons follow a common drive: "
             "running, "
             "lever movement, arousal, brain motion, light leaking between neighbours, or neurons "
             "that "
             "were not recorded. --within movement keeps the shifts inside one behavioural state "
             "and "
             "--covariate takes a signal out first: what remains significant then is stronger."),
         std::string(
             "The family-wise p is a claim about the global null, in which no pair depends on any "
             "other: at most 5 % of such sessions would have even one pair with p ≤ 0.05. It does "
             "not "
             "promise as much for the remaining pairs once some pairs do depend on each other."),
         std::string("The q-values assume that dependence between pairs of one session is of a "
                     "benign kind; "
                     "pairs share neurons. Read them as a ranking with a rate, not as a proof for "
                     "one pair."),
         std::string(
             "The edges of the trajectories and graph metrics on this page are those of the "
             "paper's "
             "threshold (mean + alpha standard deviations over the session's pairs), not those "
             "that "
             "pass this test. The threshold takes about the same share of pairs whether or not "
             "neurons are connected.")});
}

} // namespace

void add_edge_p_values(report::Page& page, const ConnectomeSummary& data,
                       const std::string& command)
{
    const auto tested =
        std::find_if(data.sessions.begin(), data.sessions.end(),
                     [](const SessionSummary& session) { return session.p_values.has_value(); });
    if (tested == data.sessions.end()) {
        if (std::any_of(data.sessions.begin(), data.sessions.end(),
                        [](const SessionSummary& session) { return session.tests.has_value(); }))
            return; // closed-form tests need no surrogates
        page.notice(
            "No p-values.",
            "The connectome was computed without tests of edges, so nothing on this page tells "
            "its edges from chance. They are added by",
            command + " --support jitter --overwrite");
        return;
    }
    page.subsection("p-values of surrogates");
    add_p_value_counts(page, data);
    add_floor(page, data);
    add_histograms(page, data);
    add_quantiles(page, data);
    add_meaning(page, *tested->p_values);
}

} // namespace rewire::jobs
