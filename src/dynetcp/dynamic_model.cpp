#include "dynamic_trial.hpp"

#include <rewire/base/partition.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::dynetcp {

namespace {

using Incoming = DynamicLayout::Incoming;

/// max(E, 0) - E y + log(1 + exp(-|E|)) and sigmoid(E) - y.
struct Entropy
{
    double value;
    double residual;

    Entropy(double e, double y)
    {
        const auto z = std::exp(-std::abs(e));
        value = std::max(e, 0.0) - e * y + std::log1p(z);
        residual = (e >= 0 ? 1.0 : z) / (1 + z) - y;
    }
};

/// The forward pass of some receivers. @param choose the edges of a receiver that are wanted of a
/// bin; bins ascend
template <typename Real, typename Choose>
void visit_receivers(DynamicTrial<Real>& p, const TrialValues& values, std::int64_t trial,
                     base::Range receivers, const typename DynamicModel<Real>::TakeOffsets& take,
                     Choose choose)
{
    p.fill_spikes(values, trial);
    p.encoder.forward(p.spikes);
    for (std::int64_t bin = 1; bin < p.bins; ++bin)
        for (auto k = receivers.first; k < receivers.last; ++k) {
            const Incoming& incoming = choose(p.layout.incoming()[at(k)], bin);
            if (incoming.edge.empty())
                continue;
            p.add_offsets(incoming, bin);
            take(bin, incoming,
                 std::span<const Real>(p.offsets).first(incoming.edge.size() * at(p.lags)));
        }
}

} // namespace

template <typename Real>
struct DynamicModel<Real>::Parts : DynamicTrial<Real>
{
    using DynamicTrial<Real>::DynamicTrial;
};

template <typename Real>
DynamicModel<Real>::DynamicModel(const DynamicLayout& layout, std::int64_t bins,
                                 DynamicTraining training)
    : parts_(std::make_unique<Parts>(layout, bins, training))
{
}

template <typename Real>
DynamicModel<Real>::~DynamicModel() = default;

template <typename Real>
std::int64_t DynamicModel<Real>::trained() const noexcept
{
    return parts_->training == DynamicTraining::encoder ? parts_->layout.encoder_parameters()
                                                        : parts_->layout.parameters();
}

template <typename Real>
typename DynamicModel<Real>::Activity DynamicModel<Real>::activity() const noexcept
{
    const auto& encoder = parts_->encoder;
    return {encoder.lstm_outputs(), encoder.send_embedding(), encoder.receive_embedding()};
}

template <typename Real>
void DynamicModel<Real>::set(std::span<const Real> parameters)
{
    auto& p = *parts_;
    p.parameters = parameters;
    p.encoder.set(parameters);
    for (std::int64_t lag = 0; lag < p.lags; ++lag)
        std::copy_n(parameters.data() + p.layout.out().first + lag * p.layout.out().columns,
                    p.layout.out().columns, p.out.data() + lag * p.width);
    p.set_constant_penalty();
}

template <typename Real>
DynamicLoss DynamicModel<Real>::evaluate(const TrialValues& values, std::int64_t trial,
                                         const TakeOffsets& take, std::span<Real> logits,
                                         TrialPart part)
{
    auto& p = *parts_;
    p.choose(part);
    p.begin_trial(values, trial);
    auto squares = 0.0;
    auto entropy = 0.0;
    for (std::int64_t bin = 1; bin < p.bins; ++bin)
        for (const auto& incoming : p.chosen) {
            const auto place = at(incoming.receiver * p.bins + bin);
            const auto logit = p.add_offsets(incoming, bin);
            p.logits[place] = static_cast<Real>(logit);
            entropy += Entropy(logit, static_cast<double>(p.spikes[place])).value;
            squares += p.penalty_of(incoming);
            if (take)
                take(bin, incoming,
                     std::span<const Real>(p.offsets).first(incoming.edge.size() * at(p.lags)));
        }
    if (!logits.empty())
        std::copy(p.logits.begin(), p.logits.end(), logits.begin());
    entropy += p.rest_of_entropy(1);
    return p.loss_of(entropy, squares);
}

template <typename Real>
void DynamicModel<Real>::visit_offsets(const TrialValues& values, std::int64_t trial,
                                       std::int64_t first, std::int64_t last,
                                       const TakeOffsets& take)
{
    const auto all = [](const Incoming& incoming, auto) -> const Incoming& { return incoming; };
    visit_receivers<Real>(*parts_, values, trial, {first, last}, take, all);
}

template <typename Real>
void DynamicModel<Real>::visit_aligned(const TrialValues& values, std::int64_t trial,
                                       std::int64_t first, std::int64_t last,
                                       const TakeOffsets& take)
{
    const auto& p = *parts_;
    auto fired = std::vector<std::int64_t>(at(p.shape.neurons), -p.lags); // last bin with a spike
    auto noted = std::int64_t{0};                                         // bins of `fired`
    const auto note_spikes = [&](std::int64_t bin) {
        for (; noted <= bin; ++noted)
            for (std::int64_t neuron = 0; neuron < p.shape.neurons; ++neuron)
                if (p.spikes[at(neuron * p.bins + noted)] != 0)
                    fired[at(neuron)] = noted;
    };
    auto some = Incoming{};
    const auto lately = [&](const Incoming& all, std::int64_t bin) -> const Incoming& {
        note_spikes(bin);
        some.receiver = all.receiver;
        some.slot = all.slot;
        some.sender.clear(), some.sender_slot.clear(), some.edge.clear();
        for (std::size_t edge = 0; edge < all.edge.size(); ++edge)
            if (bin - fired[at(all.sender[edge])] < p.lags) {
                some.sender.push_back(all.sender[edge]);
                some.sender_slot.push_back(all.sender_slot[edge]);
                some.edge.push_back(all.edge[edge]);
            }
        return some;
    };
    visit_receivers<Real>(*parts_, values, trial, {first, last}, take, lately);
}

template <typename Real>
DynamicLoss DynamicModel<Real>::add_trial(const TrialValues& values, std::int64_t trial,
                                          double share, double lambda, std::span<Real> gradient,
                                          TrialPart part)
{
    auto& p = *parts_;
    p.choose(part);
    p.begin_trial(values, trial);
    const auto rows = at(p.bins * p.stride);
    p.d_out.assign(p.out.size(), Real{0});
    p.d_send.assign(rows * at(p.layout.slots()), Real{0});
    p.d_receive.assign(rows * at(p.layout.slots()), Real{0});
    p.d_time.assign(rows, Real{0});
    p.d_out_bias.assign(at(p.lags), 0);
    std::fill(p.d_static.begin(), p.d_static.end(), 0.0);
    const auto per_entry = share / p.entries();
    const auto per_trial = 2 * lambda * share / p.penalised();
    const auto per_bin = per_trial / static_cast<double>(p.bins - 1);
    auto squares = 0.0;
    auto entropy = 0.0;
    for (std::int64_t bin = 1; bin < p.bins; ++bin)
        for (const auto& incoming : p.chosen) {
            const auto place = at(incoming.receiver * p.bins + bin);
            const auto one =
                Entropy(p.add_offsets(incoming, bin), static_cast<double>(p.spikes[place]));
            entropy += one.value;
            squares += p.penalty_of(incoming);
            p.logits[place] = static_cast<Real>(per_entry * one.residual);
            p.tile_back(incoming, bin, per_entry * one.residual, per_bin);
        }
    for (const auto& incoming : p.chosen)
        p.logits[at(incoming.receiver * p.bins)] = 0; // bin 0 is not predicted
    entropy += p.rest_of_entropy(per_entry);
    for (std::int64_t lag = 0; lag < p.lags; ++lag) {
        const auto& out = p.layout.out();
        for (std::int64_t k = 0; k < out.columns; ++k)
            gradient[at(out.first + lag * out.columns + k)] += p.d_out[at(lag * p.width + k)];
        gradient[at(p.layout.out_bias().first + lag)] += static_cast<Real>(p.d_out_bias[at(lag)]);
    }
    p.encoder.backward(p.spikes, p.d_send.data(), p.d_receive.data(), p.d_time.data(),
                       gradient.data());
    if (p.training != DynamicTraining::encoder)
        p.static_back(values, trial, per_trial, gradient);
    return p.loss_of(entropy, squares);
}

template class DynamicModel<float>;
template class DynamicModel<double>;

} // namespace rewire::dynetcp
