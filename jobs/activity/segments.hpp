#pragma once

#include "session_input.hpp"

#include <rewire/base/partition.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// Stretches of frames that follow one another in time: between the gaps of the clock, or the
/// intervals of a table.
namespace rewire::jobs {

/// What two ascending lists of ranges have in common, ascending.
std::vector<base::Range> in_both(const std::vector<base::Range>& a,
                                 const std::vector<base::Range>& b);

/// Of the file's frames, ascending; one of all frames where the clock has no gap: where no step is
/// longer than 1.5 times the median step. Intervals without a frame count for nothing.
/// @param table of intervals, which end at gaps of the clock as well; empty: by the clock alone
/// @throws InputError: no such table, intervals that have frames in common, or none with a frame
std::vector<base::Range> segments_in(const io::NwbSession& file, const std::string& table,
                                     const std::string& file_name);

/// The same of the frames that are used, which are numbered one after the other: each of those that
/// the NaN policy leaves out ends a segment, too. One of all frames where there is no gap.
std::vector<base::Range> used_segments(const SessionInput& input);

/// [used frame] number of its segment, -1 outside of all.
std::vector<std::int32_t> segment_of_frames(const SessionInput& input);

/// Smoothed frames whose taps lie within one segment, ascending; empty where all do.
/// @param where for the message @throws InputError: none does
std::vector<std::int64_t> unmixed_frames(const SessionInput& input, const std::string& where);

} // namespace rewire::jobs
