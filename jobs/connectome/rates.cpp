#include "rates.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/calcium/circles.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/shift_null.hpp>
#include <rewire/dense/symmetric.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace rewire::jobs {

namespace {

double inverse_rate(std::int64_t neurons)
{
    const auto n = std::clamp<std::int64_t>(neurons, 32, 1000);
    auto original = std::vector<double>(static_cast<std::size_t>(n * n), 0.1);
    for (std::int64_t i = 0; i < n; ++i)
        original[static_cast<std::size_t>(i * n + i)] = 1;
    auto matrix = original;
    const auto order = static_cast<double>(n);
    return rate_of(order * order * order, [&] {
        matrix = original;
        dense::invert_positive_definite(matrix, n);
    });
}

double table_rate()
{
    constexpr auto neurons = std::int64_t{96};
    constexpr auto frames = std::int64_t{12000};
    constexpr auto surrogates = std::int64_t{16};
    const auto activity = made_up_events(neurons, frames);
    const auto plan = calcium::plan_shift_null(
        activity.view(), {}, {},
        {.surrogates = surrogates, .engine = calcium::NullEngine::table, .block_size = surrogates},
        {1, 2, 3});
    const auto work =
        calcium::null_work(neurons, frames, static_cast<std::int64_t>(activity.frame.size()),
                           surrogates, calcium::NullEngine::table);
    return rate_of(work.table_flops,
                   [&] { calcium::run_shift_block(plan, 0, [](std::int64_t) { return true; }); });
}

double edge_rate()
{
    constexpr auto neurons = std::int64_t{96};
    constexpr auto frames = std::int64_t{11996}; // 4 x 2999: no easy length for a transform
    const auto activity = made_up_events(neurons, frames);
    const auto circle = calcium::one_circle(frames);
    const auto segment = std::array{base::Range{0, frames}};
    return rate_of(edge_flops(neurons, frames, base::pair_count(neurons)), [&] {
        const auto moments = calcium::shift_moments_of(activity.view(), circle, {},
                                                       {.skewness = calcium::Precision::single},
                                                       [](std::int64_t) { return true; });
        const auto jitter = calcium::event_jitter_of(activity.view(), moments->active, segment, {});
        for (const auto& tile : calcium::pair_tiles(neurons))
            calcium::test_tile(*moments, &jitter, tile, {});
    });
}

} // namespace

double edge_flops(std::int64_t neurons, std::int64_t frames, std::int64_t pairs) noexcept
{
    constexpr auto of_sample = 1500.0;
    constexpr auto of_pair = 25e3;     // tails
    constexpr auto of_pair_and_frame = // two variances over half the frames, moments over windows
        2.0 + 12.0 / 8;
    return calcium::shift_moments_flops(neurons, frames) +
           of_sample * static_cast<double>(neurons) * static_cast<double>(frames) +
           static_cast<double>(pairs) * (of_pair + of_pair_and_frame * static_cast<double>(frames));
}

double window_flops(std::int64_t neurons, std::int64_t frames, std::int64_t window_frames) noexcept
{
    constexpr auto of_sample = 150.0;
    constexpr auto of_pair = 15e3; // tails of both directions
    constexpr auto of_pair_and_window = 12.0;
    const auto pairs = static_cast<double>(base::pair_count(neurons));
    const auto windows = static_cast<double>(frames) / static_cast<double>(window_frames);
    return of_sample * static_cast<double>(neurons) * static_cast<double>(frames) +
           pairs * (of_pair + of_pair_and_window * windows);
}

ConnectomeRates measured_connectome_rates(std::int64_t neurons)
{
    auto rates = typical_connectome_rates;
    rates.activity = measured_activity_rates();
    rates.inverse_flops_per_s = inverse_rate(neurons);
    rates.table_flops_per_s = table_rate();
    rates.edge_flops_per_s = edge_rate();
    rates.pairs_per_s *= rates.table_flops_per_s / typical_connectome_rates.table_flops_per_s;
    return rates;
}

std::string described(const ConnectomeRates& rates)
{
    return fmt::format("{}inverse {:.0f} GFLOP/s, shift table {:.0f} GFLOP/s, moments of shifts "
                       "{:.0f} GFLOP/s, deconvolution {:.0f} "
                       "million samples/s{}",
                       rates_measured, rates.inverse_flops_per_s / 1e9,
                       rates.table_flops_per_s / 1e9, rates.edge_flops_per_s / 1e9,
                       rates.activity.oasis_samples_per_s / 1e6, rates_differ);
}

} // namespace rewire::jobs
