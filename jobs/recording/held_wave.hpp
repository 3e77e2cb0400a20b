#pragma once

#include "jobs/frame/session_job.hpp"

#include <rewire/mpi/shared_array.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace rewire::jobs {

/// The sessions of a wave, read by one rank each: what all ranks know of a session (its head, in
/// bytes), and its values, which are held once a node.
template <typename Value>
class HeldWave
{
  public:
    /// Collective. `read(session, values)` appends the values of a session and returns its head.
    template <typename Read>
    HeldWave(runtime::RunContext& context, const Wave& wave, Read read)
    {
        const auto& comm = context.comm();
        auto values = std::vector<std::vector<Value>>(wave.size());
        auto heads = std::vector<std::vector<std::byte>>(wave.size());
        const auto each_own = [&](auto visit) {
            for (auto position = static_cast<std::size_t>(comm.rank()); position < wave.size();
                 position += static_cast<std::size_t>(comm.size()))
                visit(position);
        };
        context.collective("read", [&] {
            each_own([&](std::size_t position) {
                heads[position] = read(wave.session(position), values[position]);
            });
        });
        const auto pieces = [&](const auto& of) {
            auto result = std::vector<mpi::SharedPiece>{};
            each_own([&](std::size_t position) {
                result.push_back(
                    {static_cast<std::int64_t>(position), std::as_bytes(std::span(of[position]))});
            });
            return result;
        };
        const auto items = static_cast<std::int64_t>(wave.size());
        heads_ = std::make_unique<mpi::NodeShared>(comm, items, pieces(heads));
        values_ = std::make_unique<mpi::NodeShared>(comm, items, pieces(values));
    }

    /// @param position in the wave
    std::span<const std::byte> head(std::size_t position) const
    {
        return heads_->bytes_of(static_cast<std::int64_t>(position));
    }
    std::span<const Value> values(std::size_t position) const
    {
        const auto bytes = values_->bytes_of(static_cast<std::int64_t>(position));
        return {reinterpret_cast<const Value*>(bytes.data()), bytes.size() / sizeof(Value)};
    }

  private:
    std::unique_ptr<mpi::NodeShared> heads_;
    std::unique_ptr<mpi::NodeShared> values_;
};

} // namespace rewire::jobs
