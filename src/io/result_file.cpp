#include "rewire/io/result_file.hpp"

#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <ctime>
#include <numeric>

namespace rewire::io {

namespace {

constexpr auto format_version = 1;
constexpr auto upstream_group = "upstream";
constexpr auto chunk_values = std::int64_t{65536};

/// Compressed in chunks of whole rows where rows are short, pieces of rows where they are long.
Storage storage_for(const Shape& shape)
{
    const auto values =
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    if (values < 256)
        return {};
    auto chunk = shape;
    auto left = chunk_values;
    for (auto i = static_cast<std::int64_t>(shape.size()) - 1; i >= 0; --i) {
        auto& size = chunk[static_cast<std::size_t>(i)];
        size = std::clamp<std::int64_t>(size, 1, std::max<std::int64_t>(left, 1));
        left /= size;
    }
    return {chunk, 1, {}};
}

Handle as_axis(Handle dataset, const std::string& name, const std::string& description)
{
    describe(dataset, description);
    if (H5DSset_scale(dataset, name.c_str()) < 0)
        fail_writing(dataset, "a dimension scale");
    return dataset;
}

} // namespace

void describe(hid_t object, const std::string& description)
{
    if (!description.empty())
        write_text_attribute(object, "description", description);
}

std::vector<std::string> without_description(hid_t location, const std::string& path)
{
    auto found = std::vector<std::string>{};
    for (const auto& name : children(location, path)) {
        const auto at = path.ends_with('/') ? path + name : path + "/" + name;
        const auto object = open_object(location, at);
        const auto below = H5Iget_type(object) == H5I_GROUP ? without_description(location, at)
                                                            : std::vector<std::string>{};
        found.insert(found.end(), below.begin(), below.end());
        if (H5Iget_type(object) == H5I_DATASET && !has_attribute(object, "description"))
            found.push_back(at);
    }
    return found;
}

template <typename T>
Handle write_axis(hid_t group, const std::string& name, const std::vector<T>& values,
                  const std::string& description)
{
    const auto shape = Shape{static_cast<std::int64_t>(values.size())};
    return as_axis(write_dataset(group, name, values, shape, storage_for(shape)), name,
                   description);
}

Handle write_text_axis(hid_t group, const std::string& name, const std::vector<std::string>& values,
                       const std::string& description)
{
    return as_axis(write_texts(group, name, values), name, description);
}

Handle write_index_axis(hid_t group, const std::string& name, std::int64_t length,
                        const std::string& description)
{
    auto indices = std::vector<std::int32_t>(static_cast<std::size_t>(length));
    std::iota(indices.begin(), indices.end(), 0);
    return write_axis(group, name, indices, description);
}

template <typename T>
Handle make_array(hid_t group, const std::string& name, const std::vector<std::string>& axes,
                  const std::string& units, const std::string& description)
{
    auto shape = Shape{};
    for (const auto& axis : axes)
        shape.push_back(shape_of(open_dataset(group, axis)).at(0));
    auto dataset = make_dataset(group, name, native_type<T>(), shape, storage_for(shape));
    for (std::size_t i = 0; i < axes.size(); ++i)
        if (H5DSattach_scale(dataset, open_dataset(group, axes[i]), static_cast<unsigned>(i)) < 0)
            fail_writing(dataset, "axis " + axes[i]);
    if (!units.empty())
        write_text_attribute(dataset, "units", units);
    describe(dataset, description);
    return dataset;
}

ChunkGrid result_chunks(const Shape& shape)
{
    const auto storage = storage_for(shape);
    if (storage.chunk.empty())
        return {shape, shape, 0};
    return {shape, storage.chunk, storage.deflate};
}

template <typename T>
Handle write_array(hid_t group, const std::string& name, const std::vector<T>& values,
                   const std::vector<std::string>& axes, const std::string& units,
                   const std::string& description)
{
    auto dataset = make_array<T>(group, name, axes, units, description);
    const auto shape = shape_of(dataset);
    const auto grid = result_chunks(shape);
    // where the values of a chunk follow one another
    const auto in_pieces = grid.deflate > 0 &&
                           std::equal(shape.begin() + 1, shape.end(), grid.chunk.begin() + 1) &&
                           static_cast<std::int64_t>(values.size()) == product(shape);
    if (!in_pieces) {
        write_block<T>(dataset, Shape(shape.size(), 0), shape, std::span<const T>(values));
        return dataset;
    }
    auto rest = std::span<const T>(values);
    for (std::int64_t number = 0; number < grid.count(); ++number) {
        const auto size = static_cast<std::size_t>(product(grid.extent_of(number)));
        write_compressed(dataset, grid, number,
                         compressed_chunk<T>(grid, number, rest.first(size)));
        rest = rest.subspan(size);
    }
    return dataset;
}

#define REWIRE_INSTANTIATE(T)                                                                      \
    template Handle make_array<T>(hid_t, const std::string&, const std::vector<std::string>&,      \
                                  const std::string&, const std::string&);                         \
    template Handle write_axis<T>(hid_t, const std::string&, const std::vector<T>&,                \
                                  const std::string&);                                             \
    template Handle write_array<T>(hid_t, const std::string&, const std::vector<T>&,               \
                                   const std::vector<std::string>&, const std::string&,            \
                                   const std::string&);

REWIRE_INSTANTIATE(std::int8_t)
REWIRE_INSTANTIATE(std::uint8_t)
REWIRE_INSTANTIATE(std::int32_t)
REWIRE_INSTANTIATE(std::int64_t)
REWIRE_INSTANTIATE(float)
REWIRE_INSTANTIATE(double)

#undef REWIRE_INSTANTIATE
ResultFile::ResultFile(const std::filesystem::path& path, const Attempt& attempt)
    : attempt_(attempt),
      failed_before_(failed_writes()),
      whole_(path, attempt.folder.empty() ? std::filesystem::path(path.string() + ".partial")
                                          : attempt.folder / path.filename()),
      file_(is_there(attempt) ? create_file(whole_.partial()) : throw taken_over(attempt))
{
}

void ResultFile::publish(const Record& record, bool replace)
{
    write_attribute(file_, "format_version", format_version);
    write_text_attribute(file_, "job", record.job);
    write_text_attribute(file_, "version", record.version);
    write_text_attribute(file_, "git_revision", record.git_revision);
    write_text_attribute(file_, "command", record.command);
    write_text_attribute(file_, "options", to_text(record.options));
    write_attribute(file_, "seed", record.seed);
    write_text_attribute(file_, "inputs_sha256", to_text(record.inputs));
    write_text_attribute(file_, "digest", to_text(record.digest));
    write_attribute(file_, "ranks", record.ranks);
    write_attribute(file_, "attempt", record.attempt);
    write_text_attribute(file_, "host", record.host);
    write_text_attribute(file_, "cpu_target", record.cpu_target);
    write_text_attribute(file_, "start", record.start);
    write_text_attribute(file_, "end", record.end);
    for (const auto& [job, upstream] : record.upstream) {
        const auto group = create_group(file_, std::string(upstream_group) + "/" + job);
        write_text_attribute(group, "version", upstream.version);
        write_text_attribute(group, "inputs_sha256", to_text(upstream.inputs));
        write_text_attribute(group, "digest", to_text(upstream.digest));
    }
    check_written(failed_before_, whole_.partial());
    if (H5Fflush(file_, H5F_SCOPE_GLOBAL) < 0)
        fail_writing(file_, "what was buffered");
    file_.close();
    auto error = std::error_code{};
    if (!std::filesystem::exists(whole_.partial(), error))
        throw taken_over(attempt_);
    whole_.publish(replace ? WholeFile::Existing::replace : WholeFile::Existing::keep);
}

Record read_record(hid_t file)
{
    if (!has_attribute(file, "format_version") || !has_attribute(file, "digest"))
        throw base::InputError("not a result file of rewire", name_of(file),
                               "is this the results folder that was meant?");
    const auto version = read_attribute<int>(file, "format_version");
    if (version != format_version)
        throw base::InputError(fmt::format("result format {} is not known to this version ({})",
                                           version, format_version),
                               name_of(file),
                               "use the version of rewire that wrote it, or compute it again");
    auto record = Record{};
    record.job = read_text_attribute(file, "job");
    record.version = read_text_attribute(file, "version");
    record.git_revision = read_text_attribute(file, "git_revision");
    record.command = read_text_attribute(file, "command");
    record.options = fingerprint_from_text(read_text_attribute(file, "options"));
    record.seed = read_attribute<std::uint64_t>(file, "seed");
    record.inputs = fingerprint_from_text(read_text_attribute(file, "inputs_sha256"));
    record.digest = fingerprint_from_text(read_text_attribute(file, "digest"));
    record.ranks = read_attribute<int>(file, "ranks");
    record.attempt = read_attribute<int>(file, "attempt");
    record.host = read_text_attribute(file, "host");
    if (has_attribute(file, "cpu_target"))
        record.cpu_target = read_text_attribute(file, "cpu_target");
    record.start = read_text_attribute(file, "start");
    record.end = read_text_attribute(file, "end");
    if (is_group(file, upstream_group))
        for (const auto& job : children(file, upstream_group)) {
            const auto group = open_group(file, std::string(upstream_group) + "/" + job);
            record.upstream[job] = {
                .version = read_text_attribute(group, "version"),
                .inputs = fingerprint_from_text(read_text_attribute(group, "inputs_sha256")),
                .digest = fingerprint_from_text(read_text_attribute(group, "digest"))};
        }
    return record;
}

Upstream as_upstream(const Record& record)
{
    return {.version = record.version, .inputs = record.inputs, .digest = record.digest};
}

std::vector<std::string> subjects_in(const Handle& file)
{
    auto subjects = std::vector<std::string>{};
    for (const auto& name : children(file))
        if (name != upstream_group && is_group(file, name))
            subjects.push_back(name);
    return subjects;
}

std::string utc_now()
{
    const auto now = std::time(nullptr);
    auto parts = std::tm{};
    gmtime_r(&now, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

} // namespace rewire::io
