#pragma once

#include "change.hpp"
#include "source.hpp"
#include "summary_change.hpp"

#include <rewire/io/result_file.hpp>
#include <rewire/stats/tests.hpp>

#include <string>
#include <vector>

/// What rewiring.h5 says of change: in the group of a subject, by kind of halves (datasets and
/// attributes of the kinds `fine` and `quiet` have these as prefixes), and over subjects in `/`.
namespace rewire::jobs {

/// Beside what `write_subject` has written.
void write_change(const io::ResultFile& file, const SubjectConnectomes& subject,
                  const SubjectChange& change, const Eigen::VectorXd& first_score);

/// Tests over animals, from what the groups of the subjects say: `directed` (t of the bends against
/// 0, one-sided) and `came back` (t of the two distances). Rank 0, once all subjects are in the
/// file.
void complete_change(const io::ResultFile& file);

/// One-sided t over animals with a value; which of them had none.
struct AnimalTest
{
    stats::TestResult result;
    std::vector<std::string> subjects;
    std::vector<std::string> left_out;
};
AnimalTest test_over_animals(const io::Handle& file, const std::string& attribute);

} // namespace rewire::jobs
