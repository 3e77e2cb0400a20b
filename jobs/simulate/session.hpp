#pragma once

#include <rewire/simulate/lever_press_study.hpp>

#include <cstdint>
#include <filesystem>

namespace rewire::jobs {

/// Where a session of the study lies below its folder, in DANDI layout:
/// "sub-L23M1/sub-L23M1_ses-01.nwb".
std::filesystem::path session_file(const simulate::AnimalTruth& animal, std::int64_t session);

/// Makes one session of a simulated study and writes it to `path` (whole or absent), with the truth
/// in /scratch/truth. Makes missing folders. The same parameters give the same bytes.
/// Memory: NwbWriter::chunk_frames x neurons x 4 bytes and a little.
/// @param deflate 0: not compressed, 1..9
/// @throws IoError, InputError
void write_session(const simulate::LeverPressParameters& parameters,
                   const simulate::AnimalTruth& animal, std::int64_t session,
                   const std::filesystem::path& path, int deflate = 0);

} // namespace rewire::jobs
