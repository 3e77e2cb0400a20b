#pragma once

#include "edge_sessions.hpp"

#include <rewire/calcium/moment_parts.hpp>
#include <rewire/mpi/shared_array.hpp>
#include <rewire/runtime/run_context.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rewire::jobs {

/// A session as it is, or as one draw of the displacement control displaces it.
struct EdgeVersion
{
    std::size_t position = 0; ///< of the session in the wave
    std::int64_t draw = -1;

    friend bool operator==(const EdgeVersion&, const EdgeVersion&) = default;
};

calcium::ShiftMomentOptions moment_options(EdgeSessions& sessions, const EdgeVersion& version);

/// What the tables of some versions are made from: each prepared by one rank, and held once in the
/// memory of every node.
class EdgePreparation
{
  public:
    /// A version on every rank; what it views is shared.
    struct Version
    {
        EdgeVersion version;
        calcium::FrameCircles circles;
        calcium::ShiftMomentOptions options;
        calcium::ShiftMoments head;   ///< without pairs and tables
        bool whole = false;           ///< as in MomentPreparation
        calcium::MomentArrays arrays; ///< unless whole; until drop_samples
        std::span<const double> correlation, partial;
        /// Where whole, like all that follows.
        std::span<const double> leverage, refit_share;
        std::span<const std::byte> power, power_marginal, third, third_marginal;
    };

    /// Collective. Keeps references; each version once.
    EdgePreparation(runtime::RunContext& context, EdgeSessions& sessions,
                    const std::vector<EdgeVersion>& versions);
    EdgePreparation(const EdgePreparation&) = delete;
    EdgePreparation& operator=(const EdgePreparation&) = delete;
    ~EdgePreparation(); ///< collective

    /// @pre one of those given
    const Version& of(const EdgeVersion& version) const;
    bool is_last(const EdgeVersion& version) const { return versions_.back().version == version; }
    calcium::MomentScratch& scratch() noexcept { return scratch_; }
    /// Once all tables are there. Collective.
    void drop_samples() { samples_.reset(); }

  private:
    using Own = std::vector<std::pair<std::int64_t, calcium::MomentPreparation>>;
    Own prepared_here();
    void share(Own& own);
    void view();

    runtime::RunContext& context_;
    EdgeSessions& sessions_;
    std::vector<Version> versions_;
    calcium::MomentScratch scratch_;
    std::unique_ptr<mpi::NodeShared> heads_;   ///< of all versions, and tables made whole
    std::unique_ptr<mpi::NodeShared> samples_; ///< what parts read
};

/// Bytes of a version in the memory of a node.
/// @param samples non-zero ones of the smoothed activity
double edge_preparation_bytes(std::int64_t neurons, std::int64_t frames, double samples);

} // namespace rewire::jobs
