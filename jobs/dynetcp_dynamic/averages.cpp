#include "averages.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/pack.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/dynetcp/averages.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/io/chunks.hpp>
#include <rewire/io/result_file.hpp>

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

/// Edges whose sums are held at a time, whole rows of chunks of the result, and the receivers that
/// they lead to: edges lie in the order of their receivers.
struct Group
{
    base::Range rows;
    base::Range edges;
    base::Range receivers;
};

io::ChunkGrid grid_of(const DynamicWork& work)
{
    return io::result_chunks(
        {std::ssize(work.layout.edges()), work.shown().bins, work.layout.sizes().lags});
}

base::Range edges_of(const io::ChunkGrid& grid, base::Range rows)
{
    return {rows.first * grid.chunk[0], std::min(rows.last * grid.chunk[0], grid.shape[0])};
}

std::vector<Group> groups_of(const DynamicWork& work, const io::ChunkGrid& grid)
{
    const auto row_bytes =
        sum_bytes * static_cast<double>(grid.chunk[0] * grid.shape[1] * grid.shape[2]);
    const auto rows = (grid.shape[0] + grid.chunk[0] - 1) / grid.chunk[0];
    const auto most = std::max(1.0, average_sum_bytes / row_bytes);
    const auto& incoming = work.layout.incoming();
    auto groups = std::vector<Group>{};
    for (const auto& block : base::blocks_of(rows, static_cast<std::int64_t>(most))) {
        const auto edges = edges_of(grid, block);
        const auto first = std::find_if(incoming.begin(), incoming.end(), [&](const auto& one) {
            return one.edge.back() >= edges.first;
        });
        const auto last = std::find_if(
            first, incoming.end(), [&](const auto& one) { return one.edge.front() >= edges.last; });
        groups.push_back({block, edges, {first - incoming.begin(), last - incoming.begin()}});
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
                    if (into.edge[k] >= group_.edges.first && into.edge[k] < group_.edges.last)
                        add_bin(trial, bin, into.edge[k], offsets.subspan(k * at(lags_), at(lags_)),
                                sums);
            });
        // At the first bin there is no offset.
        const auto none = std::vector<float>(at(lags_), 0);
        for (auto edge = group_.edges.first; edge < group_.edges.last; ++edge)
            add_bin(trial, 0, edge, none, sums);
    }

    /// Sums of an edge of the group.
    dynetcp::SpikeAlignedSums of(const AlignedSums& sums, std::int64_t edge) const
    {
        auto one = dynetcp::SpikeAlignedSums(work_.shown().bins, lags_);
        const auto first = place(edge);
        for (std::size_t k = 0; k < one.weight.size(); ++k) {
            one.weight[k] = static_cast<double>(sums.weight[first + k]) / ones;
            one.spikes[k] = sums.spikes[first + k];
        }
        return one;
    }

    /// Where an edge begins in the sums.
    std::size_t place(std::int64_t edge) const
    {
        return at((edge - group_.edges.first) * work_.shown().bins * lags_);
    }

  private:
    void add_bin(std::int64_t trial, std::int64_t bin, std::int64_t edge,
                 std::span<const float> offsets, AlignedSums& sums) const
    {
        const auto& [sender, receiver] = work_.layout.edges()[at(edge)];
        const auto shape = dynetcp::StaticShape{work_.layout.neurons(), lags_};
        const auto* fixed = model_.parameters.data() + work_.layout.encoder_parameters() +
                            receiver * shape.parameters() + sender * lags_;
        const auto row = place(edge) + at(bin * lags_);
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

/// What lies in a chunk [edge, bin, lag], of values [bin, lag] of each edge.
template <typename T, typename OfEdge>
void fill_chunk(const io::ChunkGrid& grid, std::int64_t number, std::span<T> values, OfEdge of_edge)
{
    const auto from = grid.offset_of(number);
    const auto extent = grid.extent_of(number);
    auto to = values.begin();
    for (auto edge = from[0]; edge < from[0] + extent[0]; ++edge) {
        const auto& all = of_edge(edge);
        for (auto bin = from[1]; bin < from[1] + extent[1]; ++bin)
            for (auto lag = from[2]; lag < from[2] + extent[2]; ++lag)
                *to++ = static_cast<T>(all[at(bin * grid.shape[2] + lag)]);
    }
}

/// Each rank averages some rows of chunks. @param sums of these, over all ranks
void write_rows(const mpi::Communicator& comm, const io::ChunkGrid& grid, base::Range rows,
                const Summing& summing, const AlignedSums& sums, std::int64_t smoothed_bins,
                const io::Handle* group)
{
    auto mine = std::vector<std::int64_t>{};
    const auto in_row = grid.count() / ((grid.shape[0] + grid.chunk[0] - 1) / grid.chunk[0]);
    for (auto number = rows.first * in_row; number < rows.last * in_row; ++number)
        mine.push_back(number);
    const auto write = [&]<typename T>(T, const char* name, auto of_edge) {
        const auto dataset = group ? io::open_dataset(*group, name) : io::Handle{};
        auto held = std::int64_t{-1}; // long rows are cut into several chunks
        auto values = std::vector<double>{};
        io::write_chunks<T>(comm, dataset.get(), grid, mine,
                            [&](std::int64_t number, std::span<T> chunk) {
                                fill_chunk(
                                    grid, number, chunk, [&](std::int64_t edge) -> auto& {
                                        if (edge != held)
                                            values = of_edge(summing.of(sums, edge));
                                        held = edge;
                                        return values;
                                    });
                            });
    };
    using dynetcp::SpikeAlignedSums;
    write(float{}, "weight",
          [](const SpikeAlignedSums& one) { return dynetcp::average_of(one, 1).weight; });
    write(float{}, "weight_smoothed", [&](const SpikeAlignedSums& one) {
        return dynetcp::average_of(one, smoothed_bins).weight;
    });
    write(std::int32_t{}, "spike_count", [](const SpikeAlignedSums& one) { return one.spikes; });
}

} // namespace

double average_groups(double edges, double bins, double lags)
{
    return std::max(1.0, std::ceil(sum_bytes * edges * bins * lags / average_sum_bytes));
}

void write_averages(runtime::RunContext& context, const std::string& phase, const DynamicWork& work,
                    const TrainedModel& model, const io::Handle* group)
{
    auto network = dynetcp::DynamicModel<float>(work.layout, work.shown().bins, work.training());
    network.set(model.parameters);
    const auto& comm = context.comm();
    const auto grid = grid_of(work);
    auto number = 0;
    for (const auto& some : groups_of(work, grid)) {
        const auto summing = Summing(work, model, some);
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
        const auto rows_of = [&](int rank) {
            const auto part = base::part_of(some.rows.size(), comm.size(), rank);
            return base::Range{some.rows.first + part.first, some.rows.first + part.last};
        };
        for (auto rank = 0; rank < comm.size(); ++rank) {
            const auto edges = edges_of(grid, rows_of(rank));
            if (edges.empty())
                continue;
            const auto first = summing.place(edges.first);
            const auto length = summing.place(edges.last) - first;
            comm.sum_to(rank, std::span(sums.weight).subspan(first, length));
            comm.sum_to(rank, std::span(sums.spikes).subspan(first, length));
        }
        // An error of one rank is that of all of them already.
        context.collective("averages", [&] {
            write_rows(comm, grid, rows_of(comm.rank()), summing, sums, work.settings.smoothed_bins,
                       group);
        });
    }
}

} // namespace rewire::jobs
