// The dynamic part of DyNetCP against a pair network that follows the formula, and against
// differences of the loss.
#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/dynetcp/static_training.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <utility>

using namespace rewire;
using namespace rewire::dynetcp;

namespace {

std::size_t at(std::int64_t index)
{
    return static_cast<std::size_t>(index);
}

struct Example
{
    Example(DynamicSizes sizes, std::int64_t neurons, std::int64_t bins, std::vector<Edge> edges)
        : layout(sizes, neurons, std::move(edges)), shape{neurons, sizes.lags}
    {
        auto stream = base::Stream(9, {1});
        auto dense = std::vector<double>{};
        for (std::int64_t k = 0; k < bins * neurons; ++k)
            dense.push_back(stream.uniform() < 0.3 ? 1.0 : 0.0);
        values = trial_values(dense, 1, bins, neurons);
        for (std::int64_t k = 0; k < layout.parameters(); ++k)
            parameters.push_back(0.4 * stream.normal());
        mask_self_lag_0<double>(shape,
                                std::span(parameters).subspan(at(layout.encoder_parameters())));
    }

    DynamicLayout layout;
    StaticShape shape;
    TrialValues values;
    std::vector<double> parameters;
};

const auto tiny = DynamicSizes{.hidden = 3, .frequencies = 2, .embedding = 4, .time = 2, .lags = 3};
const auto some_edges = std::vector<Edge>{{0, 1}, {1, 0}, {3, 1}, {4, 3}};

/// W_off of one edge and bin, straight from the formula.
std::vector<double> slow_offsets(const Example& example,
                                 const DynamicModel<double>::Activity& activity,
                                 std::int64_t sender_slot, std::int64_t receiver_slot,
                                 std::int64_t bin)
{
    const auto& layout = example.layout;
    const auto& sizes = layout.sizes();
    const auto encoding = time_encoding(example.values.bins, sizes.time);
    auto input = std::vector<double>{};
    const auto append = [&](std::span<const double> from, std::int64_t row, std::int64_t size) {
        const auto part = from.subspan(at(row * size), at(size));
        input.insert(input.end(), part.begin(), part.end());
    };
    append(activity.send, bin * layout.slots() + sender_slot, sizes.embedding);
    append(encoding, bin, sizes.time);
    append(activity.receive, (bin - 1) * layout.slots() + receiver_slot, sizes.embedding);
    append(encoding, bin - 1, sizes.time);
    const auto layer = [&](const Tensor& weights, const Tensor& bias,
                           const std::vector<double>& from) {
        auto to = std::vector<double>{};
        for (std::int64_t row = 0; row < weights.rows; ++row) {
            auto sum = example.parameters[at(bias.first + row)];
            for (std::int64_t k = 0; k < weights.columns; ++k)
                sum +=
                    example.parameters[at(weights.first + row * weights.columns + k)] * from[at(k)];
            to.push_back(sum);
        }
        return to;
    };
    auto hidden = layer(layout.pair(), layout.pair_bias(), input);
    for (auto& value : hidden)
        value = std::max(value, 0.0);
    return layer(layout.out(), layout.out_bias(), hidden);
}

double loss_of(const Example& example, DynamicTraining training, double lambda,
               const std::vector<double>& parameters)
{
    auto model = DynamicModel<double>(example.layout, example.values.bins, training);
    model.set(parameters);
    const auto loss = model.evaluate(example.values, 0, {}, {});
    return loss.nll + lambda * loss.penalty;
}

} // namespace

TEST(DynamicModel, OffsetsAreThoseOfTheNetwork)
{
    for (const auto& sizes :
         {tiny,
          DynamicSizes{.hidden = 6, .frequencies = 3, .embedding = 7, .time = 10, .lags = 5}}) {
        const auto example = Example(sizes, 5, 8, some_edges);
        auto model = DynamicModel<double>(example.layout, 8, DynamicTraining::encoder);
        model.set(example.parameters);
        auto seen = 0;
        model.evaluate(
            example.values, 0,
            [&](std::int64_t bin, const auto& incoming, std::span<const double> offsets) {
                for (std::size_t k = 0; k < incoming.edge.size(); ++k) {
                    const auto slow = slow_offsets(example, model.activity(),
                                                   incoming.sender_slot[k], incoming.slot, bin);
                    for (std::size_t lag = 0; lag < slow.size(); ++lag)
                        ASSERT_NEAR(offsets[k * slow.size() + lag], slow[lag], 1e-13);
                    ++seen;
                }
            },
            {});
        EXPECT_EQ(seen, 4 * 7);
    }
}

TEST(DynamicModel, AlignedVisitIsOfEdgesWhoseSenderFiredLately)
{
    const auto example = Example(tiny, 5, 40, some_edges);
    auto model = DynamicModel<double>(example.layout, 40, DynamicTraining::encoder);
    model.set(example.parameters);
    using Place = std::pair<std::int64_t, std::int32_t>;
    auto all = std::map<Place, std::vector<double>>{};
    const auto taking = [](std::map<Place, std::vector<double>>& to) {
        return [&to](std::int64_t bin, const auto& incoming, std::span<const double> offsets) {
            for (std::size_t k = 0; k < incoming.edge.size(); ++k) {
                const auto row = offsets.subspan(3 * k, 3);
                to[{bin, incoming.edge[k]}].assign(row.begin(), row.end());
            }
        };
    };
    const auto receivers = std::ssize(example.layout.incoming());
    model.visit_offsets(example.values, 0, 0, receivers, taking(all));
    for (std::int64_t receiver = 0; receiver < receivers; ++receiver) {
        auto aligned = std::map<Place, std::vector<double>>{};

        model.visit_aligned(example.values, 0, receiver, receiver + 1, taking(aligned));

        for (const auto& [place, offsets] : all) {
            const auto& [bin, edge] = place;
            const auto& one = example.layout.edges()[at(edge)];
            if (one.receiver != example.layout.incoming()[at(receiver)].receiver)
                continue;
            auto lately = false;
            for (const auto spike : example.values.row(0, one.sender).bin)
                lately = lately || (spike <= bin && spike > bin - 3);
            const auto found = aligned.find(place);
            ASSERT_EQ(found != aligned.end(), lately) << bin << ' ' << edge;
            if (!lately)
                continue;
            for (std::size_t lag = 0; lag < 3; ++lag)
                EXPECT_NEAR(found->second[lag], offsets[lag], 1e-14);
            aligned.erase(found);
        }
        EXPECT_TRUE(aligned.empty());
    }
}

TEST(DynamicModel, GradientsOfAllTensorsAreThoseOfTheLoss)
{
    constexpr auto lambda = 3.0;
    for (const auto training : {DynamicTraining::encoder, DynamicTraining::together,
                                DynamicTraining::together_as_published}) {
        const auto example = Example(tiny, 5, 12, some_edges);
        auto model = DynamicModel<double>(example.layout, 12, training);
        model.set(example.parameters);
        auto gradient = std::vector<double>(at(model.trained()), 0);
        const auto loss = model.add_trial(example.values, 0, 0.5, lambda, gradient);
        EXPECT_NEAR(loss.nll + lambda * loss.penalty,
                    loss_of(example, training, lambda, example.parameters), 1e-14);

        for (std::size_t k = 0; k < gradient.size(); ++k) {
            auto moved = example.parameters;
            moved[k] += 1e-5;
            const auto above = loss_of(example, training, lambda, moved);
            moved[k] -= 2e-5;
            const auto below = loss_of(example, training, lambda, moved);
            const auto at_static =
                static_cast<std::int64_t>(k) - example.layout.encoder_parameters();
            const auto own = at_static / example.shape.parameters();
            // The published code's penalty and mask leave W_ii(0) to the residuals alone.
            if (at_static >= 0 &&
                at_static % example.shape.parameters() == example.shape.self_lag_0(own))
                continue;
            ASSERT_NEAR(2 * gradient[k], (above - below) / 2e-5, 2e-9)
                << "parameter " << k << " of " << gradient.size();
        }
    }
}

TEST(DynamicModel, PartsOfATrialAddUpToIt)
{
    constexpr auto lambda = 3.0;
    for (const auto training : {DynamicTraining::encoder, DynamicTraining::together,
                                DynamicTraining::together_as_published})
        for (const auto& edges : {some_edges, all_pairs(5)}) {
            const auto example = Example(tiny, 5, 12, edges);
            auto model = DynamicModel<double>(example.layout, 12, training);
            model.set(example.parameters);
            auto whole = std::vector<double>(at(model.trained()), 0);
            const auto loss = model.add_trial(example.values, 0, 0.5, lambda, whole);
            for (const auto parts : {2, 3, 7}) { // of the last some are empty
                auto gradient = std::vector<double>(whole.size(), 0);
                auto sum = DynamicLoss{};
                auto evaluated = DynamicLoss{};
                for (std::int64_t part = 0; part < parts; ++part) {
                    const auto one =
                        model.add_trial(example.values, 0, 0.5, lambda, gradient, {part, parts});
                    sum = {sum.nll + one.nll, sum.penalty + one.penalty};
                    const auto seen = model.evaluate(example.values, 0, {}, {}, {part, parts});
                    evaluated = {evaluated.nll + seen.nll, evaluated.penalty + seen.penalty};
                }

                EXPECT_NEAR(sum.nll, loss.nll, 1e-14);
                EXPECT_NEAR(sum.penalty, loss.penalty, 1e-14);
                EXPECT_NEAR(evaluated.nll, loss.nll, 1e-14);
                EXPECT_NEAR(evaluated.penalty, loss.penalty, 1e-14);
                for (std::size_t k = 0; k < whole.size(); ++k)
                    ASSERT_NEAR(gradient[k], whole[k], 1e-14) << k;
            }
        }
}

TEST(DynamicModel, SingleAndDoubleAgree)
{
    const auto example = Example(DynamicSizes{}, 12, 40, all_pairs(12));
    const auto single = std::vector<float>(example.parameters.begin(), example.parameters.end());
    auto scaled = std::vector<double>(single.begin(), single.end());
    auto in_single = DynamicModel<float>(example.layout, 40, DynamicTraining::together);
    auto in_double = DynamicModel<double>(example.layout, 40, DynamicTraining::together);
    auto parameters = single;
    for (std::size_t k = 0; k < scaled.size(); ++k) // of the size that networks begin with
        parameters[k] = static_cast<float>(scaled[k] = static_cast<double>(0.2F * single[k]));
    in_single.set(parameters);
    in_double.set(scaled);
    auto ours = std::vector<float>(parameters.size(), 0);
    auto theirs = std::vector<double>(parameters.size(), 0);

    const auto loss = in_single.add_trial(example.values, 0, 1, 1, ours);
    const auto expected = in_double.add_trial(example.values, 0, 1, 1, theirs);

    EXPECT_NEAR(loss.nll, expected.nll, 1e-5 * expected.nll);
    auto largest = 0.0;
    for (const auto value : theirs)
        largest = std::max(largest, std::abs(value));
    for (std::size_t k = 0; k < theirs.size(); ++k)
        ASSERT_NEAR(ours[k], theirs[k], 1e-5 * largest) << k;
}

TEST(DynamicLayout, RefusesEdgesThatHaveNoWeight)
{
    const auto with = [](std::vector<Edge> edges) {
        return DynamicLayout(tiny, 5, std::move(edges));
    };

    EXPECT_THROW(with({}), base::InputError);
    EXPECT_THROW(with({{1, 1}}), base::InputError);
    EXPECT_THROW(with({{0, 5}}), base::InputError);
    EXPECT_THROW(with({{0, 1}, {0, 1}}), base::InputError);
    EXPECT_EQ(with(some_edges).used(), (std::vector<std::int32_t>{0, 1, 3, 4}));
}

TEST(DynamicLayout, ANeuronStartsAlikeWhateverTheOthers)
{
    const auto few = DynamicLayout(tiny, 5, {{3, 4}});
    const auto more = DynamicLayout(tiny, 5, some_edges);
    const auto a = initial_encoder(few, 1, 2);
    const auto b = initial_encoder(more, 1, 2);

    const auto& lstm = few.lstm(0).recurrent;
    const auto& same = more.lstm(2).recurrent; // of neuron 3 in both
    for (std::int64_t k = 0; k < lstm.size(); ++k)
        EXPECT_EQ(a[at(lstm.first + k)], b[at(same.first + k)]);
    for (std::int64_t k = 0; k < few.out_bias().size(); ++k)
        EXPECT_EQ(a[at(few.out_bias().first + k)], 0);
}
