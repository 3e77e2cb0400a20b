#include "settings.hpp"

#include <rewire/base/error.hpp>

namespace rewire::jobs {

std::vector<runtime::Option> glmcc_options()
{
    using runtime::OptionKind;
    return {
        {.name = "mode",
         .default_value = "glm",
         .help = "what makes a coupling significant: its size against what chance gives, at 0.001 "
                 "(glm), or the likelihood with and without it, at 0.0001 (lr, with a stiffer "
                 "background)",
         .source = "GLMCC",
         .choices = {"glm", "lr"}},
        {.name = "delay",
         .default_value = "fixed",
         .help = "synaptic delay of both directions: fixed (--delay-ms), or of 1, 2, 3, 4 ms the "
                 "one that fits best (search)",
         .source = "GLMCC",
         .choices = {"fixed", "search"}},
        {.name = "delay-ms",
         .kind = OptionKind::integer,
         .default_value = "3",
         .unit = "ms",
         .help = "the fixed delay",
         .source = "GLMCC",
         .minimum = 1,
         .maximum = 20},
        {.name = "duration-s",
         .kind = OptionKind::real,
         .unit = "s",
         .help = "only so much of the recording, from its first observed time on; not given: all",
         .minimum = 1e-3},
        {.name = "parity",
         .kind = OptionKind::flag,
         .help = "chance level of the negative side from the window of the published program, "
                 "which is one bin off the mirror image of the other side"},
        {.name = "test-near",
         .kind = OptionKind::flag,
         .help = "also call pairs of units that share their peak channel or lie within 50 um "
                 "(columns peak_channel_id and x, y, z of the electrodes), where sorters lose "
                 "coincident spikes"},
    };
}

GlmccJobSettings glmcc_settings(const runtime::Options& options)
{
    const auto search = options.text("delay") == "search";
    if (search && options.given("delay-ms"))
        throw base::UsageError("a delay that is searched for is not given",
                               "--delay-ms with --delay search", "leave out one of them");
    const auto mode =
        options.text("mode") == "lr" ? spikes::GlmccMode::likelihood_ratio : spikes::GlmccMode::glm;
    auto settings = GlmccJobSettings{.model = spikes::GlmccSettings::with(mode, search),
                                     .units = unit_choice(options),
                                     .test_near = options.flag("test-near")};
    if (!search)
        settings.model.first_delay_ms = settings.model.last_delay_ms =
            static_cast<int>(options.integer("delay-ms"));
    settings.model.window_of_published_code = options.flag("parity");
    settings.model.with_likelihood_ratio = true;
    if (options.given("duration-s"))
        settings.units.duration_s = options.real("duration-s");
    return settings;
}

} // namespace rewire::jobs
