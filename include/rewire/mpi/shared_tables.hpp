#pragma once

#include <rewire/mpi/communicator.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rewire::mpi {

/// Bytes of many items, held once in the memory of every node and written in place by whichever
/// ranks make them. Where there is no room for shared memory, or the system refuses it, each rank
/// of the node keeps a copy.
class SharedTables
{
  public:
    /// Collective. Items lie behind one another in their order, without gaps, from a multiple of 64
    /// bytes on; what is in them is not defined.
    /// @throws InputError on all ranks when memory is short
    SharedTables(const Communicator& comm, const std::vector<std::int64_t>& bytes);
    SharedTables(const SharedTables&) = delete;
    SharedTables& operator=(const SharedTables&) = delete;
    ~SharedTables(); ///< collective

    /// Of the items first .. last-1. Ranks of a node may write different items at the same time.
    std::span<std::byte> of(std::int64_t first, std::int64_t last) const;
    std::int64_t total_bytes() const noexcept { return offset_.back(); }

    /// Collective. What this rank has written becomes known to all: `written` are its items, each
    /// item of exactly one rank.
    void exchange(const Communicator& comm, const std::vector<std::int64_t>& written) const;

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
    std::vector<std::int64_t> offset_; ///< [items + 1]
    MPI_Win window_ = MPI_WIN_NULL;
    std::byte* base_ = nullptr;
    std::unique_ptr<std::byte[]> copy_; ///< where nothing is shared
};

} // namespace rewire::mpi
