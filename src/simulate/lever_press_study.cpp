#include "rewire/simulate/lever_press_study.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/simulate/session_trends.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <set>
#include <utility>

namespace rewire::simulate {

namespace {

/// Shared part of the events when an assembly is weakest and strongest: far above the edge
/// threshold of a session of usual length even when weakest, so that what is planted can be found.
constexpr auto weakest = 0.36;
constexpr auto strongest = 0.41;
constexpr auto constant = 0.38;
/// Of a neuron's events at most this part is shared; the rest it fires alone.
constexpr auto largest_shared_part = 0.88;

/// Assemblies per neuron of the animal.
constexpr auto changing_assemblies = 0.25; ///< strengthening, and as many weakening
constexpr auto stable_assemblies = 0.12;
constexpr auto transient_assemblies = 0.10;

/// The role that a neuron is meant to get. Its final group follows from the edges it did get.
Group intended_group(double position)
{
    if (position < 0.36)
        return Group::core;
    if (position < 0.55)
        return Group::naive_phase;
    return position < 0.80 ? Group::expert_phase : Group::other;
}

/// The session that stands where `session` (from 0) stands in a study of 14.
std::int64_t scaled(std::int64_t session, std::int64_t sessions)
{
    return std::lround(static_cast<double>(session * (sessions - 1)) / 13);
}

double ramp(double from, double to, std::int64_t step, std::int64_t steps)
{
    return steps == 0 ? to
                      : from + (to - from) * static_cast<double>(step) / static_cast<double>(steps);
}

/// Strength over the sessions of the `number`th assembly of its kind. Strengthening ones appear in
/// the sessions in which as many weakening ones vanish, so that the transient ones move the
/// density.
std::vector<double> strengths(EdgeKind kind, std::int64_t number, std::int64_t sessions,
                              base::Stream& stream)
{
    auto strength = std::vector<double>(static_cast<std::size_t>(sessions), 0.0);
    const auto scale = 0.95 + 0.1 * stream.uniform();
    const auto first_change = std::max<std::int64_t>(1, scaled(4, sessions));
    const auto last_change = std::max(first_change, scaled(8, sessions));
    const auto change = first_change + number % (last_change - first_change + 1);
    const auto start = scaled(number % 2 == 0 ? 2 : 1, sessions);
    const auto stop = scaled(3 + number % 4, sessions) + 1;
    for (std::int64_t s = 0; s < sessions; ++s) {
        auto& value = strength[static_cast<std::size_t>(s)];
        if (kind == EdgeKind::strengthening && s >= std::min(change, sessions - 1))
            value = ramp(weakest, strongest, s - change, std::max(0L, sessions - 1 - change));
        else if (kind == EdgeKind::weakening && s < change)
            value = ramp(strongest, weakest, s, change - 1);
        else if (kind == EdgeKind::stable ||
                 (kind == EdgeKind::transient && start <= s && s < stop))
            value = constant;
        value *= scale;
    }
    return strength;
}

template <typename Visit>
void each_pair(const std::vector<std::int32_t>& members, Visit visit)
{
    for (std::size_t a = 0; a < members.size(); ++a)
        for (auto b = a + 1; b < members.size(); ++b)
            visit(members[a], members[b]);
}

/// Adds assemblies one by one while their members have events left to share in every session.
class Planter
{
  public:
    Planter(const LeverPressParameters& parameters, const AnimalTruth& animal)
        : sessions_(parameters.sessions),
          rate_(animal.event_rate_hz),
          stream_(parameters.seed,
                  {base::key_of("assemblies"), static_cast<std::uint64_t>(animal.index)}),
          shared_(rate_.size() * static_cast<std::size_t>(sessions_), 0.0),
          kinds_(rate_.size(), 0)
    {
        const auto order = base::permutation(stream_, static_cast<std::int64_t>(rate_.size()));
        const auto count = static_cast<double>(order.size());
        for (std::size_t place = 0; place < order.size(); ++place) {
            const auto group = intended_group((static_cast<double>(place) + 0.5) / count);
            intended_[static_cast<std::size_t>(group)].push_back(
                static_cast<std::int32_t>(order[place]));
        }
    }

    std::vector<Assembly> plant()
    {
        const auto neurons = static_cast<double>(rate_.size());
        const auto everyone =
            pool({Group::core, Group::naive_phase, Group::expert_phase, Group::other});
        const auto experts = pool({Group::core, Group::expert_phase});
        const auto naive = pool({Group::core, Group::naive_phase});
        const auto changing = std::llround(changing_assemblies * neurons);
        cover(EdgeKind::strengthening, experts);
        cover(EdgeKind::weakening, naive);
        fill(EdgeKind::transient, everyone, std::llround(transient_assemblies * neurons));
        fill(EdgeKind::weakening, naive, changing);
        fill(EdgeKind::strengthening, experts, changing);
        keep_as_many_of(EdgeKind::strengthening, EdgeKind::weakening);
        fill(EdgeKind::stable, everyone, std::llround(stable_assemblies * neurons));
        return std::move(assemblies_);
    }

  private:
    using Members = std::vector<std::int32_t>;

    Members pool(std::initializer_list<Group> groups) const
    {
        auto all = Members{};
        for (const auto group : groups) {
            const auto& members = intended_[static_cast<std::size_t>(group)];
            all.insert(all.end(), members.begin(), members.end());
        }
        return all;
    }

    bool has(std::int32_t neuron, EdgeKind kind) const
    {
        return (kinds_[static_cast<std::size_t>(neuron)] >> static_cast<unsigned>(kind)) & 1U;
    }

    /// One assembly of this kind at least for every neuron of the pool, as far as it can be: with
    /// others that have none yet, or else with any.
    void cover(EdgeKind kind, const Members& pool)
    {
        auto lacking = pool;
        for (const auto neuron : pool)
            for (auto attempt = 0; attempt < 50 && !has(neuron, kind); ++attempt) {
                const auto& partners = attempt < 25 && lacking.size() >= 3 ? lacking : pool;
                if (add(kind, {neuron}, partners))
                    std::erase_if(lacking, [&](std::int32_t each) { return has(each, kind); });
            }
    }

    /// Takes back the last ones of the kind that has more.
    void keep_as_many_of(EdgeKind one, EdgeKind other)
    {
        const auto keep = std::min(count_of(one), count_of(other));
        for (const auto kind : {one, other}) {
            auto seen = std::int64_t{0};
            std::erase_if(assemblies_, [&](const Assembly& assembly) {
                return assembly.kind == kind && ++seen > keep;
            });
        }
    }

    /// Assemblies until there are `count` of this kind, or no place is found for more.
    void fill(EdgeKind kind, const Members& pool, std::int64_t count)
    {
        for (auto attempts = 50 * count; attempts > 0 && count_of(kind) < count; --attempts)
            add(kind, {}, pool);
    }

    std::int64_t count_of(EdgeKind kind) const { return count_[static_cast<std::size_t>(kind)]; }

    bool add(EdgeKind kind, Members members, const Members& pool)
    {
        const auto size = std::min<std::size_t>(3, pool.size());
        if (size < 2)
            return false;
        while (members.size() < size) {
            const auto drawn = pool[stream_.below(pool.size())];
            if (std::find(members.begin(), members.end(), drawn) == members.end())
                members.push_back(drawn);
        }
        std::sort(members.begin(), members.end());
        const auto strength = strengths(kind, count_of(kind), sessions_, stream_);
        if (!new_pairs(members) || !fits(members, strength))
            return false;
        const auto rate = shared_rate(members, rate_);
        for (const auto neuron : members) {
            const auto n = static_cast<std::size_t>(neuron);
            kinds_[n] |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
            for (std::size_t s = 0; s < strength.size(); ++s)
                shared_[n * strength.size() + s] += strength[s] * rate / rate_[n];
        }
        each_pair(members, [&](std::int32_t i, std::int32_t j) { pairs_.insert({i, j}); });
        ++count_[static_cast<std::size_t>(kind)];
        assemblies_.push_back({std::move(members), kind, strength});
        return true;
    }

    bool new_pairs(const Members& members) const
    {
        auto all_new = true;
        each_pair(members, [&](std::int32_t i, std::int32_t j) {
            all_new = all_new && !pairs_.contains({i, j});
        });
        return all_new;
    }

    bool fits(const Members& members, const std::vector<double>& strength) const
    {
        const auto rate = shared_rate(members, rate_);
        for (const auto neuron : members)
            for (std::size_t s = 0; s < strength.size(); ++s) {
                const auto n = static_cast<std::size_t>(neuron);
                if (shared_[n * strength.size() + s] + strength[s] * rate / rate_[n] >
                    largest_shared_part)
                    return false;
            }
        return true;
    }

    std::int64_t sessions_;
    const std::vector<double>& rate_;
    base::Stream stream_;
    std::array<Members, 4> intended_;     ///< [group]
    std::vector<double> shared_;          ///< [neuron, session] part of the events
    std::vector<std::uint8_t> kinds_;     ///< [neuron] bits of the kinds it has
    std::array<std::int64_t, 4> count_{}; ///< [kind]
    std::set<std::pair<std::int32_t, std::int32_t>> pairs_;
    std::vector<Assembly> assemblies_;
};

/// Strengths of a harder study: the assemblies are those of the usual one.
void weaken(std::vector<Assembly>& assemblies, const LeverPressParameters& parameters,
            std::int64_t animal)
{
    const auto& hard = parameters.difficulties;
    for (std::size_t a = 0; a < assemblies.size(); ++a) {
        auto stream = base::Stream(parameters.seed, {base::key_of("strength of an assembly"),
                                                     static_cast<std::uint64_t>(animal), a});
        const auto share = hard.strength * std::pow(hard.weakest, stream.uniform());
        if (share != 1)
            for (auto& strength : assemblies[a].strength)
                strength *= share;
    }
}

std::vector<Edge> edges_of(const std::vector<Assembly>& assemblies)
{
    auto edges = std::vector<Edge>{};
    for (std::size_t a = 0; a < assemblies.size(); ++a)
        each_pair(assemblies[a].members, [&](std::int32_t i, std::int32_t j) {
            edges.push_back({i, j, static_cast<std::int32_t>(a)});
        });
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
        return std::pair(a.i, a.j) < std::pair(b.i, b.j);
    });
    return edges;
}

std::vector<Group> groups_of(std::size_t neurons, const std::vector<Assembly>& assemblies)
{
    auto grows = std::vector<bool>(neurons);
    auto shrinks = std::vector<bool>(neurons);
    for (const auto& assembly : assemblies)
        for (const auto neuron : assembly.members) {
            if (assembly.kind == EdgeKind::strengthening)
                grows[static_cast<std::size_t>(neuron)] = true;
            if (assembly.kind == EdgeKind::weakening)
                shrinks[static_cast<std::size_t>(neuron)] = true;
        }
    auto groups = std::vector<Group>(neurons, Group::other);
    for (std::size_t n = 0; n < neurons; ++n) {
        if (grows[n])
            groups[n] = shrinks[n] ? Group::core : Group::expert_phase;
        else if (shrinks[n])
            groups[n] = Group::naive_phase;
    }
    return groups;
}

std::string animal_name(const std::string& layer, std::int64_t animal)
{
    auto name = std::string{};
    std::copy_if(layer.begin(), layer.end(), std::back_inserter(name),
                 [](unsigned char letter) { return std::isalnum(letter) != 0; });
    return fmt::format("{}M{}", name, animal + 1);
}

void require_study(bool holds, const char* option, const std::string& problem,
                   const std::string& next)
{
    if (!holds)
        throw base::InputError("no study can be made: " + problem, option, next);
}

bool is_share(double value)
{
    return value >= 0 && value < 1;
}

void check_difficulties(const LeverPressParameters& p)
{
    const auto& d = p.difficulties;
    require_study(d.strength > 0 && d.strength <= 1, "strength",
                  "assemblies cannot be that strong: events would be more than shared",
                  "give a share of the usual strength, above 0 and up to 1");
    require_study(d.weakest > 0 && d.weakest <= 1, "weakest",
                  "the weakest assembly has no share of the strength",
                  "give a share up to 1, e.g. 0.1");
    require_study(d.shortest_s == 0 ||
                      (d.shortest_s * p.rate_hz >= 1 && d.shortest_s <= p.duration_s),
                  "shortest-s", "the shortest session is longer than the others, or has no frame",
                  "give seconds up to --duration-s, or 0 for sessions of one length");
    require_study(d.delay_frames >= 0 && d.delay_frames <= 1000, "delay-frames",
                  "the delay is no number of frames", "give 0 to 1000");
    require_study(is_share(d.missed_events), "missed-events",
                  "the share of events is not in [0, 1)", "give e.g. 0.3");
    require_study(d.hidden_inputs >= 0 && d.hidden_inputs <= 10, "hidden-inputs",
                  "that many inputs a neuron cannot be", "give e.g. 0.1");
    require_study(is_share(d.inhibition), "inhibition", "the share of neurons is not in [0, 1)",
                  "give e.g. 0.2");
    require_study(d.burst_gain >= 1 && d.burst_gain <= 1 / burst_share, "burst-gain",
                  "bursts have no such gain", "give 1 to 10");
    require_study(is_share(d.rate_fall), "rate-fall", "rates cannot lose that share",
                  "give e.g. 0.8");
    require_study(d.common_drift >= 0 && std::isfinite(d.common_drift), "common-drift",
                  "the drift has no such amplitude", "give e.g. 0.3 of the mean event");
    require_study(d.artefacts_per_min >= 0 && d.artefacts_per_min <= 30 * p.rate_hz,
                  "artefacts-per-min", "there cannot be that many frames", "give e.g. 2");
}

void check_trends(const Trends& trends)
{
    require_study(trends.noise >= 0 && std::isfinite(trends.noise), "noise-last",
                  "the last session has no such noise",
                  "give 1 for no trend, 3 for three times as much");
    require_study(trends.movement >= 0 && trends.movement <= 1, "movement-last",
                  "the share of movements in the last session is not in [0, 1]", "give e.g. 0.1");
    require_study(trends.visibility > 0 && trends.visibility <= 1, "visibility-last",
                  "the visible share of events in the last session is not in (0, 1]",
                  "give e.g. 0.3");
}

} // namespace

double shared_rate(const std::vector<std::int32_t>& members, const std::vector<double>& rates)
{
    auto slowest = rates[static_cast<std::size_t>(members.front())];
    for (const auto member : members)
        slowest = std::min(slowest, rates[static_cast<std::size_t>(member)]);
    return slowest;
}

std::string_view name_of(Group group)
{
    constexpr auto names = std::array<std::string_view, 4>{"Core", "NP", "EP", "Other"};
    return names[static_cast<std::size_t>(group)];
}

std::string_view name_of(EdgeKind kind)
{
    constexpr auto names =
        std::array<std::string_view, 4>{"strengthening", "weakening", "stable", "transient"};
    return names[static_cast<std::size_t>(kind)];
}

std::int64_t frames_of(const LeverPressParameters& parameters)
{
    return std::llround(parameters.duration_s * parameters.rate_hz);
}

double duration_of(const LeverPressParameters& parameters, std::int64_t animal,
                   std::int64_t session)
{
    const auto shortest_s = parameters.difficulties.shortest_s;
    if (shortest_s <= 0 || parameters.sessions < 2)
        return parameters.duration_s;
    auto stream = base::Stream(parameters.seed,
                               {base::key_of("durations"), static_cast<std::uint64_t>(animal)});
    const auto order = base::permutation(stream, parameters.sessions);
    const auto place = static_cast<double>(order[static_cast<std::size_t>(session)]) /
                       static_cast<double>(parameters.sessions - 1);
    return shortest_s * std::pow(parameters.duration_s / shortest_s, place);
}

std::int64_t frames_of(const LeverPressParameters& parameters, std::int64_t animal,
                       std::int64_t session)
{
    return std::llround(duration_of(parameters, animal, session) * parameters.rate_hz);
}

std::int64_t lever_samples_of(const LeverPressParameters& parameters, std::int64_t animal,
                              std::int64_t session)
{
    return std::llround(duration_of(parameters, animal, session) * parameters.lever_rate_hz);
}

void check(const LeverPressParameters& p)
{
    require_study(p.animals >= 1, "animals", "it has no animals", "give 1 or more");
    require_study(p.sessions >= 1, "sessions", "it has no sessions", "give 1 or more");
    require_study(p.neurons >= 1 && p.neurons <= 10'000'000, "neurons",
                  fmt::format("an animal cannot have {} neurons", p.neurons),
                  "give 1 to 10,000,000");
    require_study(p.rate_hz > 0 && std::isfinite(p.rate_hz), "rate-hz",
                  "the imaging rate is not above 0", "give the frames a second, e.g. 28");
    require_study(p.lever_rate_hz > 0 && std::isfinite(p.lever_rate_hz), "lever-rate-hz",
                  "the lever's rate is not above 0", "give the samples a second, e.g. 1000");
    require_study(p.duration_s * p.rate_hz >= 1 && p.duration_s * p.rate_hz < 2e9, "duration-s",
                  "a session needs between one frame and 2,000,000,000",
                  "give a longer or shorter one");
    require_study(p.tau_s * p.rate_hz > 0.145 && std::isfinite(p.tau_s), "tau-s",
                  "the indicator decays within a frame, so that nothing can be deconvolved",
                  "give a decay time of several frames, e.g. 0.7");
    require_study(p.event_rate_hz > 0 && p.event_rate_hz <= 0.2 * p.rate_hz, "event-rate-hz",
                  "the event rate is 0, or so high that events run together",
                  "give events a second above 0, up to a fifth of the imaging rate");
    require_study(p.noise >= 0 && std::isfinite(p.noise), "noise", "the noise is negative",
                  "give its sd in units of the mean event, e.g. 0.15");
    require_study(p.amplitude > 0 && std::isfinite(p.amplitude), "amplitude", "events have no size",
                  "give the mean dF/F step of an event, e.g. 0.5");
    require_study(p.movement_gain >= 1 && std::isfinite(p.movement_gain), "movement-gain",
                  "movement-related neurons would be less active in movement", "give 1 or more");
    require_study(p.missing_neurons >= 0 && p.missing_neurons < 1, "missing-neurons",
                  "the fraction of neurons not found is not in [0, 1)", "give e.g. 0.05");
    require_study(!animal_name(p.layer, 0).starts_with('M'), "layer",
                  "the layer's name has no letter or digit", "give e.g. L2/3 or L5");
    check_difficulties(p);
    check_trends(p.trends);
}

AnimalTruth animal_truth(const LeverPressParameters& parameters, std::int64_t animal)
{
    check(parameters);
    auto result = AnimalTruth{};
    result.index = animal;
    result.name = animal_name(parameters.layer, animal);
    auto stream = base::Stream(parameters.seed,
                               {base::key_of("event rates"), static_cast<std::uint64_t>(animal)});
    for (std::int64_t n = 0; n < parameters.neurons; ++n)
        result.event_rate_hz.push_back(parameters.event_rate_hz * (0.8 + 0.4 * stream.uniform()));
    if (!parameters.null) {
        result.assemblies = Planter(parameters, result).plant();
        set_course(result.assemblies, parameters, animal);
        weaken(result.assemblies, parameters, animal);
    }
    result.edges = edges_of(result.assemblies);
    result.group = groups_of(result.event_rate_hz.size(), result.assemblies);
    return result;
}

StudyTruth truth(const LeverPressParameters& parameters)
{
    check(parameters);
    auto study = StudyTruth{};
    for (std::int64_t animal = 0; animal < parameters.animals; ++animal)
        study.animals.push_back(animal_truth(parameters, animal));
    return study;
}

} // namespace rewire::simulate
