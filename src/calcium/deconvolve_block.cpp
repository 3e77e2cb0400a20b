#include "rewire/calcium/deconvolve_block.hpp"

#include "event_list.hpp"
#include "oasis_kernels.hpp"
#include "traces.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

namespace rewire::calcium {

namespace {

KernelEntry entry_of(OasisKernel kernel)
{
#if defined(__x86_64__)
    if (kernel == OasisKernel::avx512)
        return {advance_avx512, avx512_lanes};
    if (kernel == OasisKernel::avx2)
        return {advance_avx2, avx2_lanes};
#endif
    return {advance_scalar, scalar_lanes};
}

/// Copies `rows` frames of a kernel's neurons, as double. `not_finite` adds up 0 * x, which is NaN
/// from the first x on that is not finite. The number of lanes is known to the compiler, which
/// makes vectors of them; rows lie too far apart for the processor to fetch them by itself.
template <int lanes, typename Sample>
void copy_rows(const Sample* __restrict from, std::int64_t stride, double* __restrict to,
               std::int64_t rows, double* not_finite)
{
    constexpr auto rows_ahead = 16;
    auto sums = std::array<double, lanes>{};
    for (auto t = std::int64_t{0}; t < rows; ++t, from += stride, to += lanes) {
        __builtin_prefetch(from + (t + rows_ahead < rows ? rows_ahead * stride : 0));
        for (auto k = std::size_t{0}; k < lanes; ++k) {
            const auto sample = static_cast<double>(from[k]);
            to[k] = sample;
            sums[k] += 0 * sample;
        }
    }
    for (auto k = std::size_t{0}; k < lanes; ++k)
        not_finite[k] += sums[k];
}

/// The same for the last neurons of a block, `used` in rows of `lanes`.
template <typename Sample>
void copy_some(const Sample* from, std::int64_t stride, double* to, int lanes, int used,
               std::int64_t rows, double* not_finite)
{
    for (auto t = std::int64_t{0}; t < rows; ++t, from += stride, to += lanes)
        for (auto k = 0; k < used; ++k) {
            to[k] = static_cast<double>(from[k]);
            not_finite[k] += 0 * to[k];
        }
}

/// The stacks and samples of the neurons that a kernel takes at a time.
class Lanes
{
  public:
    /// @param frames at most, that are solved at a time
    Lanes(OasisKernel kernel, std::int64_t frames, double decay)
        : entry_(entry_of(kernel)),
          decay_(decay),
          // Two sentinels, and an odd number of cache lines from stack to stack: a power of two
          // between them would put all tops in the same few places of the cache.
          stride_((frames + 2 + 3) / 4 * 4 + 2),
          // NOLINTNEXTLINE(modernize-avoid-c-arrays): a vector would touch all of it
          pools_(std::make_unique_for_overwrite<Pool[]>(
              static_cast<std::size_t>(stride_ * entry_.lanes))),
          samples_(static_cast<std::size_t>(std::min(frames, chunk_frames) * entry_.lanes))
    {
    }

    int count() const noexcept { return entry_.lanes; }

    /// Solves neurons first .. first + used - 1 of the block in some of its frames, which are
    /// counted from 0 in the pools.
    template <typename Sample>
    void solve(const TraceBlock<Sample>& block, base::Range frames, std::int64_t first, int used)
    {
        for (auto k = 0; k < entry_.lanes; ++k) {
            const auto stack = pools_.get() + k * stride_;
            stack[0] = stack[1] = sentinel;
            top_[static_cast<std::size_t>(k)] = stack + 1;
        }
        not_finite_ = {};
        if (used < entry_.lanes)
            std::fill(samples_.begin(), samples_.end(), 0.0);
        for (auto frame = std::int64_t{0}; frame < frames.size(); frame += chunk_frames) {
            const auto rows = std::min(chunk_frames, frames.size() - frame);
            copy(block.samples.data() + (frames.first + frame) * block.neurons + first,
                 block.neurons, used, rows);
            entry_.advance({samples_.data(), rows, frame, decay_, top_.data()});
        }
    }

    std::span<const Pool> pools(int lane) const
    {
        return {pools_.get() + lane * stride_ + 2, top_[static_cast<std::size_t>(lane)] + 1};
    }
    bool finite(int lane) const { return not_finite_[static_cast<std::size_t>(lane)] == 0; }

  private:
    template <typename Sample>
    void copy(const Sample* from, std::int64_t stride, int used, std::int64_t rows)
    {
        const auto to = samples_.data();
        const auto bad = not_finite_.data();
        if (used < entry_.lanes)
            copy_some(from, stride, to, entry_.lanes, used, rows, bad);
        else if (used == avx512_lanes)
            copy_rows<avx512_lanes>(from, stride, to, rows, bad);
        else if (used == avx2_lanes)
            copy_rows<avx2_lanes>(from, stride, to, rows, bad);
        else
            copy_rows<scalar_lanes>(from, stride, to, rows, bad);
    }

    KernelEntry entry_;
    double decay_;
    std::int64_t stride_;
    std::unique_ptr<Pool[]> pools_; // NOLINT(modernize-avoid-c-arrays)
    std::vector<double> samples_;
    std::array<Pool*, most_lanes> top_{};
    std::array<double, most_lanes> not_finite_{};
};

/// The non-zero spikes of one neuron in a segment, behind those of the segments before it.
template <bool clipped>
void append_spikes(std::span<const Pool> pools, std::int64_t first_frame, EventList& spikes)
{
    auto count = spikes.frame.size();
    spikes.frame.resize(count + pools.size());
    spikes.value.resize(count + pools.size());
    auto fit_before = pools.empty() ? 0.0 : fit_of<clipped>(pools[0]);
    for (auto k = std::size_t{1}; k < pools.size(); ++k) {
        const auto fit = fit_of<clipped>(pools[k]);
        const auto spike = spike_between(fit_before, pools[k - 1].decay, fit);
        spikes.frame[count] =
            static_cast<std::int32_t>(first_frame + static_cast<std::int64_t>(pools[k].start));
        spikes.value[count] = spike;
        count += spike != 0;
        fit_before = fit;
    }
    spikes.frame.resize(count);
    spikes.value.resize(count);
}

/// What is found of the neurons that are solved together, one segment after the other.
struct Extraction
{
    const BlockOptions& options;
    std::int64_t counted_frames;
    std::vector<double> weights;
    std::vector<double> dense;                  ///< zeros, one a frame
    std::array<EventList, most_lanes> spikes{}; ///< [lane]
    std::array<bool, most_lanes> not_finite{};  ///< [lane]

    void begin()
    {
        for (auto& list : spikes) {
            list.frame.clear();
            list.value.clear();
        }
        not_finite = {};
    }

    /// @param dff of the segment that the lane has solved
    template <typename Sample>
    void take(const Trace<Sample>& dff, std::int64_t first_frame, const Lanes& lanes, int lane)
    {
        const auto k = static_cast<std::size_t>(lane);
        const auto pools = lanes.pools(lane);
        not_finite[k] = not_finite[k] || !lanes.finite(lane);
        if (not_finite[k])
            return;
        if (options.oasis.variant == OasisVariant::suite2p)
            append_spikes<false>(pools, first_frame, spikes[k]);
        else if (!has_equal_steps(dff))
            append_spikes<true>(pools, first_frame, spikes[k]);
    }

    /// @param dff of all frames
    template <typename Sample>
    NeuronSummary append(const Trace<Sample>& dff, int lane, activity::Activity& activity,
                         activity::Activity* events)
    {
        const auto k = static_cast<std::size_t>(lane);
        if (not_finite[k])
            return append_not_finite(activity, events);
        auto summary = append_events(spikes[k], {dff.frames, counted_frames}, options.alpha,
                                     weights, dense, activity, events);
        if (summary.status == NeuronStatus::silent && is_constant(dff))
            summary.status = NeuronStatus::constant;
        return summary;
    }
};

template <typename Sample>
void check(const TraceBlock<Sample>& block, OasisKernel kernel)
{
    if (block.frames < 0 || block.neurons < 0 ||
        static_cast<std::int64_t>(block.samples.size()) != block.frames * block.neurons)
        throw base::InputError(fmt::format("{} samples are not {} frames x {} neurons",
                                           block.samples.size(), block.frames, block.neurons),
                               "", "give one sample for every frame and neuron");
    if (block.frames > std::numeric_limits<std::int32_t>::max())
        throw base::InputError(fmt::format("{} frames are more than 2^31 - 1", block.frames), "",
                               "cut the recording into sessions");
    if (!is_available(kernel))
        throw base::InputError(fmt::format("this processor has no {}", name_of(kernel)), "",
                               "let the kernel be chosen automatically");
}

/// @throws InputError: they overlap, or leave the block
std::vector<base::Range> checked_segments(const std::vector<base::Range>& segments,
                                          std::int64_t frames)
{
    if (segments.empty())
        return {{0, frames}};
    auto last = std::int64_t{0};
    for (const auto& segment : segments) {
        if (segment.first < last || segment.last < segment.first || segment.last > frames)
            throw base::InputError(fmt::format("segment of frames {} to {}, after frame {} of {}",
                                               segment.first, segment.last, last, frames),
                                   "", "give ascending segments within the block");
        last = segment.last;
    }
    return segments;
}

} // namespace

bool is_available(OasisKernel kernel) noexcept
{
#if defined(__x86_64__)
    if (kernel == OasisKernel::avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
    if (kernel == OasisKernel::avx2)
        return __builtin_cpu_supports("avx2");
#endif
    return kernel == OasisKernel::automatic || kernel == OasisKernel::scalar;
}

OasisKernel best_kernel() noexcept
{
    for (const auto kernel : {OasisKernel::avx512, OasisKernel::avx2})
        if (is_available(kernel))
            return kernel;
    return OasisKernel::scalar;
}

std::string_view name_of(OasisKernel kernel) noexcept
{
    switch (kernel) {
    case OasisKernel::automatic:
        return "automatic";
    case OasisKernel::scalar:
        return "scalar";
    case OasisKernel::avx2:
        return "avx2";
    case OasisKernel::avx512:
        return "avx512";
    }
    return "";
}

template <typename Sample>
std::vector<NeuronSummary>
deconvolve_block(const TraceBlock<Sample>& block, const BlockOptions& options,
                 activity::Activity& activity, activity::Activity* events)
{
    check(block, options.kernel);
    const auto kernel = options.kernel == OasisKernel::automatic ? best_kernel() : options.kernel;
    const auto segments = checked_segments(options.segments, block.frames);
    auto longest = std::int64_t{0};
    auto counted = std::int64_t{0};
    for (const auto& segment : segments) {
        longest = std::max(longest, segment.size());
        counted += segment.size();
    }
    auto lanes = Lanes(kernel, longest, oasis_decay(options.oasis));
    auto extraction = Extraction{options, counted, smoothing_weights(options.taps),
                                 std::vector<double>(static_cast<std::size_t>(block.frames), 0.0)};
    auto summaries = std::vector<NeuronSummary>{};
    summaries.reserve(static_cast<std::size_t>(block.neurons));
    activity.frames = smoothed_frames(block.frames, options.taps);
    if (events != nullptr)
        events->frames = block.frames;

    for (auto first = std::int64_t{0}; first < block.neurons; first += lanes.count()) {
        const auto used =
            static_cast<int>(std::min<std::int64_t>(lanes.count(), block.neurons - first));
        const auto samples = block.samples.data() + first;
        extraction.begin();
        for (const auto& segment : segments) {
            lanes.solve(block, segment, first, used);
            for (auto k = 0; k < used; ++k)
                extraction.take(Trace<Sample>{samples + segment.first * block.neurons + k,
                                              segment.size(), block.neurons},
                                segment.first, lanes, k);
        }
        for (auto k = 0; k < used; ++k)
            summaries.push_back(extraction.append(
                Trace<Sample>{samples + k, block.frames, block.neurons}, k, activity, events));
    }
    return summaries;
}

template std::vector<NeuronSummary> deconvolve_block(const TraceBlock<float>&, const BlockOptions&,
                                                     activity::Activity&, activity::Activity*);
template std::vector<NeuronSummary> deconvolve_block(const TraceBlock<double>&, const BlockOptions&,
                                                     activity::Activity&, activity::Activity*);

} // namespace rewire::calcium
