#pragma once

#include "entry.hpp"

#include <functional>
#include <vector>

namespace rewire::jobs {

/// The whole of main: starts MPI, runs the command of `argv` with these jobs, ends on all ranks.
/// @param entries makes the table of jobs, once MPI has started
/// @return the exit code
int run_program(int argc, char** argv, const std::function<std::vector<Entry>()>& entries);

} // namespace rewire::jobs
