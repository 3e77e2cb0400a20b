#include "truth.hpp"

#include <rewire/base/partition.hpp>

#include <algorithm>
#include <map>
#include <string>

namespace rewire::jobs {

namespace {

constexpr auto most_steps = 3;

/// ROI ids joined by planted edges that are there.
using Neighbours = std::map<std::int64_t, std::vector<std::int64_t>>;

Neighbours neighbours_of(const Truth& truth)
{
    auto neighbours = Neighbours{};
    for (std::size_t edge = 0; edge < truth.edge_i.size(); ++edge) {
        if (truth.edge_strength[edge] <= 0)
            continue;
        neighbours[truth.edge_i[edge]].push_back(truth.edge_j[edge]);
        neighbours[truth.edge_j[edge]].push_back(truth.edge_i[edge]);
    }
    return neighbours;
}

/// Steps from one neuron to all within reach.
std::map<std::int64_t, int> steps_from(std::int64_t start, const Neighbours& neighbours)
{
    auto steps = std::map<std::int64_t, int>{{start, 0}};
    auto front = std::vector<std::int64_t>{start};
    for (auto step = 1; step <= most_steps; ++step) {
        auto next = std::vector<std::int64_t>{};
        for (const auto neuron : front)
            if (const auto joined = neighbours.find(neuron); joined != neighbours.end())
                for (const auto other : joined->second)
                    if (steps.try_emplace(other, step).second)
                        next.push_back(other);
        front = std::move(next);
    }
    return steps;
}

/// Where the ROIs of the truth are among the neurons of the session.
class Places
{
  public:
    explicit Places(const std::vector<std::string>& neuron_id)
        : neurons_(static_cast<std::int64_t>(neuron_id.size()))
    {
        for (std::size_t n = 0; n < neuron_id.size(); ++n)
            place_[neuron_id[n]] = static_cast<std::int64_t>(n);
    }

    std::int64_t neurons() const { return neurons_; }
    std::optional<std::int64_t> of(std::int64_t roi) const
    {
        const auto found = place_.find(std::to_string(roi));
        return found == place_.end() ? std::nullopt : std::optional(found->second);
    }
    std::optional<std::size_t> pair(std::int64_t roi, std::int64_t other) const
    {
        const auto a = of(roi);
        const auto b = of(other);
        if (!a || !b || *a == *b)
            return std::nullopt;
        return static_cast<std::size_t>(
            base::pair_index(std::min(*a, *b), std::max(*a, *b), neurons_));
    }

  private:
    std::int64_t neurons_;
    std::map<std::string, std::int64_t> place_;
};

} // namespace

ConnectomeTruth truth_of_pairs(const Truth& truth, const std::vector<std::string>& neuron_id)
{
    const auto places = Places(neuron_id);
    const auto pairs = static_cast<std::size_t>(base::pair_count(places.neurons()));
    auto result = ConnectomeTruth{std::vector<double>(pairs, 0.0),
                                  std::vector<double>(pairs, 0.0),
                                  std::vector<std::uint8_t>(pairs, 0),
                                  std::vector<std::uint8_t>(neuron_id.size(), 0),
                                  {}};
    for (const auto& disturbance : truth.of_recording)
        result.of_recording += (result.of_recording.empty() ? "" : ", ") + disturbance;
    for (std::size_t edge = 0; edge < truth.edge_i.size(); ++edge)
        if (const auto pair = places.pair(truth.edge_i[edge], truth.edge_j[edge]))
            result.planted_strength[*pair] = truth.edge_strength[edge];
    for (std::size_t k = 0; k < truth.population.size(); ++k)
        if (const auto pair = places.pair(truth.population_i[k], truth.population_j[k]))
            result.population[*pair] = truth.population[k];
    const auto neighbours = neighbours_of(truth);
    for (const auto roi : truth.neuron_id)
        for (const auto& [other, steps] : steps_from(roi, neighbours))
            if (const auto pair = places.pair(roi, other))
                result.steps[*pair] = static_cast<std::uint8_t>(steps);
    for (std::size_t n = 0; n < truth.neuron_id.size(); ++n)
        if (const auto place = places.of(truth.neuron_id[n]))
            result.moving[static_cast<std::size_t>(*place)] = truth.movement_related[n];
    return result;
}

int population_sign(const ConnectomeTruth& truth, std::size_t pair)
{
    const auto value = truth.population[pair];
    return value >= population_edge ? 1 : value <= -population_edge ? -1 : 0;
}

void write_truth(const io::Handle& group, const ConnectomeTruth& truth)
{
    io::write_array(group, "planted_strength", truth.planted_strength, {"pair"}, "1",
                    "share of events that the simulation made common; 0: not planted");
    io::write_array(group, "population_partial_correlation", truth.population, {"pair"}, "1",
                    "partial correlation that a session without end would show; 0: below 0.005");
    io::write_array(group, "planted_steps", truth.steps, {"pair"}, "",
                    "steps along planted connections, 0 for more than three");
    io::write_array(group, "planted_movement_related", truth.moving, {"neuron_id"}, "",
                    "1: simulated to be more active in movement");
    if (!truth.of_recording.empty())
        io::write_text_attribute(group, of_recording_name, truth.of_recording);
}

std::optional<ConnectomeTruth> read_truth_of_pairs(const io::Handle& group)
{
    if (!io::exists(group, "planted_strength"))
        return std::nullopt;
    return ConnectomeTruth{io::read_all<double>(group, "planted_strength"),
                           io::read_all<double>(group, "population_partial_correlation"),
                           io::read_all<std::uint8_t>(group, "planted_steps"),
                           io::read_all<std::uint8_t>(group, "planted_movement_related"),
                           io::text_attribute_or_empty(group, of_recording_name)};
}

std::vector<PairClass> classes_of(const ConnectomeTruth& truth, std::int64_t neurons)
{
    auto classes = std::vector<PairClass>{};
    classes.reserve(truth.steps.size());
    auto pair = std::size_t{0};
    for (std::int64_t i = 0; i < neurons; ++i)
        for (auto j = i + 1; j < neurons; ++j, ++pair) {
            const auto steps = truth.steps[pair];
            const auto moving = truth.moving[static_cast<std::size_t>(i)] != 0 &&
                                truth.moving[static_cast<std::size_t>(j)] != 0;
            classes.push_back(steps == 1   ? PairClass::planted
                              : steps == 2 ? PairClass::two_steps
                              : steps == 3 ? PairClass::three_steps
                              : moving     ? PairClass::both_moving
                                           : PairClass::unrelated);
        }
    return classes;
}

} // namespace rewire::jobs
