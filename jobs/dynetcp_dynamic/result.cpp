#include "result.hpp"

#include "jobs/frame/fields.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/io/chunks.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto edge_axis = "edge";
constexpr auto time_axis = "time_s";
constexpr auto lag_axis = "lag_ms";
constexpr auto unit_axis = "unit_id";
constexpr auto lstm_unit_axis = "lstm_unit";
constexpr auto lstm_axis = "lstm_parameter";
constexpr auto network_axis = "network_parameter";
constexpr auto static_axis = "static_parameter";

void each_attribute(auto& result, auto attribute)
{
    attribute("bin_ms", result.bin_ms), attribute("lambda", result.lambda);
    attribute("static_lambda", result.static_lambda), attribute(edges_key, result.edge_key);
    attribute("edges", result.edge_source), attribute("averaged_over", result.averaged_over);
    attribute("joint", result.joint), attribute("smoothed_bins", result.smoothed_bins);
    attribute("trials_train", result.trials_train);
    attribute("trials_validation", result.trials_validation);
    attribute("trials_test", result.trials_test);
    attribute("units_left_out", result.units_left_out);
    attribute("edges_unknown", result.edges_unknown);
    attribute("null_models", result.null_models);
    attribute("static_validation_nll", result.static_validation_nll);
    attribute("static_test_nll", result.static_test_nll);
    attribute("test_nll", result.test_nll);
}

void write_axes(const io::Handle& group, const DynamicResult& result)
{
    write_names(group, unit_axis, result.unit_id, "ids of the units analysed, as in the file");
    io::write_index_axis(group, edge_axis, result.edges(),
                         "pairs with a dynamic weight, by receiver, then sender");
    io::write_array(group, "sender", result.sender, {edge_axis}, "",
                    "index of the unit whose spikes predict");
    io::write_array(group, "receiver", result.receiver, {edge_axis}, "",
                    "index of the unit that is predicted");
    const auto time =
        io::write_axis(group, time_axis, result.time_s, "start of the bin, from the alignment");
    io::write_text_attribute(time, "units", "s");
    const auto lag =
        io::write_axis(group, lag_axis, result.lag_ms, "time from the sender's spike to the bin");
    io::write_text_attribute(lag, "units", "ms");
}

struct NamedArray
{
    const char* name;
    std::vector<std::string> axes;
    const char* description;
};

/// An array of one or two dimensions that all ranks hold.
void write_shared(const mpi::Communicator& comm, const io::Handle* group, const NamedArray& array,
                  const io::Shape& shape, std::span<const float> values)
{
    const auto dataset =
        group ? io::make_array<float>(*group, array.name, array.axes, "1", array.description)
              : io::Handle{};
    const auto grid = io::result_chunks(shape);
    const auto part = base::part_of(grid.count(), comm.size(), comm.rank());
    auto mine = std::vector<std::int64_t>(static_cast<std::size_t>(part.size()));
    std::iota(mine.begin(), mine.end(), part.first);
    io::write_chunks<float>(
        comm, dataset.get(), grid, mine, [&](std::int64_t number, std::span<float> chunk) {
            const auto from = grid.offset_of(number);
            const auto extent = grid.extent_of(number);
            const auto rows = shape.size() == 1 ? 1 : extent[0];
            const auto first = shape.size() == 1 ? 0 : from[0];
            auto to = chunk.begin();
            for (auto row = first; row < first + rows; ++row)
                to = std::copy_n(values.begin() + row * shape.back() + from.back(), extent.back(),
                                 to);
        });
}

} // namespace

io::Handle write_dynamic(const io::ResultFile& file, const DynamicResult& result)
{
    auto group = file.group(result.head.subject + "/" + result.head.session);
    each_head_attribute(result.head, WriteAttribute{group});
    each_attribute(result, WriteAttribute{group});
    write_axes(group, result);
    write_curve(group, result.curve);
    io::write_array(group, "static_weight", result.static_weight, {edge_axis, lag_axis}, "1",
                    "of a spike of the sender in the log odds of the receiver's, at all times");
    const auto axes = std::vector<std::string>{edge_axis, time_axis, lag_axis};
    io::make_array<float>(group, "weight", axes, "1",
                          "static weight plus offset, averaged over the trials in which the sender "
                          "fired at that lag before the bin; 0 where it never did");
    io::make_array<float>(group, "weight_smoothed", axes, "1",
                          "the same over the most recent bins: sum of weights over sum of spikes");
    io::make_array<std::int32_t>(group, "spike_count", axes, "1",
                                 "trials that weight is an average of");
    return group;
}

DynamicResult read_dynamic(const io::Handle& file, const SessionName& name)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    auto result = DynamicResult{.head = read_head(file, name)};
    each_attribute(result, ReadAttribute{group});
    result.unit_id = read_names(group, unit_axis);
    result.sender = io::read_all<std::int32_t>(group, "sender");
    result.receiver = io::read_all<std::int32_t>(group, "receiver");
    result.time_s = io::read_all<double>(group, time_axis);
    result.lag_ms = io::read_all<double>(group, lag_axis);
    result.static_weight = io::read_all<float>(group, "static_weight");
    result.curve = read_curve(group);
    return result;
}

void write_parameters(const mpi::Communicator& comm, const io::Handle* group,
                      const dynetcp::DynamicLayout& layout, std::span<const float> parameters)
{
    const auto& used = layout.used();
    const auto lstms = layout.send().first; // they lie first
    const auto encoder = layout.encoder_parameters();
    const auto of_lstm = lstms / std::ssize(used);
    const auto of_receiver = layout.neurons() * layout.sizes().lags + 1;
    if (group != nullptr) {
        io::write_axis(*group, lstm_unit_axis, used, "units of an edge: each has an LSTM");
        io::write_index_axis(*group, lstm_axis, of_lstm,
                             "matrices of inputs, of the state, two biases; gates i, f, g, o");
        io::write_index_axis(*group, network_axis, encoder - lstms,
                             "send, receive, hidden and last layer, each a matrix and its bias");
        io::write_index_axis(*group, static_axis, of_receiver,
                             "weights by sender and lag, then the bias");
    }
    const auto part = [&](std::int64_t first, std::int64_t last) {
        return parameters.subspan(static_cast<std::size_t>(first),
                                  static_cast<std::size_t>(last - first));
    };
    const auto all = std::ssize(parameters);
    write_shared(comm, group,
                 {"lstm", {lstm_unit_axis, lstm_axis}, "trained parameters of the LSTMs"},
                 {std::ssize(used), of_lstm}, part(0, lstms));
    write_shared(comm, group,
                 {"network", {network_axis}, "trained parameters of what all pairs share"},
                 {encoder - lstms}, part(lstms, encoder));
    write_shared(comm, group,
                 {"static", {unit_axis, static_axis}, "parameters of the static part, by receiver"},
                 {layout.neurons(), of_receiver}, part(encoder, all));
}

dynetcp::DynamicLayout layout_of(const DynamicResult& result)
{
    auto edges = std::vector<dynetcp::Edge>{};
    for (std::size_t k = 0; k < result.sender.size(); ++k)
        edges.push_back({result.sender[k], result.receiver[k]});
    return {{.lags = result.lags()}, std::ssize(result.unit_id), std::move(edges)};
}

std::vector<float> read_parameters(const io::Handle& file, const DynamicResult& result,
                                   const dynetcp::DynamicLayout& layout)
{
    const auto path = result.head.subject + "/" + result.head.session;
    const auto group = io::open_group(file, path);
    auto parameters = io::read_all<float>(group, "lstm");
    for (const auto* name : {"network", "static"}) {
        const auto more = io::read_all<float>(group, name);
        parameters.insert(parameters.end(), more.begin(), more.end());
    }
    if (std::ssize(parameters) != layout.parameters())
        throw base::InputError(fmt::format("{} parameters, not the {} of its edges and lags",
                                           parameters.size(), layout.parameters()),
                               io::name_of(group),
                               fmt::format("train it again: rewire {}", dynamic_name));
    return parameters;
}

EdgeTests read_edge_tests(const io::Handle& file, const DynamicResult& result)
{
    auto tests = EdgeTests{};
    if (result.null_models == 0 || result.edges() == 0)
        return tests;
    const auto group = io::open_group(file, result.head.subject + "/" + result.head.session);
    tests.p_max = io::read_all<double>(group, "p_max");
    tests.q_max = io::read_all<double>(group, "q_max");
    tests.p_value = io::read_all<double>(group, "p_value");
    tests.q_value = io::read_all<double>(group, "q_value");
    return tests;
}

EdgesOverTime read_edges(const io::Handle& file, const DynamicResult& result, base::Range edges)
{
    const auto group = io::open_group(file, result.head.subject + "/" + result.head.session);
    const auto count = io::Shape{edges.size(), result.bins(), result.lags()};
    const auto read = [&]<typename T>(const char* name, std::vector<T>& values) {
        values.resize(static_cast<std::size_t>(count[0] * count[1] * count[2]));
        io::read_block<T>(io::open_dataset(group, name), {edges.first, 0, 0}, count, values);
    };
    auto over_time = EdgesOverTime{};
    read("weight", over_time.weight);
    read("weight_smoothed", over_time.smoothed);
    read("spike_count", over_time.spikes);
    return over_time;
}

} // namespace rewire::jobs
