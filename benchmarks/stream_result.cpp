// stream_result FILE GB [one]: fills a dataset of float of so many GB in a result file, in chunks
// that the ranks compress and hand to rank 0; with `one` through HDF5's own filters on rank 0, as
// small results are written. Rows are noise around a slow wave: what correlations look like to a
// compressor. One rank that hands over chunks also says what more ranks would take: compressing is
// shared, writing is rank 0's alone.
#include <rewire/io/chunks.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/runtime/plan.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

using namespace rewire;

namespace {

constexpr auto columns = std::int64_t{20'000};

/// A cheap generator: what is measured is compressing and writing.
void fill_row_part(std::int64_t row, std::int64_t column, std::span<float> values)
{
    auto state = static_cast<std::uint64_t>(row * columns + column) * 0x9e3779b97f4a7c15ULL + 1;
    for (auto& value : values) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        const auto noise = static_cast<float>(static_cast<std::int32_t>(state >> 32)) * 0x1p-33F;
        value = 0.1F * noise + 0.01F * std::sin(static_cast<float>(row) * 0.01F);
    }
}

void fill(const io::ChunkGrid& grid, std::int64_t number, std::span<float> values)
{
    const auto offset = grid.offset_of(number);
    const auto extent = grid.extent_of(number);
    for (std::int64_t row = 0; row < extent[0]; ++row)
        fill_row_part(offset[0] + row, offset[1],
                      values.subspan(static_cast<std::size_t>(row * extent[1]),
                                     static_cast<std::size_t>(extent[1])));
}

/// Of one core, without writing.
double compressed_bytes_a_second(const io::ChunkGrid& grid)
{
    auto values = std::vector<float>{};
    auto bytes = 0.0;
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t number = 0; number < std::min<std::int64_t>(grid.count(), 400); ++number) {
        const auto extent = grid.extent_of(number);
        values.resize(static_cast<std::size_t>(extent[0] * extent[1]));
        fill(grid, number, values);
        io::compressed_chunk<float>(grid, number, values);
        bytes += 4.0 * static_cast<double>(values.size());
    }
    return bytes / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// @param seconds of all of it on one rank
void predict(const io::ChunkGrid& grid, double bytes, double seconds)
{
    const auto rate = compressed_bytes_a_second(grid);
    const auto compressing = bytes / rate;
    const auto writing = std::max(seconds - compressing, 0.0);
    std::printf("compressing alone %.0f MB/s a core; the rest, rank 0's, %.0f %%\npredicted:",
                rate * 1e-6, 100 * writing / seconds);
    for (const auto ranks : {2, 4, 8, 16, 32, 64})
        std::printf("  %d ranks %.1f times", ranks, seconds / (compressing / ranks + writing));
    std::printf("\n");
}

} // namespace

int main(int argc, char** argv)
{
    const auto environment = mpi::Environment(argc, argv);
    const auto comm = mpi::Communicator::world();
    if (argc < 3) {
        std::fprintf(stderr, "usage: stream_result FILE GB [one]\n");
        return 2;
    }
    const auto rows = static_cast<std::int64_t>(std::atof(argv[2]) * 1e9 / (4.0 * columns));
    const auto by_hdf5 = argc > 3;
    const auto grid = io::result_chunks({rows, columns});
    comm.barrier();
    const auto start = std::chrono::steady_clock::now();

    auto file = std::unique_ptr<io::ResultFile>{};
    auto dataset = io::Handle{};
    if (comm.is_root()) {
        file = std::make_unique<io::ResultFile>(argv[1], io::Attempt{});
        const auto group = file->group("stream");
        io::write_index_axis(group, "row", rows);
        io::write_index_axis(group, "column", columns);
        dataset = io::make_array<float>(group, "value", {"row", "column"});
    }
    if (!by_hdf5) {
        auto mine = std::vector<std::int64_t>{};
        for (auto number = std::int64_t{comm.rank()}; number < grid.count(); number += comm.size())
            mine.push_back(number);
        io::write_chunks<float>(
            comm, dataset, grid, mine,
            [&](std::int64_t number, std::span<float> values) { fill(grid, number, values); });
    } else if (comm.is_root()) {
        auto values = std::vector<float>{};
        for (std::int64_t number = 0; number < grid.count(); ++number) {
            const auto extent = grid.extent_of(number);
            values.resize(static_cast<std::size_t>(extent[0] * extent[1]));
            fill(grid, number, values);
            io::write_block<float>(dataset, grid.offset_of(number), extent, values);
        }
    }
    if (comm.is_root()) {
        dataset.close();
        file->publish({}, true);
    }
    const auto seconds = comm.largest(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    // Where other work shares the machine, the processor time of the busiest rank says what seconds
    // would be on an idle one.
    const auto busy_s = comm.largest(static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
    const auto peak = comm.largest(runtime::peak_resident_bytes());
    if (comm.is_root())
        std::printf("%d ranks%s  %.2f GB  %.2f s (busiest rank %.2f s)  %.0f MB/s  peak of a rank "
                    "%.0f MB  stored %.2f GB\n",
                    comm.size(), by_hdf5 ? " (HDF5's filters)" : "",
                    4e-9 * static_cast<double>(rows * columns), seconds, busy_s,
                    4e-6 * static_cast<double>(rows * columns) / seconds, peak * 1e-6,
                    1e-9 * static_cast<double>(std::filesystem::file_size(argv[1])));
    if (comm.size() == 1 && !by_hdf5)
        predict(grid, 4.0 * static_cast<double>(rows * columns), seconds);
    return 0;
}
