// The scenarios of the movement test: rates and bouts, each of which may change over a session.
#include "edge_session.hpp"

#include <rewire/base/random.hpp>
#include <rewire/behaviour/epoch_shuffles.hpp>
#include <rewire/behaviour/movement_test.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace rewire::calibration {

namespace {

constexpr auto neurons = std::int64_t{20};
constexpr auto frames = std::int64_t{16'804};
constexpr auto shuffles = std::int64_t{4'999};
constexpr auto published_level = 0.995;

struct MovementModel
{
    bool rates_fall = false;       ///< by 40 %
    bool bouts_thin = false;       ///< a bout in 6 s at first, in 18 s at last
    std::int64_t block_frames = 0; ///< shuffles stay within such blocks
    std::int64_t related = 0;      ///< the first neurons have 1.8 times their rate in movement
};

/// 1 in bouts of 1 to 3 s.
std::vector<std::uint8_t> bouts_of(const MovementModel& model, std::uint64_t seed)
{
    auto stream = base::Stream(seed, {base::key_of("bouts")});
    auto moving = std::vector<std::uint8_t>(static_cast<std::size_t>(frames), 0);
    for (std::int64_t t = 0;;) {
        const auto passed = static_cast<double>(t) / static_cast<double>(frames);
        const auto pause_s = model.bouts_thin ? 6 + 12 * passed : 10.0;
        const auto first = t + std::llround(28 * pause_s * (0.2 + 0.8 * stream.exponential()));
        const auto last = first + std::llround(28 * (1 + 2 * stream.uniform()));
        if (last >= frames)
            return moving;
        std::fill(moving.begin() + first, moving.begin() + last, std::uint8_t{1});
        t = last + 1;
    }
}

EventModel events_in(const MovementModel& model, const std::vector<std::uint8_t>& moving)
{
    auto events = EventModel{.neurons = neurons, .frames = frames};
    events.rate = [=](const EventModel&, std::uint64_t) {
        return [=](std::int32_t n, std::int64_t t) {
            const auto passed = static_cast<double>(t) / static_cast<double>(frames);
            const auto gain = n < model.related && moving[static_cast<std::size_t>(t)] != 0;
            return 0.014 * (gain ? 1.8 : 1.0) * (model.rates_fall ? 1.25 - 0.5 * passed : 1.0);
        };
    };
    return events;
}

Findings measure(const MovementModel& model, std::uint64_t seed)
{
    const auto moving = bouts_of(model, seed);
    const auto session = session_of(events_of(events_in(model, moving), seed), {});
    const auto epochs = behaviour::on_smoothed_axis(behaviour::epochs_of_mask(moving));
    const auto masks = behaviour::shuffled_masks(epochs, behaviour::ShuffleUnits::runs,
                                                 {.seed = seed}, {0, shuffles}, model.block_frames);
    const auto all = base::Range{0, neurons};
    const auto relation = behaviour::relation_of(
        behaviour::count_shuffles(session.smoothed.view(), epochs, masks, all),
        behaviour::movement_activity(session.smoothed.view(), epochs, all), shuffles,
        std::array{published_level});
    const auto q = stats::benjamini_hochberg(relation.p_value);

    auto findings = Findings{};
    const auto unrelated = static_cast<double>(neurons - model.related);
    const auto count = [&](const std::vector<double>& p, double level, std::int64_t first,
                           std::int64_t last) {
        return static_cast<double>(std::count_if(p.begin() + first, p.begin() + last,
                                                 [&](double value) { return value <= level; }));
    };
    for (const auto* name : {"p_value", "p_value_quiescent"})
        for (const auto level : {0.05, 0.01, 0.001}) {
            const auto& p =
                name == std::string("p_value") ? relation.p_value : relation.p_value_quiescent;
            findings.push_back(
                {name, Quantity::rate, level, count(p, level, model.related, neurons), unrelated});
        }
    const auto above = std::count(relation.movement_related.begin() + model.related,
                                  relation.movement_related.end(), 1);
    findings.push_back({"movement_related (rank)", Quantity::rate, 1 - published_level,
                        static_cast<double>(above), unrelated});
    const auto found = count(q, 0.05, 0, neurons);
    const auto wrong = count(q, 0.05, model.related, neurons);
    findings.push_back({"q_value", Quantity::fdr, 0.05, found > 0 ? wrong / found : 0, 1});
    findings.push_back({"q_value", Quantity::power, 0.05, count(q, 0.05, 0, model.related),
                        static_cast<double>(model.related)});
    findings.push_back(
        {"bouts", Quantity::value, 0, static_cast<double>(epochs.movements.size()), 1});
    return findings;
}

Scenario scenario(std::string name, std::string says, const MovementModel& model,
                  std::int64_t data_sets, std::int64_t checked, std::vector<Band> bands)
{
    return {.family = "movement",
            .name = std::move(name),
            .says = std::move(says),
            .seconds = 0.05,
            .data_sets = data_sets,
            .checked = checked,
            .measure = [=](std::uint64_t seed) { return measure(model, seed); },
            .bands = std::move(bands),
            .write = {}};
}

} // namespace

std::vector<Scenario> movement_scenarios()
{
    const auto exact = std::vector<Band>{{"p_value", Quantity::rate, 0.05, 0.9, 1.1},
                                         {"p_value", Quantity::rate, 0.01, 0.85, 1.15},
                                         {"p_value_quiescent", Quantity::rate, 0.05, 0.9, 1.1}};
    auto with_related = exact;
    with_related.push_back({"q_value", Quantity::fdr, 0.05, 0, 0.05});
    return {
        scenario("steady", "20 neurons x 10 min, rates do not know of movement", {}, 600, 60,
                 exact),
        scenario("related", "a quarter of the neurons has 1.8 x the rate in movement",
                 {.related = 5}, 1'000, 0, with_related),
        scenario("rates-fall", "all rates fall by 40 %", {.rates_fall = true}, 1'000, 0, exact),
        scenario("bouts-thin", "bouts of movement thin out to a third", {.bouts_thin = true}, 1'000,
                 0, exact),
        scenario("both-fall", "rates fall by 40 % while bouts thin out to a third",
                 {.rates_fall = true, .bouts_thin = true}, 1'000, 0, {}),
        scenario("both-fall-blocks", "the same, shuffled within blocks of 2 min",
                 {.rates_fall = true, .bouts_thin = true, .block_frames = 3'360}, 1'000, 100,
                 {{"p_value", Quantity::rate, 0.05, 0.85, 1.2}}),
    };
}

} // namespace rewire::calibration
