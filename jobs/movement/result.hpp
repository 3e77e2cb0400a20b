#pragma once

#include "jobs/frame/session_results.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/io/result_file.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// movement.h5: one group a session, /SUBJECT/SESSION/.
namespace rewire::jobs {

inline constexpr auto movement_name = "movement"; ///< of the job that writes it

/// `status` says why nobody is related to movement, where it is not "ok".
struct SessionMovement : SessionHead
{
    double tau_s = 0;
    std::vector<std::string> neuron_id;
    std::vector<double> mean_activity; ///< [neuron] in movement frames
    std::vector<std::int32_t> less;    ///< [neuron] shuffles below the real score
    std::vector<std::int32_t> equal;   ///< [neuron] shuffles that tie
    std::vector<double> p_rank;        ///< [neuron] tied rank / (shuffles + 1)
    std::vector<double> p_value;       ///< [neuron] movement, one-sided
    std::vector<double> q_value;       ///< [neuron] Benjamini-Hochberg over the session's neurons
    std::vector<double> p_value_quiescent;       ///< [neuron]
    std::vector<double> level;                   ///< [level]
    std::vector<std::uint8_t> movement_related;  ///< [level, neuron]
    std::vector<std::uint8_t> quiescent_related; ///< [level, neuron]
    /// To be expected of a neuron that is most active in movement: few movements, few distinct
    /// shuffles.
    double largest_p_rank = 1;
    std::int64_t shuffles = 0;
    std::int64_t epochs = 0; ///< movements
    std::int64_t movement_frames = 0;
    std::int64_t frames = 0;
    std::int64_t dilate = 0;
    std::string units; ///< "runs" or "frames"
    /// of the activity: "dF/F", or "fluorescence" where a baseline was subtracted and not divided
    /// by
    std::string activity_unit = "dF/F";
    std::string activity;              ///< "events" or "dff"
    std::int64_t uncovered_frames = 0; ///< left out: the movement is not known there
    double lever_threshold = 0;        ///< units of the trace per ms; 0: no lever
    std::string source;                ///< where the movements come from
    std::string null_neuron;           ///< whose shuffled scores are kept; empty: none
    double null_score = 0;             ///< its mean activity in movement
    std::vector<double> null;          ///< [shuffle] the same under shuffles

    void pack(base::Packer& packer) const;
    static SessionMovement unpack(base::Unpacker& unpacker);
};

/// The row of `movement_related` for a level: the one asked for, else that of the paper, else the
/// highest. @param where the file, for the message
/// @throws InputError when there is no such level
std::size_t row_of_level(const std::vector<double>& levels, std::optional<double> asked,
                         const std::string& where);

void write_session(const io::ResultFile& file, const SessionMovement& session);
SessionMovement read_movement(const io::Handle& file, const std::string& subject,
                              const std::string& session);

} // namespace rewire::jobs
