#pragma once

#include "halves_source.hpp"
#include "subject.hpp"

#include <rewire/network/session_change.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

/// The pairs of the subjects' halves, cut into units of work.
namespace rewire::jobs {

using HalvesOfSubjects = std::vector<std::vector<HalfSessions>>; ///< [subject][kind]

struct ChangeUnit
{
    std::size_t subject;
    std::size_t kind; ///< index into half_kinds
    base::Range pairs;
};

/// Pairs of a unit: sums of every neuron are handed over by each, so that there are not many.
std::int64_t pairs_of_change_unit(std::int64_t pairs, std::int64_t sessions);

/// Of the first `kinds` kinds, where there are halves.
std::vector<ChangeUnit> change_units_of(const std::vector<SubjectConnectomes>& subjects,
                                        const HalvesOfSubjects& sessions, std::size_t kinds);
std::vector<double> change_costs_of(const std::vector<ChangeUnit>& units,
                                    const HalvesOfSubjects& sessions);

/// Indices into `found.sessions` of some sessions of the subject.
std::vector<std::int64_t> places_among(const HalfSessions& found,
                                       const std::vector<std::int64_t>& sessions);

/// Hands the blocks that a unit goes through to `visit(block, first_pair)`, in order. False when
/// `tick` stopped it.
template <typename Visit>
bool each_half_block(const io::Handle& connectome, const SubjectConnectomes& subject,
                     const HalfSessions& sessions, base::Range pairs, bool with_jackknife,
                     const runtime::Tick& tick, Visit visit)
{
    const auto values = sessions.count() * (with_jackknife ? network::jackknife_parts + 2 : 2);
    for (const auto& part : base::blocks_of(pairs.size(), unit_pairs(values))) {
        const auto range = base::Range{pairs.first + part.first, pairs.first + part.last};
        visit(read_halves(connectome, subject, sessions, range, with_jackknife), range.first);
        if (!tick())
            return false;
    }
    return true;
}

} // namespace rewire::jobs
