#include "session_place.hpp"

#include <tuple>

namespace rewire::jobs {

std::string group_of(const std::string& layer, const std::string& group)
{
    if (layer.empty())
        return group.empty() ? "all animals" : group;
    return group.empty() ? layer : layer + ", " + group;
}

SessionPlace place_of(const SessionHead& head)
{
    return {head.subject, head.session, head.number, group_of(head.layer, head.group)};
}

bool comes_before(const SessionPlace& a, const SessionPlace& b)
{
    return std::tie(a.subject, a.number) < std::tie(b.subject, b.number);
}

} // namespace rewire::jobs
