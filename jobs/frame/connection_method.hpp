#pragma once

#include "session_results.hpp"

#include <functional>
#include <string>
#include <vector>

namespace rewire::jobs {

/// What a result says of every ordered pair of the units of a session.
struct ConnectionScores
{
    std::vector<std::string> unit_id;
    double threshold = 1;       ///< the method's own: a pair is called whose score is above it
    std::vector<double> peak;   ///< [pre, post] evidence that pre excites post; NaN: no statement
    std::vector<double> trough; ///< the same that it inhibits it; empty: not a question here
    /// [pre, post] coincidences that chance gives within 10 ms (alpha_p). NaN: not tested.
    std::vector<double> chance;
    /// A pair is called once: with a peak in either direction its trough is no connection.
    bool one_call_a_pair = false;
};

/// A way in which a job calls directed connections between units, for comparisons with other ways
/// and with a known truth. Everything that compares loops over those of the entries.
struct ConnectionMethod
{
    std::string name;    ///< for options and legends: the job's, and the rule where it has several
    std::string measure; ///< what the score is: "SD of the flanks"
    /// @throws InputError: the result was made without what the method goes by
    std::function<ConnectionScores(const io::Handle& file, const SessionName& name)> read;
    /// Whether the session's result has what the method goes by.
    std::function<bool(const io::Handle& file, const SessionName& name)> there;
};

} // namespace rewire::jobs
