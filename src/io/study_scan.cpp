#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/study.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <set>

namespace rewire::io {

std::string group_name(std::string name)
{
    name = base::safe_name(name);
    static const auto taken =
        std::set<std::string>{".", "..", "pair", "pair_i", "pair_j", "neuron_id", "upstream"};
    if (taken.contains(name))
        name.push_back('_');
    return name;
}

namespace {

/// Value of an entity of a DANDI or BIDS file name: "sub" of "sub-A_ses-01_behavior.nwb" is A.
std::string entity(const std::string& stem, const std::string& key)
{
    for (const auto& part : base::split(stem, '_'))
        if (part.starts_with(key + "-"))
            return part.substr(key.size() + 1);
    return {};
}

void name_by_file(SessionRecord& record)
{
    const auto path = std::filesystem::path(record.file);
    const auto stem = path.stem().string();
    if (record.subject.empty())
        record.subject = entity(stem, "sub");
    for (const auto& folder : path.parent_path())
        if (record.subject.empty())
            record.subject = entity(folder.string(), "sub");
    if (record.session.empty())
        record.session = entity(stem, "ses");
    if (record.session.empty())
        record.session = stem;
    record.subject_as_written = record.subject;
    record.subject = group_name(record.subject);
    record.session = group_name(record.session);
}

void find_duplicate_neurons(SessionRecord& record, const std::string& file)
{
    auto seen = std::set<std::string>{};
    auto twice = std::set<std::string>{};
    for (const auto& id : record.activity->neuron_id)
        if (!seen.insert(id).second)
            twice.insert(id);
    if (twice.empty())
        return;
    const auto shown = std::vector<std::string>(
        twice.begin(), std::next(twice.begin(), std::min<std::ptrdiff_t>(5, std::ssize(twice))));
    record.problems.push_back(
        {Severity::error, file,
         fmt::format("{} ids occur more than once in ROI column {}: {}{}", twice.size(),
                     record.activity->id_column, base::joined(shown, ", "),
                     twice.size() > shown.size() ? ", ..." : ""),
         "choose the column that identifies neurons with --roi-column"});
}

void fill(SessionRecord& record, const NwbSession& session)
{
    record.subject = session.subject_id();
    record.session = session.session_id();
    record.identifier = session.identifier();
    record.start_text = session.start_text();
    record.start = session.start();
    record.series = session.series();
    record.intervals = session.intervals();
    record.units = session.units();
    record.problems = session.problems();
    if (session.has_activity()) {
        record.activity = session.activity();
        find_duplicate_neurons(record, session.path().string());
    }
    if (!record.activity && !(record.units && record.units->spikes > 0) &&
        !has_errors(record.problems))
        record.problems.push_back({Severity::warning, session.path().string(),
                                   "neither dF/F nor spikes: no job can use this file",
                                   "leave it out, or exclude it in study.tsv"});
}

} // namespace

SessionRecord scan_file(const std::filesystem::path& study, const std::string& file,
                        const NwbOptions& options)
{
    auto record = SessionRecord{};
    record.file = file;
    // A single file may itself be a folder (Zarr), and then is not below the study.
    const auto path = study.filename() == file ? study : path_of(study, file);
    try {
        if (std::filesystem::is_directory(path))
            throw base::InputError("a folder: NWB in Zarr is not read", path.string(),
                                   "export it to HDF5 with hdmf-zarr");
        fill(record, NwbSession(path, options));
        record.bytes = static_cast<std::int64_t>(std::filesystem::file_size(path));
        record.readable = true;
    } catch (const base::Error& error) {
        record.problems.push_back({Severity::error, path.string(), error.problem(), error.next()});
    } catch (const std::bad_alloc&) {
        record.problems.push_back({Severity::error, path.string(), "not enough memory to read it",
                                   "damaged, or larger than this machine can hold: compare it with "
                                   "the original"});
    } catch (const std::exception& error) {
        record.problems.push_back(
            {Severity::error, path.string(), error.what(), "compare the file with the original"});
    }
    name_by_file(record);
    return record;
}

const SeriesInfo* lever_of(const SessionRecord& record)
{
    const auto is_lever = [](const SeriesInfo& series) {
        return speaks_of_lever(series) && series.channels == 1;
    };
    const auto found = std::find_if(record.series.begin(), record.series.end(), is_lever);
    return found == record.series.end() ? nullptr : &*found;
}

bool has(const SessionRecord& record, Feed feed)
{
    switch (feed) {
    case Feed::activity:
        return record.activity && record.activity->frames > 0 && record.activity->rate_hz > 0;
    case Feed::movement:
        return lever_of(record) != nullptr ||
               std::any_of(record.intervals.begin(), record.intervals.end(),
                           [](const TableInfo& table) { return speaks_of_movement(table.name); });
    case Feed::units:
        return record.units && record.units->spikes > 0;
    case Feed::trials:
        return !record.intervals.empty();
    }
    return false;
}

} // namespace rewire::io
