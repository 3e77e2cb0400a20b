#include "result.hpp"

#include "jobs/frame/fields.hpp"
#include "jobs/recording/held_spikes.hpp"

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

constexpr auto unit_axis = "unit_id";
constexpr auto lag_axis = "lag_ms";
constexpr auto connection_axis = "connection";
constexpr auto path_axis = "path_lambda";
constexpr auto near_axis = "near_pair";

void each_attribute(auto& result, auto attribute)
{
    attribute("bin_ms", result.bin_ms), attribute("lambda", result.lambda);
    attribute("optimiser", result.optimiser), attribute("jitter", result.jitter);
    attribute("jitter_ms", result.jitter_ms), attribute("trials_train", result.trials_train);
    attribute("trials_validation", result.trials_validation);
    attribute("trials_test", result.trials_test);
    attribute("units_left_out", result.units_left_out);
    attribute("pairs_asked", result.pairs_asked), attribute("threshold_sd", result.threshold_sd);
    attribute("min_pair_spikes", result.minimum_pair_spikes);
    attribute("observed_s", result.observed_s), attribute("near_tested", result.near_tested);
    attribute("train_nll", result.model.nll.train);
    attribute("validation_nll_best", result.model.nll.validation);
    attribute("test_nll", result.model.nll.test);
    attribute("rate_train_nll", result.rate_nll.train);
    attribute("rate_validation_nll", result.rate_nll.validation);
    attribute("rate_test_nll", result.rate_nll.test);
}

void write_axes(const io::Handle& group, const StaticResult& result)
{
    write_names(group, unit_axis, result.unit_id, "ids of the units analysed, as in the file");
    write_names(group, "sender", result.unit_id, "ids of the units whose spikes predict");
    write_names(group, "receiver", result.unit_id, "ids of the units that are predicted");
    const auto lag =
        io::write_axis(group, lag_axis, result.lag_ms, "time from the sender's spike to the bin");
    io::write_text_attribute(lag, "units", "ms");
}

void write_weights(const io::Handle& group, const StaticResult& result)
{
    const auto axes = std::vector<std::string>{"sender", "receiver", lag_axis};
    io::write_array(group, "weight", result.model.weight, axes, "1",
                    "of a spike of the sender in the log odds of the receiver's; that of a unit on "
                    "itself at lag 0 is 0");
    io::write_array(group, "bias", result.model.bias, {unit_axis}, "1",
                    "log odds of a spike without any");
    io::write_array(group, "rate_hz", result.rate_hz, {unit_axis}, "Hz",
                    "of the trials to train on");
    if (!result.model.gradient_norm.empty())
        io::write_array(group, "gradient_norm", result.model.gradient_norm, {unit_axis}, "1",
                        "of the receiver's loss at the optimum, in coordinates scaled by its "
                        "curvature");
    if (result.twin.weight.empty())
        return;
    io::write_array(group, "weight_jittered", result.twin.weight, axes, "1",
                    "of the same model, fitted to jittered trains");
    io::write_array(group, "bias_jittered", result.twin.bias, {unit_axis}, "1",
                    "log odds of a spike without any, of that model");
    io::write_array(group, "weight_corrected", result.weight_corrected, axes, "1",
                    "weight - weight_jittered");
}

void write_path(const io::Handle& group, const LambdaPath& path)
{
    if (path.lambda.empty())
        return;
    io::write_axis(group, path_axis, path.lambda, "penalties that were tried");
    io::write_array(group, "path_nll", path.nll, {path_axis}, "nat",
                    "cross-entropy a bin and unit of the validation trials at the optimum");
}

void write_connections(const io::Handle& group, const StaticResult& result)
{
    const auto& all = result.connections;
    io::write_index_axis(group, connection_axis, std::ssize(all), "connections that were called");
    const auto of_each = [&]<typename T>(const char* name, const char* units,
                                         const char* description, T get) {
        auto values = std::vector<decltype(get(all.front()))>{};
        for (const auto& one : all)
            values.push_back(get(one));
        io::write_array(group, name, values, {connection_axis}, units, description);
    };
    of_each("pre", "", "index of the unit that leads; no direction where peak_lag_ms is 0",
            [](const auto& one) { return one.sender; });
    of_each("post", "", "index of the unit that follows",
            [](const auto& one) { return one.receiver; });
    of_each("peak", "1", "corrected weight at the lag of the largest size within 10 ms",
            [](const auto& one) { return one.peak; });
    of_each("peak_lag_ms", "ms", "that lag",
            [&](const auto& one) { return one.peak_lag * result.bin_ms; });
    of_each("flank_sd", "1", "SD of corrected weights beyond 50 ms, both directions",
            [](const auto& one) { return one.flank_sd; });
    of_each("near", "", "1: units on one peak channel or within 50 um", [&](const auto& one) {
        return static_cast<std::uint8_t>(result.is_near(one.sender, one.receiver));
    });
}

void write_near(const io::Handle& group, const StaticResult& result)
{
    io::write_index_axis(group, near_axis, std::ssize(result.near_pairs),
                         "pairs of units on one peak channel or within 50 um; no connection is "
                         "called of them unless near_tested is 1");
    auto first = std::vector<std::int32_t>{};
    auto second = first;
    for (const auto& [i, j] : result.near_pairs) {
        first.push_back(i);
        second.push_back(j);
    }
    io::write_array(group, "near_first", first, {near_axis}, "", "index of the first unit");
    io::write_array(group, "near_second", second, {near_axis}, "", "index of the second unit");
}

std::vector<dynetcp::StaticConnection> read_connections(const io::Handle& group, double bin_ms)
{
    const auto pre = io::read_all<std::int32_t>(group, "pre");
    const auto post = io::read_all<std::int32_t>(group, "post");
    const auto peak = io::read_all<double>(group, "peak");
    const auto lag_ms = io::read_all<double>(group, "peak_lag_ms");
    const auto sd = io::read_all<double>(group, "flank_sd");
    auto all = std::vector<dynetcp::StaticConnection>{};
    for (std::size_t k = 0; k < pre.size(); ++k)
        all.push_back({pre.at(k), post.at(k),
                       static_cast<std::int32_t>(std::lround(lag_ms.at(k) / bin_ms)), peak.at(k),
                       sd.at(k)});
    return all;
}

} // namespace

bool StaticResult::is_near(std::int64_t i, std::int64_t j) const
{
    const auto pair = std::pair{static_cast<std::int32_t>(std::min(i, j)),
                                static_cast<std::int32_t>(std::max(i, j))};
    return std::binary_search(near_pairs.begin(), near_pairs.end(), pair);
}

bool StaticResult::asks(std::int64_t i, std::int64_t j) const
{
    return dynetcp::pair_spikes(rate_hz[static_cast<std::size_t>(i)],
                                rate_hz[static_cast<std::size_t>(j)],
                                trials()) >= minimum_pair_spikes &&
           (near_tested != 0 || !is_near(i, j));
}

std::vector<double> StaticResult::row(const std::vector<float>& weights, std::int64_t sender,
                                      std::int64_t receiver) const
{
    const auto first = weights.begin() + (sender * units() + receiver) * lags();
    return {first, first + lags()};
}

io::Handle write_static(const io::ResultFile& file, const StaticResult& result)
{
    auto group = file.group(result.head.subject + "/" + result.head.session);
    each_head_attribute(result.head, WriteAttribute{group});
    each_attribute(result, WriteAttribute{group});
    write_axes(group, result);
    write_weights(group, result);
    write_curve(group, result.model.curve);
    write_path(group, result.path);
    write_near(group, result);
    write_connections(group, result);
    return group;
}

StaticResult read_static(const io::Handle& file, const SessionName& name, bool weights)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    auto result = StaticResult{.head = read_head(file, name)};
    each_attribute(result, ReadAttribute{group});
    result.unit_id = read_names(group, unit_axis);
    result.cell_type = read_cell_types(group, result.unit_id.size());
    result.lag_ms = io::read_all<double>(group, lag_axis);
    result.rate_hz = io::read_all<double>(group, "rate_hz");
    result.model.curve = read_curve(group);
    const auto twin = io::exists(group, "weight_corrected");
    if (weights || !twin) {
        result.model.weight = io::read_all<float>(group, "weight");
        result.model.bias = io::read_all<double>(group, "bias");
    }
    if (weights && twin)
        result.twin.weight = io::read_all<float>(group, "weight_jittered");
    result.weight_corrected =
        twin ? io::read_all<float>(group, "weight_corrected") : result.model.weight;
    if (io::exists(group, path_axis)) {
        result.path.lambda = io::read_all<double>(group, path_axis);
        result.path.nll = io::read_all<double>(group, "path_nll");
    }
    const auto first = io::read_all<std::int32_t>(group, "near_first");
    const auto second = io::read_all<std::int32_t>(group, "near_second");
    for (std::size_t k = 0; k < first.size(); ++k)
        result.near_pairs.emplace_back(first.at(k), second.at(k));
    result.connections = read_connections(group, result.bin_ms);
    return result;
}

} // namespace rewire::jobs
