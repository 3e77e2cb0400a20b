#pragma once

#include "entry.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// Commands that messages and the page name, so that they can be copied and run.
namespace rewire::jobs {

/// By job. Files that are no results are left out.
std::map<std::string, io::Record> records_in(const std::filesystem::path& results,
                                             const std::vector<Entry>& entries);

/// The command line of a job over these results: with the options of its result where that is there
/// or recorded by one that follows from it, else with those that it cannot do without.
std::string command_of(const Entry& entry, const std::map<std::string, io::Record>& records,
                       const std::filesystem::path& results, bool overwrite = false);

/// Settings of an earlier result that differ between what was recorded of it and what it is now:
/// "--alpha: there 2, here 3". Without those that change nothing that later jobs read.
std::vector<std::string> changed_settings(const Entry& entry, const io::Fingerprint& recorded,
                                          const io::Fingerprint& now);

/// The result of an earlier job in the results folder of the run.
/// @throws InputError where it is not there, with the command that makes it
std::filesystem::path required_result(const runtime::RunContext& context, const std::string& job);

} // namespace rewire::jobs
