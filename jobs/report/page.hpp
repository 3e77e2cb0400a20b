#pragma once

#include "data.hpp"

#include <rewire/report/page.hpp>

#include <string>

/// The page of `rewire report`, section by section. A section whose result is missing says so and
/// names the command that makes it.
namespace rewire::jobs {

void add_trajectories(report::Page& page, const ReportData& data);
void add_graph_metrics(report::Page& page, const ReportData& data);
void add_movement(report::Page& page, const ReportData& data);
void add_edge_p_values(report::Page& page, const ReportData& data);
void add_left_out(report::Page& page, const ReportData& data);

/// A box that names the missing result and its command. @return whether there was one to name
bool add_missing(report::Page& page, const ReportData& data, const std::string& file);

/// The whole page. @param made when, by which version
std::string report_html(const ReportData& data, const std::string& made);

} // namespace rewire::jobs
