#include "session_input.hpp"

#include "jobs/frame/study_source.hpp"
#include "options.hpp"

#include <rewire/io/digest.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace rewire::jobs {

namespace {

SessionInput check_session(const io::StudySession& session, const runtime::Options& options,
                           bool deconvolves)
{
    auto input = SessionInput{};
    if (deconvolves)
        input.tau_s = checked_tau(session, options);
    input.sha256 = io::sha256_of_file(session.path);
    const auto file = io::NwbSession(session.path, nwb_options(options));
    const auto missing = io::find_missing(file);
    input.missing = missing.total();
    input.used = io::apply_policy(file, missing, nan_policy(options));
    return input;
}

void pack(base::Packer& packer, const SessionInput& input)
{
    packer.put_text(input.sha256);
    packer.put(input.tau_s);
    packer.put(input.missing);
    packer.put_all(input.used.usable);
    packer.put_all(input.used.kept);
    packer.put(input.used.frames);
}

SessionInput unpack_input(base::Unpacker& unpacker)
{
    auto input = SessionInput{};
    input.sha256 = unpacker.get_text();
    input.tau_s = unpacker.get<double>();
    input.missing = unpacker.get<std::int64_t>();
    input.used.usable = unpacker.get_all<std::uint8_t>();
    input.used.kept = unpacker.get_all<std::int64_t>();
    input.used.frames = unpacker.get<std::int64_t>();
    return input;
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

} // namespace

std::vector<SessionInput> check_inputs(runtime::RunContext& context, const io::Study& study,
                                       bool deconvolves)
{
    mpi::collective(context.comm(), [&] { require_feed(study, io::Feed::activity); });
    const auto sessions = study.sessions.size();
    auto costs = std::vector<double>{};
    for (const auto& session : study.sessions)
        costs.push_back(static_cast<double>(session.record.bytes));
    const auto checked = context.each_unit<runtime::UnitResults>(
        "inputs", costs,
        [&](std::int64_t unit, runtime::UnitResults& results, const runtime::Tick&) {
            auto packer = base::Packer{};
            pack(packer, check_session(study.sessions[static_cast<std::size_t>(unit)],
                                       context.options(), deconvolves));
            results.add(unit, packer.take());
            return true;
        });
    auto inputs = std::vector<SessionInput>(sessions);
    runtime::give_to_all(context.comm(), checked,
                         [&](std::int64_t unit, std::span<const std::byte> bytes) {
                             auto unpacker = base::Unpacker(bytes);
                             inputs[static_cast<std::size_t>(unit)] = unpack_input(unpacker);
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
    return inputs;
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
