#pragma once

#include <rewire/mpi/communicator.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::mpi {

/// A sum over ranks of arrays of floating-point numbers whose order of additions is fixed: a binary
/// tree over leaves that the caller names (blocks of rows, trials of a minibatch). At every level
/// neighbours 2i and 2i+1 are added, and one without a neighbour goes up as it is. So the bits
/// depend on the leaves alone: they are the same on any number of ranks.
///
/// Memory: an array for each of the log2(leaves) levels, at most. Messages: ceil(log2(ranks))
/// rounds of one array up (up to 2 log2(leaves / ranks) arrays where ranks hold no whole branches),
/// and the total down again. With `base::part_of(leaves, ranks, rank)` and powers of two a rank
/// holds a whole branch.
template <typename T> // float, double
class TreeSum
{
  public:
    /// @pre leaves > 0; both are the same on all ranks
    TreeSum(std::int64_t leaves, std::size_t length);

    /// Adds the values of a leaf. @pre values.size() == length, and this rank adds the leaves of
    /// one range in their order
    void add(std::int64_t leaf, std::span<const T> values);

    /// Collective. The sum of all leaves on all ranks; the object is empty again after it.
    /// @param request rides along: a rank's wish to stop
    /// @return whether any rank had one
    /// @throws Error on all ranks when a leaf is missing or was added twice
    bool reduce(const Communicator& comm, std::span<T> total, bool request = false);

  private:
    struct Node
    {
        std::int64_t level;
        std::int64_t index;
        std::vector<T> values;
    };

    std::int64_t count_at(std::int64_t level) const;
    void push(Node node);
    std::vector<T> spare_array();
    void send_nodes(const Communicator& comm, int to, bool request) const;
    bool receive_nodes(const Communicator& comm, int from);
    bool is_whole() const;

    std::int64_t leaves_;
    std::size_t length_;
    std::vector<Node> nodes_;           ///< by leaf, what is not yet joined
    std::vector<std::vector<T>> spare_; ///< arrays to be used again
};

} // namespace rewire::mpi
