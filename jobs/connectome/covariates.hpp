#pragma once

#include "jobs/activity/session_input.hpp"
#include "settings.hpp"

#include <rewire/calcium/covariance.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// What is taken out of the traces of a session, and the states that --within keeps apart.
namespace rewire::jobs {

/// Covariates of a session on the frames of the smoothed events, row major [count, frames].
struct SessionCovariates
{
    std::vector<double> value;
    std::int64_t count = 0;
    std::vector<std::string> constant; ///< names of those that are, and take nothing out
    /// --highpass-s is longer than twice the session: no cosine is that slow.
    bool without_cosines = false;

    calcium::CovariateView view() const { return {count, value}; }
};

/// Series of the session, interpolated linearly at the times of its frames or averaged over them,
/// and tables of intervals (1 within them, or the share of the frame), with their lags, which end
/// at gaps of the clock; and cosines over the time of the clock for --highpass-s, to which a gap
/// longer than their period is as long as the period: what lies behind it is free of what was
/// before.
/// @throws InputError: no such series or table, it does not cover the frames, or
/// there would be more than a tenth as many covariates as frames, which is known before they are
/// made
SessionCovariates covariates_of(const io::StudySession& session, const SessionInput& input,
                                const ConnectomeSettings& settings);

/// From what is known before any file is read, so that neither memory nor the plan speaks of
/// covariates that cannot be. @throws InputError: far more than a tenth as many as frames
void require_few_covariates(const io::Study& study, const ConnectomeSettings& settings);

/// 1 for frames inside the intervals of `--within`, on the frames of the smoothed events; empty
/// without.
std::vector<std::uint8_t> state_of(const io::StudySession& session, const SessionInput& input,
                                   const ConnectomeSettings& settings);

/// Of what takes nothing out.
void warn_of_covariates(runtime::RunContext& context, const io::StudySession& session,
                        const SessionCovariates& covariates, const ConnectomeSettings& settings);
/// Of states of which there is but one.
void warn_of_states(runtime::RunContext& context, const io::StudySession& session,
                    const std::vector<std::uint8_t>& state, const ConnectomeSettings& settings);

} // namespace rewire::jobs
