#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

namespace rewire::io {

namespace {

/// Version of the file format; -1 where the file does not begin as HDF5 does. 3 is the last that
/// HDF5 1.10 knows.
int superblock_version(const std::filesystem::path& path)
{
    constexpr auto signature = std::string_view("\x89HDF\r\n\x1a\n", 8);
    auto head = std::array<char, 9>{};
    if (!std::ifstream(path, std::ios::binary).read(head.data(), head.size()) ||
        std::string_view(head.data(), signature.size()) != signature)
        return -1;
    return static_cast<unsigned char>(head.back());
}

constexpr auto how_to_fetch = "fetch it with `datalad get` or `git annex get`, or exclude it in "
                              "study.tsv";

/// @throws IoError: not there, and why
[[noreturn]] void fail_absent(const std::filesystem::path& path)
{
    auto error = std::error_code{};
    const auto target = std::filesystem::read_symlink(path, error).generic_string();
    if (error)
        throw base::IoError("no such file", path.string(), "check the path");
    if (target.find("annex/objects/") != std::string::npos)
        throw base::IoError("the content of this file is not here: a link into git-annex that was "
                            "not fetched",
                            path.string(), how_to_fetch);
    throw base::IoError("a link to a file that is not there: " + target, path.string(),
                        "mend the link, or remove it");
}

/// A short text that stands for a file of a data set whose content is fetched by another program.
bool is_placeholder(const std::filesystem::path& path)
{
    auto head = std::string(24, '\0');
    auto file = std::ifstream(path, std::ios::binary);
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    return head.starts_with("/annex/objects/") || head.starts_with("version https://git-lfs");
}

Handle open_file(const std::filesystem::path& path, unsigned mode)
{
    auto error = std::error_code{};
    if (!std::filesystem::exists(path, error))
        fail_absent(path);
    if (!std::filesystem::is_regular_file(path, error))
        throw base::InputError("not a file, but a folder or a device", path.string(),
                               "check the path");
    if (::access(path.c_str(), mode == H5F_ACC_RDONLY ? R_OK : R_OK | W_OK) != 0)
        throw base::IoError(fmt::format("cannot open file: {}", std::strerror(errno)),
                            path.string(), "check its permissions");
    const auto access = Handle(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    // Network file systems refuse locks, and nobody writes what is only read here.
    if (mode == H5F_ACC_RDONLY)
        H5Pset_file_locking(access, false, true);
    const auto id = H5Fopen(path.c_str(), mode, access);
    if (id < 0) {
        const auto reason = hdf5_reason();
        if (superblock_version(path) > 3)
            throw base::InputError("written by a later version of HDF5 than this program knows",
                                   path.string(),
                                   "write it again with libver=('earliest', 'v110') in h5py, or "
                                   "run h5repack --high=2 of the later version on it");
        if (is_placeholder(path))
            throw base::InputError("the content of this file is not here: a placeholder of "
                                   "git-annex or git-lfs",
                                   path.string(), how_to_fetch);
        throw base::InputError(
            "not a readable HDF5 file" + reason, path.string(),
            "damaged, cut short while copying, or another format: compare it with the original");
    }
    return Handle(id);
}

} // namespace

Handle open_for_reading(const std::filesystem::path& path)
{
    return open_file(path, H5F_ACC_RDONLY);
}
Handle open_for_update(const std::filesystem::path& path)
{
    return open_file(path, H5F_ACC_RDWR);
}

Handle create_file(const std::filesystem::path& path)
{
    const auto access = Handle(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    const auto id = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (id < 0)
        throw base::IoError("cannot create file" + hdf5_reason(), path.string(),
                            "does the folder exist, and may you write there?");
    return Handle(id);
}

} // namespace rewire::io
