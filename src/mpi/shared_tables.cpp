#include "rewire/mpi/shared_tables.hpp"

#include "node_window.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/memory.hpp>
#include <rewire/mpi/agreement.hpp>

#include <algorithm>
#include <memory>
#include <numeric>

namespace rewire::mpi {

SharedTables::SharedTables(const Communicator& comm, const std::vector<std::int64_t>& bytes)
    : offset_(bytes.size() + 1, 0)
{
    std::partial_sum(bytes.begin(), bytes.end(), offset_.begin() + 1);
    // At least a page: some implementations refuse an empty window.
    const auto wanted = std::max<std::int64_t>(total_bytes(), 4096);
    const auto node = comm.node();
    if (node.size() > 1)
        allocate_node_window(node, wanted, window_, base_);
    constexpr auto alignment = std::size_t{64};
    const auto with_room = static_cast<std::size_t>(wanted) + alignment;
    collective(comm, [&] {
        if (window_ == MPI_WIN_NULL) // not touched before it is written to
            copy_ = std::unique_ptr<std::byte[]>(new std::byte[with_room]);
    });
    if (window_ != MPI_WIN_NULL)
        return;
    base::advise_large_pages(copy_.get(), with_room);
    auto* begin = static_cast<void*>(copy_.get());
    auto space = with_room;
    base_ = static_cast<std::byte*>(
        std::align(alignment, static_cast<std::size_t>(wanted), begin, space));
}

SharedTables::~SharedTables()
{
    if (window_ == MPI_WIN_NULL || unwinds_alone())
        return;
    MPI_Win_unlock_all(window_);
    MPI_Win_free(&window_);
}

std::span<std::byte> SharedTables::of(std::int64_t first, std::int64_t last) const
{
    const auto begin = offset_[static_cast<std::size_t>(first)];
    return {base_ + begin,
            static_cast<std::size_t>(offset_[static_cast<std::size_t>(last)] - begin)};
}

void SharedTables::exchange(const Communicator& comm,
                            const std::vector<std::int64_t>& written) const
{
    auto owner = std::vector<std::int64_t>(offset_.size() - 1, 0);
    auto copies = owner;
    for (const auto item : written) {
        owner[static_cast<std::size_t>(item)] += comm.rank();
        ++copies[static_cast<std::size_t>(item)];
    }
    for (auto* values : {&owner, &copies})
        MPI_Allreduce(MPI_IN_PLACE, values->data(), static_cast<int>(values->size()), MPI_INT64_T,
                      MPI_SUM, comm.get());
    if (std::any_of(copies.begin(), copies.end(), [](auto count) { return count != 1; }))
        throw_on_all(base::Error(base::ExitCode::bug, "a shared item is missing or written twice",
                                 "", "please report this"));
    pass_on_between_nodes(comm, comm.node(), window_, base_, offset_, owner);
}

SharedTables::Sharers SharedTables::sharers(const Communicator& comm) const
{
    if (window_ == MPI_WIN_NULL)
        return {};
    const auto node = comm.node();
    return {node.rank(), node.size()};
}

void SharedTables::barrier(const Communicator& comm) const
{
    if (window_ != MPI_WIN_NULL)
        MPI_Win_sync(window_);
    comm.barrier();
    if (window_ != MPI_WIN_NULL)
        MPI_Win_sync(window_);
}

} // namespace rewire::mpi
