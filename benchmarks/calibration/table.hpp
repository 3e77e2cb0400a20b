#pragma once

#include "tally.hpp"

#include <string>
#include <vector>

namespace rewire::calibration {

struct Row
{
    Scenario scenario;
    Tally tally;
};

/// A scenario with all its numbers and bands, for reading.
std::string text_of(const Row& row);

/// The bands of all scenarios, one line each, those that are missed last.
std::string bands_of(const std::vector<Row>& rows);
std::int64_t missed_bands(const std::vector<Row>& rows);

/// The tables of the documentation: rates divided by their level, a line for each test of a
/// scenario; then what was discovered and how much of that was false.
std::string markdown_of(const std::vector<Row>& rows);

/// Every number, tab separated: family, scenario, statistic, quantity, level, data sets, estimate
/// and 95 % interval (not divided), trials, band.
std::string tsv_of(const std::vector<Row>& rows);

} // namespace rewire::calibration
