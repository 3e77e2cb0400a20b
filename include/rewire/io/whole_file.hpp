#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>
#include <system_error>

namespace rewire::io {

/// The two names of a file that is whole or absent. Whoever writes it writes partial(), closes it
/// and calls publish(), which flushes it to the disk and gives it its name. What was not published
/// is removed when the object goes: what writes to partial() has to be closed by then.
class WholeFile
{
  public:
    enum class Existing
    {
        replace, ///< a file of that name gives way
        keep,    ///< the first one there wins, ours is dropped
    };

    /// Written as PATH.partial.
    explicit WholeFile(std::filesystem::path path);
    /// Written as `partial`, on the same file system.
    WholeFile(std::filesystem::path path, std::filesystem::path partial);
    WholeFile(const WholeFile&) = delete;
    WholeFile& operator=(const WholeFile&) = delete;
    ~WholeFile();

    const std::filesystem::path& path() const noexcept { return path_; }
    const std::filesystem::path& partial() const noexcept { return partial_; }

    /// @throws IoError, and the file is absent (or what it was)
    void publish(Existing existing = Existing::replace);

  private:
    std::filesystem::path path_;
    std::filesystem::path partial_;
    bool published_ = false;
};

/// A whole file of bytes or text.
class WholeStream
{
  public:
    /// @throws IoError when it cannot be opened
    explicit WholeStream(std::filesystem::path path);

    /// What fails here is thrown by publish().
    void write(std::span<const std::byte> bytes);
    void write(std::string_view text);
    /// Puts bytes over those written `position` bytes after the start.
    void overwrite(std::size_t position, std::span<const std::byte> bytes);

    /// @throws IoError also for what failed before
    void publish();

  private:
    /// The first error of the stream, with the reason that the system gave then.
    void keep_error();

    WholeFile file_; // goes after the stream that writes to it
    std::ofstream stream_;
    std::error_code error_;
};

} // namespace rewire::io
