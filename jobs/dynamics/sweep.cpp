#include "sweep.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/base/packed.hpp>
#include <rewire/base/random.hpp>
#include <rewire/dynetcp/dynamics.hpp>
#include <rewire/io/result_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto lambda_axis = "sweep_lambda";
constexpr auto pearson_array = "sweep_pearson";
constexpr auto difference_array = "sweep_difference";
constexpr auto tost_array = "sweep_tost_p";
constexpr auto nll_array = "sweep_validation_nll";

using base::at;

void each_swept_field(auto& swept, auto field)
{
    field(swept.pearson), field(swept.difference), field(swept.tost_p);
}

base::InputError differs(const std::string& what, const std::filesystem::path& file)
{
    return {fmt::format("a model of the sweep differs in more than its penalty: {}", what),
            file.string(),
            fmt::format("train it as the model of --results, but for --lambda: rewire {}",
                        dynamic_name)};
}

std::string or_none(const std::string& value)
{
    return value.empty() ? "none" : value;
}

double validation_nll_of(const DynamicResult& model)
{
    const auto best = at(model.curve.best_epoch);
    const auto& nll = model.curve.validation_nll;
    return best < nll.size() ? nll[best] : base::nan;
}

} // namespace

std::vector<std::filesystem::path> swept_files(const std::filesystem::path& own,
                                               const std::vector<std::string>& folders)
{
    auto files = std::vector<std::filesystem::path>{own};
    for (const auto& folder : folders)
        files.push_back(std::filesystem::path(folder) / own.filename());
    return files;
}

void check_sweep(const std::vector<std::filesystem::path>& files, const io::Record& own)
{
    auto of_lambda = std::map<std::string, std::filesystem::path>{};
    auto options = std::map<std::string, std::string>(own.options.begin(), own.options.end());
    for (const auto& file : files) {
        if (!std::filesystem::exists(file))
            throw base::InputError("no model of the sweep", file.string(),
                                   fmt::format("train it first: rewire {} --lambda VALUE --results "
                                               "{}",
                                               dynamic_name, file.parent_path().string()));
        const auto record = io::read_record(io::open_for_reading(file));
        auto there =
            std::map<std::string, std::string>(record.options.begin(), record.options.end());
        for (const auto& option : recording_options())
            if (there[option.name] != options[option.name])
                throw differs(fmt::format("--{} {} there, {} of the model of --results",
                                          option.name, or_none(there[option.name]),
                                          or_none(options[option.name])),
                              file);
        const auto [first, is_new] = of_lambda.emplace(there["lambda"], file);
        if (!is_new)
            throw base::InputError(
                fmt::format("two models of the sweep have --lambda {}", there["lambda"]),
                file.string(), "leave one out; the other is " + first->second.string());
    }
}

double key_of_sweep(const std::vector<std::filesystem::path>& files, const SessionName& name)
{
    auto packer = base::Packer{};
    for (const auto& path : files) {
        const auto file = io::open_for_reading(path);
        const auto there = sessions_in(file);
        if (std::find(there.begin(), there.end(), name) == there.end())
            throw base::InputError(
                fmt::format("no model of session {} {} in this file of the sweep", name.first,
                            name.second),
                path.string(), fmt::format("train it first: rewire {}", dynamic_name));
        const auto model = read_dynamic(file, name);
        packer.put(model.lambda), packer.put_all(model.curve.validation_loss);
        packer.put_all(model.static_weight);
    }
    const auto bytes = packer.take();
    const auto text = std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return static_cast<double>(base::key_of(text) >> 12); // 52 bits
}

std::vector<SweptModel> swept_models(const std::vector<std::filesystem::path>& files,
                                     const DynamicResult& model)
{
    auto models = std::vector<SweptModel>{};
    for (const auto& path : files) {
        auto swept = SweptModel{io::open_for_reading(path), {}, {}};
        swept.model = read_dynamic(swept.file, {model.head.subject, model.head.session});
        const auto& other = swept.model;
        if (other.head.status != "ok")
            throw differs("no model of this session: " + other.head.status, path);
        if (other.head.sha256 != model.head.sha256)
            throw differs("it is of another recording", path);
        if (other.unit_id != model.unit_id || other.time_s != model.time_s ||
            other.lag_ms != model.lag_ms || other.averaged_over != model.averaged_over)
            throw differs("other units, bins, lags or trials that are shown", path);
        auto place = std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t>{};
        for (std::int64_t edge = 0; edge < other.edges(); ++edge)
            place[{other.sender[at(edge)], other.receiver[at(edge)]}] = edge;
        for (std::int64_t edge = 0; edge < model.edges(); ++edge) {
            const auto found = place.find({model.sender[at(edge)], model.receiver[at(edge)]});
            swept.edge.push_back(found == place.end() ? -1 : found->second);
        }
        models.push_back(std::move(swept));
    }
    std::stable_sort(models.begin(), models.end(),
                     [](const auto& a, const auto& b) { return a.model.lambda < b.model.lambda; });
    return models;
}

void SweptEdges::append(const SweptEdges& next)
{
    const auto append_to = [](std::vector<double>& to, const std::vector<double>& from) {
        to.insert(to.end(), from.begin(), from.end());
    };
    append_to(pearson, next.pearson), append_to(difference, next.difference);
    append_to(tost_p, next.tost_p);
}

void SweptEdges::pack(base::Packer& packer) const
{
    each_swept_field(*this, base::PackField{packer});
}

void SweptEdges::unpack(base::Unpacker& unpacker)
{
    each_swept_field(*this, base::UnpackField{unpacker});
}

SweptEdges agreement_in(const SweptModel& swept, base::Range edges,
                        const EdgeHistograms& histograms, const DynamicsSettings& settings)
{
    auto result = SweptEdges{};
    for (auto edge = edges.first; edge < edges.last; ++edge) {
        auto agreement = dynetcp::Agreement{base::nan, base::nan, base::nan, 0};
        const auto own = swept.edge[at(edge)];
        if (const auto joint = own < 0 ? std::nullopt : histograms.joint(edge))
            agreement =
                agreement_with(*joint, histograms.sender(edge),
                               edge_matrix(read_edge(swept.file, swept.model, own), 0, swept.model),
                               swept.model, settings);
        result.pearson.push_back(agreement.pearson);
        result.difference.push_back(agreement.difference);
        result.tost_p.push_back(agreement.tost_p);
    }
    return result;
}

void write_sweep(const io::Handle& group, const std::vector<SweptModel>& models,
                 const std::vector<SweptEdges>& all)
{
    auto lambda = std::vector<double>{};
    auto nll = std::vector<double>{};
    auto joined = SweptEdges{};
    for (std::size_t k = 0; k < models.size(); ++k) {
        lambda.push_back(models[k].model.lambda);
        nll.push_back(validation_nll_of(models[k].model));
        joined.append(all[k]);
    }
    io::write_axis(group, lambda_axis, lambda, "penalty of the model, that of the run among them");
    io::write_array(group, nll_array, nll, {lambda_axis}, "nat",
                    "cross-entropy of the validation trials at the best epoch of the model");
    const auto write = [&](const char* name, const std::vector<double>& values,
                           const char* description) {
        io::write_array(group, name, values, {lambda_axis, "edge"}, "1", description);
    };
    write(pearson_array, joined.pearson,
          "pearson of the model with this penalty; NaN also: it has no such edge");
    write(difference_array, joined.difference, "difference, of the same");
    write(tost_array, joined.tost_p, "tost_p, of the same");
}

Sweep read_sweep(const io::Handle& file, const SessionName& name)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    if (!io::exists(group, lambda_axis))
        return {};
    const auto read = [&](const char* array) { return io::read_all<double>(group, array); };
    return {read(lambda_axis), read(nll_array), read(pearson_array), read(difference_array),
            read(tost_array)};
}

SweepSummary summary_of(const Sweep& sweep, std::size_t lambda)
{
    const auto edges = sweep.pearson.size() / sweep.lambda.size();
    auto summary = SweepSummary{.least_pearson = base::nan};
    auto sum = 0.0;
    for (auto k = lambda * edges; k < (lambda + 1) * edges; ++k) {
        const auto r = sweep.pearson[k];
        if (std::isnan(r))
            continue;
        ++summary.compared;
        sum += r;
        summary.least_pearson = std::fmin(summary.least_pearson, r);
        summary.equivalent += sweep.tost_p[k] <= test_level ? 1 : 0;
    }
    summary.mean_pearson =
        summary.compared > 0 ? sum / static_cast<double>(summary.compared) : base::nan;
    return summary;
}

} // namespace rewire::jobs
