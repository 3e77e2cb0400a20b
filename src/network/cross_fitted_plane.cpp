#include <rewire/network/rewiring.hpp>
#include <rewire/network/session_change.hpp>
#include <rewire/stats/correlation.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace rewire::network {

namespace {

/// The same product without the means over sessions.
Eigen::MatrixXd centred(const Eigen::MatrixXd& gram)
{
    const Eigen::MatrixXd rows = gram.rowwise() - gram.colwise().mean();
    return rows.colwise() - rows.rowwise().mean();
}

/// Whether a component is to be turned round.
bool points_back(const Eigen::VectorXd& score, bool along_sessions)
{
    auto place = Eigen::Index{0};
    score.cwiseAbs().maxCoeff(&place);
    if (!along_sessions)
        return score[place] < 0;
    auto sessions = std::vector<double>(static_cast<std::size_t>(score.size()));
    std::iota(sessions.begin(), sessions.end(), 0.0);
    const auto r = stats::pearson(sessions, {score.data(), static_cast<std::size_t>(score.size())});
    return r < 0;
}

/// (n - 1) / n sum (x_k - mean)(x_k - mean)' of the values without each part.
Eigen::MatrixXd jackknife_covariance(const Eigen::MatrixXd& without_part)
{
    const auto parts = static_cast<double>(without_part.rows());
    const Eigen::MatrixXd deviation = without_part.rowwise() - without_part.colwise().mean();
    return (parts - 1) / parts * deviation.transpose() * deviation;
}

} // namespace

PlaneSums& PlaneSums::operator+=(const PlaneSums& more)
{
    const auto add = [](Eigen::MatrixXd& sum, const Eigen::MatrixXd& part) {
        sum = sum.size() == 0 ? part : Eigen::MatrixXd(sum + part);
    };
    add(first, more.first);
    add(cross, more.cross);
    add(jackknife, more.jackknife);
    return *this;
}

PlaneSums of_sessions(const PlaneSums& sums, std::span<const std::int64_t> sessions)
{
    const auto parts = sums.first.rows() > 0 ? sums.jackknife.rows() / sums.first.rows() : 0;
    const auto count = static_cast<Eigen::Index>(sessions.size());
    auto some = PlaneSums{Eigen::MatrixXd(count, count), Eigen::MatrixXd(count, count),
                          Eigen::MatrixXd(parts * count, parts > 0 ? count : 0)};
    for (Eigen::Index t = 0; t < count; ++t) {
        const auto to = sessions[static_cast<std::size_t>(t)];
        for (Eigen::Index s = 0; s < count; ++s) {
            const auto from = sessions[static_cast<std::size_t>(s)];
            some.first(s, t) = sums.first(from, to);
            some.cross(s, t) = sums.cross(from, to);
            for (Eigen::Index k = 0; k < parts; ++k)
                some.jackknife(s * parts + k, t) = sums.jackknife(from * parts + k, to);
        }
    }
    return some;
}

CrossFittedPlane cross_fitted_plane(const PlaneSums& sums, Eigen::Index components)
{
    const auto found = principal_components(centred(sums.first), components);
    const auto sessions = sums.first.rows();
    auto plane = CrossFittedPlane{};
    plane.explained_variance_ratio = found.explained_variance_ratio;
    plane.weight = found.direction * found.singular_value.cwiseInverse().asDiagonal();
    for (Eigen::Index c = 0; c < found.components(); ++c)
        if (points_back(found.score.col(c), c == 0))
            plane.weight.col(c) *= -1;
    const Eigen::RowVectorXd centre = sums.first.colwise().mean() * plane.weight;
    plane.score = (sums.cross * plane.weight).rowwise() - centre;
    if (sums.jackknife.size() == 0)
        return plane;
    const Eigen::MatrixXd without_part = sums.jackknife * plane.weight;
    const auto parts = sums.jackknife.rows() / sessions;
    for (Eigen::Index s = 0; s < sessions; ++s)
        plane.covariance.push_back(jackknife_covariance(without_part.middleRows(s * parts, parts)));
    return plane;
}

double ellipse_radius_squared(std::int64_t parts)
{
    // 2 (n - 1) / (n - 2) times the quantile of F(2, n - 2), whose upper tail beyond x is
    // (1 + 2 x / (n - 2))^-((n - 2) / 2).
    const auto n = static_cast<double>(parts);
    return (n - 1) * std::expm1(2 * std::log(20.0) / (n - 2));
}

double share_of_walk(std::int64_t sessions, std::int64_t components)
{
    Eigen::MatrixXd gram(sessions, sessions);
    for (Eigen::Index s = 0; s < sessions; ++s)
        for (Eigen::Index t = 0; t < sessions; ++t)
            gram(s, t) = static_cast<double>(std::min(s, t));
    const auto walk = centred(gram);
    const auto count = std::min<Eigen::Index>(components, sessions);
    return dense_eigenpairs(walk, count).values.sum() / walk.trace();
}

std::vector<double> aligned_signs(std::span<const std::vector<double>> score,
                                  std::span<const std::vector<double>> number)
{
    const auto animals = static_cast<Eigen::Index>(score.size());
    auto by_session = std::vector<std::map<double, double>>(score.size());
    for (std::size_t animal = 0; animal < score.size(); ++animal) {
        auto squares = 0.0;
        for (const auto value : score[animal])
            squares += value * value;
        for (std::size_t i = 0; i < score[animal].size(); ++i)
            by_session[animal][number[animal][i]] =
                squares > 0 ? score[animal][i] / std::sqrt(squares) : 0;
    }
    Eigen::MatrixXd products = Eigen::MatrixXd::Zero(animals, animals);
    for (Eigen::Index a = 0; a < animals; ++a)
        for (Eigen::Index b = 0; b < animals; ++b)
            for (const auto& [session, value] : by_session[static_cast<std::size_t>(a)])
                if (const auto at = by_session[static_cast<std::size_t>(b)].find(session);
                    at != by_session[static_cast<std::size_t>(b)].end())
                    products(a, b) += value * at->second;
    auto signs = std::vector<double>(score.size(), 1.0);
    if (animals < 2)
        return signs;
    const Eigen::VectorXd leading = dense_eigenpairs(products, 1).vectors.col(0);
    for (Eigen::Index a = 1; a < animals; ++a)
        signs[static_cast<std::size_t>(a)] = leading[a] * leading[0] < 0 ? -1 : 1;
    return signs;
}

} // namespace rewire::network
