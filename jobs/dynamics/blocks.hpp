#pragma once

#include "histograms.hpp"
#include "jobs/dynetcp_dynamic/result.hpp"
#include "settings.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/dynetcp/dynamics.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::jobs {

constexpr auto time_axis = "time_s"; ///< of the result

/// What is said of some edges: [edges] or [edges, bins].
struct EdgeDynamics
{
    base::Range edges;
    std::vector<double> functional_lag_ms;
    std::vector<float> static_weight; ///< at this lag
    std::vector<float> weight;        ///< at this lag, smoothed; NaN where the sender is silent
    std::vector<float> weight_alone;  ///< of each bin alone; 0 where the sender is silent
    std::vector<float> ratio;
    std::vector<std::int8_t> present;
    std::vector<double> pearson; ///< NaN: no joint histogram of the pair
    std::vector<double> difference;
    std::vector<double> tost_p;
    std::vector<std::int32_t> cells; ///< compared
    /// Lag from 0 at which the mean weight over all spikes of the sender is largest, and that mean;
    /// NaN: no spike.
    std::vector<double> peak_lag_ms;
    std::vector<double> peak_weight;

    void pack(base::Packer& packer) const;
    void unpack(base::Unpacker& unpacker);
};

/// Blocks of edges whose arrays over time and lag fit into memory.
std::vector<base::Range> edge_blocks(const DynamicResult& model);

/// Smoothed averages of one edge, [bin, lag]; NaN where the sender fired in no trial of the window.
/// @param edge among those that were read
std::vector<double> edge_matrix(const EdgesOverTime& over_time, std::int64_t edge,
                                const DynamicResult& model);

/// Of an edge and the joint histogram of its pair. @param matrix as `edge_matrix`
dynetcp::Agreement agreement_with(std::span<const double> joint, std::span<const double> sender,
                                  std::span<const double> matrix, const DynamicResult& model,
                                  const DynamicsSettings& settings);

/// Reads the averages of some edges. @param histograms null: none
EdgeDynamics dynamics_of(const io::Handle& file, const DynamicResult& model, base::Range edges,
                         const EdgeHistograms* histograms, const DynamicsSettings& settings);

/// How many components hold so much of the variance of some courses over the trial.
struct CourseDimension
{
    std::string space; ///< "weights", ...
    std::int64_t components = 0;
    double normalised = 0; ///< over the units that the courses are of; NaN for none
};

/// [unit, bin] mean spikes a bin over all trials.
std::vector<double> rates_by_bin(const dynetcp::TrialValues& spikes);

/// Of weights at the functional lag (each bin alone, as published, and smoothed; 0 where the sender
/// is silent), of the rates of the units that have an edge, and of those of all units.
/// @param weight_alone, weight [edge, bin] @param rates [unit, bin]
/// @param smooth_bins SD of a Gaussian that all courses are smoothed with first; 0: none
std::vector<CourseDimension> dimensions_of(const DynamicResult& model,
                                           std::span<const float> weight_alone,
                                           std::span<const float> weight,
                                           std::span<const double> rates, double smooth_bins);

} // namespace rewire::jobs
