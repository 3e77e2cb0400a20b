#include "rewire/calcium/connectome.hpp"

#include <cmath>

namespace rewire::calcium {

Connectome connectome_of(std::span<const double> partial_correlation, double alpha)
{
    auto result = Connectome{};
    result.edge.resize(partial_correlation.size());
    auto sum = 0.0;
    for (const auto value : partial_correlation)
        if (value != 0) {
            sum += value;
            ++result.values;
        }
    const auto n = static_cast<double>(result.values);
    const auto mean = sum / n; // NaN for no values
    auto squares = 0.0;
    for (const auto value : partial_correlation)
        if (value != 0)
            squares += (value - mean) * (value - mean);
    result.threshold = mean + (result.values > 1 ? alpha * std::sqrt(squares / (n - 1)) : 0);
    for (std::size_t pair = 0; pair < partial_correlation.size(); ++pair) {
        const auto value = partial_correlation[pair];
        result.edge[pair] = value != 0 && value >= result.threshold ? 1 : 0;
        result.edges += result.edge[pair];
    }
    return result;
}

} // namespace rewire::calcium
