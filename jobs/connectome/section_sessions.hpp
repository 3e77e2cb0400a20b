#pragma once

#include "section.hpp"
#include "summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

/// Sessions of the page that have something in common, and what to say of them.
namespace rewire::jobs {

using SessionList = std::vector<const SessionSummary*>;

/// Tested sessions.
SessionList sessions_where(const ConnectomeSummary& data, bool (*holds)(const EdgeTestsSummary&));

/// The first few, and how many more.
std::string names_of(const SessionList& sessions);

/// How far neurons were displaced: "2 to 10 s", the least and the most of all draws and sessions.
std::string displaced_text(const SessionList& sessions);

/// "0.012" or "0.012–0.034" over the sessions that have the number, "–" where none has.
template <typename Value>
std::string range_of(const SessionList& sessions, const char* format, Value value)
{
    auto values = std::vector<double>{};
    for (const auto* session : sessions)
        if (const auto v = static_cast<double>(value(*session)); std::isfinite(v))
            values.push_back(v);
    if (values.empty())
        return "–";
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const auto text = [&](double v) { return fmt::format(fmt::runtime(format), v); };
    return text(*low) == text(*high) ? text(*low) : text(*low) + "–" + text(*high);
}

template <typename Member>
std::string test_range(const SessionList& sessions, const char* format, Member member)
{
    return range_of(sessions, format, [&](const SessionSummary& session) {
        return static_cast<double>((*session.tests).*member);
    });
}

/// What of the frames stands in the way of the tests: too short for displacements, artefacts.
void add_frame_notices(report::Page& page, const ConnectomeSummary& data);
/// Windows that are too long, or fit nowhere; too few frames.
void add_window_notices(report::Page& page, const ConnectomeSummary& data);
/// Where "supported" would mislead.
void add_misleading_cases(report::Page& page, const ConnectomeSummary& data);

} // namespace rewire::jobs
