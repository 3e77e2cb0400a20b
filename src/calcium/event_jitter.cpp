#include "rewire/calcium/event_jitter.hpp"

#include "samples_by_frame.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/memory.hpp>
#include <rewire/dense/symmetric.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace rewire::calcium {

namespace {

using base::at;

/// Runs of windows, of one segment each.
struct WindowRun
{
    base::Range segment;          ///< frames, with the incomplete window
    base::Range frames;           ///< of the windows
    std::int64_t first_frame = 0; ///< the same with all runs joined
};

void check_window(std::int64_t window_frames)
{
    if (window_frames < 2)
        throw base::InputError(fmt::format("jitter within {} frames", window_frames),
                               "event jitter", "give a window of at least 2 frames");
}

std::vector<WindowRun> runs_of(std::span<const base::Range> segments, std::int64_t frames,
                               std::int64_t window)
{
    auto runs = std::vector<WindowRun>{};
    auto end = std::int64_t{0};
    auto joined = std::int64_t{0};
    for (const auto& segment : segments) {
        if (segment.first < end || segment.last < segment.first || segment.last > frames)
            throw base::InputError(fmt::format("segment {} - {} is out of order or beyond frame {}",
                                               segment.first, segment.last, frames),
                                   "event jitter", "give disjoint segments, ascending");
        end = segment.last;
        const auto used = segment.size() / window * window;
        if (used > 0)
            runs.push_back({segment, {segment.first, segment.first + used}, joined});
        joined += used;
    }
    return runs;
}

/// Events of one neuron within the runs, frames joined, after displacement.
struct Events
{
    std::vector<std::int64_t> frame;
    std::vector<double> value;
    std::vector<std::size_t> run; ///< that each lies in
};

Events events_of(const activity::ActivityView& events, std::int64_t neuron,
                 const std::vector<WindowRun>& runs, std::int64_t displacement)
{
    auto found = std::vector<std::tuple<std::int64_t, double, std::size_t>>{};
    const auto frame = events.frames_of(neuron);
    const auto value = events.values_of(neuron);
    auto r = std::size_t{0};
    for (std::size_t e = 0; e < frame.size(); ++e) {
        while (r < runs.size() && runs[r].segment.last <= frame[e])
            ++r;
        if (r == runs.size())
            break;
        const auto& run = runs[r];
        if (frame[e] < run.segment.first)
            continue;
        const auto length = run.segment.size();
        const auto by = displaced_by(displacement, length);
        const auto moved = (frame[e] - run.segment.first + by) % length;
        if (moved < run.frames.size())
            found.emplace_back(run.first_frame + moved, value[e], r);
    }
    if (displacement != 0)
        std::sort(found.begin(), found.end());
    auto result = Events{};
    for (const auto& [f, v, in] : found) {
        result.frame.push_back(f);
        result.value.push_back(v);
        result.run.push_back(in);
    }
    return result;
}

/// l(k) = sum taps(m) taps(m+k), k = 0 .. taps - 1.
std::vector<double> autocorrelation_of(std::span<const double> taps)
{
    auto result = std::vector<double>(taps.size());
    for (std::size_t k = 0; k < taps.size(); ++k)
        for (std::size_t m = 0; m + k < taps.size(); ++m)
            result[k] += taps[m] * taps[m + k];
    return result;
}

/// Central moments of y in one window; exactly 0 where it is constant.
void window_moments(const double* y, std::int64_t window, double* mean, double* second,
                    double* third)
{
    const auto [low, high] = std::minmax_element(y, y + window);
    if (*low == *high) {
        *mean = *low;
        return;
    }
    const auto frames = static_cast<double>(window);
    const auto centre = std::accumulate(y, y + window, 0.0) / frames;
    auto squares = 0.0;
    auto cubes = 0.0;
    for (std::int64_t t = 0; t < window; ++t) {
        const auto deviation = y[t] - centre;
        squares += deviation * deviation;
        cubes += deviation * deviation * deviation;
    }
    *mean = centre;
    *second = squares / frames;
    *third = cubes / frames;
}

/// The six tables of a block, in one array.
template <typename Number>
struct BlockTables
{
    explicit BlockTables(std::span<Number> all)
        : mean(part(all, 0)),
          second(part(all, 1)),
          third(part(all, 2)),
          sum(part(all, 3)),
          squares(part(all, 4)),
          cubes(part(all, 5))
    {
    }

    static std::span<Number> part(std::span<Number> all, std::size_t number)
    {
        const auto size = all.size() / 6;
        return all.subspan(number * size, size);
    }

    std::span<Number> mean, second, third, sum, squares, cubes;
};

/// Fills the rows of a block one after the other.
class BlockBuilder
{
  public:
    /// @param most_events of all rows together
    BlockBuilder(std::span<double> tables, std::int64_t rows, const EventJitter& jitter,
                 const std::vector<WindowRun>& runs, std::span<const double> taps,
                 std::size_t most_events)
        : block_(tables),
          windows_(jitter.windows),
          window_frames_(jitter.window_frames),
          runs_(runs),
          kernel_(autocorrelation_of(taps)),
          smooth_(at(windows_ * window_frames_), 0.0),
          touched_(at(windows_), 0)
    {
        std::fill(tables.begin(), tables.end(), 0.0);
        square_sum_.assign(at(rows), 0.0);
        events_.reserve(most_events);
        smoothed_.reserve(most_events * (2 * kernel_.size() - 1));
    }

    void add(std::int64_t row, const Events& events)
    {
        const auto first = row * windows_;
        for (std::size_t e = 0; e < events.frame.size(); ++e) {
            const auto value = events.value[e];
            const auto place = at(first + events.frame[e] / window_frames_);
            block_.sum[place] += value;
            block_.squares[place] += value * value;
            block_.cubes[place] += value * value * value;
            square_sum_[at(row)] += value * value;
            events_.frame.push_back(static_cast<std::int32_t>(events.frame[e]));
            events_.value.push_back(value);
            smooth(events.frame[e], value, runs_[events.run[e]]);
        }
        events_.end_row();
        for (std::int64_t w = 0; w < windows_; ++w)
            if (touched_[at(w)] != 0)
                end_window(row, w);
        smoothed_.end_row();
    }

    JitterSamples take()
    {
        const auto frames = windows_ * window_frames_;
        return {.square_sum = std::move(square_sum_),
                .events = by_frame(events_, frames),
                .smoothed = by_frame(smoothed_, frames)};
    }

  private:
    void smooth(std::int64_t frame, double value, const WindowRun& run)
    {
        const auto reach = static_cast<std::int64_t>(kernel_.size()) - 1;
        const auto low = std::max(frame - reach, run.first_frame);
        const auto high = std::min(frame + reach, run.first_frame + run.frames.size() - 1);
        for (auto t = low; t <= high; ++t) {
            smooth_[at(t)] += value * kernel_[at(std::abs(t - frame))];
            touched_[at(t / window_frames_)] = 1;
        }
    }

    void end_window(std::int64_t row, std::int64_t w)
    {
        auto* y = smooth_.data() + w * window_frames_;
        const auto place = at(row * windows_ + w);
        window_moments(y, window_frames_, &block_.mean[place], &block_.second[place],
                       &block_.third[place]);
        for (std::int64_t t = 0; t < window_frames_; ++t)
            if (y[t] != 0) {
                smoothed_.frame.push_back(static_cast<std::int32_t>(w * window_frames_ + t));
                smoothed_.value.push_back(y[t]);
                y[t] = 0;
            }
        touched_[at(w)] = 0;
    }

    BlockTables<double> block_;
    std::vector<double> square_sum_;
    std::int64_t windows_;
    std::int64_t window_frames_;
    const std::vector<WindowRun>& runs_;
    std::vector<double> kernel_;
    std::vector<double> smooth_; ///< y of the neuron at work, zeros between neurons
    std::vector<std::uint8_t> touched_;
    RowSamples events_;
    RowSamples smoothed_;
};

const JitterBlock& block_of(const EventJitter& jitter, const base::Range& rows)
{
    return jitter.blocks[at(rows.first / tile_neurons)];
}

std::vector<double> coincidences(const EventJitter& jitter, const PairTile& tile)
{
    auto sums = std::vector<double>(at(tile.size()), 0.0);
    const auto& events = block_of(jitter, tile.columns).events;
    const auto& smoothed = block_of(jitter, tile.rows).smoothed;
    const auto frames = jitter.windows * jitter.window_frames;
    for (std::int64_t frame = 0; frame < frames; ++frame) {
        const auto first = events.start[at(frame)];
        const auto last = events.start[at(frame) + 1];
        if (first == last)
            continue;
        for (auto a = smoothed.start[at(frame)]; a < smoothed.start[at(frame) + 1]; ++a) {
            const auto y = smoothed.value[at(a)];
            auto* row = sums.data() + smoothed.row[at(a)] * tile.columns.size();
            for (auto b = first; b < last; ++b)
                row[events.row[at(b)]] += y * events.value[at(b)];
        }
    }
    return sums;
}

std::vector<double> products(const EventJitter& jitter, const PairTile& tile,
                             std::span<const double> of_rows, std::span<const double> of_columns)
{
    auto out = std::vector<double>(at(tile.size()));
    dense::multiply_rows(of_rows, of_columns, out, tile.rows.size(), tile.columns.size(),
                         jitter.windows);
    return out;
}

std::vector<double> transposed(const std::vector<double>& square, std::int64_t count)
{
    auto out = std::vector<double>(square.size());
    for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t j = 0; j < count; ++j)
            out[at(j * count + i)] = square[at(i * count + j)];
    return out;
}

} // namespace

std::int64_t jitter_window_frames(double frame_rate_hz, double window_s)
{
    return std::max(least_window_frames,
                    static_cast<std::int64_t>(std::llround(frame_rate_hz * window_s)));
}

double WindowCoverage::share_outside() const
{
    return events > 0 ? static_cast<double>(events_outside) / static_cast<double>(events) : 0;
}

WindowCoverage window_coverage(const activity::ActivityView& events,
                               std::span<const std::int64_t> neurons,
                               std::span<const base::Range> segments, std::int64_t window_frames)
{
    check_window(window_frames);
    auto coverage = WindowCoverage{};
    for (const auto& run : runs_of(segments, events.frames, window_frames))
        coverage.windows += run.frames.size() / window_frames;
    for (const auto neuron : neurons) {
        auto segment = segments.begin();
        for (const auto frame : events.frames_of(neuron)) {
            while (segment != segments.end() && segment->last <= frame)
                ++segment;
            if (segment == segments.end())
                break;
            if (frame < segment->first)
                continue;
            const auto windows_end =
                segment->first + segment->size() / window_frames * window_frames;
            ++coverage.events;
            coverage.events_outside += frame >= windows_end ? 1 : 0;
        }
    }
    return coverage;
}

std::int64_t jitter_blocks(std::int64_t rows)
{
    return (rows + tile_neurons - 1) / tile_neurons;
}

EventJitter event_jitter_without_blocks(const activity::ActivityView& events,
                                        std::span<const std::int64_t> neurons,
                                        std::span<const base::Range> segments,
                                        const EventJitterOptions& options)
{
    check_window(options.window_frames);
    if (!options.displacement.empty() &&
        static_cast<std::int64_t>(options.displacement.size()) != events.neurons())
        throw base::InputError(fmt::format("{} displacements for {} neurons",
                                           options.displacement.size(), events.neurons()),
                               "event jitter", "give one for each neuron");
    auto jitter = EventJitter{};
    jitter.window_frames = options.window_frames;
    jitter.rows = static_cast<std::int64_t>(neurons.size());
    for (const auto& segment : segments)
        jitter.frames_left_out += segment.size() % options.window_frames;
    for (const auto& run : runs_of(segments, events.frames, options.window_frames))
        jitter.windows += run.frames.size() / options.window_frames;
    return jitter;
}

base::Range EventJitter::block_rows(std::int64_t block) const
{
    return {block * tile_neurons, std::min((block + 1) * tile_neurons, rows)};
}

std::int64_t jitter_table_size(const EventJitter& jitter, std::int64_t block)
{
    return 6 * jitter.block_rows(block).size() * jitter.windows;
}

JitterSamples fill_jitter_block(const EventJitter& jitter, const activity::ActivityView& events,
                                std::span<const std::int64_t> neurons,
                                std::span<const base::Range> segments,
                                const EventJitterOptions& options, std::int64_t block,
                                std::span<double> tables)
{
    const auto runs = runs_of(segments, events.frames, options.window_frames);
    const auto rows = jitter.block_rows(block);
    auto count = std::size_t{0};
    for (auto row = rows.first; row < rows.last; ++row)
        count += events.frames_of(neurons[at(row)]).size();
    auto builder = BlockBuilder(tables, rows.size(), jitter, runs, options.taps, count);
    for (auto row = rows.first; row < rows.last; ++row) {
        const auto neuron = neurons[at(row)];
        const auto by = options.displacement.empty() ? 0 : options.displacement[at(neuron)];
        builder.add(row - rows.first, events_of(events, neuron, runs, by));
    }
    return builder.take();
}

JitterBlock jitter_block(std::span<const double> tables, std::span<const double> square_sum,
                         const JitterBlock::Samples& events, const JitterBlock::Samples& smoothed)
{
    const auto block = BlockTables<const double>(tables);
    return {.mean = block.mean,
            .second = block.second,
            .third = block.third,
            .sum = block.sum,
            .squares = block.squares,
            .cubes = block.cubes,
            .square_sum = square_sum,
            .events = events,
            .smoothed = smoothed};
}

EventJitter event_jitter_of(const activity::ActivityView& events,
                            std::span<const std::int64_t> neurons,
                            std::span<const base::Range> segments,
                            const EventJitterOptions& options)
{
    struct Arrays
    {
        std::vector<double> tables;
        JitterSamples samples;
    };
    auto jitter = event_jitter_without_blocks(events, neurons, segments, options);
    const auto own = std::make_shared<std::vector<Arrays>>(at(jitter_blocks(jitter.rows)));
    for (std::int64_t block = 0; block < std::ssize(*own); ++block) {
        auto& [tables, samples] = (*own)[at(block)];
        base::resize_large(tables, jitter_table_size(jitter, block));
        samples = fill_jitter_block(jitter, events, neurons, segments, options, block, tables);
        const auto view = [](const SamplesByFrame& all) {
            return JitterBlock::Samples{all.start, all.row, all.value};
        };
        jitter.blocks.push_back(
            jitter_block(tables, samples.square_sum, view(samples.events), view(samples.smoothed)));
    }
    jitter.own = own;
    return jitter;
}

TileJitter tile_jitter(const EventJitter& jitter, const PairTile& tile)
{
    const auto& rows = block_of(jitter, tile.rows);
    const auto& columns = block_of(jitter, tile.columns);
    auto result = TileJitter{
        .coincidence = coincidences(jitter, tile),
        .columns_jittered = {.expected = products(jitter, tile, rows.mean, columns.sum),
                             .variance = products(jitter, tile, rows.second, columns.squares),
                             .third_moment = products(jitter, tile, rows.third, columns.cubes)},
        .rows_jittered = {}};
    if (tile.diagonal()) { // the two directions change places with rows and columns
        const auto count = tile.rows.size();
        const auto& jittered = result.columns_jittered;
        result.rows_jittered = {.expected = transposed(jittered.expected, count),
                                .variance = transposed(jittered.variance, count),
                                .third_moment = transposed(jittered.third_moment, count)};
        return result;
    }
    result.rows_jittered = {.expected = products(jitter, tile, rows.sum, columns.mean),
                            .variance = products(jitter, tile, rows.squares, columns.second),
                            .third_moment = products(jitter, tile, rows.cubes, columns.third)};
    return result;
}

double jitter_sample_bytes(std::int64_t rows, std::int64_t frames, std::int64_t events)
{
    constexpr auto spread = 8.0; // frames that an event is smoothed over, where they may overlap
    return 12 * static_cast<double>(events) * (1 + spread) +
           16 * static_cast<double>(frames) * static_cast<double>(jitter_blocks(rows));
}

double event_jitter_bytes(std::int64_t rows, std::int64_t frames, std::int64_t events,
                          std::int64_t window_frames)
{
    const auto windows = frames / window_frames;
    return 6 * 8 * static_cast<double>(rows) * static_cast<double>(windows) +
           jitter_sample_bytes(rows, frames, events);
}

} // namespace rewire::calcium
