#pragma once

#include "result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace rewire::jobs {

/// What p-values are of. Tests leave out states that are too short; those in closed form take means
/// out within segments and states and do without shrinkage, those of drawn shifts take one mean out
/// over all frames and are shrunk as the session's own. Their partial correlations need not be
/// those of the threshold.
struct TestedFrames
{
    std::int64_t frames = 0;
    std::string within; ///< table of --within; empty: none
    bool drawn = false; ///< shifts at random
};

/// The text of "tests_compare" and the like, and the values of the dataset that it names, empty
/// where they are the session's own partial correlations (to 1e-6).
struct Compared
{
    std::string says;
    std::vector<double> value; ///< [pair]
};

/// @param tested [pair] NaN where a neuron is inactive; empty: there are no p-values
/// @param dataset in which these are written where they are other ones
Compared compared_of(const SessionConnectome& session, std::vector<double> tested,
                     const TestedFrames& frames, const std::string& dataset);

} // namespace rewire::jobs
