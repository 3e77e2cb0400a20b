#pragma once

#include <rewire/spikes/correlogram.hpp>
#include <rewire/spikes/jitter.hpp>
#include <rewire/stats/poisson.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// Exact p-values of coincidences under interval jitter or dither of ONE train, the other being
/// held (methods page, spikes section 7): every jittered spike hits with probability h / l, where h
/// of the l positions of its window coincide with the held train, and all are independent. The
/// count is a sum of binomials, one for each h.
///
/// Which train is jittered is part of the null. Here it is the postsynaptic candidate of the tested
/// direction: the train whose spikes would be the effect.
namespace rewire::spikes {

/// Independent trials with one probability of success.
struct TrialClass
{
    double probability = 0;
    std::int64_t trials = 0;
};

double mean_of(std::span<const TrialClass> classes) noexcept;
double variance_of(std::span<const TrialClass> classes) noexcept;

/// Of the number of successes. By convolution of the binomials tilted to `count`, so that the
/// smaller tail has about 12 digits however small it is (below 1e-300: 0). Where the convolution
/// would take more than `most_products` multiplications, the saddlepoint formula of Lugannani and
/// Rice (relative error about 1 / variance, which is then some thousands).
/// @pre 0 <= probability <= 1
stats::Tails tails(std::span<const TrialClass> classes, std::int64_t count,
                   double most_products = 1e5);

/// Where each spike of a train may go; 6 bytes a spike.
struct JitterWindows
{
    std::vector<std::int32_t> first;   ///< position
    std::vector<std::uint8_t> bins;    ///< within the segment
    std::vector<std::uint8_t> choices; ///< equally likely, those that are lost included
};

/// @throws UsageError: the plan is not one of interval jitter or dither
JitterWindows jitter_windows(const JitterPlan& plan, std::span<const std::int32_t> train);

/// Number of successes of each lag from `first_lag` to `last_lag`, lag = position of the jittered -
/// position of the held spike. 1.5 to 4 ns a jittered spike, the more spikes the held train has,
/// for 11 lags and windows of 25 bins.
/// @pre held.max_lag() >= largest of |first_lag|, |last_lag|
std::vector<std::vector<TrialClass>> coincidence_classes(const JitterWindows& jittered,
                                                         const BitTrain& held,
                                                         std::int64_t first_lag,
                                                         std::int64_t last_lag);

/// Tests of the lags of one pair, -max_lag .. max_lag.
struct LagTests
{
    std::vector<double> expected_one; ///< one train jittered; both beyond the exact lags
    std::vector<double> p_peak;       ///< P(count >= observed)
    std::vector<double> p_trough;     ///< P(count <= observed)
};

struct LagTestSettings
{
    /// Lags tested exactly: -exact_lag .. exact_lag. Beyond, Poisson around the expectation under
    /// jitter of both, which is conservative (the counts scatter less).
    std::int64_t exact_lag = 10;
    /// A direction's lags: first_tested_lag .. exact_lag. At 0 nobody is first.
    std::int64_t first_tested_lag = 1;
    /// Flanks of the strict p: |lag| from here to the end of the correlogram.
    std::int64_t flank_first = 51;
};

/// The smallest p of a direction's lags, times their number.
///
/// Jitter spreads a strong peak over its window, so that the lags around it, in both directions,
/// lie below the expectation: a trough that is nothing but the shadow of a peak (and the other way
/// round). The strict p of a lag is the larger of its p under jitter and of a Poisson p against the
/// level of the flanks, which no shadow reaches. Where the flanks are not there they equal the
/// others.
struct DirectedP
{
    double p_peak = 1;
    double p_trough = 1;
    std::int64_t peak_lag = 0; ///< of the pair's correlogram, signed
    std::int64_t trough_lag = 0;
    double p_peak_strict = 1;
    double p_trough_strict = 1;
};

struct PairTests
{
    LagTests lags;
    DirectedP forward;  ///< first -> second: negative lags
    DirectedP backward; ///< second -> first: positive lags
};

/// Everything of a unit that its pairs share.
class TestUnit
{
  public:
    TestUnit(const JitterPlan& plan, std::span<const std::int32_t> train, std::int64_t exact_lag);

    const JitterWindows& windows() const noexcept { return windows_; }
    const BitTrain& bits() const noexcept { return bits_; }
    std::span<const std::int32_t> train() const noexcept { return train_; }
    const JitterUnit& jitter() const noexcept { return jitter_; }

  private:
    JitterWindows windows_;
    BitTrain bits_;
    std::span<const std::int32_t> train_;
    JitterUnit jitter_;
};

/// @param count,expected [lags of the plan], of the same pair; expected under jitter of both.
/// Pattern jitter permutes, so that its hits are not independent: there the expectation with one
/// train jittered is exact and the tail is Poisson's. At lag 0 the larger of both trains' p.
/// @param overlap [lags] overlap_s of the timeline, for the level of the flanks; empty: no flanks
/// @throws UsageError: no jitter, or fewer lags in the plan than are to be exact
PairTests test_pair(const JitterPlan& plan, const TestUnit& first, const TestUnit& second,
                    std::span<const std::int32_t> count, std::span<const double> expected,
                    std::span<const double> overlap, const LagTestSettings& settings = {});

/// Tests of all pairs of a tile, in its order; nothing when stopped.
/// @param count,expected [pairs, lags of the plan]
std::optional<std::vector<PairTests>> test_tile(const JitterPlan& plan, const BinnedTrains& trains,
                                                const PairTile& tile,
                                                std::span<const std::int32_t> count,
                                                std::span<const double> expected,
                                                const LagTestSettings& settings, const Tick& tick);

} // namespace rewire::spikes
