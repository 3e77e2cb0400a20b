#include "delays.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/base/random.hpp>
#include <rewire/io/result_file.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace rewire::jobs {

namespace {

using base::at;

/// What a pair of units says, the lower index first.
struct PairPeak
{
    double lag_ms = 0; ///< time of the first - time of the second
    double weight = 0;
};

} // namespace

EdgeHierarchy::EdgeHierarchy(const DynamicResult& model, Areas areas)
    : model_(model), areas_(std::move(areas)), up_(at(model.bins()), 0), down_(at(model.bins()), 0)
{
}

void EdgeHierarchy::add(const EdgeDynamics& block)
{
    lag_ms_.insert(lag_ms_.end(), block.peak_lag_ms.begin(), block.peak_lag_ms.end());
    weight_.insert(weight_.end(), block.peak_weight.begin(), block.peak_weight.end());
    for (std::int64_t k = 0; k < block.edges.size(); ++k) {
        const auto direction = direction_of(block.edges.first + k);
        if (direction == 0)
            continue;
        ++(direction > 0 ? edges_up_ : edges_down_);
        auto& present = direction > 0 ? up_ : down_;
        for (std::int64_t bin = 0; bin < model_.bins(); ++bin)
            present[at(bin)] += block.present[at(k * model_.bins() + bin)] != 0 ? 1 : 0;
    }
}

int EdgeHierarchy::direction_of(std::int64_t edge) const
{
    const auto score = [&](std::int32_t unit) {
        const auto area = areas_.of_unit[at(unit)];
        return area < 0 ? base::nan : areas_.score[at(area)];
    };
    const auto difference = score(model_.receiver[at(edge)]) - score(model_.sender[at(edge)]);
    return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}

std::vector<spikes::PeakLag> EdgeHierarchy::peaks(const EdgeTests& tests) const
{
    auto pairs = std::map<std::pair<std::int32_t, std::int32_t>, PairPeak>{};
    for (std::int64_t edge = 0; edge < model_.edges(); ++edge) {
        const auto weight = weight_[at(edge)];
        const auto significant = tests.q_max.empty() || tests.q_max[at(edge)] <= test_level;
        if (!significant || !(weight > 0))
            continue;
        const auto sender = model_.sender[at(edge)];
        const auto receiver = model_.receiver[at(edge)];
        // The sender fires earlier.
        const auto lag_ms = sender < receiver ? -lag_ms_[at(edge)] : lag_ms_[at(edge)];
        auto& peak = pairs[std::minmax(sender, receiver)];
        if (weight > peak.weight)
            peak = {lag_ms, weight};
    }
    auto peaks = std::vector<spikes::PeakLag>{};
    for (const auto& [units, peak] : pairs)
        peaks.push_back(
            {areas_.of_unit[at(units.first)], areas_.of_unit[at(units.second)], peak.lag_ms});
    return peaks;
}

void EdgeHierarchy::write(const io::Handle& group, const EdgeTests& tests, std::uint64_t seed) const
{
    if (areas_.area.empty())
        return;
    const auto name = base::key_of(model_.head.subject + "/" + model_.head.session);
    auto areas = areas_;
    areas.hierarchy = spikes::hierarchy(peaks(tests), areas.score, {.seed = seed, .name = name});
    write_areas(group, areas,
                tests.q_max.empty() ? "pairs of units with an edge that excites"
                                    : "pairs of units with an edge of q_max <= 0.05 that excites");
    io::write_attribute(group, "r", areas.hierarchy.r);
    io::write_attribute(group, "p", areas.hierarchy.p_value);
    write_flow(group);
}

void EdgeHierarchy::write_flow(const io::Handle& group) const
{
    if (edges_up_ == 0 || edges_down_ == 0)
        return;
    const auto write = [&](const char* array, const std::vector<std::int64_t>& present,
                           std::int64_t edges, const char* description) {
        auto share = std::vector<double>{};
        for (const auto count : present)
            share.push_back(static_cast<double>(count) / static_cast<double>(edges));
        io::write_array(group, array, share, {time_axis}, "1", description);
    };
    write("feedforward", up_, edges_up_,
          "share of the edges to an area that is higher in the hierarchy that are present");
    write("feedback", down_, edges_down_,
          "share of the edges to an area that is lower in the hierarchy that are present");
}

} // namespace rewire::jobs
