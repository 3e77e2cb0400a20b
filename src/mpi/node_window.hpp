#pragma once

#include <rewire/mpi/communicator.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rewire::mpi {

/// Memory that the ranks of a node share, with all its pages. Collective over the node. @return
/// false on all of them where there is no room for it, or the system refuses it
bool allocate_node_window(const Communicator& node, std::int64_t wanted, MPI_Win& window,
                          std::byte*& base);

/// What was written into `base` at one place reaches all others: items from offset[i] to offset[i +
/// 1], each written by the rank `owner`. Between nodes their first ranks pass them on, all ranks
/// where no window is shared. Collective.
void pass_on_between_nodes(const Communicator& comm, const Communicator& node, MPI_Win window,
                           std::byte* base, const std::vector<std::int64_t>& offset,
                           const std::vector<std::int64_t>& owner);

} // namespace rewire::mpi
