#pragma once

#include <rewire/base/partition.hpp>
#include <rewire/io/checkpoint.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/network/rewiring.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace rewire::jobs {

/// Sessions of one subject in connectome.h5 that have a connectome, in order, and the neurons that
/// all of them have.
struct SubjectConnectomes
{
    std::string subject;
    std::vector<std::string> sessions;
    std::vector<std::int64_t> numbers; ///< [session]
    /// [session] its place among all sessions of the subject, also those that are left out
    std::vector<std::int64_t> positions;
    std::vector<std::string> sha256;    ///< [session] of the NWB files
    std::vector<std::string> neuron_id; ///< common to all sessions
    std::vector<std::vector<std::int64_t>>
        columns;                       ///< [session][common neuron] its index in the session
    std::vector<std::int64_t> neurons; ///< [session]
    /// Of all sessions the ids are row numbers: whether rows are the same neurons is not known.
    bool ids_are_rows = false;
    std::string id_column; ///< of the ROI tables; empty where they have none, or different ones
    /// [session] columns that may name neurons, where ids are rows
    std::vector<std::vector<std::string>> id_candidates;
    std::vector<std::string> left_out; ///< sessions without a connectome, with the reason
    /// [session] how its partial correlations were estimated, and by how much they were shrunk.
    std::vector<std::string> estimator;
    std::vector<double> shrinkage;
    /// SHA-256 of the files of all sessions, also of those left out: "SUBJECT/SESSION" -> hash.
    io::Fingerprint inputs;
    std::string status; ///< "ok", or why there is no trajectory

    std::int64_t pairs() const
    {
        return base::pair_count(static_cast<std::int64_t>(neuron_id.size()));
    }
};

/// Mean rank correlation, over sessions that follow each other, of the events of the common
/// neurons, and the two standard errors by which it would differ from 0 if neurons were matched at
/// random. The same neurons are mostly as active as before.
struct MatchEvidence
{
    double correlation = 0; ///< NaN where there is nothing to compare
    double by_chance = 0;
    bool is_weak() const { return correlation < by_chance; }
};
MatchEvidence match_evidence(const io::Handle& connectome, const SubjectConnectomes& subject);

/// Sessions that are compared: by what their partial correlations were estimated.
enum class Estimators : std::uint8_t
{
    same, ///< by what most of the animal's were, the earlier of two as many; others are left out
    any,
};

std::vector<SubjectConnectomes> subjects_of(const io::Handle& connectome, Estimators estimators);

/// What differs between the estimators of the sessions that are compared, for people; empty where
/// nothing does. Shrinkage takes from all partial correlations of a session.
std::string estimators_differ(const SubjectConnectomes& subject);

/// Where pairs of the common neurons lie among the pairs of a session.
std::vector<std::int64_t> pairs_in_session(const SubjectConnectomes& subject, std::size_t session,
                                           base::Range pairs);

/// Partial correlations of some pairs over the sessions.
struct PairBlock
{
    network::SessionBlock value; ///< [session, pair]
    std::vector<std::int64_t>
        ever_an_edge; ///< pairs (of the subject) that are an edge in some session, ascending
    std::vector<std::int32_t> sessions_as_edge; ///< [pair of `ever_an_edge`] in how many
};

/// Reads pairs [first, last) of the common neurons from every session; thresholded ones are 0 where
/// there is no edge. Reads only the part of each session that holds them, where the sessions list
/// their neurons in the same order.
PairBlock read_pairs(const io::Handle& connectome, const SubjectConnectomes& subject,
                     base::Range pairs, bool thresholded);

} // namespace rewire::jobs
