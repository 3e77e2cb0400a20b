#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/circles.hpp>
#include <rewire/calcium/covariance.hpp>
#include <rewire/calcium/tick.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The circular-shift null in closed form: moments of a correlation over ALL relative shifts of two
/// traces, without drawing one (methods: truth, j).
///
/// Traces are centred circle by circle, covariates projected out, and of unit norm: Z. With R = Z
/// Z' and Theta = R^-1, the partial correlation is p_ij = -Theta_ij / sqrt(Theta_ii Theta_jj), and
/// the residual of neuron i given all others is e_i = sum_j Theta_ij z_j / sqrt(Theta_ii). Over all
/// shifts of one residual against the other, C_ij(L) = sum_t e_i(t+L) e_j(t) has mean 0 and
///
///     variance V_ij = sum over circles of T_c^-2 sum_f P_i(f) P_j(f),     P_i = |DFT e_i|^2,
///     skewness g_ij = V_ij^-1.5 sum over circles of T_c^-1 sum_(a,b) w(a,b) M_i(a,b) M_j(a,b),
///         M_i(a,b) = sum_t e_i(t) e_i(t+a) e_i(t+b),    0 <= a <= b <= K,    w = 1, 3 or 6,
///
/// in which the sum of the skewness is cut at lag K on purpose: the lags near zero of a true edge
/// would spoil the rest of it. Residuals are first corrected for what estimating them took away,
/// frequency by frequency (leverage h, e(f) / sqrt(1 - h(f))), and the skewness for the refit that
/// follows a shift, share R2_i of neuron i: g' = g [(1 - R2_i)(1 - R2_j)]^(-3/4). The score
/// p_ij [(1 - R2_i)(1 - R2_j)]^(1/4) / sqrt(V_ij) is referred to Pearson III with skewness g'. The
/// marginal test is the same for Z and R, without leverage and refit.
namespace rewire::calcium {

/// Lags K at which the sums of the skewness are cut; never more than half the shortest circle.
struct ShiftLags
{
    /// Of residuals and of traces; 0: from the autocorrelation (lags_from_autocorrelation).
    std::int64_t partial = 0;
    std::int64_t marginal = 0;
};

inline constexpr auto least_lags = std::int64_t{6}; ///< the five taps reach 4 frames
inline constexpr auto most_lags = std::int64_t{25};
/// Autocorrelation, averaged over neurons, that is still counted.
inline constexpr auto counted_autocorrelation = 0.02;

/// The largest lag, within [least_lags, most_lags], at which the autocorrelation is at least
/// counted_autocorrelation. `sum` [most_lags + 1]: sums of e(t) e(t+k) over neurons.
std::int64_t lags_from_autocorrelation(std::span<const double> sum) noexcept;

enum class Precision : std::uint8_t
{
    /// Everything in double precision.
    full,
    /// Transforms and products of traces in single precision: half the memory, about half the time.
    /// Moments are good to 1e-5, scores to 1e-3 or better where the session is well conditioned.
    single,
};

struct ShiftMomentOptions
{
    ShiftLags lags{};
    Precision precision = Precision::full;
    /// Of the corrected residuals as traces and of the products of three that skewness is made of:
    /// in single precision it is good to 1e-5, at half the time. Single where everything is.
    Precision skewness = Precision::full;
    /// [neurons] or empty: frames >= 0 by which each trace is moved around its circles
    /// (displaced_by) before anything is correlated, after covariates are taken out. For the
    /// displacement control.
    std::vector<std::int64_t> displacement{};
};

enum class ShiftMomentStatus : std::uint8_t
{
    ok = 0,
    too_few_neurons = 1, ///< fewer than two active: there is no pair
    too_few_frames = 2,  ///< used frames less circles and covariates <= active neurons
    ill_conditioned = 3, ///< no Cholesky factor, or reciprocal condition < minimum_rcond
};

/// Rows of some numbers for each active neuron, in the precision they were computed in: the other
/// is empty.
struct MomentRows
{
    std::int64_t width = 0;
    std::vector<double> full; ///< [active, width]
    std::vector<float> single;
    /// The same where they lie in somebody else's memory: the vectors are then empty.
    std::span<const double> full_elsewhere{};
    std::span<const float> single_elsewhere{};

    std::span<const double> doubles() const noexcept
    {
        return full.empty() ? full_elsewhere : std::span<const double>(full);
    }
    std::span<const float> floats() const noexcept
    {
        return single.empty() ? single_elsewhere : std::span<const float>(single);
    }
};

/// What the moments of all pairs of a session are made from. Made once; read by all tiles.
struct ShiftMoments
{
    ShiftMomentStatus status = ShiftMomentStatus::ok;
    std::string status_text; ///< "ok", or the reason
    std::int64_t neurons = 0;
    std::vector<std::int64_t> active; ///< finite and not constant in the used frames
    std::int64_t frames_used = 0;
    std::int64_t circles = 0;
    std::int64_t covariates = 0; ///< independent ones, projected out
    ShiftLags lags;              ///< that were used
    double rcond = 0;            ///< of the correlation matrix
    double first_component = 0;  ///< share of the largest eigenvalue of R

    std::vector<double> correlation; ///< [active pairs] R_ij
    std::vector<double> partial;     ///< [active pairs] p_ij
    std::vector<double> refit_share; ///< [active] R2
    /// [frequencies] h(f), circle after circle, f = 0 .. T_c / 2 each.
    std::vector<double> leverage;

    /// [active, frequencies] P_i sqrt(1 or 2) / T_c: a product of two rows is a variance.
    MomentRows power, power_marginal;
    /// [active, circles * lag pairs] M_i sqrt(w / T_c): a product of two rows is a third moment.
    MomentRows third, third_marginal;

    std::int64_t active_count() const noexcept { return static_cast<std::int64_t>(active.size()); }
    std::int64_t active_pairs() const noexcept { return base::pair_count(active_count()); }
};

/// Reads the activity (smoothed events), makes the moments of each neuron. `tick` is told how many
/// neurons have been transformed, three times each. Nothing when `tick` stopped it. To share the
/// work among ranks: moment_parts.hpp, of which this is all parts one after the other.
///
/// Time: sparse activity (below a fifth of samples non-zero, no covariates) 4 n flops a non-zero
/// sample and once that many for its frame's other samples; else 3 n^2 T flops in products (n
/// active neurons, T frames). n^3 for the inverse, four transforms of T a neuron, eight neurons
/// side by side (sixteen in single precision); numbers of frames with prime factors beyond 127 cost
/// several times as much. Memory: shift_moments_bytes.
/// @throws InputError for a displacement not of all neurons, or covariates as covariate_basis
std::optional<ShiftMoments> shift_moments_of(const activity::ActivityView& activity,
                                             const FrameCircles& circles,
                                             const CovariateView& covariates,
                                             const ShiftMomentOptions& options, const Tick& tick);

/// e_i without the correction for leverage: [active, used frames] row major, frames in the order of
/// the circles, of unit norm: e_i . e_j = -p_ij. Empty unless the status of the moments is ok.
std::vector<double> shift_residuals(const activity::ActivityView& activity,
                                    const FrameCircles& circles,
                                    const CovariateView& covariates = {});

/// Independent frames that a recording is worth: 1 / the mean over pairs of the variance of their
/// correlation over all shifts. Needs no inverse: for Ledoit-Wolf where there is none. (The T_eff
/// of EdgeTests is that of residuals, and about the same.) NaN for fewer than two active neurons.
/// One transform a neuron.
double effective_frames_of(const activity::ActivityView& activity, const FrameCircles& circles,
                           const CovariateView& covariates = {});

/// Bytes of a session at work: the traces and tables above.
double shift_moments_bytes(std::int64_t active, std::int64_t frames, std::int64_t circles,
                           Precision precision = Precision::full);
/// Floating-point operations of shift_moments_of where activity is dense.
double shift_moments_flops(std::int64_t active, std::int64_t frames) noexcept;

/// A square of pairs of active neurons: rows x columns; on the diagonal, only j > i.
struct PairTile
{
    base::Range rows;
    base::Range columns;

    bool diagonal() const noexcept { return rows == columns; }
    std::int64_t size() const noexcept { return rows.size() * columns.size(); }
    std::int64_t pairs() const noexcept
    {
        return diagonal() ? base::pair_count(rows.size()) : size();
    }
};

/// Tiles are the same whoever computes them, and so is every bit in them: a unit of work is a run
/// of tiles, never a part of one.
inline constexpr auto tile_neurons = std::int64_t{128};

/// All tiles over n neurons, upper triangle, row major.
std::vector<PairTile> pair_tiles(std::int64_t neurons);

/// Moments of a tile's pairs, each [rows, columns] row major; below the diagonal of a diagonal tile
/// nothing is meant.
struct TileMoments
{
    std::vector<double> variance;
    std::vector<double> skewness; ///< without the refit correction
    std::vector<double> variance_marginal;
    std::vector<double> skewness_marginal;
};

/// @pre moments.status == ok, the tile one of pair_tiles(moments.active_count())
TileMoments tile_moments(const ShiftMoments& moments, const PairTile& tile);

} // namespace rewire::calcium
