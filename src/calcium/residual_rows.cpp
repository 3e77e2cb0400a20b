#include "residual_rows.hpp"

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
constexpr auto panel = std::int64_t{64};           ///< residuals that are combined at a time
constexpr auto block_frames = std::int64_t{64};

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
[[gnu::always_inline]] inline void combine(const Panel<Real>& p, std::int64_t frames)
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
void combine_doubles(const Panel<double>& p, std::int64_t frames)
{
    combine<Doubles>(p, frames);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void combine_floats(const Panel<float>& p, std::int64_t frames)
{
    combine<Floats>(p, frames);
}

} // namespace

template <typename Real>
ResidualRows<Real>::ResidualRows(const ShiftTraces& traces, std::int64_t stride, std::int64_t group)
    : traces_(traces),
      stride_(stride),
      group_(group),
      sparse_(traces.covariates() == 0 && traces.density() < sparse_until_density)
{
    const auto circles = traces.circles().count();
    auto level = std::vector<double>(at(circles));
    auto trace = std::vector<double>(at(sparse_ ? 0 : traces.frames()));
    auto candidates = std::int64_t{0};
    for (std::int64_t neuron = 0; neuron < traces.neurons(); ++neuron)
        candidates += traces.varies(neuron) ? 1 : 0;
    if (!sparse_)
        base::resize_large(rows_, reals_of(candidates));
    for (std::int64_t neuron = 0; neuron < traces.neurons(); ++neuron) {
        if (sparse_ ? !traces.append(neuron, row_samples_, level) : !traces.fill(neuron, trace))
            continue;
        if (sparse_)
            level_.insert(level_.end(), level.begin(), level.end());
        else
            std::transform(trace.begin(), trace.end(), rows_.begin() + n() * stride,
                           [](double value) { return static_cast<Real>(value); });
        active_.push_back(neuron);
    }
    if (sparse_)
        samples_ = by_frame(row_samples_, traces.frames());
    else
        rows_.resize(at(reals_of(n())));
}

template <typename Real>
std::vector<double> ResidualRows<Real>::correlation() const
{
    auto matrix = std::vector<double>(at(n() * n()));
    if (sparse_) {
        add_sparse(matrix);
    } else {
        auto sums = std::vector<Real>(at(n() * n()));
        dense::add_products_of_rows(sums, n(), rows_, traces_.frames(), stride_);
        matrix.assign(sums.begin(), sums.end());
    }
    for (std::int64_t i = 0; i < n(); ++i)
        matrix[at(i * n() + i)] = 1;
    return matrix;
}

template <typename Real>
void ResidualRows<Real>::add_sparse(std::vector<double>& matrix) const
{
    for (std::int64_t frame = 0; frame < traces_.frames(); ++frame) {
        const auto last = samples_.start[at(frame) + 1];
        for (auto a = samples_.start[at(frame)]; a < last; ++a) {
            auto* row = matrix.data() + samples_.row[at(a)] * n();
            const auto value = samples_.value[at(a)];
            for (auto b = a; b < last; ++b)
                row[samples_.row[at(b)]] += value * samples_.value[at(b)];
        }
    }
    // a level is less the mean: of the products, too, the means are left
    const auto circles = traces_.circles().count();
    auto scaled = level_;
    for (std::int64_t i = 0; i < n(); ++i)
        for (std::int64_t c = 0; c < circles; ++c)
            scaled[at(i * circles + c)] *=
                std::sqrt(static_cast<double>(traces_.circles().length(c)));
    auto means = std::vector<double>(matrix.size());
    dense::add_products_of_rows(means, n(), scaled, circles, circles);
    for (std::size_t k = 0; k < matrix.size(); ++k)
        matrix[k] -= means[k];
}

template <typename Real>
std::vector<Real> ResidualRows<Real>::residuals(std::span<const Real> factor)
{
    if (sparse_)
        combine_sparse(factor);
    else
        combine_dense(factor);
    return std::move(rows_);
}

template <typename Real>
void ResidualRows<Real>::combine_dense(std::span<const Real> factor)
{
    auto block = std::vector<Real>(at(n() * block_columns));
    for (std::int64_t first = 0; first < traces_.frames(); first += block_columns) {
        const auto width = std::min(block_columns, traces_.frames() - first);
        dense::multiply_columns(factor, rows_, first, stride_, block, n(), width);
        for (std::int64_t i = 0; i < n(); ++i)
            std::copy(block.begin() + i * width, block.begin() + (i + 1) * width,
                      rows_.begin() + i * stride_ + first);
    }
}

template <typename Real>
void ResidualRows<Real>::combine_sparse(std::span<const Real> factor)
{
    const auto circles = traces_.circles().count();
    const auto frames = traces_.frames();
    base::resize_large(rows_, reals_of(n()));
    auto circle = std::vector<std::int32_t>{};
    for (std::int64_t c = 0; c < circles; ++c)
        circle.insert(circle.end(), at(traces_.circles().length(c)), static_cast<std::int32_t>(c));
    auto columns = std::vector<Real>(at(n() * panel));
    auto level = std::vector<Real>(at(circles * panel));
    auto out = std::vector<Real>(at(block_frames * panel));
    for (std::int64_t first = 0; first < n(); first += panel) {
        const auto used = std::min(panel, n() - first);
        std::fill(columns.begin(), columns.end(), Real{0});
        std::fill(level.begin(), level.end(), Real{0});
        for (std::int64_t k = 0; k < used; ++k)
            for (std::int64_t j = 0; j < n(); ++j)
                columns[at(j * panel + k)] = factor[at((first + k) * n() + j)];
        for (std::int64_t j = 0; j < n(); ++j)
            for (std::int64_t c = 0; c < circles; ++c)
                for (std::int64_t k = 0; k < used; ++k)
                    level[at(c * panel + k)] +=
                        columns[at(j * panel + k)] * static_cast<Real>(level_[at(j * circles + c)]);
        for (std::int64_t t = 0; t < frames; t += block_frames) {
            const auto count = std::min(block_frames, frames - t);
            const auto work = Panel<Real>{.factor = columns.data(),
                                          .start = samples_.start.data() + t,
                                          .row = samples_.row.data(),
                                          .value = samples_.value.data(),
                                          .circle = circle.data() + t,
                                          .level = level.data(),
                                          .out = out.data()};
            if constexpr (std::is_same_v<Real, double>)
                combine_doubles(work, count);
            else
                combine_floats(work, count);
            for (std::int64_t k = 0; k < used; ++k)
                for (std::int64_t u = 0; u < count; ++u)
                    rows_[at((first + k) * stride_ + t + u)] = out[at(u * panel + k)];
        }
    }
    samples_ = {};
}

template <typename Real>
void ResidualRows<Real>::fill(std::int64_t i, std::span<double> row) const
{
    if (!sparse_) {
        traces_.fill(active_[at(i)], row);
        return;
    }
    const auto& circles = traces_.circles();
    for (std::int64_t c = 0; c < circles.count(); ++c)
        std::fill(row.begin() + circles.start[at(c)], row.begin() + circles.start[at(c) + 1],
                  level_[at(i * circles.count() + c)]);
    for (auto e = row_samples_.start[at(i)]; e < row_samples_.start[at(i) + 1]; ++e)
        row[at(row_samples_.frame[at(e)])] += row_samples_.value[at(e)];
}

template <typename Real>
void ResidualRows<Real>::fill_lanes(base::Range traces, std::int64_t circle,
                                    LaneOf<Real>* lanes) const
{
    const auto& circles = traces_.circles();
    const auto start = circles.start[at(circle)];
    const auto length = circles.length(circle);
    auto level = typename LaneVector<Real>::Type{};
    for (std::int64_t l = 0; l < traces.size(); ++l)
        level[l] = static_cast<Real>(level_[at((traces.first + l) * circles.count() + circle)]);
    for (std::int64_t t = 0; t < length; ++t)
        lanes[t].re = level;
    for (std::int64_t l = 0; l < traces.size(); ++l) {
        const auto i = traces.first + l;
        const auto* first = row_samples_.frame.data() + row_samples_.start[at(i)];
        const auto* last = row_samples_.frame.data() + row_samples_.start[at(i) + 1];
        const auto* frame = std::lower_bound(first, last, start);
        const auto* value = row_samples_.value.data() + (frame - row_samples_.frame.data());
        for (; frame != last && *frame < start + length; ++frame, ++value)
            lanes[*frame - start].re[l] += static_cast<Real>(*value);
    }
}

template class ResidualRows<double>;
template class ResidualRows<float>;

} // namespace rewire::calcium
