// write_known_network FILE: the reference network of 40 units whose couplings are known, as a
// recording with the truth inside. Exit code 77 where the reference is not there.
#include "jobs/truth/simulated_truth.hpp"
#include "shared_data.hpp"

#include <rewire/io/nwb_writer.hpp>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

using namespace rewire;

namespace {

constexpr auto not_here = 77;

io::NwbTable connections_of(const io::Handle& network, std::int64_t units)
{
    const auto coupling = io::read_all<double>(network, "J_true");
    const auto delay = io::read_attribute<double>(network, "delay_ms");
    auto pre = std::vector<std::int64_t>{};
    auto post = std::vector<std::int64_t>{};
    auto sign = std::vector<std::int64_t>{};
    auto strength = std::vector<double>{};
    for (std::size_t cell = 0; cell < coupling.size(); ++cell) {
        if (coupling[cell] == 0)
            continue;
        pre.push_back(static_cast<std::int64_t>(cell) / units);
        post.push_back(static_cast<std::int64_t>(cell) % units);
        sign.push_back(coupling[cell] < 0 ? -1 : 1);
        strength.push_back(coupling[cell]);
    }
    const auto delays = std::vector<double>(pre.size(), delay);
    return {"couplings of the network",
            {},
            {{"pre", "id of the unit that drives", pre},
             {"post", "id of the unit that is driven", post},
             {"sign", "1 excites, -1 inhibits", sign},
             {"strength", "J", strength},
             {"delay_ms", "ms", delays}}};
}

void write(const std::filesystem::path& reference, const std::filesystem::path& path)
{
    const auto network = io::open_for_reading(reference);
    auto units = io::NwbUnits{};
    for (const auto time : io::read_all<std::int64_t>(network, "units/spike_times_ns"))
        units.spike_time_s.push_back(1e-9 * static_cast<double>(time));
    units.spike_end = io::read_all<std::int64_t>(network, "units/spike_times_index");
    units.observed_s = {0, io::read_attribute<double>(network, "T_s")};
    units.table.description = "units of the network";
    units.table.id.resize(units.spike_end.size());
    std::iota(units.table.id.begin(), units.table.id.end(), 0);
    auto writer = io::NwbWriter(path, {.identifier = "known network",
                                       .session_description = "network with known couplings",
                                       .session_id = "01",
                                       .session_start_time = "2024-01-01T09:00:00+00:00",
                                       .file_create_date = "2024-01-01T09:00:00+00:00",
                                       .notes = "",
                                       .subject_id = "network",
                                       .subject_description = "simulated",
                                       .species = "Mus musculus",
                                       .sex = "U",
                                       .age = "P90D"});
    writer.add_units(units);
    jobs::add_truth(writer, "connections", connections_of(network, std::ssize(units.spike_end)));
    writer.finish();
}

} // namespace

int main(int count, char** words)
{
    if (count != 2) {
        std::fputs("usage: write_known_network FILE\n", stderr);
        return 2;
    }
    try {
        const auto reference = test::shared_data("reference/spikes/gt_network_40.h5");
        if (reference.empty())
            return not_here;
        write(reference, words[1]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "write_known_network: %s\n", error.what());
        return 1;
    }
    return 0;
}
