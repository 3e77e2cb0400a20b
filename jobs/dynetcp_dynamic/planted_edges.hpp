#pragma once

#include "jobs/truth/simulated_truth.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

/// What was planted in a simulated recording between the units of an edge, over the trial.
namespace rewire::jobs {

enum class EdgeKind : std::size_t
{
    active,   ///< a connection, in bins in which it is
    inactive, ///< and in others
    reverse,  ///< against one
    indirect, ///< a chain of two or a common input
    none,
    count
};
inline constexpr auto edge_kind_count = static_cast<std::size_t>(EdgeKind::count);
inline constexpr auto edge_kind_names = std::array<const char*, edge_kind_count>{
    "planted, active", "planted, not active", "against planted", "indirect", "unconnected"};

class PlantedEdges
{
  public:
    explicit PlantedEdges(PlantedConnections truth);

    /// @param pre, post ids of units @param time_s from the start of a trial
    EdgeKind kind_of(const std::string& pre, const std::string& post, double time_s) const;
    std::size_t connections() const noexcept { return connection_.size(); }

  private:
    using Pair = std::pair<std::string, std::string>; ///< ids, sender first

    bool is_active(std::size_t connection, double time_s) const;

    PlantedConnections truth_;
    std::map<Pair, std::size_t> connection_; ///< index
    std::set<Pair> indirect_;                ///< without a connection, in either direction
};

} // namespace rewire::jobs
