#include "text_file.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/hdf5.hpp>

#include <utility>

namespace rewire::jobs {

TextFile::TextFile(std::filesystem::path path)
    : path_(std::move(path)), temporary_(path_.string() + ".partial"), stream_(temporary_)
{
    if (!stream_)
        throw base::IoError("cannot write file", temporary_.string(), "may you write there?");
}

TextFile::~TextFile()
{
    auto error = std::error_code{};
    std::filesystem::remove(temporary_, error);
}

void TextFile::finish()
{
    stream_.close();
    if (!stream_)
        throw base::IoError("cannot write file", temporary_.string(), "is the disk full?");
    io::sync_to_disk(temporary_);
    auto error = std::error_code{};
    std::filesystem::rename(temporary_, path_, error);
    if (error)
        throw base::IoError("cannot put file in place: " + error.message(), path_.string(),
                            "may you write there?");
}

} // namespace rewire::jobs
