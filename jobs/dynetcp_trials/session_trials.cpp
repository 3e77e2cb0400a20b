#include "session_trials.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/packed.hpp>
#include <rewire/io/nwb_session.hpp>
#include <rewire/spikes/trials.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace rewire::jobs {

namespace {

/// A condition that no table has to have: by the speed of the animal.
constexpr auto running_condition = "running";

void each_session_field(auto& session, auto field)
{
    auto& spikes = session.spikes;
    field(spikes.trials), field(spikes.bins), field(spikes.neurons), field(spikes.start);
    field(spikes.bin), field(session.clipped), field(session.condition), field(session.bin_s);
    field(session.aligned), field(session.rows), field(session.not_chosen);
    field(session.not_observed), field(session.not_so_moving), field(session.overlapping);
    field(session.left_out);
}

/// Numbers 0, 1, ... of the distinct combinations of values in the rows of the trials, and of what
/// the animal does in them where `running` is asked for and no column.
std::vector<std::int32_t> conditions_of(const io::StudySession& session,
                                        const TrialSettings& settings, const AlignedTrials& trials)
{
    auto key = std::vector<std::string>(trials.row.size());
    if (!settings.split.conditions.empty()) {
        const auto file = io::NwbSession(session.path);
        const auto table = file.read_intervals(settings.align->table);
        for (const auto& name : settings.split.conditions) {
            if (name == running_condition && table.find(name) == nullptr) {
                const auto moves = locomotion_in(session, *settings.align, trials.windows);
                for (std::size_t trial = 0; trial < key.size(); ++trial)
                    key[trial] += std::to_string(static_cast<int>(moves[trial])) + '\n';
                continue;
            }
            const auto texts = table.at(name).texts();
            for (std::size_t trial = 0; trial < key.size(); ++trial)
                key[trial] += texts.at(static_cast<std::size_t>(trials.row[trial])) + '\n';
        }
    }
    auto number = std::map<std::string, std::int32_t>{};
    auto result = std::vector<std::int32_t>{};
    for (const auto& one : key)
        result.push_back(
            number.try_emplace(one, static_cast<std::int32_t>(number.size())).first->second);
    return result;
}

/// Windows one after the other within each stretch of observed time.
spikes::TrialWindows windows_of_recording(const std::vector<spikes::TimeInterval>& observed,
                                          const TrialSettings& settings)
{
    auto windows = spikes::TrialWindows{
        {},
        std::llround(settings.window_s * 1e9 / static_cast<double>(settings.bin_ns)),
        settings.bin_ns};
    const auto length = windows.bins * windows.bin_ns;
    for (const auto& interval : observed)
        for (auto start = interval.start_ns; start + length <= interval.stop_ns; start += length)
            windows.start_ns.push_back(start);
    return windows;
}

void require_trials(const SessionTrials& session, const std::string& file, std::int64_t lags)
{
    if (session.trials() < 2)
        throw base::InputError(fmt::format("{} {}: one has to train, another to validate",
                                           session.trials(),
                                           session.aligned ? "trials" : "windows of the recording"),
                               file,
                               session.aligned ? "choose more trials; " + described_trials(session)
                                               : "shorten --window-s");
    if (session.spikes.bins <= lags)
        throw base::InputError(
            fmt::format("{} lags need more than the {} bins of a trial", lags, session.spikes.bins),
            file, "give fewer --lags, shorter --bin-ms or longer trials");
}

/// Rows of a unit, [trials + 1] and bins.
struct UnitRows
{
    std::vector<std::int64_t> start{0};
    std::vector<std::int32_t> bin;
    std::int64_t clipped = 0;
};

UnitRows rows_of(std::span<const std::int64_t> train, const spikes::TrialWindows& windows)
{
    const auto start = std::vector<std::int64_t>{0, std::ssize(train)};
    const auto packed = spikes::packed_trials({train, start}, windows);
    auto rows = UnitRows{};
    rows.clipped = packed.clipped.front();
    for (std::int64_t trial = 0; trial < packed.trials; ++trial) {
        for (std::int64_t bin = 0; bin < packed.bins; ++bin)
            if (packed.at(0, trial, bin))
                rows.bin.push_back(static_cast<std::int32_t>(bin));
        rows.start.push_back(std::ssize(rows.bin));
    }
    return rows;
}

/// Why a unit cannot be modelled; empty: it can.
std::string refused(const UnitRows& rows, const TrialSplit& split, std::int64_t bins)
{
    auto spikes = std::int64_t{0};
    for (const auto trial : split.train)
        spikes += rows.start[static_cast<std::size_t>(trial) + 1] -
                  rows.start[static_cast<std::size_t>(trial)];
    if (spikes == 0)
        return "never fires in the trials to train on";
    if (spikes == std::ssize(split.train) * bins)
        return "fires in every bin of the trials to train on";
    return {};
}

void put_together(SessionTrials& session, const std::vector<UnitRows>& units)
{
    auto& spikes = session.spikes;
    spikes.neurons = std::ssize(units);
    for (std::int64_t trial = 0; trial < spikes.trials; ++trial)
        for (const auto& unit : units) {
            const auto first = unit.start[static_cast<std::size_t>(trial)];
            const auto last = unit.start[static_cast<std::size_t>(trial) + 1];
            spikes.bin.insert(spikes.bin.end(), unit.bin.begin() + first, unit.bin.begin() + last);
            spikes.start.push_back(std::ssize(spikes.bin));
        }
}

/// Moves the units that cannot be modelled to `left_out`.
void leave_out(SessionTrials& session, std::vector<UnitRows>& units, const TrialSplit& split)
{
    auto& recording = session.recording;
    auto kept = std::vector<std::size_t>{};
    for (std::size_t unit = 0; unit < units.size(); ++unit) {
        const auto why = refused(units[unit], split, session.spikes.bins);
        if (why.empty())
            kept.push_back(unit);
        else
            session.left_out.push_back(fmt::format("unit {} {}", recording.unit_id[unit], why));
    }
    const auto keep = [&](auto& values) {
        auto some = std::remove_reference_t<decltype(values)>{};
        for (const auto unit : kept)
            some.push_back(std::move(values[unit]));
        values = std::move(some);
    };
    keep(recording.unit_id), keep(recording.finding), keep(recording.rate_hz), keep(units);
    keep(recording.area), keep(recording.layer), keep(recording.place);
    keep(recording.waveform_ms);
}

} // namespace

TrialSplit split_of(const SessionTrials& session, const SplitSettings& settings)
{
    auto by_condition = std::map<std::int32_t, std::vector<std::int64_t>>{};
    for (std::int64_t trial = 0; trial < session.trials(); ++trial)
        by_condition[session.condition[static_cast<std::size_t>(trial)]].push_back(trial);
    auto split = TrialSplit{};
    for (const auto& [condition, trials] : by_condition) {
        const auto count = std::ssize(trials);
        const auto share = [&](double of) {
            return std::int64_t{std::llround(of * static_cast<double>(count))};
        };
        const auto test = std::min(share(settings.test), count - 1);
        const auto validation =
            std::min(std::max(share(settings.validation), std::int64_t{1}), count - 1 - test);
        const auto train = count - validation - test;
        split.train.insert(split.train.end(), trials.begin(), trials.begin() + train);
        split.validation.insert(split.validation.end(), trials.begin() + train,
                                trials.begin() + train + validation);
        split.test.insert(split.test.end(), trials.begin() + train + validation, trials.end());
    }
    for (auto* part : {&split.train, &split.validation, &split.test})
        std::sort(part->begin(), part->end());
    return split;
}

SessionTrials read_session_trials(const io::StudySession& session, const TrialSettings& settings)
{
    auto result = SessionTrials{};
    auto windows = spikes::TrialWindows{};
    auto units = std::vector<UnitRows>{};
    const auto begin = [&](const Recording& begun) {
        if (begun.observed.empty())
            return;
        if (settings.align) {
            auto trials = aligned_trials(session, *settings.align, settings.units.where,
                                         begun.observed, settings.bin_ms);
            result.rows = trials.rows;
            result.not_chosen = trials.not_chosen;
            result.not_observed = trials.not_observed;
            result.not_so_moving = trials.not_so_moving;
            result.overlapping = trials.overlapping;
            result.condition = conditions_of(session, settings, trials);
            windows = std::move(trials.windows);
        } else {
            windows = windows_of_recording(begun.observed, settings);
            result.condition.assign(static_cast<std::size_t>(windows.trials()), 0);
        }
    };
    result.recording =
        read_recording(session, settings.units, begin, [&](std::span<const std::int64_t> train) {
            units.push_back(rows_of(train, windows));
        });
    result.aligned = settings.align.has_value();
    result.bin_s = 1e-9 * static_cast<double>(settings.bin_ns);
    result.spikes.trials = windows.trials();
    result.spikes.bins = windows.bins;
    if (!units.empty())
        require_trials(result, session.record.file, settings.lags);
    const auto split = split_of(result, settings.split);
    if (!units.empty() && split.validation.empty())
        throw base::InputError("no condition has two trials, one to train and one to validate",
                               session.record.file, "split by fewer columns with --condition");
    leave_out(result, units, split);
    for (const auto& unit : units)
        result.clipped.push_back(unit.clipped);
    put_together(result, units);
    return result;
}

std::vector<SessionTrials> read_to_all(runtime::RunContext& context,
                                       const std::vector<const io::StudySession*>& sessions,
                                       const TrialSettings& settings)
{
    const auto& comm = context.comm();
    const auto reader = [&](std::size_t position) {
        return static_cast<int>(position % static_cast<std::size_t>(comm.size()));
    };
    auto packed = std::vector<std::vector<std::byte>>(sessions.size());
    context.collective("read", [&] {
        for (std::size_t position = 0; position < sessions.size(); ++position) {
            if (reader(position) != comm.rank())
                continue;
            const auto session = read_session_trials(*sessions[position], settings);
            auto packer = base::Packer{};
            const auto put = base::PackField{packer};
            base::pack_value(packer, session.recording);
            each_session_field(session, put);
            packed[position] = packer.take();
        }
    });
    auto result = std::vector<SessionTrials>(sessions.size());
    for (std::size_t position = 0; position < sessions.size(); ++position) {
        const auto bytes = comm.broadcast(std::move(packed[position]), reader(position));
        auto unpacker = base::Unpacker(bytes);
        const auto get = base::UnpackField{unpacker};
        auto& session = result[position];
        session.recording = base::unpack_value<Recording>(unpacker);
        each_session_field(session, get);
    }
    return result;
}

std::string described_trials(const SessionTrials& session)
{
    auto text = fmt::format("{} trials of {} rows: {} not chosen, {} not wholly observed, {} "
                            "overlap the one before",
                            session.trials(), session.rows, session.not_chosen,
                            session.not_observed, session.overlapping);
    if (session.not_so_moving > 0)
        text += fmt::format(", {} of another locomotion", session.not_so_moving);
    return text;
}

std::vector<std::string> notes_on(const SessionTrials& session)
{
    auto notes = std::vector<std::string>{};
    for (const auto& criterion : session.recording.criteria)
        if (criterion.failed > 0)
            notes.push_back(fmt::format("{}: {} of {} units fail", criterion.criterion,
                                        criterion.failed, session.recording.units_in_file));
    if (session.aligned)
        notes.push_back(described_trials(session));
    return notes;
}

double trial_bytes(const io::StudySession& session)
{
    return 2 * sizeof(std::int32_t) * static_cast<double>(session.record.units->spikes);
}

} // namespace rewire::jobs
