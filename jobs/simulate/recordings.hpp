#pragma once

#include "jobs/truth/simulated_truth.hpp"

#include <rewire/io/nwb_writer.hpp>
#include <rewire/runtime/options.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// What the kinds of study that are recordings of units share.
namespace rewire::jobs {

runtime::Option sessions_option();
runtime::Option gzip_option();

/// Where a recording lies below the folder of its study: "sub-visual/sub-visual_ses-01.nwb".
std::filesystem::path recording_file(const std::string& subject, std::int64_t session);

struct RecordingText
{
    std::string subject;
    std::string description; ///< of the session
    std::string notes;       ///< all settings: the identifier follows from them
};
io::NwbDescription recording_description(const RecordingText& text, std::int64_t session);

/// 0, 1, 2 ...
std::vector<std::int64_t> counting(std::int64_t count);

/// Columns of the table of connections that read_planted_connections() reads.
/// @param strength what it is
std::vector<io::NwbColumn> connection_columns(PlantedConnections planted,
                                              const std::string& strength);

/// Trials of one length, end to end.
io::NwbTable trials_end_to_end(std::int64_t trials, double length_s);

} // namespace rewire::jobs
