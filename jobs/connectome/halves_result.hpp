#pragma once

#include <rewire/io/result_file.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Connectomes of the halves of a session in connectome.h5. Pairs as there.
namespace rewire::jobs {

/// What the halves are compared by.
enum class HalfKind : std::uint8_t
{
    all,   ///< partial correlations, unthresholded
    fine,  ///< coincidences of events beyond those of jittered ones
    quiet, ///< partial correlations of the frames without movement
};
inline constexpr auto half_kinds = {HalfKind::all, HalfKind::fine, HalfKind::quiet};

/// "half", "fine_half", "quiet_half": datasets NAME_a and NAME_b, attribute NAME_status.
std::string half_name(HalfKind kind);

struct HalfPair
{
    std::string status;       ///< "ok", or why there are no values
    std::vector<double> a, b; ///< [pair]; empty unless the status is ok
    std::int64_t frames = 0;  ///< of both halves
    std::int64_t blocks = 0;  ///< that they are made of

    bool ok() const { return status == "ok"; }
};
struct SessionHalves
{
    HalfPair all, fine, quiet;
    /// [part, pair] the second half without each of calcium::jackknife_parts parts of its frames;
    /// empty unless all.ok()
    std::vector<float> jackknife;
    double movement_share = 0; ///< of the frames; NaN where movements are not known
};

void write_halves(const io::Handle& group, const SessionHalves& halves);

/// Status of a session that has no halves at all.
inline constexpr auto without_halves = "computed without halves";

/// Whether the group of a session has halves at all.
bool has_halves(const io::Handle& session);
/// "ok", or why there are none of this kind.
std::string status_of_halves(const io::Handle& session, HalfKind kind);
/// NaN where movements are not known.
double movement_share_of(const io::Handle& session);

inline constexpr auto jackknife_name = "half_b_jackknife"; ///< [jackknife_part, pair]

} // namespace rewire::jobs
