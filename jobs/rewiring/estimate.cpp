#include "estimate.hpp"

#include "change.hpp"

#include <rewire/base/partition.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

/// What HDF5 keeps of the groups and datasets of a session that it has opened; measured.
constexpr auto file_bytes_per_session = 75e3;

/// What the ranks together keep of a subject whose components are found by products with its
/// columns, and the vectors of the solver.
double shell_bytes(double pairs, double sessions, const RewiringSettings& settings)
{
    const auto kept = settings.thresholded ? 0.1 : 1.0; // of the values, 12 bytes each
    const auto components = static_cast<double>(std::max<std::int64_t>(settings.components, 2));
    const auto vectors = components + std::min(std::max(2 * components, components + 15), sessions);
    return pairs * (8 + 12 * kept * sessions + 8 * vectors);
}

double neurons_of(double pairs)
{
    return (1 + std::sqrt(1 + 8 * pairs)) / 2;
}

} // namespace

runtime::Estimate rewiring_estimate(const std::vector<SubjectSize>& sizes,
                                    const RewiringSettings& settings)
{
    auto estimate = runtime::Estimate{};
    auto seconds = 0.0;
    auto shell_s = 0.0;
    auto longest = 0.0;
    auto units = std::int64_t{0};
    auto of_block = 0.0;
    auto of_edges = 0.0;
    auto of_shell = 0.0;
    auto of_loadings = 0.0;
    auto of_file = 0.0;
    auto of_change = 0.0;
    auto of_change_block = 0.0;
    auto change_s = 0.0;
    auto longest_change = 0.0;
    const auto components = static_cast<double>(settings.components);
    for (const auto& [all_pairs, all_sessions] : sizes) {
        const auto pairs = static_cast<double>(all_pairs);
        const auto sessions = static_cast<double>(all_sessions);
        const auto in_unit = static_cast<double>(std::min(all_pairs, unit_pairs(all_sessions)));
        const auto units_here = base::blocks_of(all_pairs, unit_pairs(all_sessions)).size();
        seconds += pairs * sessions * 90e-9; // read three times
        longest = std::max(longest, in_unit * sessions * 90e-9);
        const auto by_shell = settings.by_shell(all_sessions);
        // The block, what one session is read into, loadings and their packed copies; the Gram
        // matrices of all units.
        const auto gram = by_shell ? 0 : 8 * sessions * sessions;
        of_block = std::max(of_block, in_unit * (8 * sessions + 25 + 24 * components) + 4 * pairs +
                                          gram * (6 + 2 * static_cast<double>(units_here)));
        of_edges += (settings.thresholded ? 2 : 1) * pairs; // those that ever are one
        if (by_shell) {
            of_shell = std::max(of_shell, shell_bytes(pairs, sessions, settings));
            shell_s += pairs * sessions * (settings.thresholded ? 7e-8 : 2e-7);
        }
        of_file += file_bytes_per_session * sessions;
        of_loadings += pairs * 8 * components;
        if (all_sessions >= network::least_sessions_of_change) { // else there are no halves
            const auto neurons = std::llround(neurons_of(pairs));
            of_change_block =
                std::max(of_change_block, change_block_bytes(all_pairs, all_sessions));
            of_change += change_sum_bytes(all_pairs, neurons, all_sessions);
            const auto seconds_here =
                pairs * sessions * (3 * (60e-9 + sessions * 2e-9) + 22 * 15e-9);
            change_s += seconds_here;
            longest_change =
                std::max(longest_change, seconds_here * in_unit / std::max(pairs, 1.0));
        }
        estimate.result_bytes += pairs * (8 * components + 8); // and the neurons of every pair
        units += static_cast<std::int64_t>(units_here);
    }
    estimate.rank_bytes =
        runtime::base_rank_bytes + std::max(of_block, of_change_block) + of_edges + of_file;
    // Loadings stay where they were computed until they are written.
    estimate.spread_bytes = std::max(2 * of_loadings, of_shell) + of_change;
    estimate.checkpoint_bytes = of_loadings + of_change;
    estimate.add_phase("components", seconds, units, longest);
    if (change_s > 0)
        estimate.add_phase("change", change_s, units, longest_change);
    if (shell_s > 0)
        estimate.add_phase("singular vectors", shell_s, units, 0);
    return estimate;
}

} // namespace rewire::jobs
