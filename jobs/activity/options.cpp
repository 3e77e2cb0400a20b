#include "options.hpp"

#include "jobs/frame/entry.hpp"
#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/calcium/event_smoothing.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace rewire::jobs {

namespace {

double tau_of(const io::StudySession& session, const ActivitySettings& settings)
{
    if (settings.tau_s)
        return *settings.tau_s;
    if (session.tau_s)
        return *session.tau_s;
    throw base::UsageError(
        "the decay time of the indicator is not known", session.record.file,
        "give --tau-s (GCaMP6f about 0.7, GCaMP5G about 1) or a column tau_s in study.tsv");
}

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

/// Whether the result of the job was computed with the same activity.
bool shares_activity_options(const Entry& entry)
{
    const auto own = activity_options();
    return entry.has_result &&
           std::all_of(own.begin(), own.end(), [&](const runtime::Option& option) {
               return std::any_of(entry.job.options.begin(), entry.job.options.end(),
                                  [&](const auto& other) { return other.name == option.name; });
           });
}

} // namespace

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
         .maximum = 60,
         .placeholder = "X"},
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
        {.name = "baseline",
         .default_value = "none",
         .help = "of raw fluorescence, subtracted from every trace after 0.7 times the neuropil: "
                 "none for dF/F, the 8th percentile, or maximin over 60 s as suite2p",
         .choices = {"none", "percentile", "maximin"}},
        {.name = "smoothing-s",
         .kind = runtime::OptionKind::real,
         .unit = "s",
         .help = "width over which events are smoothed, to the nearest odd number of frames "
                 "(default: five frames, 0.18 s at the 28 Hz of the paper)",
         .source = "2.3",
         .minimum = 1e-3,
         .maximum = 60},
    };
}

std::vector<runtime::Option> signal_options()
{
    auto options = activity_options();
    std::erase_if(options, [](const auto& option) { return option.name != "baseline"; });
    return options;
}

void adopt_activity_options(runtime::RunContext& context)
{
    // Rank 0 looks and tells: file systems of a cluster do not show all nodes the same at the same
    // time.
    auto packer = base::Packer{};
    mpi::collective(context.comm(), [&] {
        for (const auto& entry : entries_of(context)) {
            const auto path = context.options().path("results") / entry.file();
            if (!context.comm().is_root() || !shares_activity_options(entry) ||
                entry.name() == context.job_name() || // its own: compared field by field later
                !std::filesystem::exists(path))
                continue;
            const auto record = io::read_record(io::open_for_reading(path));
            for (const auto& [option, value] : record.options)
                for (const auto& shared : activity_options())
                    if (option == shared.name && (!value.empty() || option == "smoothing-s")) {
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
        if (!context.options().given(option)) {
            if (!value.empty())
                context.adopt(option, value);
        } else if (!same_value(context.options().text(option), value))
            throw base::UsageError(
                fmt::format("--{} {} here, but {} in an earlier result of this folder", option,
                            context.options().text(option), value.empty() ? "none" : value),
                file,
                "leave the option out to go on with the same, or choose another folder with "
                "--results");
    }
}

ActivitySettings activity_settings(const runtime::Options& options)
{
    const auto number = [&](const char* name) {
        return options.has(name) ? std::optional(options.real(name)) : std::nullopt;
    };
    return {.nwb = nwb_options(options),
            .tau_s = number("tau-s"),
            .oasis = options.text("oasis") == "suite2p" ? calcium::OasisVariant::suite2p
                                                        : calcium::OasisVariant::farci,
            .nan = *io::parse_nan_policy(options.text("nan")),
            .baseline = baseline_of(options),
            .smoothing_s = number("smoothing-s")};
}

calcium::BaselineKind baseline_of(const runtime::Options& options)
{
    const auto name = options.text("baseline");
    return name == "maximin"      ? calcium::BaselineKind::maximin
           : name == "percentile" ? calcium::BaselineKind::percentile
                                  : calcium::BaselineKind::none;
}

std::int64_t taps_of(const io::StudySession& session, const ActivitySettings& settings)
{
    return settings.smoothing_s
               ? calcium::taps_for(*settings.smoothing_s, session.record.activity->rate_hz)
               : calcium::paper_taps;
}

calcium::OasisParameters oasis_of(const io::StudySession& session, double tau_s,
                                  const ActivitySettings& settings)
{
    return {.tau_s = tau_s, .rate_hz = session.record.activity->rate_hz, .variant = settings.oasis};
}

double checked_tau(const io::StudySession& session, const ActivitySettings& settings)
{
    const auto tau_s = tau_of(session, settings);
    calcium::oasis_decay(oasis_of(session, tau_s, settings));
    return tau_s;
}

void require_tau(const io::Study& study, const ActivitySettings& settings)
{
    require_feed(study, io::Feed::activity);
    for (const auto& session : study.sessions)
        checked_tau(session, settings);
}

} // namespace rewire::jobs
