#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rewire::job {

/// What a job will need. Predicted from sizes alone.
struct Estimate
{
    double rank_bytes = 0;       ///< peak memory of the most loaded rank, without the node's share
    double node_bytes = 0;       ///< shared by the ranks of a node
    double core_seconds = 0;     ///< total work on one core of a recent server CPU
    double longest_unit_s = 0;   ///< no number of ranks ends before this
    double result_bytes = 0;     ///< size of the result
    double checkpoint_bytes = 0; ///< on disk while the job runs
    std::int64_t units = 0;      ///< work units: more ranks than this are idle
    std::vector<std::string> notes;
};

/// Memory that a rank has before it does anything: program, MPI, HDF5, LAPACK.
inline constexpr auto base_rank_bytes = 45e6;

/// The text of `rewire plan JOB`: memory a rank, hours, the #SBATCH lines.
/// @param command what the batch script runs, e.g. "rewire connectome --study data --results out"
std::string describe_plan(const std::string& job, const Estimate& estimate, std::int64_t ranks,
                          std::int64_t ranks_per_node, const std::string& command);

/// Memory that the ranks on this node may use together, in bytes: what is free, within the limits
/// of the cgroup, of the Slurm job and of the process.
double usable_node_bytes(std::int64_t ranks_on_node);

/// Peak resident memory of this process so far, in bytes.
double peak_resident_bytes();

} // namespace rewire::job
