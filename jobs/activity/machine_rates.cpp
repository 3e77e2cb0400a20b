#include "machine_rates.hpp"

#include <rewire/base/random.hpp>
#include <rewire/behaviour/movement_test.hpp>
#include <rewire/calcium/deconvolve_block.hpp>
#include <rewire/calcium/shift_null.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/io/digest.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <vector>

namespace rewire::jobs {

namespace {

double processor_seconds()
{
    auto now = timespec{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Work done a second: the best of three runs, the first of which fills the caches.
template <typename Run>
double rate_of(double work, Run&& run)
{
    auto best = std::numeric_limits<double>::infinity();
    for (auto repeat = 0; repeat < 3; ++repeat) {
        const auto start = processor_seconds();
        run();
        best = std::min(best, processor_seconds() - start);
    }
    return work / std::max(best, 1e-6);
}

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

/// Smoothed events of five frames in about one sample of twenty.
activity::Activity made_up_events(std::int64_t neurons, std::int64_t frames)
{
    auto stream = base::Stream(1, {1});
    auto activity = activity::Activity{};
    activity.frames = frames;
    for (std::int64_t neuron = 0; neuron < neurons; ++neuron) {
        auto frame = static_cast<std::int64_t>(95 * stream.exponential());
        for (; frame + 5 < frames;
             frame += 5 + static_cast<std::int64_t>(95 * stream.exponential())) {
            const auto size = stream.exponential();
            for (std::int64_t tap = 0; tap < 5; ++tap) {
                activity.frame.push_back(static_cast<std::int32_t>(frame + tap));
                activity.value.push_back(size * static_cast<double>(3 - std::abs(tap - 2)) / 3);
            }
        }
        activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
    }
    return activity;
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

double oasis_rate()
{
    constexpr auto neurons = std::int64_t{64};
    constexpr auto frames = std::int64_t{8000};
    auto stream = base::Stream(1, {2});
    auto samples = std::vector<float>(static_cast<std::size_t>(neurons * frames));
    for (auto& sample : samples)
        sample = static_cast<float>(0.1 * stream.normal());
    return rate_of(static_cast<double>(neurons * frames), [&] {
        auto activity = activity::Activity{};
        calcium::deconvolve_block(calcium::TraceBlock<float>{samples, frames, neurons},
                                  {.oasis = {.tau_s = 0.7, .rate_hz = 28}}, activity);
    });
}

double movement_rate()
{
    constexpr auto neurons = std::int64_t{128};
    constexpr auto frames = std::int64_t{20000};
    constexpr auto shuffles = std::int64_t{1000};
    const auto activity = made_up_events(neurons, frames);
    auto epochs = behaviour::Epochs{frames, {}};
    for (std::int64_t frame = 100; frame + 40 < frames; frame += 200)
        epochs.movements.push_back({frame, frame + 40});
    const auto sums = static_cast<double>(neurons) * static_cast<double>(shuffles) *
                      static_cast<double>(2 * epochs.movements.size());
    return rate_of(sums, [&] {
        const auto masks = behaviour::shuffled_masks(epochs, behaviour::ShuffleUnits::runs,
                                                     {1, 2, 3}, {0, shuffles});
        behaviour::count_shuffles(activity.view(), epochs, masks, {0, neurons});
    });
}

double digest_rate()
{
    const auto bytes = std::vector<std::byte>(std::size_t{16} << 20);
    return rate_of(static_cast<double>(bytes.size()), [&] { io::sha256_of(bytes); });
}

} // namespace

MachineRates measured_rates(std::int64_t neurons)
{
    auto rates = typical_rates;
    rates.inverse_flops_per_s = inverse_rate(neurons);
    rates.table_flops_per_s = table_rate();
    rates.pairs_per_s *= rates.table_flops_per_s / typical_rates.table_flops_per_s;
    rates.oasis_samples_per_s = oasis_rate();
    rates.movement_sums_per_s = movement_rate();
    rates.checked_bytes_per_s = digest_rate();
    return rates;
}

std::string described(const MachineRates& rates)
{
    return fmt::format(
        "rates of one core of this machine, measured just now: inverse {:.0f} GFLOP/s, "
        "shift table {:.0f} GFLOP/s, deconvolution {:.0f} million samples/s, movement "
        "sums {:.1f} billion/s; another machine will differ",
        rates.inverse_flops_per_s / 1e9, rates.table_flops_per_s / 1e9,
        rates.oasis_samples_per_s / 1e6, rates.movement_sums_per_s / 1e9);
}

} // namespace rewire::jobs
