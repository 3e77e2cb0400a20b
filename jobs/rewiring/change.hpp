#pragma once

#include "halves_source.hpp"
#include "subject.hpp"

#include <rewire/network/session_change.hpp>
#include <rewire/runtime/run_context.hpp>

#include <Eigen/Core>

#include <cstdint>
#include <string>
#include <vector>

/// Whether the network of every subject changed over its sessions, from halves of the sessions
/// (methods page, truth (k)).
namespace rewire::jobs {

/// Scores are shown in a plane.
inline constexpr auto plane_components = Eigen::Index{2};

/// By one kind of halves. Axes [session] are those of the subject; NaN for sessions left out.
struct ChangeOfKind
{
    HalfKind kind = HalfKind::all;
    std::string status; ///< "ok", or why there is nothing at all
    std::vector<std::string> left_out;
    Eigen::MatrixXd similarity, distance;     ///< [session, session]
    Eigen::VectorXd reliability;              ///< [session]
    Eigen::VectorXd signal_to_error;          ///< [session]
    std::int64_t sessions = 0;                ///< that are compared
    Eigen::VectorXd displacement;             ///< [lag - 1]
    std::vector<std::int64_t> not_above_zero; ///< lags with a displacement <= 0
    network::MantelTest mantel;
    double bend = 0;
    double came_back = 0;
    double exponent = 0;
    network::ExponentInterval interval;

    bool ok() const { return status == "ok"; }
};

/// Mean of the second halves, by session, of the pairs with the largest loadings of the first ones.
struct CrossTopEdges
{
    std::vector<std::int64_t> count; ///< [component]
    std::vector<double> mean;        ///< [component, session]; NaN for sessions left out
};

struct SubjectChange
{
    std::vector<ChangeOfKind> kinds;    ///< [half_kinds]
    std::vector<std::int64_t> sessions; ///< of the plane: those of the first kind that are compared
    network::CrossFittedPlane plane;    ///< no components where there is none
    CrossTopEdges positive, negative;
    SessionConfounds confounds;
};

struct ChangeSettings
{
    std::int64_t orders = 9999; ///< of the sessions, drawn for the test of change
    std::int64_t top = 100;
};

/// Collective. @return on rank 0, [subject]
std::vector<SubjectChange> changes_of(runtime::RunContext& context, const io::Handle& connectome,
                                      const std::vector<SubjectConnectomes>& subjects,
                                      const ChangeSettings& settings);

/// Bytes of one rank at work on a subject, and of what units hand over.
double change_block_bytes(std::int64_t pairs, std::int64_t sessions);
double change_sum_bytes(std::int64_t pairs, std::int64_t neurons, std::int64_t sessions);

} // namespace rewire::jobs
