#pragma once

#include <rewire/io/study.hpp>

#include <optional>
#include <set>
#include <string>
#include <vector>

/// Checks across the files of a study. Each appends to the problems.
namespace rewire::io {

/// 3 of "ses-03"; empty where the name does not end in digits.
std::optional<std::int64_t> number_in(const std::string& session);
/// "ses-" of "ses-03".
std::string text_before_number(const std::string& session);

/// Sessions whose numbered names contradict the order of their start times.
void check_names_follow_time(const std::string& subject,
                             const std::vector<const StudySession*>& order,
                             std::vector<Problem>& problems);
/// The same subject and session, start time or identifier twice.
void check_duplicates(Study& study);
/// Gaps in the numbers, and subjects with fewer sessions than others. `unreadable`:
/// "subject/session" of files that are there but could not be read.
void check_missing(Study& study, const std::set<std::string>& unreadable);
/// Frame rates that differ over the sessions of a subject.
void check_rates(Study& study);
/// Fills Subject::neuron_id, StudySession::common and left_out.
void match_neurons(Study& study);

} // namespace rewire::io
