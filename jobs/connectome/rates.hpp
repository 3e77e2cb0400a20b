#pragma once

#include "jobs/activity/rates.hpp"

#include <cstdint>
#include <string>

namespace rewire::jobs {

struct ConnectomeRates
{
    ActivityRates activity;
    double inverse_flops_per_s; ///< n^3 a positive definite inverse
    double table_flops_per_s;   ///< of `calcium::null_work`
    double pairs_per_s;         ///< looked up, compared and counted in a surrogate
    double edge_flops_per_s;    ///< of `edge_flops`
};

inline constexpr auto typical_connectome_rates = ConnectomeRates{.activity = typical_activity_rates,
                                                                 .inverse_flops_per_s = 40e9,
                                                                 .table_flops_per_s = 40e9,
                                                                 .pairs_per_s = 150e6,
                                                                 .edge_flops_per_s = 25e9};

/// Of the closed-form tests of some of a session's pairs, the tables behind them included:
/// products, and for every sample and pair what everything else is worth.
double edge_flops(std::int64_t neurons, std::int64_t frames, std::int64_t pairs) noexcept;

/// Of p_fine of all pairs with another window, in the same unit.
double window_flops(std::int64_t neurons, std::int64_t frames, std::int64_t window_frames) noexcept;

/// @param neurons of the largest session: inverses of larger matrices are faster
ConnectomeRates measured_connectome_rates(std::int64_t neurons);
/// For the notes of a plan.
std::string described(const ConnectomeRates& rates);

} // namespace rewire::jobs
