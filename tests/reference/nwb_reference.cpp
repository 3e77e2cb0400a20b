// The genuine pynwb files against plain copies of their values.
#include "shared_data.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/io/nwb_session.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using testing::HasSubstr;

namespace {

class NwbReference : public testing::TestWithParam<const char*>
{
  protected:
    void SetUp() override
    {
        const auto base = std::string("reference/nwb/synth_session_") + GetParam();
        path = test::shared_data(base + ".nwb");
        const auto values = test::shared_data(base + ".expected.h5");
        if (path.empty() || values.empty())
            GTEST_SKIP() << test::skipped_reference;
        expected = io::open_for_reading(values);
    }

    template <typename T>
    std::vector<T> all(const std::string& name) const
    {
        return io::read_all<T>(expected, name);
    }
    std::vector<std::string> texts(const std::string& name) const
    {
        return io::read_texts(expected, name);
    }

    std::filesystem::path path;
    io::Handle expected;
};

/// Equal, and NaN where the other is NaN.
void expect_same(const std::vector<double>& actual, const std::vector<double>& wanted)
{
    ASSERT_EQ(actual.size(), wanted.size());
    for (std::size_t i = 0; i < actual.size(); ++i)
        if (std::isnan(wanted[i]))
            EXPECT_TRUE(std::isnan(actual[i])) << i;
        else
            EXPECT_EQ(actual[i], wanted[i]) << i;
}

} // namespace

TEST_P(NwbReference, DfOverFWithTimestamps)
{
    const auto wanted = all<double>("dff");

    const auto session = io::NwbSession(path);
    const auto& info = session.activity();
    auto frames = std::vector<double>(600 * 9);
    session.read_activity<double>(0, 9, frames, io::BlockOrder::by_frame);

    EXPECT_EQ(info.path, "/processing/ophys/DfOverF/RoiResponseSeries");
    EXPECT_EQ(info.container, "DfOverF");
    EXPECT_EQ(info.frames, 600);
    EXPECT_EQ(info.neurons, 9);
    EXPECT_FALSE(info.transposed);
    EXPECT_FALSE(info.exact_as_float);
    EXPECT_TRUE(info.has_timestamps);
    EXPECT_EQ(info.dropped, 0);
    EXPECT_EQ(info.id_column, "id");
    EXPECT_EQ(info.neuron_id.size(), 9U);
    EXPECT_EQ(info.neuron_number.size(), 9U);
    EXPECT_EQ(info.imaging_plane, "plane");
    EXPECT_EQ(info.location, "VISp");
    EXPECT_EQ(frames, wanted);
    EXPECT_EQ(session.frame_times(), all<double>("dff_timestamps"));
    EXPECT_NEAR(info.rate_hz, 30, 0.01);
    // The timestamps of these files jitter by design, like a real microscope's.
    ASSERT_EQ(session.problems().size(), 1U);
    EXPECT_EQ(session.problems()[0].severity, io::Severity::note);
    EXPECT_THAT(session.problems()[0].what, HasSubstr("frame intervals are more than 1 % off"));
}

TEST_P(NwbReference, FluorescenceWithRateByName)
{
    const auto wanted = all<float>("F");

    const auto session = io::NwbSession(path, {"Fluorescence", ""});
    auto frames = std::vector<float>(600 * 9);
    session.read_activity<float>(0, 9, frames, io::BlockOrder::by_frame);
    auto traces = std::vector<float>(600 * 2);
    session.read_activity<float>(3, 2, traces);

    EXPECT_TRUE(session.activity().exact_as_float);
    EXPECT_FALSE(session.activity().has_timestamps);
    EXPECT_EQ(frames, wanted);
    for (std::size_t frame = 0; frame < 600; ++frame) {
        ASSERT_EQ(traces[frame], wanted[frame * 9 + 3]);
        ASSERT_EQ(traces[600 + frame], wanted[frame * 9 + 4]);
    }
}

TEST_P(NwbReference, Behaviour)
{
    const auto raw = all<double>("lever_raw_int16");
    const auto conversion = io::read_scalar<double>(expected, "lever_conversion");
    auto wanted = std::vector<double>{};
    for (const auto value : raw)
        wanted.push_back(value * conversion);

    const auto session = io::NwbSession(path);
    const auto lever = session.read_series("lever");
    const auto running = session.read_series("behavior/running_speed");

    EXPECT_EQ(lever.values, wanted);
    EXPECT_EQ(lever.info.rate_hz, 90);
    EXPECT_EQ(lever.time_s[90] - lever.time_s[0], 1);
    EXPECT_EQ(running.values, all<double>("running_speed"));
    EXPECT_EQ(running.time_s.size(), 600U);
    EXPECT_TRUE(running.info.has_timestamps);
    EXPECT_EQ(session.series().size(), 2U);
}

TEST_P(NwbReference, Trials)
{
    const auto session = io::NwbSession(path);
    const auto trials = session.read_intervals("trials");
    const auto gratings = session.read_intervals("drifting_gratings_presentations");

    EXPECT_EQ(trials.rows, 20);
    EXPECT_EQ(trials.at("start_time").numbers(), all<double>("trial_start"));
    EXPECT_EQ(trials.at("stop_time").numbers(), all<double>("trial_stop"));
    EXPECT_EQ(trials.at("cue").texts(), texts("trial_cue"));
    EXPECT_TRUE(trials.at("rewarded").is_boolean());
    EXPECT_EQ(trials.at("rewarded").numbers(), all<double>("trial_rewarded"));
    EXPECT_EQ(gratings.rows, 20);
    EXPECT_NE(gratings.find("orientation"), nullptr);
    EXPECT_THAT(trials.skipped, testing::IsEmpty());
}

TEST_P(NwbReference, Units)
{
    auto ends = all<std::int64_t>("spike_times_end");
    ends.insert(ends.begin(), 0);

    const auto session = io::NwbSession(path);
    const auto units = session.read_units();

    EXPECT_EQ(session.units()->units, 12);
    EXPECT_EQ(session.units()->spikes, 5842);
    EXPECT_EQ(units.table.id, all<std::int64_t>("unit_id"));
    EXPECT_EQ(units.spike_time_s, all<double>("spike_times"));
    EXPECT_EQ(units.spike_start, ends);
    EXPECT_EQ(units.spike_start[3], units.spike_start[4]) << "unit 3 has no spikes";
    for (const auto* name : {"amplitude_cutoff", "firing_rate", "isi_violations",
                             "isolation_distance", "presence_ratio", "snr", "waveform_duration"})
        expect_same(units.table.at(name).numbers(), all<double>(std::string("q_") + name));
    EXPECT_EQ(units.table.at("layer").texts(), texts("layer"));
    EXPECT_EQ(units.table.at("location").texts(), texts("location"));
    EXPECT_TRUE(units.table.at("electrodes").ragged);
    EXPECT_EQ(units.obs_interval_s.size(), 2U * 18);
    EXPECT_EQ(units.obs_start.front(), 0);
    EXPECT_EQ(units.obs_start.back(), 18);
    EXPECT_EQ(units.obs_start.size(), 13U);
}

TEST_P(NwbReference, Header)
{
    const auto session = io::NwbSession(path);

    EXPECT_EQ(session.start_text(), "2024-03-01T12:00:00+00:00");
    EXPECT_EQ(io::to_text(*session.start()), "2024-03-01 12:00:00");
    EXPECT_EQ(session.description(), "synthetic session for reader tests");
    EXPECT_THAT(session.identifier(), HasSubstr("synth-11"));
    EXPECT_TRUE(session.nwb_version().starts_with("2."));
}

INSTANTIATE_TEST_SUITE_P(Files, NwbReference,
                         testing::Values("raw", "gzip", "pynwb2_raw", "pynwb2_gzip"));
