#include "node_window.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/mpi/shared_array.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

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

bool allocate_node_window(const Communicator& node, std::int64_t wanted, MPI_Win& window,
                          std::byte*& begin)
{
    // Asked for where there is no room, Open MPI fails on one rank and lets the others wait for
    // ever.
    constexpr auto spare_bytes = 1e6;
    if (node.smallest(shared_memory_room()) < static_cast<double>(wanted) + spare_bytes)
        return false;
    MPI_Comm_set_errhandler(node.get(), MPI_ERRORS_RETURN);
    const auto mine = static_cast<MPI_Aint>(node.is_root() ? wanted : 0);
    auto done =
        MPI_Win_allocate_shared(mine, 1, MPI_INFO_NULL, node.get(), &begin, &window) == MPI_SUCCESS;
    if (node.sum(done ? 0 : 1) > 0) { // one that only some ranks have cannot be freed
        window = MPI_WIN_NULL;
        return false;
    }
    auto size = MPI_Aint{0};
    auto unit = 0;
    MPI_Win_shared_query(window, 0, &size, &unit, &begin);
    // Its pages are taken now: were the room gone when they are written to, that would be a crash.
    const auto part = base::part_of(wanted, node.size(), node.rank());
    done = take_pages(begin + part.first, static_cast<std::size_t>(part.size()));
    if (node.sum(done ? 0 : 1) > 0) {
        MPI_Win_free(&window);
        window = MPI_WIN_NULL;
        return false;
    }
    MPI_Win_lock_all(MPI_MODE_NOCHECK, window);
    return true;
}

void pass_on_between_nodes(const Communicator& comm, const Communicator& node, MPI_Win window,
                           std::byte* base, const std::vector<std::int64_t>& offset,
                           const std::vector<std::int64_t>& owner)
{
    if (window != MPI_WIN_NULL)
        MPI_Win_sync(window);
    node.barrier();

    const auto passes_on = window == MPI_WIN_NULL || node.is_root();
    const auto between = comm.split(passes_on ? 0 : 1);
    auto place = std::int64_t{between.rank()};
    if (window != MPI_WIN_NULL)
        MPI_Bcast(&place, 1, MPI_INT64_T, 0, node.get());
    const auto place_of_rank = comm.all_gather(place);
    const auto anywhere_else =
        std::any_of(place_of_rank.begin(), place_of_rank.end(), [](auto p) { return p != 0; });
    if (passes_on && anywhere_else)
        for (std::size_t i = 0; i < owner.size(); ++i)
            between.broadcast_into(
                {base + offset[i], static_cast<std::size_t>(offset[i + 1] - offset[i])},
                static_cast<int>(place_of_rank[static_cast<std::size_t>(owner[i])]));
    if (window != MPI_WIN_NULL)
        MPI_Win_sync(window);
    node.barrier();
}

} // namespace rewire::mpi
