#pragma once

#include <rewire/io/result_file.hpp>
#include <rewire/report/page.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the page shows, read from connectome.h5, rewiring.h5 and movement.h5 of a results folder.
/// Nothing as long as the pairs of a session is kept.
namespace rewire::jobs {

/// Where a session stands: from the connectome's record, else by its position.
struct SessionPlace
{
    std::string subject;
    std::string session;
    std::int64_t number = 0;
    std::string group; ///< layer, and the study's group where there is one; "all animals"
};

/// p-values of the pairs of one session.
struct EdgePValues
{
    static constexpr auto bins = 20;
    std::array<double, bins> count{}; ///< in equal bins of [0, 1]
    report::Quantiles quantiles;
    std::int64_t tested = 0;
    std::int64_t discoveries = 0; ///< q <= 0.05
    std::int64_t family_wise = 0; ///< p_fwe <= 0.05
    std::int64_t surrogates = 0;
    std::int64_t singular = 0;
    std::int64_t offsets = 0;
    double minimum_shift_s = 0;
    double smallest_p = 1;     ///< that a pair could reach
    std::int64_t at_floor = 0; ///< pairs that do
    bool two_sided = false;

    /// Pairs with the smallest p that there have to be before one of them has q <= 0.05.
    std::int64_t needed_at_floor() const;
};

/// connectome.h5, /A/S/
struct SessionSummary
{
    SessionPlace place;
    std::string file;
    std::string sha256; ///< of that file
    double tau_s = 0;
    std::string status;
    bool computed = false; ///< there is a connectome, whatever the status says of how
    std::int64_t neurons = 0;
    std::int64_t active = 0;
    std::int64_t silent = 0;
    std::int64_t constant = 0;
    std::int64_t incomplete = 0; ///< neurons with missing samples
    std::int64_t missing_samples = 0;
    std::int64_t frames = 0;
    std::int64_t edges = 0;
    double threshold = 0;
    double mean_degree = 0;
    double density = 0;
    double transitivity = 0;
    double clustering = 0;
    std::optional<EdgePValues> p_values;
};

/// connectome.h5, /A/
struct AnimalSummary
{
    std::string subject;
    std::string group;
    std::int64_t sessions = 0;
    std::int64_t common_neurons = 0; ///< in all sessions
    std::int64_t all_neurons = 0;    ///< in any session
};

/// rewiring.h5, /A/
struct AnimalRewiring
{
    std::string subject;
    std::string group;
    std::string status; ///< empty, or why there is no trajectory
    std::string remark; ///< on a trajectory that there is; may be empty
    std::vector<std::string> session;
    std::vector<double> number; ///< [session]
    std::size_t components = 0;
    std::vector<double> score;         ///< [session, component]
    std::vector<double> explained;     ///< [component] share of the variance
    std::vector<double> mds;           ///< [session, 2]; may be empty
    std::vector<double> positive_mean; ///< [component, session]; may be empty
    std::vector<double> negative_mean;
    std::vector<std::int64_t> positive_count; ///< [component] edges in those means
    std::vector<std::int64_t> negative_count;
    std::vector<std::string> left_out; ///< sessions, with the reason
    std::string edges;                 ///< "thresholded" or "all"
    /// Movement-related share of the ends of the top edges of PC1, and its percentile among random
    /// edges: [sign (positive, negative), period]; may be empty.
    std::vector<std::string> period;
    std::vector<double> movement_fraction;
    std::vector<double> movement_percentile;
    std::string movement_status;                ///< "ok", or why there is no fraction; may be empty
    std::vector<std::string> movement_left_out; ///< sessions, with the reason
    std::optional<double> movement_level;       ///< above which a neuron was movement-related

    /// Column of a component over sessions; empty where there is no such component.
    std::vector<double> scores_of(std::size_t component) const;
    std::vector<double> positive_of(std::size_t component) const;
    std::vector<double> negative_of(std::size_t component) const;
};

/// movement.h5, /A/S/
struct MovementSummary
{
    SessionPlace place;
    std::string sha256; ///< of the session's file
    double tau_s = 0;
    std::string status;
    std::int64_t neurons = 0;
    std::int64_t untested = 0; ///< neurons without p
    std::int64_t ties = 0;     ///< fewest shuffles that a tested neuron ties with
    std::vector<double> level;
    std::vector<std::int64_t> related;   ///< [level] neurons
    std::vector<std::int64_t> quiescent; ///< [level] neurons; may be empty
    std::vector<double> p_rank;          ///< [neuron]
    std::int64_t shuffles = 0;
    std::int64_t epochs = 0;
    std::int64_t movement_frames = 0;
    std::int64_t frames = 0;
    std::string units;
    std::string activity; ///< "events" or "dff"
    std::string source;   ///< where the movements come from

    /// Why movement cannot be told from quiescence in this session; empty where it can.
    std::string untestable() const;
    /// Share of neurons without any relation to movement that exceed a level. Ranks come in steps:
    /// of one shuffle, or, where there are few distinct shuffles, of as many as are alike. 0: no
    /// rank reaches above the level.
    double expected_by_chance(double of_level) const;
    /// The same of quiescence: ranks below one minus the level.
    double quiescent_by_chance(double of_level) const;
    /// The largest and the smallest rank that a neuron can have.
    double largest_rank() const;
    double smallest_rank() const;

    /// Related neurons of all that were tested; NaN where none was or could have been related.
    double fraction(std::size_t level_index) const;
    double quiescent_fraction(std::size_t level_index) const;
};

/// The score of one neuron under every shuffle of one session.
struct NeuronNull
{
    std::string subject;
    std::string session;
    std::string neuron;
    double score = 0;
    double p_rank = 0; ///< among all shuffles
    std::int64_t shuffles = 0;
    std::vector<double> null; ///< the first of the shuffles
};

/// A result that is not there, and the command that makes it.
struct MissingResult
{
    std::string file;
    std::string shows; ///< what the page lacks without it
    std::string command;
};

struct ReportData
{
    std::filesystem::path results;
    std::vector<report::Source> sources;
    std::map<std::string, io::Record> records; ///< of the files that are there, by name
    std::vector<MissingResult> missing;
    std::vector<AnimalSummary> animals;
    std::vector<SessionSummary> sessions; ///< by animal, then number
    std::vector<AnimalRewiring> rewiring;
    std::vector<MovementSummary> movement; ///< by animal, then number
    std::vector<NeuronNull> neuron_nulls;  ///< one an animal at most
    std::string null_session; ///< whose nulls these are; empty: the last of each animal

    bool has(const std::string& file) const; ///< e.g. "movement.h5"
};

/// Reads what there is. Memory: the pairs of one session at a time.
/// @param null_session the session whose null is shown of every animal that has it; empty: the last
/// @throws InputError: no result at all, one that does not hold what it should, or no such session
ReportData read_report_data(const std::filesystem::path& results,
                            const std::string& null_session = "");

} // namespace rewire::jobs
