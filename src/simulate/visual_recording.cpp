#include "rewire/simulate/visual_recording.hpp"

#include "parameter_checks.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::simulate {

namespace {

using base::key_of;
using base::Stream;

constexpr auto channels_a_unit = std::int64_t{3}; // of 20 um: most neighbours are 50 um apart
constexpr auto delay_within_ms = 2.0;
constexpr auto delay_of_score_ms = 8.0; // of a difference of 1 in the hierarchy

bool is_probability(double value)
{
    return 0 <= value && value <= 1;
}

Stream stream_of(const VisualParameters& parameters, const char* what, std::int64_t recording,
                 std::int64_t unit = 0)
{
    return {parameters.seed, {key_of(what), name(recording), name(unit)}};
}

VisualUnit unit_of(const VisualParameters& parameters, std::int64_t recording, std::int64_t number)
{
    auto draw = stream_of(parameters, "visual unit", recording, number);
    auto unit = VisualUnit{};
    const auto areas = std::ssize(visual_areas);
    auto own = base::part_of(parameters.units, areas, 0);
    while (number >= own.last)
        own = base::part_of(parameters.units, areas, ++unit.area);
    const auto place = number - own.first;
    unit.layer = place * std::ssize(cortical_layers) / own.size();
    unit.channel = channels_a_unit * place + static_cast<std::int64_t>(draw.below(2));
    unit.excitatory = draw.uniform() >= parameters.inhibitory;
    unit.base_hz = (unit.excitatory ? 5.0 : 10.0) * std::exp(0.4 * draw.normal());
    const auto preferred = static_cast<std::int64_t>(draw.below(unit.gain.size()));
    const auto sharpness = 0.5 + draw.uniform();
    for (std::size_t k = 0; k < unit.gain.size(); ++k) {
        const auto distance = std::abs(static_cast<std::int64_t>(k) - preferred);
        const auto steps = std::min<std::int64_t>(distance, std::ssize(unit.gain) - distance);
        unit.gain[k] = 1 + sharpness * std::exp(-static_cast<double>(steps * steps));
    }
    if (draw.uniform() < parameters.fading)
        unit.fading = draw.uniform() < 0.5 ? Fading::goes : Fading::comes;
    unit.poor = draw.uniform() < parameters.poor;
    return unit;
}

double probability_of(const VisualParameters& parameters, const VisualUnit& pre,
                      const VisualUnit& post)
{
    if (pre.area == post.area)
        return parameters.within;
    if (!pre.excitatory) // inhibition is local
        return 0;
    return pre.area < post.area ? parameters.forward : parameters.feedback;
}

double delay_of(const VisualUnit& pre, const VisualUnit& post)
{
    const auto score = [](const VisualUnit& unit) {
        return visual_areas[static_cast<std::size_t>(unit.area)].hierarchy_score;
    };
    return std::round(delay_within_ms + delay_of_score_ms * std::abs(score(post) - score(pre)));
}

std::vector<VisualConnection> connections_of(const VisualParameters& parameters,
                                             const std::vector<VisualUnit>& units,
                                             std::int64_t recording)
{
    auto connections = std::vector<VisualConnection>{};
    for (std::size_t pre = 0; pre < units.size(); ++pre) {
        auto draw =
            stream_of(parameters, "visual connections", recording, static_cast<std::int64_t>(pre));
        for (std::size_t post = 0; post < units.size(); ++post) {
            const auto chance = draw.uniform();
            const auto size = draw.normal();
            if (pre == post || chance >= probability_of(parameters, units[pre], units[post]))
                continue;
            const auto coupling = units[pre].excitatory
                                      ? parameters.coupling * std::exp(0.3 * size)
                                      : std::min(-parameters.inhibition + 0.2 * size, -0.1);
            connections.push_back({static_cast<std::int64_t>(pre), static_cast<std::int64_t>(post),
                                   coupling, delay_of(units[pre], units[post])});
        }
    }
    return connections;
}

/// Among units without connections, so that what belongs to whom stays clear.
void cut_some_in_two(const VisualParameters& parameters, std::int64_t recording, VisualTruth& truth)
{
    auto free = std::vector<bool>(truth.unit.size(), true);
    for (const auto& connection : truth.connection)
        free[static_cast<std::size_t>(connection.pre)] =
            free[static_cast<std::size_t>(connection.post)] = false;
    auto draw = stream_of(parameters, "visual split", recording);
    auto left = std::llround(parameters.split * static_cast<double>(truth.unit.size()));
    for (const auto unit : base::permutation(draw, std::ssize(truth.unit)))
        if (left > 0 && free[static_cast<std::size_t>(unit)]) {
            truth.unit[static_cast<std::size_t>(unit)].cut_in_two = true;
            --left;
        }
}

/// Bouts of running and of rest, 20 s long on average; the speed follows within half a second.
std::vector<float> speed_of(const VisualParameters& parameters, std::int64_t recording)
{
    constexpr auto bout_s = 20.0;
    constexpr auto follows_s = 0.5;
    auto draw = stream_of(parameters, "visual running", recording);
    const auto samples = static_cast<std::int64_t>(parameters.duration_s() * speed_rate_hz);
    auto speed = std::vector<float>{};
    auto running = draw.uniform() < 0.5;
    auto until = bout_s * draw.exponential();
    auto now = running ? 20.0 : 0.0;
    for (std::int64_t sample = 0; sample < samples; ++sample) {
        const auto time = static_cast<double>(sample) / speed_rate_hz;
        while (time >= until) {
            running = !running;
            until += bout_s * draw.exponential();
        }
        const auto aim = running ? 20.0 : 0.0;
        now += (aim - now) / (follows_s * speed_rate_hz) + 0.2 * draw.normal();
        speed.push_back(static_cast<float>(now));
    }
    return speed;
}

} // namespace

void check(const VisualParameters& parameters)
{
    require(parameters.units >= std::ssize(visual_areas), "an area without units", "units",
            "give six or more: one of each area");
    require(parameters.trials >= 1, "no trial", "trials", "give 1 or more");
    require(parameters.grating_s > 0 && parameters.grey_s >= 0, "a trial has no length", "grating",
            "the paper's: 2 s, and 1 s of grey");
    for (const auto share :
         {parameters.within, parameters.forward, parameters.feedback, parameters.inhibitory,
          parameters.fading, parameters.split, parameters.poor})
        require(is_probability(share), "a share lies between 0 and 1", "recording",
                "give such a share");
    require(0 <= parameters.coupling && parameters.coupling <= 3 && 0 <= parameters.inhibition &&
                parameters.inhibition <= 5,
            "couplings that make the network run away", "coupling", "at most 3; inhibition 5");
    require(parameters.running_gain > 0 && parameters.running_gain <= 10,
            "running has no such gain", "running-gain", "give one above 0, at most 10");
}

VisualTruth visual_truth(const VisualParameters& parameters, std::int64_t recording)
{
    check(parameters);
    auto truth = VisualTruth{};
    for (std::int64_t unit = 0; unit < parameters.units; ++unit)
        truth.unit.push_back(unit_of(parameters, recording, unit));
    truth.connection = connections_of(parameters, truth.unit, recording);
    cut_some_in_two(parameters, recording, truth);
    auto draw = stream_of(parameters, "visual trials", recording);
    for (std::int64_t trial = 0; trial < parameters.trials; ++trial)
        truth.trial.push_back({static_cast<double>(trial) * parameters.trial_s(),
                               static_cast<std::int64_t>(draw.below(4))});
    truth.speed_cm_s = speed_of(parameters, recording);
    return truth;
}

} // namespace rewire::simulate
