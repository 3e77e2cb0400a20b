#pragma once

#include "jobs/connectome/halves_result.hpp"

#include <rewire/io/hdf5.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What the page shows of change.
namespace rewire::jobs {

/// "", "fine_", "quiet_": before the names of datasets and attributes of a kind.
std::string change_prefix(HalfKind kind);

/// By one kind of halves.
struct KindSummary
{
    std::string status; ///< "ok", or why there is nothing
    std::vector<std::string> left_out;
    std::int64_t sessions = 0;        ///< that are compared
    std::vector<double> similarity;   ///< [session, session]; NaN for sessions left out
    std::vector<double> reliability;  ///< [session]
    std::vector<double> displacement; ///< [lag - 1]
    std::vector<std::int64_t> not_above_zero;
    double mantel = 0;
    double mantel_p = 1;
    std::int64_t orders = 0;
    bool all_orders = false;
    double bend = 0;
    double came_back = 0;
    double exponent = 0;
    double exponent_low = 0;
    double exponent_high = 0;

    bool ok() const { return status == "ok"; }
};

/// /A/
struct AnimalChange
{
    bool there = false; ///< computed by a version that looks for change
    KindSummary all, fine, quiet;
    std::vector<double> events, effective_frames, density, movement_share; ///< [session]
    std::vector<std::string> confound;
    std::vector<double> confound_correlation; ///< [confound] with the score of PC1
    std::vector<double> cross_score;          ///< [session, 2]; empty: none
    std::vector<double> ellipse;              ///< [session, 2, 2] of 95 %; NaN: none
    std::vector<double> cross_positive;       ///< [component, session] means of top edges
    std::vector<double> cross_negative;
    std::vector<std::int64_t> cross_positive_count; ///< [component]
    std::vector<std::int64_t> cross_negative_count;
};
AnimalChange change_in(const io::Handle& group, std::size_t sessions);

/// A test over animals, of `/`.
struct OverAnimals
{
    double t = 0;
    double p = 1;
    std::int64_t animals = 0;
};
/// @param attribute "bend", "quiet_return", ...
OverAnimals test_in(const io::Handle& file, const std::string& attribute);

} // namespace rewire::jobs
