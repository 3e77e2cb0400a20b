#include "blocks.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/base/packed.hpp>
#include <rewire/dynetcp/dynamics.hpp>
#include <rewire/spikes/dimensionality.hpp>

#include <algorithm>
#include <cmath>
#include <set>

namespace rewire::jobs {

namespace {

constexpr auto block_bytes = 24e6; ///< of the averages that are read at a time

using base::at;

void each_field(auto& dynamics, auto field)
{
    field(dynamics.edges), field(dynamics.functional_lag_ms), field(dynamics.static_weight);
    field(dynamics.weight), field(dynamics.weight_alone), field(dynamics.ratio);
    field(dynamics.present), field(dynamics.pearson), field(dynamics.difference);
    field(dynamics.tost_p), field(dynamics.cells);
    field(dynamics.peak_lag_ms), field(dynamics.peak_weight);
}

void append(EdgeDynamics& dynamics, const dynetcp::Agreement& agreement)
{
    dynamics.pearson.push_back(agreement.pearson);
    dynamics.difference.push_back(agreement.difference);
    dynamics.tost_p.push_back(agreement.tost_p);
    dynamics.cells.push_back(static_cast<std::int32_t>(agreement.cells));
}

dynetcp::Agreement agreement_with(const EdgeHistograms* histograms, std::int64_t edge,
                                  const std::vector<double>& matrix, const DynamicResult& model,
                                  const DynamicsSettings& settings)
{
    if (histograms != nullptr)
        if (const auto joint = histograms->joint(edge))
            return agreement_with(*joint, histograms->sender(edge), matrix, model, settings);
    return {base::nan, base::nan, base::nan, 0};
}

CourseDimension dimension_of(const std::string& space, const std::vector<double>& courses,
                             std::int64_t rows, std::int64_t bins, std::int64_t units)
{
    const auto dimensions = spikes::dimensionality(courses, rows, bins, variance_share);
    return {space, dimensions.components,
            dimensions.varying_rows > 0
                ? static_cast<double>(dimensions.components) / static_cast<double>(units)
                : base::nan};
}

std::vector<double> without_gaps(std::span<const float> courses)
{
    auto filled = std::vector<double>{};
    for (const auto value : courses)
        filled.push_back(std::isnan(value) ? 0.0 : static_cast<double>(value));
    return filled;
}

} // namespace

void EdgeDynamics::pack(base::Packer& packer) const
{
    each_field(*this, base::PackField{packer});
}

void EdgeDynamics::unpack(base::Unpacker& unpacker)
{
    each_field(*this, base::UnpackField{unpacker});
}

std::vector<base::Range> edge_blocks(const DynamicResult& model)
{
    const auto bytes = 12.0 * static_cast<double>(model.bins() * model.lags());
    return base::blocks_of(
        model.edges(), std::max(std::int64_t{1}, static_cast<std::int64_t>(block_bytes / bytes)));
}

std::vector<double> edge_matrix(const EdgesOverTime& over_time, std::int64_t edge,
                                const DynamicResult& model)
{
    const auto lags = model.lags();
    const auto size = at(model.bins() * lags);
    const auto smoothed = std::span(over_time.smoothed).subspan(at(edge) * size, size);
    const auto spikes = std::span(over_time.spikes).subspan(at(edge) * size, size);
    auto matrix = std::vector<double>(size);
    for (std::int64_t lag = 0; lag < lags; ++lag) {
        const auto course =
            dynetcp::weight_course(smoothed, spikes, lags, lag, model.smoothed_bins);
        for (std::int64_t bin = 0; bin < model.bins(); ++bin)
            matrix[at(bin * lags + lag)] = course[at(bin)];
    }
    return matrix;
}

dynetcp::Agreement agreement_with(std::span<const double> joint, std::span<const double> sender,
                                  std::span<const double> matrix, const DynamicResult& model,
                                  const DynamicsSettings& settings)
{
    const auto window = std::max(model.smoothed_bins, std::int64_t{1});
    const auto conditional = dynetcp::conditional_by_lag(joint, sender, model.lags(), window);
    return dynetcp::agreement_of(matrix, conditional, model.lags(), settings.agreement(window));
}

EdgeDynamics dynamics_of(const io::Handle& file, const DynamicResult& model, base::Range edges,
                         const EdgeHistograms* histograms, const DynamicsSettings& settings)
{
    const auto over_time = read_edges(file, model, edges);
    const auto lags = model.lags();
    auto result = EdgeDynamics{.edges = edges};
    for (std::int64_t k = 0; k < edges.size(); ++k) {
        const auto edge = edges.first + k;
        const auto fixed = std::span(model.static_weight).subspan(at(edge * lags), at(lags));
        const auto lag = dynetcp::functional_lag(fixed);
        const auto matrix = edge_matrix(over_time, k, model);
        auto course = std::vector<double>{};
        for (std::int64_t bin = 0; bin < model.bins(); ++bin) {
            course.push_back(matrix[at(bin * lags + lag)]);
            result.weight_alone.push_back(
                over_time.weight[at((k * model.bins() + bin) * lags + lag)]);
        }
        const auto rule = dynetcp::ratio_rule(course, static_cast<double>(fixed[at(lag)]),
                                              settings.ratio_threshold);
        result.functional_lag_ms.push_back(model.lag_ms[at(lag)]);
        result.static_weight.push_back(fixed[at(lag)]);
        for (const auto value : course)
            result.weight.push_back(static_cast<float>(value));
        for (const auto value : rule.ratio)
            result.ratio.push_back(static_cast<float>(value));
        result.present.insert(result.present.end(), rule.present.begin(), rule.present.end());
        append(result, agreement_with(histograms, edge, matrix, model, settings));
        const auto size = at(model.bins() * lags);
        const auto peak =
            dynetcp::peak_over_trial(std::span(over_time.weight).subspan(at(k) * size, size),
                                     std::span(over_time.spikes).subspan(at(k) * size, size), lags);
        result.peak_lag_ms.push_back(peak.lag < 0 ? base::nan : model.lag_ms[at(peak.lag)]);
        result.peak_weight.push_back(peak.weight);
    }
    return result;
}

std::vector<double> rates_by_bin(const dynetcp::TrialValues& spikes)
{
    auto rates = std::vector<double>(at(spikes.neurons * spikes.bins), 0.0);
    for (std::int64_t trial = 0; trial < spikes.trials; ++trial)
        for (std::int64_t unit = 0; unit < spikes.neurons; ++unit)
            for (const auto bin : spikes.row(trial, unit).bin)
                rates[at(unit * spikes.bins + bin)] += 1.0;
    for (auto& rate : rates)
        rate /= static_cast<double>(spikes.trials);
    return rates;
}

std::vector<CourseDimension> dimensions_of(const DynamicResult& model,
                                           std::span<const float> weight_alone,
                                           std::span<const float> weight,
                                           std::span<const double> rates, double smooth_bins)
{
    auto with_edge = std::set<std::int32_t>(model.sender.begin(), model.sender.end());
    with_edge.insert(model.receiver.begin(), model.receiver.end());
    const auto bins = model.bins();
    auto some = std::vector<double>{};
    for (const auto unit : with_edge) {
        const auto row = rates.subspan(at(unit * bins), at(bins));
        some.insert(some.end(), row.begin(), row.end());
    }
    const auto units = std::ssize(with_edge);
    const auto all = std::ssize(model.unit_id);
    const auto of = [&](const char* space, const std::vector<double>& courses, std::int64_t rows,
                        std::int64_t of_units) {
        return dimension_of(space, spikes::smoothed(courses, rows, bins, smooth_bins), rows, bins,
                            of_units);
    };
    return {of("weights", without_gaps(weight_alone), model.edges(), units),
            of("smoothed_weights", without_gaps(weight), model.edges(), units),
            of("rates", some, units, units),
            of("all_rates", {rates.begin(), rates.end()}, all, all)};
}

} // namespace rewire::jobs
