#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace rewire::io {

/// SHA-256 in lower-case hexadecimal.
std::string sha256_of(std::span<const std::byte> bytes);
/// Reads the whole file (about 0.5 to 2 GB/s a core). @throws IoError
std::string sha256_of_file(const std::filesystem::path& path);

} // namespace rewire::io
