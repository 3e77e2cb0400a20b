#include "null.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/random.hpp>
#include <rewire/base/text.hpp>
#include <rewire/dynetcp/averages.hpp>
#include <rewire/dynetcp/dynamics.hpp>
#include <rewire/dynetcp/weight_null.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto calibrated_levels = std::array{0.05, 0.01, 0.001};
constexpr auto most_calibrated = 1e6; ///< values of null models that are tested for it
constexpr auto block_bytes = 64e6;    ///< of null models that are read at a time

using base::at;

float sign_of(float value)
{
    return value < 0 ? -1.0F : 1.0F;
}

/// Sums of the weights of every edge at its functional lag over the trials that are shown.
class StrengthSums
{
  public:
    StrengthSums(const DynamicWork& work, const std::vector<float>& static_weight)
        : work_(work), bins_(work.shown().bins), fixed_(static_weight)
    {
        const auto lags = work.layout.sizes().lags;
        for (std::int64_t edge = 0; edge < std::ssize(work.layout.edges()); ++edge)
            lag_.push_back(dynetcp::functional_lag(of(edge, lags)));
        sums_.assign(lag_.size(), dynetcp::SpikeAlignedSums(bins_, 1));
    }

    void add_trial(dynetcp::DynamicModel<float>& network, std::int64_t trial)
    {
        const auto& shown = work_.shown();
        const auto lags = work_.layout.sizes().lags;
        auto fires = std::vector<std::uint8_t>(at(shown.neurons * bins_), 0);
        for (std::int64_t unit = 0; unit < shown.neurons; ++unit)
            for (const auto bin : shown.row(trial, unit).bin)
                fires[at(unit * bins_ + bin)] = 1;
        // At the functional lag, which is above 0, nothing falls into the first bin.
        network.visit_aligned(
            shown, trial, 0, std::ssize(work_.layout.incoming()),
            [&](std::int64_t bin, const auto& into, std::span<const float> offsets) {
                for (std::size_t k = 0; k < into.edge.size(); ++k) {
                    const auto lag = lag_[at(into.edge[k])];
                    if (bin < lag || fires[at(into.sender[k] * bins_ + bin - lag)] == 0)
                        continue;
                    auto& sum = sums_[at(into.edge[k])];
                    sum.weight[at(bin)] += static_cast<double>(of(into.edge[k], lags)[at(lag)] +
                                                               offsets[k * at(lags) + at(lag)]);
                    sum.spikes[at(bin)] += 1;
                }
            });
    }

    EdgeStrengths strengths() const
    {
        auto result = EdgeStrengths{};
        const auto lags = work_.layout.sizes().lags;
        for (std::int64_t edge = 0; edge < std::ssize(lag_); ++edge) {
            const auto sign = sign_of(of(edge, lags)[at(lag_[at(edge)])]);
            const auto average = dynetcp::average_of(sums_[at(edge)], work_.settings.smoothed_bins);
            for (std::int64_t bin = 0; bin < bins_; ++bin)
                result.push_back(average.spikes[at(bin)] > 0
                                     ? sign * static_cast<float>(average.weight[at(bin)])
                                     : std::numeric_limits<float>::quiet_NaN());
        }
        return result;
    }

  private:
    std::span<const float> of(std::int64_t edge, std::int64_t lags) const
    {
        return std::span(fixed_).subspan(at(edge * lags), at(lags));
    }

    const DynamicWork& work_;
    std::int64_t bins_;
    const std::vector<float>& fixed_; ///< [edge, lag]
    std::vector<std::int64_t> lag_;   ///< [edge]
    std::vector<dynetcp::SpikeAlignedSums> sums_;
};

/// One null model from its static stage to its strengths; nothing when stopped.
std::optional<EdgeStrengths> null_model(const mpi::Communicator& alone, const DynamicWork& real,
                                        SessionTrials trials, double static_lambda,
                                        std::int64_t number, const runtime::Tick& tick)
{
    const auto name = base::key_of(real.name.first + "/" + real.name.second);
    trials.spikes = dynetcp::shuffled_over_trials(trials.spikes, trials.condition,
                                                  real.settings.training.seed, name, number);
    const auto data = StaticData(trials, real.name, real.settings.first_stage);
    auto fits = std::vector<ReceiverFit>{};
    for (std::int64_t receiver = 0; receiver < trials.units(); ++receiver) {
        auto fit = fit_receiver(data, receiver, static_lambda, false, tick);
        if (!fit)
            return std::nullopt;
        fits.push_back(std::move(*fit));
    }
    const auto work = DynamicWork{data, real.settings, real.layout, real.name};
    const auto model = trained_dynamic_alone(alone, work, fits, tick);
    if (!model)
        return std::nullopt;
    const auto fixed = static_weights(work, *model);
    auto sums = StrengthSums(work, fixed);
    auto network = dynetcp::DynamicModel<float>(work.layout, work.shown().bins, work.training());
    network.set(model->parameters);
    for (std::int64_t trial = 0; trial < work.shown().trials; ++trial) {
        if (!tick())
            return std::nullopt;
        sums.add_trial(network, trial);
    }
    return sums.strengths();
}

/// Strengths of some edges in all null models, [edge][model, bin].
std::vector<std::vector<float>> null_of(const io::Handle& group, base::Range edges,
                                        std::int64_t models, std::int64_t bins)
{
    auto values = std::vector<float>(at(models * edges.size() * bins));
    io::read_block<float>(io::open_dataset(group, "null_weight"), {0, edges.first, 0},
                          {models, edges.size(), bins}, values);
    auto by_edge = std::vector<std::vector<float>>(at(edges.size()));
    for (std::int64_t model = 0; model < models; ++model)
        for (std::int64_t k = 0; k < edges.size(); ++k) {
            const auto from = values.begin() + (model * edges.size() + k) * bins;
            by_edge[at(k)].insert(by_edge[at(k)].end(), from, from + bins);
        }
    return by_edge;
}

/// Counts how often what is null has a small p.
class Calibration
{
  public:
    void add(const std::vector<double>& p)
    {
        for (const auto value : p) {
            if (std::isnan(value))
                continue;
            ++tested_;
            for (std::size_t k = 0; k < calibrated_levels.size(); ++k)
                below_.at(k) += value <= calibrated_levels.at(k) ? 1 : 0;
        }
    }
    std::vector<TailCalibration> shares() const
    {
        auto result = std::vector<TailCalibration>{};
        for (std::size_t k = 0; k < calibrated_levels.size(); ++k)
            result.push_back({calibrated_levels.at(k),
                              tested_ > 0
                                  ? static_cast<double>(below_.at(k)) / static_cast<double>(tested_)
                                  : std::numeric_limits<double>::quiet_NaN()});
        return result;
    }

  private:
    std::int64_t tested_ = 0;
    std::array<std::int64_t, calibrated_levels.size()> below_{};
};

void write_tests(const io::Handle& group, const std::vector<double>& p_max,
                 const std::vector<double>& p_bin, NullSummary& summary)
{
    const auto q_max = stats::benjamini_hochberg(p_max);
    const auto q_bin = stats::benjamini_hochberg(p_bin);
    const auto found = [](const std::vector<double>& q) {
        return std::count_if(q.begin(), q.end(), [](double value) { return value <= test_level; });
    };
    summary.edges_found = found(q_max);
    summary.bins_found = found(q_bin);
    io::write_array(group, "p_max", p_max, {"edge"}, "1",
                    "rank of the largest strength over the bins among those of the null models");
    io::write_array(group, "q_max", q_max, {"edge"}, "1",
                    "of p_max, false discovery rate over the edges");
    io::write_array(group, "p_value", p_bin, {"edge", "time_s"}, "1",
                    "of the strength in a bin, from a tail fitted to the null models");
    io::write_array(group, "q_value", q_bin, {"edge", "time_s"}, "1",
                    "of p_value, false discovery rate over edges and bins");
    for (const auto& one : summary.calibration)
        io::write_attribute(group, fmt::format("null_share_below_{:g}", one.level), one.share);
}

} // namespace

EdgeStrengths read_strengths(const io::Handle& group, std::span<const float> static_weight,
                             std::int64_t window)
{
    const auto weights = io::open_dataset(group, "weight_smoothed");
    const auto counts = io::open_dataset(group, "spike_count");
    const auto shape = io::shape_of(weights);
    const auto lags = shape[2];
    const auto size = at(shape[1] * lags);
    const auto edges_a_block =
        std::max(std::int64_t{1},
                 static_cast<std::int64_t>(block_bytes / 8) / static_cast<std::int64_t>(size));
    auto strengths = EdgeStrengths{};
    for (const auto& block : base::blocks_of(shape[0], edges_a_block)) {
        auto smoothed = std::vector<float>(at(block.size()) * size);
        auto spikes = std::vector<std::int32_t>(smoothed.size());
        const auto extent = io::Shape{block.size(), shape[1], lags};
        io::read_block<float>(weights, {block.first, 0, 0}, extent, smoothed);
        io::read_block<std::int32_t>(counts, {block.first, 0, 0}, extent, spikes);
        for (std::int64_t k = 0; k < block.size(); ++k) {
            const auto fixed = static_weight.subspan(at((block.first + k) * lags), at(lags));
            const auto lag = dynetcp::functional_lag(fixed);
            for (const auto value : dynetcp::weight_course(
                     std::span(smoothed).subspan(at(k) * size, size),
                     std::span(spikes).subspan(at(k) * size, size), lags, lag, window))
                strengths.push_back(sign_of(fixed[at(lag)]) * static_cast<float>(value));
        }
    }
    return strengths;
}

std::string described_null(std::int64_t models, std::int64_t edges, EdgeSource source)
{
    const auto alone = dynetcp::smallest_q(models, edges, 1);
    auto text = fmt::format("{} null models: p of an edge is {:.3g} at least; q over {} edges "
                            "{:.3g} where one alone has it, {:.3g} where all have",
                            models, stats::monte_carlo_p(0, models), edges, alone,
                            dynetcp::smallest_q(models, edges, edges));
    if (alone > test_level) {
        const auto needed = static_cast<std::int64_t>(std::ceil(
            stats::monte_carlo_p(0, models) * static_cast<double>(edges) / test_level - 1e-9));
        text += needed <= edges ? fmt::format(", so q <= {} needs {} edges of the smallest p",
                                              test_level, needed)
                                : fmt::format(", so no edge can have q <= {}", test_level);
    }
    if (source == EdgeSource::connections)
        text += "; the edges were chosen on the same spikes: of those that are there by chance, "
                "too many will have a small p";
    return text;
}

void write_null_models(runtime::RunContext& context, const std::string& phase,
                       const DynamicWork& work, const SessionTrials& trials, double static_lambda,
                       const io::Handle* group)
{
    const auto models = work.settings.null_models;
    const auto edges = std::ssize(work.layout.edges());
    const auto bins = work.shown().bins;
    const auto alone = context.comm().split(context.comm().rank());
    auto dataset = io::Handle{};
    context.collective("write", [&] {
        if (group == nullptr)
            return;
        io::write_index_axis(*group, "null_model", models, "models of shuffled trials");
        dataset = io::make_array<float>(
            *group, "null_weight", {"null_model", "edge", "time_s"}, "1",
            "weight_smoothed of a null model at its own functional lag, times the sign of its "
            "static weight there; NaN where the sender is silent");
    });
    context.each_unit_to_root<EdgeStrengths>(
        phase, std::vector<double>(at(models), 1.0),
        [&](std::int64_t number, const runtime::Tick& tick) {
            return null_model(alone, work, trials, static_lambda, number, tick);
        },
        [&](std::int64_t number, EdgeStrengths&& strengths) {
            if (group != nullptr)
                io::write_block<float>(dataset, {number, 0, 0}, {1, edges, bins}, strengths);
        });
}

NullSummary write_null_tests(const io::Handle& group, const EdgeStrengths& observed,
                             std::int64_t edges, std::int64_t bins)
{
    const auto models = io::shape_of(io::open_dataset(group, "null_weight"))[0];
    const auto of_edge = static_cast<double>(models * bins);
    const auto blocks = base::blocks_of(
        edges, std::max(std::int64_t{1}, static_cast<std::int64_t>(block_bytes / (8 * of_edge))));
    const auto every =
        std::max(std::int64_t{1}, static_cast<std::int64_t>(std::ceil(static_cast<double>(edges) *
                                                                      of_edge / most_calibrated)));
    auto p_max = std::vector<double>{};
    auto p_bin = std::vector<double>{};
    auto calibration = Calibration{};
    for (const auto& block : blocks) {
        const auto null = null_of(group, block, models, bins);
        for (std::int64_t k = 0; k < block.size(); ++k) {
            const auto edge = block.first + k;
            const auto test = dynetcp::test_edge(
                std::span(observed).subspan(at(edge * bins), at(bins)), null[at(k)]);
            p_max.push_back(test.p_max);
            p_bin.insert(p_bin.end(), test.p_bin.begin(), test.p_bin.end());
            if (edge % every == 0)
                calibration.add(dynetcp::left_out_p(null[at(k)], bins));
        }
    }
    auto summary = NullSummary{};
    summary.calibration = calibration.shares();
    write_tests(group, p_max, p_bin, summary);
    return summary;
}

std::string described(const std::vector<TailCalibration>& calibration)
{
    auto parts = std::vector<std::string>{};
    if (calibration.empty() || std::isnan(calibration.front().share))
        return "too few null models for tails of single bins";
    for (const auto& one : calibration)
        parts.push_back(fmt::format("{:.2g} % <= {:g}", 100 * one.share, one.level));
    return "fitted p of null models that were left out: " + base::joined(parts, ", ");
}

} // namespace rewire::jobs
