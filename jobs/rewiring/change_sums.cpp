#include "change_sums.hpp"

#include <rewire/network/movement_fraction.hpp>

namespace rewire::jobs {

namespace {

template <typename Values>
void put(base::Packer& packer, const Values& values)
{
    packer.put(static_cast<std::int64_t>(values.rows()));
    packer.put(static_cast<std::int64_t>(values.cols()));
    packer.put_all(std::span<const double>(values.data(), static_cast<std::size_t>(values.size())));
}

template <typename Values>
void get(base::Unpacker& unpacker, Values& values)
{
    const auto rows = unpacker.get<std::int64_t>();
    const auto columns = unpacker.get<std::int64_t>();
    const auto all = unpacker.get_all<double>();
    values = Eigen::Map<const Values>(all.data(), rows, columns);
}

void each_matrix(auto& sums, auto matrix)
{
    matrix(sums.sum_a), matrix(sums.sum_b), matrix(sums.square_a), matrix(sums.square_b),
        matrix(sums.cross);
}

void put_sums(base::Packer& packer, const network::HalfSums& sums)
{
    packer.put(sums.pairs);
    each_matrix(sums, [&](const auto& values) { put(packer, values); });
}

void get_sums(base::Unpacker& unpacker, network::HalfSums& sums)
{
    sums.pairs = unpacker.get<std::int64_t>();
    each_matrix(sums, [&](auto& values) { get(unpacker, values); });
}

} // namespace

ChangeSums::ChangeSums(Eigen::Index sessions, std::int64_t neurons) : all(sessions)
{
    if (sessions <= most_sessions_of_neurons)
        neuron.assign(static_cast<std::size_t>(neurons), network::HalfSums(sessions));
}

void ChangeSums::add(const HalfBlock& block, std::int64_t first_pair, std::int64_t neurons,
                     bool with_plane)
{
    all += network::half_sums(block.a, block.b);
    if (with_plane)
        plane += {block.a * block.a.transpose(), block.b * block.a.transpose(),
                  block.jackknife.size() == 0 ? Eigen::MatrixXd()
                                              : block.jackknife * block.a.transpose()};
    if (neuron.empty())
        return;
    const Eigen::MatrixXd a = block.a; // by pair
    const Eigen::MatrixXd b = block.b;
    for (Eigen::Index pair = 0; pair < a.cols(); ++pair) {
        const auto ends = network::ends_of(first_pair + pair, neurons);
        for (const auto end : {ends.first, ends.second})
            neuron[static_cast<std::size_t>(end)].add_pair(a.col(pair), b.col(pair));
    }
}

ChangeSums& ChangeSums::operator+=(const ChangeSums& more)
{
    if (all.cross.size() == 0) {
        *this = more;
        return *this;
    }
    all += more.all;
    for (std::size_t n = 0; n < neuron.size(); ++n)
        neuron[n] += more.neuron[n];
    if (more.plane.first.size() > 0)
        plane += more.plane;
    return *this;
}

void ChangeSums::pack(base::Packer& packer) const
{
    put_sums(packer, all);
    packer.put(static_cast<std::int64_t>(neuron.size()));
    for (const auto& sums : neuron)
        put_sums(packer, sums);
    put(packer, plane.first);
    put(packer, plane.cross);
    put(packer, plane.jackknife);
}

void ChangeSums::unpack(base::Unpacker& unpacker)
{
    get_sums(unpacker, all);
    neuron.resize(static_cast<std::size_t>(unpacker.get<std::int64_t>()));
    for (auto& sums : neuron)
        get_sums(unpacker, sums);
    get(unpacker, plane.first);
    get(unpacker, plane.cross);
    get(unpacker, plane.jackknife);
}

} // namespace rewire::jobs
