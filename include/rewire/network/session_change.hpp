#pragma once

#include <rewire/network/session_block.hpp>

#include <Eigen/Core>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Did the network of one animal change over its sessions, and how far (methods page, truth (k))?
///
/// Of every session there are two unthresholded connectomes a_s and b_s, from interleaved blocks of
/// its frames. What they have in common is signal; the noise of one is independent of that of the
/// other, so products across the halves are free of it:
///
///     G_st = (a_s . b_t + b_s . a_t) / 2,    S_st = G_st / sqrt(G_ss G_tt),    D = 2 - 2 S,
///
/// with the mean over pairs taken out of every connectome. Neither the noise of a session nor an
/// attenuation common to its pairs moves S, as they move plain distances.
namespace rewire::network {

/// Sums over pairs of neurons from which everything below follows; of blocks of pairs, they add up.
struct HalfSums
{
    std::int64_t pairs = 0;
    Eigen::VectorXd sum_a, sum_b;       ///< [session]
    Eigen::VectorXd square_a, square_b; ///< [session]
    Eigen::MatrixXd cross;              ///< [session, session] a_s . b_t

    explicit HalfSums(Eigen::Index sessions = 0);
    HalfSums& operator+=(const HalfSums& more);
    HalfSums& operator-=(const HalfSums& less);
    /// Of one pair more.
    void add_pair(const Eigen::Ref<const Eigen::VectorXd>& a,
                  const Eigen::Ref<const Eigen::VectorXd>& b);
};
/// @pre blocks of one size, finite
HalfSums half_sums(const SessionBlockView& a, const SessionBlockView& b);

/// A session whose halves have less in common is left out: G_ss in units of its standard error
/// sqrt(|a_s|^2 |b_s|^2 / pairs). Lower, the choice itself makes changes.
inline constexpr auto least_signal_to_error = 8.0;
/// Sessions that a claim of change takes at least.
inline constexpr auto least_sessions_of_change = std::int64_t{5};

/// How alike the sessions are. NaN in rows and columns of sessions with G_ss <= 0.
struct SessionSimilarity
{
    Eigen::MatrixXd similarity;      ///< [session, session] 1 on the diagonal
    Eigen::MatrixXd distance;        ///< [session, session] 2 - 2 similarity; may be below 0
    Eigen::VectorXd reliability;     ///< [session] correlation of the halves
    Eigen::VectorXd signal_to_error; ///< [session] G_ss / SE

    /// Whether a session may be kept.
    bool is_reliable(Eigen::Index session) const
    {
        return signal_to_error[session] >= least_signal_to_error;
    }
};
/// @pre at least one pair
SessionSimilarity session_similarity(const HalfSums& sums);

/// The sums and distances of some sessions, in their order.
HalfSums of_sessions(const HalfSums& sums, std::span<const std::int64_t> sessions);

// --- the path of one animal ----------------------------------------------------------------------
//
// `position` [session] says where each session stands, ascending: with gaps where sessions are left
// out.

/// MSD(k) = mean D of sessions k apart, [lag - 1] up to the largest distance; NaN without such
/// sessions.
Eigen::VectorXd mean_squared_displacement(const Eigen::MatrixXd& distance,
                                          std::span<const std::int64_t> position);

/// C = MSD(6) - 2 MSD(4) + MSD(2): 0 for an undirected walk and for exchangeable sessions, above 0
/// where changes add up in one direction. NaN where a lag is missing.
double bend_of(const Eigen::VectorXd& displacement) noexcept;

/// Lags over which the exponent is fitted.
inline constexpr auto first_exponent_lag = std::int64_t{2};
inline constexpr auto last_exponent_lag = std::int64_t{6};
/// Slope of log MSD over log lag, lags 2 to 6: 0 for exchangeable sessions, 1 for a walk, 2 for a
/// straight line. NaN where one of these displacements is missing or not above 0. It describes this
/// path; what made the path is not to be told from one animal.
double exponent_of(const Eigen::VectorXd& displacement) noexcept;

/// Mean D between sessions 1-4 and 6-9 less mean D between 1-4 and 11-14: above 0 where the network
/// came back. Positions count from 0. NaN without a session in one of the three.
double return_of(const Eigen::MatrixXd& distance, std::span<const std::int64_t> position) noexcept;

/// 95 % interval of an exponent (of the path, not of the process) from those without each neuron:
/// SE^2 = (N - 2) / (2 N) sum (beta_i - mean)^2. NaN where one of them is.
struct ExponentInterval
{
    double low = 0;
    double high = 0;
};
ExponentInterval exponent_interval(double exponent, std::span<const double> without_neuron);

// --- changed over time? --------------------------------------------------------------------------

/// Correlation, over pairs of sessions, of their distance and of how far they stand apart, with
/// sessions put in another order. NaN where one of the two does not vary.
/// @param order [session] which session stands at each position
double mantel_correlation(const Eigen::MatrixXd& distance, std::span<const std::int64_t> position,
                          std::span<const std::int64_t> order);

/// Share of orders with a correlation at least as large, the observed one among them; equal but for
/// rounding counts as equal. NaN for a NaN.
/// @param drawn correlations of other orders
double mantel_p(double observed, std::span<const double> drawn);

/// Names the random orders of one animal.
struct OrderKey
{
    std::uint64_t seed = 0;
    std::uint64_t subject = 0; ///< base::key_of(name)
};
/// Up to so many sessions all orders are gone through.
inline constexpr auto most_sessions_of_all_orders = std::int64_t{8};

struct MantelTest
{
    double correlation = 0;
    double p_value = 1;      ///< one-sided: distance grows with time
    std::int64_t orders = 0; ///< with the observed one
    bool all_orders = false;
};
/// NaN below five sessions. `draws` random orders above eight.
MantelTest mantel_test(const Eigen::MatrixXd& distance, std::span<const std::int64_t> position,
                       const OrderKey& key, std::int64_t draws);

// --- where a session lies, and how well that is known --------------------------------------------

/// Parts of the second half's frames that are left out one by one.
inline constexpr auto jackknife_parts = std::int64_t{20};

/// Sums over pairs of which the plane is made; of blocks of pairs, they add up.
struct PlaneSums
{
    Eigen::MatrixXd first;     ///< [session, session] a_s . a_t
    Eigen::MatrixXd cross;     ///< [session, session] b_s . a_t
    Eigen::MatrixXd jackknife; ///< [session * part, session] b_s without a part . a_t; may be empty

    PlaneSums& operator+=(const PlaneSums& more);
};

PlaneSums of_sessions(const PlaneSums& sums, std::span<const std::int64_t> sessions);

/// Loadings from the first halves, scores from the second ones: the noise of a score is then not
/// the one that chose the plane.
struct CrossFittedPlane
{
    Eigen::MatrixXd weight;                   ///< [session, component] a' weight are the loadings
    Eigen::MatrixXd score;                    ///< [session, component] (b_s - mean of a) . loading
    Eigen::VectorXd explained_variance_ratio; ///< of the first halves
    /// [session] covariance [component, component] of the score, jackknife over the parts; empty
    /// without
    std::vector<Eigen::MatrixXd> covariance;
};
/// The first component is oriented along the sessions, the others so that their largest score is
/// positive. @throws NumericalError: sessions that do not differ
CrossFittedPlane cross_fitted_plane(const PlaneSums& sums, Eigen::Index components);

/// Within the ellipse score' covariance^-1 score <= this lies the score of the network in 95 % of
/// sessions: Hotelling's factor for a covariance from so many parts.
double ellipse_radius_squared(std::int64_t parts = jackknife_parts);

/// Share of the variance that the first components of an undirected random walk of very many pairs
/// explain: what has to be known before a share is taken for more. Of independent sessions it is
/// components / (sessions - 1).
double share_of_walk(std::int64_t sessions, std::int64_t components);

/// Signs [animal] with which the scores of one component agree best over the animals: those of the
/// leading eigenvector of their products over the sessions they share. The first animal keeps its
/// sign. @param score, number [animal][session]
std::vector<double> aligned_signs(std::span<const std::vector<double>> score,
                                  std::span<const std::vector<double>> number);

} // namespace rewire::network
