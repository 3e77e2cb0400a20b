#pragma once

#include <cstdint>
#include <string>

namespace rewire::jobs {

/// How fast one core of a machine does what the jobs spend their time on.
struct MachineRates
{
    double inverse_flops_per_s;      ///< n^3 a positive definite inverse
    double table_flops_per_s;        ///< of `calcium::null_work`
    double pairs_per_s;              ///< looked up, compared and counted in a surrogate
    double oasis_samples_per_s;      ///< dF/F to smoothed events
    double movement_sums_per_s;      ///< neurons x shuffles x edges of movements
    double checked_bytes_per_s;      ///< digest of a file, without reading it from the disk
    double file_bytes_per_s = 300e6; ///< one reader; assumed, since a look at a file says little
};

/// Of a server of 2022. Good enough to order work units and to refuse what will not fit.
inline constexpr auto typical_rates = MachineRates{.inverse_flops_per_s = 40e9,
                                                   .table_flops_per_s = 40e9,
                                                   .pairs_per_s = 150e6,
                                                   .oasis_samples_per_s = 150e6,
                                                   .movement_sums_per_s = 6e9,
                                                   .checked_bytes_per_s = 1e9};

/// Of this machine: runs the kernels on made-up data for about a second of processor time, so that
/// other users of a login node do not change what comes out.
/// @param neurons of the largest session: inverses of larger matrices are faster
MachineRates measured_rates(std::int64_t neurons);

/// For the notes of a plan: "rates of this machine, measured just now: ...".
std::string described(const MachineRates& rates);

} // namespace rewire::jobs
