#include "activity_rows.hpp"

#include <rewire/calcium/artefacts.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

using namespace rewire;
using namespace rewire::calcium;
using namespace rewire::test;

TEST(ArtefactFrames, AreThoseInWhichAllAreActiveAndTheirNeighbours)
{
    auto stream = base::Stream(1, {});
    auto rows = Rows(60, std::vector<double>(1000, 0.0));
    for (auto& row : rows)
        for (auto& value : row)
            value = stream.uniform() < 0.08 ? stream.exponential() : 0;
    for (std::size_t n = 0; n < rows.size(); ++n) {
        rows[n][400] = 2;
        rows[n][0] = 3;
        for (auto& value : rows[n])
            value *= static_cast<double>(n + 1); // units do not matter
    }

    const auto found = artefact_frames(activity_of(rows, 1000).view(), 14);

    auto expected = std::vector<std::uint8_t>(1000, 0);
    for (const auto frame : {0, 1, 2, 398, 399, 400, 401, 402})
        expected[static_cast<std::size_t>(frame)] = 1;
    EXPECT_EQ(found.artefact, expected);
    EXPECT_TRUE(found.judged);
}

TEST(ArtefactFrames, CannotBeJudgedWhereHalfOfTheFramesAreSilent)
{
    auto rows = Rows(3, std::vector<double>(100, 0.0));
    for (auto& row : rows)
        row[50] = 1;

    const auto found = artefact_frames(activity_of(rows, 100).view(), 14);

    EXPECT_THAT(found.artefact, testing::Each(0));
    EXPECT_FALSE(found.judged);
    EXPECT_TRUE(artefact_frames(activity_of({}, 0).view(), 14).artefact.empty());
}

TEST(ArtefactFrames, AreAsWideAsTheSmoothing)
{
    constexpr auto taps = std::int64_t{29};
    auto stream = base::Stream(1, {});
    auto rows = Rows(60, std::vector<double>(1000, 0.0));
    for (auto& row : rows) {
        for (auto& value : row)
            value = stream.uniform() < 0.08 ? stream.exponential() : 0;
        std::fill(row.begin() + 400, row.begin() + 400 + taps, 2.0);
    }

    const auto found = artefact_frames(activity_of(rows, 1000).view(), 14, taps);

    auto expected = std::vector<std::uint8_t>(1000, 0);
    std::fill(expected.begin() + 400 - 14, expected.begin() + 400 + taps + 14, std::uint8_t{1});
    EXPECT_EQ(found.artefact, expected);
    EXPECT_TRUE(found.judged);
}

TEST(ArtefactFrames, CannotBeJudgedWhereMostAreActiveInMostFrames)
{
    auto stream = base::Stream(3, {});
    auto rows = Rows(60, std::vector<double>(1000, 0.0));
    for (auto& row : rows) {
        for (auto& value : row)
            value = stream.uniform() < 0.9 ? stream.exponential() : 0;
        row[500] = 20;
    }

    const auto found = artefact_frames(activity_of(rows, 1000).view(), 14);

    EXPECT_THAT(found.artefact, testing::Each(0));
    EXPECT_FALSE(found.judged);
}

TEST(ArtefactFrames, AreNotWhereAllFireMoreForASecond)
{
    auto stream = base::Stream(2, {});
    auto rows = Rows(60, std::vector<double>(3000, 0.0));
    for (auto& row : rows)
        for (std::size_t t = 0; t < row.size(); ++t)
            row[t] = stream.uniform() < (t % 600 < 28 ? 0.6 : 0.08) ? stream.exponential() : 0;

    const auto found = artefact_frames(activity_of(rows, 3000).view(), 14);

    EXPECT_TRUE(found.judged);
    EXPECT_THAT(found.artefact, testing::Each(0));
}
