#include "rewire/dynetcp/trial_values.hpp"

#include <algorithm>
#include <cmath>

namespace rewire::dynetcp {

TrialValues trial_values(std::span<const double> dense, std::int64_t trials, std::int64_t bins,
                         std::int64_t neurons)
{
    auto result = TrialValues{.trials = trials, .bins = bins, .neurons = neurons};
    auto binary = true;
    for (std::int64_t trial = 0; trial < trials; ++trial)
        for (std::int64_t neuron = 0; neuron < neurons; ++neuron) {
            for (std::int64_t bin = 0; bin < bins; ++bin) {
                const auto value =
                    dense[static_cast<std::size_t>((trial * bins + bin) * neurons + neuron)];
                if (value == 0)
                    continue;
                result.bin.push_back(static_cast<std::int32_t>(bin));
                result.value.push_back(value);
                binary = binary && value == 1;
            }
            result.start.push_back(std::ssize(result.bin));
        }
    if (binary)
        result.value.clear();
    return result;
}

TrialValues selected(const TrialValues& values, std::span<const std::int64_t> chosen)
{
    auto result =
        TrialValues{.trials = std::ssize(chosen), .bins = values.bins, .neurons = values.neurons};
    for (const auto trial : chosen)
        for (std::int64_t neuron = 0; neuron < values.neurons; ++neuron) {
            const auto row = values.row(trial, neuron);
            result.bin.insert(result.bin.end(), row.bin.begin(), row.bin.end());
            result.value.insert(result.value.end(), row.value.begin(), row.value.end());
            result.start.push_back(std::ssize(result.bin));
        }
    return result;
}

std::vector<double> mean_values(const TrialValues& values)
{
    auto mean = std::vector<double>(static_cast<std::size_t>(values.neurons), 0);
    const auto all_bins = static_cast<double>(values.trials * values.bins);
    for (std::int64_t neuron = 0; neuron < values.neurons; ++neuron) {
        auto sum = 0.0;
        for (std::int64_t trial = 0; trial < values.trials; ++trial) {
            const auto row = values.row(trial, neuron);
            if (row.value.empty())
                sum += static_cast<double>(row.bin.size());
            for (const auto value : row.value)
                sum += value;
        }
        mean[static_cast<std::size_t>(neuron)] = all_bins > 0 ? sum / all_bins : 0.0;
    }
    return mean;
}

double initial_bias(double rate_per_bin)
{
    constexpr auto least = 1e-6;
    const auto rate = std::clamp(rate_per_bin, least, 1 - least);
    return -std::log(1 / rate - 1);
}

} // namespace rewire::dynetcp
