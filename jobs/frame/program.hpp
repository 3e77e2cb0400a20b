#pragma once

#include "entry.hpp"

#include <functional>
#include <vector>

namespace rewire::jobs {

/// The whole of main: starts MPI, runs the command of `argv` with these jobs, ends on all ranks and
/// leaves the process with the exit code.
/// @param entries makes the table of jobs, once MPI has started
[[noreturn]] void run_program(int argc, char** argv,
                              const std::function<std::vector<Entry>()>& entries);

} // namespace rewire::jobs
