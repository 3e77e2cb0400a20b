#include "change_model.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/event_smoothing.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace rewire::calibration {

namespace {

/// The network of the first session: weak correlations everywhere, strong ones in a few pairs.
Eigen::RowVectorXd first_network(const ChangeModel& model, base::Stream& stream, Eigen::Index pairs)
{
    constexpr auto weak_sd = 0.03;
    constexpr auto strong = 0.2;
    constexpr auto strong_share = 0.05;
    auto network = Eigen::RowVectorXd(pairs);
    for (Eigen::Index pair = 0; pair < pairs; ++pair)
        network[pair] =
            weak_sd * stream.normal() + (stream.uniform() < strong_share ? strong : 0.0);
    return network * (model.neurons > 0 ? 1.0 : 0.0);
}

/// How far the changing pairs are on their course, [session]; walks are drawn by the caller.
double place_on_course(Course course, double share)
{
    return course == Course::directed       ? share
           : course == Course::out_and_back ? std::sin(std::numbers::pi * share)
                                            : 0.0;
}

/// [session] of a walk that ends one standard deviation from where it began.
std::vector<double> walk_of(base::Stream& stream, std::int64_t sessions)
{
    auto walk = std::vector<double>(static_cast<std::size_t>(sessions), 0.0);
    const auto step = 1 / std::sqrt(static_cast<double>(sessions - 1));
    for (std::size_t s = 1; s < walk.size(); ++s)
        walk[s] = walk[s - 1] + step * stream.normal();
    return walk;
}

void add_course(const ChangeModel& model, base::Stream& stream, network::SessionBlock& truth)
{
    const auto shared = walk_of(stream, model.sessions);
    for (Eigen::Index pair = 0; pair < truth.cols(); ++pair) {
        if (stream.uniform() >= model.changing_pairs)
            continue;
        const auto size = model.change_sd * stream.normal();
        const auto own = model.course == Course::walk ? walk_of(stream, model.sessions) : shared;
        for (Eigen::Index s = 0; s < truth.rows(); ++s) {
            const auto share = static_cast<double>(s) / static_cast<double>(model.sessions - 1);
            const auto at = static_cast<std::size_t>(s);
            truth(s, pair) += model.course == Course::walk          ? model.change_sd * own[at]
                              : model.course == Course::shared_walk ? size * shared[at]
                              : model.course == Course::exchangeable
                                  ? model.change_sd * std::numbers::sqrt2 / 2 * stream.normal()
                                  : size * place_on_course(model.course, share);
        }
    }
}

} // namespace

AnimalHalves halves_of(const ChangeModel& model, std::uint64_t seed, std::uint64_t animal,
                       bool with_jackknife)
{
    constexpr auto parts = network::jackknife_parts;
    const auto pairs = static_cast<Eigen::Index>(base::pair_count(model.neurons));
    const auto sessions = static_cast<Eigen::Index>(model.sessions);
    auto stream = base::Stream(seed, {base::key_of("halves"), animal});
    auto result = AnimalHalves{network::SessionBlock(sessions, pairs),
                               network::SessionBlock(sessions, pairs),
                               network::SessionBlock(sessions, pairs),
                               {}};
    result.truth.rowwise() = first_network(model, stream, pairs);
    if (model.course != Course::constant)
        add_course(model, stream, result.truth);
    if (with_jackknife)
        result.jackknife.resize(sessions * parts, pairs);
    auto of_part = std::vector<double>(static_cast<std::size_t>(parts));
    for (Eigen::Index s = 0; s < sessions; ++s) {
        const auto share = static_cast<double>(s) / static_cast<double>(model.sessions - 1);
        const auto noise = model.noise_sd * (1 + (model.noise_growth - 1) * share);
        const auto signal = 1 + (model.attenuation - 1) * share;
        for (Eigen::Index pair = 0; pair < pairs; ++pair) {
            const auto value = signal * result.truth(s, pair);
            result.a(s, pair) = value + noise * stream.normal();
            if (!with_jackknife) {
                result.b(s, pair) = value + noise * stream.normal();
                continue;
            }
            auto sum = 0.0;
            for (auto& part : of_part)
                sum += part =
                    value + noise * std::sqrt(static_cast<double>(parts)) * stream.normal();
            result.b(s, pair) = sum / parts;
            for (Eigen::Index k = 0; k < parts; ++k)
                result.jackknife(s * parts + k, pair) =
                    (sum - of_part[static_cast<std::size_t>(k)]) / (parts - 1);
        }
    }
    return result;
}

namespace {

/// Frames in movement: bouts in random places until the share is reached.
std::vector<std::uint8_t> movement_of(const MovingModel& model, base::Stream& stream)
{
    auto moving = std::vector<std::uint8_t>(static_cast<std::size_t>(model.frames), 0);
    const auto bout = static_cast<std::int64_t>(model.bout_s * model.rate_hz);
    const auto wanted =
        static_cast<std::int64_t>(model.movement_share * static_cast<double>(model.frames));
    for (std::int64_t count = 0; count < wanted;) {
        const auto first = static_cast<std::int64_t>(
            stream.below(static_cast<std::uint64_t>(model.frames - bout)));
        for (auto frame = first; frame < first + bout; ++frame)
            count += std::exchange(moving[static_cast<std::size_t>(frame)], std::uint8_t{1}) == 0;
    }
    return moving;
}

} // namespace

MovingSession moving_session(const MovingModel& model, std::uint64_t seed, std::uint64_t session)
{
    auto fixed = base::Stream(seed, {base::key_of("moving neurons")});
    auto stream = base::Stream(seed, {base::key_of("moving session"), session});
    const auto moving = movement_of(model, stream);
    auto result = MovingSession{};
    result.events.frames = model.frames;
    result.smoothed.frames = calcium::smoothed_frames(model.frames);
    auto before = std::vector<double>{}; // of the neuron before in the chain
    for (std::int64_t neuron = 0; neuron < model.neurons; ++neuron) {
        const auto moves = neuron % 2 == 0;
        const auto lost = model.visible_change * fixed.uniform();
        auto row = std::vector<double>(static_cast<std::size_t>(model.frames), 0.0);
        for (std::size_t frame = 0; frame < row.size(); ++frame) {
            const auto chance = model.chance * (moves && moving[frame] != 0 ? model.gain : 1.0);
            if (stream.uniform() < chance)
                row[frame] = 0.7 + 0.6 * stream.uniform();
        }
        if (neuron % model.chain != 0)
            for (std::size_t frame = 0; frame < row.size(); ++frame)
                if (before[frame] != 0 && stream.uniform() < model.copied)
                    row[frame] = before[frame];
        before = row;
        for (auto& size : row)
            if (size != 0 && stream.uniform() < lost)
                size = 0;
        const auto smoothed = calcium::smooth_events(row);
        for (std::size_t frame = 0; frame < row.size(); ++frame)
            if (row[frame] != 0) {
                result.events.frame.push_back(static_cast<std::int32_t>(frame));
                result.events.value.push_back(row[frame]);
            }
        for (std::size_t frame = 0; frame < smoothed.size(); ++frame)
            if (smoothed[frame] != 0) {
                result.smoothed.frame.push_back(static_cast<std::int32_t>(frame));
                result.smoothed.value.push_back(smoothed[frame]);
            }
        result.events.start.push_back(static_cast<std::int64_t>(result.events.frame.size()));
        result.smoothed.start.push_back(static_cast<std::int64_t>(result.smoothed.frame.size()));
    }
    constexpr auto margin = (calcium::paper_taps - 1) / 2;
    for (std::int64_t frame = 0; frame < result.smoothed.frames; ++frame)
        if (moving[static_cast<std::size_t>(frame + margin)] == 0)
            result.quiet.push_back(static_cast<std::int32_t>(frame));
    return result;
}

} // namespace rewire::calibration
