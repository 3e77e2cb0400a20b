// Correlograms and jitter nulls: the published tool's own output, and numpy straight from the
// definitions.
#include "shared_data.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/spikes/connection_rule.hpp>
#include <rewire/spikes/correlogram.hpp>
#include <rewire/spikes/jitter.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace rewire;
using namespace rewire::spikes;

namespace {

constexpr auto max_lag = std::int64_t{100};
constexpr auto second = nanoseconds_per_second;

std::size_t at(std::int64_t index)
{
    return static_cast<std::size_t>(index);
}

BinnedTrains trials_of(hid_t file)
{
    const auto shape = io::shape_of(io::open_dataset(file, "spikes"));
    const auto spikes = io::read_all<std::uint8_t>(file, "spikes");
    auto packed = PackedTrials{shape[0], shape[1], shape[2], (shape[2] + 63) / 64};
    packed.bits.assign(at(packed.units * packed.trials * packed.words), 0);
    packed.clipped.assign(at(packed.units), 0);
    for (std::size_t k = 0; k < spikes.size(); ++k) {
        const auto row = static_cast<std::int64_t>(k) / packed.bins;
        const auto bin = static_cast<std::int64_t>(k) % packed.bins;
        if (spikes[k] != 0)
            packed.bits[at(row * packed.words + bin / 64)] |= std::uint64_t{1} << (bin % 64);
    }
    return binned(packed, nanoseconds_per_ms);
}

void expect_near(std::span<const double> ours, std::span<const double> theirs, double tolerance)
{
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t k = 0; k < ours.size(); ++k)
        ASSERT_NEAR(ours[k], theirs[k], tolerance * std::max(1.0, std::abs(theirs[k]))) << k;
}

void expect_call(const io::Handle& group, std::span<const double> corrected)
{
    const auto published = connection_call(corrected, {.flank_of_published_code = true});
    const auto symmetric = connection_call(corrected);
    const auto attribute = [&](const char* name) {
        return io::read_attribute<double>(group, name);
    };

    EXPECT_NEAR(published.flank_sd, attribute("std_code"), 1e-12);
    EXPECT_NEAR(symmetric.flank_sd, attribute("std_51_100"), 1e-12);
    EXPECT_NEAR(published.peak, attribute("peak_max"), 1e-12);
    EXPECT_NEAR(published.trough, attribute("trough_min"), 1e-12);
    EXPECT_EQ(published.peak_lag, io::read_attribute<std::int64_t>(group, "peak_lag"));
    EXPECT_EQ(published.trough_lag, io::read_attribute<std::int64_t>(group, "trough_lag"));
    EXPECT_NEAR(published.peak / published.flank_sd, attribute("alpha_w_code"), 1e-9);
}

void expect_null(hid_t file, const BinnedTrains& trains, const std::string& name,
                 const JitterSettings& settings, std::int64_t i, std::int64_t j)
{
    const auto pair_name = fmt::format("pair_{}_{}", i, j);
    SCOPED_TRACE(pair_name + " " + name);
    const auto pair = io::open_group(file, pair_name);
    const auto group = io::open_group(pair, name);
    const auto plan = JitterPlan(trains.timeline, settings, max_lag);
    const auto count = count_pair(trains, i, j, max_lag);
    const auto raw = count_pair(trains, i, j, plan.reach());
    const auto expected = expected_counts(plan, jitter_unit(plan, trains.train(i)),
                                          jitter_unit(plan, trains.train(j)), raw);
    const auto overlap = overlap_s(trains.timeline, max_lag);
    const auto observed = std::vector<double>(count.begin(), count.end());
    const auto ccg = normalised(observed, trains.rate_hz(i), trains.rate_hz(j), overlap);
    const auto ccg_jitter = normalised(expected, trains.rate_hz(i), trains.rate_hz(j), overlap);
    auto corrected = ccg;
    for (std::size_t k = 0; k < ccg.size(); ++k)
        corrected[k] -= ccg_jitter[k];

    expect_near(observed, io::read_all<double>(pair, "counts"), 0);
    expect_near(ccg, io::read_all<double>(pair, "ccg"), 1e-15);
    expect_near(expected, io::read_all<double>(group, "expected_counts"), 1e-12);
    expect_near(ccg_jitter, io::read_all<double>(group, "ccg_jitter"), 1e-15);
    expect_near(corrected, io::read_all<double>(group, "ccg_corrected"), 1e-15);
    expect_call(group, corrected);
    if (io::exists(pair, "ccg_peer")) { // the published tool, where it does not raise
        expect_near(ccg, io::read_all<double>(pair, "ccg_peer"), 1e-15);
        if (settings.kind == Jitter::pattern)
            expect_near(ccg_jitter, io::read_all<double>(pair, "ccg_jitter_peer"), 1e-10);
    }
    if (!io::exists(group, "mc_mean_counts"))
        return;
    // numpy's 10,000 surrogates scatter around the closed form: rms z over lags near 1.
    const auto mean = io::read_all<double>(group, "mc_mean_counts");
    const auto variance = io::read_all<double>(group, "mc_var_counts");
    const auto surrogates = io::read_attribute<std::int64_t>(file, "n_mc");
    auto squares = 0.0;
    for (std::size_t k = 0; k < mean.size(); ++k)
        squares +=
            std::pow(mean[k] - expected[k], 2) * static_cast<double>(surrogates) / variance[k];
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(mean.size())), 1, 0.2);
}

void expect_file(const std::string& name)
{
    const auto path = test::shared_data("reference/spikes/" + name);
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto trains = trials_of(file);
    const auto window = io::read_attribute<std::int64_t>(file, "window_bins");
    const auto dither = io::read_attribute<std::int64_t>(file, "dither_bins");
    for (std::int64_t i = 0; i < trains.units(); ++i)
        for (std::int64_t j = 0; j < trains.units(); ++j) {
            if (i == j)
                continue;
            expect_null(file, trains, "psth_window", {Jitter::pattern, window}, i, j);
            expect_null(file, trains, "uniform_window", {Jitter::interval, window}, i, j);
            expect_null(file, trains, "dither", {Jitter::dither, dither}, i, j);
        }
}

SpikeTrains trains_in(hid_t units)
{
    auto result = SpikeTrains{io::read_all<std::int64_t>(units, "spike_times_ns"), {0}};
    for (const auto end : io::read_all<std::int64_t>(units, "spike_times_index"))
        result.start.push_back(end);
    return result;
}

/// Datasets [unit, unit, lag] of the 20 simulated neurons.
class SimulatedNeurons
{
  public:
    explicit SimulatedNeurons(hid_t file) : file_(file) {}

    std::vector<double> lags(const std::string& name, std::int64_t i, std::int64_t j)
    {
        auto& all = read_[name];
        if (all.empty())
            all = io::read_all<double>(file_, name);
        const auto lag_number = std::ssize(all) / 400;
        const auto first = all.begin() + (i * 20 + j) * lag_number;
        return {first, first + lag_number};
    }

  private:
    hid_t file_;
    std::map<std::string, std::vector<double>> read_;
};

/// Columns: peak / SD, peak lag, trough / SD, trough lag; the published flank.
void expect_alpha_w(const std::vector<double>& row, std::span<const double> corrected)
{
    const auto call = connection_call(corrected, {.flank_of_published_code = true});
    EXPECT_NEAR(call.peak / call.flank_sd, row[0], 1e-9 * std::abs(row[0]) + 1e-9);
    EXPECT_EQ(static_cast<double>(call.peak_lag), row[1]);
    EXPECT_NEAR(call.trough / call.flank_sd, row[2], 1e-9 * std::abs(row[2]) + 1e-9);
    EXPECT_EQ(static_cast<double>(call.trough_lag), row[3]);
}

} // namespace

TEST(CcgReference, SmallTrials)
{
    expect_file("ccg_jitter_small.h5");
}

TEST(CcgReference, TrialsThatAreNotWholeWindows)
{
    expect_file("ccg_jitter_partial_window.h5");
}

TEST(CcgReference, TwentySimulatedNeurons)
{
    const auto path = test::shared_data("reference/spikes/ccg_hh20_0_5400s.h5");
    const auto data = test::shared_data("data/hh20/hh20_0_5400s.h5");
    if (path.empty() || data.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto spikes = io::open_for_reading(data);
    const auto trains = trains_in(io::open_group(spikes, "units"));
    const auto observed = std::vector<TimeInterval>{{0, 5400 * second}};
    const auto whole = binned(trains.view(), observed, nanoseconds_per_ms);
    auto windows = TrialWindows{{}, 1000, nanoseconds_per_ms};
    for (std::int64_t trial = 0; trial < 5400; ++trial)
        windows.start_ns.push_back(trial * second);
    const auto cut = binned(packed_trials(trains.view(), windows), nanoseconds_per_ms);
    const auto interval = JitterPlan(whole.timeline, {Jitter::interval, 25}, max_lag);
    const auto dither = JitterPlan(whole.timeline, {Jitter::dither, 5}, max_lag);
    const auto pattern = JitterPlan(cut.timeline, {Jitter::pattern, 25}, max_lag);
    const auto overlap = overlap_s(whole.timeline, max_lag);
    const auto cut_overlap = overlap_s(cut.timeline, max_lag);
    const auto rate = io::read_all<double>(file, "rate_hz");
    const auto chance = io::read_all<double>(file, "n12_tau_counts");
    auto reference = SimulatedNeurons(file);

    for (std::int64_t i = 0; i < 20; ++i)
        for (std::int64_t j = 0; j < 20; ++j) {
            if (i == j)
                continue;
            SCOPED_TRACE(fmt::format("{} {}", i, j));
            const auto raw = count_pair(whole, i, j, dither.reach());
            const auto count = count_pair(whole, i, j, max_lag);
            const auto cut_count = count_pair(cut, i, j, max_lag);
            const auto expected_of = [&](const JitterPlan& plan, const BinnedTrains& of) {
                return expected_counts(plan, jitter_unit(plan, of.train(i)),
                                       jitter_unit(plan, of.train(j)), raw);
            };
            const auto uniform = expected_of(interval, whole);
            const auto displaced = expected_of(dither, whole);
            const auto permuted = expected_of(pattern, cut);
            const auto observed_count = std::vector<double>(count.begin(), count.end());
            const auto ccg =
                normalised(observed_count, whole.rate_hz(i), whole.rate_hz(j), overlap);
            const auto corrected = [&](const std::vector<std::int32_t>& from,
                                       const std::vector<double>& expected,
                                       const std::vector<double>& seconds) {
                auto difference = std::vector<double>(from.begin(), from.end());
                for (std::size_t k = 0; k < from.size(); ++k)
                    difference[k] -= expected[k];
                return normalised(difference, whole.rate_hz(i), whole.rate_hz(j), seconds);
            };

            expect_near(observed_count, reference.lags("counts_binned", i, j), 0);
            expect_near(std::vector<double>(cut_count.begin(), cut_count.end()),
                        reference.lags("counts_trials1s", i, j), 0);
            expect_near(ccg, reference.lags("ccg_continuous", i, j), 1e-15);
            expect_near(uniform, reference.lags("expected_counts_uniform25_continuous", i, j),
                        1e-11);
            expect_near(displaced, reference.lags("expected_counts_dither5_continuous", i, j),
                        1e-11);
            expect_near(permuted, reference.lags("expected_counts_psth25_trials1s", i, j), 1e-11);
            expect_alpha_w(reference.lags("alpha_w/none", i, j), median_subtracted(ccg));
            expect_alpha_w(reference.lags("alpha_w/uniform25_continuous", i, j),
                           corrected(count, uniform, overlap));
            expect_alpha_w(reference.lags("alpha_w/dither5_continuous", i, j),
                           corrected(count, displaced, overlap));
            expect_alpha_w(reference.lags("alpha_w/psth25_trials1s", i, j),
                           corrected(cut_count, permuted, cut_overlap));
            EXPECT_NEAR(chance_coincidences(whole.rate_hz(i), whole.rate_hz(j), 5400, 0.004),
                        chance[at(i * 20 + j)], 1e-9);
            EXPECT_NEAR(whole.rate_hz(i), rate[at(i)], 1e-12);
            if (::testing::Test::HasFailure())
                return;
        }
}
