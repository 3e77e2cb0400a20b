#include "movement_source.hpp"

#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/behaviour/lever_clock.hpp>
#include <rewire/behaviour/mask_series.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto exact_names = {"movement_epochs", "movements", "movement"};

bool is_exact(const std::string& name)
{
    return std::find(exact_names.begin(), exact_names.end(), base::lower_case(name)) !=
           exact_names.end();
}

/// A table or a series of a file from which movements could be taken.
struct Candidate
{
    std::string name;
    std::string path;
    bool is_table = false;
    bool is_lever = false; ///< by its name
};

std::vector<Candidate> candidates_of(const io::NwbSession& file)
{
    auto all = std::vector<Candidate>{};
    for (const auto& table : file.intervals())
        all.push_back({table.name, table.path, true, false});
    for (const auto& series : file.series())
        all.push_back({series.name, series.path, false, io::speaks_of_lever(series)});
    return all;
}

template <typename Predicate>
std::vector<Candidate> candidates_that(const std::vector<Candidate>& all, const Predicate& is_meant)
{
    auto meant = std::vector<Candidate>{};
    std::copy_if(all.begin(), all.end(), std::back_inserter(meant), is_meant);
    return meant;
}

std::string listed(const std::vector<Candidate>& candidates)
{
    auto paths = std::vector<std::string>{};
    for (const auto& one : candidates)
        paths.push_back(one.path);
    return base::joined(paths, ", ");
}

/// The one that is there. @throws InputError: several
const Candidate& only_one(const std::vector<Candidate>& candidates, const std::string& what,
                          const io::NwbSession& file)
{
    if (candidates.size() > 1)
        throw base::InputError(
            fmt::format("{} {}: {}", candidates.size(), what, listed(candidates)),
            file.path().string(),
            "choose one with --movement NAME or PATH (--lever for a lever trace)");
    return candidates.front();
}

/// By its name a lever, or something of movement.
bool is_possible(const Candidate& one)
{
    return is_exact(one.name) || io::speaks_of_movement(one.name) || one.is_lever;
}

/// By name, path or end of a path.
Candidate candidate_named(const std::vector<Candidate>& all, const std::string& name,
                          const io::NwbSession& file)
{
    const auto matches =
        candidates_that(all, [&](const Candidate& one) { return io::is_named(one.path, name); });
    if (matches.empty())
        throw base::InputError("no table or series named " + name, file.path().string(),
                               (all.empty() ? "the file has no tables of intervals and no series"
                                            : "the file has " + listed(all)) +
                                   "; choose with --movement");
    return only_one(matches, "tables and series are named " + name, file);
}

/// Where nothing was asked for: what bears one of the exact names, a table before a series; else
/// the one thing that could be meant.
Candidate default_candidate(const std::vector<Candidate>& all, const io::NwbSession& file)
{
    for (const auto is_table : {true, false}) {
        const auto exact = candidates_that(all, [&](const Candidate& one) {
            return one.is_table == is_table && is_exact(one.name);
        });
        if (!exact.empty())
            return only_one(exact, "sources of movements", file);
    }
    const auto possible = candidates_that(all, is_possible);
    const auto levers =
        candidates_that(possible, [](const Candidate& one) { return one.is_lever; });
    if (possible.empty())
        throw base::InputError("no movements: neither intervals, nor a binary series, nor a lever",
                               file.path().string(),
                               (all.empty() ? "the file has no tables of intervals and no series"
                                            : "the file has " + listed(all)) +
                                   "; choose with --movement, or exclude the session in study.tsv");
    if (levers.size() == possible.size())
        for (const auto& lever : levers)
            if (base::lower_case(lever.name) == "lever")
                return lever;
    return only_one(possible, "things may hold the movements", file);
}

SessionMovements from_intervals(const io::NwbSession& file, const std::string& table)
{
    const auto rows = file.read_intervals(table);
    return {behaviour::epochs_of_intervals(rows.at("start_time").numbers(),
                                           rows.at("stop_time").numbers(), file.frame_times(),
                                           rows.path),
            rows.path};
}

/// How a series becomes movements.
SessionMovements covered(behaviour::CoveredEpochs partial, std::string source)
{
    auto movements = SessionMovements{};
    movements.epochs = std::move(partial.epochs);
    movements.known = std::move(partial.known);
    movements.source = std::move(source);
    return movements;
}

SessionMovements from_mask(const io::NwbSession& file, const io::Series& series,
                           const behaviour::MaskValues& values,
                           const MovementSourceSettings& reading, const std::string& where)
{
    const auto said = values == behaviour::MaskValues{}
                          ? std::string("binary series")
                          : fmt::format("binary series, movement is {}", values.moving);
    const auto source = fmt::format("{} ({})", series.info.path, said);
    const auto frame_times = file.frame_times();
    if (reading.mask_uncovered)
        return covered(behaviour::covered_epochs_of_mask_series(series.values, series.time_s,
                                                                frame_times, where),
                       source);
    return {behaviour::epochs_of_mask_series(series.values, series.time_s, frame_times, where),
            source};
}

/// A number, or empty for the published one and for `auto`.
/// @throws UsageError: neither
std::optional<double> checked_threshold(const std::string& text)
{
    if (text.empty() || text == "auto")
        return {};
    auto value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= 1e12))
        throw base::UsageError("--lever-threshold " + text + ": not a threshold", "",
                               "it takes a number of 0 or more, in units of the trace per ms, or "
                               "auto");
    return value;
}

template <typename Noise>
double threshold_of(const std::string& text, const std::string& unit, const std::string& where,
                    Noise noise)
{
    if (const auto given = checked_threshold(text))
        return *given;
    return text == "auto" ? noise() : behaviour::published_threshold(unit, where);
}

SessionMovements from_lever(const io::NwbSession& file, io::Series series,
                            const MovementSourceSettings& reading, const std::string& where)
{
    const auto frame_times = file.frame_times();
    const auto stated_rate = series.info.has_timestamps ? 0 : series.info.rate_hz;
    const auto source = series.info.path + " (lever trace)";
    auto options = behaviour::LeverOptions{};
    if (reading.mask_uncovered) {
        const auto pieces = behaviour::lever_pieces(std::move(series.values), series.time_s,
                                                    stated_rate, frame_times, where);
        options.threshold_per_ms = threshold_of(reading.lever_threshold, series.info.unit, where,
                                                [&] { return pieces.noise_threshold(); });
        auto movements =
            covered(behaviour::lever_epochs(pieces, frame_times, where, options), source);
        movements.lever_threshold = options.threshold_per_ms;
        return movements;
    }
    const auto trace = behaviour::on_even_clock(std::move(series.values), series.time_s,
                                                stated_rate, frame_times, where);
    options.threshold_per_ms = threshold_of(reading.lever_threshold, series.info.unit, where, [&] {
        return behaviour::noise_threshold(behaviour::lever_speed(trace.value, trace.rate_hz));
    });
    const auto movements = behaviour::lever_movements(trace, options);
    return {behaviour::epochs_of_intervals(movements.start_s, movements.stop_s, frame_times),
            source,
            {},
            options.threshold_per_ms};
}

[[noreturn]] void fail_neither(const io::Series& series, const std::string& where)
{
    auto lowest = std::numeric_limits<double>::infinity();
    auto highest = -lowest;
    for (const auto value : series.values)
        if (std::isfinite(value)) {
            lowest = std::min(lowest, value);
            highest = std::max(highest, value);
        }
    const auto holds =
        lowest > highest ? std::string("holds no number at all")
        : lowest == highest
            ? fmt::format("holds nothing but {}", lowest)
            : fmt::format("holds more than two values, from {} to {}", lowest, highest);
    throw base::InputError(
        fmt::format("the series {}{}{}: not a binary series, and not named as a lever", holds,
                    series.info.unit.empty() ? "" : " ", series.info.unit),
        where,
        fmt::format("give with --movement a series of 0 and 1 or a table of intervals; if this is "
                    "the position of a lever: --lever {}, with its own --lever-threshold",
                    series.info.name));
}

SessionMovements from_series(const io::NwbSession& file, const Candidate& source, bool as_lever,
                             const MovementSourceSettings& reading)
{
    auto series = file.read_series(source.path);
    const auto where = file.path().string() + ":" + source.path;
    if (series.info.channels != 1)
        throw base::InputError(
            fmt::format("the series has {} channels; movements need one", series.info.channels),
            where, "choose another with --movement");
    if (as_lever)
        return from_lever(file, std::move(series), reading, where);
    const auto values = behaviour::mask_values(series.values);
    const auto is_lever = source.is_lever;
    // A lever that never moved is constant, too.
    const auto is_constant = std::equal(series.values.begin() + (series.values.empty() ? 0 : 1),
                                        series.values.end(), series.values.begin());
    if (values && !(is_lever && is_constant))
        return from_mask(file, series, *values, reading, where);
    if (is_lever)
        return from_lever(file, std::move(series), reading, where);
    fail_neither(series, where);
}

} // namespace

std::vector<runtime::Option> movement_source_options()
{
    return {
        {.name = "movement",
         .help = "where movements come from: a table of intervals, a binary series, or a lever "
                 "trace, by name or path (default: the table, else the series, named "
                 "movement_epochs, movements or movement; else the only one whose name has "
                 "movement or lever in it)"},
        {.name = "lever",
         .help = "series that is the position of a lever, whatever its name; instead of "
                 "--movement"},
        {.name = "lever-threshold",
         .help = "speed above which the lever moves, in units of the trace per ms; or auto: five "
                 "times its noise at rest (default: 0.0007 volts per ms, of the published force "
                 "sensor, for traces in volts)"},
        {.name = "uncovered",
         .default_value = "error",
         .help = "frames at which the lever or the binary series is not known (gaps, a series "
                 "shorter than the imaging): an error, or leave them out",
         .choices = {"error", "mask"}},
    };
}

MovementSourceSettings movement_source_settings(const runtime::Options& options)
{
    const auto settings =
        MovementSourceSettings{.movement = options.text("movement"),
                               .lever = options.text("lever"),
                               .lever_threshold = options.text("lever-threshold"),
                               .mask_uncovered = options.text("uncovered") == "mask"};
    checked_threshold(settings.lever_threshold);
    if (!settings.movement.empty() && !settings.lever.empty())
        throw base::UsageError("both --movement and --lever", "", "give one of them");
    return settings;
}

std::string lacks_movements(const io::NwbSession& file, const MovementSourceSettings& source)
{
    const auto all = candidates_of(file);
    for (const auto& name : {source.movement, source.lever})
        if (!name.empty())
            return std::any_of(all.begin(), all.end(),
                               [&](const Candidate& one) { return io::is_named(one.path, name); })
                       ? ""
                       : "no table or series named " + name;
    return std::any_of(all.begin(), all.end(), is_possible) ? "" : "no movements";
}

SessionMovements movements_in(const io::NwbSession& file, const MovementSourceSettings& source)
{
    const auto all = candidates_of(file);
    if (!source.lever.empty()) {
        const auto series =
            candidates_that(all, [](const Candidate& one) { return !one.is_table; });
        return from_series(file, candidate_named(series, source.lever, file), true, source);
    }
    const auto candidate = source.movement.empty() ? default_candidate(all, file)
                                                   : candidate_named(all, source.movement, file);
    return candidate.is_table ? from_intervals(file, candidate.path)
                              : from_series(file, candidate, false, source);
}

} // namespace rewire::jobs
