#pragma once

#include "edge_preparation.hpp"

#include <rewire/calcium/event_jitter.hpp>
#include <rewire/mpi/shared_tables.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace rewire::jobs {

/// The jitter of a version's events, made by this rank for itself. Nothing where there are no
/// moments or no events.
std::optional<calcium::EventJitter> jitter_of_one(EdgeSessions& sessions,
                                                  const EdgeVersion& version,
                                                  const calcium::ShiftMoments& moments,
                                                  const std::vector<std::int64_t>& displacement);

/// The jitter of the events of some versions, made by all ranks together in blocks of neurons and
/// held once in the memory of every node.
class EdgeJitter
{
  public:
    /// Collective. Keeps references.
    EdgeJitter(runtime::RunContext& context, EdgeSessions& sessions,
               std::vector<const EdgePreparation::Version*> versions);
    EdgeJitter(const EdgeJitter&) = delete;
    EdgeJitter& operator=(const EdgeJitter&) = delete;
    ~EdgeJitter() = default; ///< collective

    /// @param version in the order in which they were given
    const std::optional<calcium::EventJitter>& of(std::size_t version) const
    {
        return jitter_[version];
    }

  private:
    struct Block
    {
        std::size_t version;
        std::int64_t block;
    };

    void begin();
    void fill();

    runtime::RunContext& context_;
    EdgeSessions& sessions_;
    std::vector<const EdgePreparation::Version*> versions_;
    std::vector<std::optional<calcium::EventJitter>> jitter_; ///< [versions_] blocks in tables_
    std::vector<Block> blocks_;
    std::vector<double> costs_;                 ///< [blocks_]
    std::unique_ptr<mpi::SharedTables> tables_; ///< [blocks_]
    std::unique_ptr<mpi::NodeShared> samples_;  ///< [blocks_, jitter_items]
};

} // namespace rewire::jobs
