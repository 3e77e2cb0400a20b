#include "rewire/runtime/options.hpp"

namespace rewire::runtime {

std::vector<Option> selection_options()
{
    const auto same = false;
    return {
        {.name = "study",
         .kind = OptionKind::path,
         .help = "folder of NWB files, or one NWB file",
         .required = true,
         .changes_result = same},
        {.name = "results",
         .kind = OptionKind::path,
         .help = "folder for the results; made if it is not there",
         .required = true,
         .changes_result = same},
        {.name = "subject",
         .help = "only this subject; repeatable",
         .repeatable = true,
         .changes_result = same},
        {.name = "session",
         .help = "only this session; repeatable",
         .repeatable = true,
         .changes_result = same},
    };
}

std::vector<Option> computing_options()
{
    const auto same = false;
    return {
        {.name = "seed",
         .kind = OptionKind::integer,
         .default_value = "1",
         .help = "seed of every random draw",
         .minimum = 0,
         .maximum = largest_seed},
        {.name = "overwrite",
         .kind = OptionKind::flag,
         .help = "replace a result made with other settings",
         .changes_result = same},
        {.name = "restart",
         .kind = OptionKind::flag,
         .help = "discard what an unfinished run has saved",
         .changes_result = same},
        {.name = "checkpoint-s",
         .kind = OptionKind::real,
         .default_value = "120",
         .unit = "s",
         .help = "save finished work this often; 0: after every unit",
         .minimum = 0,
         .changes_result = same},
        {.name = "node-memory-gb",
         .kind = OptionKind::real,
         .default_value = "4",
         .unit = "GB",
         .help = "memory of a node for the activity of sessions worked on at the same time",
         .minimum = 0.001,
         .changes_result = same},
        {.name = "ignore-memory",
         .kind = OptionKind::flag,
         .help = "start even where the estimate says that memory will not suffice",
         .changes_result = same},
    };
}

std::vector<Option> program_options()
{
    const auto same = false;
    return {
        {.name = "config",
         .kind = OptionKind::path,
         .help = "file of `option = value` lines; the command line takes precedence",
         .changes_result = same},
        {.name = "help", .kind = OptionKind::flag, .help = "this text", .changes_result = same},
    };
}

std::vector<Option> common_options()
{
    auto options = selection_options();
    for (const auto& more : {computing_options(), program_options()})
        options.insert(options.end(), more.begin(), more.end());
    return options;
}

} // namespace rewire::runtime
