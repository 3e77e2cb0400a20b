#include "result.hpp"

#include "jobs/frame/fields.hpp"

#include <rewire/base/nan.hpp>

#include <cmath>

namespace rewire::jobs {

namespace {

constexpr auto edge_axis = "edge";
constexpr auto unit_axis = "unit_id";
constexpr auto space_axis = "space";

void each_attribute(auto& result, auto attribute)
{
    attribute("bin_ms", result.bin_ms), attribute("lambda", result.lambda);
    attribute("ratio_threshold", result.ratio_threshold);
    attribute("tost_margin", result.tost_margin), attribute("smooth_ms", result.smooth_ms);
    attribute("smoothed_bins", result.smoothed_bins);
    attribute("averaged_over", result.averaged_over), attribute("edges", result.edge_source);
}

template <typename T>
void write_rows(const io::Handle& group, const char* name, base::Range edges,
                const std::vector<T>& values)
{
    const auto dataset = io::open_dataset(group, name);
    auto offset = io::Shape{edges.first};
    auto count = io::Shape{edges.size()};
    if (io::shape_of(dataset).size() > 1) {
        offset.push_back(0);
        count.push_back(io::shape_of(dataset)[1]);
    }
    io::write_block<T>(dataset, offset, count, values);
}

} // namespace

DynamicsWriter::DynamicsWriter(const io::ResultFile& file, const SessionHead& head,
                               const DynamicResult& model, const DynamicsSettings& settings)
    : group_(file.group(head.subject + "/" + head.session)), bins_(model.bins())
{
    each_head_attribute(head, WriteAttribute{group_});
    auto facts = DynamicsResult{};
    facts.bin_ms = model.bin_ms;
    facts.lambda = model.lambda;
    facts.ratio_threshold = settings.ratio_threshold;
    facts.tost_margin = settings.tost_margin;
    facts.smooth_ms = settings.smooth_ms;
    facts.smoothed_bins = model.smoothed_bins;
    facts.averaged_over = model.averaged_over;
    facts.edge_source = model.edge_source;
    each_attribute(facts, WriteAttribute{group_});
    write_axes(model);
    make_arrays();
}

void DynamicsWriter::write_axes(const DynamicResult& model) const
{
    write_names(group_, unit_axis, model.unit_id, "ids of the units of the model");
    io::write_index_axis(group_, edge_axis, model.edges(),
                         "pairs with a dynamic weight, in the order of the model");
    io::write_array(group_, "sender", model.sender, {edge_axis}, "",
                    "index of the unit whose spikes predict");
    io::write_array(group_, "receiver", model.receiver, {edge_axis}, "",
                    "index of the unit that is predicted");
    io::write_text_attribute(
        io::write_axis(group_, time_axis, model.time_s, "start of the bin, from the alignment"),
        "units", "s");
}

void DynamicsWriter::make_arrays() const
{
    const auto of_edge = [&]<typename T>(T, const char* name, const char* units,
                                         const char* description) {
        io::make_array<T>(group_, name, {edge_axis}, units, description);
    };
    const auto over_time = [&]<typename T>(T, const char* name, const char* description) {
        io::make_array<T>(group_, name, {edge_axis, time_axis}, "1", description);
    };
    of_edge(0.0, "functional_lag_ms", "ms",
            "lag above 0 of the static weight that is largest in size");
    of_edge(0.0F, "static_weight", "1", "static weight at the functional lag");
    over_time(0.0F, "weight",
              "dynamic weight at the functional lag, averaged over the spikes of the sender in the "
              "most recent bins; NaN where there are none");
    over_time(0.0F, "ratio", "weight over static weight");
    over_time(std::int8_t{}, "present",
              "1 excites, -1 inhibits (the sign of weight) where the ratio is larger in size than "
              "the threshold, 0 absent");
    of_edge(0.0, "pearson", "1",
            "correlation of dynamic weights and the conditional joint histogram over bins and "
            "lags; NaN: no histogram of the pair");
    of_edge(0.0, "difference", "1",
            "mean of weight minus histogram, each brought to 0 .. 1, over windows that share no "
            "spikes");
    of_edge(0.0, "tost_p", "1",
            "two one-sided paired t-tests of that mean against the margin: small where both agree "
            "within it");
    of_edge(std::int32_t{}, "compared_cells", "1", "bins and lags that the correlation is over");
    of_edge(0.0, "peak_lag_ms", "ms",
            "lag from 0 at which the dynamic weight, averaged over all spikes of the sender, is "
            "largest; NaN: no spike");
    of_edge(0.0, "peak_weight", "1", "that average");
}

void DynamicsWriter::add(const EdgeDynamics& block)
{
    write_rows(group_, "functional_lag_ms", block.edges, block.functional_lag_ms);
    write_rows(group_, "static_weight", block.edges, block.static_weight);
    write_rows(group_, "weight", block.edges, block.weight);
    write_rows(group_, "ratio", block.edges, block.ratio);
    write_rows(group_, "present", block.edges, block.present);
    write_rows(group_, "pearson", block.edges, block.pearson);
    write_rows(group_, "difference", block.edges, block.difference);
    write_rows(group_, "tost_p", block.edges, block.tost_p);
    write_rows(group_, "compared_cells", block.edges, block.cells);
    write_rows(group_, "peak_lag_ms", block.edges, block.peak_lag_ms);
    write_rows(group_, "peak_weight", block.edges, block.peak_weight);
    weight_.insert(weight_.end(), block.weight.begin(), block.weight.end());
    weight_alone_.insert(weight_alone_.end(), block.weight_alone.begin(), block.weight_alone.end());
    for (const auto ratio : block.ratio)
        known_ += std::isnan(ratio) ? 0 : 1;
    for (const auto present : block.present)
        present_ += present != 0 ? 1 : 0;
    for (const auto r : block.pearson)
        if (!std::isnan(r)) {
            ++compared_;
            pearson_sum_ += r;
        }
}

void DynamicsWriter::add_tests(const EdgeTests& tests) const
{
    if (tests.p_max.empty())
        return;
    io::write_array(group_, "p_max", tests.p_max, {edge_axis}, "1",
                    "rank of the edge's largest strength among those of the null models");
    io::write_array(group_, "q_max", tests.q_max, {edge_axis}, "1",
                    "of p_max, false discovery rate over the edges");
    io::write_array(group_, "p_value", tests.p_value, {edge_axis, time_axis}, "1",
                    "of the strength in a bin, from a tail fitted to the null models");
    io::write_array(group_, "q_value", tests.q_value, {edge_axis, time_axis}, "1",
                    "of p_value, false discovery rate over edges and bins");
}

void DynamicsWriter::finish(const std::vector<CourseDimension>& dimensions)
{
    auto space = std::vector<std::string>{};
    auto components = std::vector<std::int64_t>{};
    auto normalised = std::vector<double>{};
    for (const auto& one : dimensions) {
        space.push_back(one.space);
        components.push_back(one.components);
        normalised.push_back(one.normalised);
    }
    io::write_text_axis(group_, space_axis, space,
                        "courses over the trial: weights of each bin alone, the same smoothed, "
                        "rates of the units that have an edge, rates of all units");
    io::write_array(group_, "dimensionality", components, {space_axis}, "1",
                    "principal components for 95 % of the variance");
    io::write_array(group_, "normalised_dimensionality", normalised, {space_axis}, "1",
                    "these components over the units; NaN: nothing varies");
}

double DynamicsWriter::mean_pearson() const
{
    return compared_ > 0 ? pearson_sum_ / static_cast<double>(compared_) : base::nan;
}

io::Handle write_without_model(const io::ResultFile& file, const SessionHead& head)
{
    auto group = file.group(head.subject + "/" + head.session);
    each_head_attribute(head, WriteAttribute{group});
    return group;
}

DynamicsResult read_dynamics(const io::Handle& file, const SessionName& name)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    auto result = DynamicsResult{.head = read_head(file, name)};
    if (result.head.status != "ok")
        return result;
    each_attribute(result, ReadAttribute{group});
    result.unit_id = read_names(group, unit_axis);
    result.sender = io::read_all<std::int32_t>(group, "sender");
    result.receiver = io::read_all<std::int32_t>(group, "receiver");
    result.time_s = io::read_all<double>(group, time_axis);
    result.functional_lag_ms = io::read_all<double>(group, "functional_lag_ms");
    result.static_weight = io::read_all<float>(group, "static_weight");
    result.pearson = io::read_all<double>(group, "pearson");
    result.difference = io::read_all<double>(group, "difference");
    result.tost_p = io::read_all<double>(group, "tost_p");
    for (const auto r : result.pearson)
        result.compared += std::isnan(r) ? 0 : 1;
    if (io::exists(group, "q_max"))
        result.q_max = io::read_all<double>(group, "q_max");
    const auto space = io::read_texts(group, space_axis);
    const auto components = io::read_all<std::int64_t>(group, "dimensionality");
    const auto normalised = io::read_all<double>(group, "normalised_dimensionality");
    for (std::size_t k = 0; k < space.size(); ++k)
        result.dimension.push_back({space[k], components[k], normalised[k]});
    result.areas = read_areas(group);
    if (io::exists(group, "feedforward")) {
        result.feedforward = io::read_all<double>(group, "feedforward");
        result.feedback = io::read_all<double>(group, "feedback");
    }
    result.sweep = read_sweep(file, name);
    return result;
}

} // namespace rewire::jobs
