#include "lane_transform.hpp"

#include <rewire/base/index.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace rewire::calcium {

namespace {

using base::at;

/// Points that stay in the second cache, with as many of scratch.
constexpr auto most_points_at_once = std::int64_t{2048};

std::int64_t smallest_prime_of(std::int64_t length)
{
    for (std::int64_t p = 2; p * p <= length; ++p)
        if (length % p == 0)
            return p;
    return length;
}

std::int64_t largest_prime_of(std::int64_t length)
{
    auto largest = std::int64_t{1};
    while (length > 1) {
        largest = smallest_prime_of(length);
        length /= largest;
    }
    return largest;
}

/// The divisor nearest to the square root; 1 of a prime.
std::int64_t middle_divisor_of(std::int64_t length)
{
    auto divisor = static_cast<std::int64_t>(std::sqrt(static_cast<double>(length)));
    while (length % divisor != 0)
        --divisor;
    return divisor;
}

/// At least `length`, without prime factors beyond 5.
std::int64_t smooth_length(std::int64_t length)
{
    while (largest_prime_of(length) > 5)
        ++length;
    return length;
}

/// exp(sign 2 pi i turn / whole), appended.
template <typename Real>
void append_turn(std::vector<Real>& factors, std::int64_t turn, std::int64_t whole, double sign)
{
    const auto angle =
        2 * std::numbers::pi * static_cast<double>(turn % whole) / static_cast<double>(whole);
    factors.push_back(static_cast<Real>(std::cos(angle)));
    factors.push_back(static_cast<Real>(sign * std::sin(angle)));
}

} // namespace

template <typename Real>
LaneTransform<Real>::LaneTransform(std::int64_t length, Direction direction)
    : length_(length), direction_(direction), sign_(direction == Direction::forward ? Real{-1} : 1)
{
    const auto largest = largest_prime_of(length);
    if (largest == length && length > largest_direct_prime)
        make_convolution();
    else if (largest > largest_direct_prime)
        make_parts(length / largest);
    else if (length > most_points_at_once)
        make_parts(middle_divisor_of(length));
    else
        make_stages();
}

template <typename Real>
void LaneTransform<Real>::make_stages()
{
    auto remaining = length_;
    auto stride = std::int64_t{1};
    while (remaining > 1) {
        const auto radix = remaining % 4 == 0 ? 4 : smallest_prime_of(remaining);
        auto stage = Stage{.radix = radix,
                           .rest = remaining / radix,
                           .stride = stride,
                           .twiddle = {},
                           .turns = {}};
        for (std::int64_t q = 0; q < stage.rest; ++q)
            for (std::int64_t j = 1; j < radix; ++j)
                append_turn(stage.twiddle, q * j, remaining, static_cast<double>(sign_));
        const auto half = (radix - 1) / 2;
        for (std::int64_t m = 1; radix > 5 && m <= half; ++m)
            for (std::int64_t k = 1; k <= half; ++k)
                append_turn(stage.turns, m * k, radix, 1.0);
        stages_.push_back(std::move(stage));
        remaining /= radix;
        stride *= radix;
    }
}

template <typename Real>
void LaneTransform<Real>::make_parts(std::int64_t columns)
{
    const auto rows = length_ / columns;
    column_ = std::make_unique<LaneTransform>(columns, direction_);
    row_ = std::make_unique<LaneTransform>(rows, direction_);
    between_.reserve(at(2 * length_));
    for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t k = 0; k < columns; ++k)
            append_turn(between_, row * k, length_, static_cast<double>(sign_));
    first_.resize(at(std::max(columns, rows)));
    second_.resize(first_.size());
}

/// x(k) w(k), convolved with conj w, times w is the transform: w(k) = exp(sign pi i k^2 / n).
template <typename Real>
void LaneTransform<Real>::make_convolution()
{
    const auto padded = smooth_length(2 * length_ - 1);
    auto chirp = std::vector<double>{};
    for (std::int64_t k = 0; k < length_; ++k)
        append_turn(chirp, k * k, 2 * length_, static_cast<double>(sign_));
    auto spread = std::vector<LaneOf<double>>(at(padded));
    for (std::int64_t k = 0; k < length_; ++k)
        for (const auto place : {k, (padded - k) % padded})
            spread[at(place)] = {spread[0].re * 0 + chirp[at(2 * k)],
                                 spread[0].re * 0 - chirp[at(2 * k + 1)]};
    auto scratch = spread;
    // in double for both: what is kept of it is rounded once
    const auto* spectrum = LaneTransform<double>(padded, LaneTransform<double>::Direction::forward)
                               .run(spread.data(), scratch.data());
    chirp_.assign(chirp.begin(), chirp.end());
    for (std::int64_t k = 0; k < padded; ++k) {
        spectrum_.push_back(static_cast<Real>(spectrum[k].re[0] / static_cast<double>(padded)));
        spectrum_.push_back(static_cast<Real>(spectrum[k].im[0] / static_cast<double>(padded)));
    }
    there_ = std::make_unique<LaneTransform>(padded, Direction::forward);
    back_ = std::make_unique<LaneTransform>(padded, Direction::backward);
    first_.resize(at(padded));
    second_.resize(at(padded));
}

template <typename Real>
LaneOf<Real>* LaneTransform<Real>::run_parts(LaneOf<Real>* data, LaneOf<Real>* scratch) const
{
    const auto columns = column_->length_;
    const auto rows = row_->length_;
    for (std::int64_t row = 0; row < rows; ++row) {
        move_lanes(data + row, rows, first_.data(), 1, columns);
        auto* column = column_->run(first_.data(), second_.data());
        multiply_lanes(column, between_.data() + 2 * row * columns, column, columns);
        move_lanes(column, 1, data + row, rows, columns);
    }
    for (std::int64_t column = 0; column < columns; ++column) {
        const auto* row = row_->run(data + column * rows, first_.data());
        move_lanes(row, 1, scratch + column, columns, rows);
    }
    return scratch;
}

template <typename Real>
LaneOf<Real>* LaneTransform<Real>::run_convolution(LaneOf<Real>* data) const
{
    const auto padded = static_cast<std::int64_t>(first_.size());
    multiply_lanes(data, chirp_.data(), first_.data(), length_);
    std::fill(first_.begin() + length_, first_.end(), LaneOf<Real>{});
    auto* spectrum = there_->run(first_.data(), second_.data());
    multiply_lanes(spectrum, spectrum_.data(), spectrum, padded);
    auto* other = spectrum == first_.data() ? second_.data() : first_.data();
    multiply_lanes(back_->run(spectrum, other), chirp_.data(), data, length_);
    return data;
}

template <typename Real>
LaneOf<Real>* LaneTransform<Real>::run(LaneOf<Real>* data, LaneOf<Real>* scratch) const
{
    if (column_)
        return run_parts(data, scratch);
    if (there_)
        return run_convolution(data);
    for (const auto& stage : stages_) {
        run_pass(LanePass<Real>{.from = data,
                                .to = scratch,
                                .radix = stage.radix,
                                .rest = stage.rest,
                                .stride = stage.stride,
                                .twiddle = stage.twiddle.data(),
                                .turns = stage.turns.data(),
                                .sign = sign_});
        std::swap(data, scratch);
    }
    return data;
}

template class LaneTransform<float>;
template class LaneTransform<double>;

} // namespace rewire::calcium
