// Passes over all pairs of a block: Gram matrix and loadings of centred columns, in time that goes
// by the values that are not zero.
#include <rewire/base/dispatch.hpp>
#include <rewire/base/error.hpp>
#include <rewire/network/rewiring.hpp>

#include <cblas.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace rewire::network {

namespace {

/// Pairs processed together, so that their intermediate results stay in the cache.
Eigen::Index centring_strip_width(Eigen::Index sessions)
{
    constexpr auto strip_bytes = Eigen::Index{1} << 20;
    return std::max<Eigen::Index>(64, strip_bytes / (8 * std::max<Eigen::Index>(1, sessions)));
}

double mean_of(const SparseSessionBlock::Column& column, Eigen::Index sessions)
{
    return std::accumulate(column.value.begin(), column.value.end(), 0.0) /
           static_cast<double>(sessions);
}

/// Sums over columns, of which the Gram matrix is made. A column x of n values with mean m has the
/// centred products (x - m 1)(x - m 1)' = x x' - 1 (m x)' - (m x) 1' + m^2 1 1': with k values that
/// are not zero k^2 / 2 products instead of n^2 / 2.
///
/// Little cancels there: n m^2 <= (k / n) |x|^2 (Cauchy-Schwarz), at most a quarter of |x|^2 for
/// the columns that are taken so. The others are centred first, multiplied then.
class CentredProducts
{
  public:
    explicit CentredProducts(Eigen::Index sessions)
        : sessions_(static_cast<std::size_t>(sessions)),
          products_(sessions_ * sessions_, 0.0),
          mean_times_values_(sessions_, 0.0)
    {
    }

    void add(const SparseSessionBlock& block)
    {
        const auto most_full = centring_strip_width(block.rows());
        auto full = std::vector<Eigen::Index>{};
        for (Eigen::Index pair = 0; pair < block.cols(); ++pair) {
            const auto column = block.column(pair);
            if (4 * column.value.size() <= sessions_) {
                add_sparse(column);
                continue;
            }
            full.push_back(pair);
            if (static_cast<Eigen::Index>(full.size()) == most_full) {
                add_full(block, full);
                full.clear();
            }
        }
        add_full(block, full);
    }

    /// Columns of which most values are not zero.
    void add(const SessionBlock& centred)
    {
        const auto size = static_cast<blasint>(sessions_);
        const auto columns = static_cast<blasint>(centred.cols());
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, size, columns, 1.0, centred.data(),
                    columns, 1.0, products_.data(), size);
    }

    Eigen::MatrixXd gram() const
    {
        const auto size = static_cast<Eigen::Index>(sessions_);
        auto result = Eigen::MatrixXd(size, size);
        for (std::size_t i = 0; i < sessions_; ++i)
            for (std::size_t j = 0; j <= i; ++j) {
                const auto cross = mean_times_values_[i] + mean_times_values_[j];
                const auto product = products_[i * sessions_ + j] - cross + squared_means_;
                result(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = product;
                result(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(i)) = product;
            }
        return result;
    }

  private:
    void add_sparse(const SparseSessionBlock::Column& column)
    {
        const auto [session, value] = column;
        for (std::size_t k = 0; k < value.size(); ++k) {
            auto* const target =
                products_.data() + static_cast<std::size_t>(session[k]) * sessions_;
            const auto factor = value[k];
            for (std::size_t l = 0; l <= k; ++l)
                target[session[l]] += factor * value[l];
        }
        const auto mean = mean_of(column, static_cast<Eigen::Index>(sessions_));
        for (std::size_t k = 0; k < value.size(); ++k)
            mean_times_values_[static_cast<std::size_t>(session[k])] += mean * value[k];
        squared_means_ += mean * mean;
    }

    void add_full(const SparseSessionBlock& block, const std::vector<Eigen::Index>& pairs)
    {
        if (pairs.empty())
            return;
        const auto size = static_cast<blasint>(sessions_);
        auto centred = Eigen::MatrixXd(block.rows(), static_cast<Eigen::Index>(pairs.size()));
        for (std::size_t k = 0; k < pairs.size(); ++k) {
            const auto column = block.column(pairs[k]);
            const auto [session, value] = column;
            auto target = centred.col(static_cast<Eigen::Index>(k));
            const auto mean = mean_of(column, block.rows());
            target.setConstant(-mean);
            for (std::size_t l = 0; l < value.size(); ++l)
                target[session[l]] = value[l] - mean;
        }
        // The upper triangle of a column-major matrix is the lower one by rows.
        cblas_dsyrk(CblasColMajor, CblasUpper, CblasNoTrans, size,
                    static_cast<blasint>(pairs.size()), 1.0, centred.data(), size, 1.0,
                    products_.data(), size);
    }

    std::size_t sessions_;
    std::vector<double> products_; ///< [session, session not after it] of x x', or of centred x
    std::vector<double> mean_times_values_; ///< [session] sum of m x
    double squared_means_ = 0;              ///< sum of m^2
};

/// Values that are not zero in a row.
REWIRE_CLONES("avx512f", "avx2", "default")
std::int64_t count_nonzeros(const double* values, std::int64_t count)
{
    auto non_zero = std::int64_t{0};
    for (std::int64_t k = 0; k < count; ++k)
        non_zero += values[k] != 0 ? 1 : 0;
    return non_zero;
}

/// Whether going value by value would be slower, judged by every fourth session.
bool is_mostly_nonzero(const SessionBlockView& strip)
{
    auto nonzero = std::int64_t{0};
    auto seen = std::int64_t{0};
    for (Eigen::Index i = 0; i < strip.rows(); i += 4) {
        nonzero += count_nonzeros(strip.data() + i * strip.outerStride(), strip.cols());
        seen += strip.cols();
    }
    return 4 * nonzero > seen;
}

SessionBlock centred(const SessionBlockView& strip)
{
    Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(strip.cols());
    for (Eigen::Index i = 0; i < strip.rows(); ++i)
        mean += strip.row(i);
    mean /= static_cast<double>(strip.rows());
    if (!mean.allFinite())
        throw base::NumericalError("a partial correlation is not finite", "",
                                   "leave the session out or repair its connectome");
    return strip.rowwise() - mean;
}

/// The pairs of a block by strips: use(first pair, strip), the strip sparse, or dense without its
/// means where that is less work.
template <typename Use>
void for_strips(const SessionBlockView& block, const Use& use)
{
    const auto width = centring_strip_width(block.rows());
    for (Eigen::Index first = 0; first < block.cols(); first += width) {
        const auto strip = block.middleCols(first, std::min(width, block.cols() - first));
        if (is_mostly_nonzero(strip))
            use(first, centred(strip));
        else
            use(first, SparseSessionBlock(strip));
    }
}

/// Of a column x with mean m the loadings are w'(x - m 1) = w'x - m w'1. Weights of centred columns
/// sum to 0 but for rounding, so nothing cancels.
class Loadings
{
  public:
    explicit Loadings(const SessionComponents& components)
        : weights_(components.direction * components.singular_value.cwiseInverse().asDiagonal()),
          mean_weight_(weights_.colwise().mean())
    {
    }

    Eigen::Index count() const noexcept { return weights_.cols(); }

    void compute(const SessionBlock& centred, Eigen::Ref<Eigen::MatrixXd> loadings) const
    {
        loadings.noalias() = centred.transpose() * weights_;
    }

    void compute(const SparseSessionBlock& block, Eigen::Ref<Eigen::MatrixXd> loadings) const
    {
        auto sum = Eigen::RowVectorXd(count());
        for (Eigen::Index pair = 0; pair < block.cols(); ++pair) {
            const auto [session, value] = block.column(pair);
            auto total = 0.0;
            sum.setZero();
            for (std::size_t k = 0; k < value.size(); ++k) {
                total += value[k];
                sum += value[k] * weights_.row(session[k]);
            }
            loadings.row(pair) = sum - total * mean_weight_;
        }
    }

  private:
    SessionBlock weights_; ///< [session, component]
    Eigen::RowVectorXd mean_weight_;
};

} // namespace

Eigen::MatrixXd centred_gram(const SparseSessionBlock& block)
{
    auto products = CentredProducts(block.rows());
    products.add(block);
    return products.gram();
}

Eigen::MatrixXd centred_gram(const SessionBlockView& block)
{
    auto products = CentredProducts(block.rows());
    for_strips(block, [&](Eigen::Index, const auto& strip) { products.add(strip); });
    return products.gram();
}

Eigen::MatrixXd loadings_of(const SparseSessionBlock& block, const SessionComponents& components)
{
    const auto loadings = Loadings(components);
    auto result = Eigen::MatrixXd(block.cols(), loadings.count());
    loadings.compute(block, result);
    return result;
}

Eigen::MatrixXd loadings_of(const SessionBlockView& block, const SessionComponents& components)
{
    const auto loadings = Loadings(components);
    auto result = Eigen::MatrixXd(block.cols(), loadings.count());
    for_strips(block, [&](Eigen::Index first, const auto& strip) {
        loadings.compute(strip, result.middleRows(first, strip.cols()));
    });
    return result;
}

double centred_squares(const SparseSessionBlock& block)
{
    auto squares = 0.0;
    for (Eigen::Index pair = 0; pair < block.cols(); ++pair) {
        const auto column = block.column(pair);
        const auto mean = mean_of(column, block.rows());
        for (const auto value : column.value)
            squares += (value - mean) * (value - mean);
        const auto zeros = block.rows() - static_cast<Eigen::Index>(column.value.size());
        squares += static_cast<double>(zeros) * mean * mean;
    }
    return squares;
}

void add_centred_product(const SparseSessionBlock& block, std::span<const double> x,
                         std::span<double> y)
{
    auto shift = 0.0;
    for (Eigen::Index pair = 0; pair < block.cols(); ++pair) {
        const auto column = block.column(pair);
        const auto factor = x[static_cast<std::size_t>(pair)];
        for (std::size_t k = 0; k < column.value.size(); ++k)
            y[static_cast<std::size_t>(column.session[k])] += factor * column.value[k];
        shift += factor * mean_of(column, block.rows());
    }
    for (auto& value : y)
        value -= shift;
}

void add_transposed_centred_product(const SparseSessionBlock& block, std::span<const double> y,
                                    std::span<double> x)
{
    const auto sum = std::accumulate(y.begin(), y.end(), 0.0);
    for (Eigen::Index pair = 0; pair < block.cols(); ++pair) {
        const auto column = block.column(pair);
        auto product = 0.0;
        for (std::size_t k = 0; k < column.value.size(); ++k)
            product += column.value[k] * y[static_cast<std::size_t>(column.session[k])];
        x[static_cast<std::size_t>(pair)] += product - sum * mean_of(column, block.rows());
    }
}

} // namespace rewire::network
