#pragma once

#include <rewire/io/hdf5.hpp>

#include <string>

namespace rewire::io {

/// Copies a group with all that is in it to the same place in another file. Datasets keep their
/// dimension scales: those are links inside a file, which HDF5 itself does not carry over.
/// @pre all scales of datasets in the group are in the group too
/// @throws IoError
void copy_group(hid_t from, hid_t into, const std::string& path);

} // namespace rewire::io
