#include "samples_by_frame.hpp"

#include <rewire/base/index.hpp>

#include <algorithm>
#include <numeric>

namespace rewire::calcium {

namespace {

using base::at;

/// @param frames_of, values_of of a row
template <typename Frames, typename Values>
SamplesByFrame turned_around(std::size_t rows, std::int64_t frames, Frames frames_of,
                             Values values_of)
{
    auto result = SamplesByFrame{};
    result.start.assign(at(frames) + 1, 0);
    for (std::size_t row = 0; row < rows; ++row)
        for (const auto frame : frames_of(row))
            ++result.start[at(frame) + 1];
    std::partial_sum(result.start.begin(), result.start.end(), result.start.begin());
    result.row.resize(at(result.start.back()));
    result.value.resize(at(result.start.back()));
    auto next = std::vector<std::int64_t>(result.start.begin(), result.start.end() - 1);
    for (std::size_t row = 0; row < rows; ++row) {
        const auto frame = frames_of(row);
        const auto value = values_of(row);
        for (std::size_t e = 0; e < frame.size(); ++e) {
            const auto place = at(next[at(frame[e])]++);
            result.row[place] = static_cast<std::int32_t>(row);
            result.value[place] = value[e];
        }
    }
    return result;
}

} // namespace

SamplesByFrame by_frame(const RowSamples& samples, std::int64_t frames)
{
    const auto of_row = [&](const auto& values, std::size_t row) {
        return std::span(values).subspan(at(samples.start[row]),
                                         at(samples.start[row + 1] - samples.start[row]));
    };
    return turned_around(
        samples.start.size() - 1, frames,
        [&](std::size_t row) { return of_row(samples.frame, row); },
        [&](std::size_t row) { return of_row(samples.value, row); });
}

SamplesByFrame by_frame(const activity::ActivityView& activity,
                        std::span<const std::int64_t> neurons)
{
    return turned_around(
        neurons.size(), activity.frames,
        [&](std::size_t row) { return activity.frames_of(neurons[row]); },
        [&](std::size_t row) { return activity.values_of(neurons[row]); });
}

void add_products(const SamplesByFrame& samples, std::int64_t n, std::span<double> matrix)
{
    // Sums of so many rows stay in the cache while all frames go by: 2 MB of 2,000 neurons.
    constexpr auto block_rows = std::int64_t{128};
    auto next = std::vector<std::int64_t>(samples.start.begin(), samples.start.end() - 1);
    for (std::int64_t end = block_rows; end - block_rows < n; end += block_rows)
        for (std::size_t frame = 0; frame < next.size(); ++frame) {
            const auto last = samples.start[frame + 1];
            auto& first = next[frame];
            for (; first < last && samples.row[at(first)] < end; ++first) {
                auto* row = matrix.data() + samples.row[at(first)] * n;
                const auto value = samples.value[at(first)];
                for (auto other = first; other < last; ++other)
                    row[samples.row[at(other)]] += value * samples.value[at(other)];
            }
        }
}

} // namespace rewire::calcium
