#pragma once

#include <rewire/dynetcp/static_model.hpp>
#include <rewire/io/hdf5.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

/// Arrays of the reference cases of DyNetCP, in the order of this program.
namespace rewire::test {

inline dynetcp::TrialValues read_trial_values(hid_t file, const std::string& name)
{
    const auto shape = io::shape_of(io::open_dataset(file, name));
    return dynetcp::trial_values(io::read_all<double>(file, name), shape[0], shape[1], shape[2]);
}

inline std::vector<std::int64_t> counting(std::int64_t first, std::int64_t last)
{
    auto numbers = std::vector<std::int64_t>{};
    for (auto k = first; k < last; ++k)
        numbers.push_back(k);
    return numbers;
}

/// Weights [receiver, sender, kernel position] and biases as the parameters of the receivers, one
/// after the other: [sender, lag] and the bias.
inline std::vector<double> static_parameters(std::span<const double> weight,
                                             std::span<const double> bias)
{
    const auto neurons = bias.size();
    const auto lags = weight.size() / (neurons * neurons);
    auto parameters = std::vector<double>{};
    for (std::size_t receiver = 0; receiver < neurons; ++receiver) {
        for (std::size_t sender = 0; sender < neurons; ++sender)
            for (std::size_t lag = 0; lag < lags; ++lag)
                parameters.push_back(weight[(receiver * neurons + sender) * lags + lags - 1 - lag]);
        parameters.push_back(bias[receiver]);
    }
    return parameters;
}

inline std::vector<double> read_static_parameters(hid_t group)
{
    return static_parameters(io::read_all<double>(group, "decoder.model.weight"),
                             io::read_all<double>(group, "decoder.model.bias"));
}

inline double largest(std::span<const double> values)
{
    auto largest = 0.0;
    for (const auto value : values)
        largest = std::max(largest, std::abs(value));
    return largest;
}

/// Every value within tolerance of the array's largest.
template <typename Real>
void expect_close(std::span<const Real> ours, std::span<const double> theirs, double tolerance,
                  const std::string& what)
{
    ASSERT_EQ(ours.size(), theirs.size()) << what;
    const auto limit = tolerance * largest(theirs);
    auto worst = std::size_t{0};
    auto difference = 0.0;
    for (std::size_t k = 0; k < ours.size(); ++k)
        if (const auto now = std::abs(static_cast<double>(ours[k]) - theirs[k]);
            !(now <= difference)) {
            difference = now;
            worst = k;
        }
    if (!ours.empty()) {
        EXPECT_LE(difference, limit)
            << what << ", element " << worst << ": " << ours[worst] << " against " << theirs[worst];
    }
}

template <typename Real>
std::vector<Real> converted(std::span<const double> values)
{
    return {values.begin(), values.end()};
}

} // namespace rewire::test
