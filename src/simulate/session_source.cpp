#include "rewire/simulate/session_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/simulate/session_trends.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rewire::simulate {

namespace {

constexpr auto drift_period_s = 30.0;

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
    : processes_(processes_of(parameters, animal, session)),
      events_(processes_, parameters, session),
      frames_(processes_.frames),
      decay_(static_cast<float>(std::exp(-1 / (parameters.tau_s * parameters.rate_hz)))),
      noise_sd_(static_cast<float>(parameters.noise * parameters.amplitude *
                                   trend_at(parameters.trends.noise, parameters, session.session))),
      drift_(parameters.difficulties.common_drift * parameters.amplitude),
      drift_phase_(stream_of(parameters, session, "common drift").uniform()),
      drift_cycles_(1 / (drift_period_s * parameters.rate_hz)),
      jump_(static_cast<float>(2 * parameters.amplitude)),
      calcium_(session.neurons.size(), 0.0F),
      noise_(stream_of(parameters, session, "noise"))
{
    const auto of_all = visibility_of(parameters, static_cast<std::int64_t>(animal.group.size()),
                                      session.animal, session.session);
    for (const auto neuron : session.neurons)
        visible_.push_back(of_all[static_cast<std::size_t>(neuron)]);
    const auto count = std::llround(parameters.difficulties.artefacts_per_min *
                                    static_cast<double>(frames_) / (60 * parameters.rate_hz));
    if (count == 0)
        return;
    auto stream = stream_of(parameters, session, "artefacts");
    const auto length = std::max<std::int64_t>(1, std::llround(artefact_s * parameters.rate_hz));
    artefact_.assign(static_cast<std::size_t>(frames_), 0);
    for (const auto first :
         base::distinct_below(stream, frames_, std::min<std::int64_t>(count, frames_)))
        std::fill(artefact_.begin() + first, artefact_.begin() + std::min(first + length, frames_),
                  std::uint8_t{1});
}

void SessionSource::next_block(std::span<float> out)
{
    const auto columns = calcium_.size();
    const auto frames = columns == 0 ? 0 : static_cast<std::int64_t>(out.size() / columns);
    if (frames > frames_left() || (columns > 0 && out.size() % columns != 0))
        throw base::InputError("a block of another size than the session has left",
                               "session source", "a fault of rewire: please report it");
    const auto events = events_.next(frames);
    auto event = events.begin();
    auto* row = out.data();
    for (std::int64_t f = 0; f < frames; ++f, ++frame_, row += columns) {
        for (auto& calcium : calcium_)
            calcium *= decay_;
        for (; event != events.end() && event->frame == frame_; ++event)
            calcium_[static_cast<std::size_t>(event->column)] += event->size;
        for (std::size_t c = 0; c < columns; ++c)
            row[c] = visible_[c] * calcium_[c] + noise_sd_ * static_cast<float>(noise_.normal());
        if (drift_ > 0) {
            const auto cycles = drift_phase_ + drift_cycles_ * static_cast<double>(frame_);
            const auto wave = static_cast<float>(drift_ * std::sin(2 * std::numbers::pi * cycles));
            std::for_each(row, row + columns, [&](float& value) { value += wave; });
        }
        if (!artefact_.empty() && artefact_[static_cast<std::size_t>(frame_)] != 0)
            std::for_each(row, row + columns, [&](float& value) { value += jump_; });
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
    : samples_(lever_samples_of(parameters, session.animal, session.session)),
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
