#pragma once

#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace rewire::test {

/// The power iteration for the largest eigenvalue of a random symmetric positive matrix, as work in
/// lock-step: leaves are blocks of columns, the state is the vector.
struct PowerState
{
    std::vector<double> vector;
    double eigenvalue = 0;

    void pack(base::Packer& packer) const
    {
        packer.put_all(vector);
        packer.put(eigenvalue);
    }
    void unpack(base::Unpacker& unpacker)
    {
        vector = unpacker.get_all<double>();
        eigenvalue = unpacker.get<double>();
    }
};

class PowerIteration
{
  public:
    PowerIteration(std::int64_t size, std::int64_t leaves) : size_(size), leaves_(leaves)
    {
        auto stream = base::Stream(1, {base::key_of("matrix")});
        matrix_.resize(static_cast<std::size_t>(size * size));
        for (std::int64_t row = 0; row < size; ++row)
            for (std::int64_t column = 0; column <= row; ++column)
                at(row, column) = at(column, row) = stream.uniform();
    }

    PowerState begin() const
    {
        return {std::vector<double>(static_cast<std::size_t>(size_),
                                    1 / std::sqrt(static_cast<double>(size_)))};
    }

    /// x <- A x / |A x|; the loss is the relative change of the eigenvalue.
    runtime::Advanced advance(runtime::Step& step, PowerState& state,
                              const mpi::Communicator& comm) const
    {
        auto sum = mpi::TreeSum<double>(leaves_, state.vector.size());
        auto leaf_sum = std::vector<double>(state.vector.size());
        const auto mine = base::part_of(leaves_, comm.size(), comm.rank());
        for (auto leaf = mine.first; leaf < mine.last; ++leaf) {
            std::fill(leaf_sum.begin(), leaf_sum.end(), 0.0);
            const auto columns = base::part_of(size_, leaves_, leaf);
            for (auto column = columns.first; column < columns.last; ++column)
                for (std::int64_t row = 0; row < size_; ++row)
                    leaf_sum[static_cast<std::size_t>(row)] +=
                        matrix_[static_cast<std::size_t>(column * size_ + row)] *
                        state.vector[static_cast<std::size_t>(column)];
            sum.add(leaf, leaf_sum);
        }
        step.sum(sum, std::span<double>(state.vector));
        const auto norm = std::sqrt(std::inner_product(state.vector.begin(), state.vector.end(),
                                                       state.vector.begin(), 0.0));
        for (auto& value : state.vector)
            value /= norm;
        const auto change = std::abs(norm - state.eigenvalue) / norm;
        state.eigenvalue = norm;
        return {change, change == 0};
    }

    const std::vector<double>& matrix() const noexcept { return matrix_; }

  private:
    double& at(std::int64_t row, std::int64_t column)
    {
        return matrix_[static_cast<std::size_t>(column * size_ + row)];
    }

    std::int64_t size_;
    std::int64_t leaves_;
    std::vector<double> matrix_;
};

} // namespace rewire::test
