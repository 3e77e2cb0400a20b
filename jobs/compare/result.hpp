#pragma once

#include "comparison.hpp"
#include "jobs/frame/session_results.hpp"

#include <rewire/io/result_file.hpp>

#include <string>
#include <vector>

/// compare.h5: one group a session, /SUBJECT/SESSION/.
namespace rewire::jobs {

inline constexpr auto compare_name = "compare"; ///< of the job that writes it

void write_comparison(const io::ResultFile& file, const SessionHead& head,
                      const Comparison& comparison, const CompareSettings& settings);

/// Result of a session as tables and the page need it. Empty where the status is not ok.
struct CompareSession
{
    SessionHead head;
    std::string method; ///< that the sweep is of
    std::string truth;
    std::int64_t true_connections = 0;
    std::vector<std::string> counting;
    std::vector<std::string> sign;
    std::vector<double> threshold;
    std::vector<double> min_pair_spikes;
    std::vector<std::int64_t> true_positive; ///< [counting, sign, threshold, min_pair_spikes]
    std::vector<std::int64_t> false_positive;
    std::vector<std::int64_t> false_negative;
    std::vector<std::int64_t> true_negative;
    std::vector<double> mcc;
    std::vector<std::string> methods;
    std::vector<std::string> measure;       ///< [method]
    std::vector<double> factor;             ///< of a method's own threshold
    std::vector<double> method_threshold;   ///< [method]; NaN: no such result
    std::vector<double> method_mcc;         ///< [method, counting, sign]
    std::vector<double> mcc_by_factor;      ///< [method, counting, sign, factor]
    std::vector<double> mcc_by_pair_spikes; ///< [method, counting, sign, min_pair_spikes]
    std::vector<std::string> relation;      ///< "connected", ...
    std::vector<std::int64_t> directions;   ///< [relation]
    std::vector<std::int64_t> method_found; ///< [method, relation]
};
CompareSession read_comparison(const io::Handle& file, const SessionName& name);

} // namespace rewire::jobs
