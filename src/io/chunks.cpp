#include "rewire/io/chunks.hpp"

#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>
#include <rewire/mpi/stream.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <optional>

namespace rewire::io {

namespace {

/// Chunks along a dimension.
std::int64_t along(const ChunkGrid& grid, std::size_t dimension)
{
    const auto size = grid.shape[dimension];
    return size == 0 ? 0 : (size + grid.chunk[dimension] - 1) / grid.chunk[dimension];
}

/// The same to divide by, also in an empty dataset.
std::int64_t stride_along(const ChunkGrid& grid, std::size_t dimension)
{
    return std::max<std::int64_t>(along(grid, dimension), 1);
}

/// Values of the part of a chunk that lies in the dataset, in a whole chunk, row by row.
template <typename T>
std::vector<T> padded(const ChunkGrid& grid, const Shape& extent, std::span<const T> values)
{
    auto whole = std::vector<T>(static_cast<std::size_t>(product(grid.chunk)));
    if (extent == grid.chunk) {
        std::copy(values.begin(), values.end(), whole.begin());
        return whole;
    }
    const auto dimensions = extent.size();
    const auto row = extent.back();
    auto place = Shape(dimensions, 0);
    for (std::int64_t from = 0; from < product(extent); from += row) {
        auto to = std::int64_t{0};
        for (std::size_t i = 0; i < dimensions; ++i)
            to = to * grid.chunk[i] + place[i];
        std::copy_n(values.begin() + from, row, whole.begin() + to);
        for (auto i = dimensions - 1; i-- > 0;) { // the next row
            if (++place[i] < extent[i])
                break;
            place[i] = 0;
        }
    }
    return whole;
}

/// First bytes of all values, then all second ones ...: what deflate finds more alike.
std::vector<std::byte> shuffled(std::span<const std::byte> bytes, std::size_t size)
{
    const auto count = bytes.size() / size;
    auto out = std::vector<std::byte>(bytes.size());
    for (std::size_t k = 0; k < size; ++k)
        for (std::size_t i = 0; i < count; ++i)
            out[k * count + i] = bytes[i * size + k];
    return out;
}

/// zlib's stream of bytes that may change its level on the way.
class Deflater
{
  public:
    explicit Deflater(int level) : level_(level)
    {
        if (deflateInit(&stream_, level) != Z_OK)
            throw std::bad_alloc(); // the only way in which it can fail here
    }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater() { deflateEnd(&stream_); }

    /// Starts anew, into `out`.
    void begin(std::span<std::byte> out, int level)
    {
        deflateReset(&stream_);
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        stream_.avail_in = 0;
        set_level(level);
    }

    void add(std::span<const std::byte> bytes, int level, bool last)
    {
        set_level(level);
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
        stream_.avail_in = static_cast<uInt>(bytes.size());
        deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
    }

    std::size_t size() const { return stream_.total_out; }

  private:
    void set_level(int level)
    {
        if (level != level_)
            deflateParams(&stream_, level, Z_DEFAULT_STRATEGY);
        level_ = level;
    }

    z_stream stream_ = {};
    int level_;
};

/// Of planes of as many bytes. Those of noise, such as the last digits of measured values, are most
/// of them: deflate would try for long and find nothing, so pieces from all over a plane decide
/// whether it tries.
std::vector<std::byte> deflated(std::span<const std::byte> bytes, std::size_t planes, int level)
{
    constexpr auto piece_size = std::size_t{512};
    constexpr auto pieces = std::size_t{8};
    constexpr auto sample_size = pieces * piece_size;
    constexpr auto least_gain = 0.03;
    constexpr auto changes_of_level = std::size_t{64}; // bytes, more than each takes
    auto deflater = Deflater(level);
    const auto pays = [&](std::span<const std::byte> plane) {
        if (plane.size() < 4 * sample_size)
            return true;
        auto sample = std::array<std::byte, sample_size>{};
        for (std::size_t k = 0; k < pieces; ++k)
            std::memcpy(sample.data() + k * piece_size, plane.data() + k * (plane.size() / pieces),
                        piece_size);
        auto out = std::array<std::byte, 2 * sample_size>{};
        deflater.begin(out, level);
        deflater.add(sample, level, true);
        return static_cast<double>(deflater.size()) < (1 - least_gain) * sample_size;
    };
    auto levels = std::vector<int>(planes);
    const auto plane_size = bytes.size() / planes;
    for (std::size_t k = 0; k < planes; ++k)
        levels[k] = pays(bytes.subspan(k * plane_size, plane_size)) ? level : Z_NO_COMPRESSION;
    auto out = std::vector<std::byte>(compressBound(bytes.size()) + planes * changes_of_level);
    deflater.begin(out, levels[0]);
    for (std::size_t k = 0; k < planes; ++k)
        deflater.add(bytes.subspan(k * plane_size, plane_size), levels[k], k + 1 == planes);
    out.resize(deflater.size());
    return out;
}

} // namespace

std::int64_t ChunkGrid::count() const
{
    auto chunks = std::int64_t{1};
    for (std::size_t i = 0; i < shape.size(); ++i)
        chunks *= along(*this, i);
    return chunks;
}

Shape ChunkGrid::offset_of(std::int64_t number) const
{
    auto offset = Shape(shape.size());
    for (auto i = shape.size(); i-- > 0;) {
        offset[i] = number % stride_along(*this, i) * chunk[i];
        number /= stride_along(*this, i);
    }
    return offset;
}

Shape ChunkGrid::extent_of(std::int64_t number) const
{
    auto extent = offset_of(number);
    for (std::size_t i = 0; i < extent.size(); ++i)
        extent[i] = std::min(chunk[i], shape[i] - extent[i]);
    return extent;
}

std::int64_t ChunkGrid::number_at(const Shape& place) const
{
    auto number = std::int64_t{0};
    for (std::size_t i = 0; i < shape.size(); ++i)
        number = number * along(*this, i) + place[i] / chunk[i];
    return number;
}

template <typename T>
std::vector<std::byte> compressed_chunk(const ChunkGrid& grid, std::int64_t number,
                                        std::span<const T> values)
{
    const auto whole = padded(grid, grid.extent_of(number), values);
    const auto bytes = std::as_bytes(std::span(whole));
    return sizeof(T) == 1 ? deflated(bytes, 1, grid.deflate)
                          : deflated(shuffled(bytes, sizeof(T)), sizeof(T), grid.deflate);
}

void write_compressed(hid_t dataset, const ChunkGrid& grid, std::int64_t number,
                      std::span<const std::byte> bytes)
{
    const auto start = extents(grid.offset_of(number));
    if (H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, start.data(), bytes.size(), bytes.data()) < 0)
        fail_writing(dataset, "a chunk");
}

template <typename T>
void write_chunks(const mpi::Communicator& comm, hid_t dataset, const ChunkGrid& grid,
                  const std::vector<std::int64_t>& mine,
                  const std::function<void(std::int64_t number, std::span<T> values)>& fill)
{
    auto position = mine.begin();
    auto values = std::vector<T>{};
    const auto next = [&]() -> std::optional<std::vector<std::byte>> {
        if (position == mine.end())
            return std::nullopt;
        const auto number = *position++;
        values.assign(static_cast<std::size_t>(product(grid.extent_of(number))), T{});
        fill(number, values);
        auto message = std::vector<std::byte>(sizeof(number));
        std::memcpy(message.data(), &number, sizeof(number));
        const auto add = [&](std::span<const std::byte> bytes) {
            message.insert(message.end(), bytes.begin(), bytes.end());
        };
        if (grid.deflate > 0)
            add(compressed_chunk<T>(grid, number, values));
        else
            add(std::as_bytes(std::span(values)));
        return message;
    };
    const auto take = [&](std::span<const std::byte> message) {
        auto number = std::int64_t{0};
        std::memcpy(&number, message.data(), sizeof(number));
        const auto bytes = message.subspan(sizeof(number));
        if (grid.deflate == 0) {
            auto block = std::vector<T>(bytes.size() / sizeof(T));
            if (!block.empty())
                std::memcpy(block.data(), bytes.data(), bytes.size());
            write_block<T>(dataset, grid.offset_of(number), grid.extent_of(number), block);
            return;
        }
        write_compressed(dataset, grid, number, bytes);
    };
    mpi::stream_to_root(comm, next, take);
}

#define REWIRE_INSTANTIATE(T)                                                                      \
    template std::vector<std::byte> compressed_chunk<T>(const ChunkGrid&, std::int64_t,            \
                                                        std::span<const T>);                       \
    template void write_chunks<T>(const mpi::Communicator&, hid_t, const ChunkGrid&,               \
                                  const std::vector<std::int64_t>&,                                \
                                  const std::function<void(std::int64_t, std::span<T>)>&);
REWIRE_FOR_EACH_NUMBER(REWIRE_INSTANTIATE)
#undef REWIRE_INSTANTIATE

} // namespace rewire::io
