#include "alignment.hpp"

#include "unit_choice.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/packed.hpp>
#include <rewire/io/nwb_session.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

std::vector<runtime::Option> alignment_options()
{
    using runtime::OptionKind;
    return {
        {.name = "align",
         .help = "table of intervals (trials, a stimulus's presentations) whose rows are the "
                 "trials; not given: the whole recording. With it, --where also takes columns of "
                 "this table, which choose trials"},
        {.name = "start-s",
         .kind = OptionKind::real,
         .default_value = "0",
         .unit = "s",
         .help = "begin of a trial's window, from the start of its row",
         .minimum = -1000,
         .maximum = 1000},
        {.name = "stop-s",
         .kind = OptionKind::real,
         .unit = "s",
         .help = "end of the window; --align needs it",
         .minimum = -1000,
         .maximum = 1000},
        {.name = "locomotion",
         .default_value = "any",
         .help = "only trials in which the animal runs, or rests, by its mean speed in the window",
         .source = "Methods, running and stationary trials",
         .choices = {"any", "running", "stationary"}},
        {.name = "speed-series",
         .default_value = "running_speed",
         .help = "series of the speed, cm/s, of the animal's locomotion: its name, path or the end "
                 "of its path"},
        {.name = "running-cm-s",
         .kind = OptionKind::real,
         .default_value = "5",
         .unit = "cm/s",
         .help = "least mean speed of a trial with running",
         .source = "Methods, running and stationary trials",
         .minimum = 0,
         .maximum = 1000},
    };
}

namespace {

std::vector<spikes::Locomotion> locomotion_in(const io::NwbSession& file,
                                              const Alignment& alignment,
                                              const spikes::TrialWindows& windows)
{
    const auto speed = file.read_series(alignment.speed_series);
    if (speed.info.channels != 1)
        throw base::InputError(fmt::format("a speed of {} channels", speed.info.channels),
                               speed.info.path, "name a series of one with --speed-series");
    return spikes::locomotion(windows, speed.time_s, speed.values, alignment.running_cm_s);
}

/// u8 [trials]: those of the wanted locomotion.
std::vector<std::uint8_t> moving_so(const io::NwbSession& file, const Alignment& alignment,
                                    const spikes::TrialWindows& windows)
{
    auto mask = std::vector<std::uint8_t>{};
    for (const auto one : locomotion_in(file, alignment, windows))
        mask.push_back(one == *alignment.locomotion ? 1 : 0);
    return mask;
}

void each_trials_field(auto& trials, auto field)
{
    field(trials.windows.start_ns), field(trials.windows.bins), field(trials.windows.bin_ns);
    field(trials.row);
    field(trials.rows), field(trials.not_chosen), field(trials.not_observed);
    field(trials.not_so_moving), field(trials.overlapping);
}

} // namespace

std::optional<Alignment> alignment(const runtime::Options& options)
{
    if (!options.has("align")) {
        for (const auto* name : {"start-s", "stop-s", "locomotion", "speed-series", "running-cm-s"})
            if (options.given(name))
                throw base::UsageError("a window needs trials to lie around",
                                       fmt::format("--{}", name), "name their table with --align");
        return std::nullopt;
    }
    if (!options.has("stop-s"))
        throw base::UsageError("trials need a window of one length", "--align",
                               "give --stop-s (and --start-s), seconds from the start of a row");
    auto result = Alignment{.table = options.text("align"),
                            .start_s = options.real("start-s"),
                            .stop_s = options.real("stop-s"),
                            .locomotion = std::nullopt,
                            .speed_series = options.text("speed-series"),
                            .running_cm_s = options.real("running-cm-s")};
    if (const auto wanted = options.text("locomotion"); wanted != "any")
        result.locomotion =
            wanted == "running" ? spikes::Locomotion::running : spikes::Locomotion::stationary;
    if (!(result.start_s < result.stop_s))
        throw base::UsageError("the window ends before it begins", "--start-s, --stop-s",
                               "both count from the start of a row");
    return result;
}

AlignedTrials aligned_trials(const io::StudySession& session, const Alignment& alignment,
                             const std::vector<spikes::Condition>& where,
                             std::span<const spikes::TimeInterval> observed, double bin_ms)
{
    const auto file = io::NwbSession(session.path);
    const auto table = file.read_intervals(alignment.table);
    auto result = AlignedTrials{.windows = {}, .rows = table.rows};
    auto mask = std::vector<std::uint8_t>(static_cast<std::size_t>(table.rows), 1);
    const auto& of_units = session.record.units->columns;
    for (const auto& condition : where)
        if (condition.column != "id" &&
            std::find(of_units.begin(), of_units.end(), condition.column) == of_units.end())
            mask = spikes::both(mask, rows_meeting(table, condition));
    result.not_chosen = std::count(mask.begin(), mask.end(), 0);
    const auto row_start = table.at("start_time").numbers();
    for (std::size_t row = 0; row < row_start.size(); ++row)
        if (mask[row] != 0 && !std::isfinite(row_start[row]))
            throw base::InputError(
                fmt::format("a trial that begins at {} s", row_start[row]),
                fmt::format("{}, {}, row {}", session.record.file, table.name, row),
                "leave such rows out of the file, or choose others with "
                "--where");
    auto windows =
        spikes::windows_around(row_start, mask, alignment.start_s, alignment.stop_s, bin_ms);
    for (std::int64_t row = 0; row < table.rows; ++row)
        if (mask[static_cast<std::size_t>(row)] != 0)
            result.row.push_back(row);
    const auto keep = [&](const std::vector<std::uint8_t>& kept) {
        windows = spikes::selected(windows, kept);
        auto kept_row = std::vector<std::int64_t>{};
        for (std::size_t trial = 0; trial < kept.size(); ++trial)
            if (kept[trial] != 0)
                kept_row.push_back(result.row[trial]);
        result.row = std::move(kept_row);
        return std::count(kept.begin(), kept.end(), 0);
    };
    result.not_observed = keep(spikes::within(windows, observed));
    if (alignment.locomotion)
        result.not_so_moving = keep(moving_so(file, alignment, windows));
    result.overlapping = keep(spikes::without_overlaps(windows));
    if (windows.trials() == 0)
        throw base::InputError(
            fmt::format("no trial is left of the {} rows of {}", table.rows, alignment.table),
            session.record.file,
            fmt::format("{} are not chosen by --where, {} not within the observed time, {} not by "
                        "--locomotion",
                        result.not_chosen, result.not_observed, result.not_so_moving));
    result.windows = std::move(windows);
    return result;
}

std::vector<spikes::Locomotion> locomotion_in(const io::StudySession& session,
                                              const Alignment& alignment,
                                              const spikes::TrialWindows& windows)
{
    return locomotion_in(io::NwbSession(session.path), alignment, windows);
}

std::string described(const AlignedTrials& trials)
{
    auto text = fmt::format("{} trials of {} rows: {} not chosen, {} not wholly observed, {} "
                            "overlap the one before",
                            trials.windows.trials(), trials.rows, trials.not_chosen,
                            trials.not_observed, trials.overlapping);
    if (trials.not_so_moving > 0)
        text += fmt::format(", {} of another locomotion", trials.not_so_moving);
    return text;
}

void pack(base::Packer& packer, const AlignedTrials& trials)
{
    each_trials_field(trials, base::PackField{packer});
}

void unpack(base::Unpacker& unpacker, AlignedTrials& trials)
{
    each_trials_field(trials, base::UnpackField{unpacker});
}

} // namespace rewire::jobs
