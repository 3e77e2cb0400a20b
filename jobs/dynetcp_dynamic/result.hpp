#pragma once

#include "jobs/dynetcp_trials/training.hpp"
#include "jobs/frame/session_results.hpp"
#include "model.hpp"

#include <rewire/io/result_file.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// dynetcp-dynamic.h5: one group a session, /SUBJECT/SESSION/. Edges in the order of their
/// receivers, then senders.
namespace rewire::jobs {

inline constexpr auto dynamic_name = "dynetcp-dynamic"; ///< of the job that writes it
inline constexpr auto edges_key = "edges_key";          ///< attribute that stands for the edges

/// Everything but the arrays over time.
struct DynamicResult
{
    SessionHead head;
    double bin_ms = 0;
    double lambda = 0;
    double static_lambda = 0;
    double edge_key = 0; ///< of the list of edges that was asked for
    std::string edge_source;
    std::string averaged_over; ///< "validation", "test"
    std::int64_t joint = 0;
    std::int64_t smoothed_bins = 0;
    std::int64_t trials_train = 0;
    std::int64_t trials_validation = 0;
    std::int64_t trials_test = 0;
    std::int64_t units_left_out = 0;
    std::int64_t edges_unknown = 0; ///< of units that do not take part
    double static_validation_nll = 0;
    double static_test_nll = 0;
    double test_nll = 0;
    std::vector<std::string> unit_id;
    std::vector<std::int32_t> sender; ///< [edge] index of the unit
    std::vector<std::int32_t> receiver;
    std::vector<double> time_s; ///< start of each bin
    std::vector<double> lag_ms;
    std::vector<float> static_weight; ///< [edge, lag]
    TrainingCurve curve;

    std::int64_t edges() const noexcept { return static_cast<std::int64_t>(sender.size()); }
    std::int64_t lags() const noexcept { return static_cast<std::int64_t>(lag_ms.size()); }
    std::int64_t bins() const noexcept { return static_cast<std::int64_t>(time_s.size()); }
};

/// Rank 0: all but the arrays over time, and these empty. @return the group
io::Handle write_dynamic(const io::ResultFile& file, const DynamicResult& result);
/// Rank 0: values of some edges.
void write_averages(const io::Handle& group, const EdgeAverages& averages, std::int64_t bins,
                    std::int64_t lags);

DynamicResult read_dynamic(const io::Handle& file, const SessionName& name);

/// One edge over time, [time, lag].
struct EdgeOverTime
{
    std::vector<float> smoothed;
    std::vector<std::int32_t> spikes;
};
EdgeOverTime read_edge(const io::Handle& file, const DynamicResult& result, std::int64_t edge);

} // namespace rewire::jobs
