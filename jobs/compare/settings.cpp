#include "settings.hpp"

#include "jobs/frame/command_of.hpp"
#include "jobs/truth/simulated_truth.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

std::vector<MethodHere> methods_here(const runtime::RunContext& context)
{
    const auto results = context.options().path("results");
    auto methods = std::vector<MethodHere>{};
    auto missing = std::vector<const Entry*>{};
    for (const auto& entry : entries_of(context)) {
        if (entry.connections.empty())
            continue;
        const auto path = results / entry.file();
        if (!std::filesystem::exists(path)) {
            missing.push_back(&entry);
            continue;
        }
        const auto file = io::open_for_reading(path);
        const auto names = sessions_in(file);
        for (const auto& method : entry.connections)
            if (std::any_of(names.begin(), names.end(),
                            [&](const SessionName& name) { return method.there(file, name); }))
                methods.push_back({method, entry.name(), path});
    }
    if (methods.empty() && !missing.empty())
        required_result(context, missing.front()->name()); // names the command that makes it
    if (methods.empty())
        throw base::InputError("no result with connections between units", results.string(),
                               "compute one first");
    return methods;
}

/// Moves the method of that name to the front.
void put_first(std::vector<MethodHere>& methods, const std::string& name)
{
    const auto at = std::find_if(methods.begin(), methods.end(),
                                 [&](const MethodHere& each) { return each.method.name == name; });
    if (at == methods.end()) {
        auto names = std::vector<std::string>{};
        for (const auto& each : methods)
            names.push_back(each.method.name);
        throw base::UsageError(fmt::format("no method {} among the results", name),
                               "--method, --truth", "there are " + base::joined(names, ", "));
    }
    std::rotate(methods.begin(), at, at + 1);
}

bool all_planted(const io::Study& study)
{
    return !study.sessions.empty() && std::all_of(study.sessions.begin(), study.sessions.end(),
                                                  [](const io::StudySession& session) {
                                                      return has_planted_connections(session.path);
                                                  });
}

} // namespace

std::vector<runtime::Option> compare_options()
{
    using runtime::OptionKind;
    return {
        {.name = "method",
         .help = "whose thresholds are swept in full (the first whose result is there); all "
                 "methods are compared at their own"},
        {.name = "truth",
         .help = "what calls are compared with: planted (connections in the NWB files; the default "
                 "where all have them), or the calls of a method at its own threshold"},
        {.name = "threshold",
         .kind = OptionKind::real,
         .help = "alpha_w: thresholds of the method, in its own measure; may be given several "
                 "times (0.25 to 6 times its own)",
         .source = "Fig. 2D",
         .minimum = 0,
         .repeatable = true},
        {.name = "min-pair-spikes",
         .kind = OptionKind::real,
         .help = "alpha_p: pairs of which chance gives fewer coincidences within 10 ms do not "
                 "count; may be given several times (0, 10, 20, 40, 80, 160, 320)",
         .source = "Fig. 2E",
         .minimum = 0,
         .repeatable = true},
    };
}

CompareSettings compare_settings(runtime::RunContext& context, const io::Study& study)
{
    auto settings = CompareSettings{.methods = methods_here(context),
                                    .truth = {},
                                    .thresholds = {},
                                    .min_pair_spikes = {},
                                    .upstream = {}};
    const auto& options = context.options();
    if (!options.given("truth")) {
        const auto planted = all_planted(study);
        if (!planted && settings.methods.size() < 2)
            throw base::InputError(
                "nothing to compare with: one method, and no planted connections",
                options.path("study").string(),
                "compute the connections by another job, too, or simulate a recording");
        context.adopt("truth", planted ? planted_truth : settings.methods.back().method.name);
    }
    settings.truth = options.text("truth");
    if (settings.truth == planted_truth) {
        for (const auto& session : study.sessions)
            read_planted_connections(session.path); // throws where there are none
    } else {
        put_first(settings.methods, settings.truth);
        std::rotate(settings.methods.begin(), settings.methods.begin() + 1, settings.methods.end());
    }
    if (!options.given("method"))
        context.adopt("method", settings.methods.front().method.name);
    put_first(settings.methods, options.text("method"));
    settings.thresholds = options.reals("threshold");
    settings.min_pair_spikes = options.reals("min-pair-spikes");
    if (settings.min_pair_spikes.empty())
        settings.min_pair_spikes.assign(usual_min_pair_spikes.begin(), usual_min_pair_spikes.end());
    for (auto* values : {&settings.thresholds, &settings.min_pair_spikes})
        std::sort(values->begin(), values->end());
    for (const auto& each : settings.methods)
        settings.upstream[each.job] =
            io::as_upstream(io::read_record(io::open_for_reading(each.path)));
    return settings;
}

} // namespace rewire::jobs
