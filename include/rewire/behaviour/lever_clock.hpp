#pragma once

#include <rewire/behaviour/lever.hpp>
#include <rewire/behaviour/movement_epochs.hpp>

#include <span>
#include <string>
#include <vector>

/// A lever with the times at which its samples were really taken, made ready for filters that need
/// an even clock.
namespace rewire::behaviour {

/// A step between timestamps above this, and above `bridged_steps` median steps, is a gap: a lever
/// low-passed at 5 Hz is not known there. Shorter ones are bridged by a straight line.
inline constexpr double bridged_ms = 20;
inline constexpr double bridged_steps = 2.5;
/// Timestamps that stay this close to even ones are taken as even, in steps.
inline constexpr double even_tolerance = 0.01;

/// Sample k was taken at first_time_s + k step_s and is filtered as if 1 / step_s were rate_hz, of
/// which 1 kHz is a simple fraction (`simple_rate`, within 0.1 % of it). Speeds and the lengths of
/// LeverOptions are therefore right to 0.1 %, while movements are placed by true time, without
/// drift.
struct EvenTrace
{
    std::vector<double> value;
    double rate_hz = 0;
    double first_time_s = 0;
    double step_s = 0;
};

/// Even timestamps (a clock that is fast or slow but steady) keep their samples. Uneven ones
/// (jitter, drift that varies, single lost samples) are interpolated linearly, on time, to the
/// simple rate nearest to the mean. A gap before or after all frames cuts the trace there; one in
/// between is an error.
/// @param time_s of every sample, ascending, on the clock of the frames
/// @param stated_rate_hz of a series that has a rate and no timestamps; 0 for timestamps
/// @param where file and series, for messages
/// @throws InputError, all naming place and time: fewer than two samples; a sample or a time that
/// is not a number; times that do not ascend; a gap; frames before the first sample or after the
/// last by more than one frame
EvenTrace on_even_clock(std::vector<double> trace, std::span<const double> time_s,
                        double stated_rate_hz, std::span<const double> frame_time_s,
                        const std::string& where);

/// The movements of `lever_movements` (lever.hpp), placed by true time.
LeverMovements lever_movements(const EvenTrace& trace, const LeverOptions& options = {});

/// A lever with the parts in which it is known, for `lever_epochs`.
struct LeverPieces
{
    std::vector<EvenTrace> piece;           ///< in the order of time
    std::vector<std::vector<double>> speed; ///< of each: lever_speed
    bool whole_start = false; ///< the first piece begins before the frames do, to a frame
    bool whole_end = false;   ///< the last piece lasts longer than they do

    double noise_threshold() const; ///< of all speeds together
};

/// For `--uncovered mask`: what `on_even_clock` refuses cuts the trace in pieces instead. Samples
/// that are not numbers are dropped, gaps (as above) divide, pieces of less than a second (which
/// filters and shortest lengths cannot judge) are left out, and frames may lie outside.
/// @throws InputError: nothing that lasts a second; times that do not ascend
LeverPieces lever_pieces(std::vector<double> trace, std::span<const double> time_s,
                         double stated_rate_hz, std::span<const double> frame_time_s,
                         const std::string& where, double cut_off_hz = 5);

/// Movements of all pieces, and the frames at which nothing is known: between the pieces, and while
/// a movement goes on that a gap cuts, because its length decides whether it counts.
/// @throws InputError: no frame is known
CoveredEpochs lever_epochs(const LeverPieces& pieces, std::span<const double> frame_time_s,
                           const std::string& where, const LeverOptions& options = {});

} // namespace rewire::behaviour
