#include "recording.hpp"

#include "unit_site.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/packed.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/nwb_session.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace rewire::jobs {

namespace {

constexpr auto spikes_at_a_time = std::int64_t{2'000'000};
constexpr auto invalid_times = "invalid_times";

/// Calls use(unit, train) for the chosen units, in order; trains as they are in the file.
template <typename Use>
void each_raw_train(const io::NwbSession& file, const io::Units& units,
                    const std::vector<std::int64_t>& row, const std::string& name, Use use)
{
    const auto start = [&](std::int64_t unit) {
        return units.spike_start[static_cast<std::size_t>(unit)];
    };
    for (std::size_t first = 0; first < row.size();) {
        // Neighbours in the file are read at once.
        auto last = first + 1;
        while (last < row.size() && row[last] == row[last - 1] + 1 &&
               start(row[last] + 1) - start(row[first]) <= spikes_at_a_time)
            ++last;
        const auto seconds =
            io::read_spike_times(file.file(), units, row[first], row[last - 1] + 1);
        for (auto unit = first; unit < last; ++unit) {
            const auto from = start(row[unit]) - start(row[first]);
            const auto count = start(row[unit] + 1) - start(row[unit]);
            const auto times = std::span(seconds).subspan(static_cast<std::size_t>(from),
                                                          static_cast<std::size_t>(count));
            try {
                use(unit, spikes::nanoseconds_of(times));
            } catch (const base::InputError& error) {
                throw base::InputError(
                    error.problem(),
                    fmt::format("{}, unit {}, {}", name,
                                units.table.id[static_cast<std::size_t>(row[unit])], error.where()),
                    error.next());
            }
        }
        first = last;
    }
}

/// @param table what the intervals are of, for messages
/// @throws InputError: an interval that ends before it begins, or that is no time
std::vector<spikes::TimeInterval> intervals_of(std::span<const double> start_stop,
                                               const std::string& table)
{
    for (std::size_t k = 0; k + 1 < start_stop.size(); k += 2)
        if (!(start_stop[k] <= start_stop[k + 1]))
            throw base::InputError(
                fmt::format("an interval from {} to {} s", start_stop[k], start_stop[k + 1]),
                fmt::format("{}, interval {}", table, k / 2),
                "its start has to come before its stop");
    const auto ns = spikes::nanoseconds_of(start_stop);
    auto intervals = std::vector<spikes::TimeInterval>{};
    for (std::size_t k = 0; k + 1 < ns.size(); k += 2)
        intervals.push_back({ns[k], ns[k + 1]});
    return spikes::merged(std::move(intervals));
}

/// Time in which all chosen units were observed, by the file.
std::vector<spikes::TimeInterval> common_intervals(const io::Units& units,
                                                   const std::vector<std::int64_t>& row,
                                                   const std::string& name)
{
    auto common = std::optional<std::vector<spikes::TimeInterval>>{};
    for (const auto unit : row) {
        const auto first = 2 * units.obs_start[static_cast<std::size_t>(unit)];
        const auto last = 2 * units.obs_start[static_cast<std::size_t>(unit) + 1];
        const auto own = intervals_of(
            std::span(units.obs_interval_s)
                .subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)),
            fmt::format("{}, obs_intervals of unit {}", name,
                        units.table.id[static_cast<std::size_t>(unit)]));
        common = common ? spikes::intersection(*common, own) : own;
    }
    return common.value_or(std::vector<spikes::TimeInterval>{});
}

std::vector<spikes::TimeInterval> without_invalid(const io::NwbSession& file,
                                                  std::vector<spikes::TimeInterval> observed,
                                                  const std::string& name)
{
    const auto& tables = file.intervals();
    if (std::none_of(tables.begin(), tables.end(),
                     [](const io::TableInfo& table) { return table.name == invalid_times; }))
        return observed;
    const auto table = file.read_intervals(invalid_times);
    if (table.rows == 0)
        return observed;
    const auto start = table.at("start_time").numbers();
    const auto stop = table.at("stop_time").numbers();
    auto both = std::vector<double>{};
    for (std::size_t row = 0; row < start.size(); ++row) {
        both.push_back(start[row]);
        both.push_back(stop[row]);
    }
    return spikes::difference(observed,
                              intervals_of(both, fmt::format("{}, {}", name, invalid_times)));
}

void require_distinct(const std::vector<std::int64_t>& id, const std::string& name)
{
    auto sorted = id;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end())
        throw base::InputError(fmt::format("unit {} occurs twice in the units table", *twice), name,
                               "ids of units have to differ, since results name units by them");
}

std::vector<spikes::TimeInterval> observed_time(const io::NwbSession& file, const io::Units& units,
                                                const std::vector<std::int64_t>& row,
                                                const std::string& name)
{
    auto observed = std::vector<spikes::TimeInterval>{};
    if (!units.obs_start.empty()) {
        observed = common_intervals(units, row, name);
    } else {
        auto first = std::numeric_limits<std::int64_t>::max();
        auto last = std::numeric_limits<std::int64_t>::min();
        each_raw_train(file, units, row, name,
                       [&](std::size_t, const std::vector<std::int64_t>& train) {
                           for (const auto time : train) {
                               first = std::min(first, time);
                               last = std::max(last, time);
                           }
                       });
        if (first <= last)
            observed.push_back({first, last + 1});
    }
    return without_invalid(file, std::move(observed), name);
}

} // namespace

namespace {

void each_recording_field(auto& recording, auto field)
{
    field(recording.units_in_file), field(recording.unit_id), field(recording.finding);
    field(recording.rate_hz), field(recording.place), field(recording.area);
    field(recording.layer), field(recording.waveform_ms), field(recording.observed);
    field(recording.observed_from_file);
}

} // namespace

void pack(base::Packer& packer, const Recording& recording)
{
    const auto put = base::PackField{packer};
    each_recording_field(recording, put);
    put(static_cast<std::uint64_t>(recording.criteria.size()));
    for (const auto& criterion : recording.criteria)
        put(criterion.criterion), put(criterion.failed);
}

void unpack(base::Unpacker& unpacker, Recording& recording)
{
    const auto get = base::UnpackField{unpacker};
    each_recording_field(recording, get);
    recording.criteria.resize(unpacker.get<std::uint64_t>());
    for (auto& criterion : recording.criteria)
        get(criterion.criterion), get(criterion.failed);
}

Recording read_recording(const io::StudySession& session, const UnitChoice& choice,
                         const std::function<void(const Recording&)>& begin, const TakeTrain& take)
{
    const auto file = io::NwbSession(session.path);
    const auto& name = session.record.file;
    if (!file.units())
        throw base::InputError("no units in this session", name, "exclude it in study.tsv");
    const auto units = io::read_units_without_spikes(file.file(), file.units()->path);
    require_distinct(units.table.id, name);
    const auto chosen = chosen_units(units.table, choice);
    const auto sites = sites_of(file, units.table);
    auto recording = Recording{.units_in_file = units.count(), .criteria = chosen.criteria};
    recording.observed_from_file = !units.obs_start.empty();
    recording.observed = observed_time(file, units, chosen.row, name);
    if (choice.duration_s > 0 && !recording.observed.empty()) {
        const auto start = recording.observed.front().start_ns;
        const auto stop = start + std::llround(choice.duration_s * 1e9);
        recording.observed = spikes::intersection(recording.observed,
                                                  std::vector{spikes::TimeInterval{start, stop}});
    }
    const auto observed_s = 1e-9 * static_cast<double>(total_length_ns(recording.observed));
    if (!chosen.row.empty() && recording.observed_from_file && observed_s == 0)
        throw base::InputError("there is no time in which all chosen units were observed", name,
                               "obs_intervals of the units (and invalid_times) leave none; leave "
                               "units out with --where");
    if (begin)
        begin(recording);
    auto slow = std::int64_t{0};
    each_raw_train(
        file, units, chosen.row, name,
        [&](std::size_t unit, const std::vector<std::int64_t>& train) {
            const auto start =
                std::vector<std::int64_t>{0, static_cast<std::int64_t>(train.size())};
            const auto tidied = spikes::tidied_trains({train, start}, recording.observed);
            const auto& times = tidied.trains.time_ns;
            const auto rate = observed_s > 0 ? static_cast<double>(times.size()) / observed_s : 0.0;
            if (choice.minimum_rate_hz > 0 && !(rate > choice.minimum_rate_hz)) {
                ++slow;
                return;
            }
            const auto row = static_cast<std::size_t>(chosen.row[unit]);
            recording.unit_id.push_back(std::to_string(units.table.id[row]));
            recording.finding.push_back(tidied.finding.front());
            recording.rate_hz.push_back(rate);
            recording.place.push_back(sites[row].place);
            recording.area.push_back(sites[row].area);
            recording.layer.push_back(sites[row].layer);
            recording.waveform_ms.push_back(sites[row].waveform_ms);
            take(times);
        });
    if (choice.minimum_rate_hz > 0)
        recording.criteria.push_back({fmt::format("rate > {:g} Hz", choice.minimum_rate_hz), slow});
    return recording;
}

spikes::TrainFindings total_of(const std::vector<spikes::TrainFindings>& finding)
{
    auto total = spikes::TrainFindings{};
    for (const auto& one : finding) {
        total.spikes += one.spikes;
        total.out_of_order += one.out_of_order;
        total.duplicate += one.duplicate;
        total.outside += one.outside;
    }
    return total;
}

std::string described(const spikes::TrainFindings& finding)
{
    auto parts = std::vector<std::string>{};
    const auto add = [&](std::int64_t count, const char* what) {
        if (count > 0)
            parts.push_back(fmt::format("{} {}", base::grouped(count), what));
    };
    add(finding.out_of_order, "earlier than the one before (sorted)");
    add(finding.duplicate, "at the time of another of the same unit (left out)");
    add(finding.outside, "outside of the observed time (left out)");
    if (parts.empty())
        return {};
    return fmt::format("of {} spikes, {}", base::grouped(finding.spikes),
                       base::joined(parts, ", "));
}

} // namespace rewire::jobs
