#include "compared.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto same = 1e-6; ///< numbers of another algorithm

bool differs(const std::vector<double>& tested, const std::vector<double>& own)
{
    for (std::size_t pair = 0; pair < tested.size(); ++pair)
        if (!std::isnan(tested[pair]) && !(std::abs(tested[pair] - own[pair]) <= same))
            return true;
    return false;
}

std::string means_apart(const SessionConnectome& session, const std::string& within)
{
    const auto segments = session.segments > 1;
    if (within.empty())
        return segments
                   ? fmt::format(", means taken out within each of {} segments", session.segments)
                   : "";
    return fmt::format(", means taken out inside and outside of {} apart{}", within,
                       segments ? fmt::format(" in each of {} segments", session.segments) : "");
}

std::string shrinkage_text(const SessionConnectome& session, bool shrunk)
{
    if (session.shrinkage == 0)
        return "";
    return shrunk ? ", shrunk as partial_correlation" : ", without shrinkage";
}

} // namespace

Compared compared_of(const SessionConnectome& session, std::vector<double> tested,
                     const TestedFrames& frames, const std::string& dataset)
{
    if (tested.empty())
        return {"nothing", {}};
    if (!differs(tested, session.partial_correlation))
        return {"partial_correlation", {}};
    return {fmt::format("{}: {} of {} frames{}{}", dataset, frames.frames, session.frames,
                        means_apart(session, frames.within),
                        shrinkage_text(session, frames.shrunk)),
            std::move(tested)};
}

} // namespace rewire::jobs
