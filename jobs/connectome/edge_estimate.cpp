#include "edge_estimate.hpp"

#include "edge_sessions.hpp"
#include "edge_tables.hpp"
#include "edge_units.hpp"
#include "jobs/activity/estimate.hpp"
#include "jobs/frame/session_job.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/calcium/moment_parts.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

std::int64_t entries_of(const io::ActivityInfo& activity)
{
    return static_cast<std::int64_t>(activity_bytes(activity) / 12);
}

std::int64_t events_of(const io::ActivityInfo& activity)
{
    return static_cast<std::int64_t>(event_share * activity_bytes(activity) /
                                     (sizeof(std::int32_t) + sizeof(double)));
}

namespace {

/// Traces that something was taken out of are prepared with their tables, by one rank.
bool made_whole(const ConnectomeSettings& settings)
{
    return !settings.covariates.empty() || settings.highpass_s > 0;
}

/// Of one channel a series.
double covariate_count(const io::ActivityInfo& activity, const ConnectomeSettings& settings)
{
    const auto lags = 2 * std::round(settings.covariate_lags_s * activity.rate_hz) + 1;
    const auto period_frames = settings.highpass_s * activity.rate_hz;
    return static_cast<double>(settings.covariates.size()) * lags +
           (period_frames > 0 ? 2 * static_cast<double>(activity.frames) / period_frames : 0);
}

/// What is slower of whole traces: their products, and covariates taken out each time they are
/// read. Fitted: 500 neurons x 42,000 frames and 50 cosines.
double covariate_seconds(const io::ActivityInfo& activity, const ConnectomeSettings& settings)
{
    constexpr auto flops_per_s = 15e9;
    const auto samples =
        static_cast<double>(activity.neurons) * static_cast<double>(activity.frames);
    return (3 * samples * static_cast<double>(activity.neurons) +
            12 * samples * covariate_count(activity, settings)) /
           flops_per_s;
}

std::vector<double> sums_of(const std::vector<double>& bytes, const std::vector<std::size_t>& batch)
{
    auto sums = std::vector<double>(batch.empty() ? 1 : batch.back() + 1);
    for (std::size_t v = 0; v < batch.size(); ++v)
        sums[batch[v]] += bytes[v];
    return sums;
}

double largest(const std::vector<double>& values)
{
    return *std::max_element(values.begin(), values.end());
}

double event_bytes(const io::ActivityInfo& activity, const ConnectomeSettings& settings)
{
    return calcium::event_jitter_bytes(activity.neurons, activity.frames, events_of(activity),
                                       window_frames_of(activity, settings));
}

/// Shares of the whole closed form of a session, measured at 500 neurons x 42,000 frames.
constexpr auto share_of_preparation = 0.05;
constexpr auto share_of_tables = 0.6; ///< both rounds
constexpr auto share_of_jitter = 0.05;
constexpr auto share_of_displaced = 0.6;

double edge_seconds(const io::ActivityInfo& activity, bool displaced, const ConnectomeRates& rates)
{
    return (displaced ? share_of_displaced : 1) *
           (edge_flops(activity.neurons, activity.frames, base::pair_count(activity.neurons)) /
                rates.edge_flops_per_s +
            1e-3);
}

} // namespace

double edge_preparation_seconds(const io::ActivityInfo& activity, const ConnectomeRates& rates)
{
    return share_of_preparation * edge_seconds(activity, false, rates);
}

double edge_part_seconds(const io::ActivityInfo& activity, bool displaced,
                         const ConnectomeRates& rates)
{
    const auto parts = calcium::MomentParts::count(activity.neurons);
    return share_of_tables / 2 * edge_seconds(activity, displaced, rates) /
           static_cast<double>(std::max<std::int64_t>(parts, 1));
}

double edge_jitter_seconds(const io::ActivityInfo& activity, const ConnectomeRates& rates)
{
    return share_of_jitter * edge_seconds(activity, false, rates);
}

double edge_tiles_seconds(const io::ActivityInfo& activity, std::int64_t tiles, bool displaced,
                          const ConnectomeRates& rates)
{
    const auto all = static_cast<std::int64_t>(calcium::pair_tiles(activity.neurons).size());
    return (1 - share_of_tables - share_of_preparation - share_of_jitter) *
           edge_seconds(activity, displaced, rates) * static_cast<double>(tiles) /
           static_cast<double>(std::max<std::int64_t>(all, 1));
}

double window_trial_seconds(const io::ActivityInfo& activity, std::int64_t window_frames,
                            const ConnectomeRates& rates)
{
    return window_flops(activity.neurons, activity.frames, window_frames) / rates.edge_flops_per_s +
           1e-3;
}

double edge_version_bytes(const io::ActivityInfo& activity, const ConnectomeSettings& settings,
                          bool displaced)
{
    return edge_table_bytes(activity.neurons, activity.frames,
                            calcium::event_jitter_bytes(activity.neurons, activity.frames,
                                                        events_of(activity),
                                                        window_frames_of(activity, settings)),
                            displaced);
}

double edge_prepared_bytes(const io::ActivityInfo& activity, const ConnectomeSettings& settings,
                           bool displaced)
{
    const auto prepared = edge_preparation_bytes(activity.neurons, activity.frames,
                                                 static_cast<double>(entries_of(activity)));
    return made_whole(settings)
               ? prepared + edge_table_bytes(activity.neurons, activity.frames, 0, displaced)
               : prepared;
}

namespace {

std::vector<std::size_t> batches_within(double most_bytes, const std::vector<double>& bytes)
{
    auto batches = std::vector<std::size_t>{};
    auto sum = 0.0;
    for (const auto more : bytes) {
        const auto begins = batches.empty() || sum + more > most_bytes;
        sum = begins ? more : sum + more;
        batches.push_back(batches.empty() ? 0 : batches.back() + (begins ? 1 : 0));
    }
    return batches;
}

} // namespace

std::vector<std::size_t> edge_batches(const std::vector<double>& version_bytes)
{
    return batches_within(1.5e9, version_bytes);
}

std::vector<std::size_t> edge_groups(const std::vector<double>& prepared_bytes,
                                     const std::vector<double>& version_bytes)
{
    const auto batch = edge_batches(version_bytes);
    auto of_batch = std::vector<double>(batch.empty() ? 0 : batch.back() + 1);
    for (std::size_t v = 0; v < batch.size(); ++v)
        of_batch[batch[v]] += prepared_bytes[v];
    const auto group_of_batch = batches_within(1e9, of_batch);
    auto groups = std::vector<std::size_t>{};
    for (const auto of_version : batch)
        groups.push_back(group_of_batch[of_version]);
    return groups;
}

void EdgeEstimate::add(const io::ActivityInfo& activity)
{
    const auto pairs = static_cast<double>(base::pair_count(activity.neurons));
    const auto whole = made_whole(settings_);
    const auto jitter = event_bytes(activity, settings_);
    for (std::int64_t draw = -1; draw < settings_.displacements; ++draw) {
        const auto seconds = edge_seconds(activity, draw >= 0, rates_) +
                             (whole ? covariate_seconds(activity, settings_) : 0);
        seconds_ += seconds;
        if (whole)
            longest_s_ = std::max(longest_s_, seconds);
        tables_.push_back(edge_version_bytes(activity, settings_, draw >= 0));
        kept_.push_back(whole ? jitter : tables_.back());
        preparation_.push_back(edge_prepared_bytes(activity, settings_, draw >= 0));
    }
    longest_s_ = std::max(longest_s_, edge_preparation_seconds(activity, rates_));
    units_ += static_cast<std::int64_t>(
        edge_units_of({activity.neurons}, settings_.displacements).size());
    const auto scratch = runtime::base_rank_bytes + calcium::moment_scratch_bytes(activity.frames);
    rank_bytes_ = std::max(rank_bytes_, scratch);
    // Tests of all pairs are put together on rank 0 when the tables are gone.
    early_rank_bytes_ = std::max(early_rank_bytes_,
                                 runtime::base_rank_bytes + activity_bytes(activity) +
                                     5 * pairs * test_bytes); // fitted: 3.0 GB of 2,000 x 40,000
    if (whole) // one version, its traces, and covariates as they are read and as a basis
        early_rank_bytes_ =
            std::max(early_rank_bytes_, scratch + activity_bytes(activity) +
                                            edge_prepared_bytes(activity, settings_, false) +
                                            8 * static_cast<double>(activity.frames) *
                                                (static_cast<double>(activity.neurons) +
                                                 3 * covariate_count(activity, settings_)));
}

void EdgeEstimate::add_to(runtime::Estimate& estimate) const
{
    estimate.rank_bytes = std::max(estimate.rank_bytes, rank_bytes_);
    estimate.early_rank_bytes = std::max(estimate.early_rank_bytes, early_rank_bytes_);
    const auto largest_group = largest(sums_of(preparation_, edge_groups(preparation_, tables_)));
    const auto largest_batch = largest(sums_of(kept_, edge_batches(tables_)));
    estimate.node_bytes += largest_batch + largest_group;
    // What ranks prepared lies beside the shared for a moment, before there are tables.
    estimate.spread_bytes = std::max(estimate.spread_bytes, largest_group - largest_batch);
    if (units_ > 0)
        estimate.add_phase("edges", seconds_, units_, longest_s_);
}

} // namespace rewire::jobs
