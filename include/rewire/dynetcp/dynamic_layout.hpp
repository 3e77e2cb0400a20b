#pragma once

#include <rewire/base/random.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Shapes and parameters of the dynamic part of DyNetCP (section 2): who has which weights, and
/// where they lie in one array.
namespace rewire::dynetcp {

/// Defaults are the published ones.
struct DynamicSizes
{
    std::int64_t hidden = 64;      ///< of an LSTM
    std::int64_t frequencies = 64; ///< Fourier features: as many cosines and sines
    std::int64_t embedding = 64;   ///< of a sender, of a receiver
    std::int64_t time = 128;       ///< time encoding, even
    std::int64_t lags = 11;        ///< K

    std::int64_t gates() const noexcept { return 4 * hidden; }
    std::int64_t features() const noexcept { return 2 * frequencies; }
    /// Of the pair network's input and of its hidden layer.
    std::int64_t pair() const noexcept { return 2 * (embedding + time); }
};

struct Edge
{
    std::int32_t sender = 0;
    std::int32_t receiver = 0;

    friend bool operator==(const Edge&, const Edge&) = default;
};

/// All ordered pairs of different neurons, by sender, then receiver.
std::vector<Edge> all_pairs(std::int64_t neurons);

/// A matrix of parameters [rows, columns], row major.
struct Tensor
{
    std::string name;
    std::int64_t first = 0;
    std::int64_t rows = 0;
    std::int64_t columns = 0;

    std::int64_t size() const noexcept { return rows * columns; }
};

/// The encoder's parameters lie first, then the static part (`StaticShape`, all receivers), so that
/// training the encoder alone is training the first ones.
class DynamicLayout
{
  public:
    /// @throws InputError: an edge from a neuron to itself, twice, or of no neuron; no edge
    DynamicLayout(DynamicSizes sizes, std::int64_t neurons, std::vector<Edge> edges);

    const DynamicSizes& sizes() const noexcept { return sizes_; }
    std::int64_t neurons() const noexcept { return neurons_; }
    const std::vector<Edge>& edges() const noexcept { return edges_; }
    /// Neurons of an edge, ascending: each has an LSTM, its slot.
    const std::vector<std::int32_t>& used() const noexcept { return used_; }
    std::int64_t slots() const noexcept { return static_cast<std::int64_t>(used_.size()); }

    /// Edges into one neuron, by sender.
    struct Incoming
    {
        std::int32_t receiver = 0;
        std::int32_t slot = 0;                 ///< of the receiver
        std::vector<std::int32_t> sender;      ///< neurons
        std::vector<std::int32_t> sender_slot; ///< their slots
        std::vector<std::int32_t> edge;        ///< index into edges()
    };
    /// Of the neurons that have any, ascending.
    const std::vector<Incoming>& incoming() const noexcept { return incoming_; }

    struct Lstm
    {
        Tensor input;          ///< [gates, features], gates in the order i, f, g, o
        Tensor recurrent;      ///< [gates, hidden]
        Tensor input_bias;     ///< [gates, 1]
        Tensor recurrent_bias; ///< [gates, 1]
    };
    const Lstm& lstm(std::int64_t slot) const { return lstms_[static_cast<std::size_t>(slot)]; }
    const Tensor& send() const noexcept { return send_; } ///< [embedding, hidden]
    const Tensor& send_bias() const noexcept { return send_bias_; }
    const Tensor& receive() const noexcept { return receive_; }
    const Tensor& receive_bias() const noexcept { return receive_bias_; }
    /// [pair, pair]; columns: S_j(t), time at t, V_i(t - 1), time at t - 1
    const Tensor& pair() const noexcept { return pair_; }
    const Tensor& pair_bias() const noexcept { return pair_bias_; }
    const Tensor& out() const noexcept { return out_; } ///< [lags, pair], lag 0 first
    const Tensor& out_bias() const noexcept { return out_bias_; }

    std::int64_t encoder_parameters() const noexcept { return encoder_; }
    std::int64_t parameters() const noexcept { return encoder_ + static_; }
    /// All tensors of the encoder.
    std::vector<Tensor> tensors() const;

  private:
    void group_edges();
    void place_tensors();

    DynamicSizes sizes_;
    std::int64_t neurons_;
    std::vector<Edge> edges_;
    std::vector<std::int32_t> used_;
    std::vector<Incoming> incoming_;
    std::vector<Lstm> lstms_;
    Tensor send_, send_bias_, receive_, receive_bias_, pair_, pair_bias_, out_, out_bias_;
    std::int64_t encoder_ = 0;
    std::int64_t static_ = 0;
};

/// Where the encoder starts: uniform within 1/sqrt(hidden) (LSTM), 1/8 or what follows from the
/// width (linear layers), the last layer times 0.1 without a bias. A stream of its own a neuron, so
/// that a neuron's LSTM does not depend on the others'.
std::vector<float> initial_encoder(const DynamicLayout& layout, std::uint64_t seed,
                                   std::uint64_t name);

/// Cosines, then sines, of 2 pi b s for b from -1 to 1, s = -1 (silent) or 1 (spike), [features].
std::vector<double> fourier_features(std::int64_t frequencies, double shifted);

/// Time encoding [bins, size]: sin(t w_i), cos(t w_i) by turns, w_i = 10000^(-2i / size).
std::vector<double> time_encoding(std::int64_t bins, std::int64_t size);

} // namespace rewire::dynetcp
