#include "rewire/dynetcp/dynamic_layout.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <utility>

namespace rewire::dynetcp {

namespace {

void check(const std::vector<Edge>& edges, std::int64_t neurons)
{
    if (edges.empty())
        throw base::InputError("a dynamic model without an edge", "edges", "give one at least");
    auto seen = std::set<std::pair<std::int32_t, std::int32_t>>{};
    for (const auto& [sender, receiver] : edges) {
        const auto name = fmt::format("edge {} -> {}", sender, receiver);
        if (sender < 0 || receiver < 0 || sender >= neurons || receiver >= neurons)
            throw base::InputError(name + " of neurons that are not there", "edges",
                                   fmt::format("neurons are 0 to {}", neurons - 1));
        if (sender == receiver)
            throw base::InputError(name + " has no dynamic weight", "edges",
                                   "leave out edges from a neuron to itself");
        if (!seen.emplace(sender, receiver).second)
            throw base::InputError(name + " is there twice", "edges", "leave out one of them");
    }
}

} // namespace

std::vector<Edge> all_pairs(std::int64_t neurons)
{
    auto edges = std::vector<Edge>{};
    for (std::int32_t sender = 0; sender < neurons; ++sender)
        for (std::int32_t receiver = 0; receiver < neurons; ++receiver)
            if (sender != receiver)
                edges.push_back({sender, receiver});
    return edges;
}

DynamicLayout::DynamicLayout(DynamicSizes sizes, std::int64_t neurons, std::vector<Edge> edges)
    : sizes_(sizes), neurons_(neurons), edges_(std::move(edges))
{
    check(edges_, neurons);
    group_edges();
    place_tensors();
}

void DynamicLayout::group_edges()
{
    for (const auto& edge : edges_) {
        used_.push_back(edge.sender);
        used_.push_back(edge.receiver);
    }
    std::sort(used_.begin(), used_.end());
    used_.erase(std::unique(used_.begin(), used_.end()), used_.end());
    const auto slot = [&](std::int32_t neuron) {
        return static_cast<std::int32_t>(std::lower_bound(used_.begin(), used_.end(), neuron) -
                                         used_.begin());
    };
    auto order = std::vector<std::int32_t>(edges_.size());
    for (std::size_t k = 0; k < order.size(); ++k)
        order[k] = static_cast<std::int32_t>(k);
    const auto key = [&](std::int32_t edge) {
        const auto& one = edges_[static_cast<std::size_t>(edge)];
        return std::pair(one.receiver, one.sender);
    };
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return key(a) < key(b); });
    for (const auto edge : order) {
        const auto [receiver, sender] = key(edge);
        if (incoming_.empty() || incoming_.back().receiver != receiver)
            incoming_.push_back({receiver, slot(receiver), {}, {}, {}});
        auto& group = incoming_.back();
        group.sender.push_back(sender);
        group.sender_slot.push_back(slot(sender));
        group.edge.push_back(edge);
    }
}

void DynamicLayout::place_tensors()
{
    const auto place = [&](const std::string& name, std::int64_t rows, std::int64_t columns) {
        auto tensor = Tensor{name, encoder_, rows, columns};
        encoder_ += tensor.size();
        return tensor;
    };
    for (const auto neuron : used_)
        lstms_.push_back(
            {place(fmt::format("lstm {} input", neuron), sizes_.gates(), sizes_.features()),
             place(fmt::format("lstm {} recurrent", neuron), sizes_.gates(), sizes_.hidden),
             place(fmt::format("lstm {} input bias", neuron), sizes_.gates(), 1),
             place(fmt::format("lstm {} recurrent bias", neuron), sizes_.gates(), 1)});
    send_ = place("send", sizes_.embedding, sizes_.hidden);
    send_bias_ = place("send bias", sizes_.embedding, 1);
    receive_ = place("receive", sizes_.embedding, sizes_.hidden);
    receive_bias_ = place("receive bias", sizes_.embedding, 1);
    pair_ = place("pair", sizes_.pair(), sizes_.pair());
    pair_bias_ = place("pair bias", sizes_.pair(), 1);
    out_ = place("out", sizes_.lags, sizes_.pair());
    out_bias_ = place("out bias", sizes_.lags, 1);
    static_ = neurons_ * (neurons_ * sizes_.lags + 1);
}

std::vector<Tensor> DynamicLayout::tensors() const
{
    auto all = std::vector<Tensor>{};
    for (const auto& lstm : lstms_)
        all.insert(all.end(), {lstm.input, lstm.recurrent, lstm.input_bias, lstm.recurrent_bias});
    all.insert(all.end(),
               {send_, send_bias_, receive_, receive_bias_, pair_, pair_bias_, out_, out_bias_});
    return all;
}

std::vector<float> initial_encoder(const DynamicLayout& layout, std::uint64_t seed,
                                   std::uint64_t name)
{
    auto parameters = std::vector<float>(static_cast<std::size_t>(layout.encoder_parameters()));
    const auto draw = [&](base::Stream& stream, const Tensor& tensor, double bound) {
        for (auto k = tensor.first; k < tensor.first + tensor.size(); ++k)
            parameters[static_cast<std::size_t>(k)] =
                static_cast<float>(bound * (2 * stream.uniform() - 1));
    };
    const auto bound = [](std::int64_t inputs) {
        return 1 / std::sqrt(static_cast<double>(inputs));
    };
    const auto hidden = bound(layout.sizes().hidden);
    const auto key = base::key_of("dynetcp encoder");
    for (std::int64_t slot = 0; slot < layout.slots(); ++slot) {
        const auto neuron = layout.used()[static_cast<std::size_t>(slot)];
        auto stream = base::Stream(seed, {key, name, 1, static_cast<std::uint64_t>(neuron)});
        const auto& lstm = layout.lstm(slot);
        for (const auto* tensor :
             {&lstm.input, &lstm.recurrent, &lstm.input_bias, &lstm.recurrent_bias})
            draw(stream, *tensor, hidden);
    }
    auto stream = base::Stream(seed, {key, name, 2});
    for (const auto* tensor :
         {&layout.send(), &layout.send_bias(), &layout.receive(), &layout.receive_bias()})
        draw(stream, *tensor, hidden);
    const auto wide = bound(layout.sizes().pair());
    draw(stream, layout.pair(), wide);
    draw(stream, layout.pair_bias(), wide);
    draw(stream, layout.out(), 0.1 * wide);
    draw(stream, layout.out_bias(), 0);
    return parameters;
}

std::vector<double> fourier_features(std::int64_t frequencies, double shifted)
{
    auto features = std::vector<double>(static_cast<std::size_t>(2 * frequencies));
    for (std::int64_t k = 0; k < frequencies; ++k) {
        const auto b = frequencies == 1
                           ? -1.0
                           : -1 + 2 * static_cast<double>(k) / static_cast<double>(frequencies - 1);
        const auto angle = 2 * std::numbers::pi * b * shifted;
        features[static_cast<std::size_t>(k)] = std::cos(angle);
        features[static_cast<std::size_t>(frequencies + k)] = std::sin(angle);
    }
    return features;
}

std::vector<double> time_encoding(std::int64_t bins, std::int64_t size)
{
    auto encoding = std::vector<double>(static_cast<std::size_t>(bins * size));
    for (std::int64_t bin = 0; bin < bins; ++bin)
        for (std::int64_t k = 0; k < size; k += 2) {
            const auto frequency =
                std::pow(10000.0, -static_cast<double>(k) / static_cast<double>(size));
            const auto angle = static_cast<double>(bin) * frequency;
            encoding[static_cast<std::size_t>(bin * size + k)] = std::sin(angle);
            encoding[static_cast<std::size_t>(bin * size + k + 1)] = std::cos(angle);
        }
    return encoding;
}

} // namespace rewire::dynetcp
