#include "rewire/runtime/plan.hpp"

#include <rewire/base/memory.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace rewire::runtime {

namespace {

/// From the launcher to the first unit of work, and from the last to the end.
constexpr auto start_s = 0.5;

double environment_megabytes(const char* name)
{
    const auto* text = std::getenv(name);
    const auto value = text == nullptr ? 0.0 : std::strtod(text, nullptr);
    return value > 0 ? value * 1024 * 1024 : std::numeric_limits<double>::infinity();
}

} // namespace

void Estimate::add_phase(const std::string& name, double seconds, std::int64_t units,
                         double longest_s)
{
    if (units > 0)
        phases.push_back({name, seconds, units, longest_s, 0, 0});
}

void Estimate::add_steps(const std::string& name, std::int64_t steps, double step_s,
                         std::int64_t leaves, double bytes_per_step)
{
    if (steps > 0)
        phases.push_back({.name = name,
                          .seconds = step_s * static_cast<double>(steps),
                          .units = leaves,
                          .longest_s = 0,
                          .steps = steps,
                          .bytes_per_step = bytes_per_step});
}

double seconds_to_sum(double bytes, std::int64_t ranks)
{
    constexpr auto round_s = 20e-6;
    constexpr auto bytes_per_s = 1e9;
    const auto rounds = 2 * std::ceil(std::log2(static_cast<double>(ranks)));
    return rounds * (round_s + bytes / bytes_per_s);
}

double Estimate::core_seconds() const
{
    auto sum = 0.0;
    for (const auto& phase : phases)
        sum += phase.seconds;
    return sum;
}

double Estimate::seconds_on(std::int64_t ranks) const
{
    auto sum = 0.0;
    for (const auto& phase : phases) {
        if (phase.steps == 0) {
            sum += std::max(phase.seconds / static_cast<double>(std::min(ranks, phase.units)),
                            phase.longest_s);
            continue;
        }
        // The slowest rank of a step has the most leaves.
        const auto leaves = static_cast<double>((phase.units + ranks - 1) / ranks);
        sum += phase.seconds * leaves / static_cast<double>(phase.units) +
               static_cast<double>(phase.steps) * seconds_to_sum(phase.bytes_per_step, ranks);
    }
    return sum;
}

double Estimate::bytes_on_node(std::int64_t ranks_on_node, std::int64_t copies) const
{
    const auto ranks = static_cast<double>(ranks_on_node);
    return std::max(rank_bytes * ranks + node_bytes * static_cast<double>(copies),
                    early_rank_bytes * ranks);
}

std::int64_t Estimate::most_units() const
{
    auto most = std::int64_t{0};
    for (const auto& phase : phases)
        most = std::max(most, phase.units);
    return most;
}

Estimate most_of(const std::vector<Estimate>& estimates)
{
    auto most = Estimate{};
    for (const auto& estimate : estimates) {
        most.rank_bytes = std::max(most.rank_bytes, estimate.rank_bytes);
        most.early_rank_bytes = std::max(most.early_rank_bytes, estimate.early_rank_bytes);
        most.node_bytes = std::max(most.node_bytes, estimate.node_bytes);
        most.spread_bytes = std::max(most.spread_bytes, estimate.spread_bytes);
        most.result_bytes = std::max(most.result_bytes, estimate.result_bytes);
        most.checkpoint_bytes = std::max(most.checkpoint_bytes, estimate.checkpoint_bytes);
        for (const auto& phase : estimate.phases) {
            const auto known =
                std::find_if(most.phases.begin(), most.phases.end(),
                             [&](const auto& other) { return other.name == phase.name; });
            if (known == most.phases.end()) {
                most.phases.push_back(phase);
                continue;
            }
            known->seconds = std::max(known->seconds, phase.seconds);
            known->units = std::min(known->units, phase.units); // fewer share the work
            known->longest_s = std::max(known->longest_s, phase.longest_s);
            known->steps = std::max(known->steps, phase.steps);
            known->bytes_per_step = std::max(known->bytes_per_step, phase.bytes_per_step);
        }
        for (const auto& note : estimate.notes)
            if (std::find(most.notes.begin(), most.notes.end(), note) == most.notes.end())
                most.notes.push_back(note);
    }
    return most;
}

double usable_node_bytes(std::int64_t ranks_on_node)
{
    const auto ranks = static_cast<double>(ranks_on_node);
    auto usable = base::free_memory_bytes();
    usable = std::min(usable, environment_megabytes("SLURM_MEM_PER_NODE"));
    usable = std::min(usable, environment_megabytes("SLURM_MEM_PER_CPU") * ranks);
    usable = std::min(usable, address_space_left() * ranks);
    return std::max(usable, 0.0);
}

std::int64_t seconds_to_stop(double checkpoint_bytes, std::int64_t limit_minutes)
{
    constexpr auto block_s = 60.0;
    constexpr auto saved_per_s = 100e6;
    const auto wanted =
        static_cast<std::int64_t>(std::ceil(block_s + checkpoint_bytes / saved_per_s));
    return std::min(wanted, limit_minutes * 60 / 4);
}

std::string describe_plan(const std::string& job, const Estimate& estimate, std::int64_t ranks,
                          std::int64_t ranks_per_node, const std::string& command)
{
    const auto seconds = start_s + estimate.seconds_on(ranks);
    const auto shared = estimate.node_bytes / static_cast<double>(ranks_per_node);
    const auto rank_bytes =
        estimate.bytes_on_node(ranks_per_node) / static_cast<double>(ranks_per_node) +
        estimate.spread_bytes / static_cast<double>(ranks);
    // A margin for the file cache of HDF5 and MPI's buffers, and half as much time again: clusters
    // are busy.
    const auto megabytes = static_cast<std::int64_t>(std::ceil(rank_bytes * 1.25 / 1e6 / 50) * 50);
    const auto minutes = static_cast<std::int64_t>(std::ceil(std::max(seconds * 1.5 / 60, 5.0)));

    auto out = fmt::format(
        "Plan for `rewire {}` on {} ranks, {} a node (predicted from the sizes of the data)\n\n",
        job, ranks, ranks_per_node);
    out += fmt::format("  memory a rank     {:>10}   of which its part of what a node shares: {}\n",
                       base::human_bytes(rank_bytes), base::human_bytes(shared));
    out += fmt::format("  work              {:>10}   core hours\n",
                       fmt::format("{:.2f}", estimate.core_seconds() / 3600));
    out += fmt::format("  time              {:>10}   about\n", base::human_seconds(seconds));
    out += fmt::format("  work units        {:>10}   {}\n", estimate.most_units(),
                       estimate.most_units() < ranks ? "fewer than ranks: some will be idle"
                                                     : "handed out as ranks become free");
    out += fmt::format("  result            {:>10}\n", base::human_bytes(estimate.result_bytes));
    out += fmt::format("  checkpoint        {:>10}   on disk while it runs\n",
                       base::human_bytes(estimate.checkpoint_bytes));
    for (const auto& phase : estimate.phases)
        out += fmt::format(
            "  {:<17} {:>10}   core seconds in {}\n", phase.name,
            fmt::format("{:.1f}", phase.seconds),
            phase.steps > 0
                ? fmt::format("{} steps of {} parts; {} summed over ranks a step", phase.steps,
                              phase.units, base::human_bytes(phase.bytes_per_step))
                : fmt::format("{} unit{}", phase.units, phase.units == 1 ? "" : "s"));
    for (const auto& note : estimate.notes)
        out += "  note: " + note + "\n";
    out += fmt::format(
        "\n#SBATCH --job-name=rewire-{}\n#SBATCH --ntasks={}\n#SBATCH --ntasks-per-node={}\n"
        "#SBATCH --cpus-per-task=1\n#SBATCH --mem-per-cpu={}M\n#SBATCH --time={:02}:{:02}:00\n"
        "#SBATCH --signal=USR1@{}\n#SBATCH --requeue\n\nsrun {}\n",
        job, ranks, ranks_per_node, megabytes, minutes / 60, minutes % 60,
        seconds_to_stop(estimate.checkpoint_bytes, minutes), command);
    return out;
}

} // namespace rewire::runtime
