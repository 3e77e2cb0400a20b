#pragma once

#include <rewire/calcium/shift_moments.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

/// shift_moments_of cut into parts, so that ranks share the making of one session's tables:
///
///     prepare_moments    once: correlations, their inverse, the samples that parts read
///     MomentParts        in two rounds of part_neurons neurons each: spectra, which say what to
///                        correct residuals for; then, with the sums of all parts, third moments
///
/// Parts are the same whoever computes them, sums over parts are taken in their order, and so the
/// tables are the same bits however parts were handed out. Residuals are made anew in the second
/// round: spectra of all neurons are as large as both tables, and as slow to write as to compute.
namespace rewire::calcium {

inline constexpr auto part_neurons = std::int64_t{64};

/// What parts read, in one's own memory or in shared memory. T frames of all circles, n active
/// neurons.
struct MomentArrays
{
    std::span<const double> root;            ///< [n] sqrt of the diagonal of Theta
    std::span<const double> factor;          ///< [n, n] Theta_ij / sqrt(Theta_ii)
    std::span<const double> level;           ///< [n, circles] of traces where they have no sample
    std::span<const std::int64_t> row_start; ///< [n + 1] samples above the level, by neuron ...
    std::span<const std::int32_t> row_frame; ///< (of an even size)
    std::span<const double> row_value;
    std::span<const std::int64_t> frame_start; ///< [T + 1] ... and by frame
    std::span<const std::int32_t> frame_row;   ///< (of an even size)
    std::span<const double> frame_value;
};

struct MomentPreparation
{
    /// Without tables, lags, leverage and refit shares unless `whole`.
    ShiftMoments moments;
    /// Nothing is left to do in parts: there are no moments, or they were made from rows, because
    /// activity is dense or covariates were taken out.
    bool whole = false;

    // Of MomentArrays; empty where `whole`.
    std::vector<double> root, factor, level;
    std::vector<std::int64_t> row_start, frame_start;
    std::vector<std::int32_t> row_frame, frame_row;
    std::vector<double> row_value, frame_value;

    MomentArrays arrays() const;
};

/// Transforms and memory that parts use one after the other: one for a rank, for all its sessions.
class MomentScratch
{
  public:
    MomentScratch();
    MomentScratch(const MomentScratch&) = delete;
    MomentScratch& operator=(const MomentScratch&) = delete;
    ~MomentScratch();

    struct State;
    State& state() noexcept { return *state_; }

  private:
    std::unique_ptr<State> state_;
};

/// Bytes of a MomentScratch after a session of so many frames.
double moment_scratch_bytes(std::int64_t frames) noexcept;

/// Nothing when `tick` stopped it.
/// @throws InputError as shift_moments_of
std::optional<MomentPreparation> prepare_moments(const activity::ActivityView& activity,
                                                 const FrameCircles& circles,
                                                 const CovariateView& covariates,
                                                 const ShiftMomentOptions& options,
                                                 MomentScratch& scratch, const Tick& tick);

/// Where tables go: memory of all n neurons, of which each part writes its own. Power and third
/// moments are of floats where options.precision is single, else of doubles.
struct MomentTables
{
    std::span<std::byte> power;          ///< [n, frequencies]
    std::span<std::byte> power_marginal; ///< [n, frequencies]
    std::span<std::byte> third;          ///< [n, third_width]
    std::span<std::byte> third_marginal; ///< [n, third_width_marginal]
    std::span<double> norm;              ///< [n] of residuals once corrected
    std::span<double> refit;             ///< [n]
};

class ResidualSource;

/// One session as its parts are computed. Keeps references to all it is given.
class MomentParts
{
  public:
    /// @param neurons active ones
    MomentParts(std::int64_t neurons, const MomentArrays& arrays, const FrameCircles& circles,
                const ShiftMomentOptions& options, MomentScratch& scratch);
    /// From rows rather than samples; for prepare_moments.
    MomentParts(std::int64_t neurons, const ResidualSource& source, std::span<const double> root,
                const FrameCircles& circles, const ShiftMomentOptions& options,
                MomentScratch& scratch);
    MomentParts(const MomentParts&) = delete;
    MomentParts& operator=(const MomentParts&) = delete;
    ~MomentParts();

    /// Numbers that a part adds up over its neurons, for every frequency.
    static constexpr auto sums = std::int64_t{3};

    static std::int64_t count(std::int64_t neurons) noexcept
    {
        return (neurons + part_neurons - 1) / part_neurons;
    }
    static base::Range neurons_of(std::int64_t part, std::int64_t neurons) noexcept
    {
        return {part * part_neurons, std::min((part + 1) * part_neurons, neurons)};
    }
    static std::int64_t frequencies(const FrameCircles& circles);

    /// First round: powers into the tables, those of residuals not yet corrected; `sum` [sums,
    /// frequencies]. False when `tick` stopped it.
    bool spectra(std::int64_t part, const MomentTables& tables, std::span<double> sum,
                 const Tick& tick);
    /// Between the rounds, with the sums of all parts in their order.
    void set_sums(std::span<const std::span<const double>> of_parts);
    ShiftLags lags() const noexcept;
    std::span<const double> leverage() const noexcept;
    std::int64_t third_width() const noexcept;
    std::int64_t third_width_marginal() const noexcept;
    /// Corrects the powers of some neurons' residuals, in place, and adds them up. Once for each
    /// neuron.
    void correct(base::Range neurons, const MomentTables& tables);
    /// Second round, once all of the part's neurons are corrected.
    bool third_moments(std::int64_t part, const MomentTables& tables, const Tick& tick);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace rewire::calcium
