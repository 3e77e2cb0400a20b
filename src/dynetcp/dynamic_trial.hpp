#pragma once

#include "dynamic_encoder.hpp"
#include "pair_kernels.hpp"

#include <rewire/base/index.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>

#include <algorithm>
#include <span>
#include <vector>

/// A trial of the dynamic part while it is computed: arrays, and what is done once a receiver and
/// bin (a tile) or once a trial.
namespace rewire::dynetcp {

using base::at;

template <typename Real>
struct DynamicTrial
{
    DynamicTrial(const DynamicLayout& all, std::int64_t all_bins, DynamicTraining what)
        : layout(all),
          training(what),
          bins(all_bins),
          lags(all.sizes().lags),
          shape{all.neurons(), lags},
          encoder(all, all_bins),
          width(padded(all.sizes().pair())),
          stride(encoder.stride()),
          out(at(lags * width), 0),
          spikes(at(all.neurons() * bins)),
          logits(spikes.size())
    {
        auto most = std::size_t{0};
        for (const auto& incoming : layout.incoming())
            most = std::max(most, incoming.edge.size());
        offsets.resize(most * at(lags));
        d_offsets.resize(offsets.size());
        shift.resize(at(width));
        d_shift.resize(at(width));
        if (training != DynamicTraining::encoder)
            d_static.resize(layout.edges().size() * at(lags));
    }

    const Real* static_of(std::int64_t receiver) const
    {
        return parameters.data() + layout.encoder_parameters() + receiver * shape.parameters();
    }
    bool is_chosen(const DynamicLayout::Incoming& incoming) const
    {
        return &incoming >= chosen.data() && &incoming < chosen.data() + chosen.size();
    }
    /// R is a mean over so many values.
    double penalised() const { return static_cast<double>(shape.neurons * shape.weights()); }
    double entries() const { return static_cast<double>(shape.neurons * (bins - 1)); }

    DynamicLoss loss_of(double entropy, double squares) const
    {
        const auto constant = with_rest ? constant_penalty : 0.0;
        return {entropy / entries(),
                (constant + squares / static_cast<double>(bins - 1)) / penalised()};
    }

    void set_constant_penalty();
    void choose(TrialPart part);
    void begin_trial(const TrialValues& values, std::int64_t trial);
    void fill_spikes(const TrialValues& values, std::int64_t trial);
    /// Offsets of all edges into a neuron, and what they add to its logit.
    double add_offsets(const DynamicLayout::Incoming& incoming, std::int64_t bin);
    double penalty_of(const DynamicLayout::Incoming& incoming) const;
    void tile_back(const DynamicLayout::Incoming& incoming, std::int64_t bin, double residual,
                   double penalty_factor);
    double rest_of_entropy(double factor);
    void static_back(const TrialValues& values, std::int64_t trial, double penalty_factor,
                     std::span<Real> gradient);
    PairTile<Real> tile_of(const DynamicLayout::Incoming& incoming, std::int64_t bin);

    const DynamicLayout& layout;
    DynamicTraining training;
    std::int64_t bins;
    std::int64_t lags;
    StaticShape shape;
    DynamicEncoder<Real> encoder;
    std::int64_t width;  ///< of the pair network, padded
    std::int64_t stride; ///< of its rows
    std::span<const Real> parameters;
    std::vector<Real> out; ///< [lags, width]
    // Of the backward pass; empty until there is one: two fifths of all that a trial takes.
    std::vector<Real> d_out;     ///< [lags, width]
    std::vector<Real> d_send;    ///< [bins, slots, stride]
    std::vector<Real> d_receive; ///< the same
    std::vector<Real> d_time;    ///< [bins, stride]
    std::vector<Real> spikes;    ///< [neurons, bins]
    std::vector<Real> logits;    ///< [neurons, bins]; after the backward pass residuals
    std::vector<Real> offsets;   ///< [edges of a receiver, lags]
    std::vector<Real> d_offsets;
    std::vector<Real> shift; ///< [width]
    std::vector<Real> d_shift;
    std::vector<double> d_static;   ///< [edges, lags] of the penalty, over the bins of a trial
    std::vector<double> d_out_bias; ///< [lags]
    double constant_penalty = 0;    ///< squared static weights of pairs without an edge
    // What is computed now.
    std::span<const DynamicLayout::Incoming> chosen;
    bool with_rest = true; ///< receivers without an edge, the constant part of the penalty
};

} // namespace rewire::dynetcp
