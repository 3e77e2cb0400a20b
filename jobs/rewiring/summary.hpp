#pragma once

#include "jobs/frame/session_place.hpp"
#include "summary_change.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// What the page shows of rewiring.

namespace rewire::jobs {

/// /A/
struct AnimalRewiring
{
    std::string subject;
    std::string group;
    std::string status; ///< empty, or why there is no trajectory
    std::string remark; ///< on a trajectory that there is; may be empty
    std::vector<std::string> session;
    std::vector<double> number; ///< [session]
    std::size_t components = 0;
    std::vector<double> score;         ///< [session, component]
    std::vector<double> explained;     ///< [component] share of the variance
    std::vector<double> mds;           ///< [session, 2]; may be empty
    std::vector<double> positive_mean; ///< [component, session]; may be empty
    std::vector<double> negative_mean;
    std::vector<std::int64_t> positive_count; ///< [component] edges in those means
    std::vector<std::int64_t> negative_count;
    std::vector<std::string> left_out; ///< sessions, with the reason
    bool matched_by_rows = false;      ///< neurons are row numbers, taken for the same
    std::string edges;                 ///< "thresholded" or "all"
    /// Movement-related share of the ends of the top edges of PC1, and its percentile among random
    /// edges: [sign (positive, negative), period]; may be empty.
    std::vector<std::string> period;
    std::vector<double> movement_fraction;
    std::vector<double> movement_percentile;
    std::string movement_status;                ///< "ok", or why there is no fraction; may be empty
    std::vector<std::string> movement_left_out; ///< sessions, with the reason
    std::optional<double> movement_level;       ///< above which a neuron was movement-related
    AnimalChange change;                        ///< whether the network changed

    /// Column of a component over sessions; empty where there is no such component.
    std::vector<double> scores_of(std::size_t component) const;
    std::vector<double> positive_of(std::size_t component) const;
    std::vector<double> negative_of(std::size_t component) const;
};

/// @param places of the sessions in the result of the connectomes; may be empty: then positions
/// count
/// @throws InputError: it does not hold what it should
std::vector<AnimalRewiring> summary_of_rewiring(const io::Handle& file,
                                                const std::vector<SessionPlace>& places);

} // namespace rewire::jobs
