#pragma once

#include <filesystem>

namespace rewire::test {

/// What the invented results of `write_report_example` look like.
struct ReportExample
{
    int animals = 5; ///< the first three of L2/3, the others of L5
    int sessions = 14;
    int neurons = 40;
    bool surrogates = true;
    bool movement_counted = true; ///< rewiring with the movement fraction of top edges
    bool still = false;           ///< no movement in the first session of every animal
    bool troubled =
        true; ///< one session without a result, silent neurons, neurons not in all sessions
};

/// Writes invented connectome.h5, rewiring.h5 and movement.h5: names and shapes as the jobs write
/// them, numbers made up for the tests of the report and for nothing else. The first animal is
/// called `m1 <b>&amp;"` so that every label has to be escaped.
void write_example_connectome(const std::filesystem::path& folder, const ReportExample& example);
void write_example_rewiring(const std::filesystem::path& folder, const ReportExample& example);
void write_example_movement(const std::filesystem::path& folder, const ReportExample& example);

} // namespace rewire::test
