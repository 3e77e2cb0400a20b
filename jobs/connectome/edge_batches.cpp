#include "edge_batches.hpp"

#include "edge_preparation.hpp"
#include "edge_tables.hpp"
#include "estimate.hpp"

#include <rewire/base/packed.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace rewire::jobs {

namespace {

std::optional<std::vector<std::byte>> tested_draw(const VersionTables& tables, const EdgeUnit& unit,
                                                  const calcium::DisplacementOptions& options,
                                                  const calcium::Tick& tick)
{
    auto packer = base::Packer{};
    const auto& moments = tables.moments;
    const auto all = calcium::pair_tiles(moments.active_count());
    const auto last = moments.status == calcium::ShiftMomentStatus::ok
                          ? std::min(unit.tiles.last, static_cast<std::int64_t>(all.size()))
                          : 0;
    for (auto k = unit.tiles.first; k < last; ++k) {
        const auto tested = calcium::test_tile(moments, tables.jitter ? &*tables.jitter : nullptr,
                                               all[static_cast<std::size_t>(k)],
                                               calcium::displaced_test_options(options));
        base::pack_value(
            packer, calcium::displaced_tile(tested, tables.displacement, moments.active, options));
        if (!tick(0))
            return std::nullopt;
    }
    return packer.take();
}

/// Units of one or more versions, whose tables fit into memory together.
struct Batch
{
    std::size_t group = 0; ///< of batches that are prepared together
    std::vector<EdgeVersion> versions;
    std::vector<std::int64_t> units;
};

std::vector<Batch> batches_of(const std::vector<EdgeUnit>& units, const EdgeSessions& sessions,
                              const ConnectomeSettings& settings)
{
    auto versions = std::vector<EdgeVersion>{};
    auto tables = std::vector<double>{};
    auto preparation = std::vector<double>{};
    auto version_of = std::vector<std::size_t>{}; // [units]
    for (const auto& unit : units) {
        const auto version = EdgeVersion{unit.position, unit.draw};
        if (versions.empty() || versions.back() != version) {
            versions.push_back(version);
            const auto& info = sessions.info(version.position);
            tables.push_back(edge_version_bytes(info, settings, version.draw >= 0));
            preparation.push_back(edge_prepared_bytes(info, settings, version.draw >= 0));
        }
        version_of.push_back(versions.size() - 1);
    }
    const auto batch_of = edge_batches(tables);
    const auto group_of = edge_groups(preparation, tables);
    auto batches = std::vector<Batch>(batch_of.empty() ? 0 : batch_of.back() + 1);
    for (std::size_t v = 0; v < versions.size(); ++v) {
        batches[batch_of[v]].group = group_of[v];
        batches[batch_of[v]].versions.push_back(versions[v]);
    }
    for (std::size_t k = 0; k < units.size(); ++k)
        batches[batch_of[version_of[k]]].units.push_back(static_cast<std::int64_t>(k));
    return batches;
}

/// The units of the batches, one batch after the other. Ranks make the tables of a batch together,
/// but for what an earlier start had finished: of that nobody needs tables. Which batches these are
/// is known to all once one of them had a unit left; up to then a rank makes what it needs alone.
class BatchRun
{
  public:
    /// Keeps references.
    BatchRun(runtime::RunContext& context, EdgeSessions& sessions,
             const std::vector<EdgeUnit>& units, const std::vector<Batch>& batches,
             const calcium::EdgeTestOptions& options)
        : context_(context),
          sessions_(sessions),
          units_(units),
          batches_(batches),
          options_(options),
          together_(context.attempt().number <= first_attempt)
    {
    }

    /// Results by unit; batches in their order. Collective.
    runtime::UnitResults run(const std::string& phase, std::size_t number)
    {
        const auto& batch = batches_[number];
        auto costs = std::vector<double>{};
        for (const auto unit : batch.units)
            costs.push_back(unit_seconds(unit));
        auto tables = together_ ? tables_together(number) : nullptr;
        auto computed = std::int64_t{0};
        auto results = context_.each_unit<runtime::UnitResults>(
            phase, costs,
            [&](std::int64_t index, runtime::UnitResults& store, const runtime::Tick& tick) {
                const auto unit = batch.units[static_cast<std::size_t>(index)];
                auto bytes = tested(tables.get(), units_[static_cast<std::size_t>(unit)], tick);
                if (!bytes)
                    return false;
                store.add(unit, std::move(*bytes));
                ++computed;
                return true;
            });
        alone_.reset();
        together_ = context_.comm().sum(computed) > 0 || together_;
        return results;
    }

  private:
    static constexpr auto first_attempt = std::int64_t{1};

    /// Collective.
    std::unique_ptr<EdgeTables> tables_together(std::size_t number)
    {
        const auto group = batches_[number].group;
        if (prepared_group_ != group) {
            preparation_.reset(); // one at a time
            auto versions = std::vector<EdgeVersion>{};
            for (auto k = number; k < batches_.size() && batches_[k].group == group; ++k)
                versions.insert(versions.end(), batches_[k].versions.begin(),
                                batches_[k].versions.end());
            preparation_ = std::make_unique<EdgePreparation>(context_, sessions_, versions);
            prepared_group_ = group;
        }
        return std::make_unique<EdgeTables>(context_, sessions_, *preparation_,
                                            batches_[number].versions);
    }

    double unit_seconds(std::int64_t index) const
    {
        const auto& unit = units_[static_cast<std::size_t>(index)];
        return edge_tiles_seconds(sessions_.info(unit.position), unit.tiles.size(), unit.draw >= 0);
    }

    /// Null when `tick` stopped it.
    const VersionTables* tables_of(EdgeTables* tables, const EdgeVersion& version,
                                   const calcium::Tick& tick)
    {
        if (tables != nullptr)
            return &tables->of(version);
        if (!alone_ || alone_->version != version) {
            alone_.reset(); // one at a time
            alone_ = tables_of_one(sessions_, version, tick);
        }
        return alone_ ? &*alone_ : nullptr;
    }

    std::optional<std::vector<std::byte>> tested(EdgeTables* tables, const EdgeUnit& unit,
                                                 const runtime::Tick& tick)
    {
        const auto steps = counting(tick);
        const auto* version = tables_of(tables, {unit.position, unit.draw}, steps);
        if (version == nullptr)
            return std::nullopt;
        if (unit.draw >= 0)
            return tested_draw(*version, unit, sessions_.displacement_options(unit.position),
                               steps);
        return tested_run(version->moments, version->jitter ? &*version->jitter : nullptr,
                          unit.tiles, options_, steps);
    }

    runtime::RunContext& context_;
    EdgeSessions& sessions_;
    const std::vector<EdgeUnit>& units_;
    const std::vector<Batch>& batches_;
    const calcium::EdgeTestOptions& options_;
    bool together_;
    std::optional<std::size_t> prepared_group_;
    std::unique_ptr<EdgePreparation> preparation_;
    std::optional<VersionTables> alone_;
};

} // namespace

runtime::UnitResults tested_units(runtime::RunContext& context, const std::string& suffix,
                                  EdgeSessions& sessions, const std::vector<EdgeUnit>& units,
                                  const ConnectomeSettings& settings)
{
    const auto batches = batches_of(units, sessions, settings);
    const auto options = edge_test_options(settings);
    auto run = BatchRun(context, sessions, units, batches, options);
    auto results = runtime::UnitResults{};
    for (std::size_t k = 0; k < batches.size(); ++k) {
        const auto number = batches.size() > 1 ? fmt::format(".{}", k + 1) : "";
        auto computed = run.run("edges" + suffix + number, k);
        for (auto& [index, bytes] : computed.take())
            results.add(index, std::move(bytes));
    }
    return results;
}

} // namespace rewire::jobs
