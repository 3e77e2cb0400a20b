#include "rewire/dynetcp/dynamic_model.hpp"

#include "dynamic_encoder.hpp"
#include "pair_kernels.hpp"

#include <rewire/dynetcp/static_training.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::dynetcp {

namespace {

std::size_t at(std::int64_t index)
{
    return static_cast<std::size_t>(index);
}

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

} // namespace

template <typename Real>
struct DynamicModel<Real>::Parts
{
    Parts(const DynamicLayout& all, std::int64_t all_bins, DynamicTraining what)
        : layout(all),
          training(what),
          bins(all_bins),
          lags(all.sizes().lags),
          shape{all.neurons(), lags},
          encoder(all, all_bins),
          width(padded(all.sizes().pair())),
          stride(encoder.stride()),
          out(at(lags * width), 0),
          d_out(out.size()),
          d_send(at(bins * all.slots() * stride)),
          d_receive(d_send.size()),
          d_time(at(bins * stride)),
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
    /// R is a mean over so many values.
    double penalised() const { return static_cast<double>(shape.neurons * shape.weights()); }
    double entries() const { return static_cast<double>(shape.neurons * (bins - 1)); }

    void set_constant_penalty();
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
    std::vector<Real> d_out;
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
};

template <typename Real>
void DynamicModel<Real>::Parts::set_constant_penalty()
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
void DynamicModel<Real>::Parts::fill_spikes(const TrialValues& values, std::int64_t trial)
{
    for (std::int64_t neuron = 0; neuron < shape.neurons; ++neuron)
        target_row<Real>(values, trial, neuron,
                         std::span(spikes).subspan(at(neuron * bins), at(bins)));
}

template <typename Real>
void DynamicModel<Real>::Parts::begin_trial(const TrialValues& values, std::int64_t trial)
{
    fill_spikes(values, trial);
    for (std::int64_t neuron = 0; neuron < shape.neurons; ++neuron)
        static_logits<Real>(values, trial, lags, {static_of(neuron), at(shape.parameters())},
                            std::span(logits).subspan(at(neuron * bins), at(bins)));
    encoder.forward(spikes);
}

template <typename Real>
PairTile<Real> DynamicModel<Real>::Parts::tile_of(const DynamicLayout::Incoming& incoming,
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
double DynamicModel<Real>::Parts::add_offsets(const DynamicLayout::Incoming& incoming,
                                              std::int64_t bin)
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
double DynamicModel<Real>::Parts::penalty_of(const DynamicLayout::Incoming& incoming) const
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
void DynamicModel<Real>::Parts::tile_back(const DynamicLayout::Incoming& incoming, std::int64_t bin,
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
double DynamicModel<Real>::Parts::rest_of_entropy(double factor)
{
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
void DynamicModel<Real>::Parts::static_back(const TrialValues& values, std::int64_t trial,
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
        auto own = of(receiver);
        add_static_gradient<Real>(
            values, trial, lags,
            std::span<const Real>(logits).subspan(at(receiver * bins), at(bins)), own);
        const auto has_edges = next != layout.incoming().end() && next->receiver == receiver;
        if (all || has_edges)
            for (std::int64_t k = 0; k < shape.weights(); ++k)
                own[at(k)] += factor * static_of(receiver)[k];
        if (!has_edges)
            continue;
        for (std::size_t edge = 0; edge < next->edge.size(); ++edge)
            for (std::int64_t lag = 0; lag < lags; ++lag) {
                const auto k = next->sender[edge] * lags + lag;
                const auto sum = d_static[at(next->edge[edge]) * at(lags) + at(lag)];
                own[at(k)] += static_cast<Real>(sum) - factor * static_of(receiver)[k];
            }
        ++next;
    }
}

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
                                         const TakeOffsets& take, std::span<Real> logits)
{
    auto& p = *parts_;
    p.begin_trial(values, trial);
    auto squares = 0.0;
    auto entropy = 0.0;
    for (std::int64_t bin = 1; bin < p.bins; ++bin)
        for (const auto& incoming : p.layout.incoming()) {
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
    return {entropy / p.entries(),
            (p.constant_penalty + squares / static_cast<double>(p.bins - 1)) / p.penalised()};
}

template <typename Real>
void DynamicModel<Real>::visit_offsets(const TrialValues& values, std::int64_t trial,
                                       std::int64_t first, std::int64_t last,
                                       const TakeOffsets& take)
{
    auto& p = *parts_;
    p.fill_spikes(values, trial);
    p.encoder.forward(p.spikes);
    for (std::int64_t bin = 1; bin < p.bins; ++bin)
        for (auto k = first; k < last; ++k) {
            const auto& incoming = p.layout.incoming()[at(k)];
            p.add_offsets(incoming, bin);
            take(bin, incoming,
                 std::span<const Real>(p.offsets).first(incoming.edge.size() * at(p.lags)));
        }
}

template <typename Real>
DynamicLoss DynamicModel<Real>::add_trial(const TrialValues& values, std::int64_t trial,
                                          double share, double lambda, std::span<Real> gradient)
{
    auto& p = *parts_;
    p.begin_trial(values, trial);
    for (auto* array : {&p.d_out, &p.d_send, &p.d_receive, &p.d_time})
        std::fill(array->begin(), array->end(), Real{0});
    p.d_out_bias.assign(at(p.lags), 0);
    std::fill(p.d_static.begin(), p.d_static.end(), 0.0);
    const auto per_entry = share / p.entries();
    const auto per_trial = 2 * lambda * share / p.penalised();
    const auto per_bin = per_trial / static_cast<double>(p.bins - 1);
    auto squares = 0.0;
    auto entropy = 0.0;
    for (std::int64_t bin = 1; bin < p.bins; ++bin)
        for (const auto& incoming : p.layout.incoming()) {
            const auto place = at(incoming.receiver * p.bins + bin);
            const auto one =
                Entropy(p.add_offsets(incoming, bin), static_cast<double>(p.spikes[place]));
            entropy += one.value;
            squares += p.penalty_of(incoming);
            p.logits[place] = static_cast<Real>(per_entry * one.residual);
            p.tile_back(incoming, bin, per_entry * one.residual, per_bin);
        }
    for (const auto& incoming : p.layout.incoming())
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
    return {entropy / p.entries(),
            (p.constant_penalty + squares / static_cast<double>(p.bins - 1)) / p.penalised()};
}

template class DynamicModel<float>;
template class DynamicModel<double>;

} // namespace rewire::dynetcp
