// Reference case g: scikit-learn PCA (full) of sessions x edges.
#include "shared_data.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/network/rewiring.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace rewire;
using namespace rewire::network;

namespace {

SessionBlock read_matrix(hid_t group, const std::string& name)
{
    const auto values = io::read_all<double>(group, name);
    const auto shape = io::shape_of(io::open_dataset(group, name));
    return Eigen::Map<const SessionBlock>(values.data(), shape[0], shape[1]);
}

/// Of a product over sessions, relative to the largest.
double rounding(Eigen::Index sessions)
{
    return 16 * static_cast<double>(sessions) * std::numeric_limits<double>::epsilon();
}

double covariance_with_index(const Eigen::VectorXd& score)
{
    const auto n = score.size();
    return (score.array() - score.mean())
        .matrix()
        .dot(Eigen::VectorXd::LinSpaced(n, 0, static_cast<double>(n - 1)));
}

/// Relative error of component k, by perturbation: rounding of the Gram matrix over the distance to
/// the nearest other eigenvalue, or for the loadings to 0.
double error_of(const std::vector<double>& variance, std::size_t k, Eigen::Index sessions)
{
    auto gap = variance[k];
    if (k > 0)
        gap = std::min(gap, variance[k - 1] - variance[k]);
    if (k + 1 < variance.size())
        gap = std::min(gap, variance[k] - variance[k + 1]);
    return rounding(sessions) * variance[0] / gap;
}

void expect_case(hid_t group)
{
    const auto sessions = read_matrix(group, "A");
    auto score = read_matrix(group, "scores");
    auto loading = read_matrix(group, "components"); // [component, pair]
    const auto variance = io::read_all<double>(group, "explained_variance");
    const auto ratio = io::read_all<double>(group, "explained_variance_ratio");
    const auto blocks = base::blocks_of(sessions.cols(), 50);

    Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(sessions.rows(), sessions.rows());
    for (const auto& block : blocks)
        gram += centred_gram(sessions.middleCols(block.first, block.size()));
    auto components = principal_components(gram, sessions.rows());
    auto loadings = loadings_of(sessions, components);
    const auto orientation = orient(components, extremes_of(loadings, 0));
    apply(orientation, loadings);

    // The reference follows the largest loading throughout.
    const auto flips = covariance_with_index(score.col(0)) < 0;
    EXPECT_EQ(orientation.first_against_largest_loading, flips);
    EXPECT_GE(covariance_with_index(components.score.col(0)), 0);
    if (flips) {
        score.col(0) *= -1;
        loading.row(0) *= -1;
    }
    const auto largest_score = score.cwiseAbs().maxCoeff();
    for (Eigen::Index k = 0; k < components.components(); ++k) {
        SCOPED_TRACE(k);
        const auto index = static_cast<std::size_t>(k);
        const auto error = error_of(variance, index, sessions.rows());
        EXPECT_NEAR(components.explained_variance[k], variance[index],
                    rounding(sessions.rows()) * variance[0]);
        EXPECT_NEAR(components.explained_variance_ratio[k], ratio[index],
                    rounding(sessions.rows()));
        EXPECT_LT((components.score.col(k) - score.col(k)).cwiseAbs().maxCoeff(),
                  error * largest_score);
        EXPECT_LT((loadings.col(k) - loading.row(k).transpose()).cwiseAbs().maxCoeff(), error);
    }
    // Components that were left out hold nothing.
    for (auto k = static_cast<std::size_t>(components.components()); k < ratio.size(); ++k)
        EXPECT_LT(ratio[k], 1e-12);
}

} // namespace

TEST(RewiringReference, SessionComponentsAgreeWithScikitLearn)
{
    const auto path = test::shared_data("reference/calcium/g_pca_trials.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    auto checked = 0;
    for (const auto& name : io::children(file)) {
        const auto group = io::open_group(file, name);
        if (!io::exists(group, "scores")) // of trials, not of sessions
            continue;
        SCOPED_TRACE(name);
        expect_case(group);
        ++checked;
    }
    EXPECT_GT(checked, 0);
}
