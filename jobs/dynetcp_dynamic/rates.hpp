#pragma once

#include <rewire/dynetcp/dynamic_layout.hpp>

#include <cstdint>
#include <string>

namespace rewire::jobs {

/// Seconds of one core.
struct DynamicRates
{
    double pair_bin_s;       ///< a pair at a bin, forward and back
    double neuron_bin_s;     ///< the same of what is done once a neuron
    double forward_share;    ///< of a trial that the forward pass alone takes
    double parameter_s;      ///< of a step: norm, moments, the step itself
    double leaf_parameter_s; ///< of a trial: its gradient set to 0 and added up
};

/// On a server of 2022.
inline constexpr auto typical_dynamic_rates = DynamicRates{.pair_bin_s = 27.3e3 / 35e9,
                                                           .neuron_bin_s = 442e3 / 15e9,
                                                           .forward_share = 0.33,
                                                           .parameter_s = 3e-9,
                                                           .leaf_parameter_s = 1.2e-9};

/// Of networks of these sizes. @param units of the largest session: more senders a receiver are
/// faster
DynamicRates measured_dynamic_rates(const dynetcp::DynamicSizes& sizes, std::int64_t units);
/// For the notes of a plan.
std::string described(const DynamicRates& rates);

} // namespace rewire::jobs
