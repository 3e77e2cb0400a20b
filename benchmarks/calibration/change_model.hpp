#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/network/session_change.hpp>

#include <cstdint>
#include <vector>

/// Studies of which it is known whether the network changed, and how: as halves of connectomes
/// drawn around a known network, or as events of a population whose movements change.
namespace rewire::calibration {

/// What the network of an animal does over its sessions.
enum class Course : std::uint8_t
{
    constant,
    exchangeable, ///< every session differs from the mean, in no order
    walk,         ///< every changing pair takes a walk of its own
    shared_walk,  ///< one walk, along a direction that all changing pairs share
    directed,     ///< from the first to the last session at constant speed
    out_and_back, ///< farthest in the middle
};

struct ChangeModel
{
    Course course = Course::constant;
    std::int64_t neurons = 80;
    std::int64_t sessions = 14;
    double changing_pairs = 0.08; ///< share of the pairs
    double change_sd = 0.1;       ///< of their partial correlations, over the whole course
    double noise_sd = 0.02;       ///< of a half
    double noise_growth = 1;      ///< of the last session's noise over the first's
    double attenuation = 1;       ///< of the last session's signal over the first's
};

/// Partial correlations of the pairs of one animal.
struct AnimalHalves
{
    network::SessionBlock truth;     ///< [session, pair]
    network::SessionBlock a, b;      ///< halves
    network::SessionBlock jackknife; ///< [session * part, pair] b without a part; empty unless
                                     ///< asked for
};
AnimalHalves halves_of(const ChangeModel& model, std::uint64_t seed, std::uint64_t animal,
                       bool with_jackknife = false);

/// One session of a population in which half of the neurons are more active in movement.
struct MovingModel
{
    std::int64_t neurons = 40;
    std::int64_t frames = 16800; ///< ten minutes
    double rate_hz = 28;
    double chance = 0.015;        ///< of an event in a frame, at rest
    double gain = 2.5;            ///< in movement
    double copied = 0.3;          ///< share of events that the next neuron of a chain repeats
    std::int64_t chain = 4;       ///< neurons in a chain
    double movement_share = 0.25; ///< of the frames
    double bout_s = 3;
    double visible_change = 0; ///< neurons lose events: up to this share, each its own
};

struct MovingSession
{
    activity::Activity events, smoothed;
    std::vector<std::int32_t> quiet; ///< frames of the smoothed events without movement
};
/// Connections are those of the seed alone; `session` draws the rest.
MovingSession moving_session(const MovingModel& model, std::uint64_t seed, std::uint64_t session);

} // namespace rewire::calibration
