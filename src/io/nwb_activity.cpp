#include "nwb_activity.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::io {

namespace {

constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Which ROI every column is of.
struct Rois
{
    bool known = false;
    std::vector<std::string> id;
    std::vector<std::int64_t> number;
    std::string column;
    bool are_rows = false;
    std::vector<std::string> candidates;
    std::string imaging_plane;
    std::string location;
    std::vector<std::uint8_t> selected; ///< [ids] by `--where`; empty: all
};

/// Collects problems of one series.
class Reader
{
  public:
    Reader(hid_t file, const FoundObject& series, const NwbOptions& options,
           std::vector<Problem>& problems)
        : group_(open_group(file, series.path)),
          roi_column_(options.roi_column),
          where_(options.where),
          problems_(problems)
    {
        info_.kind = kind_of_signal(series.path, series.container);
        info_.path = series.path;
        info_.container = series.container;
    }

    std::optional<ActivityInfo> read();

  private:
    void say(Severity severity, std::string what, std::string next)
    {
        problems_.push_back({severity, name_of(group_), std::move(what), std::move(next)});
    }
    std::optional<Rois> read_rois();
    bool read_identities(hid_t table, const std::vector<std::int64_t>& row, Rois& rois);
    void read_quality(hid_t table, const std::vector<std::int64_t>& row, Rois& rois);
    bool select(Rois& rois);
    bool orient(const Shape& shape, const std::optional<std::int64_t>& times, const Rois& rois);
    void read_clock(const std::optional<std::int64_t>& times);
    void judge(const Clock& clock);

    Handle group_;
    const std::string& roi_column_;
    const std::vector<RoiCondition>& where_;
    std::vector<Problem>& problems_;
    ActivityInfo info_;
};

void read_plane(hid_t table, Rois& rois)
{
    if (!exists(table, "imaging_plane"))
        return;
    const auto plane = open_object(table, "imaging_plane");
    // A link does not tell the name of what it leads to.
    constexpr auto planes = "/general/optophysiology";
    if (exists(table, planes))
        for (const auto& name : children(table, planes))
            if (key_of(open_object(table, std::string(planes) + "/" + name)) == key_of(plane))
                rois.imaging_plane = name;
    if (exists(plane, "location"))
        rois.location = read_text(plane, "location");
}

/// Ids of all rows of the table as text; empty numbers unless all are integers.
bool column_as_ids(hid_t table, const std::string& column, std::vector<std::string>& text,
                   std::vector<std::int64_t>& number)
{
    const auto dataset = open_dataset(table, column);
    if (shape_of(dataset).size() != 1)
        return false;
    if (holds_text(dataset)) {
        text = read_texts(table, column);
        return true;
    }
    if (!holds_numbers(dataset))
        return false;
    const auto values = read_all<double>(table, column);
    const auto whole = [](double value) { return std::nearbyint(value) == value; };
    if (!std::all_of(values.begin(), values.end(), whole))
        return false;
    number = read_all<std::int64_t>(table, column);
    for (const auto value : number)
        text.push_back(std::to_string(value));
    return true;
}

/// 0, 1, 2, ... or 1, 2, 3, ...
bool are_counted(const std::vector<std::int64_t>& number)
{
    for (std::size_t row = 0; row < number.size(); ++row)
        if (number[row] != number[0] + static_cast<std::int64_t>(row))
            return false;
    return !number.empty() && (number[0] == 0 || number[0] == 1);
}

bool Reader::read_identities(hid_t table, const std::vector<std::int64_t>& row, Rois& rois)
{
    auto columns = column_names(table);
    columns.insert(columns.begin(), "id");
    rois.column = !roi_column_.empty() ? roi_column_ : exists(table, "roi_id") ? "roi_id" : "id";
    if (!is_dataset(table, rois.column)) {
        say(Severity::error, "the ROI table has no column " + rois.column,
            "choose one with --roi-column: " + base::joined(columns, ", "));
        return false;
    }
    auto text = std::vector<std::string>{};
    auto number = std::vector<std::int64_t>{};
    if (!column_as_ids(table, rois.column, text, number)) {
        say(Severity::error,
            "the ROI column " + rois.column + " holds neither text nor whole numbers",
            "choose another with --roi-column: " + base::joined(columns, ", "));
        return false;
    }
    // What the authors put into a column of its own names neurons, even where it counts them.
    rois.are_rows = rois.column == "id" && are_counted(number);
    if (rois.are_rows)
        rois.candidates = identifying_columns(table);
    for (const auto index : row) {
        if (index < 0 || index >= static_cast<std::int64_t>(text.size())) {
            say(Severity::error,
                fmt::format("`rois` points at row {} of a ROI table with {} rows", index,
                            text.size()),
                "write the file again with the ROI table the series belongs to");
            return false;
        }
        rois.id.push_back(text[static_cast<std::size_t>(index)]);
        if (!number.empty())
            rois.number.push_back(number[static_cast<std::size_t>(index)]);
    }
    return true;
}

/// What `--where` selects, or what it could.
/// @pre the rows are in the table
void Reader::read_quality(hid_t table, const std::vector<std::int64_t>& row, Rois& rois)
{
    if (where_.empty()) {
        for (const auto& column : quality_columns(column_names(table)))
            say(Severity::note,
                "the ROI table has a column " + column +
                    ", which is not used: all ROIs are neurons",
                "--where " + column + "==1 takes those of which it is 1");
        return;
    }
    rois.selected.assign(row.size(), 1);
    for (const auto& condition : where_) {
        const auto meets = rows_where(table, condition);
        for (std::size_t i = 0; i < row.size(); ++i) {
            const auto at = static_cast<std::size_t>(row[i]);
            if (at >= meets.size() || meets[at] == 0)
                rois.selected[i] = 0;
        }
    }
}

/// Leaves the neurons that were selected.
bool Reader::select(Rois& rois)
{
    info_.columns = info_.neurons;
    if (rois.selected.empty())
        return true;
    auto chosen = Rois{};
    for (std::size_t i = 0; i < rois.selected.size(); ++i) {
        if (rois.selected[i] == 0)
            continue;
        info_.column.push_back(static_cast<std::int64_t>(i));
        chosen.id.push_back(std::move(rois.id[i]));
        if (!rois.number.empty())
            chosen.number.push_back(rois.number[i]);
    }
    if (info_.column.empty()) {
        say(Severity::error, fmt::format("--where leaves none of {} ROIs", rois.selected.size()),
            "check the value: `h5dump` shows the columns of the ROI table");
        return false;
    }
    if (info_.column.size() == rois.selected.size())
        info_.column.clear();
    info_.neurons = static_cast<std::int64_t>(chosen.id.size());
    rois.id = std::move(chosen.id);
    rois.number = std::move(chosen.number);
    return true;
}

std::optional<Rois> Reader::read_rois()
{
    auto rois = Rois{};
    if (!is_dataset(group_, "rois") || !has_attribute(open_dataset(group_, "rois"), "table")) {
        if (!where_.empty()) {
            say(Severity::error, "--where needs a ROI table, and the series names none",
                "leave out --where, or write `rois` with its table into the file");
            return {};
        }
        say(Severity::warning,
            "no `rois` that says which row of the ROI table a column is: neurons are counted from "
            "0",
            "columns are taken for the same neurons in all sessions; check that they are");
        return rois;
    }
    const auto region = open_dataset(group_, "rois");
    const auto table = open_group(region, referenced_path(region, "table"));
    const auto row = read_all<std::int64_t>(group_, "rois");
    rois.known = true;
    if (!read_identities(table, row, rois))
        return {};
    read_quality(table, row, rois);
    read_plane(table, rois);
    return rois;
}

/// Finds out which axis is which, from the number of ROIs and of timestamps.
bool Reader::orient(const Shape& shape, const std::optional<std::int64_t>& times, const Rois& rois)
{
    const auto one = shape.size() == 1;
    const auto columns = one ? 1 : shape[1];
    const auto known = rois.known ? std::optional(static_cast<std::int64_t>(rois.id.size()))
                                  : std::optional<std::int64_t>{};
    const auto as_is = (!known || columns == *known) && (!times || shape[0] == *times);
    const auto turned = !one && (known || times) && (!known || shape[0] == *known) &&
                        (!times || shape[1] == *times);
    info_.transposed = turned && !as_is;
    info_.frames = info_.transposed ? shape[1] : shape[0];
    info_.neurons = info_.transposed ? shape[0] : columns;
    if (info_.transposed)
        say(Severity::warning,
            fmt::format("data are [{} neurons, {} frames]; NWB wants frames first", shape[0],
                        shape[1]),
            "they are read transposed; reading is faster from a file with frames first");
    if (known && info_.neurons != *known) {
        say(Severity::error,
            one ? fmt::format("data are of one ROI, `rois` names {}", *known)
                : fmt::format("data are {} x {}, `rois` names {} ROIs", shape[0], shape[1], *known),
            "write the file again: every column of data needs its ROI");
        return false;
    }
    if (times && info_.frames != *times)
        say(Severity::error, fmt::format("{} frames but {} timestamps", info_.frames, *times),
            "write the file again: every frame needs its time");
    return true;
}

void Reader::judge(const Clock& clock)
{
    const auto period_ms = 1000 / clock.rate_hz;
    if (clock.unsorted >= 0) {
        say(Severity::error,
            fmt::format("timestamps are unsorted: sample {} is not later than the one before",
                        clock.unsorted),
            "sort the frames, or correct the clock, and write the file again");
        return;
    }
    if (clock.gaps > 0)
        say(Severity::warning,
            fmt::format("{} frames are missing at {} place(s), the first after frame {} ({:.3f} s)",
                        clock.dropped, clock.gaps, clock.first_gap, clock.first_gap_s),
            "every stretch between gaps is deconvolved on its own");
    if (clock.irregular > 0)
        say(clock.largest > 0.1 ? Severity::warning : Severity::note,
            fmt::format("{} of {} frame intervals are more than 1 % off the period of {:.4g} ms, "
                        "by {:.2g} % at most",
                        clock.irregular, info_.frames - 1, period_ms, 100 * clock.largest),
            "frames are taken as evenly spaced; check the clock if that is not what you expect");
}

void Reader::read_clock(const std::optional<std::int64_t>& times)
{
    info_.rate_hz = not_a_number;
    if (times) {
        info_.has_timestamps = true;
        const auto clock = clock_of(read_all<double>(group_, "timestamps"));
        info_.rate_hz = clock.rate_hz;
        info_.start_s = clock.start_s;
        info_.dropped = clock.dropped;
        judge(clock);
    } else if (is_dataset(group_, "starting_time")) {
        const auto start = open_dataset(group_, "starting_time");
        info_.start_s = read_scalar<double>(group_, "starting_time");
        if (has_attribute(start, "rate"))
            info_.rate_hz = read_attribute<double>(start, "rate");
    }
    if (!(info_.rate_hz > 0) || !std::isfinite(info_.rate_hz))
        say(Severity::error, "no frame rate: neither a `rate` above 0 nor two timestamps",
            "write the file again with `rate` and `starting_time`, or with `timestamps`");
}

std::optional<ActivityInfo> Reader::read()
{
    if (!is_dataset(group_, "data")) {
        say(Severity::error, "the series has no data", "is the file complete?");
        return {};
    }
    const auto data = open_dataset(group_, "data");
    const auto shape = shape_of(data);
    if (!holds_numbers(data) || shape.empty() || shape.size() > 2) {
        say(Severity::error, "data are not numbers on axes [frames, neurons]",
            "choose another series with --series");
        return {};
    }
    if (const auto filter = missing_filter(data); !filter.empty()) {
        say(Severity::error, "data are compressed with " + filter + ", which this HDF5 cannot read",
            "set HDF5_PLUGIN_PATH to where the filter is installed, or write the file again with "
            "gzip (h5repack -f GZIP=4)");
        return {};
    }
    check_declared_size(data);
    const auto scaled =
        (has_attribute(data, "conversion") && read_attribute<double>(data, "conversion") != 1) ||
        (has_attribute(data, "offset") && read_attribute<double>(data, "offset") != 0);
    info_.exact_as_float = !scaled && bytes_per_value(data) <= (holds_floats(data) ? 4U : 2U);
    auto times = std::optional<std::int64_t>{};
    if (is_dataset(group_, "timestamps")) {
        const auto rows = shape_of(open_dataset(group_, "timestamps"));
        times = rows.empty() ? 1 : rows[0];
    }
    auto rois = read_rois();
    if (!rois || !orient(shape, times, *rois))
        return {};
    for (std::int64_t neuron = 0; !rois->known && neuron < info_.neurons; ++neuron) {
        rois->id.push_back(std::to_string(neuron));
        rois->number.push_back(neuron);
    }
    if (!select(*rois))
        return {};
    info_.id_column = rois->column;
    info_.ids_are_rows = !rois->known || rois->are_rows;
    info_.id_candidates = std::move(rois->candidates);
    info_.neuron_id = std::move(rois->id);
    info_.neuron_number = std::move(rois->number);
    info_.imaging_plane = rois->imaging_plane;
    info_.location = rois->location;
    if (info_.frames == 0 || info_.neurons == 0)
        say(Severity::error,
            fmt::format("empty: {} frames, {} neurons", info_.frames, info_.neurons),
            "leave the file out, or exclude it in study.tsv");
    else
        read_clock(times);
    return std::move(info_);
}

} // namespace

Clock clock_of(std::span<const double> timestamps)
{
    auto clock = Clock{};
    clock.rate_hz = not_a_number;
    clock.start_s = timestamps.empty() ? not_a_number : timestamps.front();
    if (timestamps.size() < 2)
        return clock;
    auto interval = std::vector<double>(timestamps.size() - 1);
    for (std::size_t i = 0; i + 1 < timestamps.size(); ++i) {
        interval[i] = timestamps[i + 1] - timestamps[i];
        if (!(interval[i] > 0)) {
            clock.unsorted = static_cast<std::int64_t>(i) + 1;
            return clock;
        }
    }
    auto ordered = interval;
    const auto middle = ordered.begin() + static_cast<std::ptrdiff_t>(ordered.size() / 2);
    std::nth_element(ordered.begin(), middle, ordered.end());
    const auto period = *middle;
    auto steps = std::int64_t{0};
    for (std::size_t i = 0; i < interval.size(); ++i) {
        const auto count = std::max<std::int64_t>(1, std::llround(interval[i] / period));
        steps += count;
        if (count > 1) {
            clock.dropped += count - 1;
            if (clock.gaps++ == 0) {
                clock.first_gap = static_cast<std::int64_t>(i);
                clock.first_gap_s = timestamps[i];
            }
        }
        const auto off = std::abs(interval[i] / period - static_cast<double>(count));
        clock.largest = std::max(clock.largest, off);
        if (off > 0.01)
            ++clock.irregular;
    }
    clock.rate_hz = static_cast<double>(steps) / (timestamps.back() - timestamps.front());
    return clock;
}

std::optional<ActivityInfo> read_activity_info(hid_t file, const FoundObject& series,
                                               const NwbOptions& options,
                                               std::vector<Problem>& problems)
{
    return Reader(file, series, options, problems).read();
}

} // namespace rewire::io
