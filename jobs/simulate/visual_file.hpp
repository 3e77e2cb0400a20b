#pragma once

#include <rewire/runtime/run_context.hpp>
#include <rewire/simulate/visual_recording.hpp>

#include <cstdint>
#include <filesystem>

namespace rewire::jobs {

/// Where a recording lies below the folder of its study.
std::filesystem::path visual_file(std::int64_t session);

/// Makes a recording and writes it (whole or absent), with the truth in /scratch/truth. The same
/// parameters give the same bytes.
/// @return false when stopped: nothing is written
/// @throws IoError, InputError
bool write_visual_recording(const simulate::VisualParameters& parameters, std::int64_t session,
                            const std::filesystem::path& path, int deflate,
                            const runtime::Tick& tick);

} // namespace rewire::jobs
