#pragma once

#include <rewire/dynetcp/dynamic_layout.hpp>
#include <rewire/dynetcp/static_model.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

/// The dynamic part of DyNetCP (section 2): for every edge j -> i and bin t offsets W_off(t) [lag]
/// of the static weights, from an LSTM of each neuron and a network that all pairs share, with all
/// gradients. The first pair layer is separable and pairs are never stored, so memory is
/// O(bins * slots * width of the pair network), not * slots again: 0.45 GB for 100 neurons and 500
/// bins in single precision. Real is float or double.
namespace rewire::dynetcp {

enum class DynamicTraining : std::uint8_t
{
    encoder,  ///< the static part stays as it is (the published second stage)
    together, ///< the static part, too; the weights of all receivers are penalised
    /// As the published code does it: static weights of receivers without an incoming edge are not
    /// penalised at all.
    together_as_published,
};

/// Of one trial.
struct DynamicLoss
{
    double nll = 0;     ///< mean cross-entropy over neurons and bins 1 ..
    double penalty = 0; ///< R: mean of (W_st + W_off)^2 (section 2, step 9)
};

/// Some of the receivers of a trial, for several to share it: part `index` of `of`, about as many
/// edges in each. Losses and gradients of all parts add up to those of the trial. What is done once
/// a neuron (LSTMs, embeddings) is done in every part again. Receivers without an edge are of the
/// first.
struct TrialPart
{
    std::int64_t index = 0;
    std::int64_t of = 1;
};

/// Computes trial after trial with one set of parameters; keeps the arrays that a trial needs.
template <typename Real>
class DynamicModel
{
  public:
    /// @param layout is kept by reference @pre bins > 1
    DynamicModel(const DynamicLayout& layout, std::int64_t bins, DynamicTraining training);
    DynamicModel(const DynamicModel&) = delete;
    DynamicModel& operator=(const DynamicModel&) = delete;
    ~DynamicModel();

    /// Takes new parameters [layout.parameters()]; they are read until the next call.
    /// @pre W_ii(0) of the static part is 0
    void set(std::span<const Real> parameters);

    /// Parameters that are trained: of the encoder, or all.
    std::int64_t trained() const noexcept;

    /// @param gradient [trained()]: that of nll + lambda * penalty, times `share`, is added
    DynamicLoss add_trial(const TrialValues& values, std::int64_t trial, double share,
                          double lambda, std::span<Real> gradient, TrialPart part = {});

    /// Called for every receiver with incoming edges at every bin 1 ..: W_off [edges, lag], lag 0
    /// first.
    using TakeOffsets = std::function<void(
        std::int64_t bin, const DynamicLayout::Incoming& incoming, std::span<const Real> offsets)>;
    /// The forward pass alone. @param take may be empty
    /// @param logits [neurons, bins], those of bin 0 and of other parts mean nothing; may be empty
    DynamicLoss evaluate(const TrialValues& values, std::int64_t trial, const TakeOffsets& take,
                         std::span<Real> logits, TrialPart part = {});

    /// The forward pass of the receivers layout.incoming()[first .. last-1] alone.
    void visit_offsets(const TrialValues& values, std::int64_t trial, std::int64_t first,
                       std::int64_t last, const TakeOffsets& take);

    /// The same of the edges alone whose sender fired in one of the last `lags` bins, which is what
    /// spike-aligned averages are of: `incoming` holds these, and is not there without any.
    void visit_aligned(const TrialValues& values, std::int64_t trial, std::int64_t first,
                       std::int64_t last, const TakeOffsets& take);

    /// What the last trial left, for looking at: [bins, slots, width of each].
    struct Activity
    {
        std::span<const Real> lstm;
        std::span<const Real> send;
        std::span<const Real> receive;
    };
    Activity activity() const noexcept;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace rewire::dynetcp
