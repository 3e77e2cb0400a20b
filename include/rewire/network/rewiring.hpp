#pragma once

#include <rewire/base/partition.hpp>
#include <rewire/network/session_block.hpp>

#include <Eigen/Core>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

/// How the connectome of one animal moves over its sessions (methods page, calcium (b'); the
/// paper's 2.4): principal components of the matrix sessions x pairs, centred over sessions, not
/// scaled.
///
/// The matrix is wide and comes in blocks of columns (pairs), which may lie on different ranks: add
/// the Gram matrices of the blocks in a fixed order, find the components of the sum, and compute
/// what has a value a pair block by block. Blocks of thresholded edges that are used more than once
/// are best kept as `SparseSessionBlock`.
///
///     gram += centred_gram(block)                   each block
///     auto components = principal_components(gram, 3)
///     auto loadings = loadings_of(block, components)          each block
///     extremes = merged(extremes, extremes_of(loadings, first_pair))
///     auto orientation = orient(components, extremes)         flips scores
///     apply(orientation, loadings)                            each block
///     top = merged(top, top_of(loadings.col(c), first_pair, 100), 100)
namespace rewire::network {

/// Gram matrix [sessions, sessions] of the block's columns, each centred over sessions.
/// Nothing cancels: pairs with edges in a quarter of the sessions or fewer cost the square of that
/// number and lose at most a quarter of their squares to the mean; the others are centred first
/// and multiplied then. Empty blocks give zeros. A strip of the block is copied at a time.
/// @throws NumericalError: a value is not finite
Eigen::MatrixXd centred_gram(const SessionBlockView& block);
Eigen::MatrixXd centred_gram(const SparseSessionBlock& block);

/// The largest eigenvalues of a symmetric matrix, descending, and their unit eigenvectors.
struct Eigenpairs
{
    Eigen::VectorXd values;
    Eigen::MatrixXd vectors; ///< [size, count]
};
using EigenpairSolver =
    std::function<Eigenpairs(const Eigen::MatrixXd& symmetric, Eigen::Index count)>;

/// Dense solver on one rank: a Gram matrix has as many rows as the animal has sessions.
Eigenpairs dense_eigenpairs(const Eigen::MatrixXd& symmetric, Eigen::Index count);

struct SessionComponents
{
    Eigen::MatrixXd score;                    ///< [session, component]
    Eigen::VectorXd explained_variance;       ///< [component] variance of the score (n - 1)
    Eigen::VectorXd explained_variance_ratio; ///< of the variance of all pairs
    Eigen::MatrixXd direction;                ///< [session, component] score / singular value
    Eigen::VectorXd singular_value;           ///< [component]

    Eigen::Index components() const noexcept { return singular_value.size(); }
};

/// Components of the summed Gram matrix; the `count` largest, fewer where the data have no more: a
/// component with less than 1e-12 of the variance of the first is rounding and left out. Signs are
/// arbitrary until `orient`.
/// @throws InputError: no component asked for, matrix not square; NumericalError: fewer than two
/// sessions, or sessions that do not differ (zero variance)
SessionComponents principal_components(const Eigen::MatrixXd& gram, Eigen::Index count,
                                       const EigenpairSolver& solver = dense_eigenpairs);

/// Where sessions are so many (thousands) that their Gram matrix is too slow: the same components
/// from the singular values of the centred matrix, descending, and its left singular vectors
/// [session, component], found by products with blocks alone. `squares` is the sum of
/// `centred_squares` over all blocks.
/// @throws NumericalError: fewer than two sessions, or sessions that do not differ
SessionComponents components_of_singular_values(const Eigen::VectorXd& singular_value,
                                                const Eigen::MatrixXd& left, double squares);

/// Sum of the squares of a block with centred columns.
double centred_squares(const SparseSessionBlock& block);
/// Adds C x to y, with C the block with centred columns: x [pairs], y [sessions].
void add_centred_product(const SparseSessionBlock& block, std::span<const double> x,
                         std::span<double> y);
/// Adds C' y to x.
void add_transposed_centred_product(const SparseSessionBlock& block, std::span<const double> y,
                                    std::span<double> x);

/// Loadings [pair of the block, component] of unit length over all pairs.
/// @throws NumericalError: a value is not finite
Eigen::MatrixXd loadings_of(const SessionBlockView& block, const SessionComponents& components);
Eigen::MatrixXd loadings_of(const SparseSessionBlock& block, const SessionComponents& components);

// --- signs ---------------------------------------------------------------------------------------

/// The loading of largest magnitude of a component so far; ties go to the first pair.
struct Extreme
{
    double loading = 0;
    std::int64_t pair = -1; ///< -1: none yet
};
std::vector<Extreme> extremes_of(const Eigen::MatrixXd& loadings, std::int64_t first_pair);
/// Extremes over the pairs of both; an empty list counts for nothing.
std::vector<Extreme> merged(const std::vector<Extreme>& first, const std::vector<Extreme>& second);

/// The sign of each component, by which raw loadings have to be multiplied.
struct Orientation
{
    Eigen::VectorXd sign; ///< [component] +1 or -1
    /// Whether the rule of the other components would have given the first one the other sign.
    bool first_against_largest_loading = false;
};

/// First component: its score does not fall over the sessions (correlation with the session index
/// >= 0), so that a positive loading is a pair that strengthens with learning. The others, and the
/// first where that correlation is 0: the largest loading is positive. Multiplies score and
/// direction of `components`.
/// @throws InputError: extremes of another number of components
Orientation orient(SessionComponents& components, const std::vector<Extreme>& extremes);
void apply(const Orientation& orientation, Eigen::MatrixXd& loadings);

// --- top edges -----------------------------------------------------------------------------------

/// Pairs with the largest positive (descending) and the most negative (ascending) loadings. Ties go
/// to the earlier pair; a loading of 0 is in neither, so there may be fewer than asked for.
struct TopPairs
{
    std::vector<Extreme> positive;
    std::vector<Extreme> negative;
};
TopPairs top_of(std::span<const double> loading, std::int64_t first_pair, std::int64_t count);
TopPairs merged(const TopPairs& first, const TopPairs& second, std::int64_t count);

/// Takes out what is rounding: a pair that does not change over the sessions, whose loading is at
/// most 1e-12 of the largest of the component, is no top pair.
/// @param top, extremes [component] of the same loadings
void drop_rounding(std::vector<TopPairs>& top, const std::vector<Extreme>& extremes);

/// Top pairs of loadings whose components have been given their signs: positive and negative change
/// places where the sign is -1. @param top [component]
void apply(const Orientation& orientation, std::vector<TopPairs>& top);

/// Values [session, pairs.size()] of the pairs that lie in this block of columns, 0 for the others:
/// the sum over blocks is exact in any order, and its row means are the mean partial correlation by
/// session.
SessionBlock values_of_pairs(const SessionBlockView& block, std::int64_t first_pair,
                             std::span<const Extreme> pairs);

// --- multidimensional scaling --------------------------------------------------------------------

/// Euclidean distances between sessions from the Gram matrix of their centred rows.
Eigen::MatrixXd session_distances(const Eigen::MatrixXd& gram);

/// Classical multidimensional scaling [item, dimensions]: eigenvectors of the doubly centred
/// squared distances times the root of the eigenvalue; 0 in dimensions with no positive eigenvalue
/// left. Each axis points so that it correlates with the item index >= 0. For Euclidean distances
/// the axes are the scores of the principal components.
/// @throws InputError: matrix not square or not finite, no dimension asked for
Eigen::MatrixXd classical_scaling(const Eigen::MatrixXd& distances, Eigen::Index dimensions);
/// The same of the distances between sessions, from their components: where there is no Gram
/// matrix. Dimensions without a component are 0.
Eigen::MatrixXd scaling_of(const SessionComponents& components, Eigen::Index dimensions);

} // namespace rewire::network
