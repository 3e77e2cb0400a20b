#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>

#include <utility>

namespace rewire::io {

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
    const auto reason = hdf5_reason();
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

Handle::Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}

Handle& Handle::operator=(Handle&& other) noexcept
{
    if (this != &other) {
        if (id_ >= 0)
            H5Idec_ref(id_);
        id_ = std::exchange(other.id_, H5I_INVALID_HID);
    }
    return *this;
}

Handle::~Handle()
{
    if (id_ >= 0)
        H5Idec_ref(id_);
}

void Handle::close()
{
    if (id_ < 0)
        return;
    const auto name = name_of(id_);
    if (H5Idec_ref(std::exchange(id_, H5I_INVALID_HID)) < 0)
        throw base::IoError("cannot close" + hdf5_reason(), name,
                            "is the disk full or the quota used up?");
}

} // namespace rewire::io
