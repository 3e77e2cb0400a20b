#pragma once

#include "halves_result.hpp"
#include "jobs/frame/session_results.hpp"
#include "truth.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/io/result_file.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// connectome.h5: one group a session, /SUBJECT/SESSION/. Pairs are the strict upper triangle, row
/// major.
namespace rewire::jobs {

inline constexpr auto connectome_name = "connectome"; ///< of the job that writes it

inline constexpr auto animal_shrinkage_name = "animal_shrinkage"; ///< attribute of a session

/// Datasets of partial correlations that were tested, where they are others (compared.hpp).
inline constexpr auto tested_partial_name = "tested_partial_correlation";
inline constexpr auto surrogate_partial_name = "surrogate_partial_correlation";

/// Surrogate p-values of a session's pairs.
struct ConnectomeNull
{
    std::vector<double> p_value;  ///< [pair]; NaN where a neuron is inactive
    std::vector<double> q_value;  ///< [pair] Benjamini-Hochberg over the session's tested pairs
    std::vector<double> p_fwe;    ///< [pair] against the largest value of every surrogate
    std::vector<double> observed; ///< [pair] what surrogates were held against; written, not read
    std::string compare;          ///< what that is: Compared::says
    std::int64_t surrogates = 0;  ///< used
    std::int64_t singular = 0;    ///< surrogates without a result, left out
    std::int64_t offsets = 0;     ///< distinct relative shifts a pair can have
    std::int64_t frames_used = 0;
    std::int64_t tested = 0; ///< pairs
    double minimum_shift_s = 0;
    double smallest_p = 1;    ///< that a pair could reach
    double aligned_share = 0; ///< of pairs and surrogates: nearly aligned, left out of the maxima
    bool two_sided = false;
    std::string status; ///< "ok", or why there are no p-values

    void pack(base::Packer& packer) const;
    static ConnectomeNull unpack(base::Unpacker& unpacker);
};

inline constexpr auto support_by_jitter = "jitter"; ///< ConnectomeClosedForm::support

/// Share of the events outside of the windows of the jitter above which it is worth a warning.
inline constexpr auto most_events_outside = 0.05;

/// Share of the frames that cannot be displaced as far as they should above which it is worth a
/// warning.
inline constexpr auto most_displaced_cut = 0.05;

/// How much of a session the tests of events reach.
struct TestCoverage
{
    std::int64_t windows = 0;        ///< of the jitter
    double events_outside = 0;       ///< share of the events that lie in no whole window
    double largest_active_share = 0; ///< of the active neurons that have an event in one used frame
    /// Of the displacement control: how far the draws move neurons, the least and the most, means
    /// over frames; and the share of the frames in stretches too short for the least. 0 without.
    double displaced_shortest_s = 0;
    double displaced_longest_s = 0;
    double displaced_cut = 0;
};

/// q_both up to which an edge is called supported.
inline constexpr auto supported_level = 0.05;

/// Closed-form tests of a session's pairs (calcium/edge_tests.hpp), and what says how far they can
/// be trusted. "Supported" is not "directly connected".
struct ConnectomeClosedForm
{
    std::vector<double> p_partial;    ///< [pair]; NaN where a neuron is inactive; all below alike
    std::vector<double> p_marginal;   ///< [pair]
    std::vector<double> p_fine;       ///< [pair]
    std::vector<double> p_both;       ///< [pair] the larger of p_partial and the one of `support`
    std::vector<double> q_both;       ///< [pair] Benjamini-Hochberg over the session's pairs
    std::vector<double> p_holm;       ///< [pair] Holm over the same
    std::vector<double> log10_p_both; ///< [pair]
    std::vector<std::uint8_t> supported; ///< [pair] 1: q_both <= supported_level
    std::vector<double> p_both_negative; ///< [pair] two-sided only, else empty
    std::vector<std::int8_t> sign;       ///< [pair] likewise
    std::string family;                  ///< family_of_session, family_of_study
    /// Over the pairs of all sessions of the result; empty unless the family is the study. Not
    /// written with the session: all have to be there.
    std::vector<double> q_study;               ///< [pair]
    std::vector<double> p_holm_study;          ///< [pair]
    std::vector<std::uint8_t> supported_study; ///< [pair]
    std::int64_t family_pairs = 0, family_sessions = 0;
    std::string support; ///< "jitter": p_fine, "shift": p_marginal
    bool two_sided = false;
    std::int64_t tested = 0; ///< pairs: the family of q_both and p_holm
    std::int64_t supported_count = 0;
    std::int64_t frames_used = 0;
    std::string compare; ///< what p-values are of: Compared::says
    /// [pair] what was tested, where it is not the session's own; written, not read
    std::vector<double> tested_partial_correlation;
    std::int64_t window_frames = 0; ///< of the jitter
    std::int64_t lags = 0;          ///< at which the skewness of residuals is cut
    std::int64_t lags_marginal = 0; ///< and that of traces
    double effective_frames = 0;
    double neurons_per_frame = 0; ///< active neurons / effective frames
    double drive = 0;
    double first_component = 0;      ///< share of the variance
    std::int64_t artefacts_kept = 0; ///< frames in which nearly all are active, and that take part
    std::uint8_t artefacts_judged = 1; ///< 0: too little, or too much, is active to tell
    TestCoverage coverage;
    double noise_edges = 0;   ///< expected above the threshold of `edge`; NaN with shrinkage
    double noise_density = 0; ///< 2 / N^2 times it
    /// Graph of the supported edges; NaN where there are no tests.
    double supported_density = 0; ///< non-zero elements / N^2
    double supported_mean_degree = 0;
    double supported_transitivity = 0;
    double supported_clustering = 0;
    std::vector<std::int64_t> supported_degree; ///< [neuron]
    /// Displacement control: share of pairs across the halves with p <= 0.05, and with q <= 0.05,
    /// [calcium::displaced_tests]; NaN without displacements.
    std::vector<double> displaced_rate;
    std::vector<double> displaced_discoveries;
    std::int64_t displaced_pairs = 0; ///< over all draws
    /// Where p_fine rejects more displaced pairs than 5 % and chance: the longest shorter window
    /// that does not, 0 for none; -1 where there is no need.
    std::int64_t passing_window_frames = -1;
    std::string status; ///< "ok", or why there are no p-values

    /// 1, -1: the side that the p-values of a pair are of; 1 where tests are one-sided.
    int sign_of(std::size_t pair) const { return sign.empty() ? 1 : sign[pair]; }
};

/// The estimator that was asked for where there is no inverse.
inline constexpr auto pseudo_inverse = "pseudo-inverse";

/// `status` says why there is no result, where there is none.
struct SessionConnectome : SessionHead
{
    double rate_hz = 0;
    double tau_s = 0;

    std::vector<std::string> neuron_id;
    std::string neuron_id_column;                  ///< of the ROI table; empty: counted
    std::uint8_t neuron_ids_are_rows = 0;          ///< 1: they say nothing of neurons
    std::vector<std::string> neuron_id_candidates; ///< columns that might; empty unless rows
    std::vector<double> position;            ///< [neuron, 3] of the ROIs' centres; empty: not known
    std::string position_unit;               ///< "um", "pixels", ...
    std::string position_source;             ///< of the ROI table: "pixel_mask", ...
    std::vector<std::uint8_t> active;        ///< [neuron]
    std::vector<std::uint8_t> neuron_status; ///< [neuron] calcium::NeuronStatus
    std::vector<std::int64_t> events;        ///< [neuron] frames above threshold
    std::vector<std::int64_t> degree;        ///< [neuron]
    std::vector<double> clustering;          ///< [neuron]
    std::vector<double> partial_correlation; ///< [pair]
    std::vector<std::uint8_t> edge;          ///< [pair]
    double threshold = 0;
    double mean_degree = 0;
    double density = 0;          ///< non-zero elements / N^2, as the paper has it
    double density_of_pairs = 0; ///< edges / pairs
    double transitivity = 0;
    double transitivity_of_triples =
        0; ///< triangles / all triples: the paper's wording taken literally
    double average_clustering = 0;
    double reciprocal_condition = 0;
    double shrinkage = 0;
    /// How partial correlations were estimated: "inverse", "ledoit-wolf", "shrunk by 0.1",
    /// pseudo_inverse, ...; sessions are compared where it is the same. Empty: not at all.
    std::string estimator;
    double animal_shrinkage = 0; ///< the intensity that all sessions of the animal have; 0: none
    std::int64_t frames = 0;     ///< of the smoothed events, without those left out
    std::int64_t segments = 1;   ///< stretches without gap
    std::int64_t artefact_frames = 0;  ///< left out
    std::int64_t artefacts_kept = 0;   ///< the same where they were not left out
    std::uint8_t artefacts_judged = 1; ///< 0: too little, or too much, is active to tell
    TestCoverage coverage;             ///< of the closed-form tests
    std::int64_t missing = 0;          ///< samples
    std::uint8_t computed = 0;         ///< 1: there are values, whatever the status says of how
    std::optional<ConnectomeNull> null;
    std::optional<ConnectomeClosedForm> closed_form;
    std::optional<SessionHalves> halves;  ///< written, not read here
    std::optional<ConnectomeTruth> truth; ///< of simulated sessions

    void pack(base::Packer& packer) const;
    static SessionConnectome unpack(base::Unpacker& unpacker);
};

/// Writes the group of one session.
void write_session(const io::ResultFile& file, const SessionConnectome& session);
/// Writes what the sessions of a subject that are in the file share: the neurons that all of them
/// have, and their pairs.
void complete_subject(const io::ResultFile& file, const std::string& subject);

SessionConnectome read_session(const io::Handle& file, const std::string& subject,
                               const std::string& session);

} // namespace rewire::jobs
