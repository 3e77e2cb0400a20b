#include "rewire/mpi/shared_array.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/memory.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/mpi/agreement.hpp>

#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>

namespace rewire::mpi {

namespace {

/// @return false when there is no room for them; true also where the system cannot take them early
bool take_pages(std::byte* begin, std::size_t bytes)
{
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto before = reinterpret_cast<std::uintptr_t>(begin) % page; // of the window's own
#ifdef MADV_POPULATE_WRITE
    constexpr auto populate = MADV_POPULATE_WRITE;
#else
    constexpr auto populate = 23; // of Linux 5.14, by its number
#endif
    return madvise(begin - before, bytes + before, populate) == 0 || errno == EINVAL;
}

} // namespace

double shared_memory_room()
{
    const auto* chosen = std::getenv("OMPI_MCA_osc_sm_backing_directory");
    struct statvfs file_system = {};
    if (statvfs(chosen == nullptr ? "/dev/shm" : chosen, &file_system) != 0)
        return std::numeric_limits<double>::infinity();
    return static_cast<double>(file_system.f_bavail) * static_cast<double>(file_system.f_frsize);
}

namespace {

/// Which rank has each item. Collective.
std::vector<std::int64_t> owners_of(const Communicator& comm, std::int64_t items,
                                    const std::vector<std::int64_t>& mine)
{
    auto owner = std::vector<std::int64_t>(static_cast<std::size_t>(items), 0);
    auto copies = owner;
    for (const auto item : mine) {
        owner[static_cast<std::size_t>(item)] += comm.rank();
        ++copies[static_cast<std::size_t>(item)];
    }
    for (auto* values : {&owner, &copies})
        MPI_Allreduce(MPI_IN_PLACE, values->data(), static_cast<int>(items), MPI_INT64_T, MPI_SUM,
                      comm.get());
    if (std::any_of(copies.begin(), copies.end(), [](auto count) { return count != 1; }))
        throw_on_all(base::Error(base::ExitCode::bug, "a shared item is missing or handed in twice",
                                 "", "please report this"));
    return owner;
}

} // namespace

NodeShared::NodeShared(const Communicator& comm, std::int64_t items,
                       const std::vector<SharedPiece>& mine)
    : offset_(static_cast<std::size_t>(items) + 1, 0)
{
    auto size = std::vector<std::int64_t>(static_cast<std::size_t>(items), 0);
    auto named = std::vector<std::int64_t>{};
    for (const auto& piece : mine) {
        size[static_cast<std::size_t>(piece.item)] += static_cast<std::int64_t>(piece.bytes.size());
        named.push_back(piece.item);
    }
    MPI_Allreduce(MPI_IN_PLACE, size.data(), static_cast<int>(items), MPI_INT64_T, MPI_SUM,
                  comm.get());
    const auto owner = owners_of(comm, items, named);
    std::partial_sum(size.begin(), size.end(), offset_.begin() + 1);

    const auto node = comm.node();
    allocate(comm, node);
    for (const auto& piece : mine)
        if (!piece.bytes.empty())
            std::memcpy(base_ + offset_[static_cast<std::size_t>(piece.item)], piece.bytes.data(),
                        piece.bytes.size());
    pass_on(comm, node, owner);
}

NodeShared::NodeShared(const Communicator& comm, const std::vector<std::int64_t>& bytes)
    : offset_(bytes.size() + 1, 0)
{
    std::partial_sum(bytes.begin(), bytes.end(), offset_.begin() + 1);
    allocate(comm, comm.node());
}

std::span<std::byte> NodeShared::writable(std::int64_t first, std::int64_t last)
{
    const auto bytes = bytes_of(first, last);
    return {base_ + offset_[static_cast<std::size_t>(first)], bytes.size()};
}

void NodeShared::exchange(const Communicator& comm, const std::vector<std::int64_t>& written)
{
    const auto items = static_cast<std::int64_t>(offset_.size()) - 1;
    pass_on(comm, comm.node(), owners_of(comm, items, written));
}

NodeShared::Sharers NodeShared::sharers(const Communicator& comm) const
{
    if (window_ == MPI_WIN_NULL)
        return {};
    const auto node = comm.node();
    return {node.rank(), node.size()};
}

void NodeShared::barrier(const Communicator& comm) const
{
    if (window_ != MPI_WIN_NULL)
        MPI_Win_sync(window_);
    comm.barrier();
    if (window_ != MPI_WIN_NULL)
        MPI_Win_sync(window_);
}

/// What other nodes have: first ranks of the nodes pass it on (all ranks of a node where nothing
/// is shared).
void NodeShared::pass_on(const Communicator& comm, const Communicator& node,
                         const std::vector<std::int64_t>& owner)
{
    if (window_ != MPI_WIN_NULL)
        MPI_Win_sync(window_);
    node.barrier();

    const auto passes_on = window_ == MPI_WIN_NULL || node.is_root();
    const auto between = comm.split(passes_on ? 0 : 1);
    auto place = std::int64_t{between.rank()};
    if (window_ != MPI_WIN_NULL)
        MPI_Bcast(&place, 1, MPI_INT64_T, 0, node.get());
    const auto place_of_rank = comm.all_gather(place);
    const auto anywhere_else =
        std::any_of(place_of_rank.begin(), place_of_rank.end(), [](auto p) { return p != 0; });
    if (passes_on && anywhere_else)
        for (std::size_t i = 0; i < owner.size(); ++i)
            between.broadcast_into(
                writable(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i) + 1),
                static_cast<int>(place_of_rank[static_cast<std::size_t>(owner[i])]));
    if (window_ != MPI_WIN_NULL)
        MPI_Win_sync(window_);
    node.barrier();
}

bool NodeShared::allocate_window(const Communicator& node, std::int64_t wanted)
{
    // Asked for where there is no room, Open MPI fails on one rank and lets the others wait for
    // ever.
    constexpr auto spare_bytes = 1e6;
    if (node.smallest(shared_memory_room()) < static_cast<double>(wanted) + spare_bytes)
        return false;
    MPI_Comm_set_errhandler(node.get(), MPI_ERRORS_RETURN);
    const auto mine = static_cast<MPI_Aint>(node.is_root() ? wanted : 0);
    auto done = MPI_Win_allocate_shared(mine, 1, MPI_INFO_NULL, node.get(), &base_, &window_) ==
                MPI_SUCCESS;
    if (node.sum(done ? 0 : 1) > 0) { // one that only some ranks have cannot be freed
        window_ = MPI_WIN_NULL;
        return false;
    }
    auto size = MPI_Aint{0};
    auto unit = 0;
    MPI_Win_shared_query(window_, 0, &size, &unit, &base_);
    // Its pages are taken now: were the room gone when they are written to, that would be a crash.
    const auto part = base::part_of(wanted, node.size(), node.rank());
    done = take_pages(base_ + part.first, static_cast<std::size_t>(part.size()));
    if (node.sum(done ? 0 : 1) > 0) {
        MPI_Win_free(&window_);
        window_ = MPI_WIN_NULL;
        return false;
    }
    MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
    return true;
}

void NodeShared::allocate(const Communicator& comm, const Communicator& node)
{
    // At least a page: some implementations refuse an empty window.
    const auto wanted = std::max<std::int64_t>(total_bytes(), 4096);
    if (node.size() > 1)
        allocate_window(node, wanted);
    constexpr auto alignment = std::size_t{64};
    collective(comm, [&] {
        if (window_ == MPI_WIN_NULL)
            copy_ = std::unique_ptr<std::byte[]>(
                new std::byte[static_cast<std::size_t>(wanted) + alignment]);
    });
    if (window_ != MPI_WIN_NULL)
        return;
    auto* begin = static_cast<void*>(copy_.get());
    auto space = static_cast<std::size_t>(wanted) + alignment;
    base::advise_large_pages(begin, space);
    base_ = static_cast<std::byte*>(
        std::align(alignment, static_cast<std::size_t>(wanted), begin, space));
}

NodeShared::~NodeShared()
{
    if (window_ == MPI_WIN_NULL || unwinds_alone())
        return;
    MPI_Win_unlock_all(window_);
    MPI_Win_free(&window_);
}

std::span<const std::byte> NodeShared::bytes_of(std::int64_t first, std::int64_t last) const
{
    const auto begin = offset_[static_cast<std::size_t>(first)];
    const auto end = offset_[static_cast<std::size_t>(last)];
    return {base_ + begin, static_cast<std::size_t>(end - begin)};
}

} // namespace rewire::mpi
