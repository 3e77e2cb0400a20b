#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/covariance.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/calcium/tick.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The circular-shift null of the partial correlations of one session.
///
/// **What is done.** In a surrogate every neuron's trace is shifted in time, around the circle, by
/// an amount of its own, and all partial correlations are computed anew. A trace keeps its values,
/// its rate, its bursts and its autocorrelation; only the timing between neurons is destroyed. The
/// p-value of a pair is the share of surrogates whose value is at least the observed one.
///
/// **What a small p-value shows**: the two neurons are active together, at lag 0, more than traces
/// with their own statistics would be by accident. **What it does not show**: that they are
/// connected. A shift breaks all dependence at once, so whatever drives both neurons - running, a
/// stimulus, arousal, motion of the tissue - also rejects. Two options take known drive out: shifts
/// within behavioural states (the share of time and the level of activity in each state are then
/// the same in every surrogate), and covariates such as running speed, whose linear effect is
/// removed first. For one pair among truly dependent others the null is approximate: all
/// dependences are broken in a surrogate, not only that of the pair.
///
/// The family-wise p-value (`p_fwe`, from each surrogate's largest value) speaks about the global
/// null: P(any pair <= 0.05) <= 0.05 where NO two neurons depend on each other. With dependent
/// pairs about, it is a guide, not a guarantee (no strong control). Where the minimum shift leaves
/// a large share of pairs out of the maxima (`aligned_share`: recordings not many times as long)
/// and neurons are few, it runs a little high: 0.063 for 0.05 with 3 neurons and a quarter left
/// out. The q-value is that of Benjamini and Hochberg over the session's tested pairs.
///
/// A shift is a fair comparison as far as traces are stationary over the frames that are shifted.
/// A recording whose rates drift together (bleaching, a drowsy second half) will reject for that.
///
/// **How the shifts are drawn.** G slots, G >= the number of active neurons, lie on the circle
/// delta = floor(frames / G) frames apart; frames beyond G delta are left out, from the observed
/// value too, so that it is a member of the family it is compared with. Neurons get distinct slots,
/// a random choice that is fresh in every surrogate: with independent slots N^2 / 2G pairs would
/// remain aligned in each surrogate and spoil its maximum. A block of surrogates adds a base shift
/// within [0, delta) to every neuron, so that a pair meets shifts off the grid as well.
///
/// **Nearly aligned pairs.** Where the relative shift of two neurons is less than `minimum_shift`
/// on the circle, a true connection still shows. Such pairs are left out of that surrogate's
/// maximum, or they would hide the very edges that are sought. A pair's own p-value counts them
/// all the same: without them the neighbours of lag 0, which resemble the observed value, would be
/// missing from the comparison, and slow traces would reject too often (measured: P(p <= 0.001) of
/// 0.004 for autoregressive traces of 50 frames over 3,000). What this costs a true edge is the
/// width of its peak over the length of the recording.
///
/// **Resolution.** A pair cannot be told apart from more accidents than it has distinct relative
/// shifts, however many surrogates are drawn; p is therefore at least 1 / (distinct_shifts + 1).
namespace rewire::calcium {

enum class NullEngine : std::uint8_t
{
    automatic, ///< table; direct for fewer than 16 surrogates or a badly conditioned session
    /// Correlations at all slots by Fourier transform, once a block, single precision. Cost of a
    /// surrogate: a look-up a pair and one inverse.
    table,
    /// The surrogate's covariance added up anew, double precision.
    direct,
};

/// A frame of this state takes no part.
inline constexpr auto left_out_state = std::uint8_t{255};

struct ShiftNullOptions
{
    std::int64_t surrogates = 1000;
    /// In frames, >= 1: pairs closer than this on the circle are not part of a surrogate's maximum
    /// (2 s is usual).
    std::int64_t minimum_shift = 56;
    bool two_sided = false; ///< compare |p| instead of p
    NullEngine engine = NullEngine::automatic;
    /// Surrogates that share base shifts: the unit of work. 0: by the number of neurons (512 MB of
    /// correlations, 16 to 1000). Part of what is drawn: another size gives other surrogates.
    std::int64_t block_size = 0;
    Shrinkage shrinkage{}; ///< s as for the observed frames, the same in all surrogates
};

/// Names the random streams of a session, ("shift slot", subject, session, surrogate) and ("shift
/// base", subject, session, block): what surrogate k draws depends on nothing but these, the block
/// size and the sizes of the problem.
struct ShiftNullKey
{
    std::uint64_t seed = 0;
    std::uint64_t subject = 0; ///< base::key_of
    std::uint64_t session = 0;
};

/// Frames of one behavioural state, joined together and shifted around their own circle.
struct ShiftState
{
    std::uint8_t state = 0;
    std::int64_t first = 0;       ///< in the used frames
    std::int64_t slot_frames = 0; ///< delta
    std::int64_t frames = 0;      ///< slots * delta
};

/// Everything that the surrogates of a session share. Made once; read by all blocks.
struct ShiftNullPlan
{
    ShiftNullOptions options; ///< engine and block_size decided
    ShiftNullKey key;
    bool possible = false;
    std::string status_text; ///< "ok", or why there is no null

    std::int64_t neurons = 0;
    std::vector<std::int64_t> active; ///< neurons that are active in the used frames
    std::int64_t slots = 0;           ///< G
    std::vector<ShiftState> states;
    std::int64_t frames_used = 0;
    std::int64_t frames_left_out = 0;
    std::int64_t shortest_state = 0;   ///< shorter ones cannot be shifted, ...
    std::int64_t frames_too_short = 0; ///< ... and so many of the frames left out are theirs
    std::int64_t distinct_shifts = 0;  ///< relative shifts a pair can meet; bounds p from below

    activity::Activity activity; ///< active neurons, used frames
    CovariateBasis basis;        ///< covariates on the used frames
    std::vector<double> mean;    ///< [active]
    std::vector<double> slope;   ///< [active, basis.rank]
    std::vector<double> scale;   ///< [active] product of two and of their residuals' covariance ...
    double shrinkage = 0;        ///< ... and 1 - shrinkage is the correlation
    double rcond = 0;            ///< of the observed matrix
    std::vector<double> observed; ///< [active pairs] partial correlations on the used frames

    std::int64_t active_count() const noexcept { return static_cast<std::int64_t>(active.size()); }
    std::int64_t active_pairs() const noexcept { return base::pair_count(active_count()); }
    std::int64_t blocks() const noexcept
    {
        return possible ? (options.surrogates + options.block_size - 1) / options.block_size : 0;
    }
    /// Surrogates of a block.
    base::Range block(std::int64_t index) const noexcept;
};

/// @param activity smoothed activity, all neurons of the session
/// @param state [frames] or empty: the behavioural state of each frame (left_out_state: none). A
/// state too short to be shifted (fewer frames than active neurons, or than four minimum shifts) is
/// left out.
/// @param covariates [count, frames], taken out on the used frames
/// @throws InputError for sizes that disagree or options out of range. A session without a null
/// (too few frames or neurons, singular) is not an error: `possible` is false.
ShiftNullPlan plan_shift_null(const activity::ActivityView& activity,
                              std::span<const std::uint8_t> state, const CovariateView& covariates,
                              const ShiftNullOptions& options, const ShiftNullKey& key);

/// What surrogates have shown so far. Whole numbers add up; every maximum belongs to one surrogate:
/// any grouping of blocks gives the same bits. Over ranks: the sum of the integers, and the larger
/// of the maxima, element by element.
struct ShiftNullTally
{
    std::int64_t surrogates = 0;      ///< counted in; the singular ones among them
    std::int64_t singular = 0;        ///< without an inverse: in no count
    std::vector<std::int32_t> exceed; ///< [active pairs] surrogate >= observed
    std::int64_t aligned = 0;         ///< pairs that were left out of maxima, over all surrogates
    /// [surrogates of the plan] largest value over pairs not nearly aligned; no_maximum where
    /// singular or not counted yet.
    std::vector<double> maximum;
};

/// Below any partial correlation.
inline constexpr auto no_maximum = -2.0;

/// A surrogate counts as >= the observed value when it is not smaller by more than this: a tie must
/// not be decided by rounding (single precision in the table). Far below the scatter of any null,
/// 1 / sqrt(frames).
inline constexpr auto tie_tolerance = 1e-5;

ShiftNullTally empty_tally(const ShiftNullPlan& plan);
/// @pre both of the same plan, no surrogate in both
void add_to(ShiftNullTally& sum, const ShiftNullTally& part);

/// Runs one block; nothing when `tick`, which is told the number of surrogates finished, stopped
/// it.
/// @pre plan.possible, 0 <= block < plan.blocks()
std::optional<ShiftNullTally> run_shift_block(const ShiftNullPlan& plan, std::int64_t block,
                                              const Tick& tick);

struct ShiftNullResult
{
    std::vector<double> p_value; ///< [pairs, all neurons] NaN with an inactive neuron
    std::vector<double> q_value;
    std::vector<double> p_fwe;
    std::vector<double> observed; ///< likewise: the plan's; empty where there are no p-values
    std::int64_t surrogates = 0;  ///< that had an inverse
    std::int64_t singular = 0;
    double smallest_p = 1;    ///< that a pair could reach
    double aligned_share = 0; ///< of pairs and surrogates, left out of maxima
};

/// p = (exceed + 1) / (surrogates + 1), not below the resolution; p_fwe is not below p. The
/// family-wise p-value is divided by the share of pairs that each maximum was taken over, since the
/// observed maximum is over all. A plan that is not possible gives NaN throughout.
ShiftNullResult finish_shift_null(const ShiftNullPlan& plan, const ShiftNullTally& tally);

/// Memory of one rank at work on a session: plan, tally and one block.
double null_memory_bytes(std::int64_t active, std::int64_t frames, std::int64_t entries,
                         std::int64_t block_size, NullEngine engine);

/// Work of one block of surrogates, by what limits it.
struct NullWork
{
    double inverse_flops = 0; ///< double precision, n^3 a surrogate
    double table_flops = 0;   ///< single precision, transforms and products
    double pairs = 0;         ///< looked up or added up, compared and counted
};

/// With the direct engine the additions of a covariance count as ten `table_flops` each.
NullWork null_work(std::int64_t active, std::int64_t frames, std::int64_t entries,
                   std::int64_t block_size, NullEngine engine);
/// The block size that 0 stands for.
std::int64_t default_block_size(std::int64_t active) noexcept;
/// G for these sizes: a product of 2, 3 and 5, at least 1000 and twice the active neurons where
/// frames allow, leaving out as few frames as possible. 0 where there is none.
std::int64_t choose_slots(std::int64_t active, std::span<const std::int64_t> state_frames);

} // namespace rewire::calcium
