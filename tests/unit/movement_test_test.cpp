#include "epoch_reference.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/behaviour/movement_test.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>

using namespace rewire;
using namespace rewire::behaviour;
using base::Range;
using testing::ElementsAre;

namespace {

constexpr auto both_units = {ShuffleUnits::runs, ShuffleUnits::frames};

std::vector<std::uint8_t> random_mask(base::Stream& stream, std::int64_t frames)
{
    auto mask = std::vector<std::uint8_t>(static_cast<std::size_t>(frames));
    auto moving = stream.uniform() < 0.5;
    for (auto& value : mask) {
        moving = stream.uniform() < 0.15 ? !moving : moving;
        value = moving ? 1 : 0;
    }
    return mask;
}

/// Mostly zeros, some negative, some repeated, so that ties do happen.
std::vector<double> random_activity(base::Stream& stream, std::int64_t neurons, std::int64_t frames)
{
    auto values = std::vector<double>(static_cast<std::size_t>(neurons * frames));
    for (auto& value : values)
        if (stream.uniform() < 0.3)
            value = stream.uniform() < 0.5 ? 0.25 * static_cast<double>(stream.below(4))
                                           : stream.normal();
    return values;
}

std::vector<std::int64_t> run_lengths(const std::vector<std::uint8_t>& mask)
{
    auto lengths = std::vector<std::int64_t>{};
    for (const auto& run : epochs_of_mask(mask).movements)
        lengths.push_back(run.size());
    return lengths;
}

std::string text_of(const ShuffledMasks& masks, std::int64_t shuffle)
{
    auto text = std::string{};
    for (const auto value : test::mask_of_shuffle(masks, shuffle))
        text += value != 0 ? 'M' : 'q';
    return text;
}

} // namespace

TEST(EpochShuffles, KeepEveryMovementWhole)
{
    const auto epochs = epochs_of_mask({{1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0}});

    for (const auto units : both_units) {
        const auto masks = shuffled_masks(epochs, units, {5, 1, 2}, {0, 300});

        ASSERT_EQ(masks.shuffles(), 300);
        for (auto shuffle = 0; shuffle < 300; ++shuffle) {
            const auto mask = test::mask_of_shuffle(masks, shuffle);
            const auto lengths = run_lengths(mask);
            // 3, 1 and 2 frames, of which some may have become neighbours.
            EXPECT_EQ(std::count(mask.begin(), mask.end(), 1), 6);
            EXPECT_LE(lengths.size(), 3U);
            EXPECT_EQ(masks.edges_of(shuffle).size(), 2 * lengths.size());
            EXPECT_TRUE(std::ranges::is_sorted(masks.edges_of(shuffle), std::ranges::less_equal{}));
        }
    }
}

TEST(EpochShuffles, AShuffleDoesNotDependOnItsNeighbours)
{
    auto stream = base::Stream(3, {1});
    const auto epochs = epochs_of_mask(random_mask(stream, 500));
    for (const auto units : both_units) {
        const auto all = shuffled_masks(epochs, units, {5, 1, 2}, {0, 40});
        const auto alone = shuffled_masks(epochs, units, {5, 1, 2}, {37, 38});
        const auto other_session = shuffled_masks(epochs, units, {5, 1, 3}, {37, 38});

        EXPECT_EQ(test::mask_of_shuffle(all, 37), test::mask_of_shuffle(alone, 0));
        EXPECT_NE(test::mask_of_shuffle(all, 37), test::mask_of_shuffle(all, 36));
        EXPECT_NE(test::mask_of_shuffle(all, 37), test::mask_of_shuffle(other_session, 0));
    }
}

TEST(EpochShuffles, EveryOrderIsEquallyLikely)
{
    // Units of `runs`: Q2 M1 Q1 M2 - 4! orders, all masks counted by their own number of orders.
    // Units of `frames`: Q Q M1 Q M2 - 5! orders of which 3! exchange quiescent frames.
    const auto epochs = epochs_of_mask({{0, 0, 1, 0, 1, 1}});
    constexpr auto draws = 24000;
    const auto orders_of = [](ShuffleUnits units) { return units == ShuffleUnits::runs ? 4 : 5; };
    for (const auto units : both_units) {
        auto order = std::vector<std::int32_t>(static_cast<std::size_t>(orders_of(units)));
        std::iota(order.begin(), order.end(), 0);
        auto expected = std::map<std::string, double>{};
        auto orders = 0.0;
        do {
            ++expected[text_of(masks_of_orders(epochs, units, order), 0)];
            ++orders;
        } while (std::next_permutation(order.begin(), order.end()));

        const auto masks = shuffled_masks(epochs, units, {11, 0, 0}, {0, draws});

        auto seen = std::map<std::string, double>{};
        for (auto shuffle = 0; shuffle < draws; ++shuffle)
            ++seen[text_of(masks, shuffle)];
        ASSERT_EQ(seen.size(), expected.size());
        auto chi_squared = 0.0;
        for (const auto& [mask, count] : expected) {
            const auto mean = count / orders * draws;
            chi_squared += (seen[mask] - mean) * (seen[mask] - mean) / mean;
        }
        EXPECT_LT(chi_squared, 45) << "over " << expected.size() << " masks"; // 23 df: p < 0.004
    }
}

TEST(EpochShuffles, SessionsWithOneKindOnlyOrWithoutFrames)
{
    for (const auto units : both_units) {
        EXPECT_EQ(shuffled_masks(epochs_of_mask({}), units, {}, {0, 2}).shuffles(), 2);
        const auto still = shuffled_masks(Epochs{5, {}}, units, {}, {0, 1});
        const auto moving = shuffled_masks(Epochs{5, {{0, 5}}}, units, {}, {0, 1});

        EXPECT_TRUE(still.edge.empty());
        EXPECT_THAT(moving.edge, ElementsAre(0, 5));
    }
}

TEST(EpochShuffles, DistinctMasksAreTheReciprocalOfTheChanceToDrawTheMaskItself)
{
    // Lengths all different; some equal; a movement at the start, at both ends, alone; one kind.
    const auto masks = std::vector<std::vector<std::uint8_t>>{{0, 0, 1, 0, 1, 1},
                                                              {0, 1, 0, 0, 1, 1, 0, 0},
                                                              {1, 0, 1, 0},
                                                              {1, 0, 0, 1, 1},
                                                              {0, 1, 0, 1, 0, 1, 0},
                                                              {0, 0, 1, 1, 0},
                                                              {0, 0, 0, 1, 0},
                                                              {1, 1},
                                                              {0, 0, 0},
                                                              {1, 0, 0, 0, 1, 0, 1}};
    for (const auto& mask : masks)
        for (const auto units : both_units) {
            const auto epochs = epochs_of_mask(mask);
            const auto runs = 2 * epochs.movements.size() + (mask.front() == 0 ? 1 : 0) -
                              (!epochs.movements.empty() && mask.back() != 0 ? 1 : 0);
            const auto quiet = mask.size() - static_cast<std::size_t>(epochs.movement_frames());
            auto order = std::vector<std::int32_t>(
                units == ShuffleUnits::runs ? runs : quiet + epochs.movements.size());
            std::iota(order.begin(), order.end(), 0);
            auto same = 0.0;
            auto all = 0.0;
            do {
                const auto drawn = test::mask_of_shuffle(masks_of_orders(epochs, units, order), 0);
                same += drawn == mask ? 1 : 0;
                ++all;
            } while (std::next_permutation(order.begin(), order.end()));

            EXPECT_DOUBLE_EQ(distinct_masks(epochs, units), all / same)
                << testing::PrintToString(mask);
        }
}

TEST(EpochShuffles, DistinctMasksByHandAndWithoutEnd)
{
    const auto two_of_each = Epochs{20, {{0, 3}, {10, 13}}}; // 3 7 3 7: 4! / (2! 2!)
    EXPECT_EQ(distinct_masks(two_of_each, ShuffleUnits::runs), 6);
    EXPECT_EQ(distinct_masks(two_of_each, ShuffleUnits::frames), 120); // 16 over 2
    EXPECT_EQ(distinct_masks(Epochs{}, ShuffleUnits::runs), 1);
    EXPECT_EQ(distinct_masks(Epochs{9, {}}, ShuffleUnits::frames), 1);
    EXPECT_EQ(distinct_masks({40000, {{100, 200}}}, ShuffleUnits::frames), 39901);
    EXPECT_EQ(distinct_masks({44000, {{0, 1}, {9, 10}}}, ShuffleUnits::frames),
              967978000); // n n-1 / 2
    EXPECT_EQ(distinct_masks({45000, {{0, 1}, {9, 10}}}, ShuffleUnits::frames), many_masks);
    EXPECT_EQ(distinct_masks({2000000000, {{0, 7}}}, ShuffleUnits::frames), many_masks);

    auto many = Epochs{60000, {}};
    for (auto run = std::int64_t{0}; run < 100; ++run)
        many.movements.push_back({run * 500, run * 500 + 20 + run});
    EXPECT_EQ(distinct_masks(many, ShuffleUnits::runs), many_masks);
    EXPECT_EQ(distinct_masks(many, ShuffleUnits::frames), many_masks);
}

TEST(EpochShuffles, NoNeuronRanksAboveWhatTheMasksAllow)
{
    // All activity lies in the movements: every other mask scores less.
    const auto epochs = Epochs{20, {{0, 3}, {10, 13}}};
    auto values = std::vector<double>(20);
    for (const auto& run : epochs.movements)
        std::fill(values.begin() + run.first, values.begin() + run.last, 1.0);
    constexpr auto shuffles = 20000;
    const auto activity = test::sparse_of(values, 20);

    for (const auto units : both_units) {
        const auto counts =
            count_shuffles(activity.view(), epochs,
                           shuffled_masks(epochs, units, {1, 2, 3}, {0, shuffles}), {0, 1});
        const auto relation =
            relation_of(counts, movement_activity(activity.view(), epochs, {0, 1}), shuffles, {});

        // 6 and 120 masks: five standard errors of the share of ties, halved.
        const auto share = 1 / distinct_masks(epochs, units);
        EXPECT_NEAR(relation.p_rank.front(), largest_p_rank(epochs, units, shuffles),
                    2.5 * std::sqrt(share / shuffles));
    }
    EXPECT_NEAR(largest_p_rank(epochs, ShuffleUnits::runs, 1000000), 11.0 / 12, 1e-6);
    EXPECT_DOUBLE_EQ(largest_p_rank({9, {}}, ShuffleUnits::runs, 999), 500.5 / 1000);
}

TEST(EpochShuffles, OrdersHaveToBePermutations)
{
    const auto epochs = epochs_of_mask({{0, 1, 0}});
    const auto order = [&](std::vector<std::int32_t> units) {
        return masks_of_orders(epochs, ShuffleUnits::runs, units);
    };

    EXPECT_THAT(order({1, 0, 2, 2, 0, 1}).edge, ElementsAre(0, 1, 2, 3));
    EXPECT_THROW(order({0, 0, 2}), base::InputError);
    EXPECT_THROW(order({0, 1, 3}), base::InputError);
    EXPECT_THROW(order({0, -1, 2}), base::InputError);
    EXPECT_THROW(order({0, 1}), base::InputError);
}

TEST(MovementTest, CountsAgreeWithTheSlowKernel)
{
    auto stream = base::Stream(8, {2});
    for (const auto neurons : {0, 1, 2, 7, 8, 9, 17})
        for (const auto frames : {1, 2, 5, 257, 600})
            for (const auto units : both_units) {
                SCOPED_TRACE(testing::Message() << neurons << " neurons, " << frames << " frames");
                const auto epochs = epochs_of_mask(random_mask(stream, frames));
                const auto values = random_activity(stream, neurons, frames);
                auto sparse = test::sparse_of(values, frames);
                sparse.start.resize(static_cast<std::size_t>(neurons) + 1);
                const auto dense = test::frame_major<double>(values, frames);
                const auto masks = shuffled_masks(epochs, units, {1, 2, 3}, {0, 33});
                const auto view = activity::DenseActivityView<double>{frames, neurons, dense};

                const auto counts = count_shuffles(sparse.view(), epochs, masks, {0, neurons});
                const auto of_dense = count_shuffles(view, epochs, masks, {0, neurons});

                const auto expected = test::slow_counts(values, epochs, masks);
                EXPECT_EQ(counts.less, expected.less);
                EXPECT_EQ(counts.equal, expected.equal);
                EXPECT_EQ(of_dense.less, expected.less);
                EXPECT_EQ(of_dense.equal, expected.equal);
            }
}

TEST(MovementTest, LongSessionsAreCutInStripsWithoutATrace)
{
    auto stream = base::Stream(8, {5});
    for (const auto frames : {8191, 8192, 8193, 20000})
        for (const auto units : both_units) {
            SCOPED_TRACE(frames);
            auto mask = std::vector<std::uint8_t>(static_cast<std::size_t>(frames));
            std::fill(mask.begin() + 3000, mask.begin() + 7000, std::uint8_t{1});
            mask.front() = mask.back() = mask[10] = 1;
            const auto epochs = epochs_of_mask(mask);
            const auto values = random_activity(stream, 3, frames);
            const auto sparse = test::sparse_of(values, frames);
            const auto dense = test::frame_major<double>(values, frames);
            const auto masks = shuffled_masks(epochs, units, {1, 2, 3}, {0, 20});

            const auto counts = count_shuffles(sparse.view(), epochs, masks, {0, 3});
            const auto of_dense = count_shuffles(
                activity::DenseActivityView<double>{frames, 3, dense}, epochs, masks, {0, 3});

            const auto expected = test::slow_counts(values, epochs, masks);
            EXPECT_EQ(counts.less, expected.less);
            EXPECT_EQ(counts.equal, expected.equal);
            EXPECT_EQ(of_dense.less, expected.less);
            EXPECT_EQ(of_dense.equal, expected.equal);
        }
}

TEST(MovementTest, BlocksOfNeuronsAndShufflesAddUp)
{
    auto stream = base::Stream(8, {3});
    const auto epochs = epochs_of_mask(random_mask(stream, 400));
    const auto values = random_activity(stream, 20, 400);
    const auto sparse = test::sparse_of(values, 400);
    const auto key = ShuffleKey{1, 2, 3};
    const auto masks = [&](Range shuffles) {
        return shuffled_masks(epochs, ShuffleUnits::runs, key, shuffles);
    };

    auto first = count_shuffles(sparse.view(), epochs, masks({0, 13}), {0, 11});
    auto rest = count_shuffles(sparse.view(), epochs, masks({0, 13}), {11, 20});
    first += count_shuffles(sparse.view(), epochs, masks({13, 50}), {0, 11});
    rest += count_shuffles(sparse.view(), epochs, masks({13, 50}), {11, 20});

    const auto whole = count_shuffles(sparse.view(), epochs, masks({0, 50}), {0, 20});
    first.less.insert(first.less.end(), rest.less.begin(), rest.less.end());
    first.equal.insert(first.equal.end(), rest.equal.begin(), rest.equal.end());
    EXPECT_EQ(first.less, whole.less);
    EXPECT_EQ(first.equal, whole.equal);
    EXPECT_THROW(first += rest, base::InputError);
}

TEST(MovementTest, FloatAndDoubleOfTheSameValuesAgree)
{
    auto stream = base::Stream(8, {4});
    const auto epochs = epochs_of_mask(random_mask(stream, 300));
    auto values = random_activity(stream, 5, 300);
    for (auto& value : values)
        value = static_cast<double>(static_cast<float>(value));
    const auto floats = test::frame_major<float>(values, 300);
    const auto doubles = test::frame_major<double>(values, 300);
    const auto masks = shuffled_masks(epochs, ShuffleUnits::frames, {1, 2, 3}, {0, 50});

    const auto of_floats =
        count_shuffles(activity::DenseActivityView<float>{300, 5, floats}, epochs, masks, {0, 5});
    const auto of_doubles =
        count_shuffles(activity::DenseActivityView<double>{300, 5, doubles}, epochs, masks, {0, 5});

    EXPECT_EQ(of_floats.less, of_doubles.less);
    EXPECT_EQ(of_floats.equal, of_doubles.equal);
}

TEST(MovementTest, TiesDoNotDependOnTheScaleOrTheRoundingOfTheActivity)
{
    // 0.1 + 0.2 against 0.3: the same up to rounding, in a trace that may be large or small.
    const auto epochs = epochs_of_mask({{1, 1, 0, 0}});
    const auto order = std::vector<std::int32_t>{1, 0}; // movement to the end
    const auto masks = masks_of_orders(epochs, ShuffleUnits::runs, order);
    for (const auto scale : {1.0, 1e-300, 1e300, -1e-7}) {
        const auto values = std::vector<double>{0.1 * scale, 0.2 * scale, 0.3 * scale, 0.0};
        const auto sparse = test::sparse_of(values, 4);

        const auto counts = count_shuffles(sparse.view(), epochs, masks, {0, 1});

        EXPECT_THAT(counts.equal, ElementsAre(1)) << scale;
        EXPECT_THAT(counts.less, ElementsAre(0)) << scale;
    }
}

TEST(MovementTest, RanksAndValuesByHand)
{
    // 9 shuffles; neuron 0 beats 7 and ties with 2, neuron 1 loses to all, neuron 2 is not finite.
    const auto counts = ShuffleCounts{{7, 0, 0}, {2, 0, 0}};
    const auto activity = MovementActivity{{0.5, 0.1, std::nan("")}, {1, 1, 0}};
    const auto levels = std::vector<double>{0.8, 0.9, 0.85};

    const auto relation = relation_of(counts, activity, 9, levels);

    EXPECT_DOUBLE_EQ(relation.p_rank[0], 0.9);
    EXPECT_DOUBLE_EQ(relation.p_rank[1], 0.1);
    EXPECT_DOUBLE_EQ(relation.p_value[0], 0.3);
    EXPECT_DOUBLE_EQ(relation.p_value[1], 1.0);
    EXPECT_DOUBLE_EQ(relation.p_value_quiescent[0], 1.0);
    EXPECT_DOUBLE_EQ(relation.p_value_quiescent[1], 0.1);
    EXPECT_TRUE(std::isnan(relation.p_rank[2]));
    EXPECT_TRUE(std::isnan(relation.p_value[2]));
    EXPECT_TRUE(std::isnan(relation.p_value_quiescent[2]));
    EXPECT_THAT(relation.movement_related, ElementsAre(1, 0, 0, 0, 0, 0, 1, 0, 0));
    // 0.1 < 1 - 0.9 must not hold by rounding.
    EXPECT_THAT(relation.quiescent_related, ElementsAre(0, 1, 0, 0, 0, 0, 0, 1, 0));
}

TEST(MovementTest, NoMovementSilenceAndNan)
{
    constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
    const auto values = std::vector<double>{1, 2, 3, 0, 0, 0, 1, nan, 2};
    const auto sparse = test::sparse_of(values, 3);
    const auto still = epochs_of_mask({{0, 0, 0}});
    const auto moving = epochs_of_mask({{0, 1, 1}});
    const auto levels = std::vector<double>{0.6};
    for (const auto units : both_units) {
        const auto none = shuffled_masks(still, units, {}, {0, 9});
        const auto some = shuffled_masks(moving, units, {}, {0, 9});

        const auto without = movement_activity(sparse.view(), still, {0, 3});
        const auto with = movement_activity(sparse.view(), moving, {0, 3});
        const auto relation =
            relation_of(count_shuffles(sparse.view(), still, none, {0, 3}), without, 9, levels);
        const auto counts = count_shuffles(sparse.view(), moving, some, {0, 3});

        EXPECT_THAT(without.mean, testing::Each(testing::IsNan()));
        EXPECT_THAT(with.mean, ElementsAre(2.5, 0, testing::IsNan()));
        EXPECT_THAT(with.finite, ElementsAre(1, 1, 0));
        EXPECT_THAT(relation.p_rank, ElementsAre(0.55, 0.55, testing::IsNan()));
        EXPECT_THAT(relation.movement_related, testing::Each(0));
        EXPECT_EQ(counts.equal[1], 9); // silent: every shuffle ties
        EXPECT_EQ(counts.less[2] + counts.equal[2], 0);
    }
}

TEST(MovementTest, SaysWhatDoesNotFit)
{
    const auto sparse = test::sparse_of({1, 2, 3}, 3);
    const auto epochs = epochs_of_mask({{0, 1, 0, 0}});
    const auto masks = shuffled_masks(epochs, ShuffleUnits::runs, {}, {0, 1});
    const auto activity = MovementActivity{{1}, {1}};
    const auto levels = std::vector<double>{0.995};

    EXPECT_THROW(count_shuffles(sparse.view(), epochs, masks, {0, 1}), base::InputError);
    EXPECT_THROW(relation_of({{0}, {0}}, activity, 0, levels), base::InputError);
    EXPECT_THROW(relation_of({{0, 0}, {0, 0}}, activity, 9, levels), base::InputError);
    EXPECT_THROW(relation_of({{0}, {0}}, activity, 9, std::vector<double>{0.005}),
                 base::InputError);
}

namespace {

/// Activity in runs (calcium does not come sample by sample), independent of movement but for
/// `gain` more of it in movement frames.
std::vector<double> bursts(base::Stream& stream, const std::vector<std::uint8_t>& mask, double gain)
{
    auto values = std::vector<double>(mask.size());
    auto level = 0.0;
    for (std::size_t frame = 0; frame < mask.size(); ++frame) {
        level = 0.7 * level + (stream.uniform() < 0.05 ? stream.exponential() : 0.0);
        values[frame] = level + gain * mask[frame] * stream.exponential();
    }
    return values;
}

double p_of_simulated(std::uint64_t seed, ShuffleUnits units, double gain)
{
    auto stream = base::Stream(seed, {77});
    // A stretch of time turned by a random amount: where the movements lie says nothing.
    const auto mask = random_mask(stream, 600);
    const auto epochs = epochs_of_mask(mask);
    const auto values = bursts(stream, mask, gain);
    const auto sparse = test::sparse_of(values, 600);
    const auto masks = shuffled_masks(epochs, units, {seed, 0, 0}, {0, 199});
    const auto levels = std::vector<double>{0.95};

    const auto counts = count_shuffles(sparse.view(), epochs, masks, {0, 1});
    return relation_of(counts, movement_activity(sparse.view(), epochs, {0, 1}), 199, levels)
        .p_value[0];
}

double share_below(double alpha, ShuffleUnits units, double gain, int seeds)
{
    auto below = 0;
    for (auto seed = 1; seed <= seeds; ++seed)
        below += p_of_simulated(static_cast<std::uint64_t>(seed), units, gain) <= alpha ? 1 : 0;
    return static_cast<double>(below) / seeds;
}

} // namespace

TEST(MovementTest, IndependentNeuronsAreFoundNoMoreOftenThanTheLevelSays)
{
    constexpr auto seeds = 1500;
    for (const auto alpha : {0.01, 0.05, 0.2}) {
        const auto share = share_below(alpha, ShuffleUnits::runs, 0, seeds);

        EXPECT_LE(share, alpha + 3 * std::sqrt(alpha * (1 - alpha) / seeds)) << alpha;
        EXPECT_GT(share, 0) << alpha;
    }
}

TEST(MovementTest, PlantedNeuronsAreFound)
{
    for (const auto units : both_units)
        EXPECT_GT(share_below(0.05, units, 0.4, 100), 0.95);
}

TEST(TimeBlocks, AreOfWholeRunsAndCoverTheSession)
{
    const auto epochs = Epochs{100, {{5, 10}, {30, 35}, {60, 62}, {95, 100}}};

    EXPECT_EQ(blocks_in_time(epochs, 0), (std::vector<base::Range>{{0, 100}}));
    EXPECT_EQ(blocks_in_time(epochs, 30),
              (std::vector<base::Range>{{0, 30}, {30, 60}, {60, 95 + 5}}));
    EXPECT_EQ(blocks_in_time(epochs, 1000), (std::vector<base::Range>{{0, 100}}));
    EXPECT_EQ(blocks_in_time(Epochs{}, 7), (std::vector<base::Range>{{0, 0}}));
}

TEST(TimeBlocks, KeepTheMovementsOfEachBlockInIt)
{
    auto stream = base::Stream(3, {});
    auto mask = std::vector<std::uint8_t>{};
    while (mask.size() < 2000)
        mask.insert(mask.end(), 1 + stream.below(60), mask.size() % 2 == 0 ? 1 : 0);
    const auto epochs = epochs_of_mask(mask);
    const auto blocks = blocks_in_time(epochs, 300);
    ASSERT_GT(blocks.size(), 3U);
    for (const auto units : {ShuffleUnits::runs, ShuffleUnits::frames}) {
        const auto masks = shuffled_masks(epochs, units, {5, 1, 2}, {0, 50}, 300);
        auto differ = 0;
        for (std::int64_t shuffle = 0; shuffle < 50; ++shuffle) {
            auto shuffled = std::vector<std::uint8_t>(mask.size(), 0);
            const auto edges = masks.edges_of(shuffle);
            for (std::size_t k = 0; k < edges.size(); k += 2)
                std::fill(shuffled.begin() + edges[k], shuffled.begin() + edges[k + 1],
                          std::uint8_t{1});
            differ += shuffled != mask ? 1 : 0;
            for (const auto& block : blocks)
                EXPECT_EQ(
                    std::accumulate(shuffled.begin() + block.first, shuffled.begin() + block.last,
                                    0),
                    std::accumulate(mask.begin() + block.first, mask.begin() + block.last, 0));
        }
        EXPECT_EQ(differ, 50);
    }
}

TEST(TimeBlocks, HaveAsManyMasksAsTheirProduct)
{
    const auto epochs = Epochs{40, {{2, 4}, {6, 8}, {22, 25}, {27, 30}}};
    const auto first = Epochs{22, {{2, 4}, {6, 8}}};
    const auto second = Epochs{18, {{0, 3}, {5, 8}}};

    ASSERT_EQ(blocks_in_time(epochs, 18).size(), 2U);
    EXPECT_EQ(distinct_masks(epochs, ShuffleUnits::runs, 18),
              distinct_masks(first, ShuffleUnits::runs) *
                  distinct_masks(second, ShuffleUnits::runs));
    EXPECT_LT(largest_p_rank(epochs, ShuffleUnits::runs, 1000, 18),
              largest_p_rank(epochs, ShuffleUnits::runs, 1000));
}
