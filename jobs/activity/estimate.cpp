#include "estimate.hpp"

#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

/// Entries of a smoothed trace per frame, for estimates: thresholding at two standard deviations
/// keeps 1-2 % of the frames and smoothing widens each to five.
constexpr auto expected_density = 0.07;
constexpr auto entry_bytes = sizeof(std::int32_t) + sizeof(double);
/// A block of neurons holds at most this much dF/F.
constexpr auto block_limit_bytes = 64e6;

} // namespace

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

double session_bytes(const io::StudySession& session)
{
    const auto& activity = *session.record.activity;
    return activity_bytes(activity) +
           33.0 * static_cast<double>(base::pair_count(activity.neurons));
}

runtime::Estimate deconvolution_estimate(const io::Study& study,
                                         const std::vector<std::size_t>& sessions,
                                         const runtime::Options& options,
                                         const ActivityRates& rates)
{
    require_feed(study, io::Feed::activity);
    auto estimate = runtime::Estimate{};
    estimate.node_bytes = largest_wave(
        study, sessions, session_bytes, node_limit_bytes(options),
        [](const io::StudySession& session) { return activity_bytes(*session.record.activity); });
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
        const auto file =
            2 * bytes / rates.files.file_bytes_per_s + bytes / rates.files.checked_bytes_per_s;
        files += file;
        longest_file = std::max(longest_file, file);
        const auto work =
            static_cast<double>(activity.frames * activity.neurons) / rates.oasis_samples_per_s +
            bytes / rates.files.file_bytes_per_s;
        const auto parts = static_cast<std::int64_t>(neuron_blocks(activity).size());
        seconds += work;
        longest = std::max(longest, work / static_cast<double>(std::max<std::int64_t>(parts, 1)));
        blocks += parts;
        const auto with_neuropil =
            baseline_of(options) != calcium::BaselineKind::none && !activity.neuropil.empty();
        estimate.rank_bytes =
            std::max(estimate.rank_bytes, (with_neuropil ? 2.9 : 1.9) * block_bytes(activity));
        estimate.checkpoint_bytes += activity_bytes(activity);
    }
    estimate.rank_bytes += runtime::base_rank_bytes;
    estimate.add_phase("inputs", files, static_cast<std::int64_t>(sessions.size()), longest_file);
    estimate.add_phase("deconvolve", seconds, blocks, longest);
    estimate.notes.push_back(fmt::format("files are taken to be read at {:.0f} MB/s by each rank",
                                         rates.files.file_bytes_per_s / 1e6));
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

} // namespace rewire::jobs
