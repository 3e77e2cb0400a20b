#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/base/random.hpp>

#include <cstdint>
#include <vector>

namespace rewire::test {

/// Traces written out, [neuron][frame].
using Rows = std::vector<std::vector<double>>;

inline activity::Activity activity_of(const Rows& rows, std::int64_t frames)
{
    auto activity = activity::Activity{};
    activity.frames = frames;
    for (const auto& row : rows) {
        for (std::size_t t = 0; t < row.size(); ++t)
            if (row[t] != 0) {
                activity.frame.push_back(static_cast<std::int32_t>(t));
                activity.value.push_back(row[t]);
            }
        activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
    }
    return activity;
}

/// (neuron, frame) row major to sparse; NaN is kept.
inline activity::Activity sparse_of(const std::vector<double>& values, std::int64_t frames)
{
    auto activity = activity::Activity{};
    activity.frames = frames;
    const auto neurons = frames == 0 ? 0 : static_cast<std::int64_t>(values.size()) / frames;
    for (std::int64_t neuron = 0; neuron < neurons; ++neuron) {
        for (std::int64_t frame = 0; frame < frames; ++frame) {
            const auto value = values[static_cast<std::size_t>(neuron * frames + frame)];
            if (value != 0) {
                activity.frame.push_back(static_cast<std::int32_t>(frame));
                activity.value.push_back(value);
            }
        }
        activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
    }
    return activity;
}

/// Sparse exponential events, a third of them common to all rows.
inline Rows random_rows(std::int64_t neurons, std::int64_t frames, double density,
                        std::uint64_t seed)
{
    auto stream = base::Stream(seed, {static_cast<std::uint64_t>(neurons)});
    auto rows = Rows(static_cast<std::size_t>(neurons),
                     std::vector<double>(static_cast<std::size_t>(frames)));
    auto common = std::vector<double>(static_cast<std::size_t>(frames));
    for (auto& value : common)
        value = stream.uniform() < density / 3 ? stream.exponential() : 0;
    for (auto& row : rows)
        for (std::size_t t = 0; t < row.size(); ++t)
            row[t] = common[t] + (stream.uniform() < density ? stream.exponential() : 0);
    return rows;
}

inline std::vector<double> centred(std::vector<double> row)
{
    auto mean = 0.0;
    for (const auto value : row)
        mean += value / static_cast<double>(row.size());
    for (auto& value : row)
        value -= mean;
    return row;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b)
{
    auto sum = 0.0;
    for (std::size_t t = 0; t < a.size(); ++t)
        sum += a[t] * b[t];
    return sum;
}

/// Takes the centred `others` out of a row one after the other, having made them orthogonal.
inline std::vector<double> residual(std::vector<double> row, const Rows& others)
{
    auto basis = Rows{};
    for (auto other : others) {
        other = centred(other);
        for (auto pass = 0; pass < 2; ++pass)
            for (const auto& b : basis) {
                const auto factor = dot(other, b) / dot(b, b);
                for (std::size_t t = 0; t < other.size(); ++t)
                    other[t] -= factor * b[t];
            }
        basis.push_back(other);
    }
    row = centred(row);
    for (auto pass = 0; pass < 2; ++pass)
        for (const auto& b : basis) {
            const auto factor = dot(row, b) / dot(b, b);
            for (std::size_t t = 0; t < row.size(); ++t)
                row[t] -= factor * b[t];
        }
    return row;
}

} // namespace rewire::test
