#include <rewire/base/random.hpp>
#include <rewire/simulate/visual_recording.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::simulate {

namespace {

constexpr auto step_ms = 1.0;
constexpr auto steps_a_second = std::int64_t{1000};
constexpr auto refractory_steps = std::int64_t{2};
constexpr auto most_drive = 3.0; ///< of exp: twenty times the rate
constexpr auto latency_s = 0.05; ///< of the response in the lowest area
constexpr auto latency_of_score_s = 0.04;
constexpr auto transient_s = 0.06;

/// What a spike does to one other unit.
struct Target
{
    std::int64_t unit = 0;
    std::int64_t delay = 1; ///< steps
    double coupling = 0;
};

/// Drive that is under way: [delay, unit], the row of the step that is now moves on.
class Arrivals
{
  public:
    Arrivals(std::int64_t longest, std::size_t units)
        : rows_(static_cast<std::size_t>(longest) + 1, std::vector<double>(units, 0.0))
    {
    }
    std::vector<double>& now() { return rows_[now_]; }
    void add(const Target& target)
    {
        const auto row = (now_ + static_cast<std::size_t>(target.delay)) % rows_.size();
        rows_[row][static_cast<std::size_t>(target.unit)] += target.coupling;
    }
    void next()
    {
        std::fill(now().begin(), now().end(), 0.0);
        now_ = (now_ + 1) % rows_.size();
    }

  private:
    std::vector<std::vector<double>> rows_;
    std::size_t now_ = 0;
};

/// Of the stimulus, a unit and a moment: a transient, then a lower plateau until the grey screen.
double stimulus_gain(const VisualParameters& parameters, const VisualTruth& truth,
                     const VisualUnit& unit, double time_s)
{
    const auto number = static_cast<std::size_t>(time_s / parameters.trial_s());
    const auto& trial = truth.trial[std::min(number, truth.trial.size() - 1)];
    const auto& lowest = visual_areas.front();
    const auto score = visual_areas[static_cast<std::size_t>(unit.area)].hierarchy_score;
    const auto since =
        time_s - trial.start_s - latency_s - latency_of_score_s * (score - lowest.hierarchy_score);
    if (since < 0 || since >= parameters.grating_s)
        return 1;
    const auto gain = unit.gain[static_cast<std::size_t>(trial.orientation)];
    return 1 + (gain - 1) * (1 + std::exp(-since / transient_s));
}

double fading_gain(const VisualUnit& unit, double share)
{
    switch (unit.fading) {
    case Fading::goes:
        return std::max(0.0, 1 - 1.5 * share);
    case Fading::comes:
        return std::max(0.0, 1.5 * share - 0.5);
    case Fading::none:
        break;
    }
    return 1;
}

/// Probabilities of a step without the drive of other units, renewed every 10 ms.
void renew(const VisualParameters& parameters, const VisualTruth& truth, double time_s,
           std::vector<double>& probability)
{
    const auto sample =
        std::min(static_cast<std::size_t>(time_s * speed_rate_hz), truth.speed_cm_s.size() - 1);
    const auto running = truth.speed_cm_s[sample] >= running_threshold_cm_s;
    for (std::size_t unit = 0; unit < truth.unit.size(); ++unit)
        probability[unit] = 1e-3 * step_ms * truth.unit[unit].base_hz *
                            stimulus_gain(parameters, truth, truth.unit[unit], time_s) *
                            (running ? parameters.running_gain : 1) *
                            fading_gain(truth.unit[unit], time_s / parameters.duration_s());
}

} // namespace

std::vector<std::vector<double>> visual_spikes(const VisualParameters& parameters,
                                               const VisualTruth& truth, std::int64_t recording,
                                               const std::function<bool()>& go_on)
{
    constexpr auto renewed_every = std::int64_t{10};
    const auto units = truth.unit.size();
    auto targets = std::vector<std::vector<Target>>(units);
    auto longest = std::int64_t{1};
    for (const auto& connection : truth.connection) {
        const auto delay = std::max<std::int64_t>(1, std::llround(connection.delay_ms / step_ms));
        targets[static_cast<std::size_t>(connection.pre)].push_back(
            {connection.post, delay, connection.coupling});
        longest = std::max(longest, delay);
    }
    auto arrivals = Arrivals(longest, units);
    auto probability = std::vector<double>(units, 0.0);
    auto drive = std::vector<double>(units, 0.0);
    auto silent_until = std::vector<std::int64_t>(units, 0);
    auto spikes = std::vector<std::vector<double>>(units);
    const auto decay = std::exp(-step_ms / coupling_tau_ms);
    const auto steps = std::llround(parameters.duration_s() * steps_a_second);
    auto draw = base::Stream(parameters.seed, {});
    for (std::int64_t step = 0; step < steps; ++step) {
        const auto time_s = static_cast<double>(step) / steps_a_second;
        if (step % steps_a_second == 0) {
            if (go_on && !go_on())
                return {};
            draw =
                base::Stream(parameters.seed,
                             {base::key_of("visual spikes"), static_cast<std::uint64_t>(recording),
                              static_cast<std::uint64_t>(step / steps_a_second)});
        }
        if (step % renewed_every == 0)
            renew(parameters, truth, time_s, probability);
        auto& arriving = arrivals.now();
        for (std::size_t unit = 0; unit < units; ++unit) {
            drive[unit] = drive[unit] * decay + arriving[unit];
            const auto chance = draw.uniform();
            if (step < silent_until[unit])
                continue;
            const auto p = std::abs(drive[unit]) < 1e-4
                               ? probability[unit]
                               : probability[unit] * std::exp(std::min(drive[unit], most_drive));
            if (chance >= p)
                continue;
            // What is left of the draw places the spike within its step, in whole microseconds.
            spikes[unit].push_back(time_s + 1e-6 * std::floor(1e3 * step_ms * chance / p));
            silent_until[unit] = step + refractory_steps + 1;
            for (const auto& target : targets[unit])
                arrivals.add(target);
        }
        arrivals.next();
    }
    return spikes;
}

} // namespace rewire::simulate
