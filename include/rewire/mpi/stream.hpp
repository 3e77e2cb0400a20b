#pragma once

#include <rewire/mpi/communicator.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace rewire::mpi {

/// Collective: hands messages of all ranks to rank 0 while they are made, in no particular order.
/// Rank 0 makes its own when none of the others waits. A rank has at most four messages on their
/// way, so that what is made faster than it is taken does not pile up.
///
/// @param next makes the next message of this rank; nothing: there are no more
/// @param take on rank 0: is handed every message
/// @throws Error on all ranks, when all have ended: what `next` or `take` threw
void stream_to_root(const Communicator& comm,
                    const std::function<std::optional<std::vector<std::byte>>()>& next,
                    const std::function<void(std::span<const std::byte>)>& take);

} // namespace rewire::mpi
