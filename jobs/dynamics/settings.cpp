#include "settings.hpp"

#include "jobs/dynetcp_dynamic/result.hpp"
#include "jobs/dynetcp_static/settings.hpp"
#include "jobs/frame/command_of.hpp"
#include "jobs/frame/study_source.hpp"
#include "jobs/jpsth/result.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <filesystem>

namespace rewire::jobs {

std::vector<runtime::Option> recording_options()
{
    return alignment_options() + unit_options_with_rate() + trial_options("5", "10");
}

std::vector<runtime::Option> dynamics_options()
{
    using runtime::OptionKind;
    return recording_options() +
           std::vector<runtime::Option>{
               {.name = "ratio",
                .kind = OptionKind::real,
                .default_value = "1",
                .help = "a connection is present where the dynamic weight is so many times the "
                        "static one in size",
                .source = "Results, dynamic connectivity patterns",
                .minimum = 0,
                .maximum = 1e6},
               {.name = "tost-margin",
                .kind = OptionKind::real,
                .default_value = "0.09",
                .help = "of the equivalence of dynamic weights and conditional joint histograms, "
                        "both brought to 0 .. 1: mean differences below it are none",
                .source = "Results, comparison with the cJPSTH",
                .minimum = 1e-6,
                .maximum = 1},
               {.name = "smooth-ms",
                .kind = OptionKind::real,
                .default_value = "0",
                .unit = "ms",
                .help = "standard deviation of a Gaussian over the courses of weights and rates "
                        "before their components are counted; 0: none",
                .minimum = 0,
                .maximum = 1e4},
               {.name = "sweep",
                .kind = OptionKind::path,
                .help = "results folder with a model of the same trials and units that was trained "
                        "with another penalty (--lambda): how its weights agree with the joint "
                        "histograms, too; repeatable",
                .source = "Fig. 4, figure supplement 1",
                .repeatable = true},
               area_scores_option(),
               {.name = "write-edges",
                .kind = OptionKind::flag,
                .help = "writes the weights of every edge in every trial that is shown, too: "
                        "trials x edges x bins x lags x 4 bytes before compression"},
           };
}

std::map<std::string, io::Record> dynamics_records(runtime::RunContext& context)
{
    return context.collective("earlier results", [&] {
        auto records = std::map<std::string, io::Record>{};
        records[dynamic_name] =
            io::read_record(io::open_for_reading(required_result(context, dynamic_name)));
        const auto histograms =
            context.options().path("results") / (std::string(jpsth_name) + ".h5");
        if (std::filesystem::exists(histograms))
            records[jpsth_name] = io::read_record(io::open_for_reading(histograms));
        return records;
    });
}

void adopt_trial_options(runtime::RunContext& context, const io::Record& model)
{
    const auto& options = context.options();
    const auto recorded =
        std::map<std::string, std::string>(model.options.begin(), model.options.end());
    for (const auto& option : recording_options()) {
        const auto found = recorded.find(option.name);
        const auto value = found == recorded.end() ? std::string{} : found->second;
        if (options.given(option.name)) {
            const auto here = base::joined(options.texts(option.name), " ");
            if (here != value)
                throw base::UsageError(fmt::format("--{} {} here, but {} of the model", option.name,
                                                   here, value.empty() ? "none" : value),
                                       fmt::format("{}.h5", dynamic_name),
                                       "leave the option out to go on with the same, or choose "
                                       "another folder with --results");
        } else if (option.repeatable && value.find(' ') != std::string::npos) {
            throw base::UsageError(fmt::format("the model was made with several values of --{}, or "
                                               "one with a space: {}",
                                               option.name, value),
                                   fmt::format("{}.h5", dynamic_name), "give them again");
        } else if (!value.empty()) {
            context.adopt(option.name, value);
        }
    }
}

DynamicsSettings dynamics_settings(const runtime::Options& options)
{
    auto settings = DynamicsSettings{};
    settings.trials = trial_settings(options);
    settings.ratio_threshold = options.real("ratio");
    settings.tost_margin = options.real("tost-margin");
    settings.smooth_ms = options.real("smooth-ms");
    settings.write_edges = options.flag("write-edges");
    settings.area_scores = area_scores(options);
    settings.sweep = options.texts("sweep");
    settings.seed = static_cast<std::uint64_t>(options.integer("seed"));
    return settings;
}

} // namespace rewire::jobs
