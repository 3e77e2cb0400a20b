#include "edge_session.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/connectome.hpp>
#include <rewire/calcium/displacement.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/calcium/shift_null.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/network/graph_metrics.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

namespace rewire::calibration {

namespace {

using calcium::EdgeTests;

constexpr auto levels = std::array{0.05, 0.01, 0.001, 0.0001};
constexpr auto level_of_discoveries = 0.05;

const auto go_on = calcium::Tick([](std::int64_t) { return true; });

using base::at;

double standard_deviation(const std::vector<double>& values)
{
    const auto n = static_cast<double>(values.size());
    const auto mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    auto squares = 0.0;
    for (const auto value : values)
        squares += (value - mean) * (value - mean);
    return std::sqrt(squares / n);
}

void append(const std::vector<double>& row, activity::Activity& activity)
{
    for (std::size_t t = 0; t < row.size(); ++t)
        if (row[t] != 0) {
            activity.frame.push_back(static_cast<std::int32_t>(t));
            activity.value.push_back(row[t]);
        }
    activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
}

std::vector<double> dense(const activity::ActivityView& activity)
{
    auto values = std::vector<double>(at(activity.neurons() * activity.frames), 0.0);
    for (std::int64_t n = 0; n < activity.neurons(); ++n) {
        const auto frames = activity.frames_of(n);
        for (std::size_t e = 0; e < frames.size(); ++e)
            values[at(n * activity.frames + frames[e])] = activity.values_of(n)[e];
    }
    return values;
}

/// Findings of one session, statistic by statistic.
class Collected
{
  public:
    explicit Collected(const PairTruth& truth) : truth_(truth) {}

    void add_rates(const std::string& statistic, const std::vector<double>& p)
    {
        for (const auto level : levels) {
            auto hits = 0.0;
            auto trials = 0.0;
            for (std::size_t pair = 0; pair < p.size(); ++pair) {
                if (truth_.unrelated[pair] == 0 || std::isnan(p[pair]))
                    continue;
                trials += 1;
                hits += p[pair] <= level ? 1 : 0;
            }
            findings_.push_back({statistic, Quantity::rate, level, hits, trials});
        }
    }

    /// Whether there is any among the unrelated pairs: p is adjusted for all of them.
    void add_family(const std::string& statistic, const std::vector<double>& p)
    {
        for (const auto level : levels) {
            auto any = false;
            auto possible = false;
            for (std::size_t pair = 0; pair < p.size(); ++pair) {
                possible = possible || truth_.unrelated[pair] != 0;
                any = any || (truth_.unrelated[pair] != 0 && p[pair] <= level);
            }
            findings_.push_back(
                {statistic, Quantity::rate, level, any ? 1.0 : 0.0, possible ? 1.0 : 0.0});
        }
    }

    void add_discoveries(const std::string& statistic, const std::vector<double>& q)
    {
        constexpr auto level = level_of_discoveries;
        auto found = 0.0;
        auto unplanted = 0.0;
        auto unrelated = 0.0;
        auto planted = 0.0;
        auto power = 0.0;
        for (std::size_t pair = 0; pair < q.size(); ++pair) {
            const auto discovered = q[pair] <= level;
            const auto real = truth_.planted[pair] != 0;
            planted += real ? 1 : 0;
            power += real && discovered ? 1 : 0;
            found += discovered ? 1 : 0;
            unplanted += discovered && !real ? 1 : 0;
            unrelated += discovered && truth_.unrelated[pair] != 0 ? 1 : 0;
        }
        const auto of_found = [&](double count) { return found > 0 ? count / found : 0.0; };
        findings_.push_back({statistic, Quantity::fdr, level, of_found(unplanted), 1});
        findings_.push_back(
            {statistic + ", unrelated", Quantity::fdr, level, of_found(unrelated), 1});
        findings_.push_back({statistic, Quantity::power, level, power, planted});
    }

    void add_value(const std::string& statistic, double value)
    {
        findings_.push_back({statistic, Quantity::value, 0, value, 1});
    }

    Findings take() { return std::move(findings_); }

  private:
    const PairTruth& truth_;
    Findings findings_;
};

std::vector<double> larger_of(const std::vector<double>& a, const std::vector<double>& b)
{
    auto larger = std::vector<double>{};
    std::transform(a.begin(), a.end(), b.begin(), std::back_inserter(larger),
                   [](double x, double y) { return std::max(x, y); });
    return larger;
}

std::int32_t segment_at(const EdgeSession& session, std::int64_t frame)
{
    return session.segment.empty() ? 0 : session.segment[at(frame)];
}

calcium::FrameCircles circles_of(const EdgeSession& session)
{
    auto label = std::vector<std::int32_t>{};
    const auto width = session.events.frames - session.smoothed.frames; // smoothing reaches so far
    for (std::int64_t t = 0; t < session.smoothed.frames; ++t) {
        const auto segment = segment_at(session, t);
        const auto out = !session.left_out.empty() && session.left_out[at(t)] != 0;
        const auto mixed = segment != segment_at(session, t + width);
        const auto state = session.state.empty() ? 0 : session.state[at(t)];
        label.push_back(out || mixed ? -1 : 2 * segment + state);
    }
    return calcium::circles_of(label);
}

/// Of the events' frames, between those that are left out and the ends of segments.
std::vector<base::Range> segments_of(const EdgeSession& session)
{
    const auto margin = (session.events.frames - session.smoothed.frames) / 2;
    auto segments = std::vector<base::Range>{};
    for (std::int64_t t = 0; t < session.events.frames; ++t) {
        const auto place = t - margin;
        const auto out = !session.left_out.empty() && place >= 0 &&
                         place < session.smoothed.frames && session.left_out[at(place)] != 0;
        const auto goes_on = !segments.empty() && segments.back().last == t &&
                             segment_at(session, t) == segment_at(session, t - 1);
        if (!out && goes_on)
            segments.back().last = t + 1;
        else if (!out)
            segments.push_back({t, t + 1});
    }
    return segments;
}

/// Tables and tests of a session, lower tails included.
struct SessionTiles
{
    calcium::ShiftMoments moments;
    std::vector<calcium::EdgeTile> tiles;
};

SessionTiles tiles_of(const EdgeSession& session, const calcium::FrameCircles& circles,
                      const calcium::CovariateView& covariates,
                      const std::vector<base::Range>& segments,
                      const calcium::EventJitterOptions& jitter_options)
{
    auto result =
        SessionTiles{*calcium::shift_moments_of(session.smoothed.view(), circles, covariates,
                                                {.skewness = calcium::Precision::single}, go_on),
                     {}};
    const auto& moments = result.moments;
    const auto jitter =
        calcium::event_jitter_of(session.events.view(), moments.active, segments, jitter_options);
    for (const auto& tile : calcium::pair_tiles(moments.active_count()))
        result.tiles.push_back(calcium::test_tile(moments, &jitter, tile, {.two_sided = true}));
    return result;
}

calcium::EventJitterOptions jitter_options_of(const EdgeSession& session)
{
    return {.window_frames = calcium::jitter_window_frames(session.rate_hz)};
}

void add_surrogates(Collected& findings, const EdgeSession& session, const EdgeMeasure& measure,
                    const calcium::FrameCircles& circles, std::uint64_t seed)
{
    auto options = calcium::ShiftNullOptions{.surrogates = measure.surrogates};
    if (measure.ledoit_wolf)
        options.shrinkage = {.kind = calcium::Shrinkage::Kind::ledoit_wolf,
                             .scale = calcium::MatrixScale::correlation,
                             .effective_frames =
                                 calcium::effective_frames_of(session.smoothed.view(), circles)};
    const auto plan =
        calcium::plan_shift_null(session.smoothed.view(), {}, {}, options, {.seed = seed});
    if (measure.ledoit_wolf)
        findings.add_value("intensity", plan.shrinkage);
    auto tally = calcium::empty_tally(plan);
    for (std::int64_t block = 0; block < plan.blocks(); ++block)
        add_to(tally, calcium::run_shift_block(plan, block, go_on).value());
    const auto null = calcium::finish_shift_null(plan, tally);
    findings.add_rates("p_value (surrogates)", null.p_value);
    findings.add_family("p_fwe (surrogates)", null.p_fwe);
    findings.add_discoveries("q_value (surrogates)", null.q_value);
}

void add_displaced(Collected& findings, const EdgeSession& session,
                   const calcium::DisplacementInput& input, const calcium::ShiftLags& lags,
                   std::uint64_t seed)
{
    const auto options =
        calcium::DisplacementOptions{.shortest_frames = std::llround(2 * session.rate_hz),
                                     .longest_frames = std::llround(10 * session.rate_hz),
                                     .lags = lags};
    auto tally = calcium::DisplacementTally{};
    for (std::int64_t draw = 0; draw < options.draws; ++draw)
        add_to(tally, *calcium::run_displacement(input, draw, options, {.seed = seed}, go_on));
    const auto control = calcium::finish_displacement(tally);
    const auto names = std::array{"p_partial", "p_marginal", "p_fine", "p_both"};
    for (std::size_t k = 0; k < names.size(); ++k)
        findings.add_value(std::string("displaced ") + names[k] + " at 0.05", control.rate[k]);
}

} // namespace

EdgeSession session_of(const Rows& events, PairTruth truth, const std::vector<double>& added)
{
    auto session = EdgeSession{};
    session.truth = std::move(truth);
    const auto frames = events.empty() ? 0 : static_cast<std::int64_t>(events[0].size());
    session.events.frames = frames;
    session.smoothed.frames = calcium::smoothed_frames(frames);
    for (const auto& row : events) {
        append(row, session.events);
        auto trace = calcium::smooth_events(row);
        const auto sd = added.empty() ? 0.0 : standard_deviation(trace);
        for (std::size_t t = 0; t < trace.size() && sd > 0; ++t)
            trace[t] += sd * added[t];
        append(trace, session.smoothed);
    }
    return session;
}

void take_out_cosines(EdgeSession& session, double period_frames)
{
    const auto frames = static_cast<double>(session.smoothed.frames);
    const auto count = static_cast<std::int64_t>(2 * frames / period_frames);
    for (std::int64_t k = 1; k <= count; ++k, ++session.covariate_count)
        for (std::int64_t t = 0; t < session.smoothed.frames; ++t)
            session.covariates.push_back(std::cos(std::numbers::pi * static_cast<double>(k) *
                                                  (static_cast<double>(t) + 0.5) / frames));
}

void take_out_with_lags(EdgeSession& session, const std::vector<std::uint8_t>& signal,
                        std::int64_t lags)
{
    const auto margin = (session.events.frames - session.smoothed.frames) / 2;
    const auto last = static_cast<std::int64_t>(signal.size()) - 1;
    for (auto lag = -lags; lag <= lags; ++lag, ++session.covariate_count)
        for (std::int64_t t = 0; t < session.smoothed.frames; ++t)
            session.covariates.push_back(
                signal[at(std::clamp<std::int64_t>(t + margin - lag, 0, last))]);
}

Findings measure_edges(const EdgeSession& session, const EdgeMeasure& measure, std::uint64_t seed)
{
    const auto circles = circles_of(session);
    const auto covariates = calcium::CovariateView{session.covariate_count, session.covariates};
    const auto segments = segments_of(session);
    const auto jitter_options = jitter_options_of(session);
    const auto [moments, tiles] = tiles_of(session, circles, covariates, segments, jitter_options);
    const auto tests = calcium::finish_edge_tests(moments, tiles, {});
    const auto two_sided = calcium::finish_edge_tests(moments, tiles, {.two_sided = true});
    const auto by_shift = larger_of(tests.p_partial, tests.p_marginal);

    auto findings = Collected(session.truth);
    findings.add_rates("p_partial", tests.p_partial);
    findings.add_rates("p_marginal", tests.p_marginal);
    findings.add_rates("p_fine", tests.p_fine);
    findings.add_rates("p_both", tests.p_both);
    findings.add_rates("p_both (shift)", by_shift);
    findings.add_rates("p_both (two-sided)", two_sided.p_both);
    findings.add_rates("p_both_negative", two_sided.p_both_negative);
    findings.add_family("p_holm", tests.p_holm);
    findings.add_family("p_holm (shift)", stats::holm(by_shift));
    findings.add_discoveries("q_both", tests.q_both);
    findings.add_discoveries("q_both (shift)", stats::benjamini_hochberg(by_shift));
    findings.add_discoveries("p_partial alone", stats::benjamini_hochberg(tests.p_partial));
    findings.add_discoveries("p_marginal alone", stats::benjamini_hochberg(tests.p_marginal));
    findings.add_discoveries("p_holm", tests.p_holm);
    findings.add_discoveries("q_both (two-sided)", two_sided.q_both);
    const auto network = network::graph_metrics(
        calcium::connectome_of(tests.partial_correlation).edge, session.smoothed.neurons());
    findings.add_value("density of the threshold", network.paper_density);
    findings.add_value("its transitivity", network.transitivity);
    findings.add_value("N / T_eff", tests.neurons_per_frame);
    findings.add_value("drive", tests.drive);
    findings.add_value("first component", moments.first_component);
    if (measure.surrogates > 0)
        add_surrogates(findings, session, measure, circles, seed);
    if (measure.displaced)
        add_displaced(findings, session,
                      {.activity = session.smoothed.view(),
                       .circles = circles,
                       .covariates = covariates,
                       .events = session.events.view(),
                       .segments = segments,
                       .jitter = jitter_options,
                       .active = moments.active},
                      moments.lags, seed);
    return findings.take();
}

Findings measure_study(const std::vector<EdgeSession>& sessions)
{
    auto truth = PairTruth{};
    auto p_both = std::vector<double>{};
    auto q_both = std::vector<double>{};
    auto p_holm = std::vector<double>{};
    const auto append = [](auto& all, const auto& more) {
        all.insert(all.end(), more.begin(), more.end());
    };
    for (const auto& session : sessions) {
        const auto [moments, tiles] =
            tiles_of(session, circles_of(session), {session.covariate_count, session.covariates},
                     segments_of(session), jitter_options_of(session));
        const auto tests = calcium::finish_edge_tests(moments, tiles, {});
        append(truth.planted, session.truth.planted);
        append(truth.unrelated, session.truth.unrelated);
        append(p_both, tests.p_both);
        append(q_both, tests.q_both);
        append(p_holm, tests.p_holm);
    }
    const auto family = stats::AdjustedFamily(p_both);
    auto q_study = std::vector<double>{};
    auto p_holm_study = std::vector<double>{};
    for (const auto p : p_both) {
        q_study.push_back(family.benjamini_hochberg(p));
        p_holm_study.push_back(family.holm(p));
    }
    auto findings = Collected(truth);
    findings.add_rates("p_both", p_both);
    findings.add_family("p_holm", p_holm);
    findings.add_family("p_holm_study", p_holm_study);
    findings.add_discoveries("q_both", q_both);
    findings.add_discoveries("q_study", q_study);
    findings.add_discoveries("p_holm", p_holm);
    findings.add_discoveries("p_holm_study", p_holm_study);
    return findings.take();
}

void write_session(const EdgeSession& session, hid_t group)
{
    io::write_index_axis(group, "neuron", session.events.neurons());
    io::write_index_axis(group, "frame", session.events.frames);
    io::write_index_axis(group, "smoothed_frame", session.smoothed.frames);
    io::write_index_axis(group, "pair", static_cast<std::int64_t>(session.truth.planted.size()));
    io::write_array(group, "events", dense(session.events.view()), {"neuron", "frame"});
    io::write_array(group, "smoothed", dense(session.smoothed.view()),
                    {"neuron", "smoothed_frame"});
    io::write_array(group, "planted", session.truth.planted, {"pair"});
    io::write_array(group, "unrelated", session.truth.unrelated, {"pair"});
}

} // namespace rewire::calibration
