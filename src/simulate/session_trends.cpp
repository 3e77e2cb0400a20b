#include "rewire/simulate/session_trends.hpp"

#include <rewire/base/random.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rewire::simulate {

namespace {

/// Strength of an assembly that is at 1; half of the usual ones, since all may be there at once.
constexpr auto strongest_of_course = 0.19;
constexpr auto step_sd = 0.3; ///< of a walk, between sessions

/// Turns back at 0 and 1.
double reflected(double place)
{
    const auto folded = std::abs(std::fmod(place, 2));
    return folded > 1 ? 2 - folded : folded;
}

std::vector<double> walk_of(base::Stream& stream, std::int64_t sessions)
{
    auto walk = std::vector<double>{0};
    while (static_cast<std::int64_t>(walk.size()) < sessions)
        walk.push_back(walk.back() + step_sd * stream.normal());
    return walk;
}

/// Place between 0 and 1, session by session.
std::vector<double> places_of(Course course, std::int64_t sessions, base::Stream& stream,
                              const std::vector<double>& shared)
{
    const auto first = stream.uniform();
    const auto other = stream.uniform();
    const auto sign = stream.uniform() < 0.5 ? -1.0 : 1.0;
    const auto own = walk_of(stream, sessions);
    auto places = std::vector<double>{};
    for (std::size_t s = 0; s < own.size(); ++s) {
        const auto share =
            static_cast<double>(s) / static_cast<double>(std::max<std::int64_t>(1, sessions - 1));
        switch (course) {
        case Course::learning:
        case Course::constant:
            places.push_back(first);
            break;
        case Course::exchangeable:
            places.push_back(stream.uniform());
            break;
        case Course::walk:
            places.push_back(reflected(first + own[s]));
            break;
        case Course::shared_walk:
            places.push_back(reflected(first + sign * shared[s]));
            break;
        case Course::directed:
            places.push_back(first + (other - first) * share);
            break;
        case Course::out_and_back:
            places.push_back(first + (other - first) * std::sin(std::numbers::pi * share));
            break;
        }
    }
    return places;
}

EdgeKind kind_of(Course course, const std::vector<double>& strength)
{
    if (course == Course::constant)
        return EdgeKind::stable;
    if (course == Course::out_and_back || course == Course::exchangeable)
        return EdgeKind::transient;
    return strength.back() > strength.front() ? EdgeKind::strengthening : EdgeKind::weakening;
}

} // namespace

void set_course(std::vector<Assembly>& assemblies, const LeverPressParameters& parameters,
                std::int64_t animal)
{
    const auto course = parameters.trends.course;
    if (course == Course::learning)
        return;
    const auto number = static_cast<std::uint64_t>(animal);
    auto common = base::Stream(parameters.seed, {base::key_of("course of an animal"), number});
    const auto shared = walk_of(common, parameters.sessions);
    for (std::size_t a = 0; a < assemblies.size(); ++a) {
        auto stream =
            base::Stream(parameters.seed, {base::key_of("course of an assembly"), number, a});
        assemblies[a].strength = places_of(course, parameters.sessions, stream, shared);
        for (auto& strength : assemblies[a].strength)
            strength *= strongest_of_course;
        assemblies[a].kind = kind_of(course, assemblies[a].strength);
    }
}

double trend_at(double last, const LeverPressParameters& parameters, std::int64_t session)
{
    if (parameters.sessions < 2)
        return 1;
    return 1 +
           (last - 1) * static_cast<double>(session) / static_cast<double>(parameters.sessions - 1);
}

std::vector<float> visibility_of(const LeverPressParameters& parameters, std::int64_t neurons,
                                 std::int64_t animal, std::int64_t session)
{
    auto visible = std::vector<float>(static_cast<std::size_t>(neurons), 1.0F);
    if (parameters.trends.visibility == 1)
        return visible;
    auto stream = base::Stream(parameters.seed,
                               {base::key_of("visibility"), static_cast<std::uint64_t>(animal)});
    for (auto& share : visible) {
        const auto last = 1 - (1 - parameters.trends.visibility) * stream.uniform();
        share = static_cast<float>(trend_at(last, parameters, session));
    }
    return visible;
}

} // namespace rewire::simulate
