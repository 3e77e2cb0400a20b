#include "lag_sums.hpp"

#include <rewire/base/index.hpp>
#include <rewire/calcium/shift_moments.hpp>
#include <rewire/dense/symmetric.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::calcium {

namespace {

using base::at;

template <typename Real>
std::vector<double> products(std::span<const Real> rows, std::int64_t width, const PairTile& tile)
{
    auto out = std::vector<Real>(at(tile.size()));
    const auto first = rows.subspan(at(tile.rows.first * width), at(tile.rows.size() * width));
    if (tile.diagonal())
        dense::add_products_of_rows(out, tile.rows.size(), first, width, width);
    else
        dense::multiply_rows(
            first, rows.subspan(at(tile.columns.first * width), at(tile.columns.size() * width)),
            out, tile.rows.size(), tile.columns.size(), width);
    if constexpr (std::is_same_v<Real, double>)
        return out;
    else
        return {out.begin(), out.end()};
}

std::vector<double> products_of(const MomentRows& rows, const PairTile& tile)
{
    if (!rows.doubles().empty())
        return products<double>(rows.doubles(), rows.width, tile);
    return products<float>(rows.floats(), rows.width, tile);
}

/// Third moments become skewness.
void standardise(std::vector<double>& third, const std::vector<double>& variance)
{
    for (std::size_t k = 0; k < third.size(); ++k)
        third[k] /= variance[k] * std::sqrt(variance[k]);
}

} // namespace

std::int64_t lags_from_autocorrelation(std::span<const double> sum) noexcept
{
    auto lags = std::min(static_cast<std::int64_t>(sum.size()) - 1, most_lags);
    while (lags > least_lags && !(sum[at(lags)] >= counted_autocorrelation * sum[0]))
        --lags;
    return std::max(lags, least_lags);
}

double shift_moments_bytes(std::int64_t active, std::int64_t frames, std::int64_t circles,
                           Precision precision)
{
    const auto n = static_cast<double>(active);
    const auto t = static_cast<double>(frames + 2 * circles);
    const auto real = precision == Precision::full ? 8.0 : 4.0;
    const auto third = 2.0 * static_cast<double>(circles * lag_pairs(most_lags));
    constexpr auto together = 600.0; // bytes a frame of the neurons that are transformed together
    // rows (or samples, which are fewer), which become powers of half their length, and powers of
    // traces; correlation, inverse, factors and a spare; pairs
    return real * n * (1.5 * t + third) + together * t + 8 * n * n * 4 + 8 * n * n;
}

double shift_moments_flops(std::int64_t active, std::int64_t frames) noexcept
{
    const auto n = static_cast<double>(active);
    const auto t = static_cast<double>(frames);
    return n * n * t + 2 * n * n * t + n * n * n;
}

std::vector<PairTile> pair_tiles(std::int64_t neurons)
{
    auto tiles = std::vector<PairTile>{};
    for (std::int64_t i = 0; i < neurons; i += tile_neurons)
        for (auto j = i; j < neurons; j += tile_neurons)
            tiles.push_back({.rows = {i, std::min(i + tile_neurons, neurons)},
                             .columns = {j, std::min(j + tile_neurons, neurons)}});
    return tiles;
}

TileMoments tile_moments(const ShiftMoments& moments, const PairTile& tile)
{
    auto result = TileMoments{.variance = products_of(moments.power, tile),
                              .skewness = products_of(moments.third, tile),
                              .variance_marginal = products_of(moments.power_marginal, tile),
                              .skewness_marginal = products_of(moments.third_marginal, tile)};
    standardise(result.skewness, result.variance);
    standardise(result.skewness_marginal, result.variance_marginal);
    return result;
}

} // namespace rewire::calcium
