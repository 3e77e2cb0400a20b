#pragma once

#include <rewire/base/pack.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The files of a checkpoint: how they are written, checked and named.
namespace rewire::io {

/// @throws IoError that offers --restart
[[noreturn]] void damaged(const std::filesystem::path& path, const std::string& how);
std::vector<std::byte> bytes_of_file(const std::filesystem::path& path);
std::span<const std::byte> as_bytes(const std::string& text);

/// Whole or absent. @throws IoError
void write_whole(const std::filesystem::path& path, const std::string& text);
/// The same: head, SHA-256 of what follows, what `pack` writes, without a copy of it in memory.
void write_checked(const std::filesystem::path& path,
                   const std::function<void(base::Packer&)>& pack);
/// All bytes of such a file; what was packed begins at `checked_from`. @throws IoError
std::vector<std::byte> read_checked(const std::filesystem::path& path);
inline constexpr auto checked_from = std::size_t{8 + 64};

/// A file of finished units, by its name.
struct Snapshot
{
    std::filesystem::path path;
    int attempt = 0;
    int rank = 0;
    std::int64_t first = 0; ///< of the parts in it; 0: all that the rank had
    std::int64_t last = 0;
    bool base = false; ///< what the rank took over
};

/// The files of attempts before `attempt` that count, in one order on all ranks.
std::vector<Snapshot> snapshots_before(int attempt, const std::filesystem::path& folder,
                                       const std::string& phase);

} // namespace rewire::io
