// The scenarios of spike trains: pairs that share no more than slow rates, pairs that were jittered
// by the null itself, trials locked to a stimulus, and a few connections among many pairs.
#include "scenario.hpp"

#include <rewire/base/random.hpp>
#include <rewire/spikes/coincidence_test.hpp>
#include <rewire/spikes/correlogram.hpp>
#include <rewire/spikes/glmcc.hpp>
#include <rewire/spikes/jitter_monte_carlo.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <set>
#include <utility>

namespace rewire::calibration {

namespace {

constexpr auto units = std::int64_t{6};
constexpr auto recording_bins = std::int64_t{600'000}; ///< 10 min of ms
constexpr auto max_lag = std::int64_t{100};
constexpr auto surrogates = std::int64_t{199};
constexpr auto trials = std::int64_t{200};
constexpr auto trial_bins = std::int64_t{1000};

/// What all units of a data set share beside chance.
struct SpikeModel
{
    double rate_hz = 8;
    double modulation = 0;     ///< of all rates together, relative
    double period_ms = 10'000; ///< of the modulation
    double synchrony = 0;      ///< share of spikes that all units have within 2 ms
    bool jittered = false;     ///< the trains are then drawn from the null
    double transmission = 0;   ///< of spikes of unit 0 to 1 and of 2 to 3, after 3 ms
    double veto = 0; ///< of the same pairs: spikes that are lost 1 to 6 ms after one of the other
    /// Trials: rates have a bump of 10 ms at 300 ms, a gain that differs from trial to trial.
    bool trials = false;
    spikes::Jitter jitter = spikes::Jitter::interval;

    spikes::JitterSettings null() const
    {
        return {jitter, jitter == spikes::Jitter::dither ? 5 : 25};
    }
    bool has_connections() const { return transmission > 0 || veto > 0; }
};

using Train = std::set<std::int32_t>; ///< positions

double rate_at(const SpikeModel& model, std::int64_t position, double gain)
{
    const auto bin = model.trials ? position % (trial_bins + spikes::default_trial_gap) : position;
    const auto phase = 2 * std::numbers::pi * static_cast<double>(bin) / model.period_ms;
    const auto from_bump = (static_cast<double>(bin) - 300) / 10;
    const auto bump = model.trials ? 8 * std::exp(-0.5 * from_bump * from_bump) : 0.0;
    return 1e-3 * model.rate_hz * gain * (1 + model.modulation * std::sin(phase) + bump);
}

/// Of a unit, before synchrony and transmission.
Train background(const SpikeModel& model, const spikes::Timeline& timeline,
                 const std::vector<double>& gain, base::Stream& draw)
{
    auto train = Train{};
    for (std::size_t k = 0; k < timeline.segments.size(); ++k) {
        const auto& segment = timeline.segments[k];
        const auto largest =
            1e-3 * model.rate_hz * gain[k] * (1 + model.modulation + (model.trials ? 8 : 0));
        auto at = static_cast<double>(segment.first);
        while ((at += draw.exponential() / largest) < static_cast<double>(segment.last())) {
            const auto position = static_cast<std::int64_t>(at);
            if (draw.uniform() * largest < rate_at(model, position, gain[k]))
                train.insert(static_cast<std::int32_t>(position));
        }
    }
    return train;
}

void add_synchrony(const SpikeModel& model, std::vector<Train>& trains, base::Stream& draw)
{
    const auto events = std::llround(model.synchrony * static_cast<double>(trains[0].size()));
    for (std::int64_t event = 0; event < events; ++event) {
        const auto at = static_cast<std::int32_t>(draw.below(recording_bins - 4));
        for (auto& train : trains)
            train.insert(at + static_cast<std::int32_t>(draw.below(3)));
    }
}

void transmit(const SpikeModel& model, std::vector<Train>& trains, base::Stream& draw)
{
    for (const auto pre : {0U, 2U})
        for (const auto spike : trains[pre])
            if (draw.uniform() < model.transmission && spike + 3 < recording_bins)
                trains[pre + 1].insert(spike + 3);
}

void inhibit(const SpikeModel& model, std::vector<Train>& trains, base::Stream& draw)
{
    if (model.veto == 0)
        return;
    for (const auto pre : {0U, 2U})
        std::erase_if(trains[pre + 1], [&](std::int32_t spike) {
            const auto before = trains[pre].lower_bound(spike - 6);
            return before != trains[pre].end() && *before < spike && draw.uniform() < model.veto;
        });
}

spikes::Timeline timeline_of(const SpikeModel& model)
{
    if (model.trials)
        return spikes::trial_timeline(trials, trial_bins, spikes::nanoseconds_per_ms);
    const auto observed =
        std::array{spikes::TimeInterval{0, recording_bins * spikes::nanoseconds_per_ms}};
    return spikes::continuous_timeline(observed, spikes::nanoseconds_per_ms);
}

spikes::BinnedTrains binned_of(const spikes::Timeline& timeline, const std::vector<Train>& trains)
{
    auto result = spikes::BinnedTrains{.timeline = timeline};
    for (const auto& train : trains) {
        result.position.insert(result.position.end(), train.begin(), train.end());
        result.start.push_back(std::ssize(result.position));
        result.clipped.push_back(0);
    }
    return result;
}

spikes::BinnedTrains trains_of(const SpikeModel& model, std::uint64_t seed)
{
    const auto timeline = timeline_of(model);
    auto draw = base::Stream(seed, {base::key_of("spike trains")});
    auto gain = std::vector<double>(timeline.segments.size(), 1.0);
    if (model.trials)
        for (auto& one : gain)
            one = 0.5 + draw.uniform();
    auto trains = std::vector<Train>{};
    for (std::int64_t unit = 0; unit < units; ++unit)
        trains.push_back(background(model, timeline, gain, draw));
    add_synchrony(model, trains, draw);
    transmit(model, trains, draw);
    inhibit(model, trains, draw);
    auto result = binned_of(timeline, trains);
    if (!model.jittered)
        return result;
    const auto plan = spikes::JitterPlan(timeline, model.null(), max_lag);
    const auto jitterer = spikes::Jitterer(plan, result, {.seed = seed, .subject = 1});
    auto spikes = std::vector<std::int32_t>{};
    for (std::int64_t unit = 0; unit < units; ++unit) {
        jitterer.draw(unit, 0, spikes);
        trains[static_cast<std::size_t>(unit)] = {spikes.begin(), spikes.end()};
    }
    return binned_of(timeline, trains);
}

const std::array<double, 3> levels = {0.05, 0.01, 0.001};

/// p-values of true null hypotheses, at all levels.
/// @param smallest that the p-values can be: at lower levels there is nothing to see
void add_rates(Findings& findings, const std::string& statistic, const std::vector<double>& p,
               double smallest = 0)
{
    for (const auto level : levels) {
        if (level < smallest)
            continue;
        findings.push_back({statistic, Quantity::rate, level,
                            static_cast<double>(std::count_if(
                                p.begin(), p.end(), [&](double one) { return one <= level; })),
                            static_cast<double>(p.size())});
    }
}

/// Lags -10 .. 10 of [pairs, lags].
template <typename T>
std::vector<T> middle_of(const std::vector<T>& values, std::int64_t reach, std::int64_t lags)
{
    auto result = std::vector<T>{};
    const auto row = 2 * reach + 1;
    for (std::int64_t first = 0; first < std::ssize(values); first += row)
        result.insert(result.end(), values.begin() + first + reach - lags,
                      values.begin() + first + reach + lags + 1);
    return result;
}

/// Monte Carlo p.
struct DrawnP
{
    std::vector<double> direction; ///< of the largest deviation: [pairs, 2]
    std::vector<double> lag;       ///< of each lag but 0: [pairs, lags]
};
DrawnP monte_carlo(const spikes::JitterPlan& plan, const spikes::BinnedTrains& trains,
                   const spikes::PairTile& tile, const std::vector<std::int32_t>& count,
                   const std::vector<double>& expected, std::uint64_t seed)
{
    const auto settings =
        spikes::MonteCarloSettings{.jittered = spikes::JitteredTrain::postsynaptic};
    const auto jitterer = spikes::Jitterer(plan, trains, {.seed = seed});
    const auto tally = spikes::run_jitter_block(jitterer, trains, tile, {0, surrogates}, settings,
                                                middle_of(count, max_lag, settings.max_lag),
                                                middle_of(expected, max_lag, settings.max_lag),
                                                [](std::int64_t) { return true; });
    const auto p_of = [](std::int32_t larger) {
        return static_cast<double>(larger + 1) / static_cast<double>(surrogates + 1);
    };
    auto p = DrawnP{};
    for (const auto larger : tally->peak_at_least)
        p.direction.push_back(p_of(larger));
    const auto lags = 2 * settings.max_lag + 1;
    for (std::int64_t k = 0; k < std::ssize(tally->at_least); ++k)
        if (k % lags != settings.max_lag)
            p.lag.push_back(p_of(tally->at_least[static_cast<std::size_t>(k)]));
    return p;
}

/// Directions of the pairs of all units: 2 * pair for first -> second, the next for the other.
bool is_planted(const SpikeModel& model, std::size_t direction)
{
    // Pair (0, 1) is the first, (2, 3) follows (0, 1 .. 5) and (1, 2 .. 5).
    return model.has_connections() && (direction == 0 || direction == 2 * 9);
}

const char* name_of_lags(const SpikeModel& model)
{
    if (model.jitter == spikes::Jitter::pattern)
        return "p_lag (pattern)";
    return model.jitter == spikes::Jitter::dither ? "p_lag (dither)" : "p_lag";
}

/// Rates, false discoveries and power of one sign. @param real it is what was planted
void add_directions(Findings& findings, const SpikeModel& model, const std::vector<double>& p,
                    const std::string& p_name, const std::string& q_name, bool real)
{
    auto none = std::vector<double>{};  // of units without a connection
    auto other = std::vector<double>{}; // of a connection of the other sign
    for (std::size_t k = 0; k < p.size(); ++k)
        (is_planted(model, k) ? other : none).push_back(p[k]);
    add_rates(findings, p_name + " of a direction", none);
    if (model.has_connections() && !real)
        add_rates(findings, p_name + " beside the other sign", other);
    const auto q = stats::benjamini_hochberg(p);
    auto found = std::array{0.0, 0.0}; // false, true
    for (std::size_t k = 0; k < q.size(); ++k)
        if (q[k] <= 0.05)
            found[real && is_planted(model, k) ? 1 : 0] += 1;
    findings.push_back(
        {q_name, Quantity::fdr, 0.05, found[0] > 0 ? found[0] / (found[0] + found[1]) : 0, 1});
    if (real)
        findings.push_back({q_name, Quantity::power, 0.05, found[1], 2});
}

Findings measure(const SpikeModel& model, std::uint64_t seed)
{
    const auto trains = trains_of(model, seed);
    const auto go_on = [](std::int64_t) { return true; };
    const auto tile = spikes::PairTile{{0, units}, {0, units}};
    const auto plan = spikes::JitterPlan(trains.timeline, model.null(), max_lag);
    const auto raw = *spikes::count_tile(trains, tile, plan.reach(), go_on);
    const auto expected = *spikes::expected_tile(plan, trains, tile, raw, go_on);
    const auto count = middle_of(raw, plan.reach(), max_lag); // the dither looks beyond
    const auto settings = spikes::LagTestSettings{};
    const auto tests = *spikes::test_tile(plan, trains, tile, count, expected, settings, go_on);

    auto near = std::array<std::vector<double>, 2>{}; // peak, trough
    auto beyond = std::array<std::vector<double>, 2>{};
    auto direction = std::array<std::vector<double>, 2>{}; // strict, of a peak and a trough
    for (const auto& test : tests) {
        for (std::int64_t lag = -max_lag; lag <= max_lag; ++lag) {
            const auto at = static_cast<std::size_t>(max_lag + lag);
            if (lag == 0)
                continue;
            auto& p = std::abs(lag) <= settings.exact_lag ? near : beyond;
            p[0].push_back(test.lags.p_peak[at]);
            p[1].push_back(test.lags.p_trough[at]);
        }
        for (const auto* one : {&test.forward, &test.backward}) {
            direction[0].push_back(one->p_peak_strict);
            direction[1].push_back(one->p_trough_strict);
        }
    }

    auto findings = Findings{};
    if (!model.has_connections()) {
        const auto* name = name_of_lags(model);
        add_rates(findings, name, near[0]);
        add_rates(findings, std::string(name) + ", troughs", near[1]);
        add_rates(findings, "p_lag beyond 10 ms", beyond[0]);
    }
    if (!model.has_connections()) {
        const auto smallest = 1.0 / static_cast<double>(surrogates + 1);
        const auto drawn = monte_carlo(plan, trains, tile, count, expected, seed);
        add_rates(findings, "p_max_lag", drawn.direction, smallest);
        add_rates(findings, "p_monte_carlo", drawn.lag, smallest);
    }
    add_directions(findings, model, direction[0], "p_value", "q_value", model.transmission > 0);
    add_directions(findings, model, direction[1], "p_trough", "q_trough", model.veto > 0);
    return findings;
}

/// The same trains in ns, at random within their bins.
Findings measure_glmcc(const SpikeModel& model, std::uint64_t seed)
{
    const auto trains = trains_of(model, seed);
    auto draw = base::Stream(seed, {base::key_of("within bins")});
    auto exact = std::vector<std::vector<std::int64_t>>{};
    for (std::int64_t unit = 0; unit < units; ++unit) {
        auto& times = exact.emplace_back();
        for (const auto bin : trains.train(unit))
            times.push_back(
                static_cast<std::int64_t>((bin + draw.uniform()) * spikes::nanoseconds_per_ms));
    }
    auto findings = Findings{};
    const auto count = [&](const char* name, spikes::GlmccMode mode, double level) {
        const auto settings = spikes::GlmccSettings::with(mode, false);
        auto hits = 0.0;
        auto all = 0.0;
        for (std::size_t i = 0; i < exact.size(); ++i)
            for (auto j = i + 1; j < exact.size(); ++j) {
                const auto pair =
                    spikes::glmcc_pair(spikes::glmcc_events(exact[i], exact[j]), settings);
                hits += pair.forward.significant + pair.backward.significant;
                all += 2;
            }
        findings.push_back({name, Quantity::rate, level, hits, all});
    };
    count("significant (glm)", spikes::GlmccMode::glm, 1e-3);
    count("significant (lr)", spikes::GlmccMode::likelihood_ratio, 1e-4);
    return findings;
}

using Measure = Findings (*)(const SpikeModel&, std::uint64_t);

Scenario scenario(std::string name, std::string says, const SpikeModel& model, Measure measured,
                  std::int64_t data_sets, std::int64_t checked, std::vector<Band> bands)
{
    return {.family = "spikes",
            .name = std::move(name),
            .says = std::move(says),
            .seconds = 0.06,
            .data_sets = data_sets,
            .checked = checked,
            .measure = [=](std::uint64_t seed) { return measured(model, seed); },
            .bands = std::move(bands),
            .write = {}};
}

/// p-values of counts are conservative: rates from well below their level to no more than it.
std::vector<Band> conservative(const std::string& lag)
{
    auto bands = std::vector<Band>{{"p_value of a direction", Quantity::rate, 0.05, 0, 1},
                                   {"p_trough of a direction", Quantity::rate, 0.05, 0, 1},
                                   {"p_max_lag", Quantity::rate, 0.05, 0.7, 1.1},
                                   {"p_monte_carlo", Quantity::rate, 0.05, 0, 1.05},
                                   {"q_value", Quantity::fdr, 0.05, 0, 0.05},
                                   {"q_trough", Quantity::fdr, 0.05, 0, 0.05}};
    for (const auto level : levels) {
        bands.push_back({lag, Quantity::rate, level, 0, 1});
        bands.push_back({lag + ", troughs", Quantity::rate, level, 0, 1});
        bands.push_back({"p_lag beyond 10 ms", Quantity::rate, level, 0, 1});
    }
    return bands;
}

} // namespace

std::vector<Scenario> spike_scenarios()
{
    using spikes::Jitter;
    const auto glmcc = std::vector<Band>{{"significant (glm)", Quantity::rate, 1e-3, 0, 1.5},
                                         {"significant (lr)", Quantity::rate, 1e-4, 0, 3}};
    return {
        scenario("independent", "6 units x 10 min at 8 Hz, independent", {}, measure, 200, 20,
                 conservative("p_lag")),
        scenario("slow-rates", "all rates go up and down by 80 % together, in 10 s",
                 {.modulation = 0.8}, measure, 200, 20, conservative("p_lag")),
        scenario("faster-rates", "the same in 500 ms", {.modulation = 0.8, .period_ms = 500},
                 measure, 200, 0, {}),
        scenario("fast-rates", "the same in 100 ms: faster than windows of 25 ms keep",
                 {.modulation = 0.8, .period_ms = 100}, measure, 200, 0, {}),
        scenario("jittered",
                 "synchronous to 2 ms, then every spike anywhere in its window of 25 ms",
                 {.synchrony = 0.3, .jittered = true}, measure, 200, 20, conservative("p_lag")),
        // Surrogates displace spikes a second time, so that this is not the null of the dither.
        scenario("dithered",
                 "the same, every spike displaced by up to 5 ms around its place, tested by the "
                 "dither",
                 {.synchrony = 0.3, .jittered = true, .jitter = Jitter::dither}, measure, 200, 0,
                 {}),
        scenario("dither-slow-rates", "slow rates in common, tested by the dither",
                 {.modulation = 0.8, .jitter = Jitter::dither}, measure, 200, 20,
                 conservative("p_lag (dither)")),
        scenario("synchronous", "a tenth of the spikes of all units within 2 ms: no connection",
                 {.synchrony = 0.1}, measure, 200, 0, {}),
        scenario("connections", "2 of 30 directions transmit 5 % of the spikes, slow rates",
                 {.modulation = 0.8, .transmission = 0.05}, measure, 400, 12,
                 {{"q_value", Quantity::fdr, 0.05, 0, 0.05},
                  {"q_value", Quantity::power, 0.05, 0.8, 1},
                  {"p_trough of a direction", Quantity::rate, 0.05, 0, 1},
                  {"p_trough beside the other sign", Quantity::rate, 0.05, 0, 1},
                  {"q_trough", Quantity::fdr, 0.05, 0, 0.05}}),
        scenario("inhibition",
                 "2 of 30 directions take away 60 % of the spikes within 6 ms, slow rates",
                 {.rate_hz = 20, .modulation = 0.8, .veto = 0.6}, measure, 200, 12,
                 {{"q_trough", Quantity::fdr, 0.05, 0, 0.05},
                  {"q_trough", Quantity::power, 0.05, 0.8, 1},
                  {"p_value of a direction", Quantity::rate, 0.05, 0, 1},
                  {"p_value beside the other sign", Quantity::rate, 0.05, 0, 1},
                  {"q_value", Quantity::fdr, 0.05, 0, 0.05}}),
        scenario("stimulus", "200 trials, a response of 10 ms that all units have, gain by trial",
                 {.rate_hz = 20, .trials = true, .jitter = Jitter::pattern}, measure, 200, 12,
                 conservative("p_lag (pattern)")),
        scenario("stimulus-interval", "the same by interval jitter, which does not keep it",
                 {.rate_hz = 20, .trials = true}, measure, 200, 0, {}),
        scenario("glmcc-independent", "6 units x 10 min at 8 Hz, independent", {}, measure_glmcc,
                 600, 60, glmcc),
        scenario("glmcc-slow-rates", "all rates go up and down by 80 % together, in 10 s",
                 {.modulation = 0.8}, measure_glmcc, 600, 0, glmcc),
        scenario("glmcc-fast-rates", "the same in 100 ms", {.modulation = 0.8, .period_ms = 100},
                 measure_glmcc, 600, 0, {}),
    };
}

} // namespace rewire::calibration
