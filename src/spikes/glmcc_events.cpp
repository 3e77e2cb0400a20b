#include <rewire/spikes/glmcc.hpp>

#include <cmath>

namespace rewire::spikes {

namespace {

/// exp(-t / tau) for t in whole ns up to 50 ms: a table of coarse steps times five terms of the
/// series, to the last digit or two.
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
        const auto fine = 1 - x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4)));
        return coarse_[static_cast<std::size_t>(time_ns >> step_bits)] * fine;
    }

  private:
    static constexpr auto step_bits = 12; // 4.1 us: x = 1e-3 for tau = 4 ms
    double rate_;
    std::vector<double> coarse_;
};

} // namespace

GlmccEvents glmcc_events(std::span<const std::int64_t> first, std::span<const std::int64_t> second,
                         double tau_ms)
{
    constexpr auto reach = glmcc_half * nanoseconds_per_ms;
    thread_local auto decay = Decay(4);
    thread_local auto decay_tau = 4.0;
    if (tau_ms != decay_tau) {
        decay = Decay(tau_ms);
        decay_tau = tau_ms;
    }
    auto result = GlmccEvents{};
    auto halves = std::array<std::int64_t, glmcc_bins>{};
    auto start = std::size_t{0};
    for (const auto time : first) {
        while (start < second.size() && second[start] <= time - reach)
            ++start;
        for (auto k = start; k < second.size() && second[k] < time + reach; ++k) {
            const auto difference = time - second[k];
            const auto shifted = static_cast<std::uint64_t>(difference + reach);
            const auto bin = shifted / nanoseconds_per_ms;
            const auto on_edge = shifted % nanoseconds_per_ms == 0;
            ++halves[bin];
            ++halves[bin - on_edge];
            ++result.events;
            if (difference == 0)
                continue;
            const auto distance = static_cast<std::uint64_t>(std::abs(difference));
            result.kernel_sum[difference > 0][(distance - 1) / nanoseconds_per_ms] +=
                decay(static_cast<std::int64_t>(distance));
        }
    }
    for (std::size_t k = 0; k < halves.size(); ++k)
        result.count[k] = 0.5 * static_cast<double>(halves[k]);
    return result;
}

} // namespace rewire::spikes
