#pragma once

#include "fit.hpp"
#include "jobs/dynetcp_trials/training.hpp"
#include "jobs/frame/session_results.hpp"
#include "settings.hpp"

#include <rewire/dynetcp/connections.hpp>
#include <rewire/io/result_file.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// dynetcp-static.h5: one group a session, /SUBJECT/SESSION/.
namespace rewire::jobs {

inline constexpr auto static_name = "dynetcp-static"; ///< of the job that writes it

/// A model of all receivers and how it was found.
struct StaticModel
{
    std::vector<float> weight; ///< [sender, receiver, lag]
    std::vector<double> bias;
    Likelihoods nll; ///< mean over receivers
    TrainingCurve curve;
    std::vector<double> gradient_norm; ///< [receiver]; empty: of an optimiser that has none
};

/// How lambda was chosen; empty where it was given.
struct LambdaPath
{
    std::vector<double> lambda;
    std::vector<double> nll; ///< of the held-out trials, mean over receivers
    bool at_end = false;     ///< the best one is the first or the last
};

/// Everything that is said of a session.
struct StaticResult
{
    SessionHead head;
    double bin_ms = 0;
    double lambda = 0;
    std::string optimiser;
    std::string jitter;
    double jitter_ms = 0;
    std::vector<std::string> unit_id;
    std::vector<std::string> cell_type; ///< [units] E, I or empty; when read
    std::vector<double> lag_ms;
    std::vector<double> rate_hz; ///< of the trials to train on
    Likelihoods rate_nll;        ///< of a model that knows the rates alone
    std::int64_t trials_train = 0;
    std::int64_t trials_validation = 0;
    std::int64_t trials_test = 0;
    std::int64_t units_left_out = 0; ///< that never or always fire
    std::int64_t pairs_asked = 0;    ///< by the rule; 0: it was not asked
    double threshold_sd = 0;
    double minimum_pair_spikes = 0;
    double observed_s = 0; ///< of all trials
    /// Pairs i < j on one peak channel or within 50 um, ascending.
    std::vector<std::pair<std::int32_t, std::int32_t>> near_pairs;
    std::int64_t near_tested = 0; ///< 1: the rule is asked of these, too
    LambdaPath path;
    StaticModel model;
    StaticModel twin;                    ///< of jittered trains; empty without
    std::vector<float> weight_corrected; ///< the weights of the model without a twin
    std::vector<dynetcp::StaticConnection> connections;

    std::int64_t units() const noexcept { return static_cast<std::int64_t>(unit_id.size()); }
    std::int64_t lags() const noexcept { return static_cast<std::int64_t>(lag_ms.size()); }
    std::int64_t trials() const noexcept { return trials_train + trials_validation + trials_test; }
    bool is_near(std::int64_t i, std::int64_t j) const;
    /// Whether the rule is asked of a pair: with enough spikes, and not near unless that is wanted.
    bool asks(std::int64_t i, std::int64_t j) const;
    /// Row of weights [lag].
    std::vector<double> row(const std::vector<float>& weights, std::int64_t sender,
                            std::int64_t receiver) const;
};

/// Rank 0. @return the group
io::Handle write_static(const io::ResultFile& file, const StaticResult& result);

/// @param weights false: without those of the model and its twin, only the corrected ones
StaticResult read_static(const io::Handle& file, const SessionName& name, bool weights = true);

} // namespace rewire::jobs
