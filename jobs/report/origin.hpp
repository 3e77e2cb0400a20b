#pragma once

#include "jobs/frame/entry.hpp"
#include "jobs/frame/session_results.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// Whether the results of a folder belong together.

namespace rewire::jobs {

/// Results on one page that were computed from different data or settings.
struct Mismatch
{
    std::string title;
    std::string text;
    std::string command; ///< that makes them fit
};

/// The sessions of a result, with the decay time that they were computed with (0: none).
struct SessionsOfResult
{
    std::vector<SessionHead> heads;
    std::vector<double> tau_s; ///< [session]
    std::vector<io::LeftOut> left_out;
};
/// Empty for a result without sessions.
SessionsOfResult read_sessions(const io::Handle& file);

/// By the SHA-256 of the sessions' files, and by what results recorded of those they follow from.
/// @param sessions by job
std::vector<Mismatch> mismatches_of(const std::filesystem::path& results,
                                    const std::vector<Entry>& entries,
                                    const std::map<std::string, io::Record>& records,
                                    const std::map<std::string, SessionsOfResult>& sessions);

} // namespace rewire::jobs
