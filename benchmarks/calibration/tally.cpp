#include "tally.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/nan.hpp>

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::calibration {

namespace {

using base::nan;
constexpr auto confidence_of_bands = 0.999;
constexpr auto most_outside = 1.05;

bool is_mean(Quantity quantity)
{
    return quantity == Quantity::fdr || quantity == Quantity::value;
}

/// How many times as far out as the limit: 1 within the band.
double times_outside(const Band& band, double value)
{
    if (value > band.high)
        return value / band.high;
    if (value >= band.low)
        return 1;
    return band.quantity == Quantity::power ? (1 - value) / (1 - band.low) : band.low / value;
}

bool is_far(const Band& band, const Measured& measured)
{
    const auto of = [&](double hits) {
        return times_outside(band, hits / measured.trials() / measured.unit()) > most_outside;
    };
    if (is_mean(band.quantity))
        return of(measured.hits());
    const auto hits = measured.hits();
    const auto above = measured.estimate() / measured.unit() > band.high;
    const auto misses = measured.trials() - hits;
    return of(hits) &&
           of(above ? hits - std::sqrt(hits) : hits + std::sqrt(std::min(hits + 1, misses)));
}

} // namespace

void Finding::pack(base::Packer& packer) const
{
    packer.put_text(statistic);
    packer.put(quantity);
    packer.put(level);
    packer.put(hits);
    packer.put(trials);
}

void Finding::unpack(base::Unpacker& unpacker)
{
    statistic = unpacker.get_text();
    quantity = unpacker.get<Quantity>();
    level = unpacker.get<double>();
    hits = unpacker.get<double>();
    trials = unpacker.get<double>();
}

void Measured::add(double hits, double trials)
{
    ++data_sets_;
    hits_ += hits;
    trials_ += trials;
    hits_squared_ += hits * hits;
    hits_trials_ += hits * trials;
    trials_squared_ += trials * trials;
}

double Measured::estimate() const
{
    return trials_ > 0 ? hits_ / trials_ : nan;
}

/// Of the ratio of sums, data sets being drawn independently.
double Measured::cluster_variance() const
{
    const auto ratio = estimate();
    const auto n = static_cast<double>(data_sets_);
    const auto squares = hits_squared_ - 2 * ratio * hits_trials_ + ratio * ratio * trials_squared_;
    return std::max(0.0, squares) * n / ((n - 1) * trials_ * trials_);
}

stats::Interval Measured::interval(double confidence) const
{
    if (data_sets_ < 2 || !(trials_ > 0))
        return {nan, nan};
    const auto student = boost::math::students_t(static_cast<double>(data_sets_ - 1));
    const auto z = boost::math::quantile(student, (1 + confidence) / 2);
    const auto share = estimate();
    const auto variance = cluster_variance();
    if (is_mean(of_.quantity)) {
        const auto half = z * std::sqrt(variance);
        const auto fdr = of_.quantity == Quantity::fdr;
        return {fdr ? std::max(0.0, share - half) : share - half,
                fdr ? std::min(1.0, share + half) : share + half};
    }
    const auto binomial = share * (1 - share) / trials_;
    const auto worth = binomial > 0 ? trials_ / std::max(1.0, variance / binomial) : trials_;
    return stats::wilson_interval_of_share(share, worth, z);
}

void Tally::add(const Findings& findings)
{
    if (all_.empty())
        for (const auto& finding : findings)
            all_.emplace_back(finding);
    auto same = all_.size() == findings.size();
    for (std::size_t k = 0; same && k < findings.size(); ++k)
        same = all_[k].statistic() == findings[k].statistic &&
               all_[k].quantity() == findings[k].quantity && all_[k].level() == findings[k].level;
    if (!same)
        throw base::InputError("a data set gave other statistics than the first", "calibration",
                               "give the same ones for every seed, with 0 trials where there is "
                               "nothing to count");
    for (std::size_t k = 0; k < findings.size(); ++k)
        all_[k].add(findings[k].hits, findings[k].trials);
}

const Measured* Tally::find(const std::string& statistic, Quantity quantity, double level) const
{
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const Measured& measured) {
        return measured.statistic() == statistic && measured.quantity() == quantity &&
               measured.level() == level;
    });
    return found == all_.end() ? nullptr : &*found;
}

Verdict judge(const Band& band, const Tally& tally, bool fixed_draw)
{
    const auto* measured = tally.find(band.statistic, band.quantity, band.level);
    if (measured == nullptr || std::isnan(measured->estimate()))
        return Verdict::unknown;
    const auto value = measured->estimate() / measured->unit();
    if (value >= band.low && value <= band.high)
        return Verdict::holds;
    if (fixed_draw && is_far(band, *measured))
        return Verdict::missed;
    const auto interval = measured->interval(confidence_of_bands);
    const auto reaches = interval.low / measured->unit() <= band.high &&
                         interval.high / measured->unit() >= band.low;
    return reaches ? Verdict::close : Verdict::missed;
}

} // namespace rewire::calibration
