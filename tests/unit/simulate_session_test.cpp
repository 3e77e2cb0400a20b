#include "jobs/simulate/session.hpp"
#include "jobs/truth/simulated_truth.hpp"
#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/simulate/session_source.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>

using namespace rewire;
using testing::ElementsAreArray;

namespace {

simulate::LeverPressParameters small_study()
{
    auto parameters = simulate::LeverPressParameters{};
    parameters.animals = 2;
    parameters.sessions = 3;
    parameters.neurons = 40;
    parameters.duration_s = 90; // more frames than a chunk
    parameters.missing_neurons = 0.1;
    return parameters;
}

std::string bytes_of(const std::filesystem::path& path)
{
    auto file = std::ifstream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

TEST(SimulateSession, FilesLieInDandiLayout)
{
    const auto animal = simulate::animal_truth(small_study(), 1);

    EXPECT_EQ(jobs::session_file(animal, 2), "sub-L23M2/sub-L23M2_ses-03.nwb");
    EXPECT_EQ(jobs::session_file(animal, 11), "sub-L23M2/sub-L23M2_ses-12.nwb");
}

TEST(SimulateSession, FileHoldsWhatTheGeneratorsMake)
{
    const auto folder = test::TemporaryFolder();
    const auto parameters = small_study();
    const auto animal = simulate::animal_truth(parameters, 0);
    const auto truth = simulate::session_truth(parameters, animal, 1);
    auto calcium = simulate::SessionSource(parameters, animal, truth);
    auto lever = simulate::LeverSource(parameters, truth);
    const auto path = folder.path() / jobs::session_file(animal, 1);

    jobs::write_session(parameters, animal, 1, path);

    const auto file = io::open_for_reading(path);
    EXPECT_THAT(io::read_all<float>(file, "/processing/ophys/DfOverF/RoiResponseSeries/data"),
                ElementsAreArray(calcium.next_block(calcium.frames())));
    const auto data = io::open_dataset(file, "/processing/behavior/lever/data");
    const auto stored = io::read_all<double>(file, "/processing/behavior/lever/data");
    const auto volts = lever.next_block(lever.samples());
    const auto conversion = io::read_attribute<double>(data, "conversion");
    ASSERT_EQ(stored.size(), volts.size());
    for (std::size_t k = 0; k < volts.size(); ++k)
        ASSERT_NEAR(stored[k] * conversion, double{volts[k]}, conversion / 2 + 1e-6);
    const auto reward = io::read_all<double>(file, "/intervals/trials/reward_time");
    ASSERT_EQ(reward.size(), truth.trials.size());
    for (std::size_t k = 0; k < reward.size(); ++k)
        EXPECT_TRUE(truth.trials[k].rewarded ? reward[k] == truth.trials[k].reward_s
                                             : std::isnan(reward[k]));
    EXPECT_EQ(io::read_text(file, "/session_start_time"), "2024-01-02T09:00:00+00:00");
    EXPECT_EQ(io::read_text(file, "/general/subject/subject_id"), "L23M1");
}

TEST(SimulateSession, MovementEpochsContainTheirFramesWhateverTheRounding)
{
    const auto folder = test::TemporaryFolder();
    const auto parameters = small_study();
    const auto animal = simulate::animal_truth(parameters, 0);
    const auto truth = simulate::session_truth(parameters, animal, 0);
    const auto path = folder.path() / "s.nwb";

    jobs::write_session(parameters, animal, 0, path);

    const auto file = io::open_for_reading(path);
    const auto start = io::read_all<double>(file, "/intervals/movement_epochs/start_time");
    const auto stop = io::read_all<double>(file, "/intervals/movement_epochs/stop_time");
    ASSERT_EQ(start.size(), truth.movement_epochs.size());
    ASSERT_GT(start.size(), 3U);
    for (std::size_t k = 0; k < start.size(); ++k) {
        EXPECT_EQ(std::ceil(start[k] * 28), static_cast<double>(truth.movement_epochs[k].first));
        EXPECT_EQ(std::ceil(stop[k] * 28), static_cast<double>(truth.movement_epochs[k].last));
        EXPECT_NEAR(start[k] * 28 + 0.5, std::ceil(start[k] * 28), 1e-6);
    }
}

TEST(SimulateSession, TruthIsInTheFile)
{
    const auto folder = test::TemporaryFolder();
    const auto parameters = small_study();
    const auto animal = simulate::animal_truth(parameters, 1);
    const auto session = simulate::session_truth(parameters, animal, 2);
    const auto path = folder.path() / "s.nwb";

    jobs::write_session(parameters, animal, 2, path, 4);
    const auto truth = jobs::read_truth(path);

    ASSERT_EQ(truth.neuron_id.size(), session.neurons.size());
    for (std::size_t k = 0; k < truth.neuron_id.size(); ++k) {
        const auto n = static_cast<std::size_t>(session.neurons[k]);
        EXPECT_EQ(truth.neuron_id[k], session.neurons[k]);
        EXPECT_EQ(truth.group[k], simulate::name_of(animal.group[n]));
        EXPECT_EQ(truth.movement_related[k], session.movement_related[n]);
    }
    ASSERT_EQ(truth.edge_i.size(), animal.edges.size());
    ASSERT_GT(truth.edge_i.size(), 30U);
    for (std::size_t e = 0; e < animal.edges.size(); ++e) {
        EXPECT_EQ(truth.edge_i[e], animal.edges[e].i);
        EXPECT_EQ(truth.edge_j[e], animal.edges[e].j);
        EXPECT_EQ(truth.edge_kind[e], simulate::name_of(animal.kind(animal.edges[e])));
        EXPECT_EQ(truth.edge_strength[e], animal.strength(animal.edges[e], 2));
    }
}

TEST(SimulateSession, SameParametersGiveTheSameBytesAndOthersDoNot)
{
    const auto folder = test::TemporaryFolder();
    const auto parameters = small_study();
    auto other = parameters;
    other.seed = 2;
    const auto animal = simulate::animal_truth(parameters, 0);

    jobs::write_session(parameters, animal, 0, folder.path() / "a.nwb");
    jobs::write_session(parameters, animal, 0, folder.path() / "b.nwb");
    jobs::write_session(other, simulate::animal_truth(other, 0), 0, folder.path() / "c.nwb");

    EXPECT_EQ(bytes_of(folder.path() / "a.nwb"), bytes_of(folder.path() / "b.nwb"));
    EXPECT_NE(bytes_of(folder.path() / "a.nwb"), bytes_of(folder.path() / "c.nwb"));
}

TEST(SimulateSession, NullTwinHasTheSameLayout)
{
    const auto folder = test::TemporaryFolder();
    auto parameters = small_study();
    const auto path = folder.path() / "s.nwb";
    const auto null_path = folder.path() / "null.nwb";
    jobs::write_session(parameters, simulate::animal_truth(parameters, 0), 0, path);
    parameters.null = true;
    jobs::write_session(parameters, simulate::animal_truth(parameters, 0), 0, null_path);

    const auto file = io::open_for_reading(path);
    const auto null = io::open_for_reading(null_path);
    for (const auto* data :
         {"/processing/ophys/DfOverF/RoiResponseSeries/data", "/intervals/trials/cue_time",
          "/intervals/movement_epochs/start_time", "/scratch/truth/neurons/group"})
        EXPECT_EQ(io::shape_of(io::open_dataset(null, data)),
                  io::shape_of(io::open_dataset(file, data)));
    EXPECT_EQ(jobs::read_truth(null_path).edge_i.size(), 0U);
}

TEST(SimulateSession, SessionWithoutNeuronsIsRefused)
{
    const auto folder = test::TemporaryFolder();
    auto parameters = small_study();
    parameters.neurons = 1;
    parameters.missing_neurons = 0.999999;

    EXPECT_THROW(jobs::write_session(parameters, simulate::animal_truth(parameters, 0), 0,
                                     folder.path() / "s.nwb"),
                 base::InputError);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}
