#pragma once

#include "jobs/dynetcp_trials/training.hpp"
#include "jobs/frame/session_results.hpp"
#include "model.hpp"

#include <rewire/io/result_file.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// dynetcp-dynamic.h5: one group a session, /SUBJECT/SESSION/. Edges in the order of their
/// receivers, then senders.
namespace rewire::jobs {

inline constexpr auto dynamic_name = "dynetcp-dynamic"; ///< of the job that writes it
inline constexpr auto edges_key = "edges_key";          ///< attribute that stands for the edges
inline constexpr auto test_level = 0.05;                ///< of q, and of equivalence

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
    std::int64_t null_models = 0;
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
/// What the trained model is made of, so that it can be evaluated again; ranks share the work.
/// Collective. @param group on rank 0; null elsewhere @param parameters the same on all ranks
void write_parameters(const mpi::Communicator& comm, const io::Handle* group,
                      const dynetcp::DynamicLayout& layout, std::span<const float> parameters);

DynamicResult read_dynamic(const io::Handle& file, const SessionName& name);

/// The layout of a session's model, with its edges in the order of the result.
dynetcp::DynamicLayout layout_of(const DynamicResult& result);
/// [layout.parameters()], as `write_parameters` had them. @throws InputError: other shapes
std::vector<float> read_parameters(const io::Handle& file, const DynamicResult& result,
                                   const dynetcp::DynamicLayout& layout);

/// Tests against null models. Empty: there were none.
struct EdgeTests
{
    std::vector<double> p_max; ///< [edge]
    std::vector<double> q_max;
    std::vector<double> p_value; ///< [edge, time]
    std::vector<double> q_value;
};
EdgeTests read_edge_tests(const io::Handle& file, const DynamicResult& result);

/// Some edges over time, [edge, time, lag].
struct EdgesOverTime
{
    std::vector<float> weight;
    std::vector<float> smoothed;
    std::vector<std::int32_t> spikes;
};
EdgesOverTime read_edges(const io::Handle& file, const DynamicResult& result, base::Range edges);
/// One edge over time, [time, lag].
inline EdgesOverTime read_edge(const io::Handle& file, const DynamicResult& result,
                               std::int64_t edge)
{
    return read_edges(file, result, {edge, edge + 1});
}

} // namespace rewire::jobs
