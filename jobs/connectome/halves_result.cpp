#include "halves_result.hpp"

#include <rewire/network/session_change.hpp>

#include <cmath>
#include <limits>

namespace rewire::jobs {

namespace {

std::string described(HalfKind kind)
{
    switch (kind) {
    case HalfKind::all:
        break;
    case HalfKind::fine:
        return "coincidence of events beyond that of events jittered within the window, ";
    case HalfKind::quiet:
        return "partial correlation in the frames without movement, ";
    }
    return "partial correlation, ";
}

void write_half(const io::Handle& group, HalfKind kind, const HalfPair& half)
{
    const auto name = half_name(kind);
    io::write_text_attribute(group, name + "_status", half.status);
    if (!half.ok())
        return;
    io::write_array(group, name + "_a", half.a, {"pair"}, "1",
                    described(kind) + "blocks 1, 3, 5 ... of the session");
    io::write_array(group, name + "_b", half.b, {"pair"}, "1",
                    described(kind) + "blocks 2, 4, 6 ... of the session");
    io::write_attribute(group, name + "_frames", half.frames);
    io::write_attribute(group, name + "_blocks", half.blocks);
}

} // namespace

std::string half_name(HalfKind kind)
{
    return kind == HalfKind::all ? "half" : kind == HalfKind::fine ? "fine_half" : "quiet_half";
}

void write_halves(const io::Handle& group, const SessionHalves& halves)
{
    write_half(group, HalfKind::all, halves.all);
    write_half(group, HalfKind::fine, halves.fine);
    write_half(group, HalfKind::quiet, halves.quiet);
    io::write_attribute(group, "movement_share", halves.movement_share);
    if (halves.jackknife.empty())
        return;
    io::write_index_axis(group, "jackknife_part", network::jackknife_parts,
                         "part of the second half that is left out");
    io::write_array(group, jackknife_name, halves.jackknife, {"jackknife_part", "pair"}, "1",
                    "half_b without a part of its frames");
}

bool has_halves(const io::Handle& session)
{
    return io::has_attribute(session, half_name(HalfKind::all) + "_status");
}

std::string status_of_halves(const io::Handle& session, HalfKind kind)
{
    return has_halves(session) ? io::read_text_attribute(session, half_name(kind) + "_status")
                               : without_halves;
}

double movement_share_of(const io::Handle& session)
{
    return io::has_attribute(session, "movement_share")
               ? io::read_attribute<double>(session, "movement_share")
               : std::numeric_limits<double>::quiet_NaN();
}

} // namespace rewire::jobs
