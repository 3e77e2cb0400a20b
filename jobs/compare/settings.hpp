#pragma once

#include "jobs/frame/entry.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/options.hpp>
#include <rewire/runtime/run_context.hpp>

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace rewire::jobs {

/// What the calls are compared with, beside the name of a method.
inline constexpr auto planted_truth = "planted";

/// Of each method's own threshold: the places on its curve.
inline constexpr auto threshold_factors =
    std::array{0.25, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.35, 1.6, 2.0, 2.5, 3.0, 4.0, 6.0};
/// Coincidences that chance has to give within 10 ms, the paper's alpha_p.
inline constexpr auto usual_min_pair_spikes = std::array{0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0};

/// A method whose result is there.
struct MethodHere
{
    ConnectionMethod method;
    std::string job;
    std::filesystem::path path;
};

struct CompareSettings
{
    std::vector<MethodHere> methods; ///< the one that the sweep is over comes first
    std::string truth;               ///< planted, or the name of a method
    std::vector<double> thresholds;  ///< of the first method; empty: factors of its own
    std::vector<double> min_pair_spikes;
    std::map<std::string, io::Upstream> upstream; ///< of the results that are read
};

std::vector<runtime::Option> compare_options();

/// Sets what was not given: --method (the first that is there), --truth (planted, where it is in
/// every file, else another method).
/// @throws InputError: no result with connections, or nothing to compare with; UsageError: no such
/// method among the results
CompareSettings compare_settings(runtime::RunContext& context, const io::Study& study);

} // namespace rewire::jobs
