#include "peer_tasks.hpp"

#include "activity_rows.hpp"
#include "shift_block.hpp" // private to calcium: the shifts that a surrogate was given

#include <rewire/activity/activity.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/behaviour/epoch_shuffles.hpp>
#include <rewire/behaviour/movement_epochs.hpp>
#include <rewire/behaviour/movement_test.hpp>
#include <rewire/calcium/connectome.hpp>
#include <rewire/calcium/deconvolution.hpp>
#include <rewire/calcium/deconvolve_block.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/calcium/shift_null.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/network/graph_metrics.hpp>
#include <rewire/network/rewiring.hpp>

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

/// A session's dF/F, frame after frame as NWB has it.
struct Session
{
    std::int64_t neurons = 0;
    std::int64_t frames = 0;
    std::vector<float> samples;
    calcium::OasisParameters oasis;

    activity::Activity events() const
    {
        auto activity = activity::Activity{};
        calcium::deconvolve_block(calcium::TraceBlock<float>{samples, frames, neurons},
                                  {.oasis = oasis}, activity);
        return activity;
    }
    std::vector<float> trace(std::int64_t neuron) const
    {
        auto values = std::vector<float>(static_cast<std::size_t>(frames));
        for (auto frame = std::int64_t{0}; frame < frames; ++frame) {
            values[static_cast<std::size_t>(frame)] =
                samples[static_cast<std::size_t>(frame * neurons + neuron)];
        }
        return values;
    }
};

Session read_session(hid_t input)
{
    const auto table = read_table<float>(input, "dff");
    auto session = Session{table.rows, table.columns, {}, {}};
    session.oasis = {.tau_s = io::read_attribute<double>(input, "tau_s"),
                     .rate_hz = io::read_attribute<double>(input, "frame_rate_hz"),
                     .variant = calcium::OasisVariant::suite2p};
    session.samples.resize(table.values.size());
    for (auto row = std::int64_t{0}; row < table.rows; ++row) {
        for (auto column = std::int64_t{0}; column < table.columns; ++column) {
            session.samples[static_cast<std::size_t>(column * table.rows + row)] =
                table.values[static_cast<std::size_t>(row * table.columns + column)];
        }
    }
    return session;
}

/// The events that were timed, and beside them the spikes before the threshold, which the fast path
/// never stores: the plain kernel gives the same bits.
void write_oasis(hid_t file, const Session& session, const activity::Activity& events)
{
    write_vector(file, "event_start", events.start);
    write_vector(file, "event_frame", events.frame);
    write_vector(file, "event_value", events.value);
    const auto shape = io::Shape{session.neurons, session.frames};
    const auto dataset = io::make_dataset(file, "spikes", io::native_type<double>(), shape);
    for (auto neuron = std::int64_t{0}; neuron < session.neurons; ++neuron) {
        const auto spikes = calcium::deconvolve(session.trace(neuron), session.oasis);
        io::write_block(dataset, {neuron, 0}, {1, session.frames}, std::span<const double>(spikes));
    }
}

/// dF/F to smoothed events.
Task oasis_task(hid_t input, std::int64_t /*count*/)
{
    const auto session = std::make_shared<const Session>(read_session(input));
    const auto events = std::make_shared<activity::Activity>();
    return {[session, events] { *events = session->events(); },
            [session, events](hid_t file) { write_oasis(file, *session, *events); }};
}

/// dF/F to graph metrics.
Task connectome_task(hid_t input, std::int64_t /*count*/)
{
    struct State
    {
        Session session;
        calcium::PartialCorrelation partial;
        calcium::Connectome connectome;
        network::GraphMetrics metrics;
    };
    const auto state = std::make_shared<State>();
    state->session = read_session(input);
    return {[state] {
                const auto events = state->session.events();
                state->partial = calcium::partial_correlation(events.view());
                state->connectome = calcium::connectome_of(state->partial.value);
                state->metrics =
                    network::graph_metrics(state->connectome.edge, state->session.neurons);
            },
            [state](hid_t file) {
                write_vector(file, "partial_correlation", state->partial.value);
                write_vector(file, "edge", state->connectome.edge);
                write_metrics(file, state->metrics);
            }};
}

/// Smoothed events to partial correlations.
Task partial_correlation_task(hid_t input, std::int64_t /*count*/)
{
    struct State
    {
        activity::Activity activity;
        calcium::PartialCorrelation result;
    };
    const auto state = std::make_shared<State>();
    const auto table = read_table<double>(input, "smoothed");
    state->activity = test::sparse_of(table.values, table.columns);
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

bool never_stop(std::int64_t /*done*/)
{
    return true;
}

struct NullState
{
    activity::Activity activity;
    calcium::ShiftNullOptions options;
    calcium::ShiftNullPlan plan;
    calcium::ShiftNullTally tally;
    calcium::ShiftNullResult result;

    calcium::ShiftNullPlan planned(const calcium::ShiftNullOptions& chosen) const
    {
        return calcium::plan_shift_null(activity.view(), {}, {}, chosen,
                                        {.seed = 1, .subject = 1, .session = 1});
    }
};

/// Surrogates that are written out one by one, so that the other side can repeat them.
constexpr auto shown_surrogates = std::int64_t{3};

void write_null(hid_t file, const NullState& state)
{
    // The surrogates do not depend on how many there are, given the block size.
    auto options = state.plan.options;
    options.surrogates = std::min(state.plan.options.surrogates, shown_surrogates);
    const auto plan = state.planned(options);
    const auto shown = calcium::run_shift_block(plan, 0, never_stop);
    io::write_attribute(file, "frames_used", plan.frames_used);
    io::write_attribute(file, "minimum_shift", plan.options.minimum_shift);
    io::write_attribute(file, "tie_tolerance", calcium::tie_tolerance);
    write_vector(file, "maximum", state.tally.maximum);
    write_vector(file, "p_value", state.result.p_value);
    write_vector(file, "shown_maximum", shown->maximum);
    write_vector(file, "shown_exceed", shown->exceed);
    write_vector(file, "shown_aligned", std::vector<std::int64_t>{shown->aligned});
    const auto drawn = calcium::draw_shifts(plan, 0);
    auto shifts = std::vector<std::int32_t>{};
    for (auto surrogate = std::int64_t{0}; surrogate < options.surrogates; ++surrogate) {
        const auto of_one = calcium::shifts_of(plan, drawn, surrogate);
        shifts.insert(shifts.end(), of_one.begin(), of_one.end());
    }
    io::write_dataset(file, "shown_shift", shifts, {options.surrogates, plan.active_count()});
}

/// Smoothed events to p-values of all pairs.
Task null_task(hid_t input, std::int64_t count)
{
    const auto state = std::make_shared<NullState>();
    const auto table = read_table<double>(input, "smoothed");
    state->activity = test::sparse_of(table.values, table.columns);
    state->options.surrogates = count;
    return {[state] {
                state->plan = state->planned(state->options);
                state->tally = calcium::empty_tally(state->plan);
                for (auto block = std::int64_t{0}; block < state->plan.blocks(); ++block) {
                    calcium::add_to(
                        state->tally,
                        calcium::run_shift_block(state->plan, block, never_stop).value());
                }
                state->result = calcium::finish_shift_null(state->plan, state->tally);
            },
            [state](hid_t file) { write_null(file, *state); }};
}

struct EdgesState
{
    activity::Activity activity;
    activity::Activity events;
    calcium::ShiftMoments moments;
    calcium::EdgeTests tests;

    void run(calcium::Precision precision)
    {
        moments = *calcium::shift_moments_of(
            activity.view(), calcium::one_circle(activity.frames), {},
            {.precision = precision, .skewness = calcium::Precision::single}, never_stop);
        const auto segments = std::vector{base::Range{0, events.frames}};
        const auto jitter = calcium::event_jitter_of(events.view(), moments.active, segments, {});
        auto tiles = std::vector<calcium::EdgeTile>{};
        for (const auto& tile : calcium::pair_tiles(moments.active_count()))
            tiles.push_back(calcium::test_tile(moments, &jitter, tile, {}));
        tests = calcium::finish_edge_tests(moments, tiles, {});
    }
};

void write_edges(hid_t file, const EdgesState& state)
{
    write_vector(file, "partial", state.tests.partial_correlation);
    write_vector(file, "p_partial", state.tests.p_partial);
    write_vector(file, "p_marginal", state.tests.p_marginal);
    write_vector(file, "p_fine", state.tests.p_fine);
    write_vector(file, "p_both", state.tests.p_both);
    write_vector(file, "q_both", state.tests.q_both);
    write_vector(file, "p_holm", state.tests.p_holm);
    write_vector(file, "null_sd", state.tests.null_sd);
    io::write_attribute(file, "lags", state.moments.lags.partial);
    io::write_attribute(file, "lags_marginal", state.moments.lags.marginal);
}

/// Smoothed events and events to the closed-form tests of all pairs.
Task edges_task(hid_t input, calcium::Precision precision)
{
    const auto state = std::make_shared<EdgesState>();
    const auto smoothed = read_table<double>(input, "smoothed");
    const auto events = read_table<double>(input, "events");
    state->activity = test::sparse_of(smoothed.values, smoothed.columns);
    state->events = test::sparse_of(events.values, events.columns);
    return {[state, precision] { state->run(precision); },
            [state](hid_t file) { write_edges(file, *state); }};
}

/// Shuffles that are written out, with their counts, so that the other side can repeat them.
constexpr auto shown_shuffles = std::int64_t{200};
constexpr auto shuffle_key = behaviour::ShuffleKey{.seed = 1, .subject = 1, .session = 1};

struct MovementState
{
    activity::Activity activity;
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
    const auto table = read_table<double>(input, "activity");
    state->activity = test::sparse_of(table.values, table.columns);
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

struct PcaState
{
    Table<double> weights;
    network::SessionComponents result;
    Eigen::MatrixXd loadings;
};

/// In blocks of columns, as ranks would have them, each looked at once.
void find_components(PcaState& state)
{
    constexpr auto components = 3;
    constexpr auto block_columns = std::int64_t{16384};
    const auto& table = state.weights;
    const auto rows =
        Eigen::Map<const network::SessionBlock>(table.values.data(), table.rows, table.columns);
    auto blocks = std::vector<network::SparseSessionBlock>{};
    Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(table.rows, table.rows);
    for (const auto& part : base::blocks_of(table.columns, block_columns)) {
        blocks.emplace_back(rows.middleCols(part.first, part.size()));
        gram += network::centred_gram(blocks.back());
    }
    state.result = network::principal_components(gram, components);
    state.loadings.resize(table.columns, state.result.components());
    auto first = Eigen::Index{0};
    for (const auto& block : blocks) {
        state.loadings.middleRows(first, block.cols()) = network::loadings_of(block, state.result);
        first += block.cols();
    }
}

/// Edge weights by row to scores, variance ratios and loadings, as scikit-learn's fit_transform has
/// them.
Task pca_task(hid_t input, std::int64_t /*count*/)
{
    const auto state = std::make_shared<PcaState>();
    state->weights = read_table<double>(input, "weights");
    return {[state] { find_components(*state); },
            [state](hid_t file) {
                const network::SessionBlock score = state->result.score;
                const auto& ratio = state->result.explained_variance_ratio;
                write_vector(file, "explained_variance_ratio",
                             std::vector<double>(ratio.begin(), ratio.end()));
                io::write_dataset(file, "score",
                                  std::vector<double>(score.data(), score.data() + score.size()),
                                  {score.rows(), score.cols()});
            }};
}

} // namespace

const std::vector<Kernel>& kernels()
{
    static const auto all = [] {
        auto kernels = std::vector<Kernel>{
            {"oasis", oasis_task},
            {"connectome", connectome_task},
            {"partial-correlation", partial_correlation_task},
            {"graph", graph_task},
            {"null", null_task},
            {"edges",
             [](hid_t input, std::int64_t) { return edges_task(input, calcium::Precision::full); }},
            {"edges-single",
             [](hid_t input, std::int64_t) {
                 return edges_task(input, calcium::Precision::single);
             }},
            {"movement", movement_task},
            {"pca", pca_task},
        };
        for (const auto& more : {spike_kernels(), dynetcp_kernels()})
            kernels.insert(kernels.end(), more.begin(), more.end());
        return kernels;
    }();
    return all;
}

} // namespace rewire::bench
