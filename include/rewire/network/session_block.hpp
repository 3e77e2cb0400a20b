#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::network {

/// Edge weights [sessions, pairs of the block], the memory order of the result files.
using SessionBlock = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using SessionBlockView = Eigen::Ref<const SessionBlock, 0, Eigen::OuterStride<>>;

/// A block by the values that are not zero, pair by pair: 12 bytes each, so that of thresholded
/// edges, about 5 % of all, a thirteenth of the memory is needed, and both the Gram matrix and the
/// loadings take a single pass over the dense values. Without any zeros it takes half as much
/// memory again as the dense block.
class SparseSessionBlock
{
  public:
    /// @throws NumericalError: a value is not finite
    explicit SparseSessionBlock(const SessionBlockView& block);

    Eigen::Index rows() const noexcept { return sessions_; }
    Eigen::Index cols() const noexcept { return static_cast<Eigen::Index>(first_.size()) - 1; }

    /// Values of one pair that are not zero and their sessions, ascending.
    struct Column
    {
        std::span<const std::int32_t> session;
        std::span<const double> value;
    };
    Column column(Eigen::Index pair) const noexcept
    {
        const auto first = first_[static_cast<std::size_t>(pair)];
        const auto count = first_[static_cast<std::size_t>(pair) + 1] - first;
        return {std::span(session_).subspan(first, count), std::span(value_).subspan(first, count)};
    }

  private:
    class Strip;

    Eigen::Index sessions_;
    std::vector<std::size_t> first_{0}; ///< [pair + 1]
    std::vector<std::int32_t> session_;
    std::vector<double> value_;
};

} // namespace rewire::network
