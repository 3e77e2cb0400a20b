#include "settings.hpp"

#include "jobs/frame/study_source.hpp"

namespace rewire::jobs {

namespace {

std::vector<runtime::Option> model_options()
{
    using runtime::OptionKind;
    return {
        {.name = "lambda",
         .kind = OptionKind::real,
         .default_value = "10",
         .help = "penalty on the mean square of static weight plus offset",
         .source = "Methods, training",
         .minimum = 1e-12,
         .maximum = 1e60},
        {.name = "static-lambda",
         .help = "penalty of the static stage that comes first, at the same bins and lags: a "
                 "number, or auto (chosen on held-out likelihood); not given: that of --lambda",
         .source = "Methods, training"},
        {.name = "edges",
         .default_value = "static",
         .help =
             "pairs that have a dynamic weight: static (connections of the static job's result, "
             "in both directions), all, or a file of comma-separated values with the columns "
             "pre and post (ids of units), and subject and session where there are several",
         .source = "Methods, training"},
        {.name = "joint",
         .kind = OptionKind::flag,
         .help = "trains static weights together with the dynamic part, from those of the static "
                 "stage"},
        {.name = "null",
         .kind = OptionKind::integer,
         .default_value = "0",
         .unit = "models",
         .help = "models trained again on trials that are shuffled within their condition "
                 "(--condition), every unit on its own: p and q of every edge, and of every bin of "
                 "it; each is a unit of work and takes what the training takes on one rank",
         .minimum = 0,
         .maximum = 1e5},
    };
}

} // namespace

std::vector<runtime::Option> dynamic_options()
{
    return alignment_options() + unit_options_with_rate() + trial_options("5", "10") +
           model_options() + training_options("", "50");
}

DynamicSettings dynamic_settings(const runtime::RunContext& context)
{
    const auto& options = context.options();
    auto settings = DynamicSettings{};
    auto& first = settings.first_stage;
    first.trials = trial_settings(options);
    first.jitter.kind = spikes::Jitter::none;
    settings.lambda = options.real("lambda");
    first.lambda = options.given("static-lambda")
                       ? penalty_of(options.text("static-lambda"), "--static-lambda")
                       : settings.lambda;
    settings.training = training_settings(context);
    first.training = settings.training;
    const auto edges = options.text("edges");
    if (edges == "all")
        settings.edges = EdgeSource::all;
    else if (edges != "static") {
        settings.edges = EdgeSource::table;
        settings.edge_table = edges;
    }
    settings.joint = options.flag("joint");
    settings.null_models = options.integer("null");
    return settings;
}

} // namespace rewire::jobs
