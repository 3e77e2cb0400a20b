#include <rewire/base/error.hpp>
#include <rewire/io/study.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <set>
#include <utility>

namespace rewire::io {

namespace fs = std::filesystem;

namespace {

bool is_nwb(const fs::path& path)
{
    const auto name = path.filename().string();
    return path.extension() == ".nwb" && !name.starts_with('.');
}

/// Tells folders apart that are reached by several links.
using FolderKey = std::pair<dev_t, ino_t>;

/// Looks into folders, those that lie there before those that links lead to, and into none twice:
/// a link to a folder above it would otherwise be followed without end. What lies above the study
/// is not part of it, whatever links say.
class FolderWalk
{
  public:
    explicit FolderWalk(const fs::path& root)
    {
        auto error = std::error_code{};
        const auto real = fs::canonical(root, error);
        for (auto above = real.parent_path(); !error; above = above.parent_path()) {
            seen_.insert(key_of(above));
            if (above == above.parent_path())
                break;
        }
        look_into(root, {});
        for (; !linked_.empty(); linked_.pop_front())
            look_into(linked_.front().first, linked_.front().second);
    }

    std::vector<std::string> take()
    {
        std::sort(files_.begin(), files_.end());
        return std::move(files_);
    }

  private:
    static FolderKey key_of(const fs::path& folder)
    {
        struct stat status = {};
        if (::stat(folder.c_str(), &status) != 0)
            fail(folder, std::strerror(errno));
        return {status.st_dev, status.st_ino};
    }

    [[noreturn]] static void fail(const fs::path& folder, const std::string& reason)
    {
        throw base::IoError("cannot list folder: " + reason, folder.string(),
                            "check its permissions");
    }

    void look_into(const fs::path& folder, const fs::path& below)
    {
        if (!seen_.insert(key_of(folder)).second)
            return;
        auto error = std::error_code{};
        auto entries = std::vector<fs::directory_entry>{};
        for (auto at = fs::directory_iterator(folder, error);
             !error && at != fs::directory_iterator{}; at.increment(error))
            entries.push_back(*at);
        if (error)
            fail(folder, error.message());
        std::sort(entries.begin(), entries.end());
        for (const auto& entry : entries)
            take_entry(entry, below / entry.path().filename());
    }

    void take_entry(const fs::directory_entry& entry, const fs::path& below)
    {
        // A folder of that name is the Zarr form of NWB, a link may lead nowhere: scanning says so.
        if (is_nwb(entry.path()))
            return files_.push_back(below.generic_string());
        auto error = std::error_code{};
        if (entry.path().filename().string().starts_with('.') || !entry.is_directory(error))
            return;
        if (entry.is_symlink(error))
            linked_.emplace_back(entry.path(), below);
        else
            look_into(entry.path(), below);
    }

    std::set<FolderKey> seen_;
    std::deque<std::pair<fs::path, fs::path>> linked_;
    std::vector<std::string> files_;
};

} // namespace

std::vector<std::string> list_files(const fs::path& path)
{
    auto error = std::error_code{};
    const auto status = fs::status(path, error);
    if (!fs::exists(status) && fs::symlink_status(path).type() != fs::file_type::symlink) {
        const auto refused = error && error != std::errc::no_such_file_or_directory &&
                             error != std::errc::not_a_directory;
        throw base::IoError(refused ? "cannot look at it: " + error.message()
                                    : "no such file or folder",
                            path.string(), "--study wants a folder of NWB files, or one NWB file");
    }
    if (!fs::is_directory(status))
        return {path.filename().string()};
    auto files = FolderWalk(path).take();
    if (files.empty())
        throw base::InputError("no NWB file (*.nwb) in this folder", path.string(),
                               "--study wants a folder of NWB files, one a session");
    return files;
}

fs::path path_of(const fs::path& study, const std::string& file)
{
    return fs::is_directory(study) && !file.empty() ? study / file : study;
}

} // namespace rewire::io
