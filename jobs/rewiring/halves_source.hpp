#pragma once

#include "jobs/connectome/halves_result.hpp"
#include "source.hpp"

#include <rewire/network/session_block.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// Halves of the sessions of a subject, as connectome.h5 has them.
namespace rewire::jobs {

/// Sessions whose halves of one kind are there.
struct HalfSessions
{
    HalfKind kind = HalfKind::all;
    std::string status;                 ///< "ok", or why nothing can be compared
    std::vector<std::int64_t> sessions; ///< indices into SubjectConnectomes::sessions
    std::vector<std::string> left_out;  ///< "03: why"
    bool with_jackknife = false;        ///< all of them have it

    bool ok() const { return status == "ok"; }
    Eigen::Index count() const { return static_cast<Eigen::Index>(sessions.size()); }
};
/// ok where two sessions have them.
HalfSessions half_sessions_of(const io::Handle& connectome, const SubjectConnectomes& subject,
                              HalfKind kind);

/// Some pairs of the common neurons, [session of HalfSessions, pair].
struct HalfBlock
{
    network::SessionBlock a, b;
    network::SessionBlock jackknife; ///< [session * part, pair]; empty unless asked for
};
HalfBlock read_halves(const io::Handle& connectome, const SubjectConnectomes& subject,
                      const HalfSessions& sessions, base::Range pairs, bool with_jackknife);

/// What may look like change, session by session: what was recorded and how.
struct SessionConfounds
{
    std::vector<double> events;           ///< [session] frames with an event, of an active neuron
    std::vector<double> effective_frames; ///< [session] NaN where edges were not tested
    std::vector<double> density;          ///< [session]
    std::vector<double> movement_share;   ///< [session] NaN where movements are not known
};
SessionConfounds confounds_of(const io::Handle& connectome, const SubjectConnectomes& subject);

} // namespace rewire::jobs
