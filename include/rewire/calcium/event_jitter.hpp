#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/shift_moments.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

/// Interval jitter of events in closed form (methods: truth, j; the calcium twin of the jitter of
/// spikes, Amarasingham et al. 2012, Journal of Neurophysiology 107:517).
///
/// s_j are the thresholded events of neuron j before smoothing, y_i = l * s_i with l the
/// autocorrelation of the smoothing taps, so that D_ij = sum_t y_i(t) s_j(t) is the coincidence of
/// the smoothed traces. Under the null the events of j are placed uniformly and independently
/// within windows of W frames; i stays. The null adapts window by window to whatever rates the
/// neurons share and needs no stationarity: a small p says that the two coincide more closely than
/// W. Sums over windows w of what y_i does in w (its mean, its second and third central moment)
/// times the first, second and third powers of j's events in w are the mean, the variance and the
/// third moment of D_ij. p is the upper tail of Pearson III, and p_fine the larger of those of the
/// two directions.
namespace rewire::calcium {

/// Shorter windows are not used: events hardly move in them.
inline constexpr auto least_window_frames = std::int64_t{8};

/// Windows of W frames: `window_s`, and at least least_window_frames. @pre frame_rate_hz > 0
std::int64_t jitter_window_frames(double frame_rate_hz, double window_s = 0.5);

/// Sparse samples by frame.
struct SamplesByFrame
{
    std::vector<std::int64_t> start; ///< [frames + 1]
    std::vector<std::int32_t> row;   ///< ascending within a frame
    std::vector<double> value;
};

/// What the coincidences of tile_neurons rows are made from.
struct JitterBlock
{
    struct Samples
    {
        std::span<const std::int64_t> start; ///< [frames + 1]
        std::span<const std::int32_t> row;   ///< of the block, ascending within a frame
        std::span<const double> value;
    };

    /// [rows, windows] of y: mean, second and third central moment; of s: sums of powers.
    std::span<const double> mean, second, third;
    std::span<const double> sum, squares, cubes;
    std::span<const double> square_sum; ///< [rows] sum of s^2 over all windows
    Samples events;                     ///< s
    Samples smoothed;                   ///< y
};

/// The samples of a block.
struct JitterSamples
{
    std::vector<double> square_sum;
    SamplesByFrame events;
    SamplesByFrame smoothed;
};

/// What the coincidences of all pairs are made from. Made once; read by all tiles.
struct EventJitter
{
    std::int64_t window_frames = 0;
    std::int64_t windows = 0;
    std::int64_t rows = 0;            ///< neurons taken in, in the order they were named
    std::int64_t frames_left_out = 0; ///< in incomplete windows at the ends of segments
    std::vector<JitterBlock> blocks;  ///< of tile_neurons rows each
    std::shared_ptr<const void> own;  ///< what they lie in, unless somebody else keeps that

    base::Range block_rows(std::int64_t block) const;
};

struct EventJitterOptions
{
    std::int64_t window_frames = 14;
    std::vector<double> taps{0.33, 0.67, 1.0, 0.67, 0.33};
    /// [neurons] or empty: frames >= 0 by which events are moved around their segment first
    /// (displaced_by).
    std::vector<std::int64_t> displacement{};
};

/// @param events thresholded events before smoothing, all neurons of the session
/// @param neurons the rows, usually ShiftMoments::active
/// @param segments contiguous ranges of frames, ascending; windows and smoothing do not cross their
/// ends. What is left of a segment after the last whole window takes no part. For one behavioural
/// state: its runs.
/// Time and memory: rows * frames, 6 rows * windows doubles and 12 bytes an event and tap pair.
/// @throws InputError for a window below 2 frames, segments out of order or out of range,
/// displacements of another number
EventJitter event_jitter_of(const activity::ActivityView& events,
                            std::span<const std::int64_t> neurons,
                            std::span<const base::Range> segments,
                            const EventJitterOptions& options);

/// The same without blocks, for those who make them apart.
EventJitter event_jitter_without_blocks(const activity::ActivityView& events,
                                        std::span<const std::int64_t> neurons,
                                        std::span<const base::Range> segments,
                                        const EventJitterOptions& options);
std::int64_t jitter_blocks(std::int64_t rows);
/// Doubles of the six tables of a block.
std::int64_t jitter_table_size(const EventJitter& jitter, std::int64_t block);
/// @param jitter without blocks, of the same arguments
/// @param tables [jitter_table_size]
JitterSamples fill_jitter_block(const EventJitter& jitter, const activity::ActivityView& events,
                                std::span<const std::int64_t> neurons,
                                std::span<const base::Range> segments,
                                const EventJitterOptions& options, std::int64_t block,
                                std::span<double> tables);
JitterBlock jitter_block(std::span<const double> tables, std::span<const double> square_sum,
                         const JitterBlock::Samples& events, const JitterBlock::Samples& smoothed);

/// What the windows take in. An event outside of them is tested by nobody.
struct WindowCoverage
{
    std::int64_t windows = 0;
    std::int64_t events = 0;         ///< of the neurons, within segments
    std::int64_t events_outside = 0; ///< of them, after the last whole window of a segment

    double share_outside() const; ///< 0 where there are no events
};

/// Of the tables that event_jitter_of would make of the same (without displacement).
/// Cost: the events. @throws InputError as event_jitter_of
WindowCoverage window_coverage(const activity::ActivityView& events,
                               std::span<const std::int64_t> neurons,
                               std::span<const base::Range> segments, std::int64_t window_frames);

/// Moments under the jitter of one neuron of a pair.
struct JitterMoments
{
    std::vector<double> expected;
    std::vector<double> variance;
    std::vector<double> third_moment;
};

/// All of a tile, each [rows, columns] row major, the diagonal and what is below it included.
struct TileJitter
{
    std::vector<double> coincidence;
    JitterMoments columns_jittered; ///< i stays, j is jittered
    JitterMoments rows_jittered;    ///< j stays, i is jittered
};

/// 12 rows columns windows flops. @pre a tile of pair_tiles(jitter.rows)
TileJitter tile_jitter(const EventJitter& jitter, const PairTile& tile);

/// Bytes of an EventJitter, and of its samples alone.
double event_jitter_bytes(std::int64_t rows, std::int64_t frames, std::int64_t events,
                          std::int64_t window_frames);
double jitter_sample_bytes(std::int64_t rows, std::int64_t frames, std::int64_t events);

} // namespace rewire::calcium
