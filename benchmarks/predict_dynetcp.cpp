// predict_dynetcp [NEURONS [BINS [BATCH [TRAIN [VALIDATION]]]]]: the time of an epoch of the
// dynamic part of DyNetCP with all pairs on 1 to 512 ranks, predicted from parts that are measured
// here: a trial and parts of it, the forward pass, what every rank does for itself, and, where it
// is started on two ranks, a sum over both. What a network adds is assumed and said.
#include "jobs/dynetcp_dynamic/estimate.hpp"

#include <rewire/base/random.hpp>
#include <rewire/dynetcp/adam.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/dynetcp/static_training.hpp>
#include <rewire/mpi/tree_sum.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

using namespace rewire;

namespace {

struct Sizes
{
    std::int64_t neurons = 100;
    std::int64_t bins = 500;
    std::int64_t batch = 16;
    std::int64_t train = 400;
    std::int64_t validation = 100;
};

/// Seconds of one core.
struct Measured
{
    double trial = 0;    ///< whole, forward and back
    double smallest = 0; ///< the same of a part, one of `parts`
    std::int64_t parts = 1;
    double forward = 0; ///< of a whole trial
    double leaf = 0;    ///< a trial's gradient is set to 0 and added
    double own = 0;     ///< of a step: tables, norm, Adam
    double sum = 0;     ///< over two ranks of this machine, up and down
    double bytes = 0;   ///< that are summed

    /// What every part of a trial does again, and what is cut.
    double repeated() const
    {
        const auto share = 1 / static_cast<double>(parts);
        return parts == 1 ? 0 : std::max(0.0, (smallest - share * trial) / (1 - share));
    }
    double part(double whole, std::int64_t of) const
    {
        const auto kept = repeated() / trial * whole;
        return kept + (whole - kept) / static_cast<double>(of);
    }
};

/// Median of three, after one that fills the caches.
double seconds_of(const std::function<void()>& run)
{
    auto seconds = std::array<double, 3>{};
    run();
    for (auto& one : seconds) {
        const auto start = std::chrono::steady_clock::now();
        run();
        one = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    std::sort(seconds.begin(), seconds.end());
    return seconds[1];
}

dynetcp::TrialValues made_up_trial(const Sizes& sizes)
{
    auto stream = base::Stream(1, {1});
    auto dense = std::vector<double>(static_cast<std::size_t>(sizes.bins * sizes.neurons));
    for (auto& value : dense)
        value = stream.uniform() < 0.008 ? 1 : 0;
    return dynetcp::trial_values(dense, 1, sizes.bins, sizes.neurons);
}

Measured measured(const Sizes& sizes)
{
    const auto layout =
        dynetcp::DynamicLayout({}, sizes.neurons, dynetcp::all_pairs(sizes.neurons));
    auto parameters = dynetcp::initial_encoder(layout, 1, 1);
    parameters.resize(static_cast<std::size_t>(layout.parameters()), 0);
    auto model =
        dynetcp::DynamicModel<float>(layout, sizes.bins, dynetcp::DynamicTraining::encoder);
    model.set(parameters);
    const auto values = made_up_trial(sizes);
    auto gradient = std::vector<float>(static_cast<std::size_t>(model.trained()), 0);
    auto result = Measured{.parts = std::min<std::int64_t>(32, sizes.neurons),
                           .bytes = 4 * static_cast<double>(gradient.size())};
    result.trial = seconds_of([&] { model.add_trial(values, 0, 1, 1, gradient); });
    result.smallest = seconds_of([&] {
        model.add_trial(values, 0, 1, 1, gradient, {result.parts / 2, result.parts});
    });
    result.forward = seconds_of([&] { model.evaluate(values, 0, {}, {}); });
    auto adam = dynetcp::AdamState<float>{};
    result.own = seconds_of([&] {
        model.set(parameters);
        const auto factor = dynetcp::clip_factor(dynetcp::norm_of<float>(gradient), 5);
        dynetcp::adam_step<float>({}, adam, gradient, factor,
                                  std::span(parameters).first(gradient.size()));
    });
    auto leaves = mpi::TreeSum<float>(4, gradient.size());
    auto leaf = std::int64_t{0};
    result.leaf = seconds_of([&] {
        std::fill(gradient.begin(), gradient.end(), 0.0F);
        leaves.add(leaf++, gradient);
    });
    return result;
}

/// Seconds of a sum over all ranks, one leaf each.
double seconds_of_sum(const mpi::Communicator& comm, std::size_t length)
{
    auto values = std::vector<float>(length, 1);
    auto sum = mpi::TreeSum<float>(comm.size(), length);
    auto seconds = 0.0;
    for (auto repeat = 0; repeat < 4; ++repeat) {
        comm.barrier();
        const auto start = std::chrono::steady_clock::now();
        sum.add(comm.rank(), values);
        sum.reduce(comm, values);
        if (repeat > 0) // the first touches the memory
            seconds +=
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 3;
    }
    return seconds;
}

/// Seconds of an epoch on so many ranks, by what takes them.
struct Epoch
{
    std::int64_t parts = 1;
    double computing = 0;
    double own = 0;
    double summing = 0;

    double total() const { return computing + own + summing; }
};

Epoch epoch_on(std::int64_t ranks, const Sizes& sizes, const Measured& parts, double network_gb_s)
{
    const auto n = static_cast<double>(sizes.neurons);
    const auto sharing = jobs::sharing_of(n, n * (n - 1));
    const auto whole_steps = sizes.train / sizes.batch;
    const auto steps = static_cast<double>(whole_steps);
    const auto slowest = [&](std::int64_t trials, double whole, double of_leaf) {
        const auto of = jobs::parts_of_trial(trials, ranks, sharing);
        const auto leaves = (trials * of + ranks - 1) / ranks;
        return static_cast<double>(leaves) * (parts.part(whole, of) + of_leaf);
    };
    const auto rounds = std::ceil(std::log2(static_cast<double>(ranks)));
    const auto message = 20e-6 + parts.bytes / (1e9 * network_gb_s);
    return {jobs::parts_of_trial(sizes.batch, ranks, sharing),
            steps * slowest(sizes.batch, parts.trial, parts.leaf) +
                slowest(sizes.validation, parts.forward, 0),
            steps * parts.own, steps * rounds * (parts.sum + 2 * message)};
}

void print(const Sizes& sizes, const Measured& parts)
{
    fmt::print("measured on one core: a trial {:.3g} s, one of {} parts of it {:.3g} s, forward "
               "alone {:.3g} s; a step's own {:.3g} s, a gradient added {:.3g} s; {:.3g} MB summed "
               "over two ranks of this machine {:.3g} s\n",
               parts.trial, parts.parts, parts.smallest, parts.forward, parts.own, parts.leaf,
               parts.bytes / 1e6, parts.sum);
    fmt::print(
        "PREDICTION, not a measurement: an epoch of {} neurons, all pairs, {} + {} trials of "
        "{} bins, batch {}; messages of 20 us and 1 GB/s (last column: 10 GB/s)\n",
        sizes.neurons, sizes.train, sizes.validation, sizes.bins, sizes.batch);
    fmt::print("{:>6} {:>8} {:>12} {:>8} {:>8} {:>10} {:>9} {:>11} {:>10}\n", "ranks", "parts",
               "computing s", "own s", "sums s", "epoch s", "speed-up", "efficiency", "10 GB/s s");
    const auto alone = epoch_on(1, sizes, parts, 1).total();
    for (std::int64_t ranks = 1; ranks <= 512; ranks *= 2) {
        const auto epoch = epoch_on(ranks, sizes, parts, 1);
        const auto speed = alone / epoch.total();
        fmt::print(
            "{:>6} {:>8} {:>12.1f} {:>8.2f} {:>8.2f} {:>10.1f} {:>9.1f} {:>10.0f}% {:>10.1f}\n",
            ranks, epoch.parts, epoch.computing, epoch.own, epoch.summing, epoch.total(), speed,
            100 * speed / static_cast<double>(ranks), epoch_on(ranks, sizes, parts, 10).total());
    }
}

} // namespace

int main(int argc, char** argv)
{
    const auto environment = mpi::Environment(argc, argv);
    const auto comm = mpi::Communicator::world();
    auto sizes = Sizes{};
    const auto places =
        std::array{&sizes.neurons, &sizes.bins, &sizes.batch, &sizes.train, &sizes.validation};
    for (auto k = 1; k < argc && k <= static_cast<int>(places.size()); ++k)
        *places[static_cast<std::size_t>(k - 1)] = std::atoll(argv[k]);
    if (sizes.neurons < 2 || sizes.bins < 2 || sizes.batch < 1 || sizes.train < sizes.batch ||
        sizes.validation < 1) {
        std::fprintf(stderr,
                     "usage: predict_dynetcp [NEURONS [BINS [BATCH [TRAIN [VALIDATION]]]]]\n");
        return 2;
    }
    auto parts = Measured{};
    if (comm.is_root())
        parts = measured(sizes);
    comm.barrier();
    const auto length = comm.largest(parts.bytes / 4);
    if (comm.size() > 1)
        parts.sum = seconds_of_sum(comm, static_cast<std::size_t>(length)) /
                    std::ceil(std::log2(static_cast<double>(comm.size())));
    if (comm.is_root())
        print(sizes, parts);
    return 0;
}
