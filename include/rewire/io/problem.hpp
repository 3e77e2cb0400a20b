#pragma once

#include <rewire/base/pack.hpp>

#include <optional>
#include <string>
#include <vector>

namespace rewire::io {

/// What a recording may hold that jobs compute from.
enum class Feed : int
{
    activity, ///< dF/F of ROIs, with a frame rate
    movement, ///< intervals of movement, or the trace of a lever
    units,    ///< spike times of sorted units
    trials,   ///< a table of intervals to align to
};

enum class Severity : int
{
    error,   ///< no job may use this as it is
    warning, ///< probably not what was meant; jobs go on
    note,    ///< worth knowing
};

/// Something wrong with the data: what is wrong, where (the file, and the object in it where that
/// helps), what to do next. Gathered, not thrown, so that a user sees all of them at once.
struct Problem
{
    Severity severity = Severity::error;
    std::string file; ///< file, or "file:/object", or "study.tsv line 4"; may be empty
    std::string what;
    std::string next;
    std::optional<Feed> scope; ///< a problem for jobs that this feeds; none: for all of them

    void pack(base::Packer& packer) const;
    void unpack(base::Unpacker& unpacker);
    friend bool operator==(const Problem&, const Problem&) = default;
};

std::string name_of(Feed feed); ///< "dF/F", ...
bool has_errors(const std::vector<Problem>& problems);
/// "error" ...
std::string name_of(Severity severity);

} // namespace rewire::io
