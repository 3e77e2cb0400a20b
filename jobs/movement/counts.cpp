#include "counts.hpp"

#include "jobs/activity/estimate.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <span>

namespace rewire::jobs {

std::vector<MovementUnit> units_of(const io::Study& study, const std::vector<std::size_t>& sessions,
                                   const MovementSettings& settings)
{
    auto units = std::vector<MovementUnit>{};
    for (std::size_t position = 0; position < sessions.size(); ++position) {
        const auto& activity = *study.sessions[sessions[position]].record.activity;
        if (settings.dff)
            for (const auto& neurons : neuron_blocks(activity))
                units.push_back({position, neurons, {0, settings.shuffles}});
        else
            for (const auto& shuffles : base::blocks_of(settings.shuffles, unit_shuffles))
                units.push_back({position, {0, activity.neurons}, shuffles});
    }
    return units;
}

double unit_seconds(const MovementUnit& unit, const io::ActivityInfo& activity,
                    const MovementRates& rates)
{
    constexpr auto expected_edges = 200.0;
    return static_cast<double>(unit.neurons.size()) * static_cast<double>(unit.shuffles.size()) *
               expected_edges / rates.sums_per_s +
           static_cast<double>(unit.neurons.size() * activity.frames) * 0.5e-9 + 1e-3;
}

MovementCounts::MovementCounts(const std::vector<std::int64_t>& neurons) : sessions_(neurons.size())
{
    for (std::size_t i = 0; i < neurons.size(); ++i) {
        const auto n = static_cast<std::size_t>(neurons[i]);
        sessions_[i] = {std::vector<std::int32_t>(n), std::vector<std::int32_t>(n),
                        std::vector<double>(n), std::vector<std::uint8_t>(n)};
    }
}

void MovementCounts::add(std::size_t position, base::Range neurons,
                         const behaviour::ShuffleCounts& counts)
{
    auto& session = sessions_[position];
    for (auto neuron = neurons.first; neuron < neurons.last; ++neuron) {
        const auto from = static_cast<std::size_t>(neuron - neurons.first);
        session.less[static_cast<std::size_t>(neuron)] += counts.less[from];
        session.equal[static_cast<std::size_t>(neuron)] += counts.equal[from];
    }
}

void MovementCounts::set_activity(std::size_t position, base::Range neurons,
                                  const behaviour::MovementActivity& activity)
{
    auto& session = sessions_[position];
    std::copy(activity.mean.begin(), activity.mean.end(), session.mean.begin() + neurons.first);
    std::copy(activity.finite.begin(), activity.finite.end(),
              session.finite.begin() + neurons.first);
}

void MovementCounts::pack(base::Packer& packer) const
{
    for (const auto& session : sessions_) {
        packer.put_all(session.less);
        packer.put_all(session.equal);
        packer.put_all(session.mean);
        packer.put_all(session.finite);
    }
}

void MovementCounts::merge(base::Unpacker& unpacker)
{
    const auto add_all = [](auto& sum, const auto& part) {
        std::transform(sum.begin(), sum.end(), part.begin(), sum.begin(), std::plus<>());
    };
    for (auto& session : sessions_) {
        add_all(session.less, unpacker.get_all<std::int32_t>());
        add_all(session.equal, unpacker.get_all<std::int32_t>());
        // Every neuron's mean comes from one unit, so adding keeps it; elsewhere there is 0.
        add_all(session.mean, unpacker.get_all<double>());
        add_all(session.finite, unpacker.get_all<std::uint8_t>());
    }
}

void MovementCounts::sum_to_root(const mpi::Communicator& comm)
{
    for (auto& mine : sessions_) {
        comm.sum_to(0, std::span<std::int32_t>(mine.less));
        comm.sum_to(0, std::span<std::int32_t>(mine.equal));
        // One rank has a neuron's mean and its flag, all others 0: adding the bits keeps NaN
        // and sign.
        auto bits = std::vector<std::int64_t>(mine.mean.size() + mine.finite.size());
        for (std::size_t i = 0; i < mine.mean.size(); ++i) {
            bits[i] = std::bit_cast<std::int64_t>(mine.mean[i]);
            bits[mine.mean.size() + i] = mine.finite[i];
        }
        comm.sum_to(0, std::span<std::int64_t>(bits));
        for (std::size_t i = 0; i < mine.mean.size(); ++i) {
            mine.mean[i] = std::bit_cast<double>(bits[i]);
            mine.finite[i] = static_cast<std::uint8_t>(bits[mine.mean.size() + i]);
        }
    }
}

} // namespace rewire::jobs
