#pragma once

#include <rewire/simulate/lever_press_study.hpp>

#include <array>
#include <cstdint>
#include <vector>

/// What changes over the sessions of a simulated animal beside, or instead of, learning: studies in
/// which a claim of rewiring would be right, and studies in which it would be wrong.
namespace rewire::simulate {

/// What the names are on the command line, in the order of Course.
inline constexpr auto course_names = std::array{"learning",    "constant", "exchangeable", "walk",
                                                "shared-walk", "directed", "out-and-back"};

/// Gives the assemblies the course that was asked for, each from strengths of its own; their kinds
/// follow from it. Nothing for Course::learning.
void set_course(std::vector<Assembly>& assemblies, const LeverPressParameters& parameters,
                std::int64_t animal);

/// Value in a session of what is 1 in the first session and `last` in the last one.
double trend_at(double last, const LeverPressParameters& parameters, std::int64_t session);

/// [all neurons of the animal] share of its size with which an event of the neuron is seen in this
/// session: each loses its own part of what Trends::visibility takes at most.
std::vector<float> visibility_of(const LeverPressParameters& parameters, std::int64_t neurons,
                                 std::int64_t animal, std::int64_t session);

} // namespace rewire::simulate
