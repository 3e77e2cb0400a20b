#include "peer_tasks.hpp"

#include <rewire/behaviour/epoch_shuffles.hpp>
#include <rewire/behaviour/movement_epochs.hpp>
#include <rewire/behaviour/movement_test.hpp>
#include <rewire/calcium/activity.hpp>
#include <rewire/calcium/connectome.hpp>
#include <rewire/calcium/deconvolution.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/network/graph_metrics.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace rewire::bench {

namespace {

/// Neurons x frames, row major.
template <typename T>
struct Table
{
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::vector<T> values;
};

template <typename T>
Table<T> read_table(hid_t input, const std::string& name)
{
    const auto shape = io::shape_of(io::open_dataset(input, name));
    return {shape.at(0), shape.at(1), io::read_all<T>(input, name)};
}

/// The non-zero samples of each row.
calcium::Activity sparse(const Table<double>& table)
{
    auto activity = calcium::Activity{};
    activity.frames = table.columns;
    for (auto row = std::int64_t{0}; row < table.rows; ++row) {
        for (auto frame = std::int64_t{0}; frame < table.columns; ++frame) {
            const auto value = table.values[static_cast<std::size_t>(row * table.columns + frame)];
            if (value != 0) {
                activity.frame.push_back(static_cast<std::int32_t>(frame));
                activity.value.push_back(value);
            }
        }
        activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
    }
    return activity;
}

template <typename T>
void write_vector(hid_t file, const std::string& name, const std::vector<T>& values)
{
    io::write_dataset(file, name, values, {static_cast<std::int64_t>(values.size())});
}

void write_metrics(hid_t file, const network::GraphMetrics& metrics)
{
    io::write_attribute(file, "mean_degree", metrics.mean_degree);
    io::write_attribute(file, "density", metrics.paper_density);
    io::write_attribute(file, "transitivity", metrics.transitivity);
    io::write_attribute(file, "clustering", metrics.average_clustering);
}

/// Smoothed events to partial correlations.
Task partial_correlation_task(hid_t input, std::int64_t /*count*/)
{
    struct State
    {
        calcium::Activity activity;
        calcium::PartialCorrelation result;
    };
    const auto state = std::make_shared<State>();
    state->activity = sparse(read_table<double>(input, "smoothed"));
    return {
        [state] { state->result = calcium::partial_correlation(state->activity.view()); },
        [state](hid_t file) { write_vector(file, "partial_correlation", state->result.value); }};
}

/// Edges to graph metrics.
Task graph_task(hid_t input, std::int64_t /*count*/)
{
    struct State
    {
        std::int64_t nodes = 0;
        std::vector<std::uint8_t> edge;
        network::GraphMetrics result;
    };
    const auto state = std::make_shared<State>();
    const auto matrix = read_table<std::uint8_t>(input, "adjacency");
    state->nodes = matrix.rows;
    for (auto row = std::int64_t{0}; row < matrix.rows; ++row) {
        const auto first = matrix.values.begin() + row * matrix.columns;
        state->edge.insert(state->edge.end(), first + row + 1, first + matrix.columns);
    }
    return {[state] { state->result = network::graph_metrics(state->edge, state->nodes); },
            [state](hid_t file) { write_metrics(file, state->result); }};
}

/// Shuffles that are written out, with their counts, so that the other side can repeat them.
constexpr auto shown_shuffles = std::int64_t{200};
constexpr auto shuffle_key = behaviour::ShuffleKey{.seed = 1, .subject = 1, .session = 1};

struct MovementState
{
    calcium::Activity activity;
    behaviour::Epochs epochs;
    std::int64_t shuffles = 0;
    behaviour::MovementActivity result;
    behaviour::ShuffleCounts counts;

    base::Range neurons() const { return {0, activity.neurons()}; }
};

void write_movement(hid_t file, const MovementState& state)
{
    io::write_attribute(file, "shuffles", state.shuffles);
    io::write_attribute(file, "movement_frames", state.epochs.movement_frames());
    write_vector(file, "mean_activity", state.result.mean);
    write_vector(file, "less", state.counts.less);
    write_vector(file, "equal", state.counts.equal);
    const auto shown = base::Range{0, std::min(state.shuffles, shown_shuffles)};
    const auto masks =
        behaviour::shuffled_masks(state.epochs, behaviour::ShuffleUnits::runs, shuffle_key, shown);
    const auto counts =
        behaviour::count_shuffles(state.activity.view(), state.epochs, masks, state.neurons());
    write_vector(file, "shown_start", masks.start);
    write_vector(file, "shown_edge", masks.edge);
    write_vector(file, "shown_less", counts.less);
    write_vector(file, "shown_equal", counts.equal);
}

/// Smoothed events and movement to counts over shuffles.
Task movement_task(hid_t input, std::int64_t count)
{
    const auto state = std::make_shared<MovementState>();
    state->activity = sparse(read_table<double>(input, "activity"));
    state->epochs = behaviour::epochs_of_mask(io::read_all<std::uint8_t>(input, "movement"));
    state->shuffles = count;
    return {[state] {
                const auto view = state->activity.view();
                const auto masks =
                    behaviour::shuffled_masks(state->epochs, behaviour::ShuffleUnits::runs,
                                              shuffle_key, {0, state->shuffles});
                state->result = behaviour::movement_activity(view, state->epochs, state->neurons());
                state->counts =
                    behaviour::count_shuffles(view, state->epochs, masks, state->neurons());
            },
            [state](hid_t file) { write_movement(file, *state); }};
}

} // namespace

const std::vector<Kernel>& kernels()
{
    static const auto all = std::vector<Kernel>{
        {"partial-correlation", partial_correlation_task},
        {"graph", graph_task},
        {"movement", movement_task},
    };
    return all;
}

} // namespace rewire::bench
