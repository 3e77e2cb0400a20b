#pragma once

#include "jobs/frame/connection_method.hpp"
#include "jobs/frame/session_results.hpp"
#include "jobs/recording/held_spikes.hpp"
#include "settings.hpp"
#include "tile.hpp"

#include <rewire/io/result_file.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// glmcc.h5: one group a session, /SUBJECT/SESSION/. Matrices are [pre, post]; pairs are the strict
/// upper triangle of the units, row major.
namespace rewire::jobs {

inline constexpr auto glmcc_name = "glmcc"; ///< of the job that writes it
/// Share of directions without a coupling that come out significant: by their size, by likelihood.
inline constexpr auto glmcc_level = 1e-3;
inline constexpr auto glmcc_likelihood_level = 1e-4;
/// Background of a pair of which the largest rate is so many times the smallest: said on the page.
inline constexpr auto notable_background_ratio = 2.0;

/// What a session's pairs gave, in numbers.
struct GlmccCounts
{
    std::int64_t pairs = 0;
    std::int64_t near = 0;       ///< of these not tested, unless asked for
    std::int64_t directions = 0; ///< of tested pairs with enough coincidences by chance
    std::int64_t excitatory = 0; ///< directions
    std::int64_t inhibitory = 0; ///< directions
    std::int64_t not_converged = 0;
    std::int64_t slow_changes = 0; ///< pairs with a notable background ratio
};
void each_glmcc_count(auto& counts, auto attribute)
{
    attribute("pairs", counts.pairs), attribute("near_pairs", counts.near);
    attribute("directions", counts.directions), attribute("excitatory", counts.excitatory);
    attribute("inhibitory", counts.inhibitory), attribute("not_converged", counts.not_converged);
    attribute("slow_changes", counts.slow_changes);
}

/// Writes the group of one session. Rank 0. Memory: 200 bytes a pair and two matrices.
class GlmccWriter
{
  public:
    GlmccWriter(const io::ResultFile& file, const SessionHead& head, const SessionSpikes& spikes,
                const GlmccJobSettings& settings);

    /// @pre every pair comes once
    void add(const spikes::PairTile& tile, const GlmccTile& result);
    GlmccCounts finish();

  private:
    template <typename Value, typename Get>
    void write_matrix(const char* name, const char* units, const char* description, Value diagonal,
                      Get get) const;
    void write_units(const SessionHead& head);
    void write_matrices() const;
    void write_pairs() const;
    void write_strongest() const;

    const SessionSpikes& spikes_;
    const GlmccJobSettings& settings_;
    io::Handle group_;
    std::int64_t units_;
    std::vector<GlmccFitted> pair_; ///< [pair]
    GlmccExample strongest_;
};

/// Result of a session as tables, the page and comparisons need it.
struct GlmccSession
{
    SessionHead head;
    std::string mode; ///< "glm", "lr"
    std::string delay;
    double observed_s = 0;
    double stiffness = 0;
    GlmccCounts counts;
    std::vector<std::string> unit_id;
    std::vector<double> rate_hz;          ///< [unit]
    std::vector<std::string> cell_type;   ///< [unit] E, I or empty
    std::vector<double> weight_mv;        ///< [pre, post]
    std::vector<double> coupling;         ///< [pre, post]; NaN on the diagonal
    std::vector<double> threshold;        ///< [pre, post]
    std::vector<double> likelihood_ratio; ///< [pre, post]
    std::vector<std::int8_t> significant; ///< [pre, post]
    std::vector<std::int64_t> pair_i;     ///< [pair]
    std::vector<std::int64_t> pair_j;
    std::vector<std::int64_t> delay_ms;
    std::vector<std::uint8_t> tested;
    std::vector<double> background_ratio;
};
GlmccSession read_glmcc(const io::Handle& file, const SessionName& name);

/// Correlogram of the pair with the strongest coupling, and what was fitted to it.
struct GlmccStrongest
{
    std::string unit_i;
    std::string unit_j;
    std::vector<double> lag_ms; ///< middle of the bin
    std::vector<double> count;
    std::vector<double> background;
    std::vector<double> fitted;
};
/// Nothing where no coupling is significant.
std::optional<GlmccStrongest> read_glmcc_strongest(const io::Handle& file, const SessionName& name);

std::vector<ConnectionMethod> glmcc_methods();

} // namespace rewire::jobs
