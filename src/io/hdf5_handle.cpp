#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>

#include <string_view>
#include <utility>

namespace rewire::io {

namespace {

struct Failures
{
    std::int64_t count = 0;
    std::string reason;
};

Failures& failures()
{
    static auto all = Failures{};
    return all;
}

std::string note_failure()
{
    auto reason = hdf5_reason();
    ++failures().count;
    failures().reason = reason;
    return reason;
}

/// Before MPI starts, or HDF5 would have itself closed while MPI ends; and without its exit
/// handler. Either closes what a full disk left half closed, and crashes.
[[maybe_unused]] const auto started = [] {
    return H5dont_atexit() >= 0 && H5open() >= 0 &&
           H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0; // errors are reported by ours
}();

} // namespace

std::string hdf5_reason()
{
    auto reason = std::string{};
    H5Ewalk2(
        H5E_DEFAULT, H5E_WALK_UPWARD,
        [](unsigned depth, const H5E_error2_t* error, void* data) -> herr_t {
            if (depth == 0 && error->desc != nullptr)
                *static_cast<std::string*>(data) = error->desc;
            return 0;
        },
        &reason);
    H5Eclear2(H5E_DEFAULT);
    // Of "file write failed: time = ..., errno = 28, error message = 'No space left on device', buf
    // = 0x..." the system's own words are enough.
    constexpr auto head = std::string_view("error message = '");
    if (const auto at = reason.find(head); at != std::string::npos) {
        const auto begin = at + head.size();
        reason = reason.substr(begin, reason.find('\'', begin) - begin);
    }
    return reason.empty() ? "" : " (" + reason + ")";
}

void fail_reading(hid_t location, const std::string& what)
{
    const auto reason = hdf5_reason();
    throw base::IoError("cannot read " + what + reason, name_of(location),
                        "the file may be damaged or cut short: compare it with the original");
}

void fail_writing(hid_t location, const std::string& what)
{
    const auto reason = note_failure();
    throw base::IoError("cannot write " + what + reason, name_of(location),
                        "is the disk full or the quota used up?");
}

Handle checked_read(hid_t id, hid_t location, const std::string& what)
{
    if (id < 0)
        fail_reading(location, what);
    return Handle(id);
}

Handle checked_write(hid_t id, hid_t location, const std::string& what)
{
    if (id < 0)
        fail_writing(location, what);
    return Handle(id);
}

std::int64_t failed_writes() noexcept
{
    return failures().count;
}

void check_written(std::int64_t failed_before, const std::filesystem::path& path)
{
    if (failed_writes() > failed_before)
        throw base::IoError("cannot write" + failures().reason, path.string(),
                            "is the disk full or the quota used up?");
}

Handle::Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}

Handle& Handle::operator=(Handle&& other) noexcept
{
    if (this != &other) {
        release();
        id_ = std::exchange(other.id_, H5I_INVALID_HID);
    }
    return *this;
}

Handle::~Handle()
{
    release();
}

void Handle::release() noexcept
{
    const auto id = std::exchange(id_, H5I_INVALID_HID);
    // What lies in a file that was closed before is not valid any more.
    if (id >= 0 && failed_writes() == 0 && H5Iis_valid(id) > 0 && H5Idec_ref(id) < 0)
        note_failure();
}

void Handle::close()
{
    if (id_ < 0)
        return;
    const auto name = name_of(id_);
    if (H5Idec_ref(std::exchange(id_, H5I_INVALID_HID)) < 0)
        throw base::IoError("cannot close" + note_failure(), name,
                            "is the disk full or the quota used up?");
}

} // namespace rewire::io
