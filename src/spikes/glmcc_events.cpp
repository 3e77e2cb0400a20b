#include "exponentials.hpp"

#include <rewire/base/dispatch.hpp>
#include <rewire/spikes/glmcc.hpp>

#include <algorithm>
#include <cstring>
#include <limits>

namespace rewire::spikes {

namespace {

constexpr auto glmcc_reach = static_cast<std::int32_t>(glmcc_half * nanoseconds_per_ms);
constexpr auto ns_of_bin = static_cast<std::int32_t>(nanoseconds_per_ms);
constexpr auto at_once = std::size_t{4};
constexpr auto buffered = std::size_t{1024};

/// Differences of spike times in ns, and what is computed of them many at once.
struct Differences
{
    std::array<std::int32_t, buffered + 4 * at_once> time_ns{};
    std::array<std::int32_t, buffered + 4 * at_once> bin{}; ///< [bin, bin + 1) ms after -50 ms
    std::array<std::int32_t, buffered + 4 * at_once> on_edge{};
    std::array<double, buffered + 4 * at_once> kernel{}; ///< exp(-|t| / tau)
};

REWIRE_CLONES("avx512f", "avx2", "default")
void compute(Differences& all, std::size_t count, double tau_ms)
{
    const auto per_ns = -1 / (tau_ms * ns_of_bin);
    const auto size = static_cast<std::int64_t>(count);
    const auto* time_ns = all.time_ns.data();
    auto* bin = all.bin.data();
    auto* on_edge = all.on_edge.data();
    auto* kernel = all.kernel.data();
    for (std::int64_t i = 0; i < size; ++i) {
        const auto shifted = time_ns[i] + glmcc_reach;
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

    void add(Differences& all, std::size_t count)
    {
        compute(all, count, tau_ms_);
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

/// Four times or answers at once.
using Four __attribute__((vector_size(at_once * sizeof(std::int64_t)))) = std::int64_t;
using FourNarrow __attribute__((vector_size(at_once * sizeof(std::int32_t)))) = std::int32_t;

/// How many comparisons hold, each of which is -1.
[[gnu::always_inline]] inline std::int64_t number_of(const Four& holds)
{
    return -(holds[0] + holds[1] + holds[2] + holds[3]);
}

/// Where the spikes later than a time begin. Trains are irregular, so that branches would be
/// guessed wrong: four spikes are compared at once.
[[gnu::always_inline]] inline const std::int64_t* first_after(std::int64_t time,
                                                              const std::int64_t* spike)
{
    for (auto passed = std::int64_t{at_once}; passed == at_once; spike += passed) {
        auto four = Four{};
        std::memcpy(&four, spike, sizeof(four));
        passed = number_of(four <= time);
    }
    return spike;
}

/// Adds all differences within reach. The place of a spike waits for that of the spike before it:
/// four parts of the train go on side by side.
/// @pre `second` ends in at_once spikes that are never reached
REWIRE_CLONES("avx512f", "avx2", "default")
void add_differences(std::span<const std::int64_t> first, std::span<const std::int64_t> second,
                     Events& events)
{
    auto all = Differences{};
    auto size = std::size_t{0};
    // Four are stored whether within reach or not; what is too much is overwritten.
    const auto add = [&](std::int64_t time, const std::int64_t* other)
        __attribute__((always_inline))
    {
        for (auto within = std::int64_t{at_once}; within == at_once; other += at_once) {
            auto difference = Four{};
            std::memcpy(&difference, other, sizeof(difference));
            difference = time - difference;
            const auto narrow = __builtin_convertvector(difference, FourNarrow);
            std::memcpy(all.time_ns.data() + size, &narrow, sizeof(narrow));
            within = number_of(difference > -std::int64_t{glmcc_reach});
            size += static_cast<std::size_t>(within);
            if (size >= buffered) {
                events.add(all, size);
                size = 0;
            }
        }
    };
    const auto length = first.size() / 4;
    auto other = std::array<const std::int64_t*, 4>{};
    for (std::size_t part = 0; part < other.size(); ++part)
        other[part] = length == 0 ? second.data()
                                  : std::upper_bound(second.data(), second.data() + second.size(),
                                                     first[part * length] - glmcc_reach);
    for (std::size_t k = 0; k < length; ++k)
        for (std::size_t part = 0; part < other.size(); ++part) {
            const auto time = first[part * length + k];
            other[part] = first_after(time - glmcc_reach, other[part]);
            add(time, other[part]);
        }
    for (const auto time : first.subspan(other.size() * length)) {
        other.back() = first_after(time - glmcc_reach, other.back());
        add(time, other.back());
    }
    events.add(all, size);
}

} // namespace

GlmccEvents glmcc_events(std::span<const std::int64_t> first, std::span<const std::int64_t> second,
                         double tau_ms)
{
    auto other = std::vector<std::int64_t>{};
    other.reserve(second.size() + at_once);
    other.assign(second.begin(), second.end());
    other.insert(other.end(), at_once, std::numeric_limits<std::int64_t>::max() / 2);
    auto events = Events(tau_ms);
    add_differences(first, other, events);
    return events.take();
}

} // namespace rewire::spikes
