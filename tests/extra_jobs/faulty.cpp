#include "faulty.hpp"

#include <rewire/runtime/run_context.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace rewire::test {

namespace {

void run(runtime::RunContext& context)
{
    const auto where = context.options().text("where");
    const auto last = context.comm().rank() == context.comm().size() - 1;
    if (where == "everywhere")
        throw std::logic_error("wrong on every rank");
    if (where == "alone" && last)
        throw std::logic_error("wrong on one rank, and nobody agreed on it");
    context.collective("together", [&] {
        if (where == "together" && last)
            throw std::logic_error("wrong on one rank, and the others wait");
    });
    context.each_unit<runtime::UnitResults>(
        "units", std::vector<double>(9, 1.0),
        [&](std::int64_t unit, runtime::UnitResults&, const runtime::Tick& tick) {
            if (where == "unit" && unit == 4)
                throw std::out_of_range("wrong in a unit");
            return tick();
        });
    context.options().text("an option that nobody declared");
}

} // namespace

jobs::Entry faulty_entry()
{
    return {.job = {.name = "faulty",
                    .usage = "--where PLACE",
                    .summary = "is wrong where it is asked to be",
                    .details = "Ends with exit code 70.",
                    .examples = {"rewire faulty --where unit"},
                    .options = {{.name = "where",
                                 .help = "place of the fault",
                                 .choices = {"everywhere", "alone", "together", "unit", "options"},
                                 .required = true}},
                    .run = run}};
}

} // namespace rewire::test
