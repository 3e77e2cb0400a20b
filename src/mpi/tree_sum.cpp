#include "rewire/mpi/tree_sum.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/pack.hpp>
#include <rewire/mpi/agreement.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace rewire::mpi {

namespace {

constexpr auto tag = 23;
constexpr auto most_spare = std::size_t{8};

enum Verdict : std::uint8_t
{
    stop_wanted = 1,
    leaf_missing = 2,
};

} // namespace

template <typename T>
TreeSum<T>::TreeSum(std::int64_t leaves, std::size_t length) : leaves_(leaves), length_(length)
{
}

template <typename T>
std::int64_t TreeSum<T>::count_at(std::int64_t level) const
{
    return ((leaves_ - 1) >> level) + 1;
}

template <typename T>
void TreeSum<T>::push(Node node)
{
    nodes_.push_back(std::move(node));
    for (;;) {
        auto& last = nodes_.back();
        const auto count = count_at(last.level);
        if (count == 1)
            return;
        if (last.index % 2 == 0) {
            if (last.index != count - 1)
                return; // its neighbour is still to come
        } else {
            if (nodes_.size() < 2)
                return; // its neighbour is on another rank
            auto& left = nodes_[nodes_.size() - 2];
            if (left.level != last.level || left.index != last.index - 1)
                return;
            std::transform(left.values.begin(), left.values.end(), last.values.begin(),
                           left.values.begin(), std::plus<>());
            spare_.push_back(std::move(last.values));
            nodes_.pop_back();
        }
        auto& joined = nodes_.back();
        ++joined.level;
        joined.index /= 2;
    }
}

template <typename T>
std::vector<T> TreeSum<T>::spare_array()
{
    if (spare_.empty())
        return std::vector<T>(length_);
    auto values = std::move(spare_.back());
    spare_.pop_back();
    return values;
}

template <typename T>
void TreeSum<T>::add(std::int64_t leaf, std::span<const T> values)
{
    auto copy = spare_array();
    std::copy(values.begin(), values.end(), copy.begin());
    push({0, leaf, std::move(copy)});
}

template <typename T>
void TreeSum<T>::send_nodes(const Communicator& comm, int to, bool request) const
{
    auto packer = base::Packer{};
    packer.reserve(2 * sizeof(std::uint64_t) +
                   nodes_.size() * (3 * sizeof(std::uint64_t) + length_ * sizeof(T)));
    packer.put(request);
    packer.put(static_cast<std::uint64_t>(nodes_.size()));
    for (const auto& node : nodes_) {
        packer.put(node.level);
        packer.put(node.index);
        packer.put_all(node.values);
    }
    comm.send(packer.bytes(), to, tag);
}

template <typename T>
bool TreeSum<T>::receive_nodes(const Communicator& comm, int from)
{
    const auto bytes = comm.receive(from, tag);
    auto unpacker = base::Unpacker(bytes);
    const auto request = unpacker.get<bool>();
    const auto count = unpacker.get<std::uint64_t>();
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto level = unpacker.get<std::int64_t>();
        const auto index = unpacker.get<std::int64_t>();
        push({level, index, unpacker.get_all<T>()});
    }
    return request;
}

template <typename T>
bool TreeSum<T>::is_whole() const
{
    return nodes_.size() == 1 && nodes_[0].index == 0 && count_at(nodes_[0].level) == 1 &&
           nodes_[0].values.size() == length_;
}

template <typename T>
bool TreeSum<T>::reduce(const Communicator& comm, std::span<T> total, bool request)
{
    for (auto step = 1; step < comm.size(); step *= 2) {
        if (comm.rank() % (2 * step) == step) {
            send_nodes(comm, comm.rank() - step, request);
            break;
        }
        if (comm.rank() % (2 * step) == 0 && comm.rank() + step < comm.size())
            request = receive_nodes(comm, comm.rank() + step) || request;
    }
    // One message down: the total and the verdict.
    auto message = std::vector<std::byte>(length_ * sizeof(T) + 1);
    if (comm.is_root()) {
        const auto whole = is_whole();
        if (whole && length_ > 0)
            std::memcpy(message.data(), nodes_[0].values.data(), length_ * sizeof(T));
        message.back() =
            static_cast<std::byte>((request ? stop_wanted : 0) | (whole ? 0 : leaf_missing));
    }
    comm.broadcast_into(message, 0);
    for (auto& node : nodes_)
        spare_.push_back(std::move(node.values));
    nodes_.clear();
    spare_.resize(std::min(spare_.size(), most_spare)); // others' arrays came on top
    const auto verdict = std::to_integer<int>(message.back());
    if ((verdict & leaf_missing) != 0)
        throw_on_all(base::Error(base::ExitCode::bug,
                                 "a leaf of a sum over ranks is missing or was added twice", "",
                                 "please report this"));
    if (length_ > 0)
        std::memcpy(total.data(), message.data(), length_ * sizeof(T));
    return (verdict & stop_wanted) != 0;
}

template class TreeSum<float>;
template class TreeSum<double>;

} // namespace rewire::mpi
