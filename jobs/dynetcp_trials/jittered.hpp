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

/// The same trials with jittered trains: the expectation over all permutations (pattern) or all
/// places (interval), which has no chance in it and is real; or spikes moved by up to
/// `settings.bins` (dither), of which those that leave their trial are lost and those that meet
/// become one.
/// @throws InputError: as spikes::JitterPlan
dynetcp::TrialValues jittered(const dynetcp::TrialValues& spikes,
                              const spikes::JitterSettings& settings, const JitterDraw& draw);

} // namespace rewire::jobs
