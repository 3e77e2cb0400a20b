// JPSTH: numpy, straight from the definitions.
#include "shared_data.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/spikes/jpsth.hpp>

#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using namespace rewire::spikes;

namespace {

PackedTrials two_units(hid_t file)
{
    const auto shape = io::shape_of(io::open_dataset(file, "x_i"));
    auto packed = PackedTrials{2, shape[0], shape[1], (shape[1] + 63) / 64};
    auto row = std::int64_t{0};
    packed.bits.assign(static_cast<std::size_t>(2 * packed.trials * packed.words), 0);
    for (const auto* name : {"x_i", "x_j"}) {
        const auto spikes = io::read_all<std::uint8_t>(file, name);
        for (std::int64_t trial = 0; trial < packed.trials; ++trial, ++row)
            for (std::int64_t bin = 0; bin < packed.bins; ++bin)
                if (spikes[static_cast<std::size_t>(trial * packed.bins + bin)] != 0)
                    packed.bits[static_cast<std::size_t>(row * packed.words + bin / 64)] |=
                        std::uint64_t{1} << (bin % 64);
    }
    return packed;
}

/// Ours are float32: half a unit of the last place.
void expect_same(const std::vector<float>& ours, hid_t file, const char* name)
{
    SCOPED_TRACE(name);
    const auto theirs = io::read_all<double>(file, name);
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t k = 0; k < theirs.size(); ++k) {
        ASSERT_EQ(std::isnan(ours[k]), std::isnan(theirs[k])) << k;
        if (!std::isnan(theirs[k]))
            ASSERT_NEAR(ours[k], theirs[k], 6e-8 * std::max(1.0, std::abs(theirs[k]))) << k;
    }
}

void expect_same(const std::vector<double>& ours, const std::vector<double>& theirs)
{
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t k = 0; k < theirs.size(); ++k)
        ASSERT_NEAR(ours[k], theirs[k], 1e-11) << k;
}

} // namespace

TEST(JpsthReference, AgreesWithTheDefinitions)
{
    const auto path = test::shared_data("reference/spikes/jpsth_small.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto packed = two_units(file);
    auto settings = JpsthSettings{.band_bins = -1};
    settings.average_bins = io::read_attribute<std::int64_t>(file, "K_average");

    const auto available = jpsth(packed, 0, 1, settings);
    settings.average = DiagonalAverage::full;
    const auto full = jpsth(packed, 0, 1, settings);
    settings.average = DiagonalAverage::skip_silent;
    const auto skipped = jpsth(packed, 0, 1, settings);

    expect_same(available.joint, file, "jpsth");
    expect_same(available.predictor, file, "predictor");
    expect_same(available.normalised, file, "jpsth_normalised");
    expect_same(available.conditional, file, "cjpsth");
    expect_same(available.conditional_smoothed, file, "cjpsth_avg10_available");
    expect_same(full.conditional_smoothed, file, "cjpsth_avg10_full_else_nan");
    expect_same(skipped.conditional_smoothed, file, "cjpsth_avg10_skip_undefined");
    expect_same(available.psth_i, io::read_all<double>(file, "psth_i"));
    expect_same(available.psth_j, io::read_all<double>(file, "psth_j"));
    expect_same(available.diagonal_sum, io::read_all<double>(file, "paradiagonal_sum_normalised"));
    const auto above = io::read_all<double>(file, "offset_plus1_normalised");
    const auto difference = io::read_all<double>(file, "jpsth_minus_predictor");
    for (std::size_t a = 0; a < above.size(); ++a) {
        EXPECT_NEAR(available.normalised[a * 100 + a + 1], above[a], 1e-7);
        EXPECT_NEAR(available.joint[a * 100 + a] - available.predictor[a * 100 + a],
                    difference[a * 100 + a], 1e-7);
    }
}
