#pragma once

#include <rewire/base/fields.hpp>

#include <string>
#include <vector>

namespace rewire::io {

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

    friend bool operator==(const Problem&, const Problem&) = default;
};

/// For base::PackField and base::UnpackField.
void each_field(base::FieldsOf<Problem> auto& problem, auto field)
{
    field(problem.severity), field(problem.file), field(problem.what), field(problem.next);
}

bool has_errors(const std::vector<Problem>& problems);
/// "error" ...
std::string name_of(Severity severity);

} // namespace rewire::io
