// Reference case f: permutations are part of it, so that counts are exact.
#include "epoch_reference.hpp"
#include "shared_data.hpp"

#include <rewire/behaviour/movement_test.hpp>
#include <rewire/io/hdf5.hpp>

#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using namespace rewire::behaviour;

namespace {

void expect_case(hid_t group, const std::string& folder, ShuffleUnits units)
{
    const auto mask = io::read_all<std::uint8_t>(group, "movement");
    const auto values = io::read_all<double>(group, "activity");
    const auto epochs = epochs_of_mask(mask);
    const auto neurons = static_cast<std::int64_t>(values.size() / mask.size());
    const auto sparse = test::sparse_of(values, epochs.frames);
    const auto dense = test::frame_major<double>(values, epochs.frames);
    const auto expected = io::open_group(group, folder);
    const auto orders = io::read_all<std::int32_t>(expected, "perms");
    const auto levels = std::vector<double>{0.995, 0.975};

    const auto masks = masks_of_orders(epochs, units, orders);
    const auto counts = count_shuffles(sparse.view(), epochs, masks, {0, neurons});
    const auto of_dense =
        count_shuffles(activity::DenseActivityView<double>{epochs.frames, neurons, dense}, epochs,
                       masks, {0, neurons});
    const auto activity = movement_activity(sparse.view(), epochs, {0, neurons});
    const auto relation = relation_of(counts, activity, masks.shuffles(), levels);

    const auto less = io::read_all<std::int32_t>(expected, "n_shuffle_less");
    const auto equal = io::read_all<std::int32_t>(expected, "n_shuffle_equal");
    EXPECT_EQ(counts.less, less);
    EXPECT_EQ(counts.equal, equal);
    EXPECT_EQ(of_dense.less, less);
    EXPECT_EQ(of_dense.equal, equal);
    const auto p_rank = io::read_all<double>(expected, "p_rank");
    const auto real_mean = io::read_all<double>(expected, "real_mean");
    const auto p995 = io::read_all<std::uint8_t>(expected, "movement_p995");
    const auto p975 = io::read_all<std::uint8_t>(expected, "movement_p975");
    const auto p005 = io::read_all<std::uint8_t>(expected, "quiescent_p005");
    for (std::size_t k = 0; k < p_rank.size(); ++k) {
        SCOPED_TRACE(k);
        EXPECT_EQ(std::isnan(relation.p_rank[k]), std::isnan(p_rank[k]));
        if (!std::isnan(p_rank[k])) {
            EXPECT_NEAR(relation.p_rank[k], p_rank[k], 1e-9);
        }
        EXPECT_EQ(std::isnan(activity.mean[k]), std::isnan(real_mean[k]));
        if (!std::isnan(real_mean[k])) {
            EXPECT_NEAR(activity.mean[k], real_mean[k], 1e-9);
        }
        EXPECT_EQ(relation.movement_related[k], p995[k]);
        EXPECT_EQ(relation.movement_related[p_rank.size() + k], p975[k]);
        EXPECT_EQ(relation.quiescent_related[k], p005[k]);
    }
}

} // namespace

TEST(MovementReference, CountsRanksAndFlagsOfEveryCase)
{
    const auto path = test::shared_data("reference/calcium/f_movement.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);

    const auto cases = io::children(file);

    EXPECT_FALSE(cases.empty());
    for (const auto& name : cases) {
        const auto group = io::open_group(file, name);
        SCOPED_TRACE(name);
        expect_case(group, "blocks2017", ShuffleUnits::runs);
        expect_case(group, "frames2014", ShuffleUnits::frames);
    }
}
