#include <rewire/base/error.hpp>
#include <rewire/mpi/agreement.hpp>
#include <rewire/mpi/shared_array.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

namespace rewire::mpi {

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
        throw base::Error(base::ExitCode::bug, "a shared item is missing or handed in twice", "",
                          "please report this");
    std::partial_sum(size.begin(), size.end(), offset_.begin() + 1);

    const auto node = comm.node();
    allocate(comm, node);
    for (const auto& piece : mine)
        if (!piece.bytes.empty())
            std::memcpy(base_ + offset_[static_cast<std::size_t>(piece.item)], piece.bytes.data(),
                        piece.bytes.size());
    if (window_ != MPI_WIN_NULL)
        MPI_Win_sync(window_);
    node.barrier();

    // What other nodes have: first ranks of the nodes pass it on (all ranks where nothing is
    // shared).
    const auto passes_on = window_ == MPI_WIN_NULL || node.is_root();
    const auto between = comm.split(passes_on ? 0 : 1);
    auto place = std::int64_t{between.rank()};
    if (window_ != MPI_WIN_NULL)
        MPI_Bcast(&place, 1, MPI_INT64_T, 0, node.get());
    const auto place_of_rank = comm.all_gather(place);
    const auto anywhere_else =
        std::any_of(place_of_rank.begin(), place_of_rank.end(), [](auto p) { return p != 0; });
    if (passes_on && anywhere_else)
        for (std::size_t i = 0; i < size.size(); ++i)
            between.broadcast_into(
                {base_ + offset_[i], static_cast<std::size_t>(size[i])},
                static_cast<int>(place_of_rank[static_cast<std::size_t>(owner[i])]));
    if (window_ != MPI_WIN_NULL)
        MPI_Win_sync(window_);
    node.barrier();
}

void NodeShared::allocate(const Communicator& comm, const Communicator& node)
{
    // At least a page: some implementations refuse an empty window.
    const auto wanted = std::max<std::int64_t>(total_bytes(), 4096);
    if (node.size() > 1) {
        MPI_Comm_set_errhandler(node.get(), MPI_ERRORS_RETURN);
        const auto mine = static_cast<MPI_Aint>(node.is_root() ? wanted : 0);
        const auto done = MPI_Win_allocate_shared(mine, 1, MPI_INFO_NULL, node.get(), &base_,
                                                  &window_) == MPI_SUCCESS;
        if (node.sum(done ? 1 : 0) == node.size()) {
            auto size = MPI_Aint{0};
            auto unit = 0;
            MPI_Win_shared_query(window_, 0, &size, &unit, &base_);
            MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
        } else {
            if (done)
                MPI_Win_free(&window_);
            window_ = MPI_WIN_NULL;
        }
    }
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
    end_unless_all_unwind();
    if (window_ == MPI_WIN_NULL)
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
