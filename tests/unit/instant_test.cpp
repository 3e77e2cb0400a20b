#include <rewire/io/instant.hpp>

#include <gtest/gtest.h>

using namespace rewire;

TEST(Instant, ZonesNameTheSameMoment)
{
    const auto utc = io::parse_instant("2024-03-01T12:00:00+00:00");

    EXPECT_EQ(utc->microseconds, 1'709'294'400'000'000);
    EXPECT_EQ(io::parse_instant("2024-03-01T12:00:00Z"), utc);
    EXPECT_EQ(io::parse_instant("2024-03-01 14:00:00+02:00"), utc);
    EXPECT_EQ(io::parse_instant("2024-03-01T06:30:00-0530"), utc);
    EXPECT_EQ(io::parse_instant("2024-03-01T13:00+01"), utc);
    EXPECT_EQ(io::parse_instant("2024-03-01T12:53:28+00:53:28"), utc); // a local mean time
    EXPECT_EQ(io::to_text(*io::parse_instant("2024-03-01T00:30:00+01:00")), "2024-02-29 23:30:00");
}

TEST(Instant, FractionsAndDates)
{
    const auto day = io::parse_instant("2024-03-01")->microseconds;

    EXPECT_EQ(io::parse_instant("2024-03-01T00:00:00.5Z")->microseconds - day, 500'000);
    EXPECT_EQ(io::parse_instant("2024-03-01T00:00:00.123456789Z")->microseconds - day, 123'456);
    EXPECT_FALSE(io::parse_instant("2024-03-01T00:00:00")->zoned);
    EXPECT_FALSE(io::parse_instant("2024-03-01")->zoned);
    EXPECT_LT(io::parse_instant("1969-12-31T23:59:59Z")->microseconds, 0);
}

TEST(Instant, WhatIsNoTime)
{
    for (const auto* text : {"", "today", "2024", "2024-02-30", "2024-13-01", "2024-03-01T",
                             "2024-03-01T25:00:00Z", "2024-03-01T12:60:00Z", "2024-03-01T12:00:00+",
                             "2024-03-01T12:00:00 CET", "2024-03-01T12:00:00Z+01", "01.03.2024"})
        EXPECT_FALSE(io::parse_instant(text)) << text;
}
