#pragma once

#include <rewire/mpi/communicator.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace rewire::mpi {

/// Hands out work units to ranks as they become free, the most expensive first, so that uneven
/// units do not leave ranks idle. One counter on rank 0, moved by MPI_Fetch_and_op; over a network
/// rank 0 has to enter MPI regularly for the others to be served: call `tick` between small
/// steps of a unit.
///
/// Which rank gets a unit is not reproducible: results must not depend on it.
class WorkQueue
{
  public:
    /// Collective. @param costs estimated cost of every unit, the same on all ranks
    WorkQueue(const Communicator& comm, const std::vector<double>& costs);
    WorkQueue(const WorkQueue&) = delete;
    WorkQueue& operator=(const WorkQueue&) = delete;
    ~WorkQueue(); ///< collective

    /// Index of the next unit for this rank; nothing when all are handed out or some rank called
    /// `close`.
    std::optional<std::int64_t> next();
    /// No rank gets a further unit: some rank failed, or was asked to stop.
    void close();
    /// Enters MPI, so that other ranks' requests are served. @return whether the queue is still
    /// open
    bool tick();
    /// Fraction of the total cost that has been handed out, as seen from here.
    double fraction_handed_out();

  private:
    std::int64_t add(std::int64_t amount);

    const Communicator& comm_;
    std::vector<std::int64_t> order_;     ///< units, most expensive first
    std::vector<double> cumulative_cost_; ///< of order_, [units + 1]
    MPI_Win window_ = MPI_WIN_NULL;
    std::int64_t* counter_ = nullptr;
    std::int64_t own_counter_ = 0; ///< where it lives when MPI has no shared memory for it
};

} // namespace rewire::mpi
