#include "recordings.hpp"

#include "kind.hpp"

#include <rewire/base/random.hpp>

#include <fmt/format.h>

#include <numeric>
#include <utility>

namespace rewire::jobs {

runtime::Option sessions_option()
{
    return {.name = "sessions",
            .kind = runtime::OptionKind::integer,
            .default_value = "1",
            .help = "recordings, each with a network of its own",
            .minimum = 1,
            .maximum = 1e4};
}

runtime::Option gzip_option()
{
    return {.name = "gzip",
            .kind = runtime::OptionKind::integer,
            .default_value = "0",
            .help = "compression of the data",
            .minimum = 0,
            .maximum = 9};
}

std::filesystem::path recording_file(const std::string& subject, std::int64_t session)
{
    return std::filesystem::path(fmt::format("sub-{}", subject)) /
           fmt::format("sub-{}_ses-{:02d}.nwb", subject, session + 1);
}

io::NwbDescription recording_description(const RecordingText& text, std::int64_t session)
{
    return {.identifier = fmt::format("rewire-{}-{:02d}-{:016x}", text.subject, session + 1,
                                      base::key_of(text.notes)),
            .session_description = text.description,
            .session_id = fmt::format("{:02d}", session + 1),
            .session_start_time = simulated_start_time(session),
            .file_create_date = simulated_start_time(session),
            .notes = text.notes,
            .subject_id = text.subject,
            .subject_description = "simulated",
            .species = "Mus musculus",
            .sex = "U",
            .age = "P90D"};
}

std::vector<std::int64_t> counting(std::int64_t count)
{
    auto numbers = std::vector<std::int64_t>(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
}

std::vector<io::NwbColumn> connection_columns(PlantedConnections planted,
                                              const std::string& strength)
{
    return {{"pre", "id of the unit that drives", std::move(planted.pre)},
            {"post", "id of the unit that is driven", std::move(planted.post)},
            {"sign", "1 excites, -1 inhibits", std::move(planted.sign)},
            {"strength", strength, std::move(planted.strength)},
            {"delay_ms", "from spike to effect, ms", std::move(planted.delay_ms)}};
}

io::NwbTable trials_end_to_end(std::int64_t trials, double length_s)
{
    auto start = std::vector<double>{};
    auto stop = std::vector<double>{};
    for (std::int64_t trial = 0; trial < trials; ++trial) {
        start.push_back(static_cast<double>(trial) * length_s);
        stop.push_back(static_cast<double>(trial + 1) * length_s);
    }
    return {"trials, end to end",
            {},
            {{"start_time", "start of the trial, s", std::move(start)},
             {"stop_time", "end of the trial, s", std::move(stop)}}};
}

} // namespace rewire::jobs
