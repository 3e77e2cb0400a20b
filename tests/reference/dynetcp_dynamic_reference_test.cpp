// The dynamic part of DyNetCP: the published PyTorch implementation's own output.
#include "dynetcp_reference.hpp"
#include "shared_data.hpp"

#include <rewire/dynetcp/adam.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/dynetcp/static_training.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

using namespace rewire;
using namespace rewire::dynetcp;

namespace {

constexpr auto batch = std::int64_t{4};

std::size_t at(std::int64_t index)
{
    return static_cast<std::size_t>(index);
}

DynamicLayout layout_of(const io::Handle& file, const io::Handle& group, std::int64_t neurons)
{
    const auto size = [&](const char* name) {
        return io::read_attribute<std::int64_t>(group, name);
    };
    const auto sizes =
        DynamicSizes{.hidden = size("size_embed"),
                     .frequencies = size("size_width"),
                     .embedding = size("size_node"),
                     .time = size("size_pos"),
                     .lags = io::read_attribute<std::int64_t>(file, "kernel_size_K")};
    const auto pairs = io::read_all<std::int32_t>(group, "edges_sender_receiver");
    auto edges = std::vector<Edge>{};
    for (std::size_t k = 0; k < pairs.size(); k += 2)
        edges.push_back({pairs[k], pairs[k + 1]});
    return {sizes, neurons, edges};
}

/// Parameters by the names of the published code, in our order; what is missing is 0.
std::vector<double> read_parameters(const io::Handle& group, const DynamicLayout& layout)
{
    auto parameters = std::vector<double>(at(layout.parameters()), 0);
    const auto put = [&](const Tensor& tensor, const std::string& name, bool flipped = false) {
        const auto values = io::read_all<double>(group, name);
        ASSERT_EQ(std::ssize(values), tensor.size()) << name;
        for (std::int64_t row = 0; row < tensor.rows; ++row)
            for (std::int64_t k = 0; k < tensor.columns; ++k)
                parameters[at(tensor.first + row * tensor.columns + k)] =
                    values[at((flipped ? tensor.rows - 1 - row : row) * tensor.columns + k)];
    };
    for (std::int64_t slot = 0; slot < layout.slots(); ++slot) {
        const auto name = fmt::format("encoder.embedder.embedders.{}.", layout.used()[at(slot)]);
        const auto& lstm = layout.lstm(slot);
        put(lstm.input, name + "weight_ih_l0");
        put(lstm.recurrent, name + "weight_hh_l0");
        put(lstm.input_bias, name + "bias_ih_l0");
        put(lstm.recurrent_bias, name + "bias_hh_l0");
    }
    put(layout.send(), "encoder.send_fc_out.0.weight");
    put(layout.send_bias(), "encoder.send_fc_out.0.bias");
    put(layout.receive(), "encoder.recv_fc_out.0.weight");
    put(layout.receive_bias(), "encoder.recv_fc_out.0.bias");
    put(layout.pair(), "encoder.combine.0.weight");
    put(layout.pair_bias(), "encoder.combine.0.bias");
    put(layout.out(), "encoder.combine.2.weight", true);
    put(layout.out_bias(), "encoder.combine.2.bias", true);
    if (io::exists(group, "decoder.model.weight")) {
        const auto fixed = test::read_static_parameters(group);
        std::copy(fixed.begin(), fixed.end(), parameters.begin() + layout.encoder_parameters());
    }
    return parameters;
}

template <typename Real>
class DynamicCase
{
  public:
    DynamicCase(const io::Handle& file, const std::string& name)
        : values_(test::read_trial_values(file, "spikes")),
          group_(io::open_group(file, name + "/float64")),
          layout_(layout_of(file, group_, values_.neurons)),
          shape_{values_.neurons, layout_.sizes().lags},
          lambda_(io::read_attribute<double>(group_, "lambda_l2_coef")),
          joint_(name.find("joint") != std::string::npos),
          initial_(read_parameters(io::open_group(group_, "initial"), layout_)),
          model_(layout_, values_.bins,
                 joint_ ? DynamicTraining::together_as_published : DynamicTraining::encoder)
    {
        mask_self_lag_0<double>(shape_, std::span(initial_).subspan(encoder()));
    }

    void expect_forward(double tolerance)
    {
        const auto parameters = test::converted<Real>(initial_);
        model_.set(parameters);
        auto nll = std::vector<double>{};
        auto penalty = std::vector<double>{};
        auto logits = std::vector<Real>(at(shape_.neurons * values_.bins));
        auto arrays = Arrays{};
        arrays.offsets.resize(at(batch * (values_.bins - 1)) * layout_.edges().size() *
                              at(shape_.lags));
        for (std::int64_t trial = 0; trial < values_.trials; ++trial) {
            const auto loss = model_.evaluate(
                values_, trial,
                [&](std::int64_t bin, const auto& incoming, std::span<const Real> offsets) {
                    if (trial < batch)
                        put(arrays, trial, bin, incoming, offsets);
                },
                logits);
            nll.push_back(loss.nll);
            penalty.push_back(loss.penalty);
            if (trial < batch)
                append(arrays, logits);
        }
        expect(nll, "per_trial_nll", tolerance);
        expect(penalty, "per_trial_l2_reg", tolerance);
        expect(arrays.logits, "first_batch_logits", tolerance);
        expect(arrays.lstm, "first_batch_lstm_output", tolerance);
        expect(arrays.send, "first_batch_send_embedding", tolerance);
        expect(arrays.receive, "first_batch_recv_embedding", tolerance);
        expect(arrays.offsets, "first_batch_dynamic_weights_kernel_order", tolerance);
    }

    void expect_gradient(double tolerance)
    {
        const auto first = io::open_group(group_, "first_batch");
        const auto parameters = test::converted<Real>(initial_);
        auto gradient = std::vector<Real>(at(model_.trained()), 0);

        const auto loss = add_batch(0, parameters, gradient);

        auto theirs = read_parameters(io::open_group(first, "gradient"), layout_);
        theirs.resize(gradient.size());
        for (const auto& tensor : layout_.tensors())
            test::expect_close<Real>(
                std::span(gradient).subspan(at(tensor.first), at(tensor.size())),
                std::span(theirs).subspan(at(tensor.first), at(tensor.size())), tolerance,
                tensor.name);
        test::expect_close<Real>(gradient, theirs, tolerance, "all");
        const auto norm = io::read_scalar<double>(first, "gradient_total_norm");
        EXPECT_NEAR(norm_of<Real>(gradient), norm, tolerance * norm);
        const auto mean = io::read_scalar<double>(first, "loss_mean");
        EXPECT_NEAR(loss, mean, tolerance * mean);
    }

    /// @param per_rate of the learning rate, that parameters may be off; 0: by `tolerance`
    void expect_adam(const std::string& run, double tolerance, double per_rate)
    {
        if (!io::exists(group_, run))
            return;
        SCOPED_TRACE(run);
        const auto group = io::open_group(group_, run);
        const auto settings =
            AdamSettings{.learning_rate = io::read_attribute<double>(group, "lr")};
        const auto clip = io::read_attribute<double>(group, "clip_grad_norm");
        auto parameters = test::converted<Real>(initial_);
        auto state = AdamState<Real>{};
        auto losses = std::vector<double>{};
        auto norms = std::vector<double>{};
        for (std::int64_t step = 0; step < 10; ++step) {
            mask_self_lag_0<Real>(shape_, std::span(parameters).subspan(encoder()));
            auto gradient = std::vector<Real>(at(model_.trained()), 0);
            losses.push_back(add_batch(step * batch % values_.trials, parameters, gradient));
            norms.push_back(norm_of<Real>(gradient));
            adam_step<Real>(settings, state, gradient, clip_factor(norms.back(), clip),
                            std::span(parameters).first(gradient.size()));
            if (step == 0 || step == 9)
                expect_parameters(
                    std::span(parameters).first(gradient.size()),
                    io::open_group(
                        group, fmt::format("after_step_{}/parameters_before_masking", step + 1)),
                    tolerance, per_rate * settings.learning_rate);
        }
        test::expect_close<double>(losses, io::read_all<double>(group, "loss_mean_at_each_step"),
                                   tolerance, "losses");
        test::expect_close<double>(
            norms, io::read_all<double>(group, "gradient_norm_before_clip_at_each_step"), tolerance,
            "norms");
    }

  private:
    struct Arrays
    {
        std::vector<Real> logits, lstm, send, receive, offsets;
    };

    std::size_t encoder() const { return at(layout_.encoder_parameters()); }

    /// As the published code has them: [trial, bin, edge, kernel position].
    void put(Arrays& arrays, std::int64_t trial, std::int64_t bin,
             const DynamicLayout::Incoming& incoming, std::span<const Real> offsets) const
    {
        const auto edges = std::ssize(layout_.edges());
        const auto lags = shape_.lags;
        for (std::size_t k = 0; k < incoming.edge.size(); ++k)
            for (std::int64_t lag = 0; lag < lags; ++lag)
                arrays.offsets[at(
                    ((trial * (values_.bins - 1) + bin - 1) * edges + incoming.edge[k]) * lags +
                    lags - 1 - lag)] = offsets[k * at(lags) + at(lag)];
    }

    void append(Arrays& arrays, const std::vector<Real>& logits) const
    {
        for (std::int64_t bin = 1; bin < values_.bins; ++bin)
            for (std::int64_t neuron = 0; neuron < shape_.neurons; ++neuron)
                arrays.logits.push_back(logits[at(neuron * values_.bins + bin)]);
        const auto activity = model_.activity();
        arrays.lstm.insert(arrays.lstm.end(), activity.lstm.begin(), activity.lstm.end());
        arrays.send.insert(arrays.send.end(), activity.send.begin(), activity.send.end());
        arrays.receive.insert(arrays.receive.end(), activity.receive.begin(),
                              activity.receive.end());
    }

    template <typename Value>
    void expect(const std::vector<Value>& ours, const std::string& name, double tolerance) const
    {
        test::expect_close<Value>(ours, io::read_all<double>(group_, name), tolerance, name);
    }

    double add_batch(std::int64_t first, const std::vector<Real>& parameters,
                     std::vector<Real>& gradient)
    {
        model_.set(parameters);
        auto sum = 0.0;
        for (auto trial = first; trial < first + batch; ++trial) {
            const auto loss = model_.add_trial(values_, trial, 1.0 / batch, lambda_, gradient);
            sum += (loss.nll + lambda_ * loss.penalty) / batch;
        }
        return sum;
    }

    void expect_parameters(std::span<const Real> ours, const io::Handle& after, double tolerance,
                           double absolute) const
    {
        auto theirs = read_parameters(after, layout_);
        theirs.resize(ours.size());
        const auto share = absolute > 0 ? absolute / test::largest(theirs) : tolerance;
        test::expect_close<Real>(ours, theirs, share, "parameters");
    }

    TrialValues values_;
    io::Handle group_;
    DynamicLayout layout_;
    StaticShape shape_;
    double lambda_;
    bool joint_;
    std::vector<double> initial_;
    DynamicModel<Real> model_;
};

/// Of the array's largest value; Adam's parameters in single precision: of the learning rate.
struct Tolerances
{
    double forward;
    double gradient;
    double adam;
    double per_rate;
};

template <typename Real>
void expect_case(const std::string& name, const Tolerances& tolerances)
{
    const auto path = test::shared_data("reference/dynetcp/dynamic.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    auto one = DynamicCase<Real>(file, name);

    one.expect_forward(tolerances.forward);
    one.expect_gradient(tolerances.gradient);
    for (const auto* run : {"adam_lr_1e-4_clip_5", "adam_lr_1e-2_clip_0.02"})
        one.expect_adam(run, tolerances.adam, tolerances.per_rate);
}

constexpr auto in_double = Tolerances{1e-10, 1e-10, 1e-10, 0};
constexpr auto in_single = Tolerances{1e-6, 1e-6, 1e-5, 0.5};

} // namespace

TEST(DynamicReference, TinyInDouble)
{
    expect_case<double>("seven_edges_tiny", in_double);
}

TEST(DynamicReference, TinyTrainedTogetherInDouble)
{
    expect_case<double>("seven_edges_tiny_joint_training", in_double);
}

TEST(DynamicReference, AllPairsInDouble)
{
    expect_case<double>("all_pairs_default_sizes", in_double);
}

TEST(DynamicReference, TinyInSingle)
{
    expect_case<float>("seven_edges_tiny", in_single);
}

TEST(DynamicReference, TinyTrainedTogetherInSingle)
{
    expect_case<float>("seven_edges_tiny_joint_training", in_single);
}

TEST(DynamicReference, AllPairsInSingle)
{
    expect_case<float>("all_pairs_default_sizes", in_single);
}

TEST(DynamicReference, FourierFeaturesAndTimeEncoding)
{
    const auto path = test::shared_data("reference/dynetcp/fourier_features.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto features = io::read_all<double>(file, "float64/features");

    // Spike values 0 and 1 are -1 and 1 once shifted.
    test::expect_close<double>(fourier_features(64, -1), std::span(features).first(128), 1e-14,
                               "silent");
    test::expect_close<double>(fourier_features(64, 1), std::span(features).subspan(128, 128),
                               1e-14, "spike");
    test::expect_close<double>(
        time_encoding(100, 128),
        io::read_all<double>(file, "positional_encoding_float64_same_formula"), 1e-14, "time");
}
