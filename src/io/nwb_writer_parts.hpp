#pragma once

#include <rewire/io/hdf5.hpp>

#include <filesystem>
#include <string>

/// What the parts of NwbWriter share.
namespace rewire::io {

inline constexpr auto core = "core";
inline constexpr auto common = "hdmf-common";

/// @throws InputError unless it holds: what is asked for cannot be a valid file
void require_valid(bool holds, const std::string& problem, const std::filesystem::path& where);

/// What turns stored values into physical ones.
void write_unit(hid_t data, const std::string& unit, double conversion);

} // namespace rewire::io
