#include "rewire/stats/multiple_testing.hpp"

#include <boost/sort/spreadsort/float_sort.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace rewire::stats {

namespace {

/// Indices of the p-values that are numbers, the smallest first; equal ones in any order.
std::vector<std::size_t> ascending(std::span<const double> p_value)
{
    struct Place
    {
        double p;
        std::size_t index;
    };
    auto places = std::vector<Place>{};
    places.reserve(p_value.size());
    for (std::size_t i = 0; i < p_value.size(); ++i)
        if (!std::isnan(p_value[i]))
            places.push_back({p_value[i], i});
    boost::sort::spreadsort::float_sort(
        places.begin(), places.end(),
        [](const Place& place, unsigned shift) {
            return boost::sort::spreadsort::float_mem_cast<double, std::int64_t>(place.p) >> shift;
        },
        [](const Place& a, const Place& b) { return a.p < b.p; });
    auto order = std::vector<std::size_t>{};
    order.reserve(places.size());
    for (const auto& place : places)
        order.push_back(place.index);
    return order;
}

std::vector<double> benjamini_hochberg_in(std::span<const double> p_value,
                                          std::span<const std::size_t> order)
{
    auto q_value = std::vector<double>(p_value.begin(), p_value.end());
    const auto family = static_cast<double>(order.size());
    auto smallest = 1.0;
    for (auto rank = order.size(); rank > 0; --rank) {
        const auto i = order[rank - 1];
        smallest = std::min(smallest, p_value[i] * family / static_cast<double>(rank));
        q_value[i] = smallest;
    }
    return q_value;
}

std::vector<double> holm_in(std::span<const double> p_value, std::span<const std::size_t> order)
{
    auto adjusted = std::vector<double>(p_value.begin(), p_value.end());
    auto largest = 0.0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        const auto i = order[rank];
        const auto left = static_cast<double>(order.size() - rank);
        largest = std::max(largest, std::min(1.0, p_value[i] * left));
        adjusted[i] = largest;
    }
    return adjusted;
}

} // namespace

std::vector<double> benjamini_hochberg(std::span<const double> p_value)
{
    return benjamini_hochberg_in(p_value, ascending(p_value));
}

std::vector<double> holm(std::span<const double> p_value)
{
    return holm_in(p_value, ascending(p_value));
}

Adjustments adjusted(std::span<const double> p_value)
{
    const auto order = ascending(p_value);
    return {.q_value = benjamini_hochberg_in(p_value, order), .holm = holm_in(p_value, order)};
}

AdjustedFamily::AdjustedFamily(std::vector<double> p_value) : p_(std::move(p_value))
{
    std::erase_if(p_, [](double p) { return std::isnan(p); });
    std::sort(p_.begin(), p_.end());
    auto both = adjusted(p_);
    q_ = std::move(both.q_value);
    holm_ = std::move(both.holm);
}

double AdjustedFamily::benjamini_hochberg(double p) const
{
    return at(q_, p);
}

double AdjustedFamily::holm(double p) const
{
    return at(holm_, p);
}

double AdjustedFamily::at(const std::vector<double>& adjusted, double p) const
{
    if (std::isnan(p))
        return p;
    // Equal p-values have equal adjustments: the running minimum, or maximum, goes over all of
    // them.
    const auto after = std::upper_bound(p_.begin(), p_.end(), p);
    return adjusted[static_cast<std::size_t>(after - p_.begin() - 1)];
}

Interval wilson_interval(std::int64_t successes, std::int64_t trials, double z)
{
    if (trials == 0)
        return {};
    const auto n = static_cast<double>(trials);
    return wilson_interval_of_share(static_cast<double>(successes) / n, n, z);
}

Interval wilson_interval_of_share(double share, double trials, double z)
{
    if (!(trials > 0))
        return {};
    const auto centre = share + z * z / (2 * trials);
    const auto half = z * std::sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials));
    const auto scale = 1 + z * z / trials;
    return {.low = std::max(0.0, (centre - half) / scale),
            .high = std::min(1.0, (centre + half) / scale)};
}

} // namespace rewire::stats
