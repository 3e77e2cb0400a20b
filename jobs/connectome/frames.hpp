#pragma once

#include "covariates.hpp"
#include "settings.hpp"

#include <rewire/activity/activity.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/circles.hpp>

#include <cstdint>
#include <vector>

namespace rewire::jobs {

/// Which frames of a session take part, and which of them are neighbours in time. Segments are
/// those of --segments, or lie between the gaps of the clock.
struct SessionFrames
{
    /// [frames of the smoothed events] those of one number are joined end to end and shifted
    /// together: a segment, or one state in it. -1: left out, as outside of segments, smoothed over
    /// their ends, or an artefact. Empty: all frames, together.
    std::vector<std::int32_t> circle;
    /// Of the events before smoothing: frames that follow one another.
    std::vector<base::Range> segments;
    std::int64_t segment_count = 1;
    std::int64_t artefacts = 0;      ///< smoothed frames left out as such
    std::int64_t artefacts_kept = 0; ///< the same where they are not to be left out
    bool artefacts_judged = true;    ///< false: too little, or too much, is active to tell

    std::int64_t left_out() const;
    calcium::FrameCircles circles(std::int64_t frames) const;
    /// For shifts drawn at random, whose states are bytes. @throws InputError: too many segments
    std::vector<std::uint8_t> states(const std::string& file) const;
};

/// @param smoothed events of the session
SessionFrames frames_of(const io::StudySession& session, const SessionInput& input,
                        const ConnectomeSettings& settings, const activity::ActivityView& smoothed);

/// Activity and covariates without the frames that are left out: what is correlated.
struct UsedActivity
{
    activity::Activity activity;
    SessionCovariates covariates;
};
UsedActivity used_activity(const SessionFrames& frames, const activity::ActivityView& smoothed,
                           const SessionCovariates& covariates);

} // namespace rewire::jobs
