#pragma once

#include <rewire/mpi/communicator.hpp>

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

/// Bytes of many items, handed in by whichever ranks have them and held once in the memory of every
/// node, where all ranks of the node read them. Where there is no room for shared memory, or the
/// system refuses it, each rank of the node keeps a copy.
class NodeShared
{
  public:
    /// Collective. Items lie behind one another in their order, without gaps, from a multiple of 64
    /// bytes on: the bytes of items whose sizes are multiples of sizeof(T) can be read as one array
    /// of T.
    /// @throws InputError on all ranks when an item is missing or handed in twice, or memory is
    /// short
    NodeShared(const Communicator& comm, std::int64_t items, const std::vector<SharedPiece>& mine);
    NodeShared(const NodeShared&) = delete;
    NodeShared& operator=(const NodeShared&) = delete;
    ~NodeShared(); ///< collective

    std::span<const std::byte> bytes_of(std::int64_t item) const
    {
        return bytes_of(item, item + 1);
    }
    /// Of the items first .. last-1.
    std::span<const std::byte> bytes_of(std::int64_t first, std::int64_t last) const;
    std::int64_t total_bytes() const noexcept { return offset_.back(); }

  private:
    void allocate(const Communicator& comm, const Communicator& node);
    bool allocate_window(const Communicator& node, std::int64_t wanted);

    std::vector<std::int64_t> offset_; ///< [items + 1]
    MPI_Win window_ = MPI_WIN_NULL;
    std::byte* base_ = nullptr;
    std::vector<std::byte> copy_;
};

} // namespace rewire::mpi
