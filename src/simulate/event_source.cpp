#include "rewire/simulate/event_source.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace rewire::simulate {

namespace {

constexpr auto nobody = std::array<std::int32_t, 3>{-1, -1, -1};

/// Rate outside movement for a rate of `gain` in movement, both relative to a mean of 1.
double quiet_gain(double gain, double movement_fraction)
{
    return movement_fraction < 1
               ? std::max(0.0, (1 - movement_fraction * gain) / (1 - movement_fraction))
               : 1;
}

base::Stream stream_of(const LeverPressParameters& parameters, const SessionTruth& session,
                       const std::string& what, std::int64_t number = 0)
{
    return base::Stream(parameters.seed,
                        {base::key_of(what), static_cast<std::uint64_t>(session.animal),
                         static_cast<std::uint64_t>(session.session),
                         static_cast<std::uint64_t>(number)});
}

/// Puts the processes of a session together.
class Assembling
{
  public:
    Assembling(const LeverPressParameters& parameters, const AnimalTruth& animal,
               const SessionTruth& session)
        : parameters_(parameters),
          animal_(animal),
          session_(session),
          column_(animal.event_rate_hz.size(), -1)
    {
        made_.frames = frames_of(parameters, session.animal, session.session);
        made_.missed = parameters.difficulties.missed_events;
        for (std::size_t c = 0; c < session.neurons.size(); ++c)
            column_[static_cast<std::size_t>(session.neurons[c])] = static_cast<std::int32_t>(c);
    }

    SessionProcesses run()
    {
        mark_movement();
        add_common_rates();
        add_assemblies_and_neurons();
        add_hidden_inputs();
        add_inhibition();
        return std::move(made_);
    }

  private:
    void mark_movement()
    {
        made_.moving.assign(static_cast<std::size_t>(made_.frames), 0);
        auto frames = std::int64_t{0};
        for (const auto& epoch : session_.movement_epochs) {
            std::fill(made_.moving.begin() + epoch.first, made_.moving.begin() + epoch.last,
                      std::uint8_t{1});
            frames += epoch.last - epoch.first;
        }
        movement_fraction_ = static_cast<double>(frames) / static_cast<double>(made_.frames);
    }

    void add_common_rates()
    {
        const auto& hard = parameters_.difficulties;
        if (hard.burst_gain == 1 && hard.rate_fall == 0)
            return;
        auto& common = made_.common;
        common.assign(made_.moving.size(), 1.0);
        const auto last = std::max(1.0, static_cast<double>(common.size()) - 1);
        for (std::size_t t = 0; t < common.size(); ++t)
            common[t] = 1 - hard.rate_fall * static_cast<double>(t) / last;
        const auto length = std::max<std::int64_t>(1, std::llround(burst_s * parameters_.rate_hz));
        const auto chance = -std::log1p(-burst_share) / static_cast<double>(length);
        const auto outside = (1 - burst_share * hard.burst_gain) / (1 - burst_share);
        auto stream = stream_of(parameters_, session_, "bursts");
        auto until = std::int64_t{0};
        for (std::int64_t t = 0; t < made_.frames; ++t) {
            if (stream.uniform() < chance)
                until = t + length;
            common[static_cast<std::size_t>(t)] *= t < until ? hard.burst_gain : outside;
        }
        const auto mean =
            std::accumulate(common.begin(), common.end(), 0.0) / static_cast<double>(common.size());
        for (auto& rate : common)
            rate /= mean > 0 ? mean : 1;
    }

    void add_assemblies_and_neurons()
    {
        const auto neurons = animal_.event_rate_hz.size();
        const auto gain =
            std::min(parameters_.movement_gain, 1 / std::max(movement_fraction_, 1e-9));
        auto own_rate = animal_.event_rate_hz;
        auto own_moving = std::vector<double>(neurons); // events a second in movement, to be made
        for (std::size_t n = 0; n < neurons; ++n)
            own_moving[n] = own_rate[n] * (session_.movement_related[n] != 0 ? gain : 1);
        for (std::size_t a = 0; a < animal_.assemblies.size(); ++a) {
            const auto& assembly = animal_.assemblies[a];
            const auto rate = assembly.strength[static_cast<std::size_t>(session_.session)] *
                              shared_rate(assembly.members, animal_.event_rate_hz);
            const auto moves = std::all_of(
                assembly.members.begin(), assembly.members.end(), [&](std::int32_t neuron) {
                    return session_.movement_related[static_cast<std::size_t>(neuron)] != 0;
                });
            auto columns = nobody;
            for (std::size_t m = 0; m < assembly.members.size(); ++m) {
                const auto n = static_cast<std::size_t>(assembly.members[m]);
                columns[m] = column_[n];
                own_rate[n] -= rate;
                own_moving[n] -= rate * (moves ? gain : 1);
            }
            const auto delay = parameters_.difficulties.delay_frames;
            add("assembly", a, columns, {0, delay, 2 * delay}, rate / parameters_.rate_hz,
                moves ? gain : 1);
        }
        for (std::size_t n = 0; n < neurons; ++n)
            add("neuron", n, {column_[n], -1, -1}, {}, own_rate[n] / parameters_.rate_hz,
                own_moving[n] / own_rate[n]);
    }

    void add_hidden_inputs()
    {
        const auto neurons = static_cast<std::int64_t>(column_.size());
        const auto count =
            std::llround(parameters_.difficulties.hidden_inputs * static_cast<double>(neurons));
        auto stream = base::Stream(parameters_.seed, {base::key_of("targets of hidden inputs"),
                                                      static_cast<std::uint64_t>(session_.animal)});
        for (std::int64_t input = 0; input < count && neurons >= 2; ++input) {
            auto columns = nobody;
            const auto targets =
                base::distinct_below(stream, neurons, std::min<std::int64_t>(3, neurons));
            for (std::size_t k = 0; k < targets.size(); ++k)
                columns[k] = column_[static_cast<std::size_t>(targets[k])];
            add("hidden input", static_cast<std::size_t>(input), columns, {},
                hidden_input_share * parameters_.event_rate_hz / parameters_.rate_hz, 1);
        }
    }

    /// Neurons that are not found in the session silence nobody in it.
    void add_inhibition()
    {
        const auto neurons = static_cast<std::int64_t>(column_.size());
        const auto count =
            std::llround(parameters_.difficulties.inhibition * static_cast<double>(neurons));
        if (count == 0)
            return;
        made_.silenced_frames =
            std::max<std::int64_t>(1, std::llround(inhibition_s * parameters_.rate_hz));
        made_.silences.resize(session_.neurons.size());
        auto stream = base::Stream(parameters_.seed, {base::key_of("inhibition"),
                                                      static_cast<std::uint64_t>(session_.animal)});
        for (const auto from : base::distinct_below(stream, neurons, count)) {
            const auto column = column_[static_cast<std::size_t>(from)];
            for (const auto to : base::distinct_below(
                     stream, neurons, std::min<std::int64_t>(inhibited_neurons, neurons))) {
                const auto target = column_[static_cast<std::size_t>(to)];
                if (column >= 0 && target >= 0 && target != column)
                    made_.silences[static_cast<std::size_t>(column)].push_back(target);
            }
        }
    }

    void add(const char* what, std::size_t number, const std::array<std::int32_t, 3>& column,
             const std::array<std::int64_t, 3>& delay, double rate, double gain)
    {
        if (rate <= 0 || column == nobody)
            return;
        const auto moving = std::clamp(
            gain, 0.0, 1 / std::max(movement_fraction_, 1e-9)); // no less than none at rest
        made_.processes.push_back({what, static_cast<std::int64_t>(number), column, delay, rate,
                                   quiet_gain(moving, movement_fraction_), moving});
    }

    const LeverPressParameters& parameters_;
    const AnimalTruth& animal_;
    const SessionTruth& session_;
    std::vector<std::int32_t> column_; ///< [neuron] in the session, -1: not found
    double movement_fraction_ = 0;
    SessionProcesses made_;
};

} // namespace

SessionProcesses processes_of(const LeverPressParameters& parameters, const AnimalTruth& animal,
                              const SessionTruth& session)
{
    return Assembling(parameters, animal, session).run();
}

EventSource::EventSource(const SessionProcesses& processes, const LeverPressParameters& parameters,
                         const SessionTruth& session, const std::string& name)
    : processes_(processes),
      amplitude_(parameters.amplitude),
      silenced_(session.neurons.size(), -1),
      silent_from_(session.neurons.size(), 0)
{
    if (!processes.common.empty())
        common_peak_ = *std::max_element(processes.common.begin(), processes.common.end());
    for (const auto& process : processes.processes) {
        const auto peak = std::max(process.moving, process.quiet);
        auto drawing = Drawing{
            &process,
            stream_of(parameters, session, process.what + name, process.number),
            stream_of(parameters, session, "missed: " + process.what + name, process.number),
            process.rate * peak * common_peak_,
            process.quiet / peak,
            process.moving / peak,
            0};
        drawing.next_frame = drawing.stream.exponential() / drawing.peak_rate;
        drawing_.push_back(drawing);
    }
}

/// Thinning: events are drawn at the peak rate and kept with the probability of their moment. The
/// same numbers are drawn for every event, whichever of its neurons were found.
void EventSource::draw(std::size_t process, std::int64_t until)
{
    auto& drawing = drawing_[process];
    const auto& of = *drawing.process;
    while (drawing.next_frame < static_cast<double>(until)) {
        const auto frame = static_cast<std::int64_t>(drawing.next_frame);
        const auto moment = static_cast<std::size_t>(frame % processes_.frames);
        const auto common =
            processes_.common.empty() ? 1.0 : processes_.common[moment] / common_peak_;
        const auto chance =
            (processes_.moving[moment] != 0 ? drawing.moving : drawing.quiet) * common;
        const auto stands = drawing.stream.uniform() < chance;
        for (std::size_t member = 0; member < of.column.size(); ++member) {
            const auto size = amplitude_ * (0.7 + 0.6 * drawing.stream.uniform());
            const auto seen =
                processes_.missed == 0 || drawing.misses.uniform() >= processes_.missed;
            if (stands && of.column[member] >= 0)
                drawn_.push_back(
                    {{frame + of.delay[member], of.column[member], static_cast<float>(size)},
                     process,
                     seen});
        }
        drawing.next_frame += drawing.stream.exponential() / drawing.peak_rate;
    }
}

/// Frame by frame: what happens in a frame silences from the next one on.
void EventSource::keep_what_is_not_silenced(std::span<const Drawn> drawn)
{
    for (auto first = drawn.begin(); first != drawn.end();) {
        const auto frame = first->event.frame;
        const auto last = std::find_if(
            first, drawn.end(), [&](const Drawn& each) { return each.event.frame != frame; });
        auto active = std::vector<std::int32_t>{};
        for (; first != last; ++first) {
            const auto column = static_cast<std::size_t>(first->event.column);
            if (silent_from_[column] <= frame && frame <= silenced_[column])
                continue;
            active.push_back(first->event.column);
            if (first->seen)
                events_.push_back(first->event);
        }
        for (const auto column : active)
            for (const auto target : processes_.silences[static_cast<std::size_t>(column)]) {
                const auto t = static_cast<std::size_t>(target);
                if (frame > silenced_[t])
                    silent_from_[t] = frame + 1;
                silenced_[t] = frame + processes_.silenced_frames;
            }
    }
}

std::span<const NeuronEvent> EventSource::next(std::int64_t frames)
{
    const auto until = frame_ + frames;
    for (std::size_t process = 0; process < drawing_.size(); ++process)
        draw(process, until);
    // Events of one frame are added in the same order whatever the block: by process, as drawn.
    std::stable_sort(drawn_.begin(), drawn_.end(), [](const Drawn& a, const Drawn& b) {
        return std::tie(a.event.frame, a.process) < std::tie(b.event.frame, b.process);
    });
    const auto later = std::find_if(drawn_.begin(), drawn_.end(),
                                    [&](const Drawn& each) { return each.event.frame >= until; });
    events_.clear();
    const auto now = std::span<const Drawn>(drawn_.begin(), later);
    if (processes_.inhibits())
        keep_what_is_not_silenced(now);
    else
        for (const auto& each : now)
            if (each.seen)
                events_.push_back(each.event);
    drawn_.erase(drawn_.begin(), later);
    frame_ = until;
    return events_;
}

} // namespace rewire::simulate
