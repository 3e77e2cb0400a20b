#pragma once

#include <rewire/mpi/communicator.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
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
    /// Collective. Items of these bytes, to be written in place: `writable`, then `exchange`.
    /// @throws InputError as above
    NodeShared(const Communicator& comm, const std::vector<std::int64_t>& bytes);
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

    /// Of the items first .. last-1. Ranks of a node may write different items at the same time.
    std::span<std::byte> writable(std::int64_t first, std::int64_t last);
    /// Collective. What this rank has written becomes known to all: `written` are its items, each
    /// item of exactly one rank.
    void exchange(const Communicator& comm, const std::vector<std::int64_t>& written);

    /// The ranks that share one memory, as this one sees them: what each memory needs once is cut
    /// into `count` parts, of which this rank does `index`; then `barrier`.
    struct Sharers
    {
        int index = 0;
        int count = 1;
    };
    Sharers sharers(const Communicator& comm) const;
    /// Collective: what the sharers have written can be read by all of them.
    void barrier(const Communicator& comm) const;

  private:
    void allocate(const Communicator& comm, const Communicator& node);
    void pass_on(const Communicator& comm, const Communicator& node,
                 const std::vector<std::int64_t>& owner);
    bool allocate_window(const Communicator& node, std::int64_t wanted);

    std::vector<std::int64_t> offset_; ///< [items + 1]
    MPI_Win window_ = MPI_WIN_NULL;
    std::byte* base_ = nullptr;
    std::unique_ptr<std::byte[]> copy_; ///< where nothing is shared; not touched before it is used
};

} // namespace rewire::mpi
