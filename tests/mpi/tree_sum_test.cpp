#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/mpi/tree_sum.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;

namespace {

template <typename T>
std::vector<T> leaf_values(std::int64_t leaf, std::size_t length)
{
    auto stream = base::Stream(7, {static_cast<std::uint64_t>(leaf)});
    auto values = std::vector<T>(length);
    for (auto& value : values)
        value = static_cast<T>((stream.uniform() - 0.5) * std::exp2(40 * stream.uniform()));
    return values;
}

/// The obvious way: all levels of the tree in one place.
template <typename T>
std::vector<T> sum_in_one_place(std::int64_t leaves, std::size_t length)
{
    auto level = std::vector<std::vector<T>>{};
    for (std::int64_t leaf = 0; leaf < leaves; ++leaf)
        level.push_back(leaf_values<T>(leaf, length));
    while (level.size() > 1) {
        auto above = std::vector<std::vector<T>>{};
        for (std::size_t i = 0; i < level.size(); i += 2) {
            above.push_back(level[i]);
            for (std::size_t k = 0; i + 1 < level.size() && k < length; ++k)
                above.back()[k] += level[i + 1][k];
        }
        level = above;
    }
    return level.front();
}

template <typename T>
class TreeSums : public testing::Test
{
};
using Numbers = testing::Types<float, double>;
TYPED_TEST_SUITE(TreeSums, Numbers);

} // namespace

TYPED_TEST(TreeSums, HaveTheBitsOfTheTreeInOnePlace)
{
    const auto comm = mpi::Communicator::world();
    for (const auto leaves : {1, 2, 3, 4, 5, 7, 8, 13, 16, 33})
        for (const auto length : {std::size_t{0}, std::size_t{1}, std::size_t{5}}) {
            auto sum = mpi::TreeSum<TypeParam>(leaves, length);
            for (auto round = 0; round < 2; ++round) { // it is empty again after the first
                const auto mine = base::part_of(leaves, comm.size(), comm.rank());
                for (auto leaf = mine.first; leaf < mine.last; ++leaf)
                    sum.add(leaf, leaf_values<TypeParam>(leaf, length));
                auto total = std::vector<TypeParam>(length);
                sum.reduce(comm, total);

                EXPECT_EQ(total, sum_in_one_place<TypeParam>(leaves, length)) << leaves;
            }
        }
}

TYPED_TEST(TreeSums, DoNotDependOnWhoHasWhichLeaves)
{
    const auto comm = mpi::Communicator::world();
    constexpr auto leaves = std::int64_t{21};
    // All on the last rank but for the first three leaves.
    auto sum = mpi::TreeSum<TypeParam>(leaves, 3);
    for (std::int64_t leaf = 0; leaf < leaves; ++leaf)
        if (comm.rank() == (leaf < 3 ? 0 : comm.size() - 1))
            sum.add(leaf, leaf_values<TypeParam>(leaf, 3));
    auto total = std::vector<TypeParam>(3);
    sum.reduce(comm, total);

    EXPECT_EQ(total, sum_in_one_place<TypeParam>(leaves, 3));
}

TEST(TreeSum, LongArraysAndARequestOfOneRank)
{
    const auto comm = mpi::Communicator::world();
    const auto length = std::size_t{300'000};
    auto sum = mpi::TreeSum<float>(8, length);
    const auto mine = base::part_of(8, comm.size(), comm.rank());
    const auto reduce = [&](bool request) {
        for (auto leaf = mine.first; leaf < mine.last; ++leaf)
            sum.add(leaf, std::vector<float>(length, static_cast<float>(leaf)));
        auto total = std::vector<float>(length);
        const auto any = sum.reduce(comm, total, request);
        EXPECT_THAT(total, testing::Each(28.0F));
        return any;
    };

    EXPECT_FALSE(reduce(false));
    EXPECT_TRUE(reduce(comm.rank() == comm.size() - 1));
    EXPECT_FALSE(reduce(false));
}

TEST(TreeSum, AMissingLeafIsAnErrorOnAllRanks)
{
    const auto comm = mpi::Communicator::world();
    auto sum = mpi::TreeSum<double>(4, 1);
    if (comm.is_root())
        sum.add(0, std::vector<double>{1});
    auto total = std::vector<double>(1);

    EXPECT_THROW(sum.reduce(comm, total), base::Error);
}
