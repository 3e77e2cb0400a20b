#pragma once

#include "event_model.hpp"
#include "scenario.hpp"

#include <rewire/activity/activity.hpp>

#include <cstdint>

namespace rewire::calibration {

/// A session whose edges are known.
struct EdgeSession
{
    activity::Activity events;   ///< thresholded, before smoothing
    activity::Activity smoothed; ///< what is correlated
    PairTruth truth;
    double rate_hz = 28;
};

/// Events smoothed as the program does it. Traces that are to be added to the smoothed ones, e.g.
/// of neuropil, [frame], go to all neurons alike in proportion to their standard deviations.
EdgeSession session_of(const Rows& events, PairTruth truth, const std::vector<double>& added = {});

struct EdgeMeasure
{
    std::int64_t surrogates = 0; ///< drawn circular shifts, too
    bool displaced = false;      ///< the displacement control, too
};

/// All p-values that the program gives for the edges of a session, held against what is true:
/// rates over pairs that are unrelated, discoveries against what was planted. Pairs that are
/// related without being planted (explaining away, and longer ways) are in no rate; they count as
/// false discoveries, except in the statistics that end in "unrelated".
Findings measure_edges(const EdgeSession& session, const EdgeMeasure& measure, std::uint64_t seed);

/// The session for other programs: `events` and `smoothed` [neuron, frame], `planted` and
/// `unrelated` [pair].
void write_session(const EdgeSession& session, hid_t group);

} // namespace rewire::calibration
