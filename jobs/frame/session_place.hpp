#pragma once

#include "session_results.hpp"

#include <cstdint>
#include <string>

namespace rewire::jobs {

/// Where a session stands on the page.
struct SessionPlace
{
    std::string subject;
    std::string session;
    std::int64_t number = 0;
    std::string group; ///< layer, and the study's group where there is one; "all animals"
};

/// "L2/3, trained"; "all animals" where the study names neither layer nor group.
std::string group_of(const std::string& layer, const std::string& group);
SessionPlace place_of(const SessionHead& head);
/// By animal, then number: the order of the page.
bool comes_before(const SessionPlace& a, const SessionPlace& b);

} // namespace rewire::jobs
