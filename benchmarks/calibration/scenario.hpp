#pragma once

#include <rewire/base/pack.hpp>

#include <hdf5.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

/// What the calibration measures: how often the program's p-values are small where there is nothing
/// (and what they find where there is something), on data sets whose truth is known.
///
/// A scenario is a row of the table of its family (edge_scenarios.cpp, ...): a generator of data
/// sets, what is measured on each, and the bands that the rates have to lie in. A new family adds a
/// file with such a function and one line to all_scenarios(); the driver, the statistics and the
/// printed tables know no scenario.
namespace rewire::calibration {

/// What a number is, and so how it is added up over data sets and printed.
enum class Quantity : std::uint8_t
{
    rate,  ///< share of true null hypotheses with p <= level; printed divided by the level
    fdr,   ///< share of the discoveries that are false, 0 where there is none; mean over data sets
    power, ///< share of what was planted that was discovered
    value, ///< anything else (N / T_eff, drive, ...); mean over data sets
};

/// One number of one data set: `hits` of `trials`. For a mean, trials = 1.
struct Finding
{
    std::string statistic; ///< "p_partial", "q_both", "N / T_eff", ...
    Quantity quantity = Quantity::rate;
    double level = 0; ///< that p or q was held against; 0 for a value
    double hits = 0;
    double trials = 1;

    void pack(base::Packer& packer) const;
    void unpack(base::Unpacker& unpacker);
};
using Findings = std::vector<Finding>;

/// Where a number has to lie: a rate divided by its level, others as they are. Missed where the
/// 99.9 % interval over data sets lies outside altogether; of the few data sets of the test, which
/// are always the same, where the number itself does (see judge).
struct Band
{
    std::string statistic;
    Quantity quantity = Quantity::rate;
    double level = 0;
    double low = 0;
    double high = std::numeric_limits<double>::infinity();
};

struct Scenario
{
    std::string family; ///< "edges"
    std::string name;   ///< unique in the family
    std::string says;   ///< what is simulated, one line
    double seconds = 1; ///< of a data set, roughly: the order in which ranks take them
    std::int64_t data_sets = 100;
    std::int64_t checked = 0; ///< data sets of the reduced table, which is a test; 0: not in it
    /// One data set: what it shows depends on the seed alone, never on rank or order. Every data
    /// set gives the same statistics in the same order.
    std::function<Findings(std::uint64_t seed)> measure;
    std::vector<Band> bands; ///< none: what is known to be violated is printed, not banded
    bool fixed_draw = false; ///< the data sets of the test, as they are each time: set by --reduced
    /// Where the same data can be given to other programs: writes one data set to an HDF5 group.
    std::function<void(std::uint64_t seed, hid_t group)> write;
};

std::vector<Scenario> edge_scenarios();
std::vector<Scenario> edge_frames_scenarios();
std::vector<Scenario> movement_scenarios();
std::vector<Scenario> change_scenarios();
std::vector<Scenario> spike_scenarios();
std::vector<Scenario> static_scenarios();
std::vector<Scenario> dynamic_scenarios();

/// All families, in the order of the tables.
std::vector<Scenario> all_scenarios();

} // namespace rewire::calibration
