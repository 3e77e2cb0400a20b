// Differences between the spikes of two trains: both ways to compute them against every pair.
#include "near_differences.hpp"
#include "spike_trains.hpp"

#include <gtest/gtest.h>

#include <algorithm>

using namespace rewire;
using namespace rewire::spikes;

namespace {

constexpr auto ms = nanoseconds_per_ms;
constexpr auto reach = 50 * ms;

using Train = std::vector<std::int64_t>;

std::vector<std::int32_t> every_difference(const Train& first, const Train& second)
{
    auto result = std::vector<std::int32_t>{};
    for (const auto a : first)
        for (const auto b : second)
            if (std::abs(a - b) < reach)
                result.push_back(static_cast<std::int32_t>(a - b));
    return result;
}

using Next = std::size_t (DifferenceSearch::*)(DifferenceBuffer&);

std::vector<std::int32_t> found(const Train& first, const Train& second, Next next)
{
    const auto by_time = TrainByTime(second);
    auto search = DifferenceSearch(first, by_time, reach);
    auto result = std::vector<std::int32_t>{};
    auto buffer = DifferenceBuffer{};
    while (!search.done()) {
        const auto size = (search.*next)(buffer);
        result.insert(result.end(), buffer.begin(),
                      buffer.begin() + static_cast<std::ptrdiff_t>(size));
    }
    return result;
}

void expect_all(const Train& first, const Train& second)
{
    const auto expected = every_difference(first, second);
    EXPECT_EQ(found(first, second, &DifferenceSearch::next), expected);
    EXPECT_EQ(found(first, second, &DifferenceSearch::next_plain), expected);
}

} // namespace

TEST(NearDifferences, AreThoseOfEveryPairOfSpikesInTheirOrder)
{
    auto stream = base::Stream(6, {1});
    for (const auto first_hz : {0.05, 2.0, 60.0})
        for (const auto second_hz : {0.05, 7.0, 300.0}) {
            SCOPED_TRACE(first_hz);
            SCOPED_TRACE(second_hz);
            auto first = test::poisson_train(stream, first_hz, 40);
            auto second = test::poisson_train(stream, second_hz, 40);
            for (auto& spike : first)
                spike = (spike - 3'000'000'000) / ms * ms; // negative times, and ties with
            for (auto& spike : second)
                spike = (spike - 3'500'000'000) / ms * ms; // differences of exactly the reach
            expect_all(first, second);
            expect_all(second, first);
        }
}

TEST(NearDifferences, WithoutSpikes)
{
    expect_all({}, {});
    expect_all({5}, {});
    expect_all({}, {5});
    expect_all({5}, {5});
}

TEST(NearDifferences, OfTrainsFarFromEachOtherAndWithLongGaps)
{
    const auto far = std::int64_t{1} << 60; // 36 years
    expect_all({0, 10, far, far + ms}, {-far, -far + 1, 0, 5, far - ms});
    expect_all({-far, far}, {0, 1, 2});
    expect_all({0, 1, 2}, {-far, far});
}

TEST(NearDifferences, OfMoreThanABufferAroundOneSpike)
{
    auto burst = Train{};
    for (std::int64_t k = -4000; k < 4000; ++k)
        burst.push_back(k * 20'000);
    expect_all({-10 * ms, 0, 1, 20 * ms}, burst);
    expect_all(burst, {0, 1});
}
