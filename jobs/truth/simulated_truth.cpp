#include "simulated_truth.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/hdf5.hpp>

#include <initializer_list>

namespace rewire::jobs {

namespace {

constexpr auto neurons_path = "/scratch/truth/neurons";
constexpr auto edges_path = "/scratch/truth/edges";
constexpr auto connections_path = "/scratch/truth/connections";
constexpr auto population_path = "/scratch/truth/population";
constexpr auto recording_path = "/scratch/truth/recording";

void require_equal(std::initializer_list<std::size_t> lengths, const char* table,
                   const std::filesystem::path& file)
{
    for (const auto length : lengths)
        if (length != *lengths.begin())
            throw base::InputError("the columns of the truth differ in length",
                                   file.string() + ":" + table, "simulate this session again");
}

} // namespace

void add_truth(io::NwbWriter& writer, const std::string& name, const io::NwbTable& table)
{
    writer.add_scratch("truth", name, table);
}

bool has_truth(const std::filesystem::path& nwb_file)
{
    const auto file = io::open_for_reading(nwb_file);
    return io::is_group(file, neurons_path) && io::is_group(file, edges_path);
}

bool has_planted_connections(const std::filesystem::path& nwb_file)
{
    return io::is_group(io::open_for_reading(nwb_file), connections_path);
}

PlantedConnections read_planted_connections(const std::filesystem::path& nwb_file)
{
    const auto file = io::open_for_reading(nwb_file);
    if (!io::is_group(file, connections_path))
        throw base::InputError("the file holds no planted connections",
                               nwb_file.string() + ":" + connections_path,
                               "only simulated sessions know what was planted");
    const auto table = io::open_group(file, connections_path);
    auto planted = PlantedConnections{};
    planted.pre = io::read_all<std::int64_t>(table, "pre");
    planted.post = io::read_all<std::int64_t>(table, "post");
    planted.sign = io::read_all<std::int64_t>(table, "sign");
    planted.strength = io::read_all<double>(table, "strength");
    planted.delay_ms = io::read_all<double>(table, "delay_ms");
    require_equal({planted.pre.size(), planted.post.size(), planted.sign.size(),
                   planted.strength.size(), planted.delay_ms.size()},
                  connections_path, nwb_file);
    if (io::exists(table, "active_start_s")) {
        planted.active_start_s = io::read_all<double>(table, "active_start_s");
        planted.active_stop_s = io::read_all<double>(table, "active_stop_s");
        planted.active_inside = io::read_all<std::uint8_t>(table, "active_in_middle");
        require_equal({planted.pre.size(), planted.active_start_s.size(),
                       planted.active_stop_s.size(), planted.active_inside.size()},
                      connections_path, nwb_file);
    }
    return planted;
}

Truth read_truth(const std::filesystem::path& nwb_file)
{
    const auto file = io::open_for_reading(nwb_file);
    if (!io::is_group(file, neurons_path) || !io::is_group(file, edges_path))
        throw base::InputError("the file holds no truth", nwb_file.string() + ":/scratch/truth",
                               "only simulated sessions know what was planted");
    const auto neurons = io::open_group(file, neurons_path);
    const auto edges = io::open_group(file, edges_path);
    auto truth = Truth{};
    truth.neuron_id = io::read_all<std::int64_t>(neurons, "id");
    truth.group = io::read_texts(neurons, "group");
    truth.movement_related = io::read_all<std::uint8_t>(neurons, "movement_related");
    truth.edge_i = io::read_all<std::int64_t>(edges, "neuron_i");
    truth.edge_j = io::read_all<std::int64_t>(edges, "neuron_j");
    truth.edge_kind = io::read_texts(edges, "kind");
    truth.edge_strength = io::read_all<double>(edges, "strength");
    require_equal({truth.neuron_id.size(), truth.group.size(), truth.movement_related.size()},
                  neurons_path, nwb_file);
    require_equal({truth.edge_i.size(), truth.edge_j.size(), truth.edge_kind.size(),
                   truth.edge_strength.size()},
                  edges_path, nwb_file);
    truth.has_population = io::is_group(file, population_path);
    if (truth.has_population) {
        const auto population = io::open_group(file, population_path);
        truth.population_i = io::read_all<std::int64_t>(population, "neuron_i");
        truth.population_j = io::read_all<std::int64_t>(population, "neuron_j");
        truth.population = io::read_all<double>(population, "partial_correlation");
        require_equal(
            {truth.population_i.size(), truth.population_j.size(), truth.population.size()},
            population_path, nwb_file);
    }
    if (io::is_group(file, recording_path))
        truth.of_recording = io::read_texts(io::open_group(file, recording_path), "disturbance");
    return truth;
}

} // namespace rewire::jobs
