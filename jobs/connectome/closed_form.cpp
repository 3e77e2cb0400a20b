#include "closed_form.hpp"

#include "estimate.hpp"
#include "frames.hpp"
#include "study_family.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/base/pack.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/circles.hpp>
#include <rewire/calcium/covariance.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/network/graph_metrics.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto fine = static_cast<std::size_t>(calcium::DisplacedTest::fine);

/// What the tests of a session read.
struct SessionTraces
{
    calcium::FrameCircles circles;
    SessionCovariates covariates;
    activity::ActivityView activity;
    activity::ActivityView events;
    std::vector<base::Range> segments; ///< of the events' frames
    std::vector<std::int64_t> active;
    std::int64_t window_frames = 0;
    std::vector<double> taps; ///< of the smoothing
};

/// The tables of a session.
struct SessionTables
{
    calcium::ShiftMoments moments;
    std::optional<calcium::EventJitter> jitter;
};

/// Traces and tables of sessions, the last ones kept: units of a session mostly follow one another.
class Sessions
{
  public:
    Sessions(runtime::RunContext& context, const Wave& wave,
             const std::vector<SessionInput>& inputs, const WaveActivity& activity,
             const ConnectomeSettings& settings)
        : context_(context), wave_(wave), inputs_(inputs), activity_(activity), settings_(settings)
    {
    }

    const SessionTraces& traces(std::size_t position)
    {
        if (traces_position_ == position)
            return traces_;
        traces_position_ = none;
        const auto& session = wave_.session(position);
        const auto& input = inputs_[wave_.sessions[position]];
        traces_ = {};
        traces_.activity = activity_.activity(position);
        traces_.events = activity_.events(position);
        const auto frames = frames_of(session, input, settings_, traces_.activity);
        traces_.circles = frames.circles(traces_.activity.frames);
        traces_.covariates = covariates_of(session, input, settings_);
        traces_.segments = frames.segments;
        traces_.active = calcium::active_neurons(traces_.activity);
        traces_.window_frames = window_frames_of(*session.record.activity, settings_);
        traces_.taps = calcium::smoothing_weights(input.taps);
        traces_position_ = position;
        return traces_;
    }

    /// Null when `tick` stopped it.
    const SessionTables* tables(std::size_t position, const calcium::Tick& tick)
    {
        if (tables_position_ == position)
            return &tables_;
        tables_position_ = none;
        tables_ = {}; // one session at a time
        const auto& session = traces(position);
        auto moments =
            calcium::shift_moments_of(session.activity, session.circles, session.covariates.view(),
                                      {.skewness = calcium::Precision::single}, tick);
        if (!moments)
            return nullptr;
        tables_.moments = std::move(*moments);
        if (tables_.moments.status == calcium::ShiftMomentStatus::ok)
            tables_.jitter = calcium::event_jitter_of(
                session.events, tables_.moments.active, session.segments,
                {.window_frames = session.window_frames, .taps = session.taps});
        tables_position_ = position;
        return &tables_;
    }

    calcium::DisplacementInput displacement_input(std::size_t position)
    {
        const auto& session = traces(position);
        return {.activity = session.activity,
                .circles = session.circles,
                .covariates = session.covariates.view(),
                .events = session.events,
                .segments = session.segments,
                .jitter = {.window_frames = session.window_frames, .taps = session.taps},
                .active = session.active};
    }

    calcium::DisplacementOptions displacement_options(std::size_t position) const
    {
        return jobs::displacement_options(*wave_.session(position).record.activity, settings_);
    }

    calcium::DisplacementKey key(std::size_t position) const
    {
        const auto& record = wave_.session(position).record;
        return {context_.seed(), base::key_of(record.subject), base::key_of(record.session)};
    }

  private:
    static constexpr auto none = static_cast<std::size_t>(-1);

    runtime::RunContext& context_;
    const Wave& wave_;
    const std::vector<SessionInput>& inputs_; ///< [session of the study]
    const WaveActivity& activity_;
    const ConnectomeSettings& settings_;
    std::size_t traces_position_ = none;
    SessionTraces traces_;
    std::size_t tables_position_ = none;
    SessionTables tables_;
};

calcium::Tick counting(const runtime::Tick& tick)
{
    return [&tick](std::int64_t) { return tick(); };
}

std::optional<std::vector<std::byte>> tested_draw(Sessions& sessions, const EdgeUnit& unit,
                                                  const calcium::Tick& tick)
{
    const auto tally = calcium::run_displacement(
        sessions.displacement_input(unit.position), unit.draw,
        sessions.displacement_options(unit.position), sessions.key(unit.position), tick);
    if (!tally)
        return std::nullopt;
    auto packer = base::Packer{};
    packer.put(*tally);
    return packer.take();
}

/// Tallies of the sessions over their draws, known on all ranks. Collective.
std::vector<calcium::DisplacementTally> tallies_of(const mpi::Communicator& comm,
                                                   const std::vector<EdgeUnit>& units,
                                                   const runtime::UnitResults& draws,
                                                   std::size_t sessions)
{
    auto tallies = std::vector<calcium::DisplacementTally>(sessions);
    runtime::give_to_all(comm, draws, [&](std::int64_t unit, std::span<const std::byte> bytes) {
        auto unpacker = base::Unpacker(bytes);
        calcium::add_to(tallies[units[static_cast<std::size_t>(unit)].position],
                        unpacker.get<calcium::DisplacementTally>());
    });
    return tallies;
}

/// Where p_fine rejects more than its level on displaced pairs: the longest shorter window that
/// does not, 0 for none; -1 where the window is not too long. [session of the wave] on all ranks.
/// Collective.
std::vector<std::int64_t> passing_windows(runtime::RunContext& context, const Wave& wave,
                                          Sessions& sessions,
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
        if (!(calcium::finish_displacement(tallies[position]).rate[fine] > options.level))
            continue;
        passing[position] = 0;
        for (const auto window : calcium::shorter_windows(window_frames_of(info, settings)))
            for (std::int64_t draw = 0; draw < options.draws; ++draw) {
                trials.push_back({position, window, draw});
                costs.push_back(edge_draw_seconds(info));
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
        if (calcium::finish_displacement(tally).rate[fine] <=
            sessions.displacement_options(trial.first).level)
            passing[trial.first] = std::max(passing[trial.first], trial.second);
    return passing;
}

} // namespace

calcium::EdgeTestOptions edge_test_options(const ConnectomeSettings& settings)
{
    return {.support = settings.support == SupportBy::shift ? calcium::Support::shift
                                                            : calcium::Support::jitter,
            .two_sided = settings.two_sided,
            .level = supported_level};
}

std::int64_t window_frames_of(const io::ActivityInfo& activity, const ConnectomeSettings& settings)
{
    return calcium::jitter_window_frames(activity.rate_hz, settings.window_s);
}

calcium::DisplacementOptions displacement_options(const io::ActivityInfo& activity,
                                                  const ConnectomeSettings& settings)
{
    // Displaced by less than a window, a pair would keep what the jitter leaves alone.
    const auto shortest =
        std::max({std::int64_t{1}, std::int64_t{std::llround(2 * activity.rate_hz)},
                  window_frames_of(activity, settings)});
    return {.draws = settings.displacements,
            .shortest_frames = shortest,
            .longest_frames = std::max<std::int64_t>(shortest, std::llround(10 * activity.rate_hz)),
            .level = supported_level,
            .tests = {.support = edge_test_options(settings).support},
            .lags = {}};
}

std::vector<ClosedFormTests> closed_form_of(runtime::RunContext& context, const Wave& wave,
                                            const std::vector<SessionInput>& inputs,
                                            const WaveActivity& activity,
                                            const ConnectomeSettings& settings)
{
    auto neurons = std::vector<std::int64_t>{};
    for (std::size_t position = 0; position < wave.size(); ++position)
        neurons.push_back(wave.session(position).record.activity->neurons);
    const auto units = edge_units_of(neurons, settings.displacements);
    auto costs = std::vector<double>{};
    for (const auto& unit : units) {
        const auto& info = *wave.session(unit.position).record.activity;
        costs.push_back(unit.draw < 0 ? edge_run_seconds(info, unit.tiles)
                                      : edge_draw_seconds(info));
    }
    const auto options = edge_test_options(settings);
    auto sessions = Sessions(context, wave, inputs, activity, settings);
    auto computed = context.each_unit<runtime::UnitResults>(
        "edges" + wave.suffix, costs,
        [&](std::int64_t index, runtime::UnitResults& results, const runtime::Tick& tick) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            const auto steps = counting(tick);
            auto bytes = std::optional<std::vector<std::byte>>{};
            if (unit.draw >= 0)
                bytes = tested_draw(sessions, unit, steps);
            else if (const auto* tables = sessions.tables(unit.position, steps))
                bytes = tested_run(tables->moments, tables->jitter ? &*tables->jitter : nullptr,
                                   unit.tiles, options, steps);
            if (!bytes)
                return false;
            results.add(index, std::move(*bytes));
            return true;
        });

    auto runs = runtime::UnitResults{};
    auto draws = runtime::UnitResults{};
    for (auto& [index, bytes] : computed.take())
        (units[static_cast<std::size_t>(index)].draw < 0 ? runs : draws)
            .add(index, std::move(bytes));
    const auto tallies = tallies_of(context.comm(), units, draws, wave.size());
    const auto passing = passing_windows(context, wave, sessions, tallies, settings);
    auto results = std::vector<ClosedFormTests>(context.comm().is_root() ? wave.size() : 0);
    gather_tests(
        context.comm(), units, runs, options,
        [&](std::size_t position, const calcium::ShiftMoments& moments, calcium::EdgeTests tests) {
            auto& session = results[position];
            auto& result = session.result;
            session.status = moments.status;
            session.tests = std::move(tests);
            result.status = moments.status_text;
            result.support = settings.support == SupportBy::shift ? "shift" : "jitter";
            result.two_sided = settings.two_sided;
            result.family = settings.family_of_study ? family_of_study : family_of_session;
            result.window_frames =
                window_frames_of(*wave.session(position).record.activity, settings);
            result.lags = moments.lags.partial;
            result.lags_marginal = moments.lags.marginal;
            result.frames_used = moments.frames_used;
            result.first_component = moments.first_component;
            result.largest_active_share =
                calcium::largest_active_share(activity.activity(position));
            const auto control = calcium::finish_displacement(tallies[position]);
            result.displaced_rate.assign(control.rate.begin(), control.rate.end());
            result.displaced_discoveries.assign(control.discoveries.begin(),
                                                control.discoveries.end());
            result.displaced_pairs = tallies[position].pairs;
            result.passing_window_frames = passing[position];
        });
    return results;
}

void add_closed_form(SessionConnectome& session, ClosedFormTests closed)
{
    auto& tests = closed.tests;
    auto result = std::move(closed.result);
    const auto neurons = static_cast<double>(session.neuron_id.size());
    using base::nan;
    const auto possible = closed.status == calcium::ShiftMomentStatus::ok;
    const auto too_few = possible && tests.enough == calcium::EffectiveFrames::too_few;
    result.effective_frames = tests.effective_frames;
    result.neurons_per_frame = tests.neurons_per_frame;
    result.drive = tests.drive;
    result.noise_edges = possible && !too_few && session.shrinkage == 0
                             ? calcium::noise_edges(tests, session.threshold)
                             : nan;
    if (too_few) {
        result.status = fmt::format(
            "too few frames: {} active neurons and {:.0f} effective frames, of which at most {:g} "
            "neurons a frame can be told apart",
            std::count(session.active.begin(), session.active.end(), 1), tests.effective_frames,
            calcium::most_neurons_per_frame);
        for (auto* values :
             {&tests.p_partial, &tests.p_marginal, &tests.p_fine, &tests.p_both,
              &tests.log10_p_both, &tests.q_both, &tests.p_holm, &tests.p_both_negative})
            std::fill(values->begin(), values->end(), nan);
        std::fill(tests.sign.begin(), tests.sign.end(), std::int8_t{0});
        std::fill(tests.supported.begin(), tests.supported.end(), std::uint8_t{0});
        tests.tested = tests.supported_count = 0;
        if (session.shrinkage == 0 && session.computed != 0) {
            session.status = result.status;
            session.computed = 0;
        }
    }
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
