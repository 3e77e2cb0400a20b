#include "sample_times.hpp"

#include <rewire/base/error.hpp>
#include <rewire/behaviour/filters.hpp>
#include <rewire/behaviour/lever_clock.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::behaviour {

namespace {

constexpr auto shortest_piece_s = 1.0;

double end_of(const EvenTrace& trace)
{
    return trace.first_time_s + static_cast<double>(trace.value.size()) * trace.step_s;
}

/// Samples that are numbers, with their times.
struct Samples
{
    std::vector<double> value;
    std::vector<double> time_s;
};

Samples without_missing(std::span<const double> trace, std::span<const double> time_s)
{
    auto samples = Samples{};
    for (std::size_t k = 0; k < trace.size(); ++k)
        if (std::isfinite(trace[k])) {
            samples.value.push_back(trace[k]);
            samples.time_s.push_back(time_s[k]);
        }
    return samples;
}

/// Frames from `first_s` on and before `stop_s`.
void mark(std::vector<std::uint8_t>& frames, std::span<const double> frame_time_s, double first_s,
          double stop_s, std::uint8_t value)
{
    const auto at = [&](double time_s) {
        return frames.begin() +
               (std::lower_bound(frame_time_s.begin(), frame_time_s.end(), time_s) -
                frame_time_s.begin());
    };
    if (first_s < stop_s)
        std::fill(at(first_s), at(stop_s), value);
}

} // namespace

double LeverPieces::noise_threshold() const
{
    auto all = std::vector<double>{};
    for (const auto& one : speed)
        all.insert(all.end(), one.begin(), one.end());
    return behaviour::noise_threshold(all);
}

LeverPieces lever_pieces(std::vector<double> trace, std::span<const double> time_s,
                         double stated_rate_hz, std::span<const double> frame_time_s,
                         const std::string& where, double cut_off_hz)
{
    if (trace.size() != time_s.size())
        throw base::InputError(fmt::format("{} samples but {} times", trace.size(), time_s.size()),
                               where, "every sample needs its time");
    check_frame_times(frame_time_s);
    check_sample_times(time_s, where);
    const auto step = stated_rate_hz > 0 ? 1 / stated_rate_hz : median_step(time_s);
    const auto samples = without_missing(trace, time_s);
    const auto bridged_s = std::max(bridged_ms / 1000, bridged_steps * step);
    auto pieces = LeverPieces{};
    for (std::size_t first = 0; first < samples.time_s.size();) {
        auto last = first + 1;
        while (last < samples.time_s.size() &&
               samples.time_s[last] - samples.time_s[last - 1] <= bridged_s)
            ++last;
        const auto time = std::span(samples.time_s).subspan(first, last - first);
        if (time.size() > 1 && time.back() - time.front() >= shortest_piece_s) {
            auto value =
                std::vector<double>(samples.value.begin() + static_cast<std::ptrdiff_t>(first),
                                    samples.value.begin() + static_cast<std::ptrdiff_t>(last));
            const auto is_complete = std::abs((time.back() - time.front()) / step -
                                              static_cast<double>(time.size() - 1)) < 0.5;
            pieces.piece.push_back(
                on_even_clock(std::move(value), time, is_complete ? stated_rate_hz : 0, {}, where));
            const auto& even = pieces.piece.back();
            pieces.speed.push_back(lever_speed(even.value, even.rate_hz, cut_off_hz));
        }
        first = last;
    }
    if (pieces.piece.empty())
        throw base::InputError("the lever is nowhere known for a second without a gap", where,
                               "give the movements as a table of intervals");
    // The paper's rule for the ends of a trace is for those of the recording.
    const auto allowed = 1.001 * median_step(frame_time_s);
    pieces.whole_start =
        frame_time_s.empty() || pieces.piece.front().first_time_s <= frame_time_s.front() + allowed;
    pieces.whole_end =
        frame_time_s.empty() || end_of(pieces.piece.back()) >= frame_time_s.back() - allowed;
    return pieces;
}

CoveredEpochs lever_epochs(const LeverPieces& pieces, std::span<const double> frame_time_s,
                           const std::string& where, const LeverOptions& options)
{
    const auto allowed = 1.001 * median_step(frame_time_s);
    auto covered = CoveredEpochs{};
    covered.known.assign(frame_time_s.size(), 0);
    auto all = LeverMovements{};
    auto cut = LeverMovements{};
    for (std::size_t i = 0; i < pieces.piece.size(); ++i) {
        const auto& piece = pieces.piece[i];
        const auto at_start = i == 0 && pieces.whole_start;
        const auto at_end = i + 1 == pieces.piece.size() && pieces.whole_end;
        mark(covered.known, frame_time_s, piece.first_time_s - (at_start ? allowed : 0),
             end_of(piece) + (at_end ? allowed : 0), 1);
        auto of_piece = options;
        of_piece.keep_at_start = !at_start;
        of_piece.keep_at_end = !at_end;
        const auto length = static_cast<std::int64_t>(pieces.speed[i].size());
        const auto time_of = [&](std::int64_t nominal_ms) {
            auto true_by_nominal = piece.step_s * piece.rate_hz;
            if (std::abs(true_by_nominal - 1) < 1e-12)
                true_by_nominal = 1; // or rounding would move edges that fall on a frame
            return piece.first_time_s + static_cast<double>(nominal_ms) / 1000 * true_by_nominal;
        };
        for (const auto& run : epochs_of_mask(moving_lever(pieces.speed[i], of_piece)).movements) {
            const auto is_cut = run.first == 0 || run.last == length;
            auto& into = is_cut ? cut : all;
            into.start_s.push_back(time_of(run.first));
            into.stop_s.push_back(run.last == length ? end_of(piece) : time_of(run.last));
        }
    }
    for (std::size_t k = 0; k < cut.start_s.size(); ++k)
        mark(covered.known, frame_time_s, cut.start_s[k], cut.stop_s[k], 0);
    if (!frame_time_s.empty() && covered.unknown_frames() == std::ssize(frame_time_s))
        throw base::InputError("the lever is known at no imaging frame", where,
                               "check its rate, start and timestamps");
    covered.epochs = epochs_of_intervals(all.start_s, all.stop_s, frame_time_s);
    if (covered.unknown_frames() == 0)
        covered.known.clear();
    return covered;
}

} // namespace rewire::behaviour
