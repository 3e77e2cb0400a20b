#include "nwb_tiles.hpp"
#include "sample_grid.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/nwb_session.hpp>

#include <algorithm>
#include <numeric>

namespace rewire::io {

namespace {

/// A neuron that is wanted and its place in the output.
struct Wanted
{
    std::int64_t neuron;
    std::int64_t place;
};

/// Copies what is wanted of tiles into the caller's block.
template <typename T>
class Scatter
{
  public:
    Scatter(std::vector<Wanted> wanted, std::span<const std::int64_t> kept, std::int64_t frames,
            Scaling scaling, std::span<T> out, BlockOrder order)
        : wanted_(std::move(wanted)), kept_(kept), scaling_(scaling), out_(out)
    {
        const auto by_neuron = order == BlockOrder::by_neuron;
        frame_stride_ = by_neuron ? 1 : static_cast<std::int64_t>(wanted_.size());
        neuron_stride_ = by_neuron ? frames : 1;
    }

    void operator()(const Tile<T>& tile) const
    {
        const auto below = [](const Wanted& one, std::int64_t neuron) {
            return one.neuron < neuron;
        };
        const auto first = std::lower_bound(wanted_.begin(), wanted_.end(), tile.neuron, below);
        const auto last = std::lower_bound(first, wanted_.end(), tile.neuron + tile.neurons, below);
        // A few neurons at a time: their samples of one frame share cache lines.
        constexpr auto together = std::ptrdiff_t{8};
        for (auto from = first; from != last; from += std::min(together, last - from))
            copy(tile, {from, from + std::min(together, last - from)});
    }

  private:
    void copy(const Tile<T>& tile, std::span<const Wanted> wanted) const
    {
        if (kept_.empty()) {
            for (std::int64_t i = 0; i < tile.frames; ++i)
                copy_frame(tile, i, tile.frame + i, wanted);
            return;
        }
        const auto first = std::lower_bound(kept_.begin(), kept_.end(), tile.frame);
        for (auto at = first; at != kept_.end() && *at < tile.frame + tile.frames; ++at)
            copy_frame(tile, *at - tile.frame, at - kept_.begin(), wanted);
    }

    void copy_frame(const Tile<T>& tile, std::int64_t from, std::int64_t to,
                    std::span<const Wanted> wanted) const
    {
        const auto* source = tile.values.data() + from * tile.frame_stride;
        auto* target = out_.data() + to * frame_stride_;
        for (const auto& one : wanted) {
            const auto value = source[(one.neuron - tile.neuron) * tile.neuron_stride];
            target[one.place * neuron_stride_] =
                scaling_.none ? value
                              : static_cast<T>(static_cast<double>(value) * scaling_.conversion +
                                               scaling_.offset);
        }
    }

    std::vector<Wanted> wanted_; ///< ascending
    std::span<const std::int64_t> kept_;
    Scaling scaling_;
    std::span<T> out_;
    std::int64_t frame_stride_ = 0;
    std::int64_t neuron_stride_ = 0;
};

[[noreturn]] void fail_use(const std::string& what, const std::string& where)
{
    throw base::IoError(what, where, "a fault of rewire: please report it");
}

} // namespace

Scaling scaling_of(hid_t data)
{
    auto scaling = Scaling{};
    if (has_attribute(data, "conversion"))
        scaling.conversion = read_attribute<double>(data, "conversion");
    if (has_attribute(data, "offset"))
        scaling.offset = read_attribute<double>(data, "offset");
    scaling.none = scaling.conversion == 1 && scaling.offset == 0;
    return scaling;
}

namespace {

/// The same for another series with the shape of the activity.
SampleGrid grid_of(const NwbSession& session, const std::string& path)
{
    const auto& info = session.activity();
    auto grid = SampleGrid{};
    grid.data = open_dataset(session.file(), path + "/data");
    grid.frames = info.frames;
    grid.neurons = info.columns;
    grid.transposed = info.transposed;
    grid.one_axis = shape_of(grid.data).size() == 1;
    grid.chunk = chunk_of(grid.data);
    if (grid.one_axis && !grid.chunk.empty())
        grid.chunk.push_back(1);
    if (grid.transposed && !grid.chunk.empty())
        std::swap(grid.chunk[0], grid.chunk[1]);
    return grid;
}

} // namespace

SampleGrid grid_of(const NwbSession& session)
{
    return grid_of(session, session.activity().path);
}

namespace {

/// Samples of neurons of the session from a series with the columns of its activity.
template <typename T>
void read_columns(const NwbSession& session, const std::string& path,
                  std::span<const std::int64_t> neurons, std::span<const std::int64_t> kept,
                  std::span<T> out, BlockOrder order)
{
    const auto& info = session.activity();
    const auto frames = kept.empty() ? info.frames : static_cast<std::int64_t>(kept.size());
    if (static_cast<std::int64_t>(out.size()) != frames * static_cast<std::int64_t>(neurons.size()))
        fail_use("block and buffer differ in size", info.path);
    auto wanted = std::vector<Wanted>{};
    for (std::size_t place = 0; place < neurons.size(); ++place) {
        if (neurons[place] < 0 || neurons[place] >= info.neurons)
            fail_use("a neuron asked for that is not there", info.path);
        wanted.push_back({session.column_of(neurons[place]), static_cast<std::int64_t>(place)});
    }
    std::stable_sort(wanted.begin(), wanted.end(),
                     [](const Wanted& a, const Wanted& b) { return a.neuron < b.neuron; });
    auto ascending = std::vector<std::int64_t>{};
    for (const auto& one : wanted)
        ascending.push_back(one.neuron);
    const auto grid = grid_of(session, path);
    each_tile<T>(grid, ascending,
                 Scatter<T>(std::move(wanted), kept, frames, scaling_of(grid.data), out, order));
}

} // namespace

template <typename T>
void NwbSession::read_activity(std::span<const std::int64_t> neurons,
                               std::span<const std::int64_t> kept, std::span<T> out,
                               BlockOrder order) const
{
    if (std::is_same_v<T, float> && !activity().exact_as_float)
        fail_use("activity asked for as float that float cannot hold", activity().path);
    read_columns<T>(*this, activity().path, neurons, kept, out, order);
}

template <typename T>
void NwbSession::read_neuropil(std::span<const std::int64_t> neurons,
                               std::span<const std::int64_t> kept, std::span<T> out,
                               BlockOrder order) const
{
    if (activity().neuropil.empty())
        throw base::InputError("no neuropil beside the activity",
                               path_.string() + ":" + activity().path,
                               "the baseline is taken without it");
    read_columns<T>(*this, activity().neuropil, neurons, kept, out, order);
}

template <typename T>
void NwbSession::read_activity(std::int64_t first, std::int64_t count, std::span<T> out,
                               BlockOrder order) const
{
    auto neurons = std::vector<std::int64_t>(static_cast<std::size_t>(count));
    std::iota(neurons.begin(), neurons.end(), first);
    read_activity<T>(neurons, {}, out, order);
}

template void NwbSession::read_activity<float>(std::int64_t, std::int64_t, std::span<float>,
                                               BlockOrder) const;
template void NwbSession::read_activity<double>(std::int64_t, std::int64_t, std::span<double>,
                                                BlockOrder) const;
template void NwbSession::read_activity<float>(std::span<const std::int64_t>,
                                               std::span<const std::int64_t>, std::span<float>,
                                               BlockOrder) const;
template void NwbSession::read_activity<double>(std::span<const std::int64_t>,
                                                std::span<const std::int64_t>, std::span<double>,
                                                BlockOrder) const;

template void NwbSession::read_neuropil<float>(std::span<const std::int64_t>,
                                               std::span<const std::int64_t>, std::span<float>,
                                               BlockOrder) const;
template void NwbSession::read_neuropil<double>(std::span<const std::int64_t>,
                                                std::span<const std::int64_t>, std::span<double>,
                                                BlockOrder) const;

} // namespace rewire::io
