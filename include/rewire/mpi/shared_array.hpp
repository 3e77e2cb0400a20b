#pragma once

#include <rewire/mpi/communicator.hpp>
#include <rewire/mpi/shared_tables.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rewire::mpi {

/// What is free where MPI puts the memory that ranks of a node share (/dev/shm; containers often
/// have no more than 64 MB there), in bytes; infinite where that cannot be told.
double shared_memory_room();

/// One piece of a `NodeShared`, as the rank that has it hands it in.
struct SharedPiece
{
    std::int64_t item;                ///< 0 .. items-1; every item is handed in by exactly one rank
    std::span<const std::byte> bytes; ///< may be empty
};

/// SharedTables of items that ranks have already, to read.
class NodeShared
{
  public:
    /// Collective. The bytes of items whose sizes are multiples of sizeof(T) can be read as one
    /// array of T.
    /// @throws Error on all ranks when an item is missing or handed in twice, or memory is short
    NodeShared(const Communicator& comm, std::int64_t items, const std::vector<SharedPiece>& mine);

    std::span<const std::byte> bytes_of(std::int64_t item) const
    {
        return bytes_of(item, item + 1);
    }
    /// Of the items first .. last-1.
    std::span<const std::byte> bytes_of(std::int64_t first, std::int64_t last) const
    {
        return tables_.of(first, last);
    }
    std::int64_t total_bytes() const noexcept { return tables_.total_bytes(); }

  private:
    SharedTables tables_; ///< freed collectively
};

} // namespace rewire::mpi
