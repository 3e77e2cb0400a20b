#pragma once

#include "jobs/activity/movement_source.hpp"
#include "jobs/activity/options.hpp"
#include "jobs/activity/session_input.hpp"

#include <rewire/calcium/covariance.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/options.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rewire::jobs {

/// The test that has to support an edge beside the partial correlation.
enum class SupportBy : std::uint8_t
{
    jitter, ///< of events within windows
    shift,  ///< of traces, all shifts
    none,   ///< no closed-form tests
};

/// Sessions whose halves get connectomes of their own.
enum class HalvesOf : std::uint8_t
{
    long_studies, ///< of animals with network::least_sessions_of_change sessions
    all,
    none,
};

struct ConnectomeSettings
{
    ActivitySettings activity;
    MovementSourceSettings movement;
    calcium::PartialCorrelationOptions partial_correlation;
    /// One intensity for all sessions of an animal: by subject, once it is known.
    bool shrinks_animals_alike = false;
    std::map<std::string, double> shrinkage_of_animal;
    double alpha = 2;
    SupportBy support = SupportBy::jitter;
    double window_s = 0.5;          ///< of the jitter
    std::int64_t displacements = 3; ///< of the displacement control
    bool family_of_study = false;   ///< q and Holm's p over all sessions together, too
    std::int64_t surrogates = 0;
    bool two_sided = false;
    double minimum_shift_s = 2;
    std::string within; ///< intervals table whose inside and outside are shifted apart; empty: none
    std::vector<std::string> covariates; ///< names of series or of intervals tables
    double covariate_lags_s = 0;         ///< each is taken out at all lags up to this, too
    bool averages_covariates = false;    ///< over each frame; else their values at its time
    double highpass_s = 0; ///< cosines of this period and slower are taken out; 0: none
    bool drop_artefacts = false;
    std::string segments; ///< intervals table of stretches without gap; empty: by the clock
    HalvesOf halves = HalvesOf::long_studies;

    /// Whether a connectome may be shrunk.
    bool shrinks() const
    {
        return partial_correlation.shrinkage.kind != calcium::Shrinkage::Kind::none ||
               partial_correlation.when_singular == calcium::WhenSingular::ledoit_wolf;
    }
};

/// With the noise of Ledoit and Wolf's shrinkage for a session's effective frames, where it may be
/// asked for.
calcium::PartialCorrelationOptions
partial_correlation_options(const ConnectomeSettings& settings, const io::StudySession& session,
                            const activity::ActivityView& activity,
                            const calcium::CovariateView& covariates);

/// T_eff of what is correlated. NaN: there is no pair.
double effective_frames_of(const activity::ActivityView& activity,
                           const calcium::CovariateView& covariates);

std::vector<runtime::Option> connectome_options();
/// @throws UsageError
ConnectomeSettings connectome_settings(const runtime::Options& options);

/// Whether the halves of this session of the study are wanted.
bool with_halves(const io::Study& study, std::size_t session, const ConnectomeSettings& settings);

} // namespace rewire::jobs
