#include "rewire/mpi/work_queue.hpp"

#include <rewire/mpi/agreement.hpp>
#include <rewire/mpi/shared_array.hpp>

#include <algorithm>
#include <numeric>

namespace rewire::mpi {

namespace {

/// Added to the counter to close the queue: far above any number of units, far below overflow even
/// when every rank closes it.
constexpr auto closed = std::int64_t{1} << 40;

} // namespace

WorkQueue::WorkQueue(const Communicator& comm, const std::vector<double>& costs)
    : comm_(comm), order_(costs.size()), cumulative_cost_(costs.size() + 1, 0.0)
{
    std::iota(order_.begin(), order_.end(), 0);
    const auto cost = [&](std::int64_t unit) { return costs[static_cast<std::size_t>(unit)]; };
    std::stable_sort(order_.begin(), order_.end(),
                     [&](auto a, auto b) { return cost(a) > cost(b); });
    for (std::size_t i = 0; i < order_.size(); ++i)
        cumulative_cost_[i + 1] = cumulative_cost_[i] + cost(order_[i]);

    const auto bytes = static_cast<MPI_Aint>(comm.is_root() ? sizeof(std::int64_t) : 0);
    // Memory that MPI allocates is shared by the ranks of a node: they count without rank 0. Where
    // there is no room for it Open MPI would hang; then messages have to do.
    constexpr auto wanted_room = 1e6;
    if (comm.smallest(shared_memory_room()) >= wanted_room)
        MPI_Win_allocate(bytes, sizeof(std::int64_t), MPI_INFO_NULL, comm.get(), &counter_,
                         &window_);
    else
        MPI_Win_create(counter_ = &own_counter_, bytes, sizeof(std::int64_t), MPI_INFO_NULL,
                       comm.get(), &window_);
    if (comm.is_root()) {
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, window_);
        *counter_ = 0;
        MPI_Win_unlock(0, window_);
    }
    comm.barrier();
    MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
}

WorkQueue::~WorkQueue()
{
    if (unwinds_alone())
        return;
    MPI_Win_unlock_all(window_);
    MPI_Win_free(&window_);
}

std::int64_t WorkQueue::add(std::int64_t amount)
{
    auto before = std::int64_t{0};
    MPI_Fetch_and_op(&amount, &before, MPI_INT64_T, 0, 0, amount == 0 ? MPI_NO_OP : MPI_SUM,
                     window_);
    MPI_Win_flush(0, window_);
    return before;
}

std::optional<std::int64_t> WorkQueue::next()
{
    const auto position = add(1);
    if (position >= static_cast<std::int64_t>(order_.size()))
        return std::nullopt;
    return order_[static_cast<std::size_t>(position)];
}

void WorkQueue::close()
{
    add(closed);
}

bool WorkQueue::tick()
{
    comm_.progress();
    return add(0) < closed;
}

double WorkQueue::fraction_handed_out()
{
    const auto position = std::min(add(0), static_cast<std::int64_t>(order_.size()));
    const auto total = cumulative_cost_.back();
    return total > 0 ? cumulative_cost_[static_cast<std::size_t>(position)] / total : 1.0;
}

} // namespace rewire::mpi
