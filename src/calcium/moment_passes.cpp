#include "moment_passes.hpp"

#include "lane_spectra.hpp"
#include "moment_lags.hpp"
#include "third_moments.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/memory.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace rewire::calcium {

namespace {

constexpr auto least_left_over = 0.02; ///< 1 - h counts as at least this much

using base::at;

std::int64_t longest(const FrameCircles& circles)
{
    auto length = std::int64_t{0};
    for (std::int64_t c = 0; c < circles.count(); ++c)
        length = std::max(length, circles.length(c));
    return length;
}

template <typename Real>
void make_room(LaneScratch<Real>& scratch, std::int64_t length)
{
    // what a transform walks through in long steps
    if (static_cast<std::int64_t>(scratch.data.size()) < length) {
        base::resize_large(scratch.data, length);
        base::resize_large(scratch.other, length);
    }
}

template <typename Real>
const LaneTransform<Real>& transform_of(std::map<std::int64_t, LaneTransform<Real>>& known,
                                        std::int64_t length,
                                        typename LaneTransform<Real>::Direction direction)
{
    return known.try_emplace(length, length, direction).first->second;
}

/// Residuals of some frames of a block, side by side, into the real or imaginary parts.
template <typename Real>
void place(const Real* block, std::int64_t frames, int part, LaneOf<Real>* into)
{
    auto* out = reinterpret_cast<Real*>(into) + part * lanes_of<Real>;
    for (std::int64_t t = 0; t < frames; ++t)
        std::memcpy(out + t * 2 * lanes_of<Real>, block + t * residual_panel,
                    sizeof(Real) * std::size_t{lanes_of<Real>});
}

} // namespace

MomentCorrection correction_of(const FrameCircles& circles, const SpectrumLayout& layout,
                               const ShiftLags& asked, std::span<const double> sums)
{
    const auto frequencies = at(layout.frequencies());
    auto correction = MomentCorrection{};
    auto traces = std::vector<double>(sums.begin(), sums.begin() + layout.frequencies());
    auto residuals = std::vector<double>(frequencies);
    for (std::size_t f = 0; f < frequencies; ++f) {
        const auto h = sums[2 * frequencies + f] * layout.inverse_length[f];
        const auto left = std::max(1 - h, least_left_over);
        const auto amplitude = layout.weight[f] > 0 ? 1 / std::sqrt(left) : 0;
        correction.leverage.push_back(h);
        correction.amplitude.push_back(amplitude);
        correction.power.push_back(amplitude * amplitude);
        residuals[f] = sums[frequencies + f] * amplitude * amplitude;
        correction.of_norm.push_back(layout.weight[f] * layout.inverse_length[f]);
        correction.of_refit.push_back(correction.of_norm.back() * h);
        correction.of_row.push_back(std::sqrt(layout.weight[f]) * layout.inverse_length[f]);
    }
    correction.lags = {.partial = moment_lags(asked.partial, circles, layout, residuals),
                       .marginal = moment_lags(asked.marginal, circles, layout, traces)};
    return correction;
}

template <typename Real>
void MomentPasses::spectra(base::Range neurons, std::span<const double> root, Real* power,
                           Real* marginal, std::span<double> sum) const
{
    constexpr auto width = lanes_of<Real>;
    auto& s = scratch.of<Real>();
    make_room(s, longest(circles));
    const auto frequencies = layout.frequencies();
    s.residuals.resize(at(width * frequencies));
    s.traces.resize(at(width * frequencies));
    std::fill(sum.begin(), sum.end(), 0.0);
    auto weight = std::vector<Real>(at(frequencies));
    for (std::size_t f = 0; f < weight.size(); ++f)
        weight[f] = static_cast<Real>(std::sqrt(layout.weight[f]) * layout.inverse_length[f]);
    const auto ones = std::vector<Real>(at(frequencies), Real{1});
    source.residuals(neurons, s.block);
    for (auto first = neurons.first; first < neurons.last; first += width) {
        const auto group = base::Range{first, std::min(first + width, neurons.last)};
        auto of_group = std::array<Real, at(width)>{};
        for (auto i = group.first; i < group.last; ++i)
            of_group[at(i - first)] = static_cast<Real>(root[at(i)]);
        for (std::int64_t c = 0; c < circles.count(); ++c) {
            const auto start = circles.start[at(c)];
            const auto length = circles.length(c);
            const auto f = layout.start[at(c)] / 2;
            source.trace_lanes(group, c, s.data.data());
            place(s.block.data() + start * residual_panel + first - neurons.first, length, 1,
                  s.data.data());
            const auto& transform =
                transform_of(s.forward, length, LaneTransform<Real>::Direction::forward);
            split_spectra(transform.run(s.data.data(), s.other.data()), length, of_group.data(),
                          s.residuals.data() + f * width, s.traces.data() + f * width,
                          PooledSpectra{.traces = sum.data() + f,
                                        .residuals = sum.data() + frequencies + f,
                                        .leverage = sum.data() + 2 * frequencies + f});
        }
        const auto row = (first - neurons.first) * frequencies;
        lanes_to_rows(s.residuals.data(), frequencies, ones.data(), group.size(), power + row,
                      frequencies);
        lanes_to_rows(s.traces.data(), frequencies, weight.data(), group.size(), marginal + row,
                      frequencies);
    }
}

template <typename Real>
void MomentPasses::correct(const MomentCorrection& correction, Real* power, double& norm,
                           double& refit)
{
    const auto sums = correct_power(power, correction.power.data(), correction.of_norm.data(),
                                    correction.of_refit.data(),
                                    static_cast<std::int64_t>(correction.power.size()));
    norm = sums.norm;
    refit = sums.refit / sums.norm;
    const auto inverse = 1 / sums.norm;
    for (std::size_t f = 0; f < correction.of_row.size(); ++f)
        power[f] =
            static_cast<Real>(static_cast<double>(power[f]) * (correction.of_row[f] * inverse));
}

template <typename Sum, typename Real>
void MomentPasses::residual_third(base::Range neurons, const MomentCorrection& correction,
                                  std::span<const double> norm, Real* third) const
{
    constexpr auto width = lanes_of<Sum>;
    auto& s = scratch.of<Sum>();
    const auto lags = correction.lags.partial;
    const auto row_width = circles.count() * lag_pairs(lags);
    const auto step = longest(circles) + lags;
    s.wrapped.resize(std::max(s.wrapped.size(), at(width * step)));
    const auto factor = std::vector<Sum>(correction.amplitude.begin(), correction.amplitude.end());
    source.residuals(neurons, s.block);
    for (auto first = neurons.first; first < neurons.last; first += 2 * width)
        for (std::int64_t c = 0; c < circles.count(); ++c) {
            const auto length = circles.length(c);
            const auto* block = s.block.data() + circles.start[at(c)] * residual_panel;
            for (int part = 0; part < 2; ++part)
                place(block + first - neurons.first + part * width, length, part, s.data.data());
            auto* there = transform_of(s.forward, length, LaneTransform<Sum>::Direction::forward)
                              .run(s.data.data(), s.other.data());
            filter_lanes(there, factor.data() + layout.start[at(c)] / 2, length);
            auto* spare = there == s.data.data() ? s.other.data() : s.data.data();
            const auto* back =
                transform_of(s.backward, length, LaneTransform<Sum>::Direction::backward)
                    .run(there, spare);
            for (int part = 0; part < 2; ++part) {
                const auto begin = first + part * width;
                const auto used = std::clamp(neurons.last - begin, std::int64_t{0}, width);
                part_to_rows(back, length, part, static_cast<Sum>(1 / static_cast<double>(length)),
                             used, s.wrapped.data(), step);
                for (std::int64_t l = 0; l < used; ++l) {
                    auto* trace = s.wrapped.data() + l * step;
                    std::copy_n(trace, lags, trace + length);
                    const auto row = begin + l - neurons.first;
                    third_moments<Sum>({trace, at(length + lags)}, std::pow(norm[at(row)], 1.5),
                                       lags, third + row * row_width + c * lag_pairs(lags));
                }
            }
        }
}

template <typename Sum, typename Real>
bool MomentPasses::third(base::Range neurons, const MomentCorrection& correction,
                         std::span<const double> norm, Real* third, Real* marginal,
                         const Tick& tick) const
{
    make_room(scratch.of<Sum>(), longest(circles));
    residual_third<Sum>(neurons, correction, norm, third);
    if (!tick(neurons.size()))
        return false;
    const auto lags = correction.lags.marginal;
    auto row = std::vector<double>(at(circles.used()));
    auto& wrapped = scratch.of<Sum>().wrapped;
    wrapped.resize(std::max(wrapped.size(), at(longest(circles) + lags)));
    auto* out = marginal;
    for (auto i = neurons.first; i < neurons.last; ++i) {
        source.trace(i, row);
        for (std::int64_t c = 0; c < circles.count(); ++c) {
            const auto length = circles.length(c);
            std::transform(row.begin() + circles.start[at(c)],
                           row.begin() + circles.start[at(c) + 1], wrapped.begin(),
                           [](double value) { return static_cast<Sum>(value); });
            std::copy_n(wrapped.begin(), lags, wrapped.begin() + length);
            third_moments<Sum>({wrapped.data(), at(length + lags)}, 1, lags, out);
            out += lag_pairs(lags);
        }
        if (!tick(1))
            return false;
    }
    return true;
}

template void MomentPasses::spectra(base::Range, std::span<const double>, double*, double*,
                                    std::span<double>) const;
template void MomentPasses::spectra(base::Range, std::span<const double>, float*, float*,
                                    std::span<double>) const;
template void MomentPasses::correct(const MomentCorrection&, double*, double&, double&);
template void MomentPasses::correct(const MomentCorrection&, float*, double&, double&);
template bool MomentPasses::third<double>(base::Range, const MomentCorrection&,
                                          std::span<const double>, double*, double*,
                                          const Tick&) const;
template bool MomentPasses::third<float>(base::Range, const MomentCorrection&,
                                         std::span<const double>, double*, double*,
                                         const Tick&) const;
template bool MomentPasses::third<float>(base::Range, const MomentCorrection&,
                                         std::span<const double>, float*, float*,
                                         const Tick&) const;

} // namespace rewire::calcium
