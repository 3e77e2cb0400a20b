#include "session_input.hpp"

#include "jobs/frame/fields.hpp"
#include "jobs/frame/study_source.hpp"
#include "options.hpp"
#include "segments.hpp"

#include <rewire/io/digest.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace rewire::jobs {

namespace {

/// Neurons spread over the session, for a look at their traces: a few runs of neighbours, which
/// are read together.
std::vector<std::int64_t> sample_of(std::int64_t neurons)
{
    constexpr auto runs = std::int64_t{4};
    constexpr auto length = std::int64_t{8};
    auto sample = std::vector<std::int64_t>{};
    for (std::int64_t run = 0; run < runs; ++run) {
        const auto first =
            neurons <= runs * length ? run * length : run * (neurons - length) / (runs - 1);
        for (auto neuron = first; neuron < std::min(neurons, first + length); ++neuron)
            sample.push_back(neuron);
    }
    return sample;
}

/// Raw fluorescence gives events that mean nothing: its baseline, not its transients, is what the
/// deconvolution follows.
void require_dff(const io::NwbSession& file)
{
    const auto& activity = file.activity();
    const auto where = file.path().string() + ":" + activity.path;
    const auto* const next =
        "--baseline maximin or --baseline percentile subtracts one (and the neuropil, where the "
        "file has it); or choose a dF/F series with --series";
    if (activity.kind == io::SignalKind::fluorescence)
        throw base::InputError("raw fluorescence, by its name or container, and not dF/F", where,
                               next);
    const auto sample = sample_of(activity.neurons);
    auto traces = std::vector<double>(sample.size() * static_cast<std::size_t>(activity.frames));
    file.read_activity<double>(sample, {}, traces, io::BlockOrder::by_frame);
    const auto count = static_cast<std::int64_t>(sample.size());
    const auto far = calcium::count_far_from_zero<double>(traces, activity.frames, count);
    if (static_cast<double>(far) > calcium::raw_share * static_cast<double>(count))
        throw base::InputError(
            fmt::format("{} of {} traces looked at never come near 0: raw fluorescence, and not "
                        "dF/F",
                        far, count),
            where, next);
}

/// Less baseline and neuropil, in place: [frame * neurons + neuron], the kept frames.
template <typename T>
void subtract_baseline(std::vector<T>& block, const io::NwbSession& file, base::Range neurons,
                       const SessionInput& input)
{
    if (input.baseline == calcium::BaselineKind::none || neurons.size() == 0)
        return;
    auto neuropil = std::vector<T>{};
    if (!file.activity().neuropil.empty()) {
        auto columns = std::vector<std::int64_t>(static_cast<std::size_t>(neurons.size()));
        std::iota(columns.begin(), columns.end(), neurons.first);
        neuropil.resize(block.size());
        file.read_neuropil<T>(columns, input.used.kept, neuropil, io::BlockOrder::by_frame);
    }
    const auto frames = static_cast<std::int64_t>(block.size()) / neurons.size();
    calcium::subtract_baseline<T>(block, neuropil, frames, neurons.size(), file.activity().rate_hz,
                                  {.kind = input.baseline});
}

void each_field(auto& input, auto field)
{
    field(input.sha256), field(input.tau_s), field(input.missing), field(input.used.usable);
    field(input.used.kept), field(input.used.frames), field(input.baseline), field(input.taps);
    field(input.segments);
}

/// Frames of the block that the policy keeps, in place.
template <typename T>
void keep_frames(std::vector<T>& block, std::int64_t neurons, const std::vector<std::int64_t>& kept)
{
    if (kept.empty())
        return;
    for (std::size_t i = 0; i < kept.size(); ++i)
        std::memmove(block.data() + i * static_cast<std::size_t>(neurons),
                     block.data() + static_cast<std::size_t>(kept[i] * neurons),
                     static_cast<std::size_t>(neurons) * sizeof(T));
    block.resize(kept.size() * static_cast<std::size_t>(neurons));
}

/// Five frames were chosen for 28 Hz.
void say_smoothing(runtime::RunContext& context, const io::Study& study,
                   const ActivitySettings& settings)
{
    if (settings.smoothing_s)
        return;
    constexpr auto paper_rate_hz = 28.0;
    auto slowest = paper_rate_hz;
    auto fastest = paper_rate_hz;
    for (const auto& session : study.sessions) {
        slowest = std::min(slowest, session.record.activity->rate_hz);
        fastest = std::max(fastest, session.record.activity->rate_hz);
    }
    for (const auto rate : {slowest, fastest})
        if (rate > 1.5 * paper_rate_hz || rate < paper_rate_hz / 1.5)
            context.note(fmt::format(
                "events are smoothed over {} frames, which last {:.2g} s at {:.3g} Hz and 0.18 s "
                "at the 28 Hz that they were chosen for; --smoothing-s 0.18 keeps the time",
                calcium::paper_taps, static_cast<double>(calcium::paper_taps) / rate, rate));
}

void say_baseline(runtime::RunContext& context, const io::Study& study,
                  const ActivitySettings& settings)
{
    if (settings.baseline == calcium::BaselineKind::none)
        return;
    const auto with =
        std::count_if(study.sessions.begin(), study.sessions.end(), [](const auto& session) {
            return !session.record.activity->neuropil.empty();
        });
    context.note(fmt::format("a baseline ({}) is subtracted from every trace, and before that 0.7 "
                             "times the neuropil in {} of {} sessions, which have one",
                             context.options().text("baseline"), with, study.sessions.size()));
}

} // namespace

void SessionInput::pack(base::Packer& packer) const
{
    each_field(*this, PackField{packer});
}

void SessionInput::unpack(base::Unpacker& unpacker)
{
    each_field(*this, UnpackField{unpacker});
}

SessionInput session_input_of(const io::StudySession& session, const ActivitySettings& settings,
                              const std::string& segments, bool deconvolves)
{
    auto input = SessionInput{};
    if (deconvolves)
        input.tau_s = checked_tau(session, settings);
    input.sha256 = io::sha256_of_file(session.path);
    const auto file = io::NwbSession(session.path, settings.nwb);
    input.baseline = settings.baseline;
    input.taps = taps_of(session, settings);
    if (input.baseline == calcium::BaselineKind::none)
        require_dff(file);
    const auto missing = io::find_missing(file);
    input.missing = missing.total();
    input.used = io::apply_policy(file, missing, settings.nan);
    input.segments = segments_in(file, segments, session.record.file);
    return input;
}

std::vector<SessionInput> check_inputs(runtime::RunContext& context, const io::Study& study,
                                       const ActivitySettings& settings, bool deconvolves,
                                       const std::string& segments)
{
    mpi::collective(context.comm(), [&] { require_feed(study, io::Feed::activity); });
    const auto sessions = study.sessions.size();
    auto costs = std::vector<double>{};
    for (const auto& session : study.sessions)
        costs.push_back(static_cast<double>(session.record.bytes));
    auto inputs = context.each_unit_to_all<SessionInput>(
        "inputs", costs, [&](std::int64_t unit, const runtime::Tick&) {
            return session_input_of(study.sessions[static_cast<std::size_t>(unit)], settings,
                                    segments, deconvolves);
        });
    for (std::size_t i = 0; i < sessions; ++i)
        if (inputs[i].missing > 0 && context.comm().is_root()) {
            const auto& used = inputs[i].used;
            const auto dropped = std::count(used.usable.begin(), used.usable.end(), 0);
            context.warn(
                fmt::format("{}: {} missing samples; {} neurons left out, {} of {} frames used",
                            study.sessions[i].record.file, inputs[i].missing, dropped, used.frames,
                            study.sessions[i].record.activity->frames));
        }
    if (deconvolves)
        say_smoothing(context, study, settings);
    say_baseline(context, study, settings);
    return inputs;
}

void check_signal(const io::StudySession& session, const runtime::Options& options)
{
    if (baseline_of(options) == calcium::BaselineKind::none)
        require_dff(io::NwbSession(session.path, nwb_options(options)));
}

std::vector<SessionFacts> facts_of(const std::vector<SessionInput>& inputs)
{
    auto facts = std::vector<SessionFacts>{};
    for (const auto& input : inputs)
        facts.push_back({input.sha256, {{"tau_s", "decay time", "s", input.tau_s}}});
    return facts;
}

template <typename T>
std::vector<T> read_block(const io::NwbSession& file, base::Range neurons,
                          const SessionInput& input)
{
    auto block = std::vector<T>(static_cast<std::size_t>(neurons.size() * file.activity().frames));
    file.read_activity<T>(neurons.first, neurons.size(), block, io::BlockOrder::by_frame);
    keep_frames(block, neurons.size(), input.used.kept);
    subtract_baseline(block, file, neurons, input);
    for (auto neuron = neurons.first; neuron < neurons.last; ++neuron) {
        if (input.used.usable[static_cast<std::size_t>(neuron)] != 0)
            continue;
        for (auto i = static_cast<std::size_t>(neuron - neurons.first); i < block.size();
             i += static_cast<std::size_t>(neurons.size()))
            block[i] = 0;
    }
    return block;
}

template std::vector<float> read_block<float>(const io::NwbSession&, base::Range,
                                              const SessionInput&);
template std::vector<double> read_block<double>(const io::NwbSession&, base::Range,
                                                const SessionInput&);

} // namespace rewire::jobs
