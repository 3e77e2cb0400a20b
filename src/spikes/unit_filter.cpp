#include "rewire/spikes/unit_filter.hpp"

#include <cmath>

namespace rewire::spikes {

std::vector<std::uint8_t> passing(const QualityCriterion& criterion, std::span<const double> column)
{
    auto result = std::vector<std::uint8_t>{};
    for (const auto value : column) // comparisons with NaN are false
        result.push_back(criterion.comparison == Comparison::below ? value < criterion.limit
                                                                   : value > criterion.limit);
    return result;
}

std::vector<std::uint8_t> rate_above(std::span<const double> rate_hz, double minimum_hz)
{
    return passing({"rate", Comparison::above, minimum_hz}, rate_hz);
}

std::vector<CellType> cell_types(std::span<const double> waveform_duration_ms, double limit_ms)
{
    auto result = std::vector<CellType>{};
    for (const auto duration : waveform_duration_ms)
        result.push_back(std::isnan(duration)  ? CellType::unknown
                         : duration > limit_ms ? CellType::excitatory
                                               : CellType::inhibitory);
    return result;
}

} // namespace rewire::spikes
