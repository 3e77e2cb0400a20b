#pragma once

#include "distance.hpp"
#include "jobs/frame/session_place.hpp"
#include "result.hpp"
#include "truth.hpp"

#include <rewire/report/page.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the page shows of connectomes. Nothing as long as the pairs of a session is kept.

namespace rewire::jobs {

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
    std::string compare; ///< what p-values are of; empty in results of before it was said

    /// Pairs with the smallest p that there have to be before one of them has q <= 0.05.
    std::int64_t needed_at_floor() const;
};

/// Closed-form tests of the pairs of one session.
struct EdgeTestsSummary
{
    std::string status;  ///< "ok", or why there are no p-values
    std::string support; ///< "jitter" or "shift"
    std::string compare; ///< what p-values are of; empty in results of before it was said
    bool two_sided = false;
    std::int64_t tested = 0;
    std::int64_t supported = 0;           ///< q_both <= 0.05
    std::int64_t supported_negative = 0;  ///< of them; two-sided
    std::int64_t supported_and_edges = 0; ///< of them, also above the threshold
    std::int64_t holm = 0;                ///< p_holm <= 0.05
    bool of_study = false;                ///< also adjusted over all sessions of the result
    std::int64_t family_pairs = 0, family_sessions = 0;
    std::int64_t supported_study = 0; ///< q_study <= 0.05
    std::int64_t holm_study = 0;      ///< p_holm_study <= 0.05
    double noise_edges = 0;
    double effective_frames = 0;
    double neurons_per_frame = 0;
    double drive = 0;
    double first_component = 0;
    double largest_active_share = 0;
    std::int64_t artefacts_kept = 0;
    bool artefacts_judged = true;
    TestCoverage coverage;
    double window_s = 0;         ///< of the jitter
    double passing_window_s = 0; ///< 0: none passes; negative: there is no need
    bool displaced = false;
    std::int64_t displaced_pairs = 0;          ///< over all draws
    std::vector<double> displaced_rate;        ///< [calcium::displaced_tests]
    std::vector<double> displaced_discoveries; ///< likewise

    bool ok() const { return status == "ok"; }
};

/// What a simulated session planted against what was found.
struct TruthSummary
{
    struct Found
    {
        std::int64_t pairs = 0;      ///< of this kind
        std::int64_t population = 0; ///< that a session without end would show as positive
        std::int64_t population_negative = 0;
        std::int64_t edges = 0;     ///< above the threshold
        std::int64_t supported = 0; ///< whatever their sign
        std::int64_t supported_negative = 0;

        void add(const Found& other);
    };
    /// Lower ends of the bins of strength; the last one is open.
    static constexpr auto strengths =
        std::array{0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4};

    double duration_s = 0;
    std::string of_recording;                        ///< ConnectomeTruth::of_recording
    bool two_sided = false;                          ///< tests look for negative pairs, too
    std::array<Found, strengths.size()> by_strength; ///< planted pairs, found as positive ones
    std::array<Found, pair_classes> by_class;
    /// Pairs of a session without end that are found with its sign: negative ones by two-sided
    /// tests alone.
    Found of_population;
    Found all; ///< pairs: planted; edges, supported: all of them
};

/// /A/S/
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
    double shrinkage = 0; ///< of the correlation matrix
    /// The same metrics of the graph of the supported edges; NaN without tests.
    double supported_mean_degree = 0;
    double supported_density = 0;
    double supported_transitivity = 0;
    double supported_clustering = 0;
    std::optional<EdgePValues> p_values;
    std::optional<EdgeTestsSummary> tests;
    std::optional<TruthSummary> truth;
    std::optional<DistanceSummary> distances; ///< of tested pairs; none without positions
};

/// /A/
struct AnimalSummary
{
    std::string subject;
    std::string group;
    std::int64_t sessions = 0;
    std::int64_t common_neurons = 0; ///< in all sessions
    std::int64_t all_neurons = 0;    ///< in any session
};

struct ConnectomeSummary
{
    std::vector<AnimalSummary> animals;
    std::vector<SessionSummary> sessions; ///< by animal, then number
};

/// Memory: the pairs of one session at a time. @throws InputError
ConnectomeSummary summary_of_connectomes(const io::Handle& file);

} // namespace rewire::jobs
