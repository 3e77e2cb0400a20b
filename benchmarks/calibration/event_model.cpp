#include "event_model.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace rewire::calibration {

namespace {

using base::at;

/// Events of a neuron's own, and those that it repeats, before anything is missed.
class Population
{
  public:
    Population(const EventModel& model, std::uint64_t seed)
        : model_(model),
          seed_(seed),
          rows_(at(model.neurons), std::vector<double>(at(model.frames), 0.0))
    {
    }

    Rows run()
    {
        const auto rate = model_.rate(model_, seed_);
        for (std::int32_t n = 0; n < model_.neurons; ++n) {
            auto own = stream("events", n);
            for (std::int64_t t = 0; t < model_.frames; ++t)
                if (own.uniform() < rate(n, t))
                    rows_[at(n)][at(t)] = size(own);
            for (std::size_t k = 0; k < model_.copies.size(); ++k)
                if (model_.copies[k].to == n)
                    repeat(model_.copies[k], k);
            for (const auto& veto : model_.vetoes)
                if (veto.to == n)
                    silence(veto);
        }
        return std::move(rows_);
    }

  private:
    base::Stream stream(const char* what, std::int64_t number) const
    {
        return base::Stream(seed_, {base::key_of(what), static_cast<std::uint64_t>(number)});
    }

    double size(base::Stream& stream) const
    {
        return model_.skewed ? 0.5 + stream.exponential() : 0.7 + 0.6 * stream.uniform();
    }

    void repeat(const Copy& copy, std::size_t number)
    {
        auto drawn = stream("copies", static_cast<std::int64_t>(number));
        const auto& from = rows_[at(copy.from)];
        auto& to = rows_[at(copy.to)];
        for (std::int64_t t = 0; t + copy.delay < model_.frames; ++t) {
            if (from[at(t)] == 0)
                continue;
            if (copy.with_size)
                to[at(t + copy.delay)] += copy.probability * from[at(t)];
            else if (drawn.uniform() < copy.probability)
                to[at(t + copy.delay)] = size(drawn);
        }
    }

    void silence(const Veto& veto)
    {
        const auto& from = rows_[at(veto.from)];
        auto& to = rows_[at(veto.to)];
        for (std::int64_t t = 0; t < model_.frames; ++t)
            if (from[at(t)] != 0)
                std::fill(to.begin() + t, to.begin() + std::min(t + veto.frames, model_.frames),
                          0.0);
    }

    const EventModel& model_;
    std::uint64_t seed_;
    Rows rows_;
};

bool is_hidden(const EventModel& model, std::int64_t neuron)
{
    return std::find(model.hidden.begin(), model.hidden.end(), neuron) != model.hidden.end();
}

/// [neuron] a number that neurons share which are joined, even indirectly.
std::vector<std::int64_t> parts_of(const EventModel& model)
{
    auto part = std::vector<std::int64_t>(at(model.neurons));
    std::iota(part.begin(), part.end(), 0);
    const auto join = [&](std::int32_t a, std::int32_t b) {
        const auto old = part[at(a)];
        const auto now = part[at(b)];
        std::replace(part.begin(), part.end(), old, now);
    };
    for (const auto& copy : model.copies)
        join(copy.from, copy.to);
    for (const auto& veto : model.vetoes)
        join(veto.from, veto.to);
    return part;
}

/// The same chance for all neurons, by frame.
Rate by_frame(std::vector<double> chance)
{
    return [chance = std::move(chance)](std::int32_t, std::int64_t t) { return chance[at(t)]; };
}

/// 1 in bouts of `length` frames that make up `share` of the time, about.
std::vector<std::uint8_t> bouts(std::int64_t frames, std::int64_t length, double share,
                                base::Stream stream)
{
    auto inside = std::vector<std::uint8_t>(at(frames), 0);
    const auto starts = share / static_cast<double>(length);
    for (std::int64_t t = 0; t < frames; ++t)
        if (stream.uniform() < starts)
            std::fill(inside.begin() + t, inside.begin() + std::min(t + length, frames),
                      std::uint8_t{1});
    return inside;
}

} // namespace

Rows events_of(const EventModel& model, std::uint64_t seed)
{
    auto rows = Population(model, seed).run();
    for (std::size_t n = 0; model.missed > 0 && n < rows.size(); ++n) {
        auto stream = base::Stream(seed, {base::key_of("missed"), n});
        for (auto& size : rows[n])
            if (size != 0 && stream.uniform() < model.missed)
                size = 0;
    }
    auto recorded = Rows{};
    for (std::int64_t n = 0; n < model.neurons; ++n)
        if (!is_hidden(model, n))
            recorded.push_back(std::move(rows[at(n)]));
    return recorded;
}

PairTruth truth_of(const EventModel& model)
{
    auto place = std::vector<std::int64_t>(at(model.neurons), -1); // among the recorded
    auto count = std::int64_t{0};
    for (std::int64_t n = 0; n < model.neurons; ++n)
        if (!is_hidden(model, n))
            place[at(n)] = count++;
    auto truth = PairTruth{};
    truth.planted.assign(at(base::pair_count(count)), 0);
    truth.unrelated.assign(truth.planted.size(), 1);
    const auto part = parts_of(model);
    for (std::int64_t i = 0; i < model.neurons; ++i)
        for (auto j = i + 1; j < model.neurons; ++j)
            if (place[at(i)] >= 0 && place[at(j)] >= 0 && part[at(i)] == part[at(j)])
                truth.unrelated[at(base::pair_index(place[at(i)], place[at(j)], count))] = 0;
    const auto plant = [&](std::int32_t a, std::int32_t b) {
        const auto [i, j] = std::minmax(place[at(a)], place[at(b)]);
        if (i >= 0 && i < j)
            truth.planted[at(base::pair_index(i, j, count))] = 1;
    };
    for (const auto& copy : model.copies) {
        plant(copy.from, copy.to);
        for (const auto& other : model.copies)
            if (model.hidden_joins && other.from == copy.from)
                plant(copy.to, other.to);
    }
    return truth;
}

std::function<Rate(const EventModel&, std::uint64_t)> constant_rate(double chance)
{
    return [=](const EventModel&, std::uint64_t) {
        return [=](std::int32_t, std::int64_t) { return chance; };
    };
}

std::function<Rate(const EventModel&, std::uint64_t)> population_bursts(double chance, double gain)
{
    return [=](const EventModel& model, std::uint64_t seed) {
        const auto inside = bouts(model.frames, std::llround(2.5 * model.rate_hz), 0.1,
                                  base::Stream(seed, {base::key_of("bursts")}));
        auto rate = std::vector<double>{};
        for (const auto burst : inside)
            rate.push_back(burst != 0 ? gain * chance : chance);
        return by_frame(std::move(rate));
    };
}

std::function<Rate(const EventModel&, std::uint64_t)> slow_wave(double chance)
{
    return [=](const EventModel& model, std::uint64_t seed) {
        const auto phase = base::Stream(seed, {base::key_of("phase")}).uniform();
        auto rate = std::vector<double>{};
        const auto period = 20 * model.rate_hz; // frames
        for (std::int64_t t = 0; t < model.frames; ++t)
            rate.push_back(chance *
                           (1 + 0.8 * std::sin(2 * std::numbers::pi *
                                               (phase + static_cast<double>(t) / period))));
        return by_frame(std::move(rate));
    };
}

std::function<Rate(const EventModel&, std::uint64_t)> falling_rate(double chance)
{
    return [=](const EventModel& model, std::uint64_t) {
        const auto last = static_cast<double>(std::max<std::int64_t>(model.frames - 1, 1));
        return [=](std::int32_t, std::int64_t t) {
            return chance * (1 - 0.8 * static_cast<double>(t) / last);
        };
    };
}

std::vector<std::uint8_t> movement_frames(std::int64_t frames, std::uint64_t seed)
{
    return bouts(frames, 84, 0.22, base::Stream(seed, {base::key_of("bouts")}));
}

std::function<Rate(const EventModel&, std::uint64_t)> movement_bouts(double chance)
{
    return [=](const EventModel& model, std::uint64_t seed) {
        const auto moving = movement_frames(model.frames, seed);
        return [=](std::int32_t n, std::int64_t t) {
            return n % 2 == 0 && moving[at(t)] != 0 ? 1.8 * chance : chance;
        };
    };
}

std::vector<Copy> chains(std::int64_t neurons, std::int64_t length, double strength)
{
    constexpr auto mean_square_size = 1 + 0.6 * 0.6 / 12; // sizes differ: less correlation
    auto probability = strength;
    for (auto step = 0; step < 20; ++step) // the one that repeats has more events: less, too
        probability = strength * mean_square_size * std::sqrt(1 + probability);
    auto copies = std::vector<Copy>{};
    for (std::int32_t n = 1; n < neurons; ++n)
        if (n % length != 0)
            copies.push_back({n - 1, n, probability, 0, false});
    return copies;
}

std::vector<Copy> hubs(std::int64_t neurons, std::int64_t size, double probability, bool with_size,
                       std::int64_t delay)
{
    auto copies = std::vector<Copy>{};
    for (std::int32_t n = 1; n < neurons; ++n)
        if (n % size != 0) {
            const auto place = static_cast<std::int32_t>(n % size);
            copies.push_back({n - place, n, probability, delay * place, with_size});
        }
    return copies;
}

EventModel input_rings(std::int64_t neurons, std::int64_t size, double chance, double input_chance)
{
    auto model = EventModel{.neurons = 2 * neurons, .hidden_joins = true};
    for (std::int32_t n = 0; n < neurons; ++n) {
        const auto ring = n / static_cast<std::int32_t>(size) * static_cast<std::int32_t>(size);
        const auto next = ring + (n - ring + 1) % static_cast<std::int32_t>(size);
        const auto first = static_cast<std::int32_t>(neurons);
        model.hidden.push_back(n);
        model.copies.push_back({n, first + n, 1, 0, false});
        model.copies.push_back({n, first + next, 1, 0, false});
    }
    model.rate = [=](const EventModel&, std::uint64_t) {
        return [=](std::int32_t n, std::int64_t) { return n < neurons ? input_chance : chance; };
    };
    return model;
}

std::vector<Copy> colliders(std::int64_t neurons, std::int64_t size, double probability)
{
    auto copies = std::vector<Copy>{};
    for (auto last = static_cast<std::int32_t>(size) - 1; last < neurons;
         last += static_cast<std::int32_t>(size))
        for (std::int32_t k = 1; k < size; ++k)
            copies.push_back({last - k, last, probability, 0, false});
    return copies;
}

std::vector<Copy> random_network(std::int64_t neurons, double density, double probability,
                                 std::uint64_t seed)
{
    auto stream = base::Stream(seed, {base::key_of("random network")});
    auto copies = std::vector<Copy>{};
    for (std::int32_t i = 0; i < neurons; ++i)
        for (auto j = i + 1; j < neurons; ++j)
            if (stream.uniform() < density)
                copies.push_back({i, j, probability, 0, false});
    return copies;
}

} // namespace rewire::calibration
