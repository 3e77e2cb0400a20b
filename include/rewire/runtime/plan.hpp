#pragma once

#include <rewire/base/memory.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rewire::runtime {

/// Work of one phase on one core of a recent server CPU.
struct PhaseEstimate
{
    std::string name;
    double seconds = 0; ///< of all units
    std::int64_t units = 0;
    double longest_s = 0;      ///< of one unit: no number of ranks is faster
    std::int64_t steps = 0;    ///< of work in lock-step; 0: units that are independent
    double bytes_per_step = 0; ///< of the arrays that a step sums over ranks
};

/// Seconds that summing `bytes` over ranks and handing round the total takes, along a binary tree:
/// up and down, each in ceil(log2(ranks)) rounds of 20 us and 1 GB/s (Ethernet of 10 Gbit/s; within
/// a node and over InfiniBand it is faster).
double seconds_to_sum(double bytes, std::int64_t ranks);

/// What a job will need. Predicted from sizes alone.
struct Estimate
{
    double rank_bytes = 0; ///< peak memory of the most loaded rank, without the node's share
    /// The same while what a node shares is not there yet, or not any more; 0: no such time.
    double early_rank_bytes = 0;
    double node_bytes = 0;       ///< shared by the ranks of a node
    double spread_bytes = 0;     ///< together, spread over all ranks
    double result_bytes = 0;     ///< size of the result
    double checkpoint_bytes = 0; ///< on disk while the job runs
    std::vector<PhaseEstimate> phases;
    std::vector<std::string> notes;

    /// @pre 0 <= longest <= seconds
    void add_phase(const std::string& name, double seconds, std::int64_t units, double longest_s);
    /// Work in lock-step. @param step_s compute of one step, of all ranks together
    /// @param leaves into which a step can be cut; more ranks than this are idle
    /// @param bytes_per_step that a step sums over ranks
    /// @pre steps >= 0, leaves > 0
    void add_steps(const std::string& name, std::int64_t steps, double step_s, std::int64_t leaves,
                   double bytes_per_step);
    double core_seconds() const;
    double seconds_on(std::int64_t ranks) const; ///< phases one after the other
    /// Of all ranks of a node together, without what is spread. @param copies of what they share
    double bytes_on_node(std::int64_t ranks_on_node, std::int64_t copies = 1) const;
    std::int64_t most_units() const; ///< more ranks than this are idle
};

/// What is enough for each of them: the most that any needs, phase by phase.
Estimate most_of(const std::vector<Estimate>& estimates);

/// Memory that a rank has before it does anything: program, MPI, HDF5, LAPACK.
inline constexpr auto base_rank_bytes = 45e6;

/// How many seconds before its time limit a job should be asked to stop: a minute for the end of
/// the block that is being computed, and what saving the checkpoint takes at 100 MB/s (storage that
/// many share); at most a quarter of the limit.
std::int64_t seconds_to_stop(double checkpoint_bytes, std::int64_t limit_minutes);

/// The text of `rewire plan JOB`: memory a rank, hours, the #SBATCH lines.
/// @param command what the batch script runs, e.g. "rewire connectome --study data --results out"
std::string describe_plan(const std::string& job, const Estimate& estimate, std::int64_t ranks,
                          std::int64_t ranks_per_node, const std::string& command);

using base::address_space_left;
using base::peak_resident_bytes;

/// Memory that the ranks on this node may use together, in bytes: what is free, within the limits
/// of the cgroup, of the Slurm job and of the process.
double usable_node_bytes(std::int64_t ranks_on_node);

} // namespace rewire::runtime
