#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// A longitudinal two-photon study of a lever-press task with known truth, shaped after the study
/// that the rewiring analyses were published on (task: paper 2.1-2.2; groups: 2.11; transient rise
/// of the density: results): animals are imaged over many sessions while functional connections
/// strengthen, weaken, or come and go. Everything is drawn from counter-based streams named by
/// (seed, animal, session, neuron or assembly): any session can be made alone, on any rank.
namespace rewire::simulate {

/// What makes a recording hard to read, or misleads those who do. The defaults change nothing.
struct Difficulties
{
    double strength = 1; ///< of all assemblies, as a share of the usual
    double weakest = 1;  ///< share of that which the weakest assembly has; the others lie between,
                         ///< evenly on a log scale, each the same in all sessions
    double shortest_s = 0; ///< sessions last from this to duration_s, evenly on a log scale and in
                           ///< no order; 0: all of them duration_s
    std::int64_t delay_frames = 0; ///< the k-th member of an assembly fires k times so much later
    double missed_events = 0;      ///< share that leaves no trace in dF/F, each by itself
    double hidden_inputs = 0; ///< for each neuron of the animal; what is not recorded has three
                              ///< others fire in the same frame, at hidden_input_share of the
                              ///< mean rate, on top of their own events
    double inhibition = 0;    ///< share of neurons each event of which silences inhibited_neurons
                              ///< others for inhibition_s from the next frame on
    double burst_gain = 1;   ///< of all rates in bursts of burst_s, a tenth of the time; means stay
    double rate_fall = 0;    ///< share that all rates lose from the first frame to the last
    double common_drift = 0; ///< amplitude of a wave of 30 s in all traces, in mean events
    double artefacts_per_min = 0; ///< moments of artefact_s in which all traces are two mean events
                                  ///< higher; a single frame would be lost in deconvolution
};
inline constexpr auto hidden_input_share = 0.2;
inline constexpr auto inhibition_s = 0.25;
inline constexpr auto inhibited_neurons = 4;
inline constexpr auto burst_s = 2.5;
inline constexpr auto burst_share = 0.1;
inline constexpr auto artefact_s = 0.2;

/// What the connections of an animal do over its sessions.
enum class Course : std::uint8_t
{
    learning,     ///< strengthening, weakening, stable and transient ones, as in the paper
    constant,     ///< the same in all sessions
    exchangeable, ///< another strength in every session, in no order
    walk,         ///< each takes an undirected walk of its own
    shared_walk,  ///< one walk for all of them, with or against it
    directed,     ///< from one strength to another at constant speed
    out_and_back  ///< to another strength in the middle session, and back
};

/// Over the sessions of an animal; see session_trends.hpp. Of the last session, where the first has
/// 1.
struct Trends
{
    Course course = Course::learning;
    double noise = 1;      ///< of the noise
    double movement = 1;   ///< share of the movements that are made at all
    double visibility = 1; ///< of the size of events, of the neuron that loses most
};

/// Defaults are the paper's sizes where it states them. The number of neurons and the decay time
/// are not stated there; the decay is that of GCaMP6f.
struct LeverPressParameters
{
    std::int64_t animals = 7;
    std::int64_t sessions = 14;
    std::int64_t neurons = 200;  ///< of every animal; fewer than about 7 get no edges
    double duration_s = 1500;    ///< of every session
    double rate_hz = 28;         ///< imaging frames
    double lever_rate_hz = 1000; ///< lever samples, a clock of their own (paper: 10 kHz)
    double tau_s = 0.7;          ///< decay of the indicator
    double event_rate_hz = 0.4;  ///< mean over neurons; each has its own, within 20 %
    double noise = 0.15;         ///< sd of the white noise, in units of the mean event
    double amplitude = 0.5;      ///< mean dF/F step of an event
    double movement_gain = 1.8;  ///< event rate in movement over its mean, movement-related neurons
    double missing_neurons = 0;  ///< fraction of the neurons that a session does not find, [0, 1)
    std::uint64_t seed = 1;
    bool null = false; ///< the twin without structure: no edges, no relation to movement; neurons,
                       ///< rates, task, lever and file layout stay the same
    std::string layer = "L2/3";
    Difficulties difficulties{};
    Trends trends{};
};

/// @throws InputError naming the parameter that makes no study
void check(const LeverPressParameters& parameters);

/// Seconds, imaging frames and lever samples of a session.
double duration_of(const LeverPressParameters& parameters, std::int64_t animal,
                   std::int64_t session);
std::int64_t frames_of(const LeverPressParameters& parameters, std::int64_t animal,
                       std::int64_t session);
std::int64_t lever_samples_of(const LeverPressParameters& parameters, std::int64_t animal,
                              std::int64_t session);
/// Imaging frames of the longest session.
std::int64_t frames_of(const LeverPressParameters& parameters);

/// What the planted edges of a neuron do (paper 2.11): Core has both strengthening and weakening
/// edges, expert_phase only strengthening, naive_phase only weakening, other neither.
enum class Group : std::uint8_t
{
    core,
    naive_phase,
    expert_phase,
    other
};
std::string_view name_of(Group group); ///< "Core", "NP", "EP", "Other"

enum class EdgeKind : std::uint8_t
{
    strengthening, ///< appears in the middle sessions, grows until the last
    weakening,     ///< shrinks from the first session, vanishes in the middle ones
    stable,        ///< the same in all sessions
    transient      ///< there in sessions 3-4 (scaled to other study lengths) and around them
};
std::string_view name_of(EdgeKind kind); ///< "strengthening", "weakening", "stable", "transient"

/// Three neurons (two where there are no more) that fire events in the same frame. A strength of x
/// makes a fraction of about x of each member's events shared: their pairwise correlation; the
/// partial correlation within a triple alone is x / (1 + x).
struct Assembly
{
    std::vector<std::int32_t> members; ///< ascending
    EdgeKind kind = EdgeKind::stable;
    std::vector<double> strength; ///< [session]; 0: not there
};

/// Rate that strengths refer to: that of the slowest member.
/// @pre members is not empty
double shared_rate(const std::vector<std::int32_t>& members, const std::vector<double>& rates);

/// A planted connection: a pair within one assembly, whose kind and strength it has. No pair is in
/// two assemblies.
struct Edge
{
    std::int32_t i = 0; ///< i < j
    std::int32_t j = 0;
    std::int32_t assembly = 0; ///< index into AnimalTruth::assemblies
};

struct AnimalTruth
{
    std::int64_t index = 0;
    std::string name;                  ///< "L23M1": layer and number from 1
    std::vector<Group> group;          ///< [neuron]
    std::vector<double> event_rate_hz; ///< [neuron] mean rate, the same in every session
    std::vector<Assembly> assemblies;  ///< empty in the null twin
    std::vector<Edge> edges;           ///< ordered by i, then j; empty in the null twin

    EdgeKind kind(const Edge& edge) const
    {
        return assemblies[static_cast<std::size_t>(edge.assembly)].kind;
    }
    double strength(const Edge& edge, std::int64_t session) const
    {
        return assemblies[static_cast<std::size_t>(edge.assembly)]
            .strength[static_cast<std::size_t>(session)];
    }
};

struct StudyTruth
{
    std::vector<AnimalTruth> animals;
};

/// Cost O(neurons x sessions).
/// @throws InputError as check()
/// @pre 0 <= animal < parameters.animals
AnimalTruth animal_truth(const LeverPressParameters& parameters, std::int64_t animal);
StudyTruth truth(const LeverPressParameters& parameters);

struct Trial
{
    double start_s = 0;
    double stop_s = 0;
    double cue_s = 0;
    double reward_s = 0; ///< NaN where the trial was not rewarded
    bool rewarded = false;
};

/// Frames [first, last) in movement, first >= 1.
struct MovementEpoch
{
    std::int64_t first = 0;
    std::int64_t last = 0;
};

struct SessionTruth
{
    std::int64_t animal = 0;
    std::int64_t session = 0;                   ///< from 0
    std::vector<std::int32_t> neurons;          ///< found in this session, ascending
    std::vector<std::uint8_t> movement_related; ///< [all neurons of the animal]
    std::vector<Trial> trials;                  ///< in time order, not overlapping
    std::vector<MovementEpoch> movement_epochs; ///< in time order, at least 0.5 s apart
};

/// @pre animal is of these parameters, 0 <= session < parameters.sessions
SessionTruth session_truth(const LeverPressParameters& parameters, const AnimalTruth& animal,
                           std::int64_t session);

} // namespace rewire::simulate
