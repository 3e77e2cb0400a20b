#include "rewire/behaviour/filters.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>
#include <unsupported/Eigen/FFT>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <optional>
#include <utility>

namespace rewire::behaviour {

namespace {

/// Modified Bessel function of the first kind, order 0, by its power series (positive terms).
double bessel_i0(double x)
{
    auto sum = 1.0;
    auto term = 1.0;
    for (auto k = 1; term > 1e-18 * sum; ++k) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

/// Taps of the interpolation filter, with gain `up` at zero frequency.
std::vector<double> interpolation_taps(const Ratio& ratio)
{
    constexpr auto beta = 5.0;
    const auto longest = std::max(ratio.up, ratio.down);
    const auto half = 10 * longest;
    auto taps = std::vector<double>(static_cast<std::size_t>(2 * half + 1));
    auto sum = 0.0;
    for (std::int64_t k = -half; k <= half; ++k) {
        const auto x = static_cast<double>(k) / static_cast<double>(longest);
        const auto sinc = k == 0 ? 1.0 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
        const auto edge = static_cast<double>(k) / static_cast<double>(half);
        const auto window = bessel_i0(beta * std::sqrt(std::max(0.0, 1 - edge * edge)));
        taps[static_cast<std::size_t>(k + half)] = sinc * window;
        sum += sinc * window;
    }
    for (auto& tap : taps)
        tap *= static_cast<double>(ratio.up) / sum;
    return taps;
}

/// b0 (1 + 2 z^-1 + z^-2) / (1 + a1 z^-1 + a2 z^-2), transposed direct form II.
struct Section
{
    double b0, a1, a2;

    void run(std::span<double> series) const
    {
        // The state in which a constant input gives the same constant, gain being 1 at 0 Hz.
        auto first = (1 - b0) * series.front();
        auto second = (b0 - a2) * series.front();
        for (auto& sample : series) {
            const auto in = sample;
            const auto out = b0 * in + first;
            first = 2 * b0 * in - a1 * out + second;
            second = b0 * in - a2 * out;
            sample = out;
        }
    }
};

std::array<Section, 2> butterworth_sections(double cut_off)
{
    auto sections = std::array<Section, 2>{};
    const auto warped = std::tan(std::numbers::pi * cut_off / 2);
    for (auto k = std::size_t{0}; k < sections.size(); ++k) {
        const auto damping = 2 * std::cos(std::numbers::pi * (2 * static_cast<double>(k) + 1) / 8);
        const auto norm = 1 / (1 + damping * warped + warped * warped);
        sections[k] = {warped * warped * norm, 2 * (warped * warped - 1) * norm,
                       (1 - damping * warped + warped * warped) * norm};
    }
    return sections;
}

void check_rates(double from_hz, double to_hz)
{
    if (!(from_hz > 0) || !(to_hz > 0) || !std::isfinite(from_hz) || !std::isfinite(to_hz))
        throw base::InputError(fmt::format("cannot resample from {} Hz to {} Hz", from_hz, to_hz),
                               "sampling rate", "give a rate above 0 Hz");
}

/// By continued fractions, to 1e-9 relative. Empty: only with larger terms.
std::optional<Ratio> fraction_near(double wanted, double largest_term)
{
    auto rest = wanted;
    auto up = 1.0, up_before = 0.0, down = 0.0, down_before = 1.0;
    for (;;) {
        const auto whole = std::floor(rest);
        up_before = std::exchange(up, whole * up + up_before);
        down_before = std::exchange(down, whole * down + down_before);
        if (up > largest_term || down > largest_term)
            return {};
        if (up > 0 && std::abs(up / down - wanted) <= 1e-9 * wanted)
            return Ratio{static_cast<std::int64_t>(up), static_cast<std::int64_t>(down)};
        rest = 1 / (rest - whole);
    }
}

std::size_t next_smooth_length(std::size_t length)
{
    const auto is_smooth = [](std::size_t n) {
        for (const auto prime : {2U, 3U, 5U})
            while (n % prime == 0)
                n /= prime;
        return n == 1;
    };
    while (!is_smooth(length))
        ++length;
    return length;
}

} // namespace

Ratio rate_ratio(double from_hz, double to_hz)
{
    check_rates(from_hz, to_hz);
    const auto ratio = fraction_near(to_hz / from_hz, 1e6);
    if (!ratio)
        throw base::InputError(
            fmt::format("{} Hz is not a simple fraction of {} Hz", from_hz, to_hz), "sampling rate",
            "give the rate rounded to a multiple of 0.1 Hz");
    return *ratio;
}

double simple_rate(double rate_hz, double to_hz)
{
    check_rates(rate_hz, to_hz);
    if (fraction_near(to_hz / rate_hz, 1e4))
        return rate_hz;
    for (auto digits = 1;; ++digits) { // four are always enough
        const auto scale = std::pow(10.0, digits - 1 - std::floor(std::log10(rate_hz)));
        const auto rounded = std::round(rate_hz * scale) / scale;
        if (std::abs(rounded - rate_hz) <= 1e-3 * rate_hz)
            return rounded;
    }
}

std::vector<double> resampled(std::span<const double> series, const Ratio& ratio)
{
    if (series.empty() || ratio.up == ratio.down)
        return {series.begin(), series.end()};
    const auto taps = interpolation_taps(ratio);
    const auto half = static_cast<std::int64_t>(taps.size() / 2);
    const auto count = static_cast<std::int64_t>(series.size());
    auto result =
        std::vector<double>(static_cast<std::size_t>((count * ratio.up - 1) / ratio.down + 1));
    for (std::size_t k = 0; k < result.size(); ++k) {
        // On the grid of the input with `up` - 1 zeros after every sample: only taps over a sample.
        const auto centre = static_cast<std::int64_t>(k) * ratio.down;
        const auto last = (centre + half) / ratio.up;
        auto sum = 0.0;
        auto tap = centre + half - last * ratio.up;
        for (auto sample = last; tap <= 2 * half; --sample, tap += ratio.up)
            sum += taps[static_cast<std::size_t>(tap)] *
                   series[static_cast<std::size_t>(std::clamp<std::int64_t>(sample, 0, count - 1))];
        result[k] = sum;
    }
    return result;
}

std::vector<double> low_pass_zero_phase(std::span<const double> series, double cut_off)
{
    constexpr auto padding = std::size_t{12};
    if (!(cut_off > 0 && cut_off < 1))
        throw base::InputError(fmt::format("cut-off {} of the Nyquist frequency", cut_off),
                               "low pass", "the cut-off has to lie between 0 and 1");
    if (series.empty())
        return {};
    if (series.size() <= padding)
        throw base::InputError(fmt::format("{} samples are too few to filter", series.size()),
                               "low pass", "at least 13 are needed");

    auto padded = std::vector<double>(series.size() + 2 * padding);
    std::copy(series.begin(), series.end(), padded.begin() + padding);
    for (std::size_t k = 1; k <= padding; ++k) {
        padded[padding - k] = 2 * series.front() - series[k];
        padded[padding + series.size() - 1 + k] = 2 * series.back() - series[series.size() - 1 - k];
    }
    const auto sections = butterworth_sections(cut_off);
    for (auto direction = 0; direction < 2; ++direction) {
        for (const auto& section : sections)
            section.run(padded);
        std::reverse(padded.begin(), padded.end());
    }
    return {padded.begin() + padding, padded.end() - padding};
}

std::vector<double> moving_mean(std::span<const double> series, std::int64_t half)
{
    const auto count = static_cast<std::int64_t>(series.size());
    auto result = std::vector<double>(series.size());
    for (std::int64_t i = 0; i < count; ++i) {
        const auto first = std::max<std::int64_t>(0, i - half);
        const auto last = std::min(count, i + half + 1);
        auto sum = 0.0;
        for (auto k = first; k < last; ++k)
            sum += series[static_cast<std::size_t>(k)];
        result[static_cast<std::size_t>(i)] = sum / static_cast<double>(last - first);
    }
    return result;
}

std::vector<double> envelope(std::span<const double> series)
{
    if (series.empty())
        return {};
    const auto length = next_smooth_length(series.size());
    auto signal = std::vector<std::complex<double>>(length);
    std::copy(series.begin(), series.end(), signal.begin());
    auto spectrum = std::vector<std::complex<double>>{};
    auto transform = Eigen::FFT<double>{};
    transform.fwd(spectrum, signal);
    for (std::size_t k = 1; k < length; ++k) {
        if (2 * k < length)
            spectrum[k] *= 2;
        else if (2 * k > length)
            spectrum[k] = 0;
    }
    transform.inv(signal, spectrum);
    auto result = std::vector<double>(series.size());
    for (std::size_t k = 0; k < result.size(); ++k)
        result[k] = std::abs(signal[k]);
    return result;
}

} // namespace rewire::behaviour
