#include <rewire/base/error.hpp>
#include <rewire/simulate/session_source.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rewire::simulate {

namespace {

/// Rate outside movement for a rate of `gain` in movement, both relative to a mean of 1.
double quiet_gain(double gain, double movement_fraction)
{
    return movement_fraction < 1
               ? std::max(0.0, (1 - movement_fraction * gain) / (1 - movement_fraction))
               : 1;
}

constexpr auto nobody = std::array<std::int32_t, 3>{-1, -1, -1};

base::Stream stream_of(const LeverPressParameters& parameters, const SessionTruth& session,
                       const char* what, std::int64_t number = 0)
{
    return base::Stream(parameters.seed,
                        {base::key_of(what), static_cast<std::uint64_t>(session.animal),
                         static_cast<std::uint64_t>(session.session),
                         static_cast<std::uint64_t>(number)});
}

} // namespace

SessionSource::SessionSource(const LeverPressParameters& parameters, const AnimalTruth& animal,
                             const SessionTruth& session)
    : frames_(frames_of(parameters)),
      decay_(static_cast<float>(std::exp(-1 / (parameters.tau_s * parameters.rate_hz)))),
      noise_sd_(static_cast<float>(parameters.noise * parameters.amplitude)),
      amplitude_(parameters.amplitude),
      moving_(static_cast<std::size_t>(frames_), 0),
      calcium_(session.neurons.size(), 0.0F),
      noise_(stream_of(parameters, session, "noise"))
{
    auto moving_frames = std::int64_t{0};
    for (const auto& epoch : session.movement_epochs) {
        std::fill(moving_.begin() + epoch.first, moving_.begin() + epoch.last, std::uint8_t{1});
        moving_frames += epoch.last - epoch.first;
    }
    movement_fraction_ = static_cast<double>(moving_frames) / static_cast<double>(frames_);
    add_processes(parameters, animal, session);
}

void SessionSource::add_processes(const LeverPressParameters& parameters, const AnimalTruth& animal,
                                  const SessionTruth& session)
{
    const auto neurons = animal.event_rate_hz.size();
    auto column = std::vector<std::int32_t>(neurons, -1);
    for (std::size_t c = 0; c < session.neurons.size(); ++c)
        column[static_cast<std::size_t>(session.neurons[c])] = static_cast<std::int32_t>(c);
    const auto gain = std::min(parameters.movement_gain, 1 / std::max(movement_fraction_, 1e-9));
    auto own_rate = animal.event_rate_hz;
    auto own_moving = std::vector<double>(neurons); // events a second in movement, still to be made
    for (std::size_t n = 0; n < neurons; ++n)
        own_moving[n] = own_rate[n] * (session.movement_related[n] != 0 ? gain : 1);

    for (std::size_t a = 0; a < animal.assemblies.size(); ++a) {
        const auto& assembly = animal.assemblies[a];
        const auto rate = assembly.strength[static_cast<std::size_t>(session.session)] *
                          shared_rate(assembly.members, animal.event_rate_hz);
        const auto moves =
            std::all_of(assembly.members.begin(), assembly.members.end(), [&](std::int32_t neuron) {
                return session.movement_related[static_cast<std::size_t>(neuron)] != 0;
            });
        auto columns = nobody;
        for (std::size_t m = 0; m < assembly.members.size(); ++m) {
            const auto n = static_cast<std::size_t>(assembly.members[m]);
            columns[m] = column[n];
            own_rate[n] -= rate;
            own_moving[n] -= rate * (moves ? gain : 1);
        }
        add_process(stream_of(parameters, session, "assembly", static_cast<std::int64_t>(a)),
                    columns, rate / parameters.rate_hz, moves ? gain : 1);
    }
    for (std::size_t n = 0; n < neurons; ++n)
        add_process(stream_of(parameters, session, "neuron", static_cast<std::int64_t>(n)),
                    {column[n], -1, -1}, own_rate[n] / parameters.rate_hz,
                    own_moving[n] / own_rate[n]);
}

void SessionSource::add_process(base::Stream stream, const std::array<std::int32_t, 3>& column,
                                double rate, double gain)
{
    if (rate <= 0 || column == nobody)
        return;
    const auto moving =
        std::clamp(gain, 0.0, 1 / std::max(movement_fraction_, 1e-9)); // no less than none at rest
    const auto quiet = quiet_gain(moving, movement_fraction_);
    const auto peak = std::max(moving, quiet);
    auto process = Process{stream, column, rate * peak, quiet / peak, moving / peak, 0};
    process.next_frame = process.stream.exponential() / process.peak_rate;
    processes_.push_back(process);
}

/// Thinning: events are drawn at the peak rate and kept with the probability of their moment. The
/// same numbers are drawn for every event, whichever of its neurons were found.
void SessionSource::draw_events(Process& process, std::int64_t until)
{
    while (process.next_frame < static_cast<double>(until)) {
        const auto frame = static_cast<std::int64_t>(process.next_frame);
        const auto moving = moving_[static_cast<std::size_t>(frame)] != 0;
        const auto stands = process.stream.uniform() < (moving ? process.moving : process.quiet);
        for (const auto column : process.column) {
            const auto size = amplitude_ * (0.7 + 0.6 * process.stream.uniform());
            if (stands && column >= 0)
                events_.push_back({frame, column, static_cast<float>(size)});
        }
        process.next_frame += process.stream.exponential() / process.peak_rate;
    }
}

void SessionSource::collect_events(std::int64_t until)
{
    events_.clear();
    for (auto& process : processes_)
        draw_events(process, until);
    // Stable: events of one frame are added in the same order whatever the block.
    std::stable_sort(events_.begin(), events_.end(),
                     [](const Event& a, const Event& b) { return a.frame < b.frame; });
}

void SessionSource::next_block(std::span<float> out)
{
    const auto columns = calcium_.size();
    const auto frames = columns == 0 ? 0 : static_cast<std::int64_t>(out.size() / columns);
    if (frames > frames_left() || (columns > 0 && out.size() % columns != 0))
        throw base::InputError("a block of another size than the session has left",
                               "session source", "a fault of rewire: please report it");
    collect_events(frame_ + frames);
    auto event = events_.begin();
    auto* row = out.data();
    for (std::int64_t f = 0; f < frames; ++f, ++frame_, row += columns) {
        for (auto& calcium : calcium_)
            calcium *= decay_;
        for (; event != events_.end() && event->frame == frame_; ++event)
            calcium_[static_cast<std::size_t>(event->column)] += event->size;
        for (std::size_t c = 0; c < columns; ++c)
            row[c] = calcium_[c] + noise_sd_ * static_cast<float>(noise_.normal());
    }
}

std::vector<float> SessionSource::next_block(std::int64_t frames)
{
    const auto count = std::min(frames, frames_left());
    auto block = std::vector<float>(static_cast<std::size_t>(count) * calcium_.size());
    next_block(std::span<float>(block));
    return block;
}

LeverSource::LeverSource(const LeverPressParameters& parameters, const SessionTruth& session)
    : samples_(lever_samples_of(parameters)),
      rate_hz_(parameters.lever_rate_hz),
      noise_(stream_of(parameters, session, "lever noise"))
{
    const auto progress =
        parameters.sessions < 2
            ? 0.0
            : static_cast<double>(session.session) / static_cast<double>(parameters.sessions - 1);
    const auto variety = 1 - 0.8 * progress;
    auto stream = stream_of(parameters, session, "presses");
    for (const auto& epoch : session.movement_epochs) {
        const auto start_s = (static_cast<double>(epoch.first) - 0.5) / parameters.rate_hz;
        const auto length_s = static_cast<double>(epoch.last - epoch.first) / parameters.rate_hz;
        const auto count = std::max(1L, std::lround(length_s / 0.5));
        for (std::int64_t press = 0; press < count; ++press) {
            const auto each_s = length_s / static_cast<double>(count);
            const auto height_v = 0.6 + 0.3 * variety * (2 * stream.uniform() - 1);
            const auto skew = variety * (2 * stream.uniform() - 1);
            const auto from_s = start_s + each_s * static_cast<double>(press);
            presses_.push_back({from_s, from_s + each_s, height_v, skew});
        }
    }
}

double LeverSource::position_at(double time_s)
{
    constexpr auto rest_v = 1.5;
    while (press_ < presses_.size() && time_s >= presses_[press_].stop_s)
        ++press_;
    if (press_ == presses_.size() || time_s < presses_[press_].start_s)
        return rest_v;
    const auto& press = presses_[press_];
    const auto phase = (time_s - press.start_s) / (press.stop_s - press.start_s);
    const auto warped = phase + 0.1 * press.skew * std::sin(2 * std::numbers::pi * phase);
    const auto rise = std::sin(std::numbers::pi * warped);
    return rest_v + press.height_v * rise * rise;
}

std::vector<float> LeverSource::next_block(std::int64_t samples)
{
    constexpr auto noise_v = 0.001;
    auto block = std::vector<float>(static_cast<std::size_t>(std::min(samples, samples_left())));
    for (auto& value : block) {
        const auto time_s = static_cast<double>(sample_++) / rate_hz_;
        value = static_cast<float>(position_at(time_s) + noise_v * noise_.normal());
    }
    return block;
}

} // namespace rewire::simulate
