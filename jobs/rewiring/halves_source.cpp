#include "halves_source.hpp"

#include <rewire/network/session_change.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace rewire::jobs {

namespace {

/// Values are kept for so many sessions squared.
constexpr auto most_sessions = std::size_t{512};

io::Handle session_group(const io::Handle& connectome, const SubjectConnectomes& subject,
                         std::int64_t session)
{
    return io::open_group(connectome, subject.subject + "/" +
                                          subject.sessions[static_cast<std::size_t>(session)]);
}

std::string status_of(const HalfSessions& found, const SubjectConnectomes& subject)
{
    if (subject.sessions.size() > most_sessions)
        return fmt::format("more than {} sessions", most_sessions);
    if (found.sessions.size() > 1)
        return "ok";
    if (found.left_out.empty())
        return "one session";
    const auto why = found.left_out.front().substr(found.left_out.front().find(": ") + 2);
    return fmt::format("{} of {} sessions have halves: {}", found.sessions.size(),
                       subject.sessions.size(), why);
}

/// Row `row` of a block from what was read of a session.
template <typename T>
void put_row(network::SessionBlock& block, Eigen::Index row, std::span<const T> values,
             const std::vector<std::int64_t>& place, std::int64_t offset)
{
    for (std::size_t i = 0; i < place.size(); ++i)
        block(row, static_cast<Eigen::Index>(i)) =
            static_cast<double>(values[static_cast<std::size_t>(place[i] - offset)]);
}

double mean_events(const io::Handle& group)
{
    const auto events = io::read_all<std::int64_t>(group, "events");
    const auto active = io::read_all<std::uint8_t>(group, "active");
    auto sum = 0.0;
    auto count = 0.0;
    for (std::size_t i = 0; i < events.size(); ++i)
        if (active[i] != 0) {
            sum += static_cast<double>(events[i]);
            count += 1;
        }
    return sum / count;
}

double number_or_nan(const io::Handle& group, const char* name)
{
    return io::has_attribute(group, name) ? io::read_attribute<double>(group, name)
                                          : std::numeric_limits<double>::quiet_NaN();
}

} // namespace

HalfSessions half_sessions_of(const io::Handle& connectome, const SubjectConnectomes& subject,
                              HalfKind kind)
{
    auto halves = HalfSessions{.kind = kind, .with_jackknife = kind == HalfKind::all};
    for (std::size_t session = 0; session < subject.sessions.size(); ++session) {
        const auto group = session_group(connectome, subject, static_cast<std::int64_t>(session));
        const auto status = status_of_halves(group, kind);
        if (status != "ok") {
            halves.left_out.push_back(fmt::format("{}: {}", subject.sessions[session], status));
            continue;
        }
        halves.sessions.push_back(static_cast<std::int64_t>(session));
        halves.with_jackknife = halves.with_jackknife && io::exists(group, jackknife_name);
    }
    halves.status = status_of(halves, subject);
    return halves;
}

HalfBlock read_halves(const io::Handle& connectome, const SubjectConnectomes& subject,
                      const HalfSessions& sessions, base::Range pairs, bool with_jackknife)
{
    constexpr auto parts = network::jackknife_parts;
    const auto columns = static_cast<Eigen::Index>(pairs.size());
    auto block = HalfBlock{network::SessionBlock(sessions.count(), columns),
                           network::SessionBlock(sessions.count(), columns),
                           {}};
    if (with_jackknife)
        block.jackknife.resize(sessions.count() * parts, columns);
    if (pairs.empty())
        return block;
    const auto name = half_name(sessions.kind);
    for (Eigen::Index s = 0; s < sessions.count(); ++s) {
        const auto session = sessions.sessions[static_cast<std::size_t>(s)];
        const auto place = pairs_in_session(subject, static_cast<std::size_t>(session), pairs);
        const auto [first, last] = std::minmax_element(place.begin(), place.end());
        const auto offset = *first;
        const auto length = *last - offset + 1;
        const auto group = session_group(connectome, subject, session);
        auto values = std::vector<double>(static_cast<std::size_t>(length));
        for (auto* half : {&block.a, &block.b}) {
            const auto dataset = io::open_dataset(group, name + (half == &block.a ? "_a" : "_b"));
            io::read_block<double>(dataset, {offset}, {length}, values);
            put_row<double>(*half, s, values, place, offset);
        }
        if (!with_jackknife)
            continue;
        auto replicates = std::vector<float>(static_cast<std::size_t>(parts * length));
        io::read_block<float>(io::open_dataset(group, jackknife_name), {0, offset}, {parts, length},
                              replicates);
        for (std::int64_t part = 0; part < parts; ++part)
            put_row<float>(block.jackknife, s * parts + part,
                           std::span<const float>(replicates)
                               .subspan(static_cast<std::size_t>(part * length),
                                        static_cast<std::size_t>(length)),
                           place, offset);
    }
    return block;
}

SessionConfounds confounds_of(const io::Handle& connectome, const SubjectConnectomes& subject)
{
    auto confounds = SessionConfounds{};
    for (std::size_t session = 0; session < subject.sessions.size(); ++session) {
        const auto group = session_group(connectome, subject, static_cast<std::int64_t>(session));
        confounds.events.push_back(mean_events(group));
        confounds.effective_frames.push_back(number_or_nan(group, "effective_frames"));
        confounds.density.push_back(number_or_nan(group, "density"));
        confounds.movement_share.push_back(movement_share_of(group));
    }
    return confounds;
}

} // namespace rewire::jobs
