#pragma once

#include <rewire/base/pack.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/mpi/tree_sum.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>

namespace rewire::runtime {

/// A phase that all ranks advance together.
struct StepPlan
{
    std::string phase;
    std::int64_t steps;               ///< at most so many
    std::int64_t steps_per_epoch = 1; ///< for the line of progress
};

/// What a step says of itself. The values of rank 0 count for all ranks.
struct Advanced
{
    double loss = std::numeric_limits<double>::quiet_NaN(); ///< shown; NaN: there is none
    bool done = false;                                      ///< no further step is needed
};

/// One step as its function sees it.
class Step
{
  public:
    Step(const mpi::Communicator& comm, std::int64_t number) : comm_(comm), number_(number) {}

    std::int64_t number() const noexcept { return number_; } ///< 0 .. steps-1

    /// Collective: the sum of all ranks' leaves on all ranks, the same bits on any number of them.
    /// Requests to stop ride along.
    template <typename T>
    void sum(mpi::TreeSum<T>& leaves, std::span<T> total)
    {
        stop_wanted_ = leaves.reduce(comm_, total, wants_to_stop()) || stop_wanted_;
        asked_ = true;
    }

    /// Collective: rank 0's value on all ranks, for decisions on which all have to agree although
    /// they computed them each for itself.
    double decided(double mine) const;

    /// Collective: whether any rank was asked to stop; without messages where a sum told already.
    bool stop_wanted();

  private:
    static bool wants_to_stop() noexcept;

    const mpi::Communicator& comm_;
    std::int64_t number_;
    bool stop_wanted_ = false;
    bool asked_ = false;
};

/// A phase of steps as the runtime sees it; `RunContext::each_step` makes one from a state.
struct StepLoop
{
    StepPlan plan;
    std::function<Advanced(Step&)> advance;
    std::function<void(base::Packer&)> pack;
    std::function<void(base::Unpacker&)> unpack; ///< replaces the state
};

} // namespace rewire::runtime
