#include "rewiring_movement.hpp"

#include "movement_result.hpp"

#include <rewire/base/random.hpp>
#include <rewire/network/movement_fraction.hpp>

#include <array>
#include <map>

namespace rewire::jobs {

namespace {

/// Learning periods of the paper (2.9), by the number of the session.
struct Period
{
    const char* name;
    std::int64_t first;
    std::int64_t last;
};
constexpr auto periods = std::array{Period{"1-2", 1, 2}, Period{"3-5", 3, 5}, Period{"6-9", 6, 9},
                                    Period{"10-14", 10, 14}};

/// Flags [session, common neuron] of the sessions of a period that movement.h5 has.
std::vector<std::uint8_t> related_in(hid_t file, const SubjectConnectomes& subject,
                                     const Period& period)
{
    auto flags = std::vector<std::uint8_t>{};
    for (std::size_t session = 0; session < subject.sessions.size(); ++session) {
        if (subject.numbers[session] < period.first || subject.numbers[session] > period.last ||
            !io::exists(file, subject.subject + "/" + subject.sessions[session]))
            continue;
        const auto movement = read_movement(file, subject.subject, subject.sessions[session]);
        auto place = std::map<std::string, std::size_t>{};
        for (std::size_t i = 0; i < movement.neuron_id.size(); ++i)
            place[movement.neuron_id[i]] = i;
        for (const auto& id : subject.neuron_id) {
            const auto found = place.find(id);
            flags.push_back(found == place.end() ? std::uint8_t{0}
                                                 : movement.movement_related[found->second]);
        }
    }
    return flags;
}

} // namespace

std::optional<MovementFractions> movement_fractions(const std::filesystem::path& movement,
                                                    const SubjectConnectomes& subject,
                                                    const SubjectRewiring& result,
                                                    const RewiringSettings& settings,
                                                    std::uint64_t seed)
{
    if (!std::filesystem::exists(movement) ||
        static_cast<std::int64_t>(result.ever_an_edge.size()) < settings.top)
        return std::nullopt;
    const auto file = io::open_for_reading(movement);
    const auto neurons = static_cast<std::int64_t>(subject.neuron_id.size());
    auto fractions = MovementFractions{};
    for (const auto& period : periods)
        fractions.period.emplace_back(period.name);
    for (const auto positive : {true, false}) {
        auto pairs = std::vector<std::int64_t>{};
        for (const auto& pair :
             positive ? result.top.front().positive : result.top.front().negative)
            pairs.push_back(pair.pair);
        for (const auto& period : periods) {
            const auto related = related_in(file, subject, period);
            const auto share = network::movement_fraction(pairs, neurons, related);
            const auto draws =
                related.empty() ? std::vector<double>{}
                                : network::drawn_movement_fractions(
                                      result.ever_an_edge, settings.top, neurons, related,
                                      {seed, base::key_of(subject.subject)}, {0, settings.draws});
            fractions.fraction.push_back(share);
            fractions.percentile.push_back(network::percentile_among(draws, share));
        }
    }
    return fractions;
}

} // namespace rewire::jobs
