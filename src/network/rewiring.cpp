#include "rewire/network/rewiring.hpp"

#include <rewire/base/error.hpp>
#include <rewire/dense/symmetric.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::network {

namespace {

/// Covariance with the row index, to its sign.
double trend(const Eigen::VectorXd& values)
{
    const auto n = values.size();
    const Eigen::VectorXd index = Eigen::VectorXd::LinSpaced(n, -static_cast<double>(n - 1) / 2,
                                                             static_cast<double>(n - 1) / 2);
    const auto covariance = values.dot(index);
    // A trend of the size of rounding errors counts as none: its sign would differ between
    // machines.
    return std::abs(covariance) <= 1e-12 * values.norm() * index.norm() ? 0 : covariance;
}

bool comes_first(const Extreme& a, const Extreme& b)
{
    const auto size_a = std::abs(a.loading);
    const auto size_b = std::abs(b.loading);
    return size_a != size_b ? size_a > size_b : a.pair < b.pair;
}

void keep_first(std::vector<Extreme>& pairs, std::int64_t count)
{
    const auto kept =
        std::min(pairs.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, count)));
    std::partial_sort(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(kept), pairs.end(),
                      comes_first);
    pairs.resize(kept);
}

std::vector<Extreme> joined(std::vector<Extreme> first, const std::vector<Extreme>& second,
                            std::int64_t count)
{
    first.insert(first.end(), second.begin(), second.end());
    keep_first(first, count);
    return first;
}

void check_that_sessions_differ(Eigen::Index sessions, double squares)
{
    if (sessions < 2 || !(squares > 0))
        throw base::NumericalError(sessions < 2 ? "one session alone shows no rewiring"
                                                : "the sessions do not differ at all",
                                   "principal components of sessions",
                                   "give at least two sessions with different edges");
}

} // namespace

Eigenpairs dense_eigenpairs(const Eigen::MatrixXd& symmetric, Eigen::Index count)
{
    const auto span_of = [](auto& matrix) {
        return std::span(matrix.data(), static_cast<std::size_t>(matrix.size()));
    };
    auto destroyed = Eigen::MatrixXd(symmetric);
    auto pairs = Eigenpairs{Eigen::VectorXd(count), Eigen::MatrixXd(symmetric.rows(), count)};
    dense::leading_eigenpairs(span_of(destroyed), symmetric.rows(), span_of(pairs.values),
                              span_of(pairs.vectors));
    return pairs;
}

SessionComponents principal_components(const Eigen::MatrixXd& gram, Eigen::Index count,
                                       const EigenpairSolver& solver)
{
    const auto sessions = gram.rows();
    if (gram.cols() != sessions || count < 1)
        throw base::InputError(
            fmt::format("{} components of a {} x {} matrix", count, gram.rows(), gram.cols()), "",
            "ask for at least one component of a square matrix");
    const auto total = gram.trace();
    check_that_sessions_differ(sessions, total);
    const auto leading = solver(gram, std::min(count, sessions - 1));
    return components_of_singular_values(leading.values.cwiseMax(0).cwiseSqrt(), leading.vectors,
                                         total);
}

SessionComponents components_of_singular_values(const Eigen::VectorXd& singular_value,
                                                const Eigen::MatrixXd& left, double squares)
{
    const auto sessions = left.rows();
    check_that_sessions_differ(sessions, squares);
    const auto variance = [&](Eigen::Index k) { return singular_value[k] * singular_value[k]; };
    auto kept = Eigen::Index{0};
    while (kept < singular_value.size() && variance(kept) > 1e-12 * variance(0))
        ++kept;
    auto result = SessionComponents{};
    result.singular_value = singular_value.head(kept);
    result.direction = left.leftCols(kept);
    result.score = result.direction * result.singular_value.asDiagonal();
    const Eigen::VectorXd squared = result.singular_value.cwiseAbs2();
    result.explained_variance = squared / static_cast<double>(sessions - 1);
    result.explained_variance_ratio = squared / squares;
    return result;
}

std::vector<Extreme> extremes_of(const Eigen::MatrixXd& loadings, std::int64_t first_pair)
{
    auto extremes = std::vector<Extreme>(static_cast<std::size_t>(loadings.cols()));
    for (Eigen::Index component = 0; component < loadings.cols(); ++component)
        for (Eigen::Index pair = 0; pair < loadings.rows(); ++pair) {
            auto& extreme = extremes[static_cast<std::size_t>(component)];
            const auto loading = loadings(pair, component);
            if (extreme.pair < 0 || std::abs(loading) > std::abs(extreme.loading))
                extreme = {loading, first_pair + pair};
        }
    return extremes;
}

std::vector<Extreme> merged(const std::vector<Extreme>& first, const std::vector<Extreme>& second)
{
    if (first.empty() || second.empty())
        return first.empty() ? second : first;
    auto result = first;
    for (std::size_t k = 0; k < result.size(); ++k)
        if (second[k].pair >= 0 && (result[k].pair < 0 || comes_first(second[k], result[k])))
            result[k] = second[k];
    return result;
}

Orientation orient(SessionComponents& components, const std::vector<Extreme>& extremes)
{
    const auto count = components.components();
    if (static_cast<Eigen::Index>(extremes.size()) != count)
        throw base::InputError(fmt::format("{} extremes for {} components", extremes.size(), count),
                               "", "take the extremes of the loadings of the same components");
    auto orientation = Orientation{};
    orientation.sign.resize(count);
    for (Eigen::Index k = 0; k < count; ++k) {
        const auto by_loading = extremes[static_cast<std::size_t>(k)].loading < 0 ? -1.0 : 1.0;
        const auto slope = k == 0 ? trend(components.score.col(0)) : 0.0;
        orientation.sign[k] = slope == 0 ? by_loading : (slope < 0 ? -1.0 : 1.0);
        if (k == 0)
            orientation.first_against_largest_loading = orientation.sign[0] != by_loading;
    }
    components.score *= orientation.sign.asDiagonal();
    components.direction *= orientation.sign.asDiagonal();
    return orientation;
}

void apply(const Orientation& orientation, Eigen::MatrixXd& loadings)
{
    loadings *= orientation.sign.asDiagonal();
}

TopPairs top_of(std::span<const double> loading, std::int64_t first_pair, std::int64_t count)
{
    auto top = TopPairs{};
    for (std::size_t k = 0; k < loading.size(); ++k) {
        if (loading[k] == 0)
            continue;
        auto& side = loading[k] > 0 ? top.positive : top.negative;
        side.push_back({loading[k], first_pair + static_cast<std::int64_t>(k)});
    }
    keep_first(top.positive, count);
    keep_first(top.negative, count);
    return top;
}

TopPairs merged(const TopPairs& first, const TopPairs& second, std::int64_t count)
{
    return {joined(first.positive, second.positive, count),
            joined(first.negative, second.negative, count)};
}

SessionBlock values_of_pairs(const SessionBlockView& block, std::int64_t first_pair,
                             std::span<const Extreme> pairs)
{
    SessionBlock values = SessionBlock::Zero(block.rows(), static_cast<Eigen::Index>(pairs.size()));
    for (std::size_t k = 0; k < pairs.size(); ++k) {
        const auto column = pairs[k].pair - first_pair;
        if (column >= 0 && column < block.cols())
            values.col(static_cast<Eigen::Index>(k)) = block.col(column);
    }
    return values;
}

Eigen::MatrixXd session_distances(const Eigen::MatrixXd& gram)
{
    auto distances = Eigen::MatrixXd(gram.rows(), gram.cols());
    for (Eigen::Index i = 0; i < gram.rows(); ++i)
        for (Eigen::Index j = 0; j < gram.cols(); ++j)
            distances(i, j) =
                i == j ? 0 : std::sqrt(std::max(0.0, gram(i, i) + gram(j, j) - 2 * gram(i, j)));
    return distances;
}

Eigen::MatrixXd classical_scaling(const Eigen::MatrixXd& distances, Eigen::Index dimensions)
{
    const auto items = distances.rows();
    if (distances.cols() != items || dimensions < 1 || !distances.allFinite())
        throw base::InputError(
            fmt::format("{} dimensions of {} x {} distances", dimensions, items, distances.cols()),
            "multidimensional scaling", "give a square matrix of finite distances");
    Eigen::MatrixXd coordinates = Eigen::MatrixXd::Zero(items, dimensions);
    if (items < 2)
        return coordinates;
    Eigen::MatrixXd squared = -0.5 * distances.cwiseAbs2();
    squared.rowwise() -= squared.colwise().mean().eval();
    squared.colwise() -= squared.rowwise().mean().eval();
    const auto [values, vectors] =
        dense_eigenpairs((squared + squared.transpose()) / 2, std::min(dimensions, items));
    for (Eigen::Index k = 0; k < values.size(); ++k) {
        if (!(values[k] > 1e-12 * values[0]))
            break;
        const auto sign = trend(vectors.col(k)) < 0 ? -1.0 : 1.0;
        coordinates.col(k) = sign * std::sqrt(values[k]) * vectors.col(k);
    }
    return coordinates;
}

Eigen::MatrixXd scaling_of(const SessionComponents& components, Eigen::Index dimensions)
{
    Eigen::MatrixXd coordinates = Eigen::MatrixXd::Zero(components.score.rows(), dimensions);
    for (Eigen::Index k = 0; k < std::min(dimensions, components.components()); ++k) {
        const Eigen::VectorXd score = components.score.col(k);
        coordinates.col(k) = trend(score) < 0 ? -score : score;
    }
    return coordinates;
}

void drop_rounding(std::vector<TopPairs>& top, const std::vector<Extreme>& extremes)
{
    for (std::size_t c = 0; c < top.size(); ++c)
        for (auto* list : {&top[c].positive, &top[c].negative})
            std::erase_if(*list, [&](const Extreme& pair) {
                return std::abs(pair.loading) <= 1e-12 * std::abs(extremes[c].loading);
            });
}

void apply(const Orientation& orientation, std::vector<TopPairs>& top)
{
    for (std::size_t c = 0; c < top.size(); ++c) {
        if (orientation.sign[static_cast<Eigen::Index>(c)] > 0)
            continue;
        std::swap(top[c].positive, top[c].negative);
        for (auto* list : {&top[c].positive, &top[c].negative})
            for (auto& pair : *list)
                pair.loading = -pair.loading;
    }
}

} // namespace rewire::network
