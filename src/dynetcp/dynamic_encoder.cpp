#include "dynamic_encoder.hpp"

#include "gemm.hpp"
#include "pair_kernels.hpp"

#include <algorithm>

namespace rewire::dynetcp {

namespace {

template <typename Real>
std::vector<Real> converted(const std::vector<double>& values)
{
    return {values.begin(), values.end()};
}

std::size_t size_of(std::int64_t count)
{
    return static_cast<std::size_t>(count);
}

/// to [columns] += sums of the columns of a matrix [rows, columns], which are long: in double.
template <typename Real>
void add_column_sums(std::int64_t rows, std::int64_t columns, const Real* matrix,
                     std::int64_t stride, Real* to)
{
    auto sums = std::vector<double>(size_of(columns), 0);
    for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t k = 0; k < columns; ++k)
            sums[size_of(k)] += static_cast<double>(matrix[row * stride + k]);
    for (std::int64_t k = 0; k < columns; ++k)
        to[k] += static_cast<Real>(sums[size_of(k)]);
}

} // namespace

template <typename Real>
DynamicEncoder<Real>::DynamicEncoder(const DynamicLayout& layout, std::int64_t bins)
    : layout_(layout),
      sizes_(layout.sizes()),
      bins_(bins),
      slots_(layout.slots()),
      width_((sizes_.pair() + pair_padding - 1) / pair_padding * pair_padding),
      silent_features_(converted<Real>(fourier_features(sizes_.frequencies, -1))),
      spike_features_(converted<Real>(fourier_features(sizes_.frequencies, 1))),
      encoding_(converted<Real>(time_encoding(bins, sizes_.time))),
      lstms_(size_of(slots_)),
      gates_(size_of(slots_ * bins * sizes_.gates())),
      cells_(size_of(slots_ * bins * sizes_.hidden)),
      hidden_(size_of(rows() * sizes_.hidden)),
      d_hidden_(hidden_.size()),
      send_(size_of(rows() * sizes_.embedding)),
      receive_(send_.size()),
      d_embedding_(send_.size()),
      pair_send_(size_of(rows() * width_)),
      pair_receive_(pair_send_.size()),
      time_(size_of(bins * width_))
{
}

template <typename Real>
void DynamicEncoder<Real>::set(std::span<const Real> parameters)
{
    parameters_ = parameters;
    set_lstms();
    set_time();
}

template <typename Real>
void DynamicEncoder<Real>::set_lstms()
{
    const auto gates = sizes_.gates();
    for (std::int64_t slot = 0; slot < slots_; ++slot) {
        const auto& from = layout_.lstm(slot);
        auto& weights = lstms_[size_of(slot)];
        weights.silent.resize(size_of(gates));
        weights.spike.resize(size_of(gates));
        weights.recurrent.resize(size_of(gates * sizes_.hidden));
        for (std::int64_t gate = 0; gate < gates; ++gate) {
            const auto bias = at(from.input_bias)[gate] + at(from.recurrent_bias)[gate];
            const auto* input = at(from.input) + gate * sizes_.features();
            auto silent = Real{0};
            auto spike = Real{0};
            for (std::int64_t k = 0; k < sizes_.features(); ++k) {
                silent += input[k] * silent_features_[size_of(k)];
                spike += input[k] * spike_features_[size_of(k)];
            }
            weights.silent[size_of(gate)] = silent + bias;
            weights.spike[size_of(gate)] = spike + bias;
            for (std::int64_t k = 0; k < sizes_.hidden; ++k)
                weights.recurrent[size_of(k * gates + gate)] =
                    at(from.recurrent)[gate * sizes_.hidden + k];
        }
    }
}

template <typename Real>
void DynamicEncoder<Real>::set_time()
{
    const auto pair = sizes_.pair();
    const auto* weights = at(layout_.pair());
    for (std::int64_t bin = 0; bin < bins_; ++bin)
        std::copy_n(at(layout_.pair_bias()), pair, time_.data() + bin * width_);
    add_product(bins_, pair, sizes_.time, {encoding_.data(), sizes_.time},
                {weights + sizes_.embedding, pair, true}, Real{1}, time_.data(), width_);
    add_product(bins_ - 1, pair, sizes_.time, {encoding_.data(), sizes_.time},
                {weights + 2 * sizes_.embedding + sizes_.time, pair, true}, Real{1},
                time_.data() + width_, width_);
}

template <typename Real>
LstmTrial<Real> DynamicEncoder<Real>::trial_of(std::span<const Real> spikes, std::int64_t slot)
{
    const auto neuron = layout_.used()[size_of(slot)];
    return {bins_,
            sizes_.hidden,
            spikes.data() + neuron * bins_,
            gates_.data() + slot * bins_ * sizes_.gates(),
            cells_.data() + slot * bins_ * sizes_.hidden,
            hidden_.data() + slot * sizes_.hidden,
            slots_ * sizes_.hidden};
}

template <typename Real>
void DynamicEncoder<Real>::embed(const Tensor& weights, const Tensor& bias,
                                 std::int64_t first_column, std::vector<Real>& embedding,
                                 std::vector<Real>& pair)
{
    const auto columns = sizes_.embedding;
    for (std::int64_t k = 0; k < rows(); ++k)
        std::copy_n(at(bias), columns, embedding.data() + k * columns);
    add_product(rows(), columns, sizes_.hidden, {hidden_.data(), sizes_.hidden},
                {at(weights), sizes_.hidden, true}, Real{1}, embedding.data(), columns);
    for (auto& value : embedding)
        value = value > 0 ? value : Real{0};
    add_product(rows(), sizes_.pair(), columns, {embedding.data(), columns},
                {at(layout_.pair()) + first_column, sizes_.pair(), true}, Real{0}, pair.data(),
                width_);
}

template <typename Real>
void DynamicEncoder<Real>::forward(std::span<const Real> spikes)
{
    for (std::int64_t slot = 0; slot < slots_; ++slot)
        lstm_forward(lstms_[size_of(slot)], trial_of(spikes, slot));
    embed(layout_.send(), layout_.send_bias(), 0, send_, pair_send_);
    embed(layout_.receive(), layout_.receive_bias(), sizes_.embedding + sizes_.time, receive_,
          pair_receive_);
}

template <typename Real>
void DynamicEncoder<Real>::embed_back(const Tensor& weights, const Tensor& bias,
                                      std::int64_t first_column, const std::vector<Real>& embedding,
                                      const Real* d_pair, Real* gradient)
{
    const auto columns = sizes_.embedding;
    const auto pair = sizes_.pair();
    add_product(pair, columns, rows(), {d_pair, width_, true}, {embedding.data(), columns}, Real{1},
                gradient + layout_.pair().first + first_column, pair);
    add_product(rows(), columns, pair, {d_pair, width_}, {at(layout_.pair()) + first_column, pair},
                Real{0}, d_embedding_.data(), columns);
    for (std::size_t k = 0; k < d_embedding_.size(); ++k)
        if (!(embedding[k] > 0))
            d_embedding_[k] = 0;
    add_product(columns, sizes_.hidden, rows(), {d_embedding_.data(), columns, true},
                {hidden_.data(), sizes_.hidden}, Real{1}, gradient + weights.first, sizes_.hidden);
    add_column_sums(rows(), columns, d_embedding_.data(), columns, gradient + bias.first);
    add_product(rows(), sizes_.hidden, columns, {d_embedding_.data(), columns},
                {at(weights), sizes_.hidden}, Real{1}, d_hidden_.data(), sizes_.hidden);
}

template <typename Real>
void DynamicEncoder<Real>::time_back(const Real* d_time, Real* gradient) const
{
    const auto pair = sizes_.pair();
    auto* weights = gradient + layout_.pair().first;
    add_product(pair, sizes_.time, bins_, {d_time, width_, true}, {encoding_.data(), sizes_.time},
                Real{1}, weights + sizes_.embedding, pair);
    add_product(pair, sizes_.time, bins_ - 1, {d_time + width_, width_, true},
                {encoding_.data(), sizes_.time}, Real{1},
                weights + 2 * sizes_.embedding + sizes_.time, pair);
    add_column_sums(bins_, pair, d_time, width_, gradient + layout_.pair_bias().first);
}

template <typename Real>
void DynamicEncoder<Real>::lstm_back(std::span<const Real> spikes, std::int64_t slot,
                                     Real* gradient)
{
    const auto gates = sizes_.gates();
    const auto& to = layout_.lstm(slot);
    const auto trial = trial_of(spikes, slot);
    lstm_backward(at(to.recurrent), trial, d_hidden_.data() + slot * sizes_.hidden);
    const auto* dz = trial.gates;
    add_product(gates, sizes_.hidden, bins_ - 1, {dz + gates, gates, true},
                {trial.outputs, trial.stride}, Real{1}, gradient + to.recurrent.first,
                sizes_.hidden);
    auto silent = std::vector<double>(size_of(gates), 0); // long sums
    auto spike = std::vector<double>(size_of(gates), 0);
    for (std::int64_t bin = 0; bin < bins_; ++bin) {
        auto& sums = trial.spikes[bin] != 0 ? spike : silent;
        for (std::int64_t gate = 0; gate < gates; ++gate)
            sums[size_of(gate)] += static_cast<double>(dz[bin * gates + gate]);
    }
    for (std::int64_t gate = 0; gate < gates; ++gate) {
        const auto of_silent = static_cast<Real>(silent[size_of(gate)]);
        const auto of_spike = static_cast<Real>(spike[size_of(gate)]);
        gradient[to.input_bias.first + gate] += of_silent + of_spike;
        gradient[to.recurrent_bias.first + gate] += of_silent + of_spike;
        auto* input = gradient + to.input.first + gate * sizes_.features();
        for (std::int64_t k = 0; k < sizes_.features(); ++k)
            input[k] +=
                of_silent * silent_features_[size_of(k)] + of_spike * spike_features_[size_of(k)];
    }
}

template <typename Real>
void DynamicEncoder<Real>::backward(std::span<const Real> spikes, const Real* d_send,
                                    const Real* d_receive, const Real* d_time, Real* gradient)
{
    std::fill(d_hidden_.begin(), d_hidden_.end(), Real{0});
    embed_back(layout_.send(), layout_.send_bias(), 0, send_, d_send, gradient);
    embed_back(layout_.receive(), layout_.receive_bias(), sizes_.embedding + sizes_.time, receive_,
               d_receive, gradient);
    time_back(d_time, gradient);
    for (std::int64_t slot = 0; slot < slots_; ++slot)
        lstm_back(spikes, slot, gradient);
}

template class DynamicEncoder<float>;
template class DynamicEncoder<double>;

} // namespace rewire::dynetcp
