#pragma once

#include "session_input.hpp"

#include <rewire/behaviour/movement_epochs.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rewire::jobs {

/// Movement epochs of a session and where they come from.
struct SessionMovements
{
    behaviour::Epochs epochs; ///< on the frames of the tested activity
    /// "/intervals/movement_epochs", "/processing/behavior/lever (lever trace)",
    /// "/processing/behavior/mask (binary series, movement is 255)": for people
    std::string source;
    /// [frames of the file] 0: not known, to be left out; empty: all are known
    std::vector<std::uint8_t> known;
    double lever_threshold = 0; ///< units of the trace per ms; 0 where there is no lever
    std::int64_t uncovered = 0; ///< frames left out because they are not known

    void pack(base::Packer& packer) const; ///< as found in the file: without `uncovered`
    void unpack(base::Unpacker& unpacker);
};

/// --movement, --lever, --lever-threshold, --uncovered
std::vector<runtime::Option> movement_source_options();

/// Which table or series movements are taken from, and how.
struct MovementSourceSettings
{
    std::string movement; ///< table or series; empty: not named
    std::string lever;    ///< series; empty: not named
    std::string lever_threshold;
    bool mask_uncovered = false; ///< frames where the series is not known are left out

    bool is_named() const { return !movement.empty() || !lever.empty(); }
};
/// @throws UsageError: both named, or a threshold that is none
MovementSourceSettings movement_source_settings(const runtime::Options& options);

/// On which frames movements are wanted.
struct MovementsWanted
{
    io::NwbOptions nwb;
    MovementSourceSettings source;
    std::int64_t dilate = 0; ///< frames that every movement is widened by, at both ends
    bool dff = false;        ///< of dF/F (all kept frames), not of smoothed events
};

/// Movement epochs of the sessions of a wave, sessions over ranks; on all ranks. Collective. Notes
/// the source, or warns where the sessions have different ones.
/// Of smoothed events those are unmixed_frames, two fewer at each end.
/// @param inputs of the study's sessions: frames at which the movement is not known are left out of
/// what is used of them (--uncovered mask)
/// @throws InputError: no source of movements, or not the one asked for; several that may be meant;
/// a series that is neither binary nor a lever; one that does not cover the imaging, or has gaps
std::vector<SessionMovements> movements_of(runtime::RunContext& context, const io::Study& study,
                                           std::vector<SessionInput>& inputs,
                                           const std::vector<std::size_t>& sessions,
                                           const MovementsWanted& wanted, const std::string& phase);

/// Why a file has nothing that movements could come from; empty where it has something.
std::string lacks_movements(const io::NwbSession& file, const MovementSourceSettings& source);

/// Movement frames of one session on all frames of its file, not dilated. Without --movement and
/// --lever: the table, else the series, that is called movement_epochs, movements or movement;
/// else the only table or series with "movement" in its name or series with "lever" in it (among
/// several levers, the one called just that). A series of two values is a mask, the larger being
/// movement; another is a lever only if its name says so or --lever names it.
SessionMovements movements_in(const io::NwbSession& file, const MovementSourceSettings& source);

} // namespace rewire::jobs
