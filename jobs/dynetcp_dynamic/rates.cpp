#include "rates.hpp"

#include "jobs/frame/rates.hpp"

#include <rewire/base/random.hpp>
#include <rewire/dynetcp/adam.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/mpi/tree_sum.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto bins = std::int64_t{64};

dynetcp::TrialValues made_up_trial(std::int64_t neurons)
{
    auto stream = base::Stream(1, {base::key_of("rates")});
    auto dense = std::vector<double>(static_cast<std::size_t>(bins * neurons));
    for (auto& value : dense)
        value = stream.uniform() < 0.02 ? 1 : 0;
    return dynetcp::trial_values(dense, 1, bins, neurons);
}

struct TrialSeconds
{
    double whole;
    double forward;
};

TrialSeconds seconds_of(const dynetcp::DynamicSizes& sizes, std::int64_t neurons,
                        std::vector<dynetcp::Edge> edges)
{
    const auto layout = dynetcp::DynamicLayout(sizes, neurons, std::move(edges));
    auto parameters = dynetcp::initial_encoder(layout, 1, 1);
    parameters.resize(static_cast<std::size_t>(layout.parameters()), 0);
    auto model = dynetcp::DynamicModel<float>(layout, bins, dynetcp::DynamicTraining::encoder);
    model.set(parameters);
    const auto values = made_up_trial(neurons);
    auto gradient = std::vector<float>(static_cast<std::size_t>(model.trained()), 0);
    return {1 / rate_of(1, [&] { model.add_trial(values, 0, 1, 1, gradient); }),
            1 / rate_of(1, [&] { model.evaluate(values, 0, {}, {}); })};
}

} // namespace

DynamicRates measured_dynamic_rates(const dynetcp::DynamicSizes& sizes, std::int64_t units)
{
    const auto neurons = std::clamp(units, std::int64_t{4}, std::int64_t{48});
    auto ring = std::vector<dynetcp::Edge>{};
    for (std::int64_t neuron = 0; neuron < neurons; ++neuron)
        ring.push_back(
            {static_cast<std::int32_t>(neuron), static_cast<std::int32_t>((neuron + 1) % neurons)});
    const auto few = seconds_of(sizes, neurons, std::move(ring));
    const auto all = seconds_of(sizes, neurons, dynetcp::all_pairs(neurons));
    const auto count = static_cast<double>(neurons);
    const auto times = static_cast<double>(bins);
    auto rates = typical_dynamic_rates;
    rates.pair_bin_s = std::max((all.whole - few.whole) / (times * count * (count - 2)), 1e-9);
    rates.neuron_bin_s = std::max(few.whole / (times * count) - rates.pair_bin_s, 1e-8);
    rates.forward_share = std::min(all.forward / all.whole, 1.0);
    constexpr auto parameters = std::size_t{1} << 22;
    auto at = std::vector<float>(parameters, 0.1F);
    const auto gradient = std::vector<float>(parameters, 0.1F);
    auto adam = dynetcp::AdamState<float>{};
    rates.parameter_s = 1 / rate_of(static_cast<double>(parameters), [&] {
                            const auto factor =
                                dynetcp::clip_factor(dynetcp::norm_of<float>(gradient), 5);
                            dynetcp::adam_step<float>({}, adam, gradient, factor, at);
                        });
    auto sum = mpi::TreeSum<float>(4, parameters);
    auto leaf = std::int64_t{0};
    rates.leaf_parameter_s = 1 / rate_of(static_cast<double>(parameters), [&] {
                                 std::fill(at.begin(), at.end(), 0.0F);
                                 sum.add(leaf++, at);
                             });
    return rates;
}

std::string described(const DynamicRates& rates)
{
    return fmt::format("a pair at a bin {:.3g} us, a neuron at a bin {:.3g} us, forward and back",
                       1e6 * rates.pair_bin_s, 1e6 * rates.neuron_bin_s);
}

} // namespace rewire::jobs
