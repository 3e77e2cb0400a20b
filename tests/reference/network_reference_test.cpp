// A Poisson network of 40 neurons whose couplings are known (J[pre, post], delay 3 ms, tau 4 ms):
// what each method finds of it.
#include "shared_data.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/spikes/coincidence_test.hpp>
#include <rewire/spikes/compare.hpp>
#include <rewire/spikes/connection_rule.hpp>
#include <rewire/spikes/glmcc.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

using namespace rewire;
using namespace rewire::spikes;

namespace {

constexpr auto units = std::int64_t{40};
constexpr auto max_lag = std::int64_t{100};

std::size_t at(std::int64_t index)
{
    return static_cast<std::size_t>(index);
}

bool never_stop(std::int64_t /*done*/)
{
    return true;
}

std::vector<std::int8_t> signs_of(std::span<const double> values)
{
    auto result = std::vector<std::int8_t>{};
    for (const auto value : values)
        result.push_back(static_cast<std::int8_t>((value > 0) - (value < 0)));
    return result;
}

class Network : public testing::Test
{
  protected:
    void SetUp() override
    {
        const auto path = test::shared_data("reference/spikes/gt_network_40.h5");
        if (path.empty())
            GTEST_SKIP() << test::skipped_reference;
        file_ = io::open_for_reading(path);
        const auto group = io::open_group(file_, "units");
        trains_ = SpikeTrains{io::read_all<std::int64_t>(group, "spike_times_ns"), {0}};
        for (const auto end : io::read_all<std::int64_t>(group, "spike_times_index"))
            trains_.start.push_back(end);
        const auto seconds = io::read_attribute<double>(file_, "T_s");
        observed_ = {{0, std::llround(seconds * 1e9)}};
        truth_ = signs_of(io::read_all<double>(file_, "J_true"));
    }

    Confusion against_truth(std::span<const std::int8_t> called, ConnectionSign sign) const
    {
        return confusion(truth_, called, {}, units, Counting::directed, sign);
    }

    /// Mean of both signs' MCC, each printed.
    double mean_mcc(const char* method, std::span<const std::int8_t> excitatory,
                    std::span<const std::int8_t> inhibitory) const
    {
        const auto e = matthews(against_truth(excitatory, ConnectionSign::excitatory));
        const auto i = matthews(against_truth(inhibitory, ConnectionSign::inhibitory));
        std::printf("%s: MCC excitatory %.3f, inhibitory %.3f, mean %.3f\n", method, e, i,
                    (e + i) / 2);
        return (e + i) / 2;
    }

    std::vector<std::int8_t> glmcc_calls(GlmccMode mode) const
    {
        auto result = std::vector<std::int8_t>(at(units * units), 0);
        const auto settings = GlmccSettings::with(mode, false);
        for (const auto& tile : pair_tiles(units)) {
            const auto pairs = glmcc_tile(trains_.view(), tile, settings, never_stop);
            for_each_pair(tile, [&](auto i, auto j, auto pair) {
                const auto& one = (*pairs)[at(pair)];
                result[at(i * units + j)] = sign_of(one.backward.weight_mv);
                result[at(j * units + i)] = sign_of(one.forward.weight_mv);
            });
        }
        return result;
    }

    static std::int8_t sign_of(double value)
    {
        return static_cast<std::int8_t>((value > 0) - (value < 0));
    }

    io::Handle file_;
    SpikeTrains trains_;
    std::vector<TimeInterval> observed_;
    std::vector<std::int8_t> truth_;
};

} // namespace

TEST_F(Network, TheTableOfMethodsIsCountedTheSameWay)
{
    const auto table = io::read_all<double>(file_, "mcc_table");
    const auto weight = io::read_all<double>(file_, "glmcc_W_mV");
    const auto weight_lr = io::read_all<double>(file_, "glmcc_LR_W_mV");
    const auto detections = [&](const char* excitatory, const char* inhibitory) {
        const auto e = io::read_all<std::uint8_t>(file_, excitatory);
        const auto i = io::read_all<std::uint8_t>(file_, inhibitory);
        auto both = std::pair{std::vector<std::int8_t>(e.begin(), e.end()),
                              std::vector<std::int8_t>(i.begin(), i.end())};
        for (auto& value : both.second)
            value = static_cast<std::int8_t>(-value);
        return both;
    };
    const auto rows = std::vector{
        std::pair{signs_of(weight), signs_of(weight)},
        std::pair{signs_of(weight_lr), signs_of(weight_lr)},
        detections("ccg_E_7sd", "ccg_I_7sd"),
        detections("ccg_E_5sd", "ccg_I_5sd"),
        detections("ccg_jit5_E_7sd", "ccg_jit5_I_7sd"),
        detections("ccg_jit5_E_5sd", "ccg_jit5_I_5sd"),
    };
    for (std::size_t row = 0; row < rows.size(); ++row) {
        SCOPED_TRACE(row);
        const auto e = against_truth(rows[row].first, ConnectionSign::excitatory);
        const auto i = against_truth(rows[row].second, ConnectionSign::inhibitory);
        auto column = table.begin() + static_cast<std::ptrdiff_t>(10 * row);
        for (const auto& one : {e, i}) {
            EXPECT_NEAR(matthews(one), *column++, 1e-12);
            EXPECT_EQ(static_cast<double>(one.true_positive), *column++);
            EXPECT_EQ(static_cast<double>(one.false_positive), *column++);
            EXPECT_EQ(static_cast<double>(one.false_negative), *column++);
            EXPECT_EQ(static_cast<double>(one.true_negative), *column++);
        }
    }
}

TEST_F(Network, GlmccFindsTheCouplingsOfThePublishedTool)
{
    const auto calls = glmcc_calls(GlmccMode::glm);
    const auto calls_lr = glmcc_calls(GlmccMode::likelihood_ratio);

    // Their calls, but for directions whose chance level lies in the window that is one bin off.
    const auto theirs = signs_of(io::read_all<double>(file_, "glmcc_W_mV"));
    auto different = 0;
    for (std::size_t k = 0; k < calls.size(); ++k)
        different += calls[k] != theirs[k];
    EXPECT_LE(different, 3);
    EXPECT_GE(mean_mcc("GLMCC", calls, calls), 0.86);
    EXPECT_GE(mean_mcc("GLMCC, likelihood ratio", calls_lr, calls_lr), 0.84);
}

TEST_F(Network, IntervalJitterWithAFalseDiscoveryRateFindsMost)
{
    const auto trains = binned(trains_.view(), observed_, nanoseconds_per_ms);
    const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 25}, max_lag);
    const auto reference = io::read_all<std::int32_t>(file_, "counts_binned");
    auto p_peak = std::vector<double>(at(units * units), std::nan(""));
    auto p_trough = p_peak;
    for (const auto& tile : pair_tiles(units)) {
        const auto count = count_tile(trains, tile, max_lag, never_stop);
        const auto expected = expected_tile(plan, trains, tile, {}, never_stop);
        const auto tests = test_tile(plan, trains, tile, *count, *expected, {}, never_stop);
        for_each_pair(tile, [&](auto i, auto j, auto pair) {
            for (std::int64_t k = 0; k < 201; ++k)
                ASSERT_EQ((*count)[at(pair * 201 + k)], reference[at((i * units + j) * 201 + k)]);
            const auto& one = (*tests)[at(pair)];
            p_peak[at(i * units + j)] = one.forward.p_peak_strict;
            p_peak[at(j * units + i)] = one.backward.p_peak_strict;
            p_trough[at(i * units + j)] = one.forward.p_trough_strict;
            p_trough[at(j * units + i)] = one.backward.p_trough_strict;
        });
    }

    const auto q_peak = stats::benjamini_hochberg(p_peak);
    const auto q_trough = stats::benjamini_hochberg(p_trough);
    auto excitatory = std::vector<std::int8_t>{};
    auto inhibitory = excitatory;
    for (std::size_t k = 0; k < q_peak.size(); ++k) {
        excitatory.push_back(q_peak[k] <= 0.05);
        inhibitory.push_back(static_cast<std::int8_t>(-(q_trough[k] <= 0.05)));
    }
    EXPECT_GE(mean_mcc("interval jitter, FDR 0.05", excitatory, inhibitory), 0.70);
}
