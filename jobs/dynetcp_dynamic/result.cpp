#include "result.hpp"

#include "jobs/frame/fields.hpp"

namespace rewire::jobs {

namespace {

constexpr auto edge_axis = "edge";
constexpr auto time_axis = "time_s";
constexpr auto lag_axis = "lag_ms";
constexpr auto unit_axis = "unit_id";

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

void write_averages(const io::Handle& group, const EdgeAverages& averages, std::int64_t bins,
                    std::int64_t lags)
{
    const auto write = [&]<typename T>(const char* name, const std::vector<T>& values) {
        io::write_block<T>(io::open_dataset(group, name), {averages.edges.first, 0, 0},
                           {averages.edges.size(), bins, lags}, values);
    };
    write("weight", averages.weight);
    write("weight_smoothed", averages.smoothed);
    write("spike_count", averages.spikes);
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

EdgeOverTime read_edge(const io::Handle& file, const DynamicResult& result, std::int64_t edge)
{
    const auto group = io::open_group(file, result.head.subject + "/" + result.head.session);
    const auto size = static_cast<std::size_t>(result.bins() * result.lags());
    auto over_time = EdgeOverTime{std::vector<float>(size), std::vector<std::int32_t>(size)};
    const auto count = io::Shape{1, result.bins(), result.lags()};
    io::read_block<float>(io::open_dataset(group, "weight_smoothed"), {edge, 0, 0}, count,
                          over_time.smoothed);
    io::read_block<std::int32_t>(io::open_dataset(group, "spike_count"), {edge, 0, 0}, count,
                                 over_time.spikes);
    return over_time;
}

} // namespace rewire::jobs
