#pragma once

#include "lstm.hpp"

#include <rewire/dynetcp/dynamic_layout.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// All of the dynamic part that is done once a neuron and bin: LSTM, embeddings, the halves of the
/// first pair layer; forward and back.
namespace rewire::dynetcp {

template <typename Real>
class DynamicEncoder
{
  public:
    DynamicEncoder(const DynamicLayout& layout, std::int64_t bins);

    std::int64_t width() const noexcept { return width_; } ///< of the pair network, padded

    /// Takes new parameters, which are read until the next call.
    void set(std::span<const Real> parameters);
    /// Computes the trial whose spikes lie in `spikes` [neurons, bins].
    void forward(std::span<const Real> spikes);
    /// @param d_send, d_receive [bins, slots, width]; d_time [bins, width], of the sums in the
    /// first pair layer @param gradient of the encoder, is added to
    void backward(std::span<const Real> spikes, const Real* d_send, const Real* d_receive,
                  const Real* d_time, Real* gradient);

    const Real* send(std::int64_t bin) const { return pair_send_.data() + row(bin) * width_; }
    const Real* receive(std::int64_t bin, std::int64_t slot) const
    {
        return pair_receive_.data() + (row(bin) + slot) * width_;
    }
    const Real* time(std::int64_t bin) const { return time_.data() + bin * width_; }

    std::span<const Real> lstm_outputs() const { return hidden_; }
    std::span<const Real> send_embedding() const { return send_; }
    std::span<const Real> receive_embedding() const { return receive_; }

  private:
    std::int64_t row(std::int64_t bin) const { return bin * slots_; }
    std::int64_t rows() const { return bins_ * slots_; }
    const Real* at(const Tensor& tensor) const { return parameters_.data() + tensor.first; }
    LstmTrial<Real> trial_of(std::span<const Real> spikes, std::int64_t slot);
    void set_lstms();
    void set_time();
    void embed(const Tensor& weights, const Tensor& bias, std::int64_t first_column,
               std::vector<Real>& embedding, std::vector<Real>& pair);
    /// Adds to d_hidden_.
    void embed_back(const Tensor& weights, const Tensor& bias, std::int64_t first_column,
                    const std::vector<Real>& embedding, const Real* d_pair, Real* gradient);
    void time_back(const Real* d_time, Real* gradient) const;
    void lstm_back(std::span<const Real> spikes, std::int64_t slot, Real* gradient);

    const DynamicLayout& layout_;
    DynamicSizes sizes_;
    std::int64_t bins_;
    std::int64_t slots_;
    std::int64_t width_;
    std::span<const Real> parameters_;
    std::vector<Real> silent_features_; ///< [features]
    std::vector<Real> spike_features_;
    std::vector<Real> encoding_;           ///< [bins, time]
    std::vector<LstmWeights<Real>> lstms_; ///< [slots]
    std::vector<Real> gates_;              ///< [slots, bins, gates]
    std::vector<Real> cells_;              ///< [slots, bins, hidden]
    std::vector<Real> hidden_;             ///< [bins, slots, hidden]
    std::vector<Real> d_hidden_;           ///< the same
    std::vector<Real> send_, receive_;     ///< [bins, slots, embedding]
    std::vector<Real> d_embedding_;        ///< the same
    std::vector<Real> pair_send_;          ///< [bins, slots, width]
    std::vector<Real> pair_receive_;       ///< the same
    std::vector<Real> time_;               ///< [bins, width] with the bias of the layer
};

} // namespace rewire::dynetcp
