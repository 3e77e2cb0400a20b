#pragma once

#include <rewire/io/result_file.hpp>

#include <cstdint>

namespace rewire::jobs {

/// Attribute `family` of a session: what q-values and Holm's p are over. Adjustments within the
/// session are always there.
inline constexpr auto family_of_session = "session";
inline constexpr auto family_of_study = "all"; ///< and over all sessions of the result together

/// Rank 0: where the sessions were computed for it (--family all), adjusts p_both over the pairs
/// of all sessions in the file together: `q_study`, `p_holm_study`, `supported_study` [pair],
/// replacing those that sessions have from before. What was added later, or merged, takes part.
void adjust_over_study(const io::ResultFile& output);

/// Memory on rank 0 for so many pairs.
double study_family_bytes(double pairs);

} // namespace rewire::jobs
