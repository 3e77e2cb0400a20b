#include "rewire/stats/median.hpp"

#include <rewire/base/nan.hpp>

#include <algorithm>
#include <iterator>

namespace rewire::stats {

double median(std::vector<double> values)
{
    if (values.empty())
        return base::nan;
    const auto middle = values.begin() + std::ssize(values) / 2;
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1)
        return *middle;
    return 0.5 * (*std::max_element(values.begin(), middle) + *middle);
}

double upper_median(std::vector<double> values)
{
    if (values.empty())
        return base::nan;
    const auto middle = values.begin() + std::ssize(values) / 2;
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

} // namespace rewire::stats
