#pragma once

#include "result.hpp"

#include <rewire/report/figure.hpp>
#include <rewire/runtime/options.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

/// The dynamic graph at times of the trial, on the page.
namespace rewire::jobs {

inline constexpr auto most_graph_units = std::size_t{60};

/// --graph-times, of the report.
runtime::Option graph_times_option();
/// Its times, s; empty: not given. @throws UsageError: not numbers, or too many
std::vector<double> graph_times_of(const runtime::Options& options);

/// Bins in which the times lie, those outside of the trial aside; without times four that are
/// spread over it.
std::vector<std::int64_t> graph_bins(const DynamicsResult& result,
                                     const std::vector<double>& times);

struct DrawnGraph
{
    const DynamicsResult& result;
    const std::vector<float>& ratio;         ///< [edge, bin]
    const std::vector<std::int8_t>& present; ///< [edge, bin]
};
/// One panel a bin.
std::vector<report::Figure> graphs_of(const DrawnGraph& graph,
                                      const std::vector<std::int64_t>& bins);

} // namespace rewire::jobs
