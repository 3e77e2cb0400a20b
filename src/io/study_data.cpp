#include "sample_grid.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/study.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace rewire::io {

namespace {

template <typename T>
bool all_finite(std::span<const T> values)
{
    // Without a branch, so that the compiler can take many values at once.
    auto bad = 0;
    for (const auto value : values)
        bad |= std::abs(value) <= std::numeric_limits<T>::max() ? 0 : 1;
    return bad == 0;
}

template <typename T>
void look(const NwbSession& session, std::int64_t first, std::int64_t count,
          MissingSamples& missing)
{
    const auto& info = session.activity();
    auto neurons = std::vector<std::int64_t>(static_cast<std::size_t>(count)); // columns
    auto neuron_of = std::vector<std::int64_t>(static_cast<std::size_t>(info.columns), -1);
    for (std::size_t i = 0; i < neurons.size(); ++i) {
        neurons[i] = session.column_of(first + static_cast<std::int64_t>(i));
        neuron_of[static_cast<std::size_t>(neurons[i])] = first + static_cast<std::int64_t>(i);
    }
    each_tile<T>(grid_of(session), neurons, [&](const Tile<T>& tile) {
        if (all_finite(tile.values))
            return;
        for (std::int64_t frame = 0; frame < tile.frames; ++frame)
            for (std::int64_t neuron = 0; neuron < tile.neurons; ++neuron) {
                const auto at = frame * tile.frame_stride + neuron * tile.neuron_stride;
                const auto whose = neuron_of[static_cast<std::size_t>(tile.neuron + neuron)];
                if (whose < 0 || std::isfinite(tile.values[static_cast<std::size_t>(at)]))
                    continue;
                ++missing.by_neuron[static_cast<std::size_t>(whose)];
                missing.in_frame[static_cast<std::size_t>(tile.frame + frame)] = 1;
            }
    });
}

std::int64_t missing_frames(const MissingSamples& missing)
{
    return std::count(missing.in_frame.begin(), missing.in_frame.end(), 1);
}

std::string what_is_missing(const ActivityInfo& info, const MissingSamples& missing)
{
    auto ids = std::vector<std::string>{};
    auto neurons = std::int64_t{0};
    for (std::size_t i = 0; i < missing.by_neuron.size(); ++i)
        if (missing.by_neuron[i] > 0 && ++neurons <= 5)
            ids.push_back(info.neuron_id[i]);
    return fmt::format("{} {} NaN or infinite: in {} of {} neurons ({}{}) and {} of {} "
                       "frames",
                       base::counted(missing.total(), "sample"),
                       missing.total() == 1 ? "is" : "are", neurons, info.neurons,
                       base::joined(ids, ", "), neurons > 5 ? ", ..." : "", missing_frames(missing),
                       info.frames);
}

constexpr auto missing_next =
    "--nan drop-neuron leaves out those neurons, --nan mask-frames those frames";

/// Index of the first value that is not later than the one before, or is NaN; -1 for none.
std::int64_t first_unsorted(std::span<const double> times, bool equal_allowed)
{
    for (std::size_t i = 0; i < times.size(); ++i)
        if (std::isnan(times[i]) ||
            (i > 0 && !(equal_allowed ? times[i] >= times[i - 1] : times[i] > times[i - 1])))
            return static_cast<std::int64_t>(i);
    return -1;
}

/// Runs the checks of one session and gathers what they find.
class DataCheck
{
  public:
    DataCheck(const NwbSession& session, NanPolicy policy) : session_(session), policy_(policy) {}

    std::vector<Problem> run()
    {
        guarded([this] { activity(); });
        for (const auto& info : session_.series())
            guarded([&] { series(info); });
        for (const auto& info : session_.intervals())
            guarded([&] { intervals(info); });
        guarded([this] { spikes(); }, Feed::units);
        return std::move(problems_);
    }

  private:
    template <typename Check>
    void guarded(Check check, std::optional<Feed> scope = {})
    {
        try {
            check();
        } catch (const base::Error& error) {
            problems_.push_back(
                {Severity::error, error.where(), error.problem(), error.next(), scope});
        }
    }
    void say(Severity severity, const std::string& object, std::string what, std::string next,
             std::optional<Feed> scope = {})
    {
        problems_.push_back({severity, session_.path().string() + ":" + object, std::move(what),
                             std::move(next), scope});
    }

    void activity()
    {
        if (!session_.has_activity())
            return;
        const auto missing = find_missing(session_);
        if (missing.any())
            say(policy_ == NanPolicy::error ? Severity::error : Severity::warning,
                session_.activity().path, what_is_missing(session_.activity(), missing),
                missing_next, Feed::activity);
    }

    void series(const SeriesInfo& info)
    {
        const auto series = session_.read_series(info.path);
        if (const auto at = first_unsorted(series.time_s, false); at >= 0)
            say(Severity::error, info.path,
                fmt::format("timestamps are unsorted: sample {} is not later than the one before",
                            at),
                "sort the samples, or correct the clock, and write the file again");
        const auto bad = std::count_if(series.values.begin(), series.values.end(),
                                       [](double value) { return !std::isfinite(value); });
        if (bad > 0)
            say(Severity::warning, info.path,
                fmt::format("{} of {} values are NaN or infinite", bad, series.values.size()),
                "jobs that use this series treat them as missing");
    }

    void intervals(const TableInfo& info)
    {
        const auto table = session_.read_intervals(info.path);
        const auto start = table.at("start_time").numbers();
        const auto stop = table.at("stop_time").numbers();
        for (std::size_t i = 0; i < start.size(); ++i)
            if (!(stop[i] >= start[i])) {
                say(Severity::error, info.path,
                    fmt::format("row {} ends at {} s and begins at {} s", i, stop[i], start[i]),
                    "correct the row, or take it out");
                break;
            }
        if (const auto at = first_unsorted(start, true); at >= 0)
            say(Severity::warning, info.path,
                fmt::format("rows are unsorted: row {} begins before the one before it", at),
                "jobs take them in the order of their times");
    }

    void spikes()
    {
        if (!session_.units())
            return;
        const auto units = session_.read_units();
        auto ids = units.table.id;
        std::sort(ids.begin(), ids.end());
        if (const auto twice = std::adjacent_find(ids.begin(), ids.end()); twice != ids.end())
            say(Severity::error, session_.units()->path,
                fmt::format("unit id {} occurs more than once", *twice), "give every unit its id",
                Feed::units);
        const auto all = std::span<const double>(units.spike_time_s);
        auto unsorted = std::int64_t{0};
        auto example = std::string{};
        for (std::size_t unit = 0; unit + 1 < units.spike_start.size(); ++unit) {
            const auto first = static_cast<std::size_t>(units.spike_start[unit]);
            const auto last = static_cast<std::size_t>(units.spike_start[unit + 1]);
            const auto at = first_unsorted(all.subspan(first, last - first), true);
            if (at >= 0 && unsorted++ == 0)
                example = fmt::format("unit {} at spike {}", units.table.id[unit], at);
        }
        if (unsorted > 0)
            say(Severity::error, session_.units()->path,
                fmt::format("spike times of {} units are unsorted or NaN, first {}", unsorted,
                            example),
                "sort them and write the file again", Feed::units);
    }

    const NwbSession& session_;
    NanPolicy policy_;
    std::vector<Problem> problems_;
};

} // namespace

std::optional<NanPolicy> parse_nan_policy(std::string_view name)
{
    for (const auto policy : {NanPolicy::error, NanPolicy::drop_neuron, NanPolicy::mask_frames})
        if (name == name_of(policy))
            return policy;
    return {};
}

std::string name_of(NanPolicy policy)
{
    switch (policy) {
    case NanPolicy::error:
        return "error";
    case NanPolicy::drop_neuron:
        return "drop-neuron";
    case NanPolicy::mask_frames:
        break;
    }
    return "mask-frames";
}

std::int64_t MissingSamples::total() const
{
    return std::accumulate(by_neuron.begin(), by_neuron.end(), std::int64_t{0});
}

void MissingSamples::merge(const MissingSamples& other)
{
    for (std::size_t i = 0; i < by_neuron.size(); ++i)
        by_neuron[i] += other.by_neuron.at(i);
    for (std::size_t i = 0; i < in_frame.size(); ++i)
        in_frame[i] |= other.in_frame.at(i);
}

MissingSamples find_missing(const NwbSession& session, std::int64_t first, std::int64_t count)
{
    const auto& info = session.activity();
    auto missing = MissingSamples{};
    missing.by_neuron.assign(static_cast<std::size_t>(info.neurons), 0);
    missing.in_frame.assign(static_cast<std::size_t>(info.frames), 0);
    const auto grid = grid_of(session);
    if (!holds_floats(grid.data))
        return missing; // integers have no NaN
    if (bytes_per_value(grid.data) <= 4)
        look<float>(session, first, count, missing);
    else
        look<double>(session, first, count, missing);
    return missing;
}

MissingSamples find_missing(const NwbSession& session)
{
    return find_missing(session, 0, session.activity().neurons);
}

UsedSamples apply_policy(const NwbSession& session, const MissingSamples& missing, NanPolicy policy)
{
    const auto& info = session.activity();
    const auto where = session.path().string() + ":" + info.path;
    auto used = UsedSamples{};
    used.usable.assign(static_cast<std::size_t>(info.neurons), 1);
    used.frames = info.frames;
    if (!missing.any())
        return used;
    if (policy == NanPolicy::error)
        throw base::InputError(what_is_missing(info, missing), where, missing_next);
    if (policy == NanPolicy::drop_neuron) {
        for (std::size_t i = 0; i < used.usable.size(); ++i)
            used.usable[i] = missing.by_neuron[i] == 0 ? 1 : 0;
        if (std::count(used.usable.begin(), used.usable.end(), 1) == 0)
            throw base::InputError("--nan drop-neuron leaves no neuron: " +
                                       what_is_missing(info, missing),
                                   where, "try --nan mask-frames");
        return used;
    }
    for (std::size_t frame = 0; frame < missing.in_frame.size(); ++frame)
        if (missing.in_frame[frame] == 0)
            used.kept.push_back(static_cast<std::int64_t>(frame));
    used.frames = static_cast<std::int64_t>(used.kept.size());
    if (used.kept.empty())
        throw base::InputError("--nan mask-frames leaves no frame: " +
                                   what_is_missing(info, missing),
                               where, "try --nan drop-neuron");
    return used;
}

std::int64_t leave_out_frames(UsedSamples& used, std::span<const std::uint8_t> known,
                              const std::string& where)
{
    if (known.empty())
        return 0;
    auto kept = std::vector<std::int64_t>{};
    const auto before = used.kept.empty() ? static_cast<std::int64_t>(known.size()) : used.frames;
    for (auto i = std::int64_t{0}; i < before; ++i) {
        const auto frame = used.kept.empty() ? i : used.kept[static_cast<std::size_t>(i)];
        if (known[static_cast<std::size_t>(frame)] != 0)
            kept.push_back(frame);
    }
    if (kept.empty())
        throw base::InputError("--uncovered mask leaves no frame", where,
                               "the lever or binary series is known at none of the frames used");
    const auto left_out = before - static_cast<std::int64_t>(kept.size());
    if (left_out > 0)
        used.kept = std::move(kept);
    used.frames = before - left_out;
    return left_out;
}

std::vector<Problem> check_data(const StudySession& session, NanPolicy policy,
                                const NwbOptions& options)
{
    try {
        return DataCheck(NwbSession(session.path, options), policy).run();
    } catch (const base::Error& error) {
        return {{Severity::error, error.where(), error.problem(), error.next()}};
    }
}

} // namespace rewire::io
