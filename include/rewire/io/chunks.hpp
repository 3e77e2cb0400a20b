#pragma once

#include <rewire/io/hdf5.hpp>
#include <rewire/mpi/communicator.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

/// Large results: every rank compresses chunks of a dataset, rank 0 writes them as they are. So a
/// result of many GB is neither one rank's work nor one rank's memory.
namespace rewire::io {

/// How a dataset is cut into chunks: known from its shape alone, also to ranks that have no file.
struct ChunkGrid
{
    Shape shape;
    Shape chunk;     ///< as long as shape; the last ones of a dimension may be cut off
    int deflate = 0; ///< level, with shuffle; 0: the dataset is not in chunks, but one block

    std::int64_t count() const;
    /// Chunks are numbered row major. @pre 0 <= number < count()
    Shape offset_of(std::int64_t number) const;
    Shape extent_of(std::int64_t number) const; ///< without what lies outside of the dataset
    /// The chunk that holds the value at this place.
    std::int64_t number_at(const Shape& place) const;
};

/// What is stored of a chunk: shuffle (where values have more than one byte) and deflate, for
/// HDF5's own filters to read. Bytes of noise are stored as they are: a p-value has six, on which
/// HDF5's deflate spends most of its time for nothing.
/// @param values row major [extent of the chunk]; what lies outside of the dataset becomes 0
template <typename T>
std::vector<std::byte> compressed_chunk(const ChunkGrid& grid, std::int64_t number,
                                        std::span<const T> values);

/// Writes what compressed_chunk made. @throws IoError
void write_compressed(hid_t dataset, const ChunkGrid& grid, std::int64_t number,
                      std::span<const std::byte> bytes);

/// Collective: fills a dataset of rank 0, for instance one of `make_array`, whose grid is
/// `result_chunks`.
/// @param dataset on rank 0; elsewhere it is not looked at
/// @param mine chunks that this rank makes, each on one rank; chunks that nobody makes are 0
/// @param fill writes the values of a chunk, row major [extent_of(number)]
/// Memory: a few chunks a rank, besides what `fill` needs. Rank 0 makes its own when no other chunk
/// waits to be written.
/// @throws IoError, or what `fill` threw, on all ranks
template <typename T>
void write_chunks(const mpi::Communicator& comm, hid_t dataset, const ChunkGrid& grid,
                  const std::vector<std::int64_t>& mine,
                  const std::function<void(std::int64_t number, std::span<T> values)>& fill);

} // namespace rewire::io
