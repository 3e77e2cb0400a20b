#pragma once

#include "jobs/frame/entry.hpp"
#include "source.hpp"

#include <rewire/io/result_file.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// The result that is already there, and what it was made of.
namespace rewire::jobs {

/// What the result depends on.
struct RewiringOrigin
{
    io::Fingerprint digest; ///< options and version
    io::Fingerprint inputs; ///< SHA-256 of the sessions' files, also of those without a connectome
    std::map<std::string, io::Upstream> upstream; ///< connectomes and, where there are, movements
};

/// @param movements record of their result; null: there is none
RewiringOrigin origin_of(const std::vector<SubjectConnectomes>& subjects,
                         const io::Record& connectomes, const io::Record* movements,
                         const runtime::Options& options);

/// For the checkpoint: all of it as one list.
io::Fingerprint fingerprint_of(const RewiringOrigin& origin);

/// True when the result is there; false when there is none, or sessions or movements were added
/// since: then all is computed again.
/// @throws UsageError: made with other settings, or from sessions or movements that are others now
/// or gone, naming them
bool is_up_to_date(const std::filesystem::path& path, const RewiringOrigin& origin,
                   const std::vector<SubjectConnectomes>& subjects,
                   const std::vector<Entry>& entries);

} // namespace rewire::jobs
