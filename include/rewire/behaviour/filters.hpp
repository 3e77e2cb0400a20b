#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// The filters that the lever trace goes through, on evenly sampled series. All are linear in the
/// number of samples but for the envelope (n log n). An empty series gives an empty one; NaN
/// spreads.
namespace rewire::behaviour {

/// `up` / `down` as a fraction in lowest terms.
struct Ratio
{
    std::int64_t up = 1;
    std::int64_t down = 1;
};

/// The fraction nearest to to_hz / from_hz, to 1e-9 relative (0.001 ms of drift in 20 minutes).
/// @throws InputError: a rate not positive and finite, or no fraction with terms below 1e6
Ratio rate_ratio(double from_hz, double to_hz);

/// A rate near `rate_hz` from which it is cheap to resample to `to_hz`: the rate itself where the
/// fraction has terms up to 10,000, else the shortest decimal number within 0.1 % (1000 for
/// 1000.00008, 30 for 29.99, 988 for 987.654). For traces that are placed by the time of their
/// samples (lever_clock.hpp).
/// @throws InputError: a rate not positive and finite
double simple_rate(double rate_hz, double to_hz);

/// Resampled by a fraction: low-pass FIR (windowed sinc, cut-off at the lower of the two Nyquist
/// frequencies, Kaiser window beta 5, 10 max(up, down) taps to each side) applied in its polyphase
/// form, so that nothing above the new Nyquist frequency folds back. Sample k of the result lies at
/// k down / up of the input; the series is continued by its first and last value, so that an offset
/// makes no step at the ends. ceil(n up / down) samples.
std::vector<double> resampled(std::span<const double> series, const Ratio& ratio);

/// Butterworth low pass of order 4, forwards and backwards (no phase shift, order 8 in all), as two
/// second-order sections. Ends are continued by 12 samples reflected about the end point and the
/// filter starts in its steady state. cut_off = frequency over the Nyquist frequency, in (0, 1).
/// @throws InputError for 12 samples or fewer (but not for none), or a cut-off out of range
std::vector<double> low_pass_zero_phase(std::span<const double> series, double cut_off);

/// Mean over a centred window of 2 half + 1 samples, fewer at the ends.
std::vector<double> moving_mean(std::span<const double> series, std::int64_t half);

/// Magnitude of the analytic signal (Hilbert transform by FFT, the series followed by zeros up to
/// the next length whose prime factors are 2, 3 and 5).
std::vector<double> envelope(std::span<const double> series);

} // namespace rewire::behaviour
