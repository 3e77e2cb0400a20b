// The static part of DyNetCP: the published PyTorch implementation's own output.
#include "dynetcp_reference.hpp"
#include "shared_data.hpp"

#include <rewire/dynetcp/adam.hpp>
#include <rewire/dynetcp/averages.hpp>
#include <rewire/dynetcp/connections.hpp>
#include <rewire/dynetcp/dynamics.hpp>
#include <rewire/dynetcp/static_training.hpp>
#include <rewire/spikes/jitter.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <tuple>
#include <utility>

using namespace rewire;
using namespace rewire::dynetcp;

namespace {

constexpr auto batch = std::int64_t{4};

/// What the published code reports of a case, and what ours makes of it.
template <typename Real>
class StaticCase
{
  public:
    StaticCase(const io::Handle& file, const std::string& name)
        : corrected_(name == "jitter_corrected"),
          values_(test::read_trial_values(file, corrected_ ? "jittered_spikes" : "spikes")),
          shape_{values_.neurons, io::read_attribute<std::int64_t>(file, "kernel_size_K")},
          group_(io::open_group(file, name + "/float64")),
          lambda_(io::read_attribute<double>(group_, "lambda_l2_coef")),
          initial_(test::read_static_parameters(io::open_group(group_, "initial")))
    {
    }

    void expect_forward(double tolerance)
    {
        const auto parameters = test::converted<Real>(initial_);
        const auto theirs = io::read_all<double>(group_, "logits");
        const auto neurons = static_cast<std::size_t>(shape_.neurons);
        auto ours = std::vector<Real>(theirs.size());
        auto row = std::vector<Real>(static_cast<std::size_t>(values_.bins));
        auto nll = std::vector<double>{};
        for (std::int64_t trial = 0; trial < values_.trials; ++trial) {
            for (std::int64_t receiver = 0; receiver < shape_.neurons; ++receiver) {
                static_logits<Real>(values_, trial, shape_.lags, of(parameters, receiver), row);
                const auto first = static_cast<std::size_t>(trial * (values_.bins - 1)) * neurons;
                for (std::size_t bin = 1; bin < row.size(); ++bin)
                    ours[first + (bin - 1) * neurons + static_cast<std::size_t>(receiver)] =
                        row[bin];
            }
            nll.push_back(add_trials<Real>(trial_, shape_, values_,
                                           std::span<const std::int64_t>(&trial, 1), parameters, 1,
                                           {}));
        }
        const auto square = mean_square_weight<Real>(shape_, parameters);
        const auto squares = std::vector<double>(nll.size(), square);

        test::expect_close<Real>(ours, theirs, tolerance, "logits");
        test::expect_close<double>(
            nll,
            io::read_all<double>(group_, corrected_ ? "per_trial_corrected_nll" : "per_trial_nll"),
            tolerance, "nll");
        test::expect_close<double>(squares, io::read_all<double>(group_, "per_trial_l2_reg"),
                                   tolerance, "mean squared weight");
    }

    void expect_gradient(double tolerance)
    {
        const auto first = io::open_group(group_, "first_batch");
        auto parameters = test::converted<Real>(initial_);
        auto gradient = std::vector<Real>(parameters.size(), 0);

        const auto loss = add_batch(0, parameters, gradient);

        const auto theirs = test::read_static_parameters(io::open_group(first, "gradient"));
        test::expect_close<Real>(gradient, theirs, tolerance, "gradient");
        const auto norm = io::read_scalar<double>(first, "gradient_total_norm");
        EXPECT_NEAR(norm_of<Real>(gradient), norm, tolerance * norm);
        const auto mean = io::read_scalar<double>(first, "loss_mean");
        EXPECT_NEAR(loss, mean, tolerance * mean);
    }

    /// @param per_rate of the learning rate, that parameters may be off; 0: by `tolerance`
    void expect_adam(const std::string& run, double tolerance, double per_rate)
    {
        SCOPED_TRACE(run);
        const auto group = io::open_group(group_, run);
        const auto settings =
            AdamSettings{.learning_rate = io::read_attribute<double>(group, "lr")};
        const auto clip = io::read_attribute<double>(group, "clip_grad_norm");
        auto parameters = test::converted<Real>(initial_);
        auto state = AdamState<Real>{};
        auto losses = std::vector<double>{};
        auto norms = std::vector<double>{};
        for (std::int64_t step = 0; step < 10; ++step) {
            mask_self_lag_0<Real>(shape_, parameters);
            auto gradient = std::vector<Real>(parameters.size(), 0);
            losses.push_back(add_batch(step * batch % values_.trials, parameters, gradient));
            norms.push_back(norm_of<Real>(gradient));
            adam_step<Real>(settings, state, gradient, clip_factor(norms.back(), clip), parameters);
            if (step != 0 && step != 9)
                continue;
            const auto after = io::open_group(group, fmt::format("after_step_{}", step + 1));
            expect_parameters(parameters, after, "parameters_before_masking", tolerance,
                              per_rate * settings.learning_rate);
            if (per_rate > 0)
                continue;
            expect_parameters(state.first, after, "adam_first_moment", tolerance, 0);
            expect_parameters(state.second, after, "adam_second_moment", tolerance, 0);
        }
        test::expect_close<double>(losses, io::read_all<double>(group, "loss_mean_at_each_step"),
                                   tolerance, "losses");
        test::expect_close<double>(
            norms, io::read_all<double>(group, "gradient_norm_before_clip_at_each_step"), tolerance,
            "norms");
    }

  private:
    std::span<const Real> of(const std::vector<Real>& parameters, std::int64_t receiver) const
    {
        const auto count = static_cast<std::size_t>(shape_.parameters());
        return std::span(parameters).subspan(static_cast<std::size_t>(receiver) * count, count);
    }

    double add_batch(std::int64_t first, const std::vector<Real>& parameters,
                     std::vector<Real>& gradient)
    {
        const auto loss =
            add_trials<Real>(trial_, shape_, values_, test::counting(first, first + batch),
                             parameters, 1.0 / batch, gradient) /
            batch;
        add_penalty_gradient<Real>(shape_, lambda_, parameters, gradient);
        return loss + lambda_ * mean_square_weight<Real>(shape_, parameters);
    }

    static void expect_parameters(const std::vector<Real>& ours, const io::Handle& after,
                                  const std::string& name, double tolerance, double absolute)
    {
        const auto theirs = test::read_static_parameters(io::open_group(after, name));
        const auto share = absolute > 0 ? absolute / test::largest(theirs) : tolerance;
        test::expect_close<Real>(ours, theirs, share, name);
    }

    bool corrected_;
    TrialValues values_;
    StaticShape shape_;
    io::Handle group_;
    double lambda_;
    std::vector<double> initial_;
    StaticTrial<Real> trial_{shape_};
};

constexpr auto cases = {"original", "original_lambda_0.1", "jitter_corrected"};
constexpr auto runs = {"adam_lr_1e-4_clip_5", "adam_lr_1e-2_clip_0.02"};

template <typename Real>
void expect_all(double forward, double gradient, double adam, double per_rate)
{
    const auto path = test::shared_data("reference/dynetcp/static.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    for (const auto* name : cases) {
        SCOPED_TRACE(name);
        auto one = StaticCase<Real>(file, name);
        one.expect_forward(forward);
        one.expect_gradient(gradient);
        for (const auto* run : runs)
            one.expect_adam(run, adam, per_rate);
    }
}

} // namespace

TEST(StaticReference, DoubleAgreesWithThePublishedCode)
{
    expect_all<double>(1e-10, 1e-10, 1e-10, 0);
}

TEST(StaticReference, SingleAgreesWithThePublishedCodeInDouble)
{
    expect_all<float>(1e-6, 1e-6, 1e-5, 0.02);
}

TEST(StaticReference, BiasStartsFromTheRate)
{
    const auto path = test::shared_data("reference/dynetcp/static.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto values = test::read_trial_values(file, "spikes");

    const auto rates = mean_values(values);

    test::expect_close<double>(rates, io::read_all<double>(file, "mean_rates"), 1e-14, "rates");
    const auto bias = io::read_all<double>(file, "original/float64/initial/decoder.model.bias");
    for (std::size_t neuron = 0; neuron < bias.size(); ++neuron)
        EXPECT_NEAR(initial_bias(rates[neuron]), bias[neuron], 1e-6 * std::abs(bias[neuron]));
}

/// The expected trains of the pattern jitter are what the corrected model is trained on.
TEST(StaticReference, PatternJitterMakesTheCorrectedTrains)
{
    const auto path = test::shared_data("reference/dynetcp/static.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto values = test::read_trial_values(file, "spikes");
    const auto theirs = io::read_all<double>(file, "jittered_spikes");
    const auto timeline =
        spikes::trial_timeline(values.trials, values.bins, spikes::nanoseconds_per_ms);
    const auto plan = spikes::JitterPlan(timeline, {spikes::Jitter::pattern, 25}, 10);
    for (std::int64_t neuron = 0; neuron < values.neurons; ++neuron) {
        auto train = std::vector<std::int32_t>{};
        for (std::int64_t trial = 0; trial < values.trials; ++trial)
            for (const auto bin : values.row(trial, neuron).bin)
                train.push_back(static_cast<std::int32_t>(
                    timeline.segments[static_cast<std::size_t>(trial)].first + bin));

        const auto expected = spikes::expected_train(plan, train);

        for (std::int64_t trial = 0; trial < values.trials; ++trial)
            for (std::int64_t bin = 0; bin < values.bins; ++bin) {
                const auto first = timeline.segments[static_cast<std::size_t>(trial)].first;
                ASSERT_NEAR(expected[static_cast<std::size_t>(first + bin)],
                            theirs[static_cast<std::size_t>(
                                (trial * values.bins + bin) * values.neurons + neuron)],
                            1e-12);
            }
    }
}

TEST(StaticReference, ThresholdRuleFindsThePublishedEdges)
{
    const auto path = test::shared_data("reference/dynetcp/threshold_edges.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    auto weights =
        io::read_all<double>(file, "static_weights_before_self_masking_sender_receiver_lag");
    const auto jittered = io::read_all<double>(file, "jittered_model_weights_sender_receiver_lag");
    for (std::size_t k = 0; k < weights.size(); ++k)
        weights[k] -= jittered[k];
    const auto values = test::read_trial_values(file, "train_spikes");
    const auto rates = mean_values(values);
    const auto enough = [&](std::int64_t i, std::int64_t j) {
        return rates[static_cast<std::size_t>(i)] * rates[static_cast<std::size_t>(j)] *
                   static_cast<double>(values.trials * values.bins) * 10 >=
               100;
    };
    const auto found = [&](bool absolute, bool with_rates) {
        auto edges = std::vector<std::int64_t>{};
        for (const auto& one : static_connections(
                 weights, 8, 101, {.absolute = absolute},
                 with_rates ? enough : std::function<bool(std::int64_t, std::int64_t)>{}))
            edges.insert(edges.end(), {one.sender, one.receiver});
        return edges;
    };
    const auto theirs = [&](const std::string& name) {
        return io::read_all<std::int64_t>(file, name + "_edges_sender_receiver");
    };

    EXPECT_EQ(found(true, false), theirs("use_abs_sd7"));
    EXPECT_EQ(found(false, false), theirs("signed_sd7"));
    EXPECT_EQ(found(true, true), theirs("use_abs_sd7_pair_threshold_100"));
}

namespace {

/// Averages of all edges, [edge, bin, lag] each.
struct Averages
{
    std::vector<double> weight;
    std::vector<double> spikes;
};

/// Of the weights of a precision, over so many recent bins.
Averages averages_of(const io::Handle& group, std::int64_t window)
{
    const auto values = test::read_trial_values(group, "spikes");
    const auto edges = io::read_all<std::int64_t>(group, "edges_sender_receiver");
    const auto weights = io::read_all<double>(group, "dynamic_weights_trial_time_edge_lag");
    const auto shape = io::shape_of(io::open_dataset(group, "dynamic_weights_trial_time_edge_lag"));
    const auto [trials, bins, count, lags] = std::tuple(shape[0], shape[1], shape[2], shape[3]);
    auto averages = Averages{};
    for (std::int64_t edge = 0; edge < count; ++edge) {
        auto sums = SpikeAlignedSums(bins, lags);
        for (std::int64_t trial = 0; trial < trials; ++trial) {
            auto own = std::vector<double>{};
            for (std::int64_t bin = 0; bin < bins; ++bin) {
                const auto* from = weights.data() + ((trial * bins + bin) * count + edge) * lags;
                own.insert(own.end(), from, from + lags);
            }
            sums.add<double>(values, trial, edges[static_cast<std::size_t>(2 * edge)], own);
        }
        const auto one = average_of(sums, window);
        averages.weight.insert(averages.weight.end(), one.weight.begin(), one.weight.end());
        averages.spikes.insert(averages.spikes.end(), one.spikes.begin(), one.spikes.end());
    }
    return averages;
}

} // namespace

TEST(StaticReference, AveragesOverSenderSpikes)
{
    const auto path = test::shared_data("reference/dynetcp/averaging.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    for (const auto& [precision, tolerance] : {std::pair{"float64", 1e-10}, {"float32", 1e-6}}) {
        const auto group = io::open_group(file, precision);
        for (const auto window : {0, 10}) {
            const auto found = averages_of(group, window);
            test::expect_close<double>(
                found.weight,
                io::read_all<double>(group,
                                     fmt::format("average_over_sender_spikes_avg_len_{}", window)),
                tolerance, fmt::format("{} average", precision));
            test::expect_close<double>(
                found.spikes,
                io::read_all<double>(group, fmt::format("spike_counts_avg_len_{}", window)),
                tolerance, fmt::format("{} spikes", precision));
        }
    }
}

TEST(StaticReference, CoursesAndRatiosOfAverages)
{
    const auto path = test::shared_data("reference/dynetcp/averaging.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto group = io::open_group(file, "float64");
    const auto average = io::read_all<float>(group, "average_over_sender_spikes_avg_len_10");
    const auto spikes = io::read_all<double>(group, "spike_counts_avg_len_10");
    const auto alone = io::read_all<std::int32_t>(group, "spike_counts_avg_len_0");
    const auto fixed = io::read_all<float>(group, "static_weights_by_edge_lag");
    const auto shape = io::shape_of(io::open_dataset(group, "spike_counts_avg_len_10"));
    const auto [edges, bins, lags] = std::tuple(shape[0], shape[1], shape[2]);
    const auto part = [&](const auto& values, std::int64_t edge, std::int64_t size) {
        return std::span(values).subspan(static_cast<std::size_t>(edge * size),
                                         static_cast<std::size_t>(size));
    };
    auto present = 0;
    for (std::int64_t edge = 0; edge < edges; ++edge) {
        const auto own = part(fixed, edge, lags);
        const auto lag = functional_lag(own);
        const auto course = weight_course(part(average, edge, bins * lags),
                                          part(alone, edge, bins * lags), lags, lag, 10);
        const auto weight = static_cast<double>(own[static_cast<std::size_t>(lag)]);
        const auto rule = ratio_rule(course, weight);
        for (std::int64_t bin = 0; bin < bins; ++bin) {
            const auto cell = static_cast<std::size_t>((edge * bins + bin) * lags + lag);
            const auto at = static_cast<std::size_t>(bin);
            ASSERT_EQ(std::isnan(course[at]), spikes[cell] == 0) << edge << " " << bin;
            if (std::isnan(course[at]))
                continue;
            EXPECT_EQ(course[at], static_cast<double>(average[cell]));
            const auto larger = std::abs(course[at]) > std::abs(weight);
            EXPECT_EQ(rule.present[at], larger ? (course[at] > 0 ? 1 : -1) : 0);
            present += larger ? 1 : 0;
        }
    }
    EXPECT_GT(present, 0);
}
