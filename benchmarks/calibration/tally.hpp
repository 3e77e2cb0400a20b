#pragma once

#include "scenario.hpp"

#include <rewire/stats/multiple_testing.hpp>

#include <string>
#include <vector>

namespace rewire::calibration {

/// One number over the data sets of a scenario. Hypotheses of one data set are not independent:
/// intervals are of the data sets.
class Measured
{
  public:
    explicit Measured(const Finding& first) : of_(first) {}

    const std::string& statistic() const noexcept { return of_.statistic; }
    Quantity quantity() const noexcept { return of_.quantity; }
    double level() const noexcept { return of_.level; }
    std::int64_t data_sets() const noexcept { return data_sets_; }
    double hits() const noexcept { return hits_; }
    double trials() const noexcept { return trials_; }

    void add(double hits, double trials);
    double estimate() const; ///< share or mean, a rate not yet divided; NaN for no trials
    /// Shares: Wilson's, with as many trials as they are worth given how data sets differ. Means:
    /// Student's t. NaN for fewer than two data sets.
    stats::Interval interval(double confidence) const;
    /// What estimate and interval are divided by for bands and tables: the level of a rate, else 1.
    double unit() const noexcept { return of_.quantity == Quantity::rate ? of_.level : 1; }

  private:
    double cluster_variance() const;

    Finding of_; ///< but for hits and trials
    std::int64_t data_sets_ = 0;
    double hits_ = 0;
    double trials_ = 0;
    double hits_squared_ = 0; ///< sums over data sets
    double hits_trials_ = 0;
    double trials_squared_ = 0;
};

/// All numbers of a scenario.
class Tally
{
  public:
    /// @throws InputError: other statistics than those of the first data set
    void add(const Findings& findings);
    const std::vector<Measured>& all() const noexcept { return all_; }
    /// Null where there is none.
    const Measured* find(const std::string& statistic, Quantity quantity, double level) const;

  private:
    std::vector<Measured> all_;
};

enum class Verdict : std::uint8_t
{
    holds, ///< the estimate lies in the band
    close, ///< it does not, but by no more than may be chance
    missed,
    unknown, ///< no such number was measured
};

/// Whether a number lies in its band. Outside of it, it may be chance where the 99.9 % interval
/// over data sets reaches the band. Few data sets reach nearly everything: where they are the same
/// each time, a number that leaves its band has changed, and is missed where it is outside by more
/// than a twentieth (a power: of what is missed) and by more than the root of its hits.
Verdict judge(const Band& band, const Tally& tally, bool fixed_draw);

} // namespace rewire::calibration
