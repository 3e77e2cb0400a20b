#include "exponentials.hpp"
#include "glmcc_parts.hpp"
#include "near_differences.hpp"

#include <rewire/base/dispatch.hpp>
#include <rewire/spikes/glmcc.hpp>

#include <algorithm>
#include <tuple>

namespace rewire::spikes {

namespace {

constexpr auto glmcc_reach = static_cast<std::int32_t>(glmcc_half * nanoseconds_per_ms);
constexpr auto ns_of_bin = static_cast<std::int32_t>(nanoseconds_per_ms);

/// Differences of spike times in ns, and what is computed of them many at once.
struct Differences
{
    DifferenceBuffer time_ns{};
    DifferenceBuffer bin{}; ///< [bin, bin + 1) ms after -50 ms
    DifferenceBuffer on_edge{};
    std::array<double, std::tuple_size_v<DifferenceBuffer>> kernel{}; ///< exp(-|t| / tau)
};

REWIRE_CLONES("avx512f", "avx2", "default")
void compute(Differences& all, std::size_t count, double tau_ms, bool negative)
{
    const auto sign = negative ? -1 : 1;
    const auto per_ns = -1 / (tau_ms * ns_of_bin);
    const auto size = static_cast<std::int64_t>(count);
    const auto* time_ns = all.time_ns.data();
    auto* bin = all.bin.data();
    auto* on_edge = all.on_edge.data();
    auto* kernel = all.kernel.data();
    for (std::int64_t i = 0; i < size; ++i) {
        const auto shifted = sign * time_ns[i] + glmcc_reach;
        // Half a nanosecond keeps whole milliseconds away from what rounding could do.
        bin[i] = static_cast<std::int32_t>((shifted + 0.5) * (1.0 / ns_of_bin));
        on_edge[i] = shifted == bin[i] * ns_of_bin ? 1 : 0;
        const auto distance = time_ns[i] < 0 ? -time_ns[i] : time_ns[i];
        kernel[i] = distance * per_ns;
    }
    for (std::int64_t i = 0; i < size; ++i)
        kernel[i] = bounded_exponential(kernel[i]);
}

/// Adds differences up.
class Events
{
  public:
    explicit Events(double tau_ms) : tau_ms_(tau_ms) {}

    /// The first `count` differences, or (`negative`) what they are with the trains swapped.
    void add(Differences& all, std::size_t count, bool negative)
    {
        compute(all, count, tau_ms_, negative);
        for (std::size_t i = 0; i < count; ++i) {
            auto& bin = bins_[static_cast<std::size_t>(all.bin[i])];
            if (all.on_edge[i] != 0) [[unlikely]] {
                add_on_edge(static_cast<std::size_t>(all.bin[i]), all.kernel[i]);
                continue;
            }
            bin.halves += 2;
            bin.kernel += all.kernel[i];
        }
        result_.events += static_cast<std::int64_t>(count);
    }

    GlmccEvents take()
    {
        constexpr auto half = static_cast<std::size_t>(glmcc_half);
        for (std::size_t k = 0; k < bins_.size(); ++k) {
            result_.count[k] = 0.5 * static_cast<double>(bins_[k].halves);
            result_.kernel_sum[k >= half][k >= half ? k - half : half - 1 - k] = bins_[k].kernel;
        }
        return result_;
    }

  private:
    struct Bin
    {
        std::int64_t halves = 0; ///< half a count is 1
        double kernel = 0;
    };

    /// Between two bins: half to each. The kernel goes to m < |t| <= m + 1: the inner one.
    void add_on_edge(std::size_t bin, double kernel)
    {
        ++bins_[bin].halves;
        ++bins_[bin - 1].halves;
        constexpr auto middle = static_cast<std::size_t>(glmcc_half);
        if (bin != middle)
            bins_[bin > middle ? bin - 1 : bin].kernel += kernel;
    }

    double tau_ms_;
    GlmccEvents result_;
    std::array<Bin, glmcc_bins> bins_{};
};

} // namespace

GlmccEvents glmcc_events(const TrainByTime& first, const TrainByTime& second, double tau_ms)
{
    const auto swapped = second.spikes().size() < first.spikes().size();
    auto search = swapped ? DifferenceSearch(second.spikes(), first, glmcc_reach)
                          : DifferenceSearch(first.spikes(), second, glmcc_reach);
    auto events = Events(tau_ms);
    auto all = Differences{};
    while (!search.done())
        events.add(all, search.next(all.time_ns), swapped);
    return events.take();
}

GlmccEvents glmcc_events(std::span<const std::int64_t> first, std::span<const std::int64_t> second,
                         double tau_ms)
{
    return glmcc_events(TrainByTime(first), TrainByTime(second), tau_ms);
}

} // namespace rewire::spikes
