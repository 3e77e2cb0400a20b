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
    double longest_s = 0; ///< unit: no number of ranks ends before it
};

/// What a job will need. Predicted from sizes alone.
struct Estimate
{
    double rank_bytes = 0;       ///< peak memory of the most loaded rank, without the node's share
    double node_bytes = 0;       ///< shared by the ranks of a node
    double spread_bytes = 0;     ///< together, spread over all ranks
    double result_bytes = 0;     ///< size of the result
    double checkpoint_bytes = 0; ///< on disk while the job runs
    std::vector<PhaseEstimate> phases;
    std::vector<std::string> notes;

    /// @pre 0 <= longest <= seconds
    void add_phase(const std::string& name, double seconds, std::int64_t units, double longest_s);
    double core_seconds() const;
    double seconds_on(std::int64_t ranks) const; ///< phases one after the other
    std::int64_t most_units() const;             ///< more ranks than this are idle
};

/// What is enough for each of them: the most that any needs, phase by phase.
Estimate most_of(const std::vector<Estimate>& estimates);

/// Memory that a rank has before it does anything: program, MPI, HDF5, LAPACK.
inline constexpr auto base_rank_bytes = 45e6;

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
