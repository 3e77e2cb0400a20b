#include "rewire/simulate/population.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/dense/symmetric.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace rewire::simulate {

namespace {

constexpr auto sampled_frames = std::int64_t{1'000'000};

/// Mean size of an event, squared and not, in units of the mean event: uniform in 0.7 .. 1.3.
constexpr auto mean_square_size = 1 + 0.6 * 0.6 / 12;

using base::at;

/// [lag] of the taps.
std::vector<double> autocorrelation(std::span<const double> taps)
{
    auto sums = std::vector<double>(taps.size(), 0.0);
    for (std::size_t lag = 0; lag < taps.size(); ++lag)
        for (std::size_t k = 0; k + lag < taps.size(); ++k)
            sums[lag] += taps[k] * taps[k + lag];
    return sums;
}

/// Partial correlations from a covariance, [n, n] upper triangle. Neurons without variance take no
/// part.
std::vector<double> partial_of(const std::vector<double>& covariance, std::int64_t neurons)
{
    auto active = std::vector<std::int64_t>{};
    for (std::int64_t n = 0; n < neurons; ++n)
        if (covariance[at(n * neurons + n)] > 0)
            active.push_back(n);
    const auto count = static_cast<std::int64_t>(active.size());
    auto inverse = std::vector<double>(at(count * count), 0.0);
    for (std::int64_t a = 0; a < count; ++a)
        for (auto b = a; b < count; ++b) {
            const auto i = active[at(a)];
            const auto j = active[at(b)];
            inverse[at(a * count + b)] =
                covariance[at(i * neurons + j)] /
                std::sqrt(covariance[at(i * neurons + i)] * covariance[at(j * neurons + j)]);
        }
    if (!dense::invert_positive_definite(inverse, count).positive_definite)
        throw base::NumericalError("the neurons of a simulated session are not independent enough "
                                   "for partial correlations",
                                   "simulated network", "make assemblies weaker or fewer");
    auto partial = std::vector<double>(at(base::pair_count(neurons)), 0.0);
    for (std::int64_t a = 0; a < count; ++a)
        for (auto b = a + 1; b < count; ++b)
            partial[at(base::pair_index(active[at(a)], active[at(b)], neurons))] =
                -inverse[at(a * count + b)] /
                std::sqrt(inverse[at(a * count + a)] * inverse[at(b * count + b)]);
    return partial;
}

/// Rates of all neurons as sums of a few functions of time: the common rate outside and in
/// movement, at each delay that there is.
class CommonRates
{
  public:
    CommonRates(const SessionProcesses& processes, std::span<const double> taps)
        : processes_(processes), taps_(taps)
    {
        for (const auto& process : processes.processes)
            for (const auto delay : process.delay)
                place_.try_emplace(delay, 0);
        auto next = std::int64_t{0};
        for (auto& [delay, place] : place_)
            place = next++;
        for (const auto& [delay, place] : place_)
            for (const auto moving : {false, true})
                functions_.push_back(smoothed(delay, moving));
    }

    std::int64_t count() const { return static_cast<std::int64_t>(functions_.size()); }

    /// What a process adds to the functions' coefficients of a member.
    void add(const EventProcess& process, std::size_t member, double rate,
             std::span<double> coefficients) const
    {
        const auto place = at(2 * place_.at(process.delay[member]));
        coefficients[place] += rate * process.quiet;
        coefficients[place + 1] += rate * process.moving;
    }

    /// [count, count] over the session's smoothed frames.
    std::vector<double> covariance() const
    {
        auto sums = std::vector<double>(at(count() * count()), 0.0);
        for (std::size_t a = 0; a < functions_.size(); ++a)
            for (std::size_t b = 0; b < functions_.size(); ++b)
                sums[a * functions_.size() + b] = covariance_of(functions_[a], functions_[b]);
        return sums;
    }

    /// [frame] the common rate times movement, before smoothing.
    double mean(bool moving) const
    {
        auto sum = 0.0;
        for (std::int64_t t = 0; t < processes_.frames; ++t)
            sum += value(t, moving);
        return sum / static_cast<double>(processes_.frames);
    }

  private:
    double value(std::int64_t t, bool moving) const
    {
        if ((processes_.moving[at(t)] != 0) != moving)
            return 0;
        return processes_.common.empty() ? 1 : processes_.common[at(t)];
    }

    /// The session repeats: delays and taps reach around its ends, as in a long run of it.
    std::vector<double> smoothed(std::int64_t delay, bool moving) const
    {
        auto out = std::vector<double>(at(processes_.frames), 0.0);
        for (std::int64_t t = 0; t < processes_.frames; ++t)
            for (std::size_t k = 0; k < taps_.size(); ++k) {
                const auto from = t + static_cast<std::int64_t>(k) - delay % processes_.frames;
                out[at(t)] +=
                    taps_[k] * value((from + 2 * processes_.frames) % processes_.frames, moving);
            }
        return out;
    }

    static double covariance_of(const std::vector<double>& a, const std::vector<double>& b)
    {
        const auto n = static_cast<double>(a.size());
        const auto mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
        const auto mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
        auto sum = 0.0;
        for (std::size_t t = 0; t < a.size(); ++t)
            sum += (a[t] - mean_a) * (b[t] - mean_b);
        return sum / n;
    }

    const SessionProcesses& processes_;
    std::span<const double> taps_;
    std::map<std::int64_t, std::int64_t> place_; ///< of each delay
    std::vector<std::vector<double>> functions_;
};

/// Sparse smoothed samples of a stretch of a run, frame by frame, and the sums over all of it.
class LongRun
{
  public:
    LongRun(std::int64_t neurons, std::span<const double> taps)
        : neurons_(neurons),
          taps_(taps),
          sum_(at(neurons), 0.0),
          products_(at(neurons * neurons), 0.0)
    {
    }

    /// Events of the frames that follow those of the last call. Smoothing does not reach across.
    void add(std::span<const NeuronEvent> events, std::int64_t first, std::int64_t frames)
    {
        const auto width = static_cast<std::int64_t>(taps_.size());
        const auto used = frames - width + 1;
        auto trace = std::vector<double>(at(frames * neurons_), 0.0);
        for (const auto& event : events)
            for (std::int64_t k = 0; k < width; ++k)
                if (const auto t = event.frame - first - k; t >= 0 && t < used)
                    trace[at(t * neurons_ + event.column)] +=
                        taps_[at(k)] * static_cast<double>(event.size);
        auto nonzero = std::vector<std::int64_t>{};
        for (std::int64_t t = 0; t < used; ++t) {
            const auto row = std::span(trace).subspan(at(t * neurons_), at(neurons_));
            nonzero.clear();
            for (std::int64_t n = 0; n < neurons_; ++n)
                if (row[at(n)] != 0)
                    nonzero.push_back(n);
            for (std::size_t a = 0; a < nonzero.size(); ++a) {
                sum_[at(nonzero[a])] += row[at(nonzero[a])];
                for (auto b = a; b < nonzero.size(); ++b)
                    products_[at(nonzero[a] * neurons_ + nonzero[b])] +=
                        row[at(nonzero[a])] * row[at(nonzero[b])];
            }
        }
        frames_ += used;
    }

    std::vector<double> covariance() const
    {
        auto covariance = products_;
        const auto n = static_cast<double>(frames_);
        for (std::int64_t i = 0; i < neurons_; ++i)
            for (auto j = i; j < neurons_; ++j) {
                auto& value = covariance[at(i * neurons_ + j)];
                value = value / n - sum_[at(i)] / n * sum_[at(j)] / n;
            }
        return covariance;
    }

  private:
    std::int64_t neurons_;
    std::span<const double> taps_;
    std::vector<double> sum_;
    std::vector<double> products_;
    std::int64_t frames_ = 0;
};

} // namespace

std::vector<double> population_partial_correlation(const SessionProcesses& processes,
                                                   std::int64_t neurons,
                                                   std::span<const double> taps)
{
    if (processes.inhibits())
        throw base::InputError("no closed form for the correlations of inhibited neurons",
                               "simulated network", "take those of a long run");
    const auto lags = autocorrelation(taps);
    const auto rates = CommonRates(processes, taps);
    const auto quiet = rates.mean(false);
    const auto moving = rates.mean(true);
    const auto seen = 1 - processes.missed;
    auto covariance = std::vector<double>(at(neurons * neurons), 0.0);
    auto coefficients = std::vector<double>(at(neurons * rates.count()), 0.0);
    for (const auto& process : processes.processes) {
        const auto events = process.rate * (process.quiet * quiet + process.moving * moving);
        for (std::size_t m = 0; m < process.column.size(); ++m) {
            if (process.column[m] < 0)
                continue;
            const auto i = std::int64_t{process.column[m]};
            rates.add(process, m, seen * process.rate,
                      std::span(coefficients).subspan(at(i * rates.count()), at(rates.count())));
            covariance[at(i * neurons + i)] += seen * events * mean_square_size * lags[0];
            for (std::size_t other = 0; other < process.column.size(); ++other) {
                const auto j = std::int64_t{process.column[other]};
                const auto lag = std::abs(process.delay[m] - process.delay[other]);
                if (j > i && lag < static_cast<std::int64_t>(lags.size()))
                    covariance[at(i * neurons + j)] += seen * seen * events * lags[at(lag)];
            }
        }
    }
    const auto of_rates = rates.covariance();
    const auto count = rates.count();
    auto weighted = std::vector<double>(at(count));
    for (std::int64_t i = 0; i < neurons; ++i) {
        for (std::int64_t b = 0; b < count; ++b) {
            weighted[at(b)] = 0;
            for (std::int64_t a = 0; a < count; ++a)
                weighted[at(b)] += coefficients[at(i * count + a)] * of_rates[at(a * count + b)];
        }
        for (auto j = i; j < neurons; ++j)
            for (std::int64_t b = 0; b < count; ++b)
                covariance[at(i * neurons + j)] +=
                    weighted[at(b)] * coefficients[at(j * count + b)];
    }
    return partial_of(covariance, neurons);
}

std::vector<double> sampled_population(const SessionProcesses& processes,
                                       const LeverPressParameters& parameters,
                                       const SessionTruth& session, std::span<const double> taps,
                                       std::int64_t frames)
{
    constexpr auto stretch = std::int64_t{4096};
    const auto neurons = static_cast<std::int64_t>(session.neurons.size());
    auto events = EventSource(processes, parameters, session, ", long run");
    auto run = LongRun(neurons, taps);
    for (std::int64_t first = 0; first < frames; first += stretch)
        run.add(events.next(stretch), first, stretch);
    return partial_of(run.covariance(), neurons);
}

std::vector<double> population_of(const SessionProcesses& processes,
                                  const LeverPressParameters& parameters,
                                  const SessionTruth& session, std::span<const double> taps)
{
    return processes.inhibits()
               ? sampled_population(processes, parameters, session, taps, sampled_frames)
               : population_partial_correlation(
                     processes, static_cast<std::int64_t>(session.neurons.size()), taps);
}

} // namespace rewire::simulate
