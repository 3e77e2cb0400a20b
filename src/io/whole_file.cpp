#include "rewire/io/whole_file.hpp"

#include <rewire/base/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace rewire::io {

namespace {

[[noreturn]] void cannot_write(const std::filesystem::path& path, const std::error_code& error)
{
    throw base::IoError("cannot write file: " + error.message(), path.string(),
                        "does the folder exist, may you write there, is the disk full?");
}

std::error_code last_error() noexcept
{
    return {errno != 0 ? errno : EIO, std::generic_category()};
}

/// Contents of a file, names in a folder.
void sync_to_disk(const std::filesystem::path& path)
{
    const auto descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const auto done = descriptor >= 0 && ::fsync(descriptor) == 0;
    const auto error = done ? std::error_code{} : last_error();
    if (descriptor >= 0)
        ::close(descriptor);
    if (error)
        cannot_write(path, error);
}

std::filesystem::path folder_of(const std::filesystem::path& path)
{
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

} // namespace

WholeFile::WholeFile(std::filesystem::path path)
    : path_(std::move(path)), partial_(path_.string() + ".partial")
{
}

WholeFile::WholeFile(std::filesystem::path path, std::filesystem::path partial)
    : path_(std::move(path)), partial_(std::move(partial))
{
}

WholeFile::~WholeFile()
{
    auto ignored = std::error_code{};
    if (!published_)
        std::filesystem::remove(partial_, ignored);
}

void WholeFile::publish(Existing existing)
{
    sync_to_disk(partial_);
    auto error = std::error_code{};
    // A file system without links has to rename.
    const auto settled = existing == Existing::keep &&
                         (::link(partial_.c_str(), path_.c_str()) == 0 || errno == EEXIST);
    if (settled)
        std::filesystem::remove(partial_, error);
    else
        std::filesystem::rename(partial_, path_, error);
    if (error)
        cannot_write(path_, error);
    published_ = true;
    sync_to_disk(folder_of(path_));
}

WholeStream::WholeStream(std::filesystem::path path) : file_(std::move(path))
{
    errno = 0;
    stream_.open(file_.partial(), std::ios::binary | std::ios::trunc);
    if (!stream_)
        cannot_write(file_.partial(), last_error());
}

void WholeStream::write(std::span<const std::byte> bytes)
{
    errno = 0;
    stream_.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
    keep_error();
}

void WholeStream::write(std::string_view text)
{
    write(std::as_bytes(std::span(text)));
}

void WholeStream::overwrite(std::size_t position, std::span<const std::byte> bytes)
{
    errno = 0;
    stream_.seekp(static_cast<std::streamoff>(position));
    keep_error();
    write(bytes);
}

void WholeStream::keep_error()
{
    if (!stream_ && !error_)
        error_ = last_error();
}

void WholeStream::publish()
{
    errno = 0;
    stream_.close();
    keep_error();
    if (error_)
        cannot_write(file_.partial(), error_);
    file_.publish();
}

} // namespace rewire::io
