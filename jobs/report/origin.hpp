#pragma once

#include "data.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// Whether the results of a folder belong together, and the commands that make them.
namespace rewire::jobs {

/// Results on one page that were computed from different data or settings.
struct Mismatch
{
    std::string title;
    std::string text;
    std::string command; ///< that makes them fit
};

/// By the SHA-256 of the sessions' files, and by what rewiring.h5 recorded of the other two.
std::vector<Mismatch> mismatches_of(const ReportData& data);

/// The command line of a job over these results: with the options of its result where that is there
/// or known from another one, else with those that it cannot do without.
std::string command_of(const std::string& job, const std::map<std::string, io::Record>& records,
                       const std::filesystem::path& results, bool overwrite = false);

} // namespace rewire::jobs
