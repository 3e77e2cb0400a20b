#pragma once

#include "jobs/frame/page_part.hpp"
#include "summary.hpp"

#include <memory>
#include <string>

/// What connectomes add to the page.

namespace rewire::jobs {

PageEntry connectome_page();

/// @param command that computed the connectomes
std::unique_ptr<PagePart> connectome_part(ConnectomeSummary data, std::string command);

void add_graph_metrics(report::Page& page, const ConnectomeSummary& data);
/// Closed-form tests: how much of the recordings covaries, which edges both tests support, and
/// what that does not mean. Nothing where there were none.
void add_supported_edges(report::Page& page, const ConnectomeSummary& data);
/// Share of supported pairs by the distance of the ROIs. Nothing where positions are not known.
void add_distances(report::Page& page, const ConnectomeSummary& data);
/// Of simulated sessions: what was planted and found, by strength, duration and kind of pair.
void add_known_truth(report::Page& page, const ConnectomeSummary& data);
/// Of surrogates. @param command that computed the connectomes
void add_edge_p_values(report::Page& page, const ConnectomeSummary& data,
                       const std::string& command);
/// Neurons that sessions do not share, or that take no part in correlations.
void add_left_out_neurons(report::Page& page, const ConnectomeSummary& data);

} // namespace rewire::jobs
