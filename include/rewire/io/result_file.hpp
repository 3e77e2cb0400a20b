#pragma once

#include <rewire/io/checkpoint.hpp>
#include <rewire/io/chunks.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/io/whole_file.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace rewire::io {

/// An earlier result that another one was computed from, as it was then.
struct Upstream
{
    std::string version;
    Fingerprint inputs;
    Fingerprint digest;
};

/// Where a result comes from: the root attributes of every result file, and the groups
/// /upstream/JOB/.
struct Record
{
    std::string job;
    std::string version;
    std::string git_revision;
    std::string command;
    Fingerprint options; ///< every option with its value, given or default
    std::uint64_t seed = 0;
    Fingerprint inputs; ///< file -> SHA-256
    Fingerprint digest; ///< what the result depends on
    int ranks = 1;
    int attempt = 1;
    std::string host;
    std::string cpu_target; ///< kernels that linear algebra chose: the same bits only with the same
    std::string start;      ///< ISO 8601, UTC
    std::string end;
    std::map<std::string, Upstream> upstream; ///< by job
};

/// As a result that follows from this one records it.
Upstream as_upstream(const Record& record);

/// A result being written, in the folder of its attempt until `publish`, so that NAME is whole or
/// absent, and an attempt that a newer one has taken over from cannot publish: its file is gone.
/// Every axis of a group has one dimension scale, in the same group, named as the axis; a dataset
/// names its axes.
class ResultFile
{
  public:
    ResultFile(const std::filesystem::path& path, const Attempt& attempt);

    const Handle& file() const noexcept { return file_; }
    Handle group(const std::string& path) const { return create_group(file_, path); }

    /// Flushes, closes and renames. With `replace` an existing file gives way; without, the first
    /// one there wins (an attempt that was thought dead may have published the same content).
    /// @throws IoError also when a newer attempt has taken over
    void publish(const Record& record, bool replace);

  private:
    Attempt attempt_;
    std::int64_t failed_before_;
    WholeFile whole_; // goes after the handle that keeps it open
    Handle file_;
};

/// Makes a dataset the dimension scale `name` of its group. What it holds goes into the attribute
/// `description`, here as in the functions below; empty: none, which `without_description` lists.
template <typename T>
Handle write_axis(hid_t group, const std::string& name, const std::vector<T>& values,
                  const std::string& description = "");
Handle write_text_axis(hid_t group, const std::string& name, const std::vector<std::string>& values,
                       const std::string& description = "");
/// 0 .. length-1
Handle write_index_axis(hid_t group, const std::string& name, std::int64_t length,
                        const std::string& description = "");

/// A compressed dataset whose dimensions are named by scales of the same group, row major.
/// @param units e.g. "1", "ms"; empty for none
template <typename T>
Handle write_array(hid_t group, const std::string& name, const std::vector<T>& values,
                   const std::vector<std::string>& axes, const std::string& units = "",
                   const std::string& description = "");

/// The same without values, to be filled by write_block.
template <typename T>
Handle make_array(hid_t group, const std::string& name, const std::vector<std::string>& axes,
                  const std::string& units = "", const std::string& description = "");

/// Sets the attribute `description` of a dataset or group.
void describe(hid_t object, const std::string& description);
/// Paths of all datasets below `path` that have no `description`, in alphabetical order.
std::vector<std::string> without_description(hid_t location, const std::string& path = "/");

/// The chunks of an array of that shape made by `make_array`: for ranks that hand them to
/// `write_chunks` in chunks.hpp, which is how an array of many GB is filled.
ChunkGrid result_chunks(const Shape& shape);

/// Groups of a result that are subjects: all but /upstream.
std::vector<std::string> subjects_in(const Handle& file);

/// Reads back the root attributes and /upstream. @throws InputError when the file is not a result
/// of rewire
Record read_record(hid_t file);

std::string utc_now(); ///< "2026-01-31T12:00:00Z"

} // namespace rewire::io
