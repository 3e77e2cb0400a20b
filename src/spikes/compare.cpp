#include "rewire/spikes/compare.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::spikes {

namespace {

std::size_t cell(std::int64_t pre, std::int64_t post, std::int64_t units)
{
    return static_cast<std::size_t>(pre * units + post);
}

void expect_square(std::size_t size, std::int64_t units, const char* what)
{
    if (size != static_cast<std::size_t>(units * units))
        throw base::InputError(fmt::format("{} values of {} for {} units", size, what, units),
                               "comparison of connections", "give a square table [pre, post]");
}

bool is(std::int8_t value, ConnectionSign sign)
{
    switch (sign) {
    case ConnectionSign::excitatory:
        return value > 0;
    case ConnectionSign::inhibitory:
        return value < 0;
    case ConnectionSign::either:
        return value != 0;
    }
    return false;
}

void count(bool truth, bool called, Confusion& result)
{
    result.true_positive += truth && called;
    result.false_positive += !truth && called;
    result.false_negative += truth && !called;
}

/// [units, units] calls: where one direction of a pair has a peak, the other has no trough.
void drop_troughs_beside_peaks(std::vector<std::int8_t>& called)
{
    const auto units = std::llround(std::sqrt(static_cast<double>(called.size())));
    for (std::int64_t i = 0; i < units; ++i)
        for (auto j = i + 1; j < units; ++j) {
            auto& forward = called[cell(i, j, units)];
            auto& backward = called[cell(j, i, units)];
            if (forward * backward < 0)
                (forward < 0 ? forward : backward) = 0;
        }
}

} // namespace

double matthews(const Confusion& of) noexcept
{
    const auto tp = static_cast<double>(of.true_positive);
    const auto fp = static_cast<double>(of.false_positive);
    const auto fn = static_cast<double>(of.false_negative);
    const auto tn = static_cast<double>(of.true_negative);
    const auto scale =
        std::sqrt(tp + fp) * std::sqrt(tp + fn) * std::sqrt(tn + fp) * std::sqrt(tn + fn);
    return scale > 0 ? (tp * tn - fp * fn) / scale : 0;
}

Confusion confusion(std::span<const std::int8_t> truth, std::span<const std::int8_t> called,
                    std::span<const std::uint8_t> tested, std::int64_t units, Counting counting,
                    ConnectionSign sign)
{
    expect_square(truth.size(), units, "the truth");
    expect_square(called.size(), units, "the calls");
    if (!tested.empty())
        expect_square(tested.size(), units, "what was tested");
    const auto counts = [&](std::size_t at) { return tested.empty() || tested[at] != 0; };
    auto result = Confusion{};
    for (std::int64_t i = 0; i < units; ++i)
        for (auto j = i + 1; j < units; ++j) {
            auto pairs = std::int64_t{0};
            auto any = false;
            for (const auto at : {cell(i, j, units), cell(j, i, units)}) {
                if (!counts(at))
                    continue;
                const auto real = is(truth[at], sign);
                const auto found = is(called[at], sign);
                count(real, found, result);
                any = any || real || found;
                ++pairs;
                if (counting == Counting::directed)
                    result.true_negative += !real && !found;
            }
            if (counting == Counting::unordered)
                result.true_negative += pairs > 0 && !any;
        }
    return result;
}

std::vector<std::int8_t> calls_at(const Scores& scores, double threshold)
{
    auto result = std::vector<std::int8_t>(scores.peak.size(), 0);
    for (std::size_t k = 0; k < result.size(); ++k) {
        if (scores.peak[k] > threshold)
            result[k] = 1;
        else if (!scores.trough.empty() && scores.trough[k] > threshold)
            result[k] = -1;
    }
    if (scores.one_call_a_pair)
        drop_troughs_beside_peaks(result);
    return result;
}

std::vector<Confusion> sweep(std::span<const std::int8_t> truth, const Scores& scores,
                             std::int64_t units, std::span<const double> threshold,
                             std::span<const double> least_chance, Counting counting,
                             ConnectionSign sign)
{
    expect_square(scores.peak.size(), units, "peaks");
    expect_square(scores.chance.size(), units, "coincidences by chance");
    if (!scores.trough.empty())
        expect_square(scores.trough.size(), units, "troughs");
    auto result = std::vector<Confusion>{};
    for (const auto limit : threshold) {
        const auto called = calls_at(scores, limit);
        for (const auto least : least_chance) {
            auto tested = std::vector<std::uint8_t>{};
            for (const auto chance : scores.chance)
                tested.push_back(chance >= least);
            result.push_back(confusion(truth, called, tested, units, counting, sign));
        }
    }
    return result;
}

std::vector<Relation> relations(std::span<const std::int8_t> truth, std::int64_t units)
{
    expect_square(truth.size(), units, "the truth");
    auto driven = std::vector<std::vector<std::int64_t>>(static_cast<std::size_t>(units));
    for (std::int64_t pre = 0; pre < units; ++pre)
        for (std::int64_t post = 0; post < units; ++post)
            if (pre != post && truth[cell(pre, post, units)] != 0)
                driven[static_cast<std::size_t>(pre)].push_back(post);
    auto result =
        std::vector<Relation>(static_cast<std::size_t>(units * units), Relation::unrelated);
    // The nearer the relation, the smaller its number.
    const auto relate = [&](std::int64_t pre, std::int64_t post, Relation relation) {
        auto& known = result[cell(pre, post, units)];
        if (pre != post)
            known = std::min(known, relation);
    };
    for (std::int64_t unit = 0; unit < units; ++unit) {
        result[cell(unit, unit, units)] = Relation::self;
        for (const auto post : driven[static_cast<std::size_t>(unit)]) {
            relate(unit, post, Relation::connected);
            relate(post, unit, Relation::reversed);
            for (const auto next : driven[static_cast<std::size_t>(post)])
                relate(unit, next, Relation::two_steps);
            for (const auto other : driven[static_cast<std::size_t>(unit)])
                relate(post, other, Relation::common_input);
        }
    }
    return result;
}

} // namespace rewire::spikes
