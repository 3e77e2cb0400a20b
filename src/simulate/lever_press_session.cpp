#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/simulate/lever_press_study.hpp>
#include <rewire/simulate/session_trends.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::simulate {

namespace {

/// How far learning has come, in sessions of a study of 14.
double learned_sessions(const LeverPressParameters& parameters, std::int64_t session)
{
    if (parameters.sessions < 2)
        return 0;
    return 13.0 * static_cast<double>(session) / static_cast<double>(parameters.sessions - 1);
}

/// Chance to be movement-related: Core neurons through all sessions, NP neurons early, EP neurons
/// late (paper, table 1).
double chance_of_movement(Group group, double progress)
{
    switch (group) {
    case Group::core:
        return 0.75;
    case Group::naive_phase:
        return 0.40 - 0.32 * progress;
    case Group::expert_phase:
        return 0.10 + 0.30 * progress;
    case Group::other:
        return 0.05;
    }
    return 0;
}

/// Most neurons are judged by one number of their own in all sessions, so that the movement-related
/// ones persist; the rest are drawn anew each session.
std::vector<std::uint8_t> movement_related(const LeverPressParameters& parameters,
                                           const AnimalTruth& animal, std::int64_t session)
{
    auto related = std::vector<std::uint8_t>(animal.group.size(), 0);
    if (parameters.null)
        return related;
    const auto number = static_cast<std::uint64_t>(animal.index);
    auto own = base::Stream(parameters.seed, {base::key_of("movement-related"), number});
    auto fresh = base::Stream(parameters.seed, {base::key_of("movement-related of session"), number,
                                                static_cast<std::uint64_t>(session)});
    const auto progress = learned_sessions(parameters, session) / 13;
    for (std::size_t n = 0; n < related.size(); ++n) {
        const auto persistent = own.uniform();
        const auto drawn = fresh.uniform();
        const auto changes = fresh.uniform() < 0.15;
        related[n] =
            (changes ? drawn : persistent) < chance_of_movement(animal.group[n], progress) ? 1 : 0;
    }
    return related;
}

std::vector<std::int32_t> found_neurons(const LeverPressParameters& parameters,
                                        const AnimalTruth& animal, std::int64_t session)
{
    auto stream = base::Stream(parameters.seed, {base::key_of("missing neurons"),
                                                 static_cast<std::uint64_t>(animal.index),
                                                 static_cast<std::uint64_t>(session)});
    auto present = std::vector<std::int32_t>{};
    for (std::size_t n = 0; n < animal.group.size(); ++n)
        if (stream.uniform() >= parameters.missing_neurons)
            present.push_back(static_cast<std::int32_t>(n));
    return present;
}

/// The session in time: cue, press, reward, pause, now and then a movement without a cue.
class Task
{
  public:
    Task(const LeverPressParameters& parameters, std::int64_t animal, std::int64_t session)
        : stream_(parameters.seed, {base::key_of("task"), static_cast<std::uint64_t>(animal),
                                    static_cast<std::uint64_t>(session)}),
          frames_(frames_of(parameters, animal, session)),
          kept_(parameters.seed,
                {base::key_of("movements kept"), static_cast<std::uint64_t>(animal),
                 static_cast<std::uint64_t>(session)}),
          kept_share_(trend_at(parameters.trends.movement, parameters, session)),
          rate_hz_(parameters.rate_hz),
          end_s_(static_cast<double>(frames_) / rate_hz_)
    {
        const auto learned = learned_sessions(parameters, session);
        mean_latency_s_ = 1.2 + 3.8 * std::exp(-learned / 4);
        chance_of_reward_ = 0.95 - 0.35 * std::exp(-learned / 3);
    }

    void run(SessionTruth& truth)
    {
        auto now_s = 2.0;
        while (true) {
            const auto trial = next_trial(now_s);
            if (trial.stop_s + 0.5 > end_s_)
                return;
            truth.trials.push_back(trial);
            if (trial.rewarded)
                move(truth, std::max(trial.cue_s + 0.05, trial.reward_s - uniform(0.4, 0.8)),
                     trial.reward_s + uniform(0.5, 1.2));
            else if (stream_.uniform() < 0.6)
                move(truth, trial.cue_s + uniform(2, 6), trial.cue_s + uniform(6.5, 8.5));
            if (stream_.uniform() < 0.4) {
                const auto start_s = trial.stop_s + uniform(0.7, 1.5);
                move(truth, start_s, start_s + uniform(0.5, 1.5));
            }
            now_s = trial.stop_s + uniform(4, 8);
        }
    }

  private:
    double uniform(double low, double high) { return low + (high - low) * stream_.uniform(); }

    Trial next_trial(double start_s)
    {
        constexpr auto answer_window_s = 10.0;
        constexpr auto spread = 0.35;
        auto trial = Trial{};
        trial.start_s = start_s;
        trial.cue_s = start_s + 0.5;
        const auto latency_s = std::max(
            0.3, mean_latency_s_ * std::exp(spread * stream_.normal() - spread * spread / 2));
        trial.rewarded = stream_.uniform() < chance_of_reward_ && latency_s <= answer_window_s;
        trial.reward_s =
            trial.rewarded ? trial.cue_s + latency_s : std::numeric_limits<double>::quiet_NaN();
        trial.stop_s = trial.rewarded ? trial.reward_s + 1 : trial.cue_s + answer_window_s;
        return trial;
    }

    /// Drops what would run into the previous movement or past the end of the session, and what a
    /// trend takes away.
    void move(SessionTruth& truth, double start_s, double stop_s)
    {
        const auto gap = static_cast<std::int64_t>(std::ceil(0.5 * rate_hz_));
        const auto first = static_cast<std::int64_t>(std::ceil(start_s * rate_hz_));
        const auto last = static_cast<std::int64_t>(std::ceil(stop_s * rate_hz_));
        const auto earliest =
            truth.movement_epochs.empty() ? 1 : truth.movement_epochs.back().last + gap;
        const auto is_kept = kept_.uniform() < kept_share_;
        if (is_kept && first >= earliest && last > first && last < frames_)
            truth.movement_epochs.push_back({first, last});
    }

    base::Stream stream_;
    std::int64_t frames_;
    base::Stream kept_;
    double kept_share_;
    double rate_hz_;
    double end_s_;
    double mean_latency_s_ = 0;
    double chance_of_reward_ = 0;
};

} // namespace

SessionTruth session_truth(const LeverPressParameters& parameters, const AnimalTruth& animal,
                           std::int64_t session)
{
    check(parameters);
    auto truth = SessionTruth{};
    truth.animal = animal.index;
    truth.session = session;
    truth.neurons = found_neurons(parameters, animal, session);
    truth.movement_related = movement_related(parameters, animal, session);
    Task(parameters, animal.index, session).run(truth);
    return truth;
}

} // namespace rewire::simulate
