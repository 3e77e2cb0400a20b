// The optimum of the static part by L-BFGS: on triplets, that which another L-BFGS stored.
#include "dynetcp_reference.hpp"
#include "shared_data.hpp"

#include <rewire/dynetcp/static_fit.hpp>
#include <rewire/linalg/minimise.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace rewire;

namespace {

dynetcp::Minimum minimise(const dynetcp::Objective& objective, std::vector<double> start)
{
    auto found = linalg::minimise(objective, std::move(start));
    return {std::move(found.at), found.value, found.gradient_norm, found.evaluations};
}

/// Parameters of a receiver from weights [sender, receiver, lag] and biases.
std::vector<double> receiver_of(const std::vector<double>& weights,
                                const std::vector<double>& biases, std::size_t receiver)
{
    const auto neurons = biases.size();
    const auto lags = weights.size() / (neurons * neurons);
    auto parameters = std::vector<double>{};
    for (std::size_t sender = 0; sender < neurons; ++sender) {
        const auto* row = weights.data() + (sender * neurons + receiver) * lags;
        parameters.insert(parameters.end(), row, row + lags);
    }
    parameters.push_back(biases[receiver]);
    return parameters;
}

double norm(std::span<const double> values)
{
    auto squares = 0.0;
    for (const auto value : values)
        squares += value * value;
    return std::sqrt(squares);
}

} // namespace

TEST(StaticOptimum, IsThatOfTheStoredTriplets)
{
    const auto path = test::shared_data("reference/dynetcp/fp_triplets.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto values = test::read_trial_values(file, "train_spikes");
    const auto shape = dynetcp::StaticShape{values.neurons, 11};
    const auto rates = dynetcp::mean_values(values);
    for (const auto& [lambda, tolerance] : {std::pair{10.0, 2e-4}, std::pair{0.1, 2e-3}}) {
        const auto group =
            io::open_group(file, fmt::format("static_optimum_L10_lambda_{:g}", lambda));
        const auto weights = io::read_all<double>(group, "static_weights_sender_receiver_lag");
        const auto biases = io::read_all<double>(group, "bias");
        for (std::int64_t receiver = 0; receiver < values.neurons; receiver += 16) {
            SCOPED_TRACE(fmt::format("lambda {:g}, receiver {}", lambda, receiver));
            const auto loss = dynetcp::ReceiverLoss(values, shape, receiver, lambda);
            const auto theirs = receiver_of(weights, biases, static_cast<std::size_t>(receiver));

            const auto ours = dynetcp::fitted_receiver(loss, rates, {}, minimise);

            // The penalty alone gives the loss a curvature, so a gradient that is left bounds how
            // far weights are from the optimum.
            auto gradient = std::vector<double>(theirs.size());
            const auto stored = loss(theirs, gradient);
            const auto left = norm(gradient) * static_cast<double>(shape.weights()) / (2 * lambda);
            EXPECT_LE(ours.value, stored);
            for (std::size_t k = 0; k + 1 < theirs.size(); ++k)
                ASSERT_NEAR(ours.at[k], theirs[k], std::max(tolerance, left)) << k;
            // Stopped at a gradient of 1e-7 of the mean over receivers, which fixes a bias of
            // curvature rate / receivers no better.
            const auto rate = rates[static_cast<std::size_t>(receiver)];
            EXPECT_NEAR(ours.at.back(), theirs.back(),
                        3e-7 * static_cast<double>(values.neurons) / rate);
            RecordProperty(fmt::format("evaluations_{:g}_{}", lambda, receiver),
                           static_cast<int>(ours.evaluations));
        }
    }
}
