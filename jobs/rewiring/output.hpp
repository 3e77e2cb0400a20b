#pragma once

#include "change.hpp"
#include "existing.hpp"
#include "movement_of_edges.hpp"
#include "result.hpp"
#include "subject.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

/// How the result of a run is put together: what was computed, subjects without a trajectory, and
/// subjects of an earlier result that stay.
namespace rewire::jobs {

/// Writes the result file, which rank 0 returns. Collective.
/// @param all subjects, also those that the run left out; movements and changes are of those of the
/// run, on rank 0
std::unique_ptr<io::ResultFile>
written_result(runtime::RunContext& context, const std::filesystem::path& path,
               const RewiringRun& run, const std::vector<SubjectConnectomes>& all,
               const std::vector<SubjectMovement>& movements,
               const std::vector<SubjectChange>& changes, const RewiringSettings& settings);

/// With --overwrite and --subject: subjects of the result that is there and were not chosen stay.
/// @throws UsageError: they were made with other settings
std::vector<std::string> subjects_to_keep(const std::filesystem::path& path,
                                          const std::vector<SubjectConnectomes>& chosen,
                                          const RewiringOrigin& origin);

/// Copies subjects that stay, and takes over what they were made of.
void keep_subjects(const std::filesystem::path& path, const std::vector<std::string>& kept,
                   const io::ResultFile& output, io::Fingerprint& inputs);

/// Whether each network changed, and what the animals say together. On rank 0.
/// @param file with all its subjects
std::string change_table_of(const RewiringRun& run, const std::vector<SubjectChange>& changes,
                            const io::Handle& file);

/// A row a subject: sessions, neurons, edges, explained variance.
std::string table_of(const RewiringRun& run);

} // namespace rewire::jobs
