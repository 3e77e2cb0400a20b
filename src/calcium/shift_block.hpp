#pragma once

#include "lane_transform.hpp"

#include <rewire/calcium/shift_null.hpp>

#include <cstdint>
#include <vector>

namespace rewire::calcium {

/// Single precision is good to about 1e-6 in a correlation, and the inverse magnifies that by the
/// condition of the matrix: below this reciprocal condition correlations are added up directly.
inline constexpr auto table_rcond = 1e-5;

/// The shifts of one block of surrogates.
struct BlockShifts
{
    std::int64_t count = 0;         ///< surrogates
    std::int64_t groups = 0;        ///< of 16 neurons, the last one padded
    std::vector<std::int32_t> slot; ///< [groups, count, 16]
    std::vector<std::int32_t> base; ///< [states, active] frames

    std::int32_t slot_of(std::int64_t neuron, std::int64_t surrogate) const noexcept
    {
        const auto index = (neuron / lanes * count + surrogate) * lanes + neuron % lanes;
        return slot[static_cast<std::size_t>(index)];
    }
};

BlockShifts draw_shifts(const ShiftNullPlan& plan, std::int64_t block);

/// [states, active] how far each trace of one surrogate is shifted, 0 <= shift < state's frames.
std::vector<std::int32_t> shifts_of(const ShiftNullPlan& plan, const BlockShifts& shifts,
                                    std::int64_t surrogate);

/// Correlations of all surrogates of a block, [count, active pairs]. Empty when `tick` stopped it.
std::vector<float> table_correlations(const ShiftNullPlan& plan, const BlockShifts& shifts,
                                      const Tick& tick);

/// Writes the correlation matrix of one surrogate, [active, active] upper triangle.
void direct_correlations(const ShiftNullPlan& plan, const std::vector<std::int32_t>& shift,
                         std::vector<double>& matrix);

} // namespace rewire::calcium
