#include "residual_source.hpp"

#include <rewire/base/dispatch.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/memory.hpp>
#include <rewire/dense/symmetric.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace rewire::calcium {

namespace {

constexpr auto block_columns = std::int64_t{2048}; ///< of dense products
constexpr auto panel = residual_panel;

using base::at;

constexpr auto vector_bytes = 64;
using Doubles [[gnu::vector_size(vector_bytes)]] = double;
using Floats [[gnu::vector_size(vector_bytes)]] = float;

/// One panel of residuals over some frames.
template <typename Real>
struct Panel
{
    const Real* factor = nullptr;         ///< [n, panel] of trace j
    const std::int64_t* start = nullptr;  ///< [frames + 1]
    const std::int32_t* row = nullptr;    ///< j of each sample
    const double* value = nullptr;        ///< of each sample
    const std::int32_t* circle = nullptr; ///< [frames]
    const Real* level = nullptr;          ///< [circles, panel] where no neuron has a sample
    Real* out = nullptr;                  ///< [frames, panel]
};

/// The sums stay in registers while the samples of a frame are gone through.
template <typename Vector, typename Real>
[[gnu::always_inline]] inline void combine_samples(const Panel<Real>& p, std::int64_t frames)
{
    constexpr auto width = std::size_t{vector_bytes / sizeof(Real)};
    constexpr auto parts = std::size_t{panel} / width;
    for (std::int64_t t = 0; t < frames; ++t) {
        alignas(vector_bytes) auto sum = std::array<Vector, parts>{};
        std::memcpy(sum.data(), p.level + p.circle[t] * panel, sizeof(sum));
        for (auto e = p.start[t]; e < p.start[t + 1]; ++e) {
            const auto* factor = p.factor + p.row[e] * panel;
            const auto value = static_cast<Real>(p.value[e]);
            auto column = Vector{};
            for (std::size_t k = 0; k < parts; ++k) {
                std::memcpy(&column, factor + k * width, sizeof(column));
                sum[k] += value * column;
            }
        }
        std::memcpy(p.out + t * panel, sum.data(), sizeof(sum));
    }
}

REWIRE_CLONES("avx512f", "avx2", "default")
void combine_panel(const Panel<double>& p, std::int64_t frames)
{
    combine_samples<Doubles>(p, frames);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void combine_panel(const Panel<float>& p, std::int64_t frames)
{
    combine_samples<Floats>(p, frames);
}

} // namespace

OwnSamples samples_of(const ShiftTraces& traces)
{
    auto samples = OwnSamples{};
    auto level = std::vector<double>(at(traces.circles().count()));
    for (std::int64_t neuron = 0; neuron < traces.neurons(); ++neuron) {
        if (!traces.append(neuron, samples.rows, level))
            continue;
        samples.level.insert(samples.level.end(), level.begin(), level.end());
        samples.active.push_back(neuron);
    }
    samples.frames = by_frame(samples.rows, traces.frames());
    return samples;
}

std::vector<double> correlation_of(const OwnSamples& samples, const FrameCircles& circles)
{
    const auto n = static_cast<std::int64_t>(samples.active.size());
    auto matrix = std::vector<double>(at(n * n));
    add_products(samples.frames, n, matrix);
    // a level is less the mean: of the products, too, the means are left
    const auto count = circles.count();
    auto scaled = samples.level;
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t c = 0; c < count; ++c)
            scaled[at(i * count + c)] *= std::sqrt(static_cast<double>(circles.length(c)));
    auto means = std::vector<double>(matrix.size());
    dense::add_products_of_rows(means, n, scaled, count, count);
    for (std::size_t k = 0; k < matrix.size(); ++k)
        matrix[k] -= means[k];
    for (std::int64_t i = 0; i < n; ++i)
        matrix[at(i * n + i)] = 1;
    return matrix;
}

SampleSource::SampleSource(const MomentArrays& arrays, const FrameCircles& circles)
    : arrays_(arrays), circles_(circles)
{
    for (std::int64_t c = 0; c < circles.count(); ++c)
        circle_.insert(circle_.end(), at(circles.length(c)), static_cast<std::int32_t>(c));
}

template <typename Real>
void SampleSource::combine(base::Range neurons, std::vector<Real>& block) const
{
    const auto circles = circles_.count();
    base::resize_large(block, circles_.used() * panel);
    auto columns = std::vector<Real>(at(n() * panel));
    auto level = std::vector<Real>(at(circles * panel));
    for (std::int64_t k = 0; k < neurons.size(); ++k)
        for (std::int64_t j = 0; j < n(); ++j)
            columns[at(j * panel + k)] =
                static_cast<Real>(arrays_.factor[at((neurons.first + k) * n() + j)]);
    for (std::int64_t j = 0; j < n(); ++j)
        for (std::int64_t c = 0; c < circles; ++c)
            for (std::int64_t k = 0; k < neurons.size(); ++k)
                level[at(c * panel + k)] += columns[at(j * panel + k)] *
                                            static_cast<Real>(arrays_.level[at(j * circles + c)]);
    combine_panel(Panel<Real>{.factor = columns.data(),
                              .start = arrays_.frame_start.data(),
                              .row = arrays_.frame_row.data(),
                              .value = arrays_.frame_value.data(),
                              .circle = circle_.data(),
                              .level = level.data(),
                              .out = block.data()},
                  circles_.used());
}

void SampleSource::trace(std::int64_t i, std::span<double> row) const
{
    for (std::int64_t c = 0; c < circles_.count(); ++c)
        std::fill(row.begin() + circles_.start[at(c)], row.begin() + circles_.start[at(c) + 1],
                  arrays_.level[at(i * circles_.count() + c)]);
    for (auto e = arrays_.row_start[at(i)]; e < arrays_.row_start[at(i) + 1]; ++e)
        row[at(arrays_.row_frame[at(e)])] += arrays_.row_value[at(e)];
}

template <typename Real>
void SampleSource::fill_lanes(base::Range traces, std::int64_t circle, LaneOf<Real>* into) const
{
    const auto start = circles_.start[at(circle)];
    const auto length = circles_.length(circle);
    auto level = typename LaneVector<Real>::Type{};
    for (std::int64_t l = 0; l < traces.size(); ++l)
        level[l] =
            static_cast<Real>(arrays_.level[at((traces.first + l) * circles_.count() + circle)]);
    for (std::int64_t t = 0; t < length; ++t)
        into[t].re = level;
    for (std::int64_t l = 0; l < traces.size(); ++l) {
        const auto i = traces.first + l;
        const auto* first = arrays_.row_frame.data() + arrays_.row_start[at(i)];
        const auto* last = arrays_.row_frame.data() + arrays_.row_start[at(i) + 1];
        const auto* frame = std::lower_bound(first, last, start);
        const auto* value = arrays_.row_value.data() + (frame - arrays_.row_frame.data());
        for (; frame != last && *frame < start + length; ++frame, ++value)
            into[*frame - start].re[l] += static_cast<Real>(*value);
    }
}

template <typename Real>
RowSource<Real>::RowSource(const ShiftTraces& traces) : traces_(traces)
{
    auto trace = std::vector<double>(at(traces.frames()));
    auto candidates = std::int64_t{0};
    for (std::int64_t neuron = 0; neuron < traces.neurons(); ++neuron)
        candidates += traces.varies(neuron) ? 1 : 0;
    base::resize_large(rows_, candidates * traces.frames());
    for (std::int64_t neuron = 0; neuron < traces.neurons(); ++neuron) {
        if (!traces.fill(neuron, trace))
            continue;
        std::transform(trace.begin(), trace.end(), rows_.begin() + n() * traces.frames(),
                       [](double value) { return static_cast<Real>(value); });
        active_.push_back(neuron);
    }
    rows_.resize(at(n() * traces.frames()));
}

template <typename Real>
std::vector<double> RowSource<Real>::correlation() const
{
    auto sums = std::vector<Real>(at(n() * n()));
    dense::add_products_of_rows(sums, n(), rows_, traces_.frames(), traces_.frames());
    auto matrix = std::vector<double>(sums.begin(), sums.end());
    for (std::int64_t i = 0; i < n(); ++i)
        matrix[at(i * n() + i)] = 1;
    return matrix;
}

template <typename Real>
void RowSource<Real>::make_residuals(std::span<const double> factor)
{
    const auto own = std::vector<Real>(factor.begin(), factor.end());
    const auto frames = traces_.frames();
    auto block = std::vector<Real>(at(n() * block_columns));
    for (std::int64_t first = 0; first < frames; first += block_columns) {
        const auto width = std::min(block_columns, frames - first);
        dense::multiply_columns(own, rows_, first, frames, block, n(), width);
        for (std::int64_t i = 0; i < n(); ++i)
            std::copy(block.begin() + i * width, block.begin() + (i + 1) * width,
                      rows_.begin() + i * frames + first);
    }
}

template <typename Real>
template <typename Out>
void RowSource<Real>::turn(base::Range neurons, std::vector<Out>& block) const
{
    const auto frames = traces_.frames();
    block.assign(at(frames * panel), Out{0});
    constexpr auto together = std::int64_t{128}; // stay in the first cache
    for (std::int64_t first = 0; first < frames; first += together)
        for (std::int64_t k = 0; k < neurons.size(); ++k)
            for (auto t = first; t < std::min(frames, first + together); ++t)
                block[at(t * panel + k)] =
                    static_cast<Out>(rows_[at((neurons.first + k) * frames + t)]);
}

template <typename Real>
void RowSource<Real>::trace(std::int64_t i, std::span<double> row) const
{
    traces_.fill(active_[at(i)], row);
}

template <typename Real>
template <typename Out>
void RowSource<Real>::fill_lanes(base::Range traces, std::int64_t circle, LaneOf<Out>* into) const
{
    const auto frames = traces_.frames();
    if (filled_ != traces) { // once for all circles
        traces_filled_.resize(at(traces.size() * frames));
        for (std::int64_t l = 0; l < traces.size(); ++l)
            trace(traces.first + l, std::span(traces_filled_).subspan(at(l * frames), at(frames)));
        filled_ = traces;
    }
    const auto start = traces_.circles().start[at(circle)];
    for (std::int64_t t = 0; t < traces_.circles().length(circle); ++t) {
        into[t].re = typename LaneVector<Out>::Type{};
        for (std::int64_t l = 0; l < traces.size(); ++l)
            into[t].re[l] = static_cast<Out>(traces_filled_[at(l * frames + start + t)]);
    }
}

template class RowSource<double>;
template class RowSource<float>;

} // namespace rewire::calcium
