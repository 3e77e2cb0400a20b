#include "activity_source.hpp"

#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/calcium/deconvolve_block.hpp>
#include <rewire/io/digest.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace rewire::jobs {

namespace {

/// Entries of a smoothed trace per frame, for estimates: thresholding at two standard deviations
/// keeps 1-2 % of the frames and smoothing widens each to five.
constexpr auto expected_density = 0.07;
constexpr auto entry_bytes = sizeof(std::int32_t) + sizeof(double);
/// A block of neurons holds at most this much dF/F.
constexpr auto block_limit_bytes = 64e6;

io::NanPolicy nan_policy(const runtime::Options& options)
{
    return *io::parse_nan_policy(options.text("nan"));
}

double tau_of(const io::StudySession& session, const runtime::Options& options)
{
    if (options.has("tau-s"))
        return options.real("tau-s");
    if (session.tau_s)
        return *session.tau_s;
    throw base::UsageError(
        "the decay time of the indicator is not known", session.record.file,
        "give --tau-s (GCaMP6f about 0.7, GCaMP5G about 1) or a column tau_s in study.tsv");
}

calcium::OasisParameters oasis_of(const io::StudySession& session, double tau_s,
                                  const runtime::Options& options)
{
    return {.tau_s = tau_s,
            .rate_hz = session.record.activity->rate_hz,
            .variant = options.text("oasis") == "suite2p" ? calcium::OasisVariant::suite2p
                                                          : calcium::OasisVariant::farci};
}

double checked_tau(const io::StudySession& session, const runtime::Options& options)
{
    const auto tau_s = tau_of(session, options);
    calcium::oasis_decay(oasis_of(session, tau_s, options));
    return tau_s;
}

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

/// What a unit of deconvolution gives.
struct BlockEvents
{
    activity::Activity activity;
    std::vector<calcium::NeuronSummary> summary;
};

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

template <typename T>
BlockEvents deconvolve(const io::NwbSession& file, base::Range neurons, const SessionInput& input,
                       const calcium::OasisParameters& oasis)
{
    const auto block = read_block<T>(file, neurons, input);
    const auto frames =
        static_cast<std::int64_t>(block.size()) / std::max<std::int64_t>(neurons.size(), 1);
    auto events = BlockEvents{};
    events.summary = calcium::deconvolve_block(
        calcium::TraceBlock<T>{block, frames, neurons.size()}, {.oasis = oasis}, events.activity);
    return events;
}

void pack(base::Packer& packer, const BlockEvents& events)
{
    packer.reserve(events.activity.start.size() * sizeof(std::int64_t) +
                   events.activity.frame.size() * entry_bytes +
                   events.summary.size() * sizeof(calcium::NeuronSummary) + 64);
    packer.put(events.activity.frames);
    packer.put_all(events.activity.start);
    packer.put_all(events.activity.frame);
    packer.put_all(events.activity.value);
    packer.put_all(events.summary);
}

BlockEvents unpack_events(std::span<const std::byte> bytes)
{
    auto unpacker = base::Unpacker(bytes);
    auto events = BlockEvents{};
    events.activity.frames = unpacker.get<std::int64_t>();
    events.activity.start = unpacker.get_all<std::int64_t>();
    events.activity.frame = unpacker.get_all<std::int32_t>();
    events.activity.value = unpacker.get_all<double>();
    events.summary = unpacker.get_all<calcium::NeuronSummary>();
    return events;
}

} // namespace

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

std::vector<runtime::Option> activity_options()
{
    return {
        {.name = "tau-s",
         .kind = runtime::OptionKind::real,
         .unit = "s",
         .help = "decay time of the calcium indicator (GCaMP6f about 0.7, GCaMP5G about 1); or "
                 "column tau_s of study.tsv",
         .source = "2.3",
         .minimum = 1e-3,
         .maximum = 60},
        {.name = "oasis",
         .default_value = "farci",
         .help = "deconvolution: as FARCI calls it (pools clipped at 0), or as Python suite2p",
         .source = "2.3",
         .choices = {"farci", "suite2p"}},
        {.name = "nan",
         .default_value = "error",
         .help = "missing samples: an error, leave the neuron out, or cut the frame out for all "
                 "neurons",
         .choices = {"error", "drop-neuron", "mask-frames"}},
    };
}

namespace {

bool same_value(const std::string& a, const std::string& b)
{
    auto first = 0.0;
    auto second = 0.0;
    const auto is_number = [](const std::string& text, double& value) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        return error == std::errc{} && end == text.data() + text.size();
    };
    return a == b || (is_number(a, first) && is_number(b, second) && first == second);
}

} // namespace

void adopt_activity_options(runtime::RunContext& context)
{
    // Rank 0 looks and tells: file systems of a cluster do not show all nodes the same at the same
    // time.
    auto packer = base::Packer{};
    mpi::collective(context.comm(), [&] {
        for (const auto* name : {"connectome.h5", "movement.h5"}) {
            const auto path = context.options().path("results") / name;
            if (!context.comm().is_root() || !std::filesystem::exists(path))
                continue;
            const auto record = io::read_record(io::open_for_reading(path));
            if (record.job == context.job_name())
                continue; // its own earlier result: compared field by field later
            for (const auto& [option, value] : record.options)
                for (const auto& shared : activity_options())
                    if (option == shared.name && !value.empty()) {
                        packer.put_text(option);
                        packer.put_text(value);
                        packer.put_text(path.string());
                    }
        }
    });
    const auto bytes = context.comm().broadcast(packer.take(), 0);
    auto unpacker = base::Unpacker(bytes);
    auto recorded = std::vector<std::array<std::string, 3>>{}; // option, value, file
    while (unpacker.remaining() > 0) {
        auto& entry = recorded.emplace_back();
        for (auto& text : entry)
            text = unpacker.get_text();
    }
    for (const auto& [option, value, file] : recorded) {
        if (!context.options().given(option))
            context.adopt(option, value);
        else if (!same_value(context.options().text(option), value))
            throw base::UsageError(
                fmt::format("--{} {} here, but {} in an earlier result of this folder", option,
                            context.options().text(option), value),
                file,
                "leave the option out to go on with the same, or choose another folder with "
                "--results");
    }
}

std::vector<SessionInput> check_inputs(runtime::RunContext& context, const io::Study& study,
                                       bool deconvolves)
{
    mpi::collective(context.comm(), [&] { require_activity(study); });
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

io::Fingerprint input_fingerprint(const io::Study& study, const std::vector<SessionInput>& inputs)
{
    auto fields = io::Fingerprint{};
    for (std::size_t i = 0; i < inputs.size(); ++i)
        fields.emplace_back("input " + study.sessions[i].record.file,
                            fmt::format("{} tau {} s", inputs[i].sha256, inputs[i].tau_s));
    return fields;
}

io::Fingerprint input_hashes(const io::Study& study, const std::vector<SessionInput>& inputs)
{
    auto hashes = io::Fingerprint{};
    for (std::size_t i = 0; i < inputs.size(); ++i)
        hashes.emplace_back(study.sessions[i].record.file, inputs[i].sha256);
    return hashes;
}

double activity_bytes(const io::ActivityInfo& activity)
{
    return static_cast<double>(activity.frames * activity.neurons) * expected_density * entry_bytes;
}

std::vector<base::Range> neuron_blocks(const io::ActivityInfo& activity)
{
    const auto bytes =
        static_cast<double>(std::max<std::int64_t>(activity.frames, 1)) *
        static_cast<double>(activity.exact_as_float ? sizeof(float) : sizeof(double));
    constexpr auto lanes = std::int64_t{16}; // neurons that are deconvolved side by side
    const auto size =
        std::max(lanes, static_cast<std::int64_t>(block_limit_bytes / bytes) / lanes * lanes);
    return base::blocks_of(activity.neurons, size);
}

double block_bytes(const io::ActivityInfo& activity)
{
    const auto blocks = neuron_blocks(activity);
    if (blocks.empty())
        return 0;
    const auto value =
        static_cast<double>(activity.exact_as_float ? sizeof(float) : sizeof(double));
    return static_cast<double>(blocks.front().size() * activity.frames) * value;
}

runtime::Estimate deconvolution_estimate(const io::Study& study,
                                         const std::vector<std::size_t>& sessions,
                                         const runtime::Options& options, const MachineRates& rates)
{
    require_activity(study);
    auto estimate = runtime::Estimate{};
    for (const auto& wave : waves_of(study, sessions, options.real("node-memory-gb") * 1e9)) {
        auto bytes = 0.0;
        for (const auto session : wave)
            bytes += activity_bytes(*study.sessions[session].record.activity);
        estimate.node_bytes = std::max(estimate.node_bytes, bytes);
    }
    // What the ranks computed is there beside the shared copy for a while; a half more stays with
    // the allocator.
    estimate.spread_bytes = 1.5 * estimate.node_bytes;
    auto files = 0.0;
    auto longest_file = 0.0;
    auto seconds = 0.0;
    auto longest = 0.0;
    auto blocks = std::int64_t{0};
    for (const auto session : sessions) {
        const auto& activity = *study.sessions[session].record.activity;
        const auto bytes = static_cast<double>(study.sessions[session].record.bytes);
        const auto file = 2 * bytes / rates.file_bytes_per_s + bytes / rates.checked_bytes_per_s;
        files += file;
        longest_file = std::max(longest_file, file);
        const auto work =
            static_cast<double>(activity.frames * activity.neurons) / rates.oasis_samples_per_s +
            bytes / rates.file_bytes_per_s;
        const auto parts = static_cast<std::int64_t>(neuron_blocks(activity).size());
        seconds += work;
        longest = std::max(longest, work / static_cast<double>(std::max<std::int64_t>(parts, 1)));
        blocks += parts;
        estimate.rank_bytes = std::max(estimate.rank_bytes, 1.9 * block_bytes(activity));
        estimate.checkpoint_bytes += activity_bytes(activity);
    }
    estimate.rank_bytes += runtime::base_rank_bytes;
    estimate.add_phase("inputs", files, static_cast<std::int64_t>(sessions.size()), longest_file);
    estimate.add_phase("deconvolve", seconds, blocks, longest);
    estimate.notes.push_back(fmt::format("files are taken to be read at {:.0f} MB/s by each rank",
                                         rates.file_bytes_per_s / 1e6));
    return estimate;
}

std::int64_t most_neurons(const io::Study& study)
{
    auto most = std::int64_t{0};
    for (const auto& session : study.sessions)
        if (session.record.activity)
            most = std::max(most, session.record.activity->neurons);
    return most;
}

void require_activity(const io::Study& study)
{
    if (study.sessions.empty())
        throw base::InputError("no session is left in this study", study.path.string(),
                               "study.tsv excludes them, or --subject and --session choose none");
    for (const auto& session : study.sessions)
        if (!session.record.activity)
            throw base::InputError("no dF/F in this session", session.record.file,
                                   "exclude it in study.tsv, or choose sessions with --session");
}

void require_tau(const io::Study& study, const runtime::Options& options)
{
    require_activity(study);
    for (const auto& session : study.sessions)
        checked_tau(session, options);
}

std::vector<std::vector<std::size_t>>
waves_of(const io::Study& study, const std::vector<std::size_t>& sessions, double node_bytes)
{
    auto waves = std::vector<std::vector<std::size_t>>{};
    auto bytes = 0.0;
    for (const auto session : sessions) {
        const auto& activity = *study.sessions[session].record.activity;
        // Counts and p-values of the pairs are kept for a wave, too.
        const auto more = activity_bytes(activity) +
                          33.0 * static_cast<double>(base::pair_count(activity.neurons));
        if (waves.empty() || bytes + more > node_bytes) {
            waves.emplace_back();
            bytes = 0;
        }
        waves.back().push_back(session);
        bytes += more;
    }
    return waves;
}

WaveActivity::WaveActivity(runtime::RunContext& context, const io::Study& study,
                           const std::vector<SessionInput>& inputs,
                           const std::vector<std::size_t>& sessions, const std::string& phase)
{
    struct Unit
    {
        std::size_t position;
        base::Range neurons;
    };
    auto units = std::vector<Unit>{};
    auto costs = std::vector<double>{};
    for (std::size_t position = 0; position < sessions.size(); ++position) {
        const auto& activity = *study.sessions[sessions[position]].record.activity;
        auto part = Part{};
        part.first_item = static_cast<std::int64_t>(units.size());
        for (const auto& neurons : neuron_blocks(activity)) {
            units.push_back({position, neurons});
            costs.push_back(static_cast<double>(neurons.size() * activity.frames) * 25e-9);
        }
        part.last_item = static_cast<std::int64_t>(units.size());
        parts_.push_back(part);
    }

    auto computed = context.each_unit<runtime::UnitResults>(
        phase, costs,
        [&](std::int64_t index, runtime::UnitResults& results, const runtime::Tick& tick) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            const auto& session = study.sessions[sessions[unit.position]];
            const auto& input = inputs[sessions[unit.position]];
            const auto file = io::NwbSession(session.path, nwb_options(context.options()));
            const auto oasis = oasis_of(session, input.tau_s, context.options());
            const auto events = session.record.activity->exact_as_float
                                    ? deconvolve<float>(file, unit.neurons, input, oasis)
                                    : deconvolve<double>(file, unit.neurons, input, oasis);
            if (!tick())
                return false;
            auto packer = base::Packer{};
            pack(packer, events);
            results.add(index, packer.take());
            return true;
        });

    auto mine = context.collective("unpack", [&] {
        auto events = std::vector<std::pair<std::int64_t, BlockEvents>>{};
        for (auto& [index, bytes] : computed.take()) {
            events.emplace_back(index, unpack_events(bytes));
            bytes = {}; // one copy at a time
        }
        return events;
    });
    context.collective("share", [&] {
        auto frames = std::vector<mpi::SharedPiece>{};
        auto values = std::vector<mpi::SharedPiece>{};
        auto heads = base::Packer{};
        for (const auto& [index, events] : mine) {
            frames.push_back({index, std::as_bytes(std::span(events.activity.frame))});
            values.push_back({index, std::as_bytes(std::span(events.activity.value))});
            heads.put(index);
            heads.put(events.activity.frames);
            heads.put_all(events.activity.start);
            heads.put_all(events.summary);
        }
        const auto count = static_cast<std::int64_t>(units.size());
        frame_ = std::make_unique<mpi::NodeShared>(context.comm(), count, frames);
        value_ = std::make_unique<mpi::NodeShared>(context.comm(), count, values);

        auto starts = std::vector<std::vector<std::int64_t>>(units.size());
        auto summaries = std::vector<std::vector<calcium::NeuronSummary>>(units.size());
        for (const auto& bytes : context.comm().all_gather(heads.bytes())) {
            auto unpacker = base::Unpacker(bytes);
            while (unpacker.remaining() > 0) {
                const auto index = unpacker.get<std::int64_t>();
                parts_[units[static_cast<std::size_t>(index)].position].frames =
                    unpacker.get<std::int64_t>();
                starts[static_cast<std::size_t>(index)] = unpacker.get_all<std::int64_t>();
                summaries[static_cast<std::size_t>(index)] =
                    unpacker.get_all<calcium::NeuronSummary>();
            }
        }
        for (auto& part : parts_)
            for (auto item = static_cast<std::size_t>(part.first_item);
                 item < static_cast<std::size_t>(part.last_item); ++item) {
                const auto before = part.start.back();
                for (std::size_t i = 1; i < starts[item].size(); ++i)
                    part.start.push_back(before + starts[item][i]);
                part.summary.insert(part.summary.end(), summaries[item].begin(),
                                    summaries[item].end());
            }
    });
}

activity::ActivityView WaveActivity::activity(std::size_t position) const
{
    const auto& part = parts_[position];
    const auto frame = frame_->bytes_of(part.first_item, part.last_item);
    const auto value = value_->bytes_of(part.first_item, part.last_item);
    const auto entries = static_cast<std::size_t>(part.start.back());
    return {part.frames,
            part.start,
            {reinterpret_cast<const std::int32_t*>(frame.data()), entries},
            {reinterpret_cast<const double*>(value.data()), entries}};
}

} // namespace rewire::jobs
