#pragma once

#include "estimate.hpp"
#include "movement_of_edges.hpp"
#include "source.hpp"

#include <rewire/runtime/run_context.hpp>

#include <vector>

/// Which subjects a run is about, and what the user has to be told of them.
namespace rewire::jobs {

/// The subjects of the connectome, or those of --subject, whether they have a trajectory or not.
/// @throws InputError: no such subject, or none at all
std::vector<SubjectConnectomes> wanted_subjects(const runtime::RunContext& context,
                                                const io::Handle& connectome);
std::vector<SubjectConnectomes> with_trajectory(std::vector<SubjectConnectomes> subjects);

std::vector<SubjectSize> sizes_of(const std::vector<SubjectConnectomes>& subjects);

/// Rows that are the same neurons in all sessions are for the user to vouch for.
/// @throws UsageError: neurons are known by row number alone, and --match rows was not given
void require_identity(const std::vector<SubjectConnectomes>& subjects,
                      const runtime::Options& options, const io::Handle& connectome);

/// On rank 0: rows that were taken for neurons, and whether their activity speaks for it.
void say_how_matched(runtime::RunContext& context, const io::Handle& connectome,
                     const std::vector<SubjectConnectomes>& subjects);
/// On rank 0.
void say_what_is_left_out(runtime::RunContext& context,
                          const std::vector<SubjectConnectomes>& subjects);
/// On rank 0.
void say_what_moves(runtime::RunContext& context, const std::vector<SubjectConnectomes>& subjects,
                    const std::vector<SubjectMovement>& movements);

} // namespace rewire::jobs
