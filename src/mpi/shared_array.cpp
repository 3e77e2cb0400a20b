#include "rewire/mpi/shared_array.hpp"

#include <sys/statvfs.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace rewire::mpi {

double shared_memory_room()
{
    const auto* chosen = std::getenv("OMPI_MCA_osc_sm_backing_directory");
    struct statvfs file_system = {};
    if (statvfs(chosen == nullptr ? "/dev/shm" : chosen, &file_system) != 0)
        return std::numeric_limits<double>::infinity();
    return static_cast<double>(file_system.f_bavail) * static_cast<double>(file_system.f_frsize);
}

namespace {

/// [items], of whichever ranks have them.
std::vector<std::int64_t> sizes_of(const Communicator& comm, std::int64_t items,
                                   const std::vector<SharedPiece>& mine)
{
    auto size = std::vector<std::int64_t>(static_cast<std::size_t>(items), 0);
    for (const auto& piece : mine)
        size[static_cast<std::size_t>(piece.item)] += static_cast<std::int64_t>(piece.bytes.size());
    MPI_Allreduce(MPI_IN_PLACE, size.data(), static_cast<int>(items), MPI_INT64_T, MPI_SUM,
                  comm.get());
    return size;
}

} // namespace

NodeShared::NodeShared(const Communicator& comm, std::int64_t items,
                       const std::vector<SharedPiece>& mine)
    : tables_(comm, sizes_of(comm, items, mine))
{
    auto written = std::vector<std::int64_t>{};
    for (const auto& [item, bytes] : mine) {
        if (!bytes.empty())
            std::memcpy(tables_.of(item, item + 1).data(), bytes.data(), bytes.size());
        written.push_back(item);
    }
    tables_.exchange(comm, written);
}

} // namespace rewire::mpi
