// The genuine pynwb files against plain copies of their values.
#include "shared_data.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/io/nwb_session.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>

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
    std::int64_t length(const std::string& name, std::size_t axis = 0) const
    {
        return io::shape_of(io::open_dataset(expected, name)).at(axis);
    }
    /// Of what the plain copies do not hold: straight from the NWB file, by its path.
    io::Handle raw() const { return io::open_for_reading(path); }

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
    const auto times = all<double>("dff_timestamps");
    const auto count = length("dff");
    const auto neurons = length("dff", 1);

    const auto session = io::NwbSession(path);
    const auto& info = session.activity();
    auto frames = std::vector<double>(wanted.size());
    session.read_activity<double>(0, neurons, frames, io::BlockOrder::by_frame);

    EXPECT_EQ(info.path, "/processing/ophys/DfOverF/RoiResponseSeries");
    EXPECT_EQ(info.container, "DfOverF");
    EXPECT_EQ(info.frames, count);
    EXPECT_EQ(info.neurons, neurons);
    EXPECT_FALSE(info.transposed);
    EXPECT_FALSE(info.exact_as_float);
    EXPECT_TRUE(info.has_timestamps);
    EXPECT_EQ(info.dropped, 0);
    EXPECT_EQ(info.id_column, "id");
    EXPECT_EQ(std::ssize(info.neuron_id), neurons);
    EXPECT_EQ(std::ssize(info.neuron_number), neurons);
    EXPECT_EQ(info.location,
              io::read_text(raw(), "/general/optophysiology/" + info.imaging_plane + "/location"));
    EXPECT_EQ(frames, wanted);
    EXPECT_EQ(session.frame_times(), times);
    EXPECT_NEAR(info.rate_hz, static_cast<double>(count - 1) / (times.back() - times.front()),
                1e-3 * info.rate_hz);
    // The timestamps of these files jitter by design, like a real microscope's.
    ASSERT_EQ(session.problems().size(), 1U);
    EXPECT_EQ(session.problems()[0].severity, io::Severity::note);
    EXPECT_THAT(session.problems()[0].what, HasSubstr("frame intervals are more than 1 % off"));
}

TEST_P(NwbReference, FluorescenceWithRateByName)
{
    const auto wanted = all<float>("F");

    const auto session = io::NwbSession(path, {"Fluorescence", ""});
    const auto count = static_cast<std::size_t>(length("F"));
    const auto neurons = static_cast<std::size_t>(length("F", 1));
    auto frames = std::vector<float>(wanted.size());
    session.read_activity<float>(0, length("F", 1), frames, io::BlockOrder::by_frame);
    auto traces = std::vector<float>(count * 2);
    session.read_activity<float>(3, 2, traces);

    EXPECT_TRUE(session.activity().exact_as_float);
    EXPECT_FALSE(session.activity().has_timestamps);
    EXPECT_EQ(frames, wanted);
    for (std::size_t frame = 0; frame < count; ++frame) {
        ASSERT_EQ(traces[frame], wanted[frame * neurons + 3]);
        ASSERT_EQ(traces[count + frame], wanted[frame * neurons + 4]);
    }
}

TEST_P(NwbReference, Behaviour)
{
    const auto raw_lever = all<double>("lever_raw_int16");
    const auto conversion = io::read_scalar<double>(expected, "lever_conversion");
    auto wanted = std::vector<double>{};
    for (const auto value : raw_lever)
        wanted.push_back(value * conversion);

    const auto session = io::NwbSession(path);
    const auto lever = session.read_series("lever");
    const auto running = session.read_series("behavior/running_speed");

    EXPECT_EQ(lever.values, wanted);
    EXPECT_EQ(lever.info.rate_hz,
              io::read_attribute<double>(
                  io::open_dataset(raw(), lever.info.path + "/starting_time"), "rate"));
    EXPECT_NEAR(lever.time_s.back() - lever.time_s.front(),
                static_cast<double>(raw_lever.size() - 1) / lever.info.rate_hz, 1e-9);
    EXPECT_EQ(running.values, all<double>("running_speed"));
    EXPECT_EQ(std::ssize(running.time_s), length("running_speed"));
    EXPECT_TRUE(running.info.has_timestamps);
    EXPECT_EQ(session.series().size(), 2U);
}

TEST_P(NwbReference, Trials)
{
    const auto session = io::NwbSession(path);
    const auto trials = session.read_intervals("trials");
    const auto gratings = session.read_intervals("drifting_gratings_presentations");

    EXPECT_EQ(trials.rows, length("trial_start"));
    EXPECT_EQ(trials.at("start_time").numbers(), all<double>("trial_start"));
    EXPECT_EQ(trials.at("stop_time").numbers(), all<double>("trial_stop"));
    EXPECT_EQ(trials.at("cue").texts(), texts("trial_cue"));
    EXPECT_TRUE(trials.at("rewarded").is_boolean());
    EXPECT_EQ(trials.at("rewarded").numbers(), all<double>("trial_rewarded"));
    EXPECT_EQ(gratings.rows,
              io::shape_of(io::open_dataset(raw(), gratings.path + "/start_time")).at(0));
    EXPECT_NE(gratings.find("orientation"), nullptr);
    EXPECT_THAT(trials.skipped, testing::IsEmpty());
}

TEST_P(NwbReference, Units)
{
    auto ends = all<std::int64_t>("spike_times_end");
    ends.insert(ends.begin(), 0);

    const auto session = io::NwbSession(path);
    const auto units = session.read_units();

    const auto obs_end = io::read_all<std::int64_t>(raw(), "/units/obs_intervals_index");

    EXPECT_EQ(session.units()->units, length("unit_id"));
    EXPECT_EQ(session.units()->spikes, length("spike_times"));
    EXPECT_EQ(units.table.id, all<std::int64_t>("unit_id"));
    EXPECT_EQ(units.spike_time_s, all<double>("spike_times"));
    EXPECT_EQ(units.spike_start, ends);
    EXPECT_NE(std::adjacent_find(ends.begin(), ends.end()), ends.end())
        << "the file has no unit without spikes any more";
    for (const auto* name : {"amplitude_cutoff", "firing_rate", "isi_violations",
                             "isolation_distance", "presence_ratio", "snr", "waveform_duration"})
        expect_same(units.table.at(name).numbers(), all<double>(std::string("q_") + name));
    EXPECT_EQ(units.table.at("layer").texts(), texts("layer"));
    EXPECT_EQ(units.table.at("location").texts(), texts("location"));
    EXPECT_TRUE(units.table.at("electrodes").ragged);
    EXPECT_EQ(units.obs_interval_s, io::read_all<double>(raw(), "/units/obs_intervals"));
    EXPECT_EQ(units.obs_start.front(), 0);
    EXPECT_TRUE(std::equal(units.obs_start.begin() + 1, units.obs_start.end(), obs_end.begin(),
                           obs_end.end()));
}

TEST_P(NwbReference, Header)
{
    const auto session = io::NwbSession(path);

    EXPECT_EQ(session.start_text(), io::read_text(raw(), "/session_start_time"));
    ASSERT_TRUE(session.start());
    EXPECT_EQ(session.start_text().substr(0, 10), io::to_text(*session.start()).substr(0, 10));
    EXPECT_EQ(session.description(), io::read_text(raw(), "/session_description"));
    EXPECT_EQ(session.identifier(), io::read_text(raw(), "/identifier"));
    EXPECT_EQ(session.nwb_version(), io::read_text_attribute(raw(), "nwb_version"));
}

INSTANTIATE_TEST_SUITE_P(Files, NwbReference,
                         testing::Values("raw", "gzip", "pynwb2_raw", "pynwb2_gzip"));
