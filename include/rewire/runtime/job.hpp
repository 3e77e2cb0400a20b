#pragma once

#include <rewire/runtime/options.hpp>
#include <rewire/runtime/plan.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rewire::runtime {

class RunContext;

/// One row of the table of jobs: everything that help, "did you mean", `plan` and the record say of
/// a job.
struct Job
{
    std::string name;
    std::string usage;                 ///< after `rewire NAME`
    std::string summary;               ///< one line
    std::string details;               ///< what it reads, computes and writes
    std::vector<std::string> examples; ///< command lines
    std::string citation;              ///< whom to cite for the method
    std::string paper; ///< that the section numbers of its options belong to; empty: none
    std::vector<Option> options;
    std::function<void(RunContext&)> run;
    std::function<Estimate(RunContext&)> plan; ///< empty: the job needs no planning
    /// `run` itself calls RunContext::check_memory once it knows what is left to do. Else memory is
    /// checked before `run`, by the plan or, without one, for what any job needs.
    bool checks_memory = true;
};

/// The table of jobs, which main hands to every run. What jobs want to know of each other they keep
/// in a class that derives from it.
class Catalogue
{
  public:
    virtual ~Catalogue() = default;
    /// In the order of the help; they live as long as the catalogue.
    virtual std::vector<const Job*> jobs() const = 0;
};

std::string program_version();  ///< "0.1.0"
std::string program_revision(); ///< of the checkout it was built from

/// Runs `rewire` with the words of the command line (without the program's name) on all ranks.
/// @param cpu_target what linear algebra runs on, for the record of results
/// @return the exit code; errors have been shown and logged
int run_command(const Catalogue& catalogue, const std::vector<std::string>& words,
                const std::string& cpu_target);

} // namespace rewire::runtime
