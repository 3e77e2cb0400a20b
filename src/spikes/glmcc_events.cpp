#include <rewire/base/dispatch.hpp>
#include <rewire/spikes/glmcc.hpp>

#include <cmath>
#include <limits>

namespace rewire::spikes {

namespace {

/// exp(-t / tau) for t in whole ns up to 50 ms: a table of coarse steps times seven terms of
/// the series, to the last digit or two.
class Decay
{
  public:
    explicit Decay(double tau_ms) : rate_(1 / (tau_ms * static_cast<double>(nanoseconds_per_ms)))
    {
        for (std::int64_t k = 0; k <= glmcc_half * nanoseconds_per_ms >> step_bits; ++k)
            coarse_.push_back(std::exp(-rate_ * static_cast<double>(k << step_bits)));
    }

    double operator()(std::int64_t time_ns) const noexcept
    {
        const auto rest = time_ns & ((std::int64_t{1} << step_bits) - 1);
        const auto x = rate_ * static_cast<double>(rest);
        const auto fine =
            1 - x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5 * (1 - x / 6)))));
        return coarse_[static_cast<std::size_t>(time_ns >> step_bits)] * fine;
    }

  private:
    static constexpr auto step_bits =
        16; // 66 us: x = 0.016 for tau = 4 ms, and a table that stays in the L1 cache
    double rate_;
    std::vector<double> coarse_;
};

/// The table of the last tau asked for: making it costs as much as a thousand events.
const Decay& decay_of(double tau_ms)
{
    thread_local auto known_tau_ms = 4.0;
    thread_local auto known = Decay(known_tau_ms);
    if (tau_ms != known_tau_ms) {
        known = Decay(tau_ms);
        known_tau_ms = tau_ms;
    }
    return known;
}

constexpr auto glmcc_reach = glmcc_half * nanoseconds_per_ms;

/// Adds differences up. Half a count is 1.
class Events
{
  public:
    explicit Events(const Decay& decay) : decay_(decay) {}

    void add(std::span<const std::int64_t> differences)
    {
        for (const auto difference : differences) {
            const auto shifted = static_cast<std::uint64_t>(difference + glmcc_reach);
            const auto bin = shifted / nanoseconds_per_ms;
            const auto distance = std::abs(difference);
            halves_[bin] += 2;
            auto place = bin >= glmcc_half ? bin - glmcc_half : glmcc_half - 1 - bin;
            if (shifted % nanoseconds_per_ms == 0) [[unlikely]] {
                --halves_[bin];
                ++halves_[bin - 1];
                if (difference == 0)
                    continue;
                // m < |t| <= m + 1
                place = static_cast<std::uint64_t>(distance - 1) / nanoseconds_per_ms;
            }
            result_.kernel_sum[difference > 0][place] += decay_(distance);
        }
        result_.events += std::ssize(differences);
    }

    GlmccEvents take()
    {
        for (std::size_t k = 0; k < halves_.size(); ++k)
            result_.count[k] = 0.5 * static_cast<double>(halves_[k]);
        return result_;
    }

  private:
    const Decay& decay_;
    GlmccEvents result_;
    std::array<std::int64_t, glmcc_bins> halves_{};
};

constexpr auto at_once = std::size_t{4};

/// Adds all differences within reach. Trains are irregular, so that branches would be guessed
/// wrong: four spikes are compared at once, and what is stored too much is overwritten.
/// @pre `second` ends in at_once spikes that are never reached
REWIRE_CLONES("avx512f", "avx2", "default")
void add_differences(std::span<const std::int64_t> first, const std::int64_t* second,
                     Events& events)
{
    constexpr auto buffered = std::size_t{1024};
    auto difference = std::array<std::int64_t, buffered + at_once>{};
    auto count = std::size_t{0};
    for (const auto time : first) {
        for (auto passed = std::int64_t{at_once}; passed == at_once; second += passed) {
            passed = 0;
            for (std::size_t q = 0; q < at_once; ++q)
                passed += second[q] <= time - glmcc_reach;
        }
        auto within = std::int64_t{at_once};
        for (const auto* spike = second; within == at_once; spike += at_once) {
            within = 0;
            for (std::size_t q = 0; q < at_once; ++q) {
                difference[count + q] = time - spike[q];
                within += spike[q] < time + glmcc_reach;
            }
            count += static_cast<std::size_t>(within);
            if (count >= buffered) {
                events.add({difference.data(), count});
                count = 0;
            }
        }
    }
    events.add({difference.data(), count});
}

} // namespace

GlmccEvents glmcc_events(std::span<const std::int64_t> first, std::span<const std::int64_t> second,
                         double tau_ms)
{
    auto other = std::vector<std::int64_t>{};
    other.reserve(second.size() + at_once);
    other.assign(second.begin(), second.end());
    other.insert(other.end(), at_once, std::numeric_limits<std::int64_t>::max() / 2);
    auto events = Events(decay_of(tau_ms));
    add_differences(first, other.data(), events);
    return events.take();
}

} // namespace rewire::spikes
