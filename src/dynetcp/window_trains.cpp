#include "rewire/dynetcp/window_trains.hpp"

#include <rewire/base/dispatch.hpp>
#include <rewire/base/index.hpp>

#include <algorithm>

namespace rewire::dynetcp {

namespace {

using base::at;

REWIRE_CLONES("avx512f", "avx2", "default")
void add_scaled(double factor, const double* from, double* to, std::int64_t count)
{
    for (std::int64_t k = 0; k < count; ++k)
        to[k] += factor * from[k];
}

} // namespace

WindowTrains::WindowTrains(const TrialValues& spikes, std::int64_t window, WindowShape shape)
    : trials_(spikes.trials),
      bins_(spikes.bins),
      neurons_(spikes.neurons),
      window_(window),
      windows_((spikes.bins + window - 1) / window),
      share_(at(neurons_ * bins_), 0),
      start_{0}
{
    auto totals = std::vector<double>(at(neurons_ * windows_), 0);
    for (std::int64_t trial = 0; trial < trials_; ++trial)
        for (std::int64_t neuron = 0; neuron < neurons_; ++neuron) {
            for (const auto bin : spikes.row(trial, neuron).bin) {
                const auto now = bin / window_;
                share_[at(neuron * bins_ + bin)] += 1;
                totals[at(neuron * windows_ + now)] += 1;
                if (std::ssize(at_) > start_.back() && at_.back() == now)
                    count_.back() += 1;
                else {
                    at_.push_back(static_cast<std::int32_t>(now));
                    count_.push_back(1);
                }
            }
            start_.push_back(std::ssize(at_));
        }
    for (std::int64_t neuron = 0; neuron < neurons_; ++neuron)
        for (std::int64_t bin = 0; bin < bins_; ++bin) {
            auto& share = share_[at(neuron * bins_ + bin)];
            const auto now = bin / window_;
            if (shape == WindowShape::uniform)
                share = 1 / static_cast<double>(bins_of(now));
            else if (share > 0)
                share /= totals[at(neuron * windows_ + now)];
        }
}

std::int64_t WindowTrains::bins_of(std::int64_t window) const noexcept
{
    return std::min(window_, bins_ - first_bin(window));
}

TrialValues WindowTrains::values() const
{
    auto result = TrialValues{.trials = trials_, .bins = bins_, .neurons = neurons_};
    for (std::int64_t row = 0; row < trials_ * neurons_; ++row) {
        const auto neuron = row % neurons_;
        for (auto k = start_[at(row)]; k < start_[at(row) + 1]; ++k) {
            const auto first = first_bin(at_[at(k)]);
            for (auto bin = first; bin < first + bins_of(at_[at(k)]); ++bin)
                if (const auto share = share_[at(neuron * bins_ + bin)]; share > 0) {
                    result.bin.push_back(static_cast<std::int32_t>(bin));
                    result.value.push_back(count_[at(k)] * share);
                }
        }
        result.start.push_back(std::ssize(result.bin));
    }
    return result;
}

WindowTrains::Pass::Pass(const WindowTrains& trains, std::int64_t lags)
    : trains_(trains),
      lags_(lags),
      reach_(trains.window_ + lags - 1),
      joined_(at(trains.neurons_ * trains.windows_ * reach_)),
      gathered_(joined_.size(), 0)
{
}

void WindowTrains::Pass::set(std::span<const double> weights)
{
    std::fill(joined_.begin(), joined_.end(), 0.0);
    for (std::int64_t neuron = 0; neuron < trains_.neurons_; ++neuron)
        for (std::int64_t window = 0; window < trains_.windows_; ++window) {
            auto* to = joined_.data() + (neuron * trains_.windows_ + window) * reach_;
            const auto* share =
                trains_.share_.data() + neuron * trains_.bins_ + trains_.first_bin(window);
            for (std::int64_t bin = 0; bin < trains_.bins_of(window); ++bin)
                if (share[bin] > 0)
                    add_scaled(share[bin], weights.data() + neuron * lags_, to + bin, lags_);
        }
}

void WindowTrains::Pass::add_logits(std::int64_t trial, std::span<double> logits) const
{
    for (std::int64_t neuron = 0; neuron < trains_.neurons_; ++neuron) {
        const auto row = at(trial * trains_.neurons_ + neuron);
        for (auto k = trains_.start_[row]; k < trains_.start_[row + 1]; ++k) {
            const auto window = std::int64_t{trains_.at_[at(k)]};
            const auto first = trains_.first_bin(window);
            add_scaled(trains_.count_[at(k)],
                       joined_.data() + (neuron * trains_.windows_ + window) * reach_,
                       logits.data() + first, std::min(reach_, trains_.bins_ - first));
        }
    }
}

void WindowTrains::Pass::take(std::int64_t trial, std::span<const double> residuals)
{
    for (std::int64_t neuron = 0; neuron < trains_.neurons_; ++neuron) {
        const auto row = at(trial * trains_.neurons_ + neuron);
        for (auto k = trains_.start_[row]; k < trains_.start_[row + 1]; ++k) {
            const auto window = std::int64_t{trains_.at_[at(k)]};
            const auto first = trains_.first_bin(window);
            add_scaled(trains_.count_[at(k)], residuals.data() + first,
                       gathered_.data() + (neuron * trains_.windows_ + window) * reach_,
                       std::min(reach_, trains_.bins_ - first));
        }
    }
}

void WindowTrains::Pass::add_gradient(std::span<double> gradient)
{
    for (std::int64_t neuron = 0; neuron < trains_.neurons_; ++neuron)
        for (std::int64_t window = 0; window < trains_.windows_; ++window) {
            const auto* from = gathered_.data() + (neuron * trains_.windows_ + window) * reach_;
            const auto* share =
                trains_.share_.data() + neuron * trains_.bins_ + trains_.first_bin(window);
            for (std::int64_t bin = 0; bin < trains_.bins_of(window); ++bin)
                if (share[bin] > 0)
                    add_scaled(share[bin], from + bin, gradient.data() + neuron * lags_, lags_);
        }
    std::fill(gathered_.begin(), gathered_.end(), 0.0);
}

} // namespace rewire::dynetcp
