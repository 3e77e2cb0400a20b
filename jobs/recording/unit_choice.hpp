#pragma once

#include <rewire/io/nwb_table.hpp>
#include <rewire/runtime/options.hpp>
#include <rewire/spikes/trials.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// Which sorted units of a session take part in jobs over spike trains.
namespace rewire::jobs {

struct UnitChoice
{
    std::vector<spikes::Condition> where; ///< on columns of the units table
    bool all_units = false;               ///< without the paper's criteria
    bool columns_elsewhere = false; ///< columns that the units table lacks are those of trials
    double minimum_rate_hz = 0;     ///< units have to fire at more than this; 0: any rate
    double duration_s = 0;          ///< of the observed time, counted from its start; 0: all
};

/// --where --all-units --min-rate-hz
std::vector<runtime::Option> unit_options();
/// @throws UsageError: a condition that cannot be read
UnitChoice unit_choice(const runtime::Options& options);

/// What one criterion asked of the units.
struct CriterionCount
{
    std::string criterion; ///< "snr > 1"
    std::int64_t failed = 0;
};

struct ChosenUnits
{
    std::vector<std::int64_t> row; ///< in the table, ascending
    std::vector<CriterionCount> criteria;
};

/// u8 [rows]: 1 meets the condition.
/// @throws InputError: no such column, naming those there are; several values a row
std::vector<std::uint8_t> rows_meeting(const io::Table& table, const spikes::Condition& condition);

/// Units that meet all criteria that the table can answer, but that on the rate. Of the paper's
/// five, those count whose column the table has.
/// @throws InputError: no such column for a condition, naming those there are
ChosenUnits chosen_units(const io::Table& table, const UnitChoice& choice);

} // namespace rewire::jobs
