#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

/// Differences of less than 50 ms between the spikes of two trains, a buffer at a time.
namespace rewire::spikes {

/// Where the spikes of a stretch of time begin.
struct StretchIndex
{
    const std::int64_t* spike = nullptr;
    const std::uint32_t* first_of = nullptr; ///< [stretches + 1]
    std::int64_t begin = 0;                  ///< of the first stretch, ns
    std::int64_t stretches = 0;
    int shift = 0; ///< a stretch is 2^shift ns

    /// The first spike of the stretch that holds the time: none before it is as late as `time`. May
    /// be the end.
    const std::int64_t* from(std::int64_t time) const noexcept
    {
        auto stretch = (time - begin) >> shift;
        stretch = stretch < stretches ? stretch : stretches;
        return spike + (stretch > 0 ? first_of[stretch] : 0);
    }
};

/// A train with an index by time, in stretches of 70 ms or more: one or two a spike.
class TrainByTime
{
  public:
    /// Spikes after the end that are never reached, so that some more can be looked at at once.
    static constexpr auto padding = std::size_t{8};

    /// @pre train ascending
    explicit TrainByTime(std::span<const std::int64_t> train);

    std::span<const std::int64_t> spikes() const noexcept
    {
        return std::span(padded_).first(padded_.size() - padding);
    }
    StretchIndex index() const noexcept
    {
        return {padded_.data(), first_of_.data(), padded_.front(), std::ssize(first_of_) - 1,
                shift_};
    }

  private:
    std::vector<std::int64_t> padded_;
    std::vector<std::uint32_t> first_of_;
    int shift_ = 26;
};

inline constexpr auto differences_at_most = std::size_t{1024};

/// Room for some more than are ever given: several are stored at once, whether within reach or not.
using DifferenceBuffer = std::array<std::int32_t, differences_at_most + 16>;

/// Goes over the spikes of one train in order and, for each, over those of the other in order.
class DifferenceSearch
{
  public:
    /// @pre both outlive the search; 0 < reach < 2^31
    DifferenceSearch(std::span<const std::int64_t> first, const TrainByTime& second,
                     std::int64_t reach_ns) noexcept
        : first_(first), second_(second.index()), reach_ns_(reach_ns)
    {
    }

    /// The next differences first - second within the reach, ns; how many.
    std::size_t next(DifferenceBuffer& out);
    /// The same in plain code, for processors without AVX-512.
    std::size_t next_plain(DifferenceBuffer& out);
#if defined(__x86_64__)
    /// The same with AVX-512.
    std::size_t next_avx512(DifferenceBuffer& out);
#endif
    bool done() const noexcept
    {
        return spike_ == first_.size();
    }

  private:
    std::span<const std::int64_t> first_;
    StretchIndex second_;
    std::int64_t reach_ns_;
    std::size_t spike_ = 0;
    const std::int64_t* other_ = nullptr; ///< where the spike's differences go on; nullptr: begin
};

} // namespace rewire::spikes
