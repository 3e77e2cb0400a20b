#pragma once

#include <rewire/io/checkpoint.hpp>
#include <rewire/runtime/options.hpp>
#include <rewire/runtime/plan.hpp>
#include <rewire/runtime/run_context.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace rewire::jobs {

/// One kind of study that can be simulated. What it takes and does stands here and nowhere else.
struct SimulatedKind
{
    std::string name;
    std::string details;                  ///< of the help
    std::vector<runtime::Option> options; ///< its own; kinds may share names
    /// Reads and checks the options: what is wrong with them is known before anything is written.
    /// Collective.
    std::function<void(const runtime::Options& options)> check;
    /// Writes what is not there yet. Collective.
    /// @param made_with what the study is: for the checkpoint of a kind that saves its work
    std::function<void(runtime::RunContext& context, const std::filesystem::path& folder,
                       const io::Fingerprint& made_with)>
        run;
    std::function<runtime::Estimate(const runtime::Options& options)> plan;
};

SimulatedKind lever_press_kind();
SimulatedKind triplets_kind();
SimulatedKind recording_kind();
SimulatedKind hodgkin_huxley_kind();

/// A day later for every session; not today's date, so that a study can be made again byte by byte.
std::string simulated_start_time(std::int64_t session);
/// @throws IoError
void make_folder(const std::filesystem::path& folder);

} // namespace rewire::jobs
