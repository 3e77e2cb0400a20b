#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/io/chunks.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/mpi/stream.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>

using namespace rewire;
namespace fs = std::filesystem;

namespace {

std::int64_t product(const io::Shape& shape)
{
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// What a value is, by its place in the dataset.
template <typename T>
T value_at(std::int64_t index)
{
    auto stream = base::Stream(3, {static_cast<std::uint64_t>(index / 5)});
    return static_cast<T>(100 * stream.uniform());
}

/// Of a part of a dataset of `shape`, row major.
template <typename T>
std::vector<T> values_of(const io::Shape& shape, const io::Shape& offset, const io::Shape& extent)
{
    auto values = std::vector<T>{};
    for (std::int64_t i = 0; i < product(extent); ++i) {
        auto rest = i;
        auto index = std::int64_t{0};
        auto stride = std::int64_t{1};
        for (auto k = shape.size(); k-- > 0;) {
            index += (offset[k] + rest % extent[k]) * stride;
            rest /= extent[k];
            stride *= shape[k];
        }
        values.push_back(value_at<T>(index));
    }
    return values;
}

std::vector<std::byte> stored(hid_t dataset, const io::Shape& offset)
{
    const auto start = std::vector<hsize_t>(offset.begin(), offset.end());
    auto size = hsize_t{0};
    EXPECT_GE(H5Dget_chunk_storage_size(dataset, start.data(), &size), 0);
    auto bytes = std::vector<std::byte>(size);
    auto filters = std::uint32_t{99};
    EXPECT_GE(H5Dread_chunk(dataset, H5P_DEFAULT, start.data(), &filters, bytes.data()), 0);
    EXPECT_EQ(filters, 0U);
    return bytes;
}

template <typename T>
class Chunks : public testing::Test
{
  protected:
    /// Chunks of this rank: dealt out in turns.
    std::vector<std::int64_t> mine(const io::ChunkGrid& grid) const
    {
        auto numbers = std::vector<std::int64_t>{};
        for (auto number = std::int64_t{comm.rank()}; number < grid.count(); number += comm.size())
            numbers.push_back(number);
        return numbers;
    }
    static auto filler(const io::ChunkGrid& grid)
    {
        return [&grid](std::int64_t number, std::span<T> values) {
            const auto made =
                values_of<T>(grid.shape, grid.offset_of(number), grid.extent_of(number));
            ASSERT_EQ(made.size(), values.size());
            std::copy(made.begin(), made.end(), values.begin());
        };
    }

    mpi::Communicator comm = mpi::Communicator::world();
    test::TemporaryFolder folder;
};
using Numbers = testing::Types<std::int8_t, std::int32_t, float, double>;
TYPED_TEST_SUITE(Chunks, Numbers);

const auto grids = std::vector<io::ChunkGrid>{
    {{1000}, {64}, 1},         {{1024}, {256}, 4},  {{37, 50}, {8, 50}, 1}, {{37, 50}, {10, 7}, 6},
    {{5, 6, 7}, {2, 4, 3}, 1}, {{3, 4}, {3, 4}, 1}, {{0, 4}, {1, 4}, 1},
};

} // namespace

TYPED_TEST(Chunks, OfFewValuesAreByteForByteWhatHdf5WouldHaveStored)
{
    for (const auto& grid : grids) {
        auto file = io::Handle{};
        auto streamed = io::Handle{};
        const auto storage = io::Storage{grid.chunk, grid.deflate, {}};
        if (this->comm.is_root()) {
            file = io::create_file(this->folder.path() / "chunks.h5");
            streamed = io::make_dataset(file, "streamed", io::native_type<TypeParam>(), grid.shape,
                                        storage);
        }
        io::write_chunks<TypeParam>(this->comm, streamed, grid, this->mine(grid),
                                    this->filler(grid));

        if (!this->comm.is_root())
            continue;
        const auto expected =
            values_of<TypeParam>(grid.shape, io::Shape(grid.shape.size(), 0), grid.shape);
        {
            const auto written = io::write_dataset(file, "written", expected, grid.shape, storage);
            ASSERT_GE(H5Fflush(file, H5F_SCOPE_GLOBAL), 0);
            for (std::int64_t number = 0; number < grid.count(); ++number)
                EXPECT_EQ(stored(streamed, grid.offset_of(number)),
                          stored(written, grid.offset_of(number)));
        }
        streamed.close();
        file.close();
        const auto again = io::open_for_reading(this->folder.path() / "chunks.h5");
        EXPECT_EQ(io::read_all<TypeParam>(again, "streamed"), expected);
    }
}

TYPED_TEST(Chunks, FillAResultWithoutAFileOnTheOtherRanks)
{
    for (const auto rows : {3, 400}) { // one block, and chunks
        const auto grid = io::result_chunks({rows, 50});
        auto result = std::unique_ptr<io::ResultFile>{};
        auto dataset = io::Handle{};
        if (this->comm.is_root()) {
            result = std::make_unique<io::ResultFile>(this->folder.path() / "a.h5", io::Attempt{});
            const auto group = result->group("all");
            io::write_index_axis(group, "row", rows);
            io::write_index_axis(group, "column", 50);
            dataset = io::make_array<TypeParam>(group, "value", {"row", "column"});
        }
        io::write_chunks<TypeParam>(this->comm, dataset, grid, this->mine(grid),
                                    this->filler(grid));
        if (!this->comm.is_root())
            continue;
        dataset.close();
        result->publish({}, true);
        EXPECT_EQ(io::read_all<TypeParam>(io::open_for_reading(this->folder.path() / "a.h5"),
                                          "all/value"),
                  values_of<TypeParam>(grid.shape, {0, 0}, grid.shape));
    }
}

TYPED_TEST(Chunks, OfNoiseAreReadAsWrittenAndAsSmallAsWhatHdf5Stores)
{
    if (!this->comm.is_root())
        return;
    auto stream = base::Stream(4, {});
    const auto noise = [&] { return static_cast<TypeParam>(120 * stream.uniform()); };
    // one dimension, whole rows, a part of a row: the last one HDF5 writes
    for (const auto& shape :
         std::vector<io::Shape>{{150000}, {700, 300}, {2, 70001}, {150, 1001}}) {
        auto values = std::vector<TypeParam>{};
        for (std::int64_t i = 0; i < product(shape); ++i)
            values.push_back(i % 40000 < 8000 ? TypeParam{1} : noise());
        auto sizes = std::array<hsize_t, 2>{};
        {
            auto result = io::ResultFile(this->folder.path() / "noise.h5", io::Attempt{});
            const auto group = result.group("all");
            auto axes = std::vector<std::string>{};
            for (const auto length : shape)
                io::write_index_axis(group, axes.emplace_back(fmt::format("axis_{}", axes.size())),
                                     length);
            const auto ours = io::write_array(group, "ours", values, axes);
            const auto grid = io::result_chunks(shape);
            const auto theirs = io::write_dataset<TypeParam>(group, "theirs", values, shape,
                                                             {grid.chunk, grid.deflate, {}});
            ASSERT_GE(H5Fflush(group, H5F_SCOPE_GLOBAL), 0);
            sizes = {H5Dget_storage_size(ours), H5Dget_storage_size(theirs)};
            result.publish({}, true);
        }
        const auto again = io::open_for_reading(this->folder.path() / "noise.h5");
        EXPECT_EQ(io::read_all<TypeParam>(again, "all/ours"), values);
        EXPECT_LE(static_cast<double>(sizes[0]), 1.05 * static_cast<double>(sizes[1]));
    }
}

using FloatChunks = Chunks<float>;

TEST_F(FloatChunks, AnErrorOfOneRankIsEverybodys)
{
    const auto grid = io::ChunkGrid{{100}, {3}, 1};
    for (const auto failing : {0, comm.size() - 1}) {
        auto file = io::Handle{};
        auto dataset = io::Handle{};
        if (comm.is_root()) {
            file = io::create_file(folder.path() / "chunks.h5");
            dataset = io::make_dataset(file, "a", io::native_type<float>(), grid.shape,
                                       {grid.chunk, grid.deflate, {}});
        }
        auto made = 0;
        EXPECT_THROW(io::write_chunks<float>(comm, dataset, grid, mine(grid),
                                             [&](std::int64_t, std::span<float>) {
                                                 if (comm.rank() == failing && made++ == 3)
                                                     throw base::NumericalError("planned", "", "x");
                                             }),
                     base::NumericalError);
    }
}

TEST_F(FloatChunks, KnowTheirPlaces)
{
    for (const auto& grid : grids)
        for (std::int64_t number = 0; number < grid.count(); ++number) {
            EXPECT_EQ(grid.number_at(grid.offset_of(number)), number);
            auto last = grid.offset_of(number);
            for (std::size_t i = 0; i < last.size(); ++i)
                last[i] += grid.extent_of(number)[i] - 1;
            EXPECT_EQ(grid.number_at(last), number);
        }
}

TEST(Stream, HandsAllMessagesToRankZeroEachRanksInItsOrder)
{
    const auto comm = mpi::Communicator::world();
    constexpr auto each = 100;
    auto sent = 0;
    auto taken = std::vector<std::vector<int>>(static_cast<std::size_t>(comm.size()));

    mpi::stream_to_root(
        comm,
        [&]() -> std::optional<std::vector<std::byte>> {
            if (sent == (comm.rank() == 1 ? 0 : each)) // a rank without any
                return std::nullopt;
            const auto message = std::array{comm.rank(), sent++};
            const auto bytes = std::as_bytes(std::span(message));
            return std::vector<std::byte>(bytes.begin(), bytes.end());
        },
        [&](std::span<const std::byte> bytes) {
            auto message = std::array<int, 2>{};
            std::memcpy(message.data(), bytes.data(), bytes.size());
            taken[static_cast<std::size_t>(message[0])].push_back(message[1]);
        });

    auto in_order = std::vector<int>(each);
    std::iota(in_order.begin(), in_order.end(), 0);
    for (auto rank = 0; rank < comm.size() && comm.is_root(); ++rank)
        EXPECT_EQ(taken[static_cast<std::size_t>(rank)], rank == 1 ? std::vector<int>{} : in_order);
}
