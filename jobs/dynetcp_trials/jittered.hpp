#pragma once

#include <rewire/dynetcp/trial_values.hpp>
#include <rewire/spikes/jitter.hpp>

#include <cstdint>
#include <string>

namespace rewire::jobs {

/// What names the random numbers of a session's jitter.
struct JitterDraw
{
    std::uint64_t seed = 0;
    std::string subject;
    std::string session;
    std::string part; ///< "train", "validation": jittered apart
    std::int64_t number = 0;
};

/// The same trials with what jitter gives on average, which has no chance in it and is real: over
/// all permutations (pattern), all places in the window (interval) or within the reach (dither).
/// @throws InputError: as spikes::JitterPlan
dynetcp::TrialValues expected_trains(const dynetcp::TrialValues& spikes,
                                     const spikes::JitterSettings& settings);

/// What a step trains on: the same for pattern and interval, or a draw of spikes moved by up to
/// `settings.bins` (dither), of which those that leave their trial are lost and those that meet
/// become one.
/// @throws InputError: as spikes::JitterPlan
dynetcp::TrialValues jittered(const dynetcp::TrialValues& spikes,
                              const spikes::JitterSettings& settings, const JitterDraw& draw);

} // namespace rewire::jobs
