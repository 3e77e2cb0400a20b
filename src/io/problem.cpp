#include "rewire/io/problem.hpp"

#include <algorithm>

namespace rewire::io {

bool has_errors(const std::vector<Problem>& problems)
{
    return std::any_of(problems.begin(), problems.end(),
                       [](const Problem& one) { return one.severity == Severity::error; });
}

std::string name_of(Feed feed)
{
    switch (feed) {
    case Feed::activity:
        return "dF/F";
    case Feed::movement:
        return "movements";
    case Feed::units:
        return "sorted units with spikes";
    case Feed::trials:
        break;
    }
    return "table of intervals";
}

std::string name_of(Severity severity)
{
    switch (severity) {
    case Severity::error:
        return "error";
    case Severity::warning:
        return "warning";
    case Severity::note:
        break;
    }
    return "note";
}

} // namespace rewire::io
