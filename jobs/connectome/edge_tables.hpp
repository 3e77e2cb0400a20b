#pragma once

#include "edge_sessions.hpp"

#include <rewire/calcium/moment_parts.hpp>
#include <rewire/mpi/shared_array.hpp>
#include <rewire/mpi/shared_tables.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace rewire::jobs {

/// A session as it is, or as one draw of the displacement control displaces it.
struct EdgeVersion
{
    std::size_t position = 0; ///< of the session in the wave
    std::int64_t draw = -1;

    friend bool operator==(const EdgeVersion&, const EdgeVersion&) = default;
};

/// Of a computation's steps, however many each is. Keeps a reference.
calcium::Tick counting(const runtime::Tick& tick);

/// What tiles are tested with.
struct VersionTables
{
    EdgeVersion version;
    calcium::ShiftMoments moments;              ///< rows in shared memory
    std::optional<calcium::EventJitter> jitter; ///< where there are moments
    std::vector<std::int64_t> displacement;     ///< [neurons], empty for the session as it is
};

/// The tables of one version, made by this rank for itself: the same bits. Nothing when `tick`
/// stopped it.
std::optional<VersionTables> tables_of_one(EdgeSessions& sessions, const EdgeVersion& version,
                                           const calcium::Tick& tick);

/// The tables behind the tests of edges, made by all ranks together in parts of part_neurons
/// neurons and held once in the memory of every node. The same bits on any number of ranks.
class EdgeTables
{
  public:
    /// Collective. Keeps references; each version once.
    EdgeTables(runtime::RunContext& context, EdgeSessions& sessions,
               std::vector<EdgeVersion> versions);
    EdgeTables(const EdgeTables&) = delete;
    EdgeTables& operator=(const EdgeTables&) = delete;
    ~EdgeTables(); ///< collective

    /// The last one asked for is kept.
    const VersionTables& of(const EdgeVersion& version);

  private:
    struct Made;
    struct Part
    {
        std::size_t version; ///< in versions_
        std::int64_t part;   ///< or block
    };

    void prepare();
    void allocate();
    void transform();
    void sum_thirds();
    void jitter_events();
    calcium::MomentTables tables_of(std::size_t version);
    std::vector<double> costs_of_parts() const;
    /// Both tables' rows of the parts, in powers_ and thirds_.
    std::vector<std::int64_t> rows_of(const std::vector<std::int64_t>& parts) const;

    runtime::RunContext& context_;
    EdgeSessions& sessions_;
    std::vector<EdgeVersion> versions_;
    std::vector<Made> made_; ///< [versions_]
    std::vector<Part> parts_;
    calcium::MomentScratch scratch_;
    std::unique_ptr<mpi::NodeShared> heads_;    ///< of all versions, and tables made whole
    std::unique_ptr<mpi::NodeShared> samples_;  ///< what parts read
    std::unique_ptr<mpi::SharedTables> sums_;   ///< [parts_]
    std::unique_ptr<mpi::SharedTables> powers_; ///< [versions_, 2 tables, parts of the version]
    std::unique_ptr<mpi::SharedTables> scales_; ///< [versions_] norms and refit shares
    std::unique_ptr<mpi::SharedTables> thirds_; ///< as powers_
    std::unique_ptr<mpi::SharedTables> jitter_; ///< [versions_, blocks of the version]
    std::unique_ptr<mpi::NodeShared> jitter_samples_; ///< the same, jitter_items each
    std::optional<VersionTables> last_;
};

/// Bytes of a version's tables in the memory of a node, and of what parts read beside them, which
/// is gone before there is the jitter.
/// @param samples non-zero ones of the smoothed activity
/// @param jitter event_jitter_bytes
double edge_table_bytes(std::int64_t neurons, std::int64_t frames, double samples, double jitter,
                        bool displaced);

} // namespace rewire::jobs
