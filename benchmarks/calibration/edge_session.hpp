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
    /// Taken out of the smoothed traces first, row by row [count, smoothed frames].
    std::vector<double> covariates;
    std::int64_t covariate_count = 0;
    std::vector<std::uint8_t> left_out; ///< [smoothed frames] 1: artefact; empty: none
    /// [frames of the events] number of the contiguous segment, as --segments has it; empty: one.
    std::vector<std::int32_t> segment;
    /// [smoothed frames] 0 or 1: shifts stay within, as with --within; empty: one state.
    std::vector<std::uint8_t> state;
};

/// Half cosines of a period of at least so many frames, as --highpass-s takes them out.
void take_out_cosines(EdgeSession& session, double period_frames);
/// A signal on the frames of the events at all lags up to so many, as --covariate takes it out.
void take_out_with_lags(EdgeSession& session, const std::vector<std::uint8_t>& signal,
                        std::int64_t lags);

/// Events smoothed as the program does it. Traces that are to be added to the smoothed ones, e.g.
/// of neuropil, [frame], go to all neurons alike in proportion to their standard deviations.
EdgeSession session_of(const Rows& events, PairTruth truth, const std::vector<double>& added = {});

struct EdgeMeasure
{
    std::int64_t surrogates = 0; ///< drawn circular shifts, too
    bool ledoit_wolf = false; ///< of correlations that are shrunk as --shrinkage ledoit-wolf does
    bool displaced = false;   ///< the displacement control, too
};

/// All p-values that the program gives for the edges of a session, held against what is true:
/// rates over pairs that are unrelated, discoveries against what was planted. Pairs that are
/// related without being planted (explaining away, and longer ways) are in no rate; they count as
/// false discoveries, except in the statistics that end in "unrelated".
Findings measure_edges(const EdgeSession& session, const EdgeMeasure& measure, std::uint64_t seed);

/// q_study and p_holm_study of --family all over all sessions of a study, beside the sessions' own
/// q_both and p_holm: false and true discoveries over the study.
Findings measure_study(const std::vector<EdgeSession>& sessions);

/// The session for other programs: `events` and `smoothed` [neuron, frame], `planted` and
/// `unrelated` [pair].
void write_session(const EdgeSession& session, hid_t group);

} // namespace rewire::calibration
