#include "change_top_edges.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/base/packed.hpp>

#include <algorithm>
#include <map>

namespace rewire::jobs {

namespace {

using base::nan;

/// Top pairs of the loadings of the first halves, and their values in the second ones.
struct TopOfUnit
{
    std::vector<network::TopPairs> top;                 ///< [component]
    std::map<std::int64_t, std::vector<double>> second; ///< pair -> [session of the plane]

    void pack(base::Packer& packer) const
    {
        packer.put(static_cast<std::int64_t>(top.size()));
        for (const auto& pairs : top) {
            packer.put_all(pairs.positive);
            packer.put_all(pairs.negative);
        }
        packer.put(static_cast<std::int64_t>(second.size()));
        for (const auto& [pair, values] : second) {
            packer.put(pair);
            packer.put_all(values);
        }
    }
    void unpack(base::Unpacker& unpacker)
    {
        top.resize(static_cast<std::size_t>(unpacker.get<std::int64_t>()));
        for (auto& pairs : top) {
            pairs.positive = unpacker.get_all<network::Extreme>();
            pairs.negative = unpacker.get_all<network::Extreme>();
        }
        for (auto left = unpacker.get<std::int64_t>(); left > 0; --left) {
            const auto pair = unpacker.get<std::int64_t>();
            second[pair] = unpacker.get_all<double>();
        }
    }
};

void add_top(TopOfUnit& result, const HalfBlock& block, std::int64_t first_pair,
             const std::vector<std::int64_t>& places, const Eigen::MatrixXd& weight,
             std::int64_t count)
{
    Eigen::MatrixXd loading = Eigen::MatrixXd::Zero(block.a.cols(), weight.cols());
    for (std::size_t s = 0; s < places.size(); ++s)
        loading += block.a.row(places[s]).transpose() * weight.row(static_cast<Eigen::Index>(s));
    result.top.resize(static_cast<std::size_t>(weight.cols()));
    for (Eigen::Index c = 0; c < weight.cols(); ++c) {
        const auto found = network::top_of(
            {loading.col(c).data(), static_cast<std::size_t>(loading.rows())}, first_pair, count);
        for (const auto* list : {&found.positive, &found.negative})
            for (const auto& pair : *list) {
                auto& values = result.second[pair.pair];
                values.clear();
                for (const auto place : places)
                    values.push_back(block.b(place, pair.pair - first_pair));
            }
        auto& top = result.top[static_cast<std::size_t>(c)];
        top = network::merged(top, found, count);
    }
}

CrossTopEdges means_of(const TopOfUnit& found, bool positive,
                       const std::vector<std::int64_t>& sessions, std::size_t all_sessions)
{
    auto means = CrossTopEdges{};
    for (const auto& top : found.top) {
        const auto& list = positive ? top.positive : top.negative;
        means.count.push_back(static_cast<std::int64_t>(list.size()));
        auto mean = std::vector<double>(all_sessions, nan);
        for (std::size_t s = 0; s < sessions.size() && !list.empty(); ++s) {
            auto sum = 0.0;
            for (const auto& pair : list)
                sum += found.second.at(pair.pair)[s];
            mean[static_cast<std::size_t>(sessions[s])] = sum / static_cast<double>(list.size());
        }
        means.mean.insert(means.mean.end(), mean.begin(), mean.end());
    }
    return means;
}

/// What all ranks have to know of a plane to find its top edges.
struct SharedPlane
{
    std::vector<std::int64_t> sessions;
    std::vector<double> weight; ///< [session, component] column major
};

std::vector<SharedPlane> shared_planes(const mpi::Communicator& comm,
                                       const std::vector<SubjectChange>& changes, std::size_t count)
{
    auto packer = base::Packer{};
    for (const auto& change : changes) {
        packer.put_all(change.sessions);
        packer.put_all(std::vector<double>(
            change.plane.weight.data(), change.plane.weight.data() + change.plane.weight.size()));
    }
    const auto bytes = comm.broadcast(packer.take(), 0);
    auto unpacker = base::Unpacker(bytes);
    auto planes = std::vector<SharedPlane>(count);
    for (auto& plane : planes) {
        plane.sessions = unpacker.get_all<std::int64_t>();
        plane.weight = unpacker.get_all<double>();
    }
    return planes;
}

} // namespace

void find_cross_top_edges(runtime::RunContext& context, const io::Handle& connectome,
                          const std::vector<SubjectConnectomes>& subjects,
                          const HalvesOfSubjects& sessions, std::int64_t count,
                          std::vector<SubjectChange>& changes)
{
    const auto planes = shared_planes(context.comm(), changes, subjects.size());
    auto units = change_units_of(subjects, sessions, 1);
    std::erase_if(units,
                  [&](const ChangeUnit& unit) { return planes[unit.subject].weight.empty(); });
    auto found = std::vector<TopOfUnit>(subjects.size());
    context.each_unit_to_root<TopOfUnit>(
        "top halves", change_costs_of(units, sessions),
        [&](std::int64_t index, const runtime::Tick& tick) -> std::optional<TopOfUnit> {
            const auto& unit = units[static_cast<std::size_t>(index)];
            const auto& plane = planes[unit.subject];
            const auto& of_subject = sessions[unit.subject].front();
            const Eigen::MatrixXd weight = Eigen::Map<const Eigen::MatrixXd>(
                plane.weight.data(), static_cast<Eigen::Index>(plane.sessions.size()),
                plane_components);
            const auto places = places_among(of_subject, plane.sessions);
            auto result = TopOfUnit{};
            const auto done =
                each_half_block(connectome, subjects[unit.subject], of_subject, unit.pairs, false,
                                tick, [&](const HalfBlock& block, std::int64_t first_pair) {
                                    add_top(result, block, first_pair, places, weight, count);
                                });
            return done ? std::optional(std::move(result)) : std::nullopt;
        },
        [&](std::int64_t index, TopOfUnit&& result) {
            auto& all = found[units[static_cast<std::size_t>(index)].subject];
            all.top.resize(result.top.size());
            for (std::size_t c = 0; c < result.top.size(); ++c)
                all.top[c] = network::merged(all.top[c], result.top[c], count);
            all.second.merge(result.second);
        });
    for (std::size_t subject = 0; subject < changes.size(); ++subject) {
        auto& change = changes[subject];
        const auto all_sessions = subjects[subject].sessions.size();
        change.positive = means_of(found[subject], true, change.sessions, all_sessions);
        change.negative = means_of(found[subject], false, change.sessions, all_sessions);
    }
}

} // namespace rewire::jobs
