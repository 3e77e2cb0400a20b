#include "jittered.hpp"

#include <rewire/base/random.hpp>
#include <rewire/spikes/binned_trains.hpp>

#include <algorithm>
#include <vector>

namespace rewire::jobs {

namespace {

/// Rows that come neuron by neuron, put in the order of trials.
class RowsByNeuron
{
  public:
    explicit RowsByNeuron(const dynetcp::TrialValues& like) : like_(like) {}

    void end_row() { end_.push_back(std::ssize(bin_)); }
    void add(std::int64_t bin) { bin_.push_back(static_cast<std::int32_t>(bin)); }
    void add(std::int64_t bin, double value)
    {
        add(bin);
        value_.push_back(value);
    }

    dynetcp::TrialValues take() const
    {
        auto result = dynetcp::TrialValues{
            .trials = like_.trials, .bins = like_.bins, .neurons = like_.neurons};
        for (std::int64_t trial = 0; trial < like_.trials; ++trial)
            for (std::int64_t neuron = 0; neuron < like_.neurons; ++neuron) {
                const auto row = static_cast<std::size_t>(neuron * like_.trials + trial);
                const auto first = row == 0 ? 0 : end_[row - 1];
                result.bin.insert(result.bin.end(), bin_.begin() + first, bin_.begin() + end_[row]);
                if (!value_.empty())
                    result.value.insert(result.value.end(), value_.begin() + first,
                                        value_.begin() + end_[row]);
                result.start.push_back(std::ssize(result.bin));
            }
        return result;
    }

  private:
    const dynetcp::TrialValues& like_;
    std::vector<std::int32_t> bin_;
    std::vector<double> value_;
    std::vector<std::int64_t> end_; ///< [neuron, trial]
};

dynetcp::TrialValues moved(const dynetcp::TrialValues& values, std::int64_t reach,
                           const JitterDraw& draw)
{
    auto rows = RowsByNeuron(values);
    for (std::int64_t neuron = 0; neuron < values.neurons; ++neuron) {
        auto stream =
            base::Stream(draw.seed, {base::key_of("dynetcp jitter"), base::key_of(draw.subject),
                                     base::key_of(draw.session), base::key_of(draw.part),
                                     static_cast<std::uint64_t>(draw.number),
                                     static_cast<std::uint64_t>(neuron)});
        for (std::int64_t trial = 0; trial < values.trials; ++trial) {
            auto bins = std::vector<std::int64_t>{};
            for (const auto bin : values.row(trial, neuron).bin) {
                const auto by = static_cast<std::int64_t>(
                                    stream.below(static_cast<std::uint64_t>(2 * reach + 1))) -
                                reach;
                if (bin + by >= 0 && bin + by < values.bins)
                    bins.push_back(bin + by);
            }
            std::sort(bins.begin(), bins.end());
            bins.erase(std::unique(bins.begin(), bins.end()), bins.end());
            for (const auto bin : bins)
                rows.add(bin);
            rows.end_row();
        }
    }
    return rows.take();
}

} // namespace

dynetcp::TrialValues expected_trains(const dynetcp::TrialValues& values,
                                     const spikes::JitterSettings& settings)
{
    const auto timeline =
        spikes::trial_timeline(values.trials, values.bins, spikes::nanoseconds_per_ms,
                               std::max(spikes::default_trial_gap, 2 * settings.bins + 1));
    const auto plan = spikes::JitterPlan(timeline, settings, 0);
    auto rows = RowsByNeuron(values);
    for (std::int64_t neuron = 0; neuron < values.neurons; ++neuron) {
        auto train = std::vector<std::int32_t>{};
        for (std::int64_t trial = 0; trial < values.trials; ++trial)
            for (const auto bin : values.row(trial, neuron).bin)
                train.push_back(static_cast<std::int32_t>(
                    timeline.segments[static_cast<std::size_t>(trial)].first + bin));
        const auto mean = spikes::expected_train(plan, train);
        for (const auto& segment : timeline.segments) {
            for (std::int64_t bin = 0; bin < values.bins; ++bin)
                if (const auto value = mean[static_cast<std::size_t>(segment.first + bin)];
                    value != 0)
                    rows.add(bin, value);
            rows.end_row();
        }
    }
    return rows.take();
}

dynetcp::TrialValues jittered(const dynetcp::TrialValues& spikes,
                              const spikes::JitterSettings& settings, const JitterDraw& draw)
{
    return settings.kind == spikes::Jitter::dither ? moved(spikes, settings.bins, draw)
                                                   : expected_trains(spikes, settings);
}

} // namespace rewire::jobs
