#include "rewire/io/nwb_session.hpp"

#include "nwb_activity.hpp"
#include "nwb_find.hpp"
#include "sample_grid.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/crash_guard.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace rewire::io {

namespace {

std::string last_of(const std::string& path)
{
    return path.substr(path.rfind('/') + 1);
}

std::string text_or_empty(hid_t file, const std::string& path)
{
    return is_dataset(file, path) && holds_text(open_dataset(file, path)) ? read_text(file, path)
                                                                          : std::string{};
}

/// Version of an NWB 2 file. @throws InputError
std::string require_nwb2(hid_t file, const std::string& path)
{
    auto version = text_attribute_or_empty(file, "nwb_version");
    const auto old = exists(file, "nwb_version") ? text_or_empty(file, "nwb_version") : version;
    if (!version.empty() && !version.starts_with("1") && !version.starts_with("NWB-1"))
        return version;
    if (!old.empty())
        throw base::InputError("NWB version 1 (" + old + "); NWB 2 is needed", path,
                               "convert the file to NWB 2 first");
    throw base::InputError("HDF5, but not NWB: no attribute nwb_version", path,
                           "write it with pynwb or MatNWB, or take it out of the study");
}

double value_at(hid_t dataset, std::int64_t index)
{
    auto value = std::vector<double>(1);
    read_block<double>(dataset, {index}, {1}, value);
    return value.front();
}

/// Reads rate and start; of timestamps only the two at the ends.
void read_times(hid_t group, SeriesInfo& info)
{
    info.rate_hz = std::numeric_limits<double>::quiet_NaN();
    if (is_dataset(group, "timestamps")) {
        info.has_timestamps = true;
        const auto times = open_dataset(group, "timestamps");
        const auto shape = shape_of(times);
        if (shape.size() != 1 || shape[0] == 0)
            return;
        info.start_s = value_at(times, 0);
        if (shape[0] > 1)
            info.rate_hz =
                static_cast<double>(shape[0] - 1) / (value_at(times, shape[0] - 1) - info.start_s);
    } else if (is_dataset(group, "starting_time")) {
        info.start_s = read_scalar<double>(group, "starting_time");
        const auto start = open_dataset(group, "starting_time");
        if (has_attribute(start, "rate"))
            info.rate_hz = read_attribute<double>(start, "rate");
    }
}

/// Empty where the series has no numbers on one or two axes (images, annotations).
std::optional<SeriesInfo> read_series_info(hid_t file, const FoundObject& found)
{
    const auto group = open_group(file, found.path);
    if (!is_dataset(group, "data"))
        return {};
    const auto data = open_dataset(group, "data");
    const auto shape = shape_of(data);
    if (!holds_numbers(data) || shape.empty() || shape.size() > 2)
        return {};
    auto info = SeriesInfo{};
    info.path = found.path;
    info.name = last_of(found.path);
    info.type = found.type;
    info.unit = text_attribute_or_empty(data, "unit");
    info.samples = shape[0];
    info.channels = shape.size() == 2 ? shape[1] : 1;
    read_times(group, info);
    return info;
}

TableInfo read_table_info(hid_t file, const std::string& path)
{
    const auto group = open_group(file, path);
    auto info = TableInfo{};
    info.path = path;
    info.name = last_of(path);
    info.columns = column_names(group);
    const auto first = exists(group, "id") ? std::string("id") : std::string("start_time");
    const auto shape = exists(group, first) ? shape_of(open_dataset(group, first)) : Shape{};
    info.rows = shape.empty() ? 0 : shape.front();
    return info;
}

/// Of a few units in even steps, two values of each.
double spiking_seconds(hid_t group, std::int64_t spikes)
try {
    constexpr auto looked_at = std::int64_t{5};
    const auto times = open_dataset(group, "spike_times");
    const auto last = read_all<std::int64_t>(group, "spike_times_index");
    auto from = std::numeric_limits<double>::infinity();
    auto to = -from;
    const auto look = [&](std::int64_t spike) {
        auto time = 0.0;
        read_block(times, {spike}, {1}, std::span(&time, 1));
        from = std::min(from, time);
        to = std::max(to, time);
    };
    const auto step = std::max<std::int64_t>(1, (std::ssize(last) - 1) / (looked_at - 1));
    for (std::int64_t unit = 0; unit < std::ssize(last); unit += step) {
        const auto begin = unit == 0 ? 0 : last[static_cast<std::size_t>(unit - 1)];
        const auto end = last[static_cast<std::size_t>(unit)];
        if (begin < 0 || begin >= end || end > spikes)
            continue;
        look(begin);
        look(end - 1);
    }
    return std::isfinite(to - from) && to > from ? to - from : 0;
} catch (const base::Error&) {
    return 0;
}

UnitsInfo read_units_info(hid_t file, const std::string& path)
{
    const auto group = open_group(file, path);
    auto info = UnitsInfo{};
    info.path = path;
    info.columns = column_names(group);
    if (exists(group, "id"))
        info.units = shape_of(open_dataset(group, "id")).at(0);
    if (exists(group, "spike_times"))
        info.spikes = shape_of(open_dataset(group, "spike_times")).at(0);
    if (info.spikes > 0 && exists(group, "spike_times_index"))
        info.spiking_s = spiking_seconds(group, info.spikes);
    return info;
}

std::string listed(const std::vector<FoundObject>& objects)
{
    auto paths = std::vector<std::string>{};
    for (const auto& object : objects)
        paths.push_back(object.path);
    return base::joined(paths, ", ");
}

template <typename Info, typename Predicate>
std::vector<const Info*> all_that(const std::vector<Info>& all, const Predicate& is_meant)
{
    auto matches = std::vector<const Info*>{};
    for (const auto& one : all)
        if (is_meant(one))
            matches.push_back(&one);
    return matches;
}

/// The one of that name, by name, path or end of a path; else the only one whose name begins so.
template <typename Info>
const Info& find_named(const std::vector<Info>& all, const std::string& name,
                       const std::string& kind, const std::string& file)
{
    auto matches = all_that(all, [&](const Info& one) { return is_named(one.path, name); });
    if (matches.empty())
        matches = all_that(all, [&](const Info& one) { return one.name.starts_with(name); });
    if (matches.size() == 1)
        return *matches.front();
    auto paths = std::vector<std::string>{};
    for (const auto& one : all)
        paths.push_back(one.path);
    if (matches.empty())
        throw base::InputError("no " + kind + " named " + name, file,
                               paths.empty() ? "there is none in this file"
                                             : "there is: " + base::joined(paths, ", "));
    paths.clear();
    for (const auto* one : matches)
        paths.push_back(one->path);
    throw base::InputError(fmt::format("the name {} fits more than one {}", name, kind), file,
                           "give the path of one: " + base::joined(paths, ", "));
}

} // namespace

bool is_named(const std::string& path, const std::string& name)
{
    return path == name || path.ends_with("/" + name);
}

bool speaks_of_movement(const std::string& name)
{
    return base::lower_case(name).find("movement") != std::string::npos;
}

bool speaks_of_lever(const SeriesInfo& series)
{
    return base::lower_case(series.name).find("lever") != std::string::npos;
}

NwbSession::NwbSession(const std::filesystem::path& path, const NwbOptions& options) : path_(path)
{
    const auto guard = CrashGuard(path, CrashGuard::metadata_s);
    try {
        file_ = open_for_reading(path);
        look_round(options);
    } catch (...) {
        file_ = Handle{}; // closing a damaged file can crash, too
        throw;
    }
}

NwbSession::~NwbSession()
{
    if (!file_)
        return;
    const auto guard = CrashGuard(path_, CrashGuard::metadata_s);
    file_ = Handle{};
}

void NwbSession::look_round(const NwbOptions& options)
{
    nwb_version_ = require_nwb2(file_, path_.string());
    read_header();
    const auto found = find_objects(file_);
    const auto before_activity = problems_.size();
    choose_activity(found.activity, options);
    for (auto i = before_activity; i < problems_.size(); ++i)
        problems_[i].scope = Feed::activity;
    for (const auto& object : found.series)
        guarded([&] {
            if (auto info = read_series_info(file_, object))
                series_.push_back(std::move(*info));
        });
    for (const auto& object : found.intervals)
        guarded([&] { intervals_.push_back(read_table_info(file_, object.path)); });
    if (found.units.size() > 1)
        problems_.push_back({Severity::warning, path_.string(),
                             "several units tables: " + listed(found.units),
                             "the first is used; leave the others out of the file", Feed::units});
    // The NWB file's own table comes before those of modules.
    for (const auto& object : found.units)
        if (!units_ || object.path == "/units")
            guarded([&] { units_ = read_units_info(file_, object.path); }, Feed::units);
}

void NwbSession::guarded(const std::function<void()>& read, std::optional<Feed> scope)
{
    try {
        read();
    } catch (const base::Error& error) {
        problems_.push_back({Severity::error, error.where(), error.problem(), error.next(), scope});
    }
}

void NwbSession::read_header()
{
    subject_id_ = base::trimmed(text_or_empty(file_, "general/subject/subject_id"));
    session_id_ = base::trimmed(text_or_empty(file_, "general/session_id"));
    identifier_ = text_or_empty(file_, "identifier");
    description_ = text_or_empty(file_, "session_description");
    start_text_ = text_or_empty(file_, "session_start_time");
    start_ = parse_instant(start_text_);
    if (!start_)
        problems_.push_back({Severity::warning, path_.string(),
                             start_text_.empty()
                                 ? "no session_start_time"
                                 : "session_start_time is not a time: " + start_text_,
                             "number the sessions in study.tsv (columns file, number)"});
    else if (!start_->zoned)
        problems_.push_back({Severity::note, path_.string(),
                             "session_start_time names no time zone: " + start_text_,
                             "it is taken as UTC"});
}

void NwbSession::choose_activity(const std::vector<FoundObject>& found, const NwbOptions& options)
{
    const auto give_up = [&](std::string what, std::string next, bool wrong) {
        no_activity_ = {Severity::error, path_.string(), std::move(what), std::move(next)};
        if (wrong)
            problems_.push_back(no_activity_);
    };
    if (found.empty())
        return give_up("no dF/F: the file has no RoiResponseSeries",
                       "calcium jobs need one; spike jobs do not", false);
    auto candidates = found;
    if (!options.series.empty())
        std::erase_if(candidates, [&](const FoundObject& one) {
            return !names_path(options.series, one.path);
        });
    if (candidates.empty())
        return give_up("no RoiResponseSeries named " + options.series,
                       "choose with --series: " + listed(found), true);
    auto best = 3;
    for (const auto& one : candidates)
        best = std::min(best, preference(one.container));
    std::erase_if(candidates,
                  [&](const FoundObject& one) { return preference(one.container) != best; });
    // Signals made of others are not what a session is analysed by, unless asked for.
    if (options.series.empty()) {
        auto signals = candidates;
        std::erase_if(signals, [](const FoundObject& one) {
            const auto kind = kind_of_signal(one.path, one.container);
            return kind == SignalKind::neuropil || kind == SignalKind::deconvolved;
        });
        if (!signals.empty())
            candidates = std::move(signals);
    }
    if (candidates.size() > 1)
        return give_up(fmt::format("{} RoiResponseSeries to choose from", candidates.size()),
                       "choose with --series NAME: " + listed(candidates), true);
    guarded([&] { activity_ = read_activity_info(file_, candidates.front(), options, problems_); });
    if (activity_)
        guarded([&] { find_neuropil(found); });
    if (!activity_)
        no_activity_ = problems_.back();
    else if (best != 0)
        problems_.push_back({Severity::note, path_.string() + ":" + activity_->path,
                             "not in a DfOverF container: may be raw fluorescence",
                             "it is used as it is; name another with --series if there is one"});
}

void NwbSession::find_neuropil(const std::vector<FoundObject>& found)
{
    auto paths = std::vector<std::string>{};
    for (const auto& one : found) {
        if (one.path == activity_->path || !is_dataset(file_, one.path + "/data") ||
            kind_of_signal(one.path, one.container) != SignalKind::neuropil)
            continue;
        const auto own = shape_of(open_dataset(file_, activity_->path + "/data"));
        if (shape_of(open_dataset(file_, one.path + "/data")) == own)
            paths.push_back(one.path);
    }
    if (paths.size() == 1)
        activity_->neuropil = paths.front();
}

std::int64_t NwbSession::column_of(std::int64_t neuron) const
{
    const auto& column = activity().column;
    return column.empty() ? neuron : column.at(static_cast<std::size_t>(neuron));
}

const ActivityInfo& NwbSession::activity() const
{
    if (!activity_)
        throw base::InputError(no_activity_.what, no_activity_.file, no_activity_.next);
    return *activity_;
}

std::vector<double> NwbSession::frame_times() const
{
    const auto& info = activity();
    if (info.has_timestamps)
        return read_all<double>(file_, info.path + "/timestamps");
    auto times = std::vector<double>(static_cast<std::size_t>(info.frames));
    for (std::size_t i = 0; i < times.size(); ++i)
        times[i] = info.start_s + static_cast<double>(i) / info.rate_hz;
    return times;
}

const SeriesInfo& NwbSession::find_series(const std::string& name) const
{
    return find_named(series_, name, "time series", path_.string());
}

Series NwbSession::read_series(const std::string& name) const
{
    const auto guard = CrashGuard(path_);
    auto series = Series{};
    series.info = find_series(name);
    const auto group = open_group(file_, series.info.path);
    series.values = read_all<double>(group, "data");
    const auto scaling = scaling_of(open_dataset(group, "data"));
    if (!scaling.none)
        for (auto& value : series.values)
            value = value * scaling.conversion + scaling.offset;
    if (series.info.has_timestamps) {
        series.time_s = read_all<double>(group, "timestamps");
        if (static_cast<std::int64_t>(series.time_s.size()) != series.info.samples)
            throw base::InputError(fmt::format("{} samples but {} timestamps", series.info.samples,
                                               series.time_s.size()),
                                   name_of(group),
                                   "write the file again: every sample needs its time");
        return series;
    }
    series.time_s.resize(static_cast<std::size_t>(series.info.samples));
    for (std::size_t i = 0; i < series.time_s.size(); ++i)
        series.time_s[i] = series.info.start_s + static_cast<double>(i) / series.info.rate_hz;
    return series;
}

const TableInfo& NwbSession::find_intervals(const std::string& name) const
{
    return find_named(intervals_, name, "table of intervals", path_.string());
}

Table NwbSession::read_intervals(const std::string& name) const
{
    const auto guard = CrashGuard(path_);
    return read_table(file_, find_intervals(name).path);
}

Units NwbSession::read_units() const
{
    if (!units_)
        throw base::InputError("no units table", path_.string(),
                               "spike jobs need one; calcium jobs do not");
    const auto guard = CrashGuard(path_);
    return io::read_units(file_, units_->path);
}

} // namespace rewire::io
