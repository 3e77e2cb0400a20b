#include "rewire/behaviour/mask_series.hpp"

#include "sample_times.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::behaviour {

namespace {

void check_mask_samples(std::span<const double> series, std::span<const double> time_s,
                        const std::string& where)
{
    const auto is_missing = [](double value) { return !std::isfinite(value); };
    const auto first = std::find_if(series.begin(), series.end(), is_missing);
    if (first == series.end())
        return;
    const auto sample = static_cast<std::size_t>(first - series.begin());
    throw base::InputError(
        fmt::format("sample {} ({:.3f} s) of the binary series is not a number; of {} samples {} "
                    "are not",
                    sample, time_s[sample], series.size(),
                    std::count_if(series.begin(), series.end(), is_missing)),
        where, "give one of the two values for every sample, or a table of intervals");
}

} // namespace

std::optional<MaskValues> mask_values(std::span<const double> series)
{
    auto lowest = std::optional<double>{};
    auto highest = std::optional<double>{};
    for (const auto value : series) {
        if (!std::isfinite(value))
            continue;
        if (!lowest)
            lowest = highest = value;
        if (value == *lowest || value == *highest)
            continue;
        if (*lowest != *highest)
            return {};
        (value < *lowest ? lowest : highest) = value;
    }
    if (!lowest)
        return {};
    if (*lowest != *highest)
        return MaskValues{*lowest, *highest};
    return *lowest == 0 || *lowest == 1 ? std::optional(MaskValues{}) : std::nullopt;
}

namespace {

MaskValues checked_values(std::span<const double> series, std::span<const double> time_s,
                          std::span<const double> frame_time_s, const std::string& where)
{
    if (series.size() != time_s.size())
        throw base::InputError(fmt::format("{} samples but {} times", series.size(), time_s.size()),
                               where, "every sample needs its time");
    check_frame_times(frame_time_s);
    check_sample_times(time_s, where);
    const auto values = mask_values(series);
    if (!values)
        throw base::InputError("the series does not hold two values", where,
                               "give 0 for quiescence and 1 for movement");
    return *values;
}

/// Finds the sample of one frame after another.
class SampleOfFrame
{
  public:
    SampleOfFrame(std::span<const double> time_s, double step, double frame_step)
        : time_s_(time_s),
          early_(0.01 * std::min(step, frame_step)),
          longest_(1.001 * (step + frame_step))
    {
    }

    /// The last one that is not after the frame's time (to 1 % of a step). @pre ascending times
    std::size_t at(double time)
    {
        while (sample_ + 1 < time_s_.size() && time_s_[sample_ + 1] <= time + early_)
            ++sample_;
        return sample_;
    }
    /// It is too old, and there are later ones: the frame is in a gap.
    bool in_gap(double time) const
    {
        return sample_ + 1 < time_s_.size() && time - time_s_[sample_] > longest_;
    }

  private:
    std::span<const double> time_s_;
    double early_;
    double longest_;
    std::size_t sample_ = 0;
};

} // namespace

Epochs epochs_of_mask_series(std::span<const double> series, std::span<const double> time_s,
                             std::span<const double> frame_time_s, const std::string& where)
{
    const auto values = checked_values(series, time_s, frame_time_s, where);
    check_mask_samples(series, time_s, where);
    const auto step = median_step(time_s);
    check_covers(time_s, step, frame_time_s, where, give_movements);

    auto samples = SampleOfFrame(time_s, step, median_step(frame_time_s));
    auto mask = std::vector<std::uint8_t>{};
    mask.reserve(frame_time_s.size());
    for (const auto time : frame_time_s) {
        const auto sample = samples.at(time);
        if (samples.in_gap(time))
            throw base::InputError(
                fmt::format("no samples from {:.3f} s to {:.3f} s ({:.3f} s), where there are "
                            "imaging frames",
                            time_s[sample], time_s[sample + 1],
                            time_s[sample + 1] - time_s[sample]),
                where,
                "what the animal did there is not known: fill the gap, give the movements as a "
                "table of intervals, or leave those frames out with --uncovered mask");
        mask.push_back(series[sample] == values.moving ? 1 : 0);
    }
    return epochs_of_mask(mask);
}

CoveredEpochs covered_epochs_of_mask_series(std::span<const double> series,
                                            std::span<const double> time_s,
                                            std::span<const double> frame_time_s,
                                            const std::string& where)
{
    const auto values = checked_values(series, time_s, frame_time_s, where);
    const auto step = median_step(time_s);
    const auto frame_step = median_step(frame_time_s);
    const auto first_s = time_s.front() - 1.001 * frame_step;
    const auto last_s = time_s.back() + step + 1.001 * frame_step;

    auto samples = SampleOfFrame(time_s, step, frame_step);
    auto covered = CoveredEpochs{};
    auto mask = std::vector<std::uint8_t>{};
    for (const auto time : frame_time_s) {
        const auto sample = samples.at(time);
        const auto known = time >= first_s && time <= last_s && !samples.in_gap(time) &&
                           std::isfinite(series[sample]);
        covered.known.push_back(known ? 1 : 0);
        mask.push_back(known && series[sample] == values.moving ? 1 : 0);
    }
    covered.epochs = epochs_of_mask(mask);
    if (!mask.empty() && covered.unknown_frames() == covered.epochs.frames)
        throw base::InputError("the series has no sample at any imaging frame", where,
                               "check its rate, start and timestamps");
    if (covered.unknown_frames() == 0)
        covered.known.clear();
    return covered;
}

} // namespace rewire::behaviour
