#pragma once

#include "jobs/frame/session_results.hpp"
#include "jobs/recording/held_spikes.hpp"
#include "pairs.hpp"
#include "settings.hpp"

#include <rewire/io/result_file.hpp>
#include <rewire/spikes/jpsth.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// jpsth.h5: one group a session, /SUBJECT/SESSION/. Matrices are [pair, time_i, time_j] with
/// --full, else [pair, time_i, delay_ms], where delay_ms is the time of unit j minus that of unit
/// i.
namespace rewire::jobs {

inline constexpr auto jpsth_name = "jpsth";     ///< of the job that writes it
inline constexpr auto joint_array = jpsth_name; ///< share of the trials in which both fire
inline constexpr auto pairs_digest = "pairs_digest";
inline constexpr auto variance_share = 0.95; ///< that the dimensionality is counted for

/// What the ranks hand on of a pair: [bins, columns] each.
struct JpsthPair
{
    std::vector<float> joint;
    std::vector<float> predictor;
    std::vector<float> normalised;
    std::vector<float> conditional;
    std::vector<float> conditional_smoothed;
    std::vector<double> diagonal_sum; ///< [delays]
};
std::vector<std::byte> packed(const std::vector<JpsthPair>& pairs);
std::vector<JpsthPair> unpacked_jpsths(std::span<const std::byte> bytes);

/// Writes the group of one session. Rank 0.
class JpsthWriter
{
  public:
    JpsthWriter(const io::ResultFile& file, const SessionHead& head, const SessionSpikes& session,
                const spikes::SpikeTrainsView& trains, const SessionPairs& pairs, double digest,
                const JpsthJobSettings& settings);

    /// The next pairs, in the order of the list.
    void add(const std::vector<JpsthPair>& pairs);

  private:
    void write_axes(const SessionPairs& pairs) const;
    void make_arrays() const;
    void write_dimensionality(const std::vector<double>& psth) const;

    const JpsthJobSettings& settings_;
    io::Handle group_;
    std::int64_t written_ = 0;
};

/// Result of a session as the page and tables need it, without the matrices.
struct JpsthSession
{
    SessionHead head;
    std::int64_t trials = 0;
    bool full = false;
    double bin_ms = 0;
    std::int64_t dimensionality = 0;      ///< components of the PSTHs for variance_share
    double normalised_dimensionality = 0; ///< of the units that vary
    std::vector<std::string> unit_id;
    std::vector<std::int64_t> pair_i; ///< [pair]
    std::vector<std::int64_t> pair_j;
    std::vector<double> time_s;      ///< middle of the bin
    std::vector<double> delay_ms;    ///< of the correlogram
    std::vector<double> correlogram; ///< [pair, delay]
};
/// Empty but for the head where the status is not ok.
JpsthSession read_jpsth(const io::Handle& file, const SessionName& name);
/// [bins, columns] of one pair.
std::vector<double> read_jpsth_matrix(const io::Handle& file, const SessionName& name,
                                      const std::string& array, std::int64_t pair);

} // namespace rewire::jobs
