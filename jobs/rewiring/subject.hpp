#pragma once

#include "source.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/network/rewiring.hpp>
#include <rewire/runtime/run_context.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// How the pairs of every subject change over its sessions, computed in blocks of pairs over all
/// ranks.
namespace rewire::jobs {

/// Pairs of a unit of work: the block of 14 sessions takes 30 MB. Of more than 16 sessions fewer
/// pairs, but not so few that compressed chunks of the file would be read over and over.
std::int64_t unit_pairs(std::int64_t sessions);

/// How principal components are found: from the Gram matrix of the sessions, or, where that would
/// be too large, from products with the columns, which all ranks together keep in memory.
enum class PcaMethod
{
    gram,
    shell,    ///< but for so few sessions that the solver's vectors would span them all
    automatic ///< gram up to 4,096 sessions
};

struct RewiringSettings
{
    bool thresholded = true;     ///< pairs that are no edge count as 0
    std::int64_t components = 3; ///< principal components to keep
    std::int64_t top = 100;      ///< edges with the largest loadings of either sign to keep
    std::int64_t draws = 1000;   ///< random draws of edges for the movement fraction
    PcaMethod pca = PcaMethod::automatic;

    bool by_shell(std::int64_t sessions) const
    {
        const auto fewest =
            pca == PcaMethod::shell ? std::max<std::int64_t>(32, 4 * components) : 4096;
        return pca != PcaMethod::gram && sessions > fewest;
    }
};

/// What is known of a subject once its pairs have been gone through; the same on all ranks.
struct SubjectRewiring
{
    std::string status = "ok"; ///< or why there are no components
    /// [session, session] of the pairs, each without its mean over sessions; its trace alone [1, 1]
    /// where the components are found without it.
    Eigen::MatrixXd gram;
    double squares = 0;  ///< sum of the squares of the values, before they lose their means
    Eigen::MatrixXd mds; ///< [session, 2]
    std::vector<std::int64_t> ever_an_edge; ///< pairs that are an edge in some session, ascending
    std::vector<std::int32_t> sessions_as_edge; ///< [pair of `ever_an_edge`] in how many
    network::SessionComponents components;
    network::Orientation orientation;   ///< signs by which raw loadings are to be multiplied
    std::vector<network::TopPairs> top; ///< [component] of oriented loadings
    Eigen::MatrixXd top_values;         ///< [session, pair of `all_top_pairs`] partial correlations
};

/// Top pairs of all components, positive ones before negative ones.
std::vector<network::Extreme> all_top_pairs(const SubjectRewiring& result);

/// Some pairs of a subject.
struct PairUnit
{
    std::size_t subject;
    base::Range pairs;
};

/// Oriented loadings of the pairs of a unit.
struct UnitLoadings
{
    PairUnit unit;
    Eigen::MatrixXd value; ///< [pair of the unit, component]
};

/// Computes all subjects, going through their pairs three times.
class RewiringRun
{
  public:
    /// @param connectome connectome.h5; has to stay open, and the settings alive, with the run
    RewiringRun(runtime::RunContext& context, const io::Handle& connectome,
                std::vector<SubjectConnectomes> subjects, const RewiringSettings& settings);

    /// Collective. Subjects whose sessions do not differ get a status that says so, and nothing
    /// else.
    void compute();

    const std::vector<SubjectConnectomes>& subjects() const noexcept { return subjects_; }
    /// [subject]
    const std::vector<SubjectRewiring>& results() const noexcept { return results_; }
    /// Loadings are large and stay where they were computed: hands those of every unit to `take` on
    /// rank 0 and keeps none there. Collective.
    void each_loadings(const std::function<void(const UnitLoadings&)>& take) const;

  private:
    std::vector<double> costs() const;
    const PairUnit& unit_at(std::int64_t index) const
    {
        return units_[static_cast<std::size_t>(index)];
    }
    PairBlock block_of(const PairUnit& unit) const;
    void sum_grams();
    void find_components();
    void find_components_by_shell();
    bool by_shell(std::size_t subject) const;
    runtime::UnitResults compute_loadings();
    runtime::UnitResults top_pairs_here() const;
    std::vector<std::vector<network::Extreme>> merge_top_pairs(const runtime::UnitResults& mine);
    void read_top_values();

    runtime::RunContext& context_;
    const io::Handle& connectome_;
    std::vector<SubjectConnectomes> subjects_;
    const RewiringSettings& settings_;
    std::vector<PairUnit> units_;
    std::vector<SubjectRewiring> results_; ///< [subject]
    runtime::UnitResults loadings_;        ///< raw, of the units that this rank computed
};

} // namespace rewire::jobs
