#include "rewire/dynetcp/weight_null.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/base/random.hpp>
#include <rewire/stats/multiple_testing.hpp>
#include <rewire/stats/pearson3.hpp>
#include <rewire/stats/tests.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace rewire::dynetcp {

namespace {

using base::nan;
constexpr auto least_models = 4.0;

using base::at;

/// Sums of the values of a bin about one of them, from which one can be taken out again.
struct Moments
{
    double about = 0;
    double count = 0;
    double first = 0;
    double second = 0;
    double third = 0;

    void add(double value, double sign)
    {
        const auto x = value - about;
        count += sign;
        first += sign * x;
        second += sign * x * x;
        third += sign * x * x * x;
    }
    double mean() const { return about + first / count; }
    /// With n - 1; 0 for values that are all equal.
    double variance() const
    {
        return std::max(0.0, (second - first * first / count) / (count - 1));
    }
    /// Unbiased under normality: n / ((n - 1) (n - 2)) sum of cubes over sd^3.
    double skewness() const
    {
        const auto m = first / count;
        const auto cubes = third - 3 * m * second + 3 * m * m * first - count * m * m * m;
        return count / ((count - 1) * (count - 2)) * cubes / std::pow(variance(), 1.5);
    }
    bool usable() const { return count >= least_models && variance() > 0; }
};

std::vector<Moments> moments_of(std::span<const float> null, std::int64_t bins)
{
    auto moments = std::vector<Moments>(at(bins));
    for (std::size_t k = 0; k < null.size(); ++k) {
        if (std::isnan(null[k]))
            continue;
        auto& one = moments[k % at(bins)];
        if (one.count == 0)
            one.about = static_cast<double>(null[k]);
        one.add(static_cast<double>(null[k]), 1);
    }
    return moments;
}

/// Mean over the bins that have one.
double pooled_skewness(const std::vector<Moments>& moments)
{
    auto sum = 0.0;
    auto bins = 0.0;
    for (const auto& one : moments)
        if (one.usable()) {
            sum += one.skewness();
            bins += 1;
        }
    return bins > 0 ? sum / bins : 0;
}

double tail_of(double value, const Moments& moments, double skewness)
{
    if (std::isnan(value) || !moments.usable())
        return nan;
    const auto t =
        (value - moments.mean()) / std::sqrt(moments.variance() * (1 + 1 / moments.count));
    return stats::pearson3_upper_tail(stats::normal_score_of_t(t, moments.count - 1), skewness);
}

double largest_of(std::span<const float> values)
{
    auto largest = nan;
    for (const auto value : values)
        if (!std::isnan(value) && !(static_cast<double>(value) <= largest))
            largest = static_cast<double>(value);
    return largest;
}

} // namespace

TrialValues shuffled_over_trials(const TrialValues& values, std::span<const std::int32_t> condition,
                                 std::uint64_t seed, std::uint64_t name, std::int64_t number)
{
    auto members = std::map<std::int32_t, std::vector<std::int64_t>>{};
    for (std::int64_t trial = 0; trial < values.trials; ++trial)
        members[condition[at(trial)]].push_back(trial);
    // source[trial * neurons + neuron]: the trial that the train is from
    auto source = std::vector<std::int64_t>(at(values.trials * values.neurons));
    for (std::int64_t neuron = 0; neuron < values.neurons; ++neuron) {
        auto stream = base::Stream(seed, {base::key_of("dynetcp null"), name,
                                          static_cast<std::uint64_t>(number),
                                          static_cast<std::uint64_t>(neuron)});
        for (const auto& [of, trials] : members) {
            const auto order = base::permutation(stream, std::ssize(trials));
            for (std::size_t k = 0; k < trials.size(); ++k)
                source[at(trials[k] * values.neurons + neuron)] = trials[at(order[k])];
        }
    }
    auto shuffled = TrialValues{};
    shuffled.trials = values.trials;
    shuffled.bins = values.bins;
    shuffled.neurons = values.neurons;
    for (std::int64_t trial = 0; trial < values.trials; ++trial)
        for (std::int64_t neuron = 0; neuron < values.neurons; ++neuron) {
            const auto row = values.row(source[at(trial * values.neurons + neuron)], neuron);
            shuffled.bin.insert(shuffled.bin.end(), row.bin.begin(), row.bin.end());
            shuffled.value.insert(shuffled.value.end(), row.value.begin(), row.value.end());
            shuffled.start.push_back(std::ssize(shuffled.bin));
        }
    return shuffled;
}

EdgeTest test_edge(std::span<const float> observed, std::span<const float> null)
{
    const auto bins = std::ssize(observed);
    const auto models = std::ssize(null) / std::max(bins, std::int64_t{1});
    const auto largest = largest_of(observed);
    auto reached = std::int64_t{0};
    for (std::int64_t model = 0; model < models; ++model)
        reached += largest_of(null.subspan(at(model * bins), at(bins))) >= largest ? 1 : 0;
    auto test = EdgeTest{std::isnan(largest) ? nan : stats::monte_carlo_p(reached, models), {}};
    const auto moments = moments_of(null, bins);
    const auto skewness = pooled_skewness(moments);
    for (std::int64_t bin = 0; bin < bins; ++bin)
        test.p_bin.push_back(
            tail_of(static_cast<double>(observed[at(bin)]), moments[at(bin)], skewness));
    return test;
}

std::vector<double> left_out_p(std::span<const float> null, std::int64_t bins)
{
    const auto models = std::ssize(null) / bins;
    const auto moments = moments_of(null, bins);
    auto p = std::vector<double>{};
    for (std::int64_t model = 0; model < models; ++model) {
        const auto own = null.subspan(at(model * bins), at(bins));
        auto others = moments;
        for (std::int64_t bin = 0; bin < bins; ++bin)
            if (!std::isnan(own[at(bin)]))
                others[at(bin)].add(static_cast<double>(own[at(bin)]), -1);
        const auto skewness = pooled_skewness(others);
        for (std::int64_t bin = 0; bin < bins; ++bin)
            p.push_back(tail_of(static_cast<double>(own[at(bin)]), others[at(bin)], skewness));
    }
    return p;
}

double smallest_q(std::int64_t models, std::int64_t tests, std::int64_t reaching) noexcept
{
    return std::min(1.0, stats::monte_carlo_p(0, models) * static_cast<double>(tests) /
                             static_cast<double>(reaching));
}

} // namespace rewire::dynetcp
