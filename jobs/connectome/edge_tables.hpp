#pragma once

#include "edge_jitter.hpp"
#include "edge_preparation.hpp"

#include <rewire/mpi/shared_tables.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace rewire::jobs {

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
    /// Collective. Keeps references. What the last version of the preparation is made from is
    /// dropped there once it is made.
    /// @param versions of those prepared, in their order, each once
    EdgeTables(runtime::RunContext& context, EdgeSessions& sessions, EdgePreparation& preparation,
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
        std::int64_t part;
    };

    void allocate();
    void transform();
    void sum_thirds();
    calcium::MomentTables tables_of(std::size_t version);
    std::vector<double> costs_of_parts() const;
    /// Both tables' rows of the parts, in powers_ and thirds_.
    std::vector<std::int64_t> rows_of(const std::vector<std::int64_t>& parts) const;

    runtime::RunContext& context_;
    EdgeSessions& sessions_;
    EdgePreparation& preparation_;
    std::vector<EdgeVersion> versions_;
    std::vector<Made> made_; ///< [versions_]
    std::vector<Part> parts_;
    std::unique_ptr<mpi::SharedTables> sums_;   ///< [parts_]
    std::unique_ptr<mpi::SharedTables> powers_; ///< [versions_, 2 tables, parts of the version]
    std::unique_ptr<mpi::SharedTables> scales_; ///< [versions_] norms and refit shares
    std::unique_ptr<mpi::SharedTables> thirds_; ///< as powers_
    std::optional<EdgeJitter> jitter_;
    std::optional<VersionTables> last_;
};

/// Bytes of a version's tables in the memory of a node.
/// @param jitter event_jitter_bytes
double edge_table_bytes(std::int64_t neurons, std::int64_t frames, double jitter, bool displaced);

} // namespace rewire::jobs
