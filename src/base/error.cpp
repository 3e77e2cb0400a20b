#include "rewire/base/error.hpp"

#include <utility>

namespace rewire::base {

namespace {

std::string joined(const std::string& problem, const std::string& where, const std::string& next)
{
    auto text = problem;
    if (!where.empty())
        text += "\n  where: " + where;
    if (!next.empty())
        text += "\n  next:  " + next;
    return text;
}

} // namespace

Error::Error(ExitCode code, std::string problem, std::string where, std::string next)
    : std::runtime_error(joined(problem, where, next)),
      code_(code),
      problem_(std::move(problem)),
      where_(std::move(where)),
      next_(std::move(next))
{
}

UsageError::UsageError(std::string problem, std::string where, std::string next)
    : Error(ExitCode::usage, std::move(problem), std::move(where), std::move(next))
{
}

InputError::InputError(std::string problem, std::string where, std::string next)
    : Error(ExitCode::input, std::move(problem), std::move(where), std::move(next))
{
}

IoError::IoError(std::string problem, std::string where, std::string next)
    : Error(ExitCode::io, std::move(problem), std::move(where), std::move(next))
{
}

NumericalError::NumericalError(std::string problem, std::string where, std::string next)
    : Error(ExitCode::numerical, std::move(problem), std::move(where), std::move(next))
{
}

} // namespace rewire::base
