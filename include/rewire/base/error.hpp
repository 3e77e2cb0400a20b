#pragma once

#include <stdexcept>
#include <string>

namespace rewire::base {

/// Exit status of the process.
enum class ExitCode : int
{
    success = 0,
    usage = 2,     ///< the command line or the configuration file
    input = 3,     ///< the data, or a machine too small for them
    io = 4,        ///< files: not readable, not writable, disk full
    numerical = 5, ///< a computation without a defined result
    bug = 70,      ///< a fault of rewire itself
    stopped = 75,  ///< stopped in time; the same command resumes
};

/// An error that a user can act on: what is wrong, where, and what to do next.
/// `what()` is the three joined, ready to be shown.
class Error : public std::runtime_error
{
  public:
    Error(ExitCode code, std::string problem, std::string where, std::string next);

    ExitCode code() const noexcept { return code_; }
    const std::string& problem() const noexcept { return problem_; }
    const std::string& where() const noexcept
    {
        return where_;
    } ///< file, dataset or option; may be empty
    const std::string& next() const noexcept { return next_; } ///< next step; may be empty

  private:
    ExitCode code_;
    std::string problem_;
    std::string where_;
    std::string next_;
};

class UsageError : public Error
{
  public:
    UsageError(std::string problem, std::string where, std::string next);
};

class InputError : public Error
{
  public:
    InputError(std::string problem, std::string where, std::string next);
};

class IoError : public Error
{
  public:
    IoError(std::string problem, std::string where, std::string next);
};

class NumericalError : public Error
{
  public:
    NumericalError(std::string problem, std::string where, std::string next);
};

} // namespace rewire::base
