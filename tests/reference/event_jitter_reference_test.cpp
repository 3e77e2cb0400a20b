#include "shared_data.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/event_jitter.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/stats/pearson3.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

using namespace rewire;
using namespace rewire::calcium;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

struct Case
{
    io::Handle group;
    std::int64_t neurons = 0;
    activity::Activity events;
    EventJitter jitter;

    Case(const io::Handle& file, const std::string& name) : group(io::open_group(file, name))
    {
        const auto shape = io::shape_of(io::open_dataset(group, "events"));
        neurons = shape[0];
        events.frames = shape[1];
        const auto dense = io::read_all<double>(group, "events");
        for (std::int64_t n = 0; n < neurons; ++n) {
            for (std::int64_t t = 0; t < shape[1]; ++t)
                if (const auto value = dense[at(n * shape[1] + t)]; value != 0) {
                    events.frame.push_back(static_cast<std::int32_t>(t));
                    events.value.push_back(value);
                }
            events.start.push_back(static_cast<std::int64_t>(events.frame.size()));
        }
        auto all = std::vector<std::int64_t>(at(neurons));
        std::iota(all.begin(), all.end(), 0);
        auto options = EventJitterOptions{
            .window_frames = io::read_attribute<std::int64_t>(group, "window_frames")};
        if (io::exists(group, "taps"))
            options.taps = stored("taps");
        const auto whole = std::vector{base::Range{0, shape[1]}};
        jitter = event_jitter_of(events.view(), all, whole, options);
    }

    std::vector<double> stored(const std::string& name) const
    {
        return io::read_all<double>(group, name);
    }
};

void expect_relative(const std::vector<double>& ours, const std::vector<double>& theirs,
                     const char* what)
{
    ASSERT_EQ(ours.size(), theirs.size()) << what;
    for (std::size_t k = 0; k < ours.size(); ++k)
        EXPECT_NEAR(ours[k], theirs[k], 1e-10 * std::abs(theirs[k])) << what << " " << k;
}

/// With moments in which nothing else can be the larger: p_both is p_fine.
EdgeTile tails_of(const EventJitter& jitter)
{
    const auto n = jitter.rows;
    auto flat = ShiftMoments{.neurons = n};
    flat.active.resize(at(n));
    std::iota(flat.active.begin(), flat.active.end(), 0);
    flat.correlation.assign(at(base::pair_count(n)), 0.5);
    flat.partial = flat.correlation;
    flat.refit_share.assign(at(n), 0.0);
    for (auto* rows : {&flat.power, &flat.power_marginal, &flat.third, &flat.third_marginal}) {
        rows->width = 1;
        rows->full.assign(at(n), 1e-4);
    }
    return test_tile(flat, &jitter, pair_tiles(n).at(0), {.two_sided = true});
}

class EventJitterReference : public testing::Test
{
  protected:
    void SetUp() override
    {
        const auto path = test::shared_data("reference/calcium/j_event_jitter.h5");
        if (path.empty())
            GTEST_SKIP() << test::skipped_reference;
        file = io::open_for_reading(path);
    }
    io::Handle file;
};

const auto cases = std::vector<std::string>{"stationary", "driven", "short_window"};

} // namespace

TEST_F(EventJitterReference, Moments)
{
    for (const auto& name : cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file, name);

        const auto tile = tile_jitter(reference.jitter, pair_tiles(reference.neurons).at(0));

        expect_relative(tile.coincidence, reference.stored("coincidence"), "D");
        expect_relative(tile.columns_jittered.expected, reference.stored("expected"), "mean");
        expect_relative(tile.columns_jittered.variance, reference.stored("variance"), "variance");
        expect_relative(tile.columns_jittered.third_moment, reference.stored("third_moment"),
                        "third moment");
    }
}

TEST_F(EventJitterReference, ScoresAndTails)
{
    for (const auto& name : cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file, name);
        const auto n = reference.neurons;
        const auto score = reference.stored("score");
        const auto one_direction = reference.stored("p_one_direction");

        const auto tile = tile_jitter(reference.jitter, pair_tiles(n).at(0));
        const auto& jittered = tile.columns_jittered;

        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t j = 0; j < n; ++j) {
                const auto k = at(i * n + j);
                const auto sd = std::sqrt(jittered.variance[k]);
                const auto ours = (tile.coincidence[k] - jittered.expected[k]) / sd;
                if (i == j)
                    continue;
                // a score near 0 is a difference of two large numbers
                EXPECT_NEAR(ours, score[k], 1e-10 * std::max(1.0, std::abs(score[k])));
                EXPECT_NEAR(
                    stats::pearson3_upper_tail(ours, jittered.third_moment[k] / (sd * sd * sd)),
                    one_direction[k], 1e-6 * one_direction[k]);
            }
        const auto p_fine = reference.stored("p_fine");
        const auto ours = tails_of(reference.jitter).p_fine;
        ASSERT_EQ(ours.size(), p_fine.size());
        for (std::size_t pair = 0; pair < p_fine.size(); ++pair)
            EXPECT_NEAR(ours[pair], p_fine[pair], 1e-6 * p_fine[pair]);
    }
}

TEST_F(EventJitterReference, WithoutVarianceNothingCanBeSaid)
{
    const auto reference = Case(file, "silent_and_single");
    const auto n = reference.neurons;
    const auto stored = reference.stored("variance");

    const auto tile = tile_jitter(reference.jitter, pair_tiles(n).at(0));
    const auto tails = tails_of(reference.jitter);

    expect_relative(tile.columns_jittered.variance, stored, "variance");
    auto pair = std::size_t{0};
    auto nothing = 0;
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i + 1; j < n; ++j, ++pair)
            if (stored[at(i * n + j)] == 0 || stored[at(j * n + i)] == 0) {
                EXPECT_EQ(tails.p_fine[pair], 1);
                EXPECT_EQ(tails.p_both[pair], 1);
                EXPECT_EQ(tails.p_both_negative[pair], 1);
                ++nothing;
            } else {
                EXPECT_LT(tails.p_fine[pair], 1);
            }
    EXPECT_GT(nothing, 0);
}
