#include "rewire/mpi/shared_array.hpp"

#include "node_window.hpp"

#include <rewire/base/error.hpp>
#include <rewire/mpi/agreement.hpp>

#include <sys/statvfs.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>

namespace rewire::mpi {

double shared_memory_room()
{
    const auto* chosen = std::getenv("OMPI_MCA_osc_sm_backing_directory");
    struct statvfs file_system = {};
    if (statvfs(chosen == nullptr ? "/dev/shm" : chosen, &file_system) != 0)
        return std::numeric_limits<double>::infinity();
    return static_cast<double>(file_system.f_bavail) * static_cast<double>(file_system.f_frsize);
}

NodeShared::NodeShared(const Communicator& comm, std::int64_t items,
                       const std::vector<SharedPiece>& mine)
    : offset_(static_cast<std::size_t>(items) + 1, 0)
{
    auto size = std::vector<std::int64_t>(static_cast<std::size_t>(items), 0);
    auto owner = std::vector<std::int64_t>(static_cast<std::size_t>(items), 0);
    auto copies = std::vector<std::int64_t>(static_cast<std::size_t>(items), 0);
    for (const auto& piece : mine) {
        const auto item = static_cast<std::size_t>(piece.item);
        size[item] += static_cast<std::int64_t>(piece.bytes.size());
        owner[item] += comm.rank();
        ++copies[item];
    }
    for (auto* values : {&size, &owner, &copies})
        MPI_Allreduce(MPI_IN_PLACE, values->data(), static_cast<int>(items), MPI_INT64_T, MPI_SUM,
                      comm.get());
    if (std::any_of(copies.begin(), copies.end(), [](auto count) { return count != 1; }))
        throw_on_all(base::Error(base::ExitCode::bug, "a shared item is missing or handed in twice",
                                 "", "please report this"));
    std::partial_sum(size.begin(), size.end(), offset_.begin() + 1);

    const auto node = comm.node();
    allocate(comm, node);
    for (const auto& piece : mine)
        if (!piece.bytes.empty())
            std::memcpy(base_ + offset_[static_cast<std::size_t>(piece.item)], piece.bytes.data(),
                        piece.bytes.size());
    pass_on_between_nodes(comm, node, window_, base_, offset_, owner);
}

bool NodeShared::allocate_window(const Communicator& node, std::int64_t wanted)
{
    return allocate_node_window(node, wanted, window_, base_);
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
            copy_.resize(static_cast<std::size_t>(wanted) + alignment);
    });
    if (window_ != MPI_WIN_NULL)
        return;
    auto* begin = static_cast<void*>(copy_.data());
    auto space = copy_.size();
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
