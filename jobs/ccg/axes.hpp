#pragma once

/// Names and units that the arrays of ccg.h5 share.
namespace rewire::jobs {

inline constexpr auto ccg_pair_axis = "pair";
inline constexpr auto ccg_direction_axis = "direction";
/// Of correlograms: a spike of the geometric mean rate.
inline constexpr auto ccg_per_spike = "coincidences a bin and spike";

} // namespace rewire::jobs
