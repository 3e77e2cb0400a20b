#include "comparison.hpp"

#include "jobs/recording/planted.hpp"

#include <rewire/base/packed.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

namespace rewire::jobs {

namespace {

std::size_t cell_of(std::size_t pre, std::size_t post, std::size_t units)
{
    return pre * units + post;
}

/// The scores over these units, all of which the method has.
ConnectionScores over_units(const ConnectionScores& scores, const std::vector<std::string>& unit_id)
{
    auto place = std::map<std::string, std::size_t>{};
    for (std::size_t unit = 0; unit < scores.unit_id.size(); ++unit)
        place[scores.unit_id[unit]] = unit;
    const auto all = scores.unit_id.size();
    const auto units = unit_id.size();
    const auto chosen = [&](const std::vector<double>& from) {
        auto result = std::vector<double>{};
        if (from.empty())
            return result;
        result.reserve(units * units);
        for (std::size_t pre = 0; pre < units; ++pre)
            for (std::size_t post = 0; post < units; ++post)
                result.push_back(from[cell_of(place[unit_id[pre]], place[unit_id[post]], all)]);
        return result;
    };
    return {unit_id,
            scores.threshold,
            chosen(scores.peak),
            chosen(scores.trough),
            chosen(scores.chance),
            scores.one_call_a_pair};
}

/// Units of all of them, in the order of the first.
std::vector<std::string> common_units(const std::vector<std::optional<ConnectionScores>>& all)
{
    auto sets = std::vector<std::vector<std::string>>{};
    for (const auto& scores : all)
        if (scores)
            sets.push_back(scores->unit_id);
    return common_neurons(sets);
}

/// [counting, sign, threshold, least]
std::vector<spikes::Confusion> sweep_of(const std::vector<std::int8_t>& truth,
                                        const ConnectionScores& scores,
                                        std::span<const double> threshold,
                                        std::span<const double> least)
{
    auto result = std::vector<spikes::Confusion>{};
    for (const auto counting : countings)
        for (const auto sign : signs) {
            const auto part = spikes::sweep(truth, scores_view(scores), std::ssize(scores.unit_id),
                                            threshold, least, counting, sign);
            result.insert(result.end(), part.begin(), part.end());
        }
    return result;
}

std::vector<double> times(double threshold)
{
    auto result = std::vector<double>{};
    for (const auto factor : threshold_factors)
        result.push_back(factor * threshold);
    return result;
}

MethodComparison compare_method(const std::vector<std::int8_t>& truth,
                                const std::vector<spikes::Relation>& relation,
                                const ConnectionScores& scores, const CompareSettings& settings)
{
    const auto own = std::vector{scores.threshold};
    const auto all = std::vector{0.0};
    auto result = MethodComparison{.present = 1, .threshold = scores.threshold};
    result.own = sweep_of(truth, scores, own, all);
    result.by_factor = sweep_of(truth, scores, times(scores.threshold), all);
    result.by_least = sweep_of(truth, scores, own, settings.min_pair_spikes);
    const auto calls = calls_of(scores);
    const auto tested = tested_of(scores);
    for (std::size_t cell = 0; cell < calls.size(); ++cell)
        if (calls[cell] != 0 && tested[cell] != 0 && relation[cell] != spikes::Relation::self)
            ++result.found[static_cast<std::size_t>(relation[cell])];
    return result;
}

void each_method_field(auto& method, auto field)
{
    field(method.present), field(method.threshold), field(method.own), field(method.by_factor);
    field(method.by_least), field(method.found);
}

void each_comparison_field(auto& comparison, auto field)
{
    field(comparison.status), field(comparison.unit_id), field(comparison.true_connections);
    field(comparison.left_out), field(comparison.directions), field(comparison.threshold);
    field(comparison.sweep);
}

} // namespace

std::vector<std::byte> Comparison::packed() const
{
    auto packer = base::Packer{};
    const auto put = base::PackField{packer};
    each_comparison_field(*this, put);
    put(static_cast<std::uint64_t>(method.size()));
    for (const auto& one : method)
        each_method_field(one, put);
    return packer.take();
}

Comparison Comparison::unpacked(std::span<const std::byte> bytes)
{
    auto unpacker = base::Unpacker(bytes);
    const auto get = base::UnpackField{unpacker};
    auto result = Comparison{};
    each_comparison_field(result, get);
    result.method.resize(unpacker.get<std::uint64_t>());
    for (auto& one : result.method)
        each_method_field(one, get);
    return result;
}

Comparison compare_session(const io::StudySession& session, const CompareSettings& settings)
{
    const auto name = name_of(session);
    auto result = Comparison{};
    result.method.resize(settings.methods.size());
    auto scores = std::vector<std::optional<ConnectionScores>>{};
    for (const auto& each : settings.methods) {
        const auto file = io::open_for_reading(each.path);
        const auto there =
            io::exists(file, name.first + "/" + name.second) && each.method.there(file, name);
        scores.push_back(there ? std::optional(each.method.read(file, name)) : std::nullopt);
    }
    if (!scores.front()) {
        result.status = "no connections by " + settings.methods.front().method.name;
        return result;
    }
    result.unit_id = common_units(scores);
    auto truth = std::vector<std::int8_t>{};
    auto relation = std::vector<spikes::Relation>{};
    if (settings.truth == planted_truth) {
        auto planted = planted_matrix(session.path, result.unit_id);
        truth = std::move(planted.sign);
        relation = std::move(planted.relation);
        result.left_out = planted.left_out;
    }
    auto untested = std::vector<std::uint8_t>(result.unit_id.size() * result.unit_id.size(), 0);
    for (std::size_t m = 0; m < scores.size(); ++m) {
        if (!scores[m])
            continue;
        scores[m] = over_units(*scores[m], result.unit_id);
        if (settings.methods[m].method.name != settings.truth)
            continue;
        truth = calls_of(*scores[m]);
        const auto tested = tested_of(*scores[m]);
        for (std::size_t cell = 0; cell < tested.size(); ++cell)
            untested[cell] = tested[cell] == 0 ? 1 : 0;
    }
    if (truth.empty() && !result.unit_id.empty()) {
        result.status = "no connections by " + settings.truth;
        return result;
    }
    const auto units = std::ssize(result.unit_id);
    if (relation.empty())
        relation = spikes::relations(truth, units);
    for (const auto one : relation)
        if (one != spikes::Relation::self)
            ++result.directions[static_cast<std::size_t>(one)];
    result.true_connections = result.directions[0];
    for (std::size_t m = 0; m < scores.size(); ++m) {
        if (!scores[m])
            continue;
        for (std::size_t cell = 0; cell < untested.size(); ++cell)
            if (untested[cell] != 0)
                scores[m]->chance[cell] = std::numeric_limits<double>::quiet_NaN();
        result.method[m] = compare_method(truth, relation, *scores[m], settings);
    }
    result.threshold =
        settings.thresholds.empty() ? times(scores.front()->threshold) : settings.thresholds;
    result.sweep = sweep_of(truth, *scores.front(), result.threshold, settings.min_pair_spikes);
    return result;
}

} // namespace rewire::jobs
