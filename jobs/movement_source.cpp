#include "movement_source.hpp"

#include "study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/behaviour/lever.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

bool mentions(std::string text, const std::string& word)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    return text.find(word) != std::string::npos;
}

SessionMovements from_intervals(const io::NwbSession& file, const std::string& table)
{
    const auto rows = file.read_intervals(table);
    return {behaviour::epochs_of_intervals(rows.at("start_time").numbers(),
                                           rows.at("stop_time").numbers(), file.frame_times()),
            rows.path};
}

bool is_binary(const io::Series& series)
{
    return series.info.channels == 1 && std::all_of(series.values.begin(), series.values.end(),
                                                    [](double v) { return v == 0 || v == 1; });
}

/// Of the sample at or before the frame's time.
SessionMovements from_binary(const io::NwbSession& file, const io::Series& series)
{
    auto mask = std::vector<std::uint8_t>{};
    for (const auto time : file.frame_times()) {
        const auto after = std::upper_bound(series.time_s.begin(), series.time_s.end(), time);
        const auto before = after == series.time_s.begin() ? after : after - 1;
        const auto at = static_cast<std::size_t>(before - series.time_s.begin());
        mask.push_back(at < series.values.size() && series.values[at] != 0 ? 1 : 0);
    }
    return {behaviour::epochs_of_mask(mask), series.info.path + " (binary series)"};
}

SessionMovements from_lever(const io::NwbSession& file, const io::Series& series, double threshold)
{
    if (series.info.channels != 1)
        throw base::InputError(fmt::format("series {} has {} channels, the lever has one",
                                           series.info.name, series.info.channels),
                               file.path().string(), "choose another with --movement");
    const auto movements = behaviour::lever_movements(
        series.values, series.info.rate_hz, series.time_s.empty() ? 0 : series.time_s.front(),
        {.threshold_per_ms = threshold});
    return {behaviour::epochs_of_intervals(movements.start_s, movements.stop_s, file.frame_times()),
            series.info.path + " (lever trace)"};
}

SessionMovements from_series(const io::NwbSession& file, const std::string& name, double threshold)
{
    const auto series = file.read_series(name);
    return is_binary(series) ? from_binary(file, series) : from_lever(file, series, threshold);
}

/// The tables and series that a session offers, for messages.
std::string offered(const io::NwbSession& file)
{
    auto names = std::vector<std::string>{};
    for (const auto& table : file.intervals())
        names.push_back(table.name);
    for (const auto& series : file.series())
        names.push_back(series.name);
    return names.empty() ? "the file has no tables of intervals and no series"
                         : "the file has " + base::joined(names, ", ");
}

} // namespace

std::vector<job::Option> movement_source_options()
{
    return {
        {.name = "movement",
         .help = "where movements come from: a table of intervals, a binary series, or a lever "
                 "trace, by name (default: a table named movement..., else a series named "
                 "movement..., else the lever)"},
        {.name = "lever-threshold",
         .kind = job::OptionKind::real,
         .default_value = "0.0007",
         .unit = "trace units per ms",
         .help = "speed above which the lever moves; the default is for volts of the published "
                 "force sensor",
         .minimum = 0},
    };
}

SessionMovements movements_in(const io::NwbSession& file, const job::Options& options)
{
    const auto wanted = options.text("movement");
    const auto threshold = options.real("lever-threshold");
    for (const auto& table : file.intervals())
        if (wanted.empty() ? mentions(table.name, "movement")
                           : table.name == wanted || table.path == wanted)
            return from_intervals(file, table.path);
    for (const auto& series : file.series())
        if (wanted.empty() ? mentions(series.name, "movement")
                           : series.name == wanted || series.path == wanted)
            return from_series(file, series.path, threshold);
    if (wanted.empty())
        for (const auto& series : file.series())
            if (mentions(series.name, "lever"))
                return from_series(file, series.path, threshold);
    throw base::InputError(wanted.empty()
                               ? "no movements: neither intervals, nor a binary series, nor a lever"
                               : "no table or series named " + wanted,
                           file.path().string(), offered(file) + "; choose with --movement");
}

std::vector<SessionMovements> movements_of(job::RunContext& context, const io::Study& study,
                                           const std::vector<SessionInput>& inputs,
                                           const std::vector<std::size_t>& sessions, bool dff,
                                           const std::string& phase)
{
    const auto dilate = context.options().integer("dilate");
    const auto computed = context.each_unit<job::UnitResults>(
        phase, std::vector<double>(sessions.size(), 1.0),
        [&](std::int64_t unit, job::UnitResults& results, const job::Tick&) {
            const auto index = sessions[static_cast<std::size_t>(unit)];
            const auto file =
                io::NwbSession(study.sessions[index].path, nwb_options(context.options()));
            auto found = movements_in(file, context.options());
            found.epochs = behaviour::dilated(found.epochs, dilate);
            if (const auto& kept = inputs[index].used.kept; !kept.empty()) {
                const auto mask = behaviour::mask_of(found.epochs);
                auto cut = std::vector<std::uint8_t>{};
                for (const auto frame : kept)
                    cut.push_back(mask[static_cast<std::size_t>(frame)]);
                found.epochs = behaviour::epochs_of_mask(cut);
            }
            if (!dff)
                found.epochs = behaviour::on_smoothed_axis(found.epochs);
            auto packer = base::Packer{};
            packer.put(found.epochs.frames);
            packer.put_all(found.epochs.movements);
            packer.put_text(found.source);
            results.add(unit, packer.take());
            return true;
        });
    auto movements = std::vector<SessionMovements>(sessions.size());
    job::give_to_all(context.comm(), computed,
                     [&](std::int64_t unit, std::span<const std::byte> bytes) {
                         auto unpacker = base::Unpacker(bytes);
                         auto& session = movements[static_cast<std::size_t>(unit)];
                         session.epochs.frames = unpacker.get<std::int64_t>();
                         session.epochs.movements = unpacker.get_all<base::Range>();
                         session.source = unpacker.get_text();
                     });
    return movements;
}

} // namespace rewire::jobs
