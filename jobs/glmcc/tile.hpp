#pragma once

#include "jobs/recording/held_spikes.hpp"
#include "settings.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/runtime/run_context.hpp>
#include <rewire/spikes/glmcc.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace rewire::jobs {

/// One direction of a pair.
struct GlmccCall
{
    double coupling_fitted = 0;
    double coupling = 0;
    double threshold = 0;
    double chance = 0;
    double likelihood_ratio = 0;
    double weight_mv = 0;
    std::int64_t significant = 0; ///< 1 excites, -1 inhibits
};

/// What is kept of the fit of a pair.
struct GlmccFitted
{
    std::array<GlmccCall, 2> direction; ///< 0: i -> j, 1: j -> i
    double log_posterior = 0;
    double log_likelihood = 0;
    double background_ratio = 1;
    std::int64_t events = 0;
    std::int32_t delay_ms = 0;
    std::int32_t converged = 1;
    std::int32_t tested = 1;
    std::int32_t near = 0; ///< units on one peak channel or within 50 um
};

/// Correlogram of a pair with what was fitted to it, by bin.
struct GlmccExample
{
    std::int32_t i = -1; ///< at positive lags it fires after j; -1: none
    std::int32_t j = -1;
    double strength = 0; ///< largest |J| / J_th of a significant direction
    std::array<double, spikes::glmcc_bins> count{};
    std::array<double, spikes::glmcc_bins> background{};
    std::array<double, spikes::glmcc_bins> fitted{};
};

/// Pairs of a tile, in its order.
struct GlmccTile
{
    std::vector<GlmccFitted> pair;
    GlmccExample strongest;

    std::vector<std::byte> packed() const;
    static GlmccTile unpacked(std::span<const std::byte> bytes);
};

/// Nothing when stopped.
std::optional<GlmccTile> compute_glmcc_tile(const HeldSpikes& held, std::size_t position,
                                            const spikes::PairTile& tile,
                                            const GlmccJobSettings& settings,
                                            const runtime::Tick& tick);

} // namespace rewire::jobs
