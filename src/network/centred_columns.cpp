// What needs all pairs of a block: Gram matrix and loadings of columns that lost their mean, with
// the work going by the values that are not zero.
#include <rewire/base/error.hpp>
#include <rewire/network/rewiring.hpp>

#include <cblas.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <vector>

namespace rewire::network {

namespace {

/// Columns are worked off in strips, so that what is kept of them stays in the cache.
Eigen::Index strip_width(Eigen::Index sessions)
{
    constexpr auto strip_bytes = Eigen::Index{4} << 20;
    return std::max<Eigen::Index>(64, strip_bytes / (8 * std::max<Eigen::Index>(1, sessions)));
}

/// Writes the positions of the values that are not zero (NaN is not) to `found`, which has room for
/// all; returns how many. Without a branch: where one value in twenty counts, each would be
/// mispredicted.
std::int32_t find_nonzeros(const double* values, std::int32_t count, std::int32_t* found) noexcept
{
    auto n = std::int32_t{0};
    for (std::int32_t k = 0; k < count; ++k) {
        found[n] = k;
        n += (std::bit_cast<std::uint64_t>(values[k]) << 1U) != 0; // without the sign: -0 is 0
    }
    return n;
}

/// Sums over the columns of a block, of which the Gram matrix is made. A column x of n values with
/// mean m has the centred products (x - m 1)(x - m 1)' = x x' - m x 1' - 1 (m x)' + m^2 1 1': with
/// k values that are not zero k^2 / 2 products and n + k sums instead of n^2 / 2 products.
///
/// What is subtracted there cancels little: n m^2 <= (k / n) |x|^2 (Cauchy-Schwarz), at most a
/// quarter for the columns that are taken so. The others are centred first, multiplied then.
class CentredProducts
{
  public:
    explicit CentredProducts(Eigen::Index sessions)
        : sessions_(static_cast<std::int32_t>(sessions)),
          products_(static_cast<std::size_t>(sessions * sessions), 0.0),
          mean_times_values_(Eigen::VectorXd::Zero(sessions))
    {
    }

    void add(const SessionBlockView& strip)
    {
        read(strip);
        sort_by_column();
        add_sparse_columns();
        add_full_columns(strip);
    }

    Eigen::MatrixXd gram() const
    {
        auto result = Eigen::MatrixXd(sessions_, sessions_);
        for (std::int32_t i = 0; i < sessions_; ++i)
            for (std::int32_t j = 0; j <= i; ++j) {
                const auto correction =
                    squared_means_ - (mean_times_values_[i] + mean_times_values_[j]);
                result(i, j) = result(j, i) = products_[index(i, j)] + correction;
            }
        return result;
    }

  private:
    std::size_t index(std::int32_t row, std::int32_t column) const noexcept
    {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(sessions_) +
               static_cast<std::size_t>(column);
    }

    bool is_sparse(std::size_t column) const noexcept { return 4 * count_[column] <= sessions_; }

    /// The values that are not zero, by row, and their number by column.
    void read(const SessionBlockView& strip)
    {
        columns_ = static_cast<std::int32_t>(strip.cols());
        found_.resize(static_cast<std::size_t>(columns_));
        count_.assign(static_cast<std::size_t>(columns_), 0);
        column_.clear();
        row_end_.clear();
        for (Eigen::Index i = 0; i < strip.rows(); ++i) {
            const auto n = find_nonzeros(&strip.coeffRef(i, 0), columns_, found_.data());
            for (std::int32_t k = 0; k < n; ++k)
                ++count_[static_cast<std::size_t>(found_[static_cast<std::size_t>(k)])];
            column_.insert(column_.end(), found_.begin(), found_.begin() + n);
            row_end_.push_back(column_.size());
        }
        value_.resize(column_.size());
        auto k = std::size_t{0};
        auto finite = true;
        for (Eigen::Index i = 0; i < strip.rows(); ++i) {
            const auto* const row = &strip.coeffRef(i, 0);
            for (const auto end = row_end_[static_cast<std::size_t>(i)]; k < end; ++k) {
                value_[k] = row[column_[k]];
                finite &= std::isfinite(value_[k]);
            }
        }
        if (!finite)
            throw base::NumericalError("a partial correlation is not finite", "",
                                       "leave the session out or repair its connectome");
    }

    /// Of the sparse columns; the full ones are listed.
    void sort_by_column()
    {
        full_.clear();
        next_.assign(count_.size() + 1, 0);
        for (std::size_t j = 0; j < count_.size(); ++j) {
            next_[j + 1] = next_[j] + (is_sparse(j) ? static_cast<std::size_t>(count_[j]) : 0);
            if (!is_sparse(j))
                full_.push_back(static_cast<std::int32_t>(j));
        }
        sorted_row_.resize(next_.back());
        sorted_value_.resize(next_.back());
        auto k = std::size_t{0};
        for (std::int32_t i = 0; i < sessions_; ++i)
            for (; k < row_end_[static_cast<std::size_t>(i)]; ++k) {
                const auto j = static_cast<std::size_t>(column_[k]);
                if (!is_sparse(j))
                    continue;
                sorted_row_[next_[j]] = i;
                sorted_value_[next_[j]++] = value_[k];
            }
    }

    void add_sparse_columns()
    {
        auto first = std::size_t{0};
        for (std::size_t j = 0; j < count_.size(); ++j) {
            if (!is_sparse(j))
                continue;
            const auto n = static_cast<std::size_t>(count_[j]);
            add_column(&sorted_row_[first], &sorted_value_[first], n);
            first += n;
        }
    }

    void add_column(const std::int32_t* row, const double* value, std::size_t count)
    {
        auto sum = 0.0;
        for (std::size_t k = 0; k < count; ++k) {
            auto* const target = &products_[index(row[k], 0)];
            for (std::size_t l = 0; l <= k; ++l)
                target[row[l]] += value[k] * value[l];
            sum += value[k];
        }
        const auto mean = sum / sessions_;
        for (std::size_t k = 0; k < count; ++k)
            mean_times_values_[row[k]] += mean * value[k];
        squared_means_ += mean * mean;
    }

    void add_full_columns(const SessionBlockView& strip)
    {
        const auto columns = static_cast<Eigen::Index>(full_.size());
        if (columns == 0)
            return;
        centred_.resize(strip.rows(), columns);
        Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(columns);
        for (Eigen::Index i = 0; i < strip.rows(); ++i) {
            const auto* const row = &strip.coeffRef(i, 0);
            for (Eigen::Index k = 0; k < columns; ++k)
                centred_(i, k) = row[full_[static_cast<std::size_t>(k)]];
            mean += centred_.row(i);
        }
        mean /= static_cast<double>(strip.rows());
        centred_.rowwise() -= mean;
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, sessions_,
                    static_cast<blasint>(columns), 1.0, centred_.data(),
                    static_cast<blasint>(columns), 1.0, products_.data(), sessions_);
    }

    std::int32_t sessions_;
    std::vector<double> products_; ///< [row, column <= row] of all columns of x x', or centred
    Eigen::VectorXd mean_times_values_;
    double squared_means_ = 0;

    std::int32_t columns_ = 0;
    std::vector<std::int32_t> found_;
    std::vector<std::int32_t> count_; ///< [column of the strip] values that are not zero
    std::vector<std::int32_t> column_;
    std::vector<double> value_;
    std::vector<std::size_t> row_end_;
    std::vector<std::size_t> next_;
    std::vector<std::int32_t> sorted_row_;
    std::vector<double> sorted_value_;
    std::vector<std::int32_t> full_;
    SessionBlock centred_;
};

/// Adds weight[c] * values to column c of `sums`, and the values themselves to `total`.
void add_weighted_row(std::span<const double> values, const Eigen::RowVectorXd& weight,
                      std::span<const std::int32_t> nonzero, Eigen::Ref<Eigen::MatrixXd> sums,
                      Eigen::VectorXd& total)
{
    if (4 * nonzero.size() > values.size()) {
        const auto row = Eigen::Map<const Eigen::VectorXd>(
            values.data(), static_cast<Eigen::Index>(values.size()));
        for (Eigen::Index c = 0; c < sums.cols(); ++c)
            sums.col(c) += weight[c] * row;
        total += row;
        return;
    }
    for (const auto j : nonzero)
        total[j] += values[static_cast<std::size_t>(j)];
    for (Eigen::Index c = 0; c < sums.cols(); ++c) {
        auto* const sum = &sums(0, c);
        for (const auto j : nonzero)
            sum[j] += weight[c] * values[static_cast<std::size_t>(j)];
    }
}

} // namespace

Eigen::MatrixXd centred_gram(const SessionBlockView& block)
{
    if (block.size() == 0)
        return Eigen::MatrixXd::Zero(block.rows(), block.rows());
    auto products = CentredProducts(block.rows());
    const auto width = strip_width(block.rows());
    for (Eigen::Index first = 0; first < block.cols(); first += width)
        products.add(block.middleCols(first, std::min(width, block.cols() - first)));
    return products.gram();
}

Eigen::MatrixXd loadings_of(const SessionBlockView& block, const SessionComponents& components)
{
    const Eigen::MatrixXd weights =
        components.direction * components.singular_value.cwiseInverse().asDiagonal();
    // Of a column x with mean m: w'(x - m 1) = w'x - m w'1. The weights of centred columns sum to 0
    // but for rounding, so nothing cancels.
    const Eigen::RowVectorXd sum_of_weights = weights.colwise().sum();
    Eigen::MatrixXd loadings = Eigen::MatrixXd::Zero(block.cols(), components.components());
    const auto width = strip_width(block.rows());
    auto found = std::vector<std::int32_t>(static_cast<std::size_t>(std::min(width, block.cols())));
    auto total = Eigen::VectorXd{};
    for (Eigen::Index first = 0; first < block.cols(); first += width) {
        const auto columns = std::min(width, block.cols() - first);
        auto strip = loadings.middleRows(first, columns);
        total.setZero(columns);
        for (Eigen::Index i = 0; i < block.rows(); ++i) {
            const auto values =
                std::span(&block.coeffRef(i, first), static_cast<std::size_t>(columns));
            const auto n =
                find_nonzeros(values.data(), static_cast<std::int32_t>(columns), found.data());
            add_weighted_row(values, weights.row(i),
                             std::span(found).first(static_cast<std::size_t>(n)), strip, total);
        }
        strip.noalias() -= total * (sum_of_weights / static_cast<double>(block.rows()));
    }
    return loadings;
}

} // namespace rewire::network
