#include "dynamic_trial.hpp"

#include <rewire/dynetcp/static_training.hpp>

#include <algorithm>

namespace rewire::dynetcp {

/// Receivers go to the part in which the middle of their edges lies.
template <typename Real>
void DynamicTrial<Real>::choose(TrialPart part)
{
    const auto all = std::span(layout.incoming());
    const auto edges = std::ssize(layout.edges());
    auto first = std::size_t{0};
    auto last = std::size_t{0};
    auto before = std::int64_t{0};
    for (const auto& incoming : all) {
        const auto own = std::ssize(incoming.edge);
        const auto of = (2 * before + own) * part.of / (2 * edges);
        first += of < part.index ? 1 : 0;
        last += of <= part.index ? 1 : 0;
        before += own;
    }
    chosen = all.subspan(first, last - first);
    with_rest = part.index == 0;
}

template <typename Real>
void DynamicTrial<Real>::set_constant_penalty()
{
    const auto all = training == DynamicTraining::together;
    constant_penalty = 0;
    const auto squares = [&](std::int64_t receiver, std::int64_t sender) {
        const auto* row = static_of(receiver) + sender * lags;
        auto sum = 0.0;
        for (std::int64_t lag = 0; lag < lags; ++lag)
            sum += static_cast<double>(row[lag]) * static_cast<double>(row[lag]);
        return sum;
    };
    auto has_edges = std::vector<bool>(at(shape.neurons), false);
    for (const auto& incoming : layout.incoming()) {
        has_edges[at(incoming.receiver)] = true;
        for (const auto sender : incoming.sender)
            constant_penalty -= squares(incoming.receiver, sender);
    }
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver)
        for (std::int64_t sender = 0; (all || has_edges[at(receiver)]) && sender < shape.neurons;
             ++sender)
            constant_penalty += squares(receiver, sender);
}

template <typename Real>
void DynamicTrial<Real>::fill_spikes(const TrialValues& values, std::int64_t trial)
{
    for (std::int64_t neuron = 0; neuron < shape.neurons; ++neuron)
        target_row<Real>(values, trial, neuron,
                         std::span(spikes).subspan(at(neuron * bins), at(bins)));
}

template <typename Real>
void DynamicTrial<Real>::begin_trial(const TrialValues& values, std::int64_t trial)
{
    fill_spikes(values, trial);
    for (std::int64_t neuron = 0; neuron < shape.neurons; ++neuron)
        static_logits<Real>(values, trial, lags, {static_of(neuron), at(shape.parameters())},
                            std::span(logits).subspan(at(neuron * bins), at(bins)));
    encoder.forward(spikes);
}

template <typename Real>
PairTile<Real> DynamicTrial<Real>::tile_of(const DynamicLayout::Incoming& incoming,
                                           std::int64_t bin)
{
    const auto* receive = encoder.receive(bin - 1, incoming.slot);
    const auto* time = encoder.time(bin);
    for (std::int64_t k = 0; k < width; ++k)
        shift[at(k)] = receive[k] + time[k];
    return {std::ssize(incoming.edge),
            incoming.sender_slot.data(),
            width,
            stride,
            lags,
            encoder.send(bin),
            shift.data(),
            out.data()};
}

template <typename Real>
double DynamicTrial<Real>::add_offsets(const DynamicLayout::Incoming& incoming, std::int64_t bin)
{
    pair_forward(tile_of(incoming, bin), parameters.data() + layout.out_bias().first,
                 offsets.data());
    auto logit = static_cast<double>(logits[at(incoming.receiver * bins + bin)]);
    const auto reach = std::min(lags - 1, bin);
    for (std::size_t edge = 0; edge < incoming.edge.size(); ++edge) {
        const auto* now = spikes.data() + incoming.sender[edge] * bins + bin;
        const auto* row = offsets.data() + edge * at(lags);
        for (std::int64_t lag = 0; lag <= reach; ++lag)
            if (now[-lag] != 0)
                logit += static_cast<double>(row[lag] * now[-lag]);
    }
    return logit;
}

template <typename Real>
double DynamicTrial<Real>::penalty_of(const DynamicLayout::Incoming& incoming) const
{
    auto squares = 0.0;
    for (std::size_t edge = 0; edge < incoming.edge.size(); ++edge) {
        const auto* fixed = static_of(incoming.receiver) + incoming.sender[edge] * lags;
        const auto* row = offsets.data() + edge * at(lags);
        for (std::int64_t lag = 0; lag < lags; ++lag) {
            const auto weight = static_cast<double>(fixed[lag] + row[lag]);
            squares += weight * weight;
        }
    }
    return squares;
}

template <typename Real>
void DynamicTrial<Real>::tile_back(const DynamicLayout::Incoming& incoming, std::int64_t bin,
                                   double residual, double penalty_factor)
{
    const auto factor = static_cast<Real>(penalty_factor);
    const auto d = static_cast<Real>(residual);
    const auto reach = std::min(lags - 1, bin);
    for (std::size_t edge = 0; edge < incoming.edge.size(); ++edge) {
        const auto* fixed = static_of(incoming.receiver) + incoming.sender[edge] * lags;
        const auto* now = spikes.data() + incoming.sender[edge] * bins + bin;
        const auto* row = offsets.data() + edge * at(lags);
        auto* d_row = d_offsets.data() + edge * at(lags);
        for (std::int64_t lag = 0; lag < lags; ++lag)
            d_row[lag] = factor * (fixed[lag] + row[lag]);
        if (!d_static.empty()) {
            auto* sum = d_static.data() + at(incoming.edge[edge]) * at(lags);
            for (std::int64_t lag = 0; lag < lags; ++lag)
                sum[lag] += static_cast<double>(d_row[lag]);
        }
        for (std::int64_t lag = 0; lag <= reach; ++lag)
            d_row[lag] += d * now[-lag];
        for (std::int64_t lag = 0; lag < lags; ++lag)
            d_out_bias[at(lag)] += static_cast<double>(d_row[lag]);
    }
    const auto slots = layout.slots();
    pair_backward(tile_of(incoming, bin), d_offsets.data(),
                  {d_send.data() + bin * slots * stride, d_shift.data(), d_out.data()});
    auto* receive = d_receive.data() + ((bin - 1) * slots + incoming.slot) * stride;
    auto* time = d_time.data() + bin * stride;
    for (std::int64_t k = 0; k < width; ++k) {
        receive[k] += d_shift[at(k)];
        time[k] += d_shift[at(k)];
    }
}

/// Of the receivers without an edge, and puts residuals times `factor` in the place of their
/// logits.
template <typename Real>
double DynamicTrial<Real>::rest_of_entropy(double factor)
{
    if (!with_rest)
        return 0;
    auto sum = 0.0;
    auto next = layout.incoming().begin();
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        if (next != layout.incoming().end() && next->receiver == receiver) {
            ++next;
            continue;
        }
        const auto row = std::span(logits).subspan(at(receiver * bins), at(bins));
        sum += cross_entropy<Real>(row, std::span(spikes).subspan(at(receiver * bins), at(bins)),
                                   static_cast<Real>(factor));
    }
    return sum;
}

/// @param penalty_factor 2 lambda share / values that R is a mean over, for the whole trial
template <typename Real>
void DynamicTrial<Real>::static_back(const TrialValues& values, std::int64_t trial,
                                     double penalty_factor, std::span<Real> gradient)
{
    const auto of = [&](std::int64_t receiver) {
        return gradient.subspan(at(layout.encoder_parameters() + receiver * shape.parameters()),
                                at(shape.parameters()));
    };
    const auto all = training == DynamicTraining::together;
    const auto factor = static_cast<Real>(penalty_factor);
    auto next = layout.incoming().begin();
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto has_edges = next != layout.incoming().end() && next->receiver == receiver;
        const auto* incoming = has_edges ? &*next++ : nullptr;
        if (has_edges ? !is_chosen(*incoming) : !with_rest)
            continue;
        auto own = of(receiver);
        add_static_gradient<Real>(
            values, trial, lags,
            std::span<const Real>(logits).subspan(at(receiver * bins), at(bins)), own);
        if (all || has_edges)
            for (std::int64_t k = 0; k < shape.weights(); ++k)
                own[at(k)] += factor * static_of(receiver)[k];
        if (!has_edges)
            continue;
        for (std::size_t edge = 0; edge < incoming->edge.size(); ++edge)
            for (std::int64_t lag = 0; lag < lags; ++lag) {
                const auto k = incoming->sender[edge] * lags + lag;
                const auto sum = d_static[at(incoming->edge[edge]) * at(lags) + at(lag)];
                own[at(k)] += static_cast<Real>(sum) - factor * static_of(receiver)[k];
            }
    }
}
template struct DynamicTrial<float>;
template struct DynamicTrial<double>;

} // namespace rewire::dynetcp
