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

/// Which means are taken out, where there is more than one segment or state.
std::string means_text(const SessionConnectome& session, const TestedFrames& frames)
{
    const auto segments = session.segments > 1;
    if (frames.within.empty() && !segments)
        return "";
    const auto what = frames.drawn ? "one mean over all of them, shifted" : "means taken out";
    if (frames.within.empty())
        return fmt::format(", {} within each of {} segments", what, session.segments);
    return fmt::format(", {} inside and outside of {} apart{}", what, frames.within,
                       segments ? fmt::format(" in each of {} segments", session.segments) : "");
}

std::string shrinkage_text(const SessionConnectome& session, bool drawn)
{
    if (session.shrinkage == 0)
        return "";
    return drawn ? ", shrunk as partial_correlation" : ", without shrinkage";
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
                        means_text(session, frames), shrinkage_text(session, frames.drawn)),
            std::move(tested)};
}

} // namespace rewire::jobs
