#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The one way to open, read and write HDF5 here: owning handles over the C API. Every function
/// throws IoError (file cannot be opened, read or written) or InputError (the file does not hold
/// what was asked for: no such object, other shape or type), naming file and object.
namespace rewire::io {

/// Owns one HDF5 identifier of any kind (file, group, dataset, type, space, attribute, property
/// list). Once something could not be written (a full disk), nothing is closed any more but by
/// `close`: HDF5 would walk into what it has freed. The system closes the files as the program
/// ends.
class Handle
{
  public:
    Handle() noexcept = default;
    explicit Handle(hid_t id) noexcept : id_(id) {}
    Handle(Handle&& other) noexcept;
    Handle& operator=(Handle&& other) noexcept;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle();

    hid_t get() const noexcept { return id_; }
    operator hid_t() const noexcept { return id_; } // NOLINT: made to be passed to the C API
    explicit operator bool() const noexcept { return id_ >= 0; }
    /// Closes now and reports failure, which for a file means that data did not reach the disk.
    /// @throws IoError
    void close();

  private:
    void release() noexcept;

    hid_t id_ = H5I_INVALID_HID;
};

using Shape = std::vector<std::int64_t>;

/// The native HDF5 type of T: the fixed-width integers, float, double. These are the numbers that
/// the templates below know, too. (bool is not one: use uint8_t.)
template <typename T>
hid_t native_type();

// --- files and objects ---------------------------------------------------------------------------

/// @throws IoError: missing, not readable; InputError: not an HDF5 file
Handle open_for_reading(const std::filesystem::path& path);
Handle open_for_update(const std::filesystem::path& path);
/// Creates or truncates. The format is readable by HDF5 1.10 and later.
Handle create_file(const std::filesystem::path& path);

bool exists(hid_t location,
            const std::string& path); ///< every step of the path; dangling links do not exist
Handle open_group(hid_t location, const std::string& path);
/// @throws InputError also where its values are in another file (external or virtual storage)
Handle open_dataset(hid_t location, const std::string& path);
Handle open_object(hid_t location, const std::string& path); ///< group or dataset
Handle create_group(hid_t location,
                    const std::string& path); ///< with missing parents; opens one that exists
bool is_group(hid_t location, const std::string& path);
bool is_dataset(hid_t location, const std::string& path);
/// Names of the links of a group, in alphabetical order.
std::vector<std::string> children(hid_t location, const std::string& path = ".");
/// A soft or external link, not the object's own place.
bool is_soft_link(hid_t location, const std::string& name);
/// Tells objects apart that are reached by several links: the same for the same object.
struct ObjectKey
{
    std::uint64_t file = 0;
    std::uint64_t address = 0;
    // NOLINTNEXTLINE(modernize-use-nullptr): a fault of the linter
    friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};
ObjectKey key_of(hid_t object);
/// "file.nwb:/processing/ophys": for messages.
std::string name_of(hid_t object);

// --- reading -------------------------------------------------------------------------------------

Shape shape_of(hid_t dataset);
bool holds_text(hid_t dataset);
bool holds_numbers(hid_t dataset);  ///< integers, floats, and enums such as h5py's bool
bool holds_booleans(hid_t dataset); ///< h5py's bool: an enum of FALSE and TRUE
bool holds_floats(hid_t dataset);
std::size_t bytes_per_value(hid_t dataset);
/// Name of a filter (compression) of the dataset that this HDF5 does not have; empty for none.
std::string missing_filter(hid_t dataset);
/// Chunk shape, empty for other layouts.
Shape chunk_of(hid_t dataset);

/// Before anything is allocated by what a dataset says of its shape: small ones (16 MB) are
/// believed, of others the file must have room for half of the values. Goes through the list of
/// chunks. @throws InputError
void check_declared_size(hid_t dataset);
/// The same, and memory has to hold all values at once, of which each takes `bytes_each` or, if
/// that is more, what it takes in the file. The `read_` functions below check it.
void check_fits_memory(hid_t dataset, std::size_t bytes_each);

/// Reads a block of a dataset, converted to T. @pre out.size() == product of count
template <typename T>
void read_block(hid_t dataset, const Shape& offset, const Shape& count, std::span<T> out);
/// All values, row major, converted to T (enums and booleans count as integers).
template <typename T>
std::vector<T> read_all(hid_t location, const std::string& path);
template <typename T>
T read_scalar(hid_t location, const std::string& path);

std::vector<std::string> read_texts(hid_t location, const std::string& path);
std::string read_text(hid_t location,
                      const std::string& path); ///< scalar, or the first of one element

bool has_attribute(hid_t object, const std::string& name);
template <typename T>
T read_attribute(hid_t object, const std::string& name);
template <typename T>
std::vector<T> read_attribute_all(hid_t object, const std::string& name);
std::string read_text_attribute(hid_t object, const std::string& name);
/// Empty where there is no such attribute or it is not text.
std::string text_attribute_or_empty(hid_t object, const std::string& name);
std::vector<std::string> read_texts_attribute(hid_t object, const std::string& name);
/// Absolute path of the object that a reference attribute points at.
std::string referenced_path(hid_t object, const std::string& attribute);

// --- writing -------------------------------------------------------------------------------------

struct Storage
{
    Shape chunk;     ///< empty: contiguous
    int deflate = 0; ///< 1..9 with shuffle; needs a chunk shape
    Shape maximum;   ///< empty: fixed shape; -1 for unlimited
};

/// Makes a dataset without writing values. Fill value 0. A shape with a zero is allowed.
Handle make_dataset(hid_t location, const std::string& name, hid_t type, const Shape& shape,
                    const Storage& storage = {});
template <typename T>
void write_block(hid_t dataset, const Shape& offset, const Shape& count, std::span<const T> values);
/// Makes a dataset and writes all of it; returns it, to hang attributes on.
template <typename T>
Handle write_dataset(hid_t location, const std::string& name, std::span<const T> values,
                     const Shape& shape, const Storage& storage = {});
template <typename T>
Handle write_dataset(hid_t location, const std::string& name, const std::vector<T>& values,
                     const Shape& shape, const Storage& storage = {})
{
    return write_dataset<T>(location, name, std::span<const T>(values), shape, storage);
}
template <typename T>
Handle write_scalar(hid_t location, const std::string& name, T value);
/// Variable-length UTF-8.
Handle write_texts(hid_t location, const std::string& name, const std::vector<std::string>& values,
                   const Storage& storage = {});
Handle write_text(hid_t location, const std::string& name, const std::string& value); ///< scalar
/// h5py's bool: an enum of int8 with FALSE and TRUE.
Handle write_booleans(hid_t location, const std::string& name,
                      const std::vector<std::uint8_t>& values, const Storage& storage = {});

template <typename T>
void write_attribute(hid_t object, const std::string& name, T value);
template <typename T>
void write_attribute_all(hid_t object, const std::string& name, const std::vector<T>& values);
void write_text_attribute(hid_t object, const std::string& name, const std::string& value);
void write_texts_attribute(hid_t object, const std::string& name,
                           const std::vector<std::string>& values);
/// An object reference to `target` (a path from the root).
void write_reference_attribute(hid_t object, const std::string& name, const std::string& target);

/// A soft link to `target` (a path from the root), which need not exist yet.
void write_soft_link(hid_t location, const std::string& name, const std::string& target);

/// How often HDF5 failed so far to write what was handed to it, in this process: also when an
/// object was closed unseen, by the end of its scope. Who publishes a file compares it with what it
/// was when the file was begun.
std::int64_t failed_writes() noexcept;
/// @throws IoError, with HDF5's reason, when there were more since
void check_written(std::int64_t failed_before, const std::filesystem::path& path);

} // namespace rewire::io
