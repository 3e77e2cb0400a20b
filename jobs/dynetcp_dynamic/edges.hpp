#pragma once

#include "jobs/dynetcp_trials/session_trials.hpp"
#include "settings.hpp"

#include <rewire/dynetcp/dynamic_layout.hpp>
#include <rewire/runtime/run_context.hpp>

#include <string>
#include <utility>
#include <vector>

namespace rewire::jobs {

/// Ids of units: sender, receiver.
using NamedEdge = std::pair<std::string, std::string>;

/// Edges of the sessions of a study, [session]; with EdgeSource::all empty lists. Collective.
/// @throws InputError: no result of the static job, a table that cannot be read
std::vector<std::vector<NamedEdge>>
named_edges(runtime::RunContext& context, const io::Study& study, const DynamicSettings& settings);

/// A number that stands for a list of edges among the facts of a session.
double key_of(const std::vector<NamedEdge>& edges);

/// Edges among the units of a session, by receiver, then sender.
struct SessionEdges
{
    std::vector<dynetcp::Edge> edges;
    std::int64_t unknown = 0; ///< of units that do not take part
};
SessionEdges edges_among(const SessionTrials& trials, const std::vector<NamedEdge>& named,
                         const DynamicSettings& settings);

} // namespace rewire::jobs
