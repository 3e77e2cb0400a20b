#include "rewire/network/session_block.hpp"

#include <rewire/base/error.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

namespace rewire::network {

namespace {

/// Writes the positions of the values that are not zero (NaN is not) to `position`, with room for
/// all; returns how many. Without a branch: where one value in twenty counts, each would be
/// mispredicted. `next` is what will be looked at after this: rows lie too far apart for the
/// processor to guess.
std::int32_t find_nonzeros(const double* values, std::int32_t count, const double* next,
                           std::int32_t* position) noexcept
{
    constexpr auto line = std::int32_t{8}; // values
    auto n = std::int32_t{0};
    const auto look_at = [&](std::int32_t k) {
        position[n] = k;
        n += (std::bit_cast<std::uint64_t>(values[k]) << 1U) != 0; // without the sign: -0 is 0
    };
    auto k = std::int32_t{0};
    for (; k + line <= count; k += line) {
        __builtin_prefetch(next + k);
        for (std::int32_t l = 0; l < line; ++l)
            look_at(k + l);
    }
    for (; k < count; ++k)
        look_at(k);
    return n;
}

/// Pairs are processed in strips, so that what is being sorted stays in the cache.
Eigen::Index strip_width(Eigen::Index sessions)
{
    constexpr auto strip_bytes = Eigen::Index{2} << 20;
    return std::max<Eigen::Index>(64, strip_bytes / (8 * std::max<Eigen::Index>(1, sessions)));
}

} // namespace

/// The values of some pairs by session, as they are found, and their number by pair.
class SparseSessionBlock::Strip
{
  public:
    void read(const SessionBlockView& strip)
    {
        const auto columns = static_cast<std::size_t>(strip.cols());
        found_.resize(columns);
        count_.assign(columns, 0);
        pair_.clear();
        value_.clear();
        row_end_.clear();
        const auto stride = strip.outerStride();
        for (Eigen::Index i = 0; i < strip.rows(); ++i) {
            const auto* const row = strip.data() + i * stride;
            const auto* const next = i + 1 < strip.rows() ? row + stride : row;
            const auto n =
                find_nonzeros(row, static_cast<std::int32_t>(columns), next, found_.data());
            take(row, std::span(found_).first(static_cast<std::size_t>(n)));
        }
    }

    /// Appends the strip, sorted by pair.
    void append_to(SparseSessionBlock& block)
    {
        next_.clear();
        for (const auto count : count_) {
            next_.push_back(block.first_.back());
            block.first_.push_back(block.first_.back() + count);
        }
        block.session_.resize(block.first_.back());
        block.value_.resize(block.first_.back());
        auto k = std::size_t{0};
        for (std::size_t i = 0; i < row_end_.size(); ++i)
            for (; k < row_end_[i]; ++k) {
                const auto place = next_[static_cast<std::size_t>(pair_[k])]++;
                block.session_[place] = static_cast<std::int32_t>(i);
                block.value_[place] = value_[k];
            }
    }

  private:
    void take(const double* row, std::span<const std::int32_t> positions)
    {
        pair_.insert(pair_.end(), positions.begin(), positions.end());
        auto k = value_.size();
        value_.resize(pair_.size());
        auto finite = true;
        for (const auto j : positions) {
            const auto value = row[j];
            finite &= std::isfinite(value);
            value_[k++] = value;
            ++count_[static_cast<std::size_t>(j)];
        }
        row_end_.push_back(k);
        if (!finite)
            throw base::NumericalError("a partial correlation is not finite", "",
                                       "leave the session out or repair its connectome");
    }

    std::vector<std::int32_t> found_;
    std::vector<std::size_t> count_; ///< [pair of the strip]
    std::vector<std::int32_t> pair_; ///< of each value, session by session
    std::vector<double> value_;
    std::vector<std::size_t> row_end_; ///< [session]
    std::vector<std::size_t> next_;    ///< [pair of the strip] where its next value goes
};

SparseSessionBlock::SparseSessionBlock(const SessionBlockView& block) : sessions_(block.rows())
{
    const auto width = strip_width(block.rows());
    first_.reserve(static_cast<std::size_t>(block.cols()) + 1);
    auto strip = Strip{};
    for (Eigen::Index first = 0; first < block.cols(); first += width) {
        strip.read(block.middleCols(first, std::min(width, block.cols() - first)));
        strip.append_to(*this);
    }
}

} // namespace rewire::network
