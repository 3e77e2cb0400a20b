#include "shift_traces.hpp"

#include "real_transform.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace rewire::calcium {

namespace {

constexpr auto negligible_residual = 1e-12;  ///< of the sum of squares
constexpr auto negligible_deviation = 1e-10; ///< of its largest value

using base::at;

/// In eight interleaved parts: a fixed order that vectors can follow.
double dot(std::span<const double> a, std::span<const double> b)
{
    constexpr auto lanes = std::size_t{8};
    auto part = std::array<double, lanes>{};
    auto t = std::size_t{0};
    for (; t + lanes <= a.size(); t += lanes)
        for (std::size_t k = 0; k < lanes; ++k)
            part[k] += a[t + k] * b[t + k];
    for (std::size_t k = 0; t < a.size(); ++t, ++k)
        part[k] += a[t] * b[t];
    auto sum = 0.0;
    for (const auto p : part)
        sum += p;
    return sum;
}

double largest_of(std::span<const double> row)
{
    auto value = 0.0;
    for (const auto v : row)
        value = std::max(value, std::abs(v));
    return value;
}

void add(std::span<double> row, double factor, std::span<const double> other)
{
    for (std::size_t t = 0; t < row.size(); ++t)
        row[t] += factor * other[t];
}

} // namespace

ShiftTraces::ShiftTraces(const activity::ActivityView& activity, const FrameCircles& circles,
                         const CovariateView& covariates,
                         std::span<const std::int64_t> displacement)
    : activity_(activity),
      circles_(circles),
      displacement_(displacement),
      column_(at(circles.frames), -1)
{
    if (circles.frames != activity.frames)
        throw base::InputError(fmt::format("circles over {} frames, activity over {}",
                                           circles.frames, activity.frames),
                               "shift null", "label every frame of the activity");
    if (!displacement.empty() &&
        static_cast<std::int64_t>(displacement.size()) != activity.neurons())
        throw base::InputError(
            fmt::format("{} displacements for {} neurons", displacement.size(), activity.neurons()),
            "shift null", "give one for each neuron");
    if (static_cast<std::int64_t>(covariates.value.size()) != covariates.count * activity.frames)
        basis_ = covariate_basis(covariates, activity.frames); // throws, and says what is wrong
    for (std::size_t k = 0; k < circles.frame.size(); ++k)
        column_[at(circles.frame[k])] = static_cast<std::int32_t>(k);
    auto used = std::vector<double>{};
    for (std::int64_t c = 0; c < covariates.count; ++c) {
        const auto first = used.size();
        for (const auto frame : circles.frame)
            used.push_back(covariates.value[at(c * activity.frames + frame)]);
        const auto row = std::span(used).subspan(first);
        const auto before = largest_of(row);
        take_out_means(row);
        // What rounding leaves of a constant is no covariate.
        if (largest_of(row) <= negligible_deviation * before)
            std::fill(row.begin(), row.end(), 0.0);
    }
    basis_ = covariate_basis({.count = covariates.count, .value = used}, circles.used());
    for (std::int64_t neuron = 0; neuron < neurons(); ++neuron)
        varies_.push_back(find_variation(neuron) ? 1 : 0);
}

void ShiftTraces::take_out_means(std::span<double> row) const
{
    for (std::int64_t c = 0; c < circles_.count(); ++c) {
        const auto part = row.subspan(at(circles_.start[at(c)]), at(circles_.length(c)));
        auto sum = 0.0;
        for (const auto value : part)
            sum += value;
        const auto mean = sum / static_cast<double>(part.size());
        for (auto& value : part)
            value -= mean;
    }
}

bool ShiftTraces::find_variation(std::int64_t neuron) const
{
    struct Extent
    {
        double low = 0;
        double high = 0;
        std::int64_t entries = 0;
    };
    auto extents = std::vector<Extent>(at(circles_.count()));
    const auto frame = activity_.frames_of(neuron);
    const auto value = activity_.values_of(neuron);
    for (std::size_t e = 0; e < frame.size(); ++e) {
        if (!std::isfinite(value[e]))
            return false;
        const auto column = column_[at(frame[e])];
        if (column < 0)
            continue;
        const auto circle = std::upper_bound(circles_.start.begin(), circles_.start.end(), column) -
                            circles_.start.begin() - 1;
        auto& extent = extents[at(circle)];
        extent.low = extent.entries == 0 ? value[e] : std::min(extent.low, value[e]);
        extent.high = extent.entries == 0 ? value[e] : std::max(extent.high, value[e]);
        ++extent.entries;
    }
    for (std::int64_t c = 0; c < circles_.count(); ++c) {
        const auto& extent = extents[at(c)];
        const auto zeros = extent.entries < circles_.length(c);
        if (extent.entries > 0 && (zeros || extent.low < extent.high))
            return true;
    }
    return false;
}

std::int64_t ShiftTraces::circle_of(std::int64_t column) const noexcept
{
    if (circles_.count() == 1)
        return 0;
    return std::upper_bound(circles_.start.begin(), circles_.start.end(), column) -
           circles_.start.begin() - 1;
}

double ShiftTraces::density() const noexcept
{
    return static_cast<double>(activity_.frame.size()) /
           std::max(1.0, static_cast<double>(activity_.frames * activity_.neurons()));
}

bool ShiftTraces::append(std::int64_t neuron, RowSamples& samples, std::span<double> level) const
{
    if (!varies(neuron))
        return false;
    const auto frame = activity_.frames_of(neuron);
    const auto value = activity_.values_of(neuron);
    const auto displacement = displacement_.empty() ? 0 : displacement_[at(neuron)];
    auto moved = std::vector<std::pair<std::int32_t, double>>{};
    moved.reserve(frame.size());
    std::fill(level.begin(), level.end(), 0.0);
    for (std::size_t e = 0; e < frame.size(); ++e) {
        const auto column = std::int64_t{column_[at(frame[e])]};
        if (column < 0)
            continue;
        const auto circle = circle_of(column);
        const auto first = circles_.start[at(circle)];
        const auto length = circles_.length(circle);
        const auto turned = (column - first + displaced_by(displacement, length)) % length;
        moved.emplace_back(static_cast<std::int32_t>(first + turned), value[e]);
        level[at(circle)] -= value[e] / static_cast<double>(length);
    }
    // of one circle, what was turned over its end comes first
    if (circles_.count() == 1)
        std::rotate(moved.begin(), std::is_sorted_until(moved.begin(), moved.end()), moved.end());
    else if (!std::is_sorted(moved.begin(), moved.end()))
        std::sort(moved.begin(), moved.end());
    auto squares = 0.0;
    auto entries = std::vector<std::int64_t>(level.size(), 0);
    for (const auto& [column, sample] : moved) {
        const auto circle = at(circle_of(column));
        squares += (sample + level[circle]) * (sample + level[circle]);
        ++entries[circle];
    }
    for (std::size_t c = 0; c < level.size(); ++c)
        squares += static_cast<double>(circles_.length(static_cast<std::int64_t>(c)) - entries[c]) *
                   level[c] * level[c];
    const auto scale = 1 / std::sqrt(squares);
    for (const auto& [column, sample] : moved) {
        samples.frame.push_back(column);
        samples.value.push_back(sample * scale);
    }
    samples.end_row();
    for (auto& value_of_circle : level)
        value_of_circle *= scale;
    return true;
}

bool ShiftTraces::fill(std::int64_t neuron, std::span<double> row) const
{
    if (basis_.rank > 0)
        return varies(neuron) && fill_with_covariates(neuron, row);
    auto samples = RowSamples{};
    auto level = std::vector<double>(at(circles_.count()));
    if (!append(neuron, samples, level))
        return false;
    for (std::int64_t c = 0; c < circles_.count(); ++c)
        std::fill(row.begin() + circles_.start[at(c)], row.begin() + circles_.start[at(c) + 1],
                  level[at(c)]);
    for (std::size_t e = 0; e < samples.frame.size(); ++e)
        row[at(samples.frame[e])] += samples.value[e];
    return true;
}

bool ShiftTraces::fill_with_covariates(std::int64_t neuron, std::span<double> row) const
{
    std::fill(row.begin(), row.end(), 0.0);
    const auto frame = activity_.frames_of(neuron);
    const auto value = activity_.values_of(neuron);
    for (std::size_t e = 0; e < frame.size(); ++e)
        if (const auto column = column_[at(frame[e])]; column >= 0)
            row[at(column)] = value[e];
    take_out_means(row);
    const auto total = dot(row, row);
    for (std::int64_t k = 0; k < basis_.rank; ++k) {
        const auto covariate = std::span(basis_.value).subspan(at(k * frames()), at(frames()));
        add(row, -dot(row, covariate), covariate);
    }
    const auto left = dot(row, row);
    if (!(left > negligible_residual * total))
        return false;
    const auto scale = 1 / std::sqrt(left);
    for (auto& sample : row)
        sample *= scale;
    if (displacement_.empty() || displacement_[at(neuron)] == 0)
        return true;
    for (std::int64_t c = 0; c < circles_.count(); ++c) {
        const auto length = circles_.length(c);
        const auto by = displaced_by(displacement_[at(neuron)], length);
        const auto first = row.begin() + circles_.start[at(c)];
        std::rotate(first, first + (length - by), first + length);
    }
    return true;
}

SpectrumLayout layout_of(const FrameCircles& circles)
{
    auto layout = SpectrumLayout{};
    layout.start.push_back(0);
    for (std::int64_t c = 0; c < circles.count(); ++c) {
        const auto length = circles.length(c);
        const auto reals = RealTransform::spectrum_size(length);
        layout.start.push_back(layout.start.back() + reals);
        for (std::int64_t f = 0; f < reals / 2; ++f) {
            layout.inverse_length.push_back(1 / static_cast<double>(length));
            layout.weight.push_back(f == 0 ? 0 : 2 * f == length ? 1 : 2);
        }
    }
    return layout;
}

} // namespace rewire::calcium
