#pragma once

#include <rewire/io/hdf5.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// What the parts of the HDF5 layer share and its users do not see.
namespace rewire::io {

/// The innermost message of HDF5's error stack, " (...)" or empty: usually says what the system
/// refused. Empties the stack.
std::string hdf5_reason();

/// @throws IoError naming the object and HDF5's reason
[[noreturn]] void fail_reading(hid_t location, const std::string& what);
[[noreturn]] void fail_writing(hid_t location, const std::string& what);

/// Owns `id`, which is negative where HDF5 refused. @throws IoError
Handle checked_read(hid_t id, hid_t location, const std::string& what);
Handle checked_write(hid_t id, hid_t location, const std::string& what);

/// @throws InputError: external or virtual storage
void check_own_values(hid_t dataset);
/// Number of values of an attribute. @throws InputError: more than any has
std::size_t attribute_values(hid_t object, hid_t space, const std::string& name);

std::vector<hsize_t> extents(const Shape& shape);
std::int64_t product(const Shape& shape);
/// An empty shape is a scalar; -1 in `maximum` is unlimited.
Handle space_of(const Shape& shape, const Shape& maximum = {});

/// Variable-length UTF-8.
Handle text_type();
/// Strings of a dataset or attribute of text, through `read(memory type, buffer)`.
std::vector<std::string> texts_of(hid_t object, hid_t type, hid_t space,
                                  const std::function<herr_t(hid_t memory, void* out)>& read);

} // namespace rewire::io

/// Numbers that datasets and attributes hold here.
#define REWIRE_FOR_EACH_NUMBER(INSTANTIATE)                                                        \
    INSTANTIATE(std::int8_t)                                                                       \
    INSTANTIATE(std::uint8_t)                                                                      \
    INSTANTIATE(std::int16_t)                                                                      \
    INSTANTIATE(std::uint16_t)                                                                     \
    INSTANTIATE(std::int32_t)                                                                      \
    INSTANTIATE(std::uint32_t)                                                                     \
    INSTANTIATE(std::int64_t)                                                                      \
    INSTANTIATE(std::uint64_t)                                                                     \
    INSTANTIATE(float)                                                                             \
    INSTANTIATE(double)
