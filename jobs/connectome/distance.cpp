#include "distance.hpp"

#include <rewire/stats/median.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace rewire::jobs {

double distance_between(const SessionConnectome& session, std::size_t i, std::size_t j)
{
    const auto* a = session.position.data() + 3 * i;
    const auto* b = session.position.data() + 3 * j;
    return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

DistanceSummary distances_of(const SessionConnectome& session)
{
    auto summary = DistanceSummary{.unit = session.position_unit, .bin = {}};
    if (session.position.empty())
        return summary;
    const auto& tests = *session.closed_form;
    auto order = std::vector<std::pair<double, std::size_t>>{}; // distance, pair
    auto pair = std::size_t{0};
    for (std::size_t i = 0; i < session.neuron_id.size(); ++i)
        for (auto j = i + 1; j < session.neuron_id.size(); ++j, ++pair)
            if (const auto distance = distance_between(session, i, j);
                std::isfinite(distance) && !std::isnan(tests.q_both[pair]))
                order.emplace_back(distance, pair);
    std::sort(order.begin(), order.end());
    const auto place = [&](double share) {
        return static_cast<std::size_t>(std::llround(share * static_cast<double>(order.size())));
    };
    for (std::size_t k = 0; k < distance_bins; ++k) {
        auto& bin = summary.bin[k];
        auto q = std::vector<double>{};
        for (auto at = place(distance_shares[k]); at < place(distance_shares[k + 1]); ++at) {
            const auto& [distance, of_pair] = order[at];
            ++bin.pairs;
            bin.supported += tests.supported[of_pair];
            bin.distance += distance;
            q.push_back(tests.q_both[of_pair]);
        }
        bin.q = stats::upper_median(std::move(q));
    }
    return summary;
}

} // namespace rewire::jobs
