#include "summary.hpp"

#include "result.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/calcium/event_smoothing.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace rewire::jobs {

namespace {

constexpr auto significance = 0.05;

EdgePValues p_values_of(const ConnectomeNull& null)
{
    auto summary = EdgePValues{};
    const auto counts = report::binned(null.p_value, 0, 1, EdgePValues::bins);
    std::copy(counts.count.begin(), counts.count.end(), summary.count.begin());
    summary.quantiles = report::p_value_quantiles(null.p_value);
    const auto at_most = [](const std::vector<double>& values) {
        return std::count_if(values.begin(), values.end(),
                             [](double value) { return value <= significance; });
    };
    summary.tested = std::count_if(null.p_value.begin(), null.p_value.end(),
                                   [](double p) { return !std::isnan(p); });
    summary.discoveries = at_most(null.q_value);
    summary.family_wise = at_most(null.p_fwe);
    summary.surrogates = null.surrogates;
    summary.singular = null.singular;
    summary.offsets = null.offsets;
    summary.minimum_shift_s = null.minimum_shift_s;
    summary.smallest_p = null.smallest_p;
    summary.at_floor = std::count_if(null.p_value.begin(), null.p_value.end(),
                                     [&](double p) { return p <= null.smallest_p * (1 + 1e-9); });
    summary.two_sided = null.two_sided;
    summary.compare = null.compare;
    return summary;
}

EdgeTestsSummary tests_of(const SessionConnectome& session)
{
    const auto& tests = *session.closed_form;
    auto summary = EdgeTestsSummary{
        .status = tests.status,
        .support = tests.support,
        .compare = tests.compare,
        .two_sided = tests.two_sided,
        .tested = tests.tested,
        .supported = tests.supported_count,
        .holm = std::count_if(tests.p_holm.begin(), tests.p_holm.end(),
                              [](double p) { return p <= significance; }),
        .of_study = !tests.q_study.empty(),
        .family_pairs = tests.family_pairs,
        .family_sessions = tests.family_sessions,
        .supported_study =
            std::count(tests.supported_study.begin(), tests.supported_study.end(), 1),
        .holm_study = std::count_if(tests.p_holm_study.begin(), tests.p_holm_study.end(),
                                    [](double p) { return p <= significance; }),
        .noise_edges = tests.noise_edges,
        .effective_frames = tests.effective_frames,
        .neurons_per_frame = tests.neurons_per_frame,
        .drive = tests.drive,
        .first_component = tests.first_component,
        .largest_active_share = tests.coverage.largest_active_share,
        .artefacts_kept = tests.artefacts_kept,
        .artefacts_judged = tests.artefacts_judged != 0,
        .coverage = tests.coverage,
        .window_s = static_cast<double>(tests.window_frames) / session.rate_hz,
        .passing_window_s = static_cast<double>(tests.passing_window_frames) / session.rate_hz,
        .displaced = tests.displaced_pairs > 0,
        .displaced_pairs = tests.displaced_pairs,
        .displaced_rate = tests.displaced_rate,
        .displaced_discoveries = tests.displaced_discoveries};
    for (std::size_t pair = 0; pair < tests.supported.size(); ++pair) {
        if (tests.supported[pair] == 0)
            continue;
        summary.supported_and_edges += session.edge[pair];
        summary.supported_negative += tests.two_sided && tests.sign[pair] < 0 ? 1 : 0;
    }
    return summary;
}

TruthSummary truth_summary_of(const SessionConnectome& session)
{
    const auto& truth = *session.truth;
    const auto classes = classes_of(truth, static_cast<std::int64_t>(session.neuron_id.size()));
    auto summary = TruthSummary{};
    summary.of_recording = truth.of_recording;
    summary.duration_s = static_cast<double>(session.frames) / session.rate_hz;
    const auto& tests = session.closed_form;
    summary.two_sided = tests && tests->two_sided;
    for (std::size_t pair = 0; pair < classes.size(); ++pair) {
        const auto there = population_sign(truth, pair);
        const auto sign = tests && tests->supported[pair] != 0 ? tests->sign_of(pair) : 0;
        const auto count = [](bool holds) { return holds ? std::int64_t{1} : std::int64_t{0}; };
        const auto one = TruthSummary::Found{.pairs = 1,
                                             .population = count(there > 0),
                                             .population_negative = count(there < 0),
                                             .edges = session.edge[pair],
                                             .supported = count(sign != 0),
                                             .supported_negative = count(sign < 0)};
        summary.by_class[static_cast<std::size_t>(classes[pair])].add(one);
        auto of_all = one;
        of_all.pairs = 0; // the planted ones
        summary.all.add(of_all);
        summary.of_population.edges += there > 0 ? one.edges : 0;
        summary.of_population.supported += count(sign != 0 && sign == there);
        if (truth.planted_strength[pair] <= 0)
            continue;
        auto positive = one;
        positive.supported = count(sign > 0);
        const auto& ends = TruthSummary::strengths;
        const auto bin = std::upper_bound(ends.begin(), ends.end(), truth.planted_strength[pair]) -
                         ends.begin() - 1;
        summary.by_strength[static_cast<std::size_t>(bin)].add(positive);
        ++summary.all.pairs;
    }
    return summary;
}

SessionSummary summary_of(const SessionConnectome& session)
{
    using calcium::NeuronStatus;
    const auto of_status = [&](NeuronStatus status) {
        return std::count(session.neuron_status.begin(), session.neuron_status.end(),
                          static_cast<std::uint8_t>(status));
    };
    auto summary =
        SessionSummary{.place = place_of(session),
                       .file = session.file,
                       .sha256 = session.sha256,
                       .tau_s = session.tau_s,
                       .status = session.status,
                       .computed = session.computed != 0,
                       .neurons = static_cast<std::int64_t>(session.neuron_id.size()),
                       .active = std::count_if(session.active.begin(), session.active.end(),
                                               [](std::uint8_t active) { return active != 0; }),
                       .silent = of_status(NeuronStatus::silent),
                       .constant = of_status(NeuronStatus::constant),
                       .incomplete = of_status(NeuronStatus::not_finite),
                       .missing_samples = session.missing,
                       .frames = session.frames,
                       .edges = std::count_if(session.edge.begin(), session.edge.end(),
                                              [](std::uint8_t edge) { return edge != 0; }),
                       .threshold = session.threshold,
                       .mean_degree = session.mean_degree,
                       .density = session.density,
                       .transitivity = session.transitivity,
                       .clustering = session.average_clustering,
                       .shrinkage = session.shrinkage};
    using base::nan;
    const auto metric = [&](double ConnectomeClosedForm::*member) {
        return session.closed_form ? (*session.closed_form).*member : nan;
    };
    summary.supported_mean_degree = metric(&ConnectomeClosedForm::supported_mean_degree);
    summary.supported_density = metric(&ConnectomeClosedForm::supported_density);
    summary.supported_transitivity = metric(&ConnectomeClosedForm::supported_transitivity);
    summary.supported_clustering = metric(&ConnectomeClosedForm::supported_clustering);
    if (session.null)
        summary.p_values = p_values_of(*session.null);
    if (session.closed_form)
        summary.tests = tests_of(session);
    if (session.closed_form && !session.position.empty())
        summary.distances = distances_of(session);
    if (session.truth)
        summary.truth = truth_summary_of(session);
    return summary;
}

/// Results of before the axis had a name of its own call it `neuron_id`.
std::int64_t common_neurons_in(const io::Handle& file, const std::string& subject)
{
    const auto own = subject + "/common_neuron_id";
    return io::shape_of(
               io::open_dataset(file, io::exists(file, own) ? own : subject + "/neuron_id"))
        .at(0);
}

} // namespace

void TruthSummary::Found::add(const Found& other)
{
    pairs += other.pairs;
    population += other.population;
    population_negative += other.population_negative;
    edges += other.edges;
    supported += other.supported;
    supported_negative += other.supported_negative;
}

ConnectomeSummary summary_of_connectomes(const io::Handle& file)
{
    auto data = ConnectomeSummary{};
    auto neurons = std::map<std::string, std::set<std::string>>{};
    for (const auto& [subject, name] : sessions_in(file)) {
        const auto session = read_session(file, subject, name);
        neurons[subject].insert(session.neuron_id.begin(), session.neuron_id.end());
        data.sessions.push_back(summary_of(session));
    }
    std::stable_sort(data.sessions.begin(), data.sessions.end(),
                     [](const SessionSummary& a, const SessionSummary& b) {
                         return comes_before(a.place, b.place);
                     });
    for (const auto& [subject, all] : neurons) {
        auto animal = AnimalSummary{.subject = subject};
        for (const auto& session : data.sessions)
            if (session.place.subject == subject) {
                ++animal.sessions;
                animal.group = session.place.group;
            }
        animal.common_neurons = common_neurons_in(file, subject);
        animal.all_neurons = static_cast<std::int64_t>(all.size());
        data.animals.push_back(std::move(animal));
    }
    return data;
}

std::int64_t EdgePValues::needed_at_floor() const
{
    // q of k pairs with the smallest p is p * tested / k.
    return static_cast<std::int64_t>(
        std::ceil(smallest_p * static_cast<double>(tested) / significance - 1e-9));
}

} // namespace rewire::jobs
