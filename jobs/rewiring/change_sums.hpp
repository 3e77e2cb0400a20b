#pragma once

#include "halves_source.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/network/session_change.hpp>

#include <vector>

/// What is added up over the pairs of a subject: over all of them, over those of every neuron, and
/// for the plane.
namespace rewire::jobs {

/// Beyond so many sessions the sums of every neuron would be too large: the exponent then has no
/// interval.
inline constexpr auto most_sessions_of_neurons = Eigen::Index{64};

struct ChangeSums
{
    network::HalfSums all;
    std::vector<network::HalfSums> neuron; ///< [neuron]; empty where sessions are too many
    network::PlaneSums plane;              ///< of the first kind alone

    ChangeSums() = default;
    ChangeSums(Eigen::Index sessions, std::int64_t neurons);
    /// @param first_pair of the block
    void add(const HalfBlock& block, std::int64_t first_pair, std::int64_t neurons,
             bool with_plane);
    ChangeSums& operator+=(const ChangeSums& more);

    void pack(base::Packer& packer) const;
    void unpack(base::Unpacker& unpacker);
};

} // namespace rewire::jobs
