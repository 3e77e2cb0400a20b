#pragma once

#include "source.hpp"

#include <rewire/io/result_file.hpp>
#include <rewire/runtime/options.hpp>

#include <filesystem>
#include <vector>

/// The rewiring.h5 that is already there, and what it was made of.
namespace rewire::jobs {

/// SHA-256 of the sessions' files, also of sessions without a connectome, and what movement.h5 was
/// made of, where it is there.
io::Fingerprint inputs_of(const std::vector<SubjectConnectomes>& subjects,
                          const runtime::Options& options);

/// True when the result is there; false when there is none, or sessions or movements were added
/// since: then all is computed again.
/// @throws UsageError: made with other settings, or from sessions or movements that are others now
/// or gone, naming them
bool is_up_to_date(const std::filesystem::path& path, const io::Fingerprint& digest,
                   const io::Fingerprint& inputs, const std::vector<SubjectConnectomes>& subjects);

} // namespace rewire::jobs
