#include "averages.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/pack.hpp>
#include <rewire/dynetcp/averages.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::jobs {

namespace {

constexpr auto sum_bytes = 12.0;    ///< of a bin and lag of an edge
constexpr auto ones = 2147483648.0; ///< 2^31 in the sums is a weight of 1
constexpr auto largest = 32768.0;   ///< weight: 2^17 trials of it fit into a sum

using base::at;

/// Sums over trials, [edges, bins, lags]; empty: none yet.
struct AlignedSums
{
    std::vector<std::int64_t> weight;
    std::vector<std::int32_t> spikes;

    void resize(std::size_t size)
    {
        weight.resize(size, 0);
        spikes.resize(size, 0);
    }
    void pack(base::Packer& packer) const { packer.put_all(weight), packer.put_all(spikes); }
    void merge(base::Unpacker& unpacker)
    {
        const auto more = unpacker.get_all<std::int64_t>();
        const auto more_spikes = unpacker.get_all<std::int32_t>();
        if (!more.empty())
            resize(more.size());
        for (std::size_t k = 0; k < more.size(); ++k) {
            weight[k] += more[k];
            spikes[k] += more_spikes[k];
        }
    }
};

std::int64_t in_sum(float weight, const DynamicWork& work)
{
    const auto value = static_cast<double>(weight);
    if (!(std::abs(value) < largest))
        throw base::NumericalError(
            fmt::format("a dynamic weight of {:g}: averages hold none beyond {:g}", value, largest),
            fmt::format("{} {}", work.name.first, work.name.second),
            "choose a smaller --learning-rate or another --lambda");
    return std::llround(value * ones);
}

/// Receivers, and the edges into them: edges lie in the order of their receivers.
struct Group
{
    base::Range receivers;
    base::Range edges;
};

std::vector<Group> groups_of(const DynamicWork& work)
{
    const auto& shown = work.shown();
    const auto edge_bytes = sum_bytes * static_cast<double>(shown.bins * work.layout.sizes().lags);
    const auto& incoming = work.layout.incoming();
    auto groups = std::vector<Group>{};
    for (std::int64_t k = 0; k < std::ssize(incoming); ++k) {
        const auto& edges = incoming[at(k)].edge;
        if (groups.empty() ||
            edge_bytes * static_cast<double>(groups.back().edges.size() + std::ssize(edges)) >
                average_sum_bytes)
            groups.push_back({{k, k}, {edges.front(), edges.front()}});
        groups.back().receivers.last = k + 1;
        groups.back().edges.last = edges.back() + 1;
    }
    return groups;
}

/// Adds trials to the sums of a group.
class Summing
{
  public:
    Summing(const DynamicWork& work, const TrainedModel& model, const Group& group)
        : work_(work), model_(model), group_(group), lags_(work.layout.sizes().lags)
    {
    }

    std::size_t size() const { return at(group_.edges.size() * work_.shown().bins * lags_); }

    void add_trial(dynetcp::DynamicModel<float>& network, std::int64_t trial,
                   AlignedSums& sums) const
    {
        sums.resize(size());
        network.visit_aligned(
            work_.shown(), trial, group_.receivers.first, group_.receivers.last,
            [&](std::int64_t bin, const auto& into, std::span<const float> offsets) {
                for (std::size_t k = 0; k < into.edge.size(); ++k)
                    add_bin(trial, bin, into.edge[k], offsets.subspan(k * at(lags_), at(lags_)),
                            sums);
            });
        // At the first bin there is no offset.
        const auto none = std::vector<float>(at(lags_), 0);
        for (auto edge = group_.edges.first; edge < group_.edges.last; ++edge)
            add_bin(trial, 0, edge, none, sums);
    }

    EdgeAverages averages(const AlignedSums& sums, base::Range edges) const
    {
        auto result = EdgeAverages{.edges = edges};
        const auto bins = work_.shown().bins;
        for (auto edge = edges.first; edge < edges.last; ++edge) {
            auto one = dynetcp::SpikeAlignedSums(bins, lags_);
            const auto first = at((edge - group_.edges.first) * bins * lags_);
            for (std::size_t k = 0; k < one.weight.size(); ++k) {
                one.weight[k] = static_cast<double>(sums.weight[first + k]) / ones;
                one.spikes[k] = sums.spikes[first + k];
            }
            const auto plain = dynetcp::average_of(one, 1);
            const auto smoothed = dynetcp::average_of(one, work_.settings.smoothed_bins);
            result.weight.insert(result.weight.end(), plain.weight.begin(), plain.weight.end());
            result.smoothed.insert(result.smoothed.end(), smoothed.weight.begin(),
                                   smoothed.weight.end());
            result.spikes.insert(
                result.spikes.end(), sums.spikes.begin() + static_cast<std::ptrdiff_t>(first),
                sums.spikes.begin() + static_cast<std::ptrdiff_t>(first + one.weight.size()));
        }
        return result;
    }

  private:
    void add_bin(std::int64_t trial, std::int64_t bin, std::int64_t edge,
                 std::span<const float> offsets, AlignedSums& sums) const
    {
        const auto& [sender, receiver] = work_.layout.edges()[at(edge)];
        const auto shape = dynetcp::StaticShape{work_.layout.neurons(), lags_};
        const auto* fixed = model_.parameters.data() + work_.layout.encoder_parameters() +
                            receiver * shape.parameters() + sender * lags_;
        const auto row = at(((edge - group_.edges.first) * work_.shown().bins + bin) * lags_);
        const auto spikes = work_.shown().row(trial, sender).bin;
        const auto from = std::lower_bound(spikes.begin(), spikes.end(), bin - lags_ + 1);
        for (auto spike = from; spike != spikes.end() && *spike <= bin; ++spike) {
            const auto lag = bin - *spike;
            sums.weight[row + at(lag)] += in_sum(fixed[lag] + offsets[at(lag)], work_);
            sums.spikes[row + at(lag)] += 1;
        }
    }

    const DynamicWork& work_;
    const TrainedModel& model_;
    const Group& group_;
    std::int64_t lags_;
};

} // namespace

double average_groups(double edges, double bins, double lags)
{
    return std::max(1.0, std::ceil(sum_bytes * edges * bins * lags / average_sum_bytes));
}

void average_edges(runtime::RunContext& context, const std::string& phase, const DynamicWork& work,
                   const TrainedModel& model, const std::function<void(const EdgeAverages&)>& take)
{
    auto network = dynetcp::DynamicModel<float>(work.layout, work.shown().bins, work.training());
    network.set(model.parameters);
    const auto& comm = context.comm();
    auto number = 0;
    for (const auto& group : groups_of(work)) {
        const auto summing = Summing(work, model, group);
        const auto name = ++number == 1 ? phase : fmt::format("{}-{}", phase, number);
        auto sums = context.each_unit<AlignedSums>(
            name, std::vector<double>(at(work.shown().trials), 1.0),
            [&](std::int64_t trial, AlignedSums& mine, const runtime::Tick& tick) {
                if (!tick())
                    return false;
                summing.add_trial(network, trial, mine);
                return true;
            });
        sums.resize(summing.size()); // of a rank that had no trial
        comm.sum_to(0, std::span<std::int64_t>(sums.weight));
        comm.sum_to(0, std::span<std::int32_t>(sums.spikes));
        context.collective("averages", [&] {
            if (!comm.is_root())
                return;
            const auto block = std::max(
                std::int64_t{1},
                static_cast<std::int64_t>(average_block_bytes /
                                          (sum_bytes * static_cast<double>(work.shown().bins) *
                                           static_cast<double>(work.layout.sizes().lags))));
            for (const auto& part : base::blocks_of(group.edges.size(), block))
                take(summing.averages(
                    sums, {group.edges.first + part.first, group.edges.first + part.last}));
        });
    }
}

} // namespace rewire::jobs
