#include "closed_form.hpp"

#include "compared.hpp"
#include "edge_batches.hpp"
#include "estimate.hpp"
#include "study_family.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/base/packed.hpp>
#include <rewire/network/graph_metrics.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rewire::jobs {

namespace {

constexpr auto fine = static_cast<std::size_t>(calcium::DisplacedTest::fine);

/// Tallies of the sessions over their draws, known on all ranks. Collective.
std::vector<calcium::DisplacementTally> tallies_of(const mpi::Communicator& comm,
                                                   const std::vector<EdgeUnit>& units,
                                                   const runtime::UnitResults& draws,
                                                   const EdgeSessions& sessions, std::size_t count)
{
    auto tiles =
        std::map<std::pair<std::size_t, std::int64_t>, std::vector<calcium::DisplacedTile>>{};
    runtime::give_to_all(comm, draws, [&](std::int64_t index, std::span<const std::byte> bytes) {
        const auto& unit = units[static_cast<std::size_t>(index)];
        auto& of_draw = tiles[{unit.position, unit.draw}];
        auto unpacker = base::Unpacker(bytes);
        while (unpacker.remaining() > 0)
            of_draw.push_back(base::unpack_value<calcium::DisplacedTile>(unpacker));
    });
    auto tallies = std::vector<calcium::DisplacementTally>(count);
    for (const auto& [draw, of_draw] : tiles)
        calcium::add_to(tallies[draw.first],
                        calcium::tally_of(of_draw, sessions.displacement_options(draw.first)));
    return tallies;
}

/// Whether p_fine rejects displaced pairs more often than its level and chance explain.
bool rejects_too_often(const calcium::DisplacementTally& tally, double level)
{
    return calcium::finish_displacement(tally).rate[fine] >
           calcium::highest_rate_by_chance(level, tally.pairs);
}

/// Where p_fine rejects displaced pairs too often: the longest shorter window that does not, 0 for
/// none; -1 where the window is not too long. [session of the wave] on all ranks. Collective.
std::vector<std::int64_t> passing_windows(runtime::RunContext& context, const Wave& wave,
                                          EdgeSessions& sessions,
                                          const std::vector<calcium::DisplacementTally>& tallies,
                                          const ConnectomeSettings& settings)
{
    struct Trial
    {
        std::size_t position;
        std::int64_t window_frames;
        std::int64_t draw;
    };
    auto passing = std::vector<std::int64_t>(wave.size(), -1);
    auto trials = std::vector<Trial>{};
    auto costs = std::vector<double>{};
    for (std::size_t position = 0; position < wave.size(); ++position) {
        const auto& info = *wave.session(position).record.activity;
        const auto options = displacement_options(info, settings);
        if (!rejects_too_often(tallies[position], options.level))
            continue;
        passing[position] = 0;
        for (const auto window : calcium::shorter_windows(window_frames_of(info, settings)))
            for (std::int64_t draw = 0; draw < options.draws; ++draw) {
                trials.push_back({position, window, draw});
                costs.push_back(window_trial_seconds(info, window));
            }
    }
    if (trials.empty())
        return passing;
    const auto results = context.each_unit_to_all<calcium::DisplacementTally>(
        "windows" + wave.suffix, costs, [&](std::int64_t index, const runtime::Tick& tick) {
            const auto& trial = trials[static_cast<std::size_t>(index)];
            return calcium::run_displaced_window(sessions.displacement_input(trial.position),
                                                 trial.draw, trial.window_frames,
                                                 sessions.displacement_options(trial.position),
                                                 sessions.key(trial.position), counting(tick));
        });
    auto sums = std::map<std::pair<std::size_t, std::int64_t>, calcium::DisplacementTally>{};
    for (std::size_t k = 0; k < trials.size(); ++k)
        calcium::add_to(sums[{trials[k].position, trials[k].window_frames}], results[k]);
    for (const auto& [trial, tally] : sums)
        if (!rejects_too_often(tally, sessions.displacement_options(trial.first).level))
            passing[trial.first] = std::max(passing[trial.first], trial.second);
    return passing;
}

} // namespace

std::vector<ClosedFormTests> closed_form_of(runtime::RunContext& context, const Wave& wave,
                                            const std::vector<SessionInput>& inputs,
                                            const WaveActivity& activity,
                                            const ConnectomeSettings& settings)
{
    auto neurons = std::vector<std::int64_t>{};
    for (std::size_t position = 0; position < wave.size(); ++position)
        neurons.push_back(wave.session(position).record.activity->neurons);
    const auto units = edge_units_of(neurons, settings.displacements);
    const auto options = edge_test_options(settings);
    auto sessions = EdgeSessions(context, wave, inputs, activity, settings);
    auto runs = runtime::UnitResults{};
    auto draws = runtime::UnitResults{};
    auto units_of_runs = std::vector<EdgeUnit>{};
    auto run_number = std::vector<std::int64_t>{}; // [units] -1 of draws
    for (const auto& unit : units) {
        run_number.push_back(unit.draw < 0 ? static_cast<std::int64_t>(units_of_runs.size()) : -1);
        if (unit.draw < 0)
            units_of_runs.push_back(unit);
    }
    auto computed = tested_units(context, wave.suffix, sessions, units, settings);
    for (auto& [index, bytes] : computed.take()) {
        const auto place = run_number[static_cast<std::size_t>(index)];
        if (place < 0)
            draws.add(index, std::move(bytes));
        else
            runs.add(place, std::move(bytes));
    }
    const auto tallies = tallies_of(context.comm(), units, draws, sessions, wave.size());
    const auto passing = passing_windows(context, wave, sessions, tallies, settings);
    auto results = std::vector<ClosedFormTests>(context.comm().is_root() ? wave.size() : 0);
    gather_tests(
        context.comm(), units_of_runs, runs, options,
        [&](std::size_t position, const calcium::ShiftMoments& moments, calcium::EdgeTests tests) {
            auto& session = results[position];
            auto& result = session.result;
            session.status = moments.status;
            session.within = settings.within;
            session.tests = std::move(tests);
            result.status = moments.status_text;
            result.support = settings.support == SupportBy::shift ? "shift" : support_by_jitter;
            result.two_sided = settings.two_sided;
            result.family = settings.family_of_study ? family_of_study : family_of_session;
            result.window_frames =
                window_frames_of(*wave.session(position).record.activity, settings);
            result.lags = moments.lags.partial;
            result.lags_marginal = moments.lags.marginal;
            result.frames_used = moments.frames_used;
            result.first_component = moments.first_component;
            const auto control = calcium::finish_displacement(tallies[position]);
            result.displaced_rate.assign(control.rate.begin(), control.rate.end());
            result.displaced_discoveries.assign(control.discoveries.begin(),
                                                control.discoveries.end());
            result.displaced_pairs = tallies[position].pairs;
            result.passing_window_frames = passing[position];
        });
    return results;
}

namespace {

std::string too_few_frames(const SessionConnectome& session, double effective_frames)
{
    if (std::isnan(effective_frames))
        return fmt::format("too few frames: no two neurons are active in segments or states of {} "
                           "frames",
                           calcium::shortest_circle);
    return fmt::format(
        "too few frames: {} active neurons and {:.0f} effective frames, of which at most {:g} "
        "neurons a frame can be told apart",
        std::count(session.active.begin(), session.active.end(), 1), effective_frames,
        calcium::most_neurons_per_frame);
}

/// Unless the connectome is one that does without an inverse, as was asked for: shrunk, or of a
/// pseudo-inverse.
void claim_nothing(SessionConnectome& session, const std::string& status)
{
    if (session.shrinkage != 0 || session.estimator == pseudo_inverse || session.computed == 0)
        return;
    session.status = status;
    session.computed = 0;
}

} // namespace

void judge_frames(SessionConnectome& session, double effective_frames)
{
    const auto active =
        static_cast<double>(std::count(session.active.begin(), session.active.end(), 1));
    if (!(active <= calcium::most_neurons_per_frame * effective_frames)) // NaN: no circle
        claim_nothing(session, too_few_frames(session, effective_frames));
}

void add_closed_form(SessionConnectome& session, ClosedFormTests closed)
{
    auto& tests = closed.tests;
    auto result = std::move(closed.result);
    const auto neurons = static_cast<double>(session.neuron_id.size());
    using base::nan;
    const auto possible = closed.status == calcium::ShiftMomentStatus::ok;
    const auto too_few = possible && tests.enough == calcium::EffectiveFrames::too_few;
    result.artefacts_kept = session.artefacts_kept;
    result.artefacts_judged = session.artefacts_judged;
    result.coverage = session.coverage;
    result.effective_frames = tests.effective_frames;
    result.neurons_per_frame = tests.neurons_per_frame;
    result.drive = tests.drive;
    if (!possible)
        claim_nothing(session, result.status);
    result.noise_edges = possible && !too_few && session.shrinkage == 0
                             ? calcium::noise_edges(tests, session.threshold)
                             : nan;
    if (too_few) {
        result.status = too_few_frames(session, tests.effective_frames);
        for (auto* values :
             {&tests.p_partial, &tests.p_marginal, &tests.p_fine, &tests.p_both,
              &tests.log10_p_both, &tests.q_both, &tests.p_holm, &tests.p_both_negative})
            std::fill(values->begin(), values->end(), nan);
        std::fill(tests.sign.begin(), tests.sign.end(), std::int8_t{0});
        std::fill(tests.supported.begin(), tests.supported.end(), std::uint8_t{0});
        tests.tested = tests.supported_count = 0;
        claim_nothing(session, result.status);
    }
    auto compared = compared_of(
        session,
        possible && !too_few ? std::move(tests.partial_correlation) : std::vector<double>{},
        {.frames = result.frames_used, .within = closed.within}, tested_partial_name);
    result.compare = std::move(compared.says);
    result.tested_partial_correlation = std::move(compared.value);
    result.tested = tests.tested;
    result.supported_count = tests.supported_count;
    result.noise_density = 2 * result.noise_edges / (neurons * neurons);
    const auto graph = network::graph_metrics(tests.supported,
                                              static_cast<std::int64_t>(session.neuron_id.size()));
    const auto or_nan = [&](double value) { return possible && !too_few ? value : nan; };
    result.supported_density = or_nan(graph.paper_density);
    result.supported_mean_degree = or_nan(graph.mean_degree);
    result.supported_transitivity = or_nan(graph.transitivity);
    result.supported_clustering = or_nan(graph.average_clustering);
    result.supported_degree = graph.degree;
    result.p_partial = std::move(tests.p_partial);
    result.p_marginal = std::move(tests.p_marginal);
    result.p_fine = std::move(tests.p_fine);
    result.p_both = std::move(tests.p_both);
    result.q_both = std::move(tests.q_both);
    result.p_holm = std::move(tests.p_holm);
    result.log10_p_both = std::move(tests.log10_p_both);
    result.supported = std::move(tests.supported);
    result.p_both_negative = std::move(tests.p_both_negative);
    result.sign = std::move(tests.sign);
    session.closed_form = std::move(result);
}

} // namespace rewire::jobs
