#pragma once

#include <rewire/simulate/event_source.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// The partial correlations that a simulated session would show if it went on for ever: of the
/// smoothed events of the neurons found in it, each pair given all others. They are what a test of
/// partial correlations looks for, and are not what was planted: neurons that drive a common third
/// are negatively correlated given it (explaining away), and delays, missed events and inputs that
/// are not recorded make pairs positive that nobody joined. Noise, drift of the traces and
/// artefacts, which are of the recording and not of the neurons, are not in them.
namespace rewire::simulate {

/// In closed form: events of one process in two neurons are covariance, in proportion to the
/// smoothing's autocorrelation at their delay; rates that rise and fall together (movement, bursts)
/// are covariance, too. For sessions without inhibition.
/// @param taps of the smoothing
/// @return [pairs of the neurons found] upper triangle, row major; 0 for a neuron without events
/// @throws InputError for a session with inhibition: take sampled_population
std::vector<double> population_partial_correlation(const SessionProcesses& processes,
                                                   std::int64_t neurons,
                                                   std::span<const double> taps);

/// The same, from a run of at least so many frames: the session repeated, with fresh events. Good
/// to about 1.7 / sqrt(frames) for five taps. Time: N^2 and the square of the share of samples that
/// are not zero.
std::vector<double> sampled_population(const SessionProcesses& processes,
                                       const LeverPressParameters& parameters,
                                       const SessionTruth& session, std::span<const double> taps,
                                       std::int64_t frames);

/// Whichever of the two the session needs; sampled with a million frames.
std::vector<double> population_of(const SessionProcesses& processes,
                                  const LeverPressParameters& parameters,
                                  const SessionTruth& session, std::span<const double> taps);

} // namespace rewire::simulate
