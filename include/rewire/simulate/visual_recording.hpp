#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// A recording of visual cortex with several probes, shaped after the Visual Coding Neuropixels set
/// of the Allen Institute, with connections that are known: drifting gratings, running, units of
/// several areas and layers, connections within areas and between them whose delays follow the
/// hierarchy of the areas (Siegle et al. 2021), and what spike sorting gets wrong: units that fade
/// or appear, units cut in two, units of poor quality.
///
/// Rates follow rate = base x tuning(t) x running(t) x fading(t) x exp(sum of J exp(-(t - delay) /
/// tau) over the spikes of connected units): the model of GLMCC, with a refractory time of 2 ms.
namespace rewire::simulate {

struct Area
{
    std::string_view name;
    double hierarchy_score; ///< Siegle et al. 2021, Fig. 2
};
inline constexpr auto visual_areas =
    std::array{Area{"VISp", -0.357}, Area{"VISl", -0.093}, Area{"VISrl", -0.059},
               Area{"VISal", 0.152}, Area{"VISpm", 0.327}, Area{"VISam", 0.441}};
inline constexpr auto cortical_layers = std::array<std::string_view, 4>{"2/3", "4", "5", "6"};

struct VisualParameters
{
    std::int64_t units = 120; ///< of all areas, as even as can be; before some are cut in two
    std::int64_t trials = 300;
    double grating_s = 2; ///< the paper's: 2 s, and 1 s of grey
    double grey_s = 1;
    double within = 0.04;      ///< probability of a connection between two units of an area
    double forward = 0.01;     ///< from an area to one that is higher
    double feedback = 0.003;   ///< to one that is lower
    double inhibitory = 0.2;   ///< share of the units
    double coupling = 1.0;     ///< median J of excitatory connections (log-normal, sd of log 0.3)
    double inhibition = 1.2;   ///< mean -J of inhibitory ones (sd 0.2)
    double running_gain = 1.4; ///< of all rates while the animal runs
    double fading = 0.05;      ///< share of the units that fade away or appear
    double split = 0.04;       ///< share of the units that are cut in two
    double poor = 0.1;         ///< share of the units that fail a criterion of quality
    std::uint64_t seed = 1;

    double trial_s() const { return grating_s + grey_s; }
    double duration_s() const { return static_cast<double>(trials) * trial_s(); }
};

/// @throws InputError naming the parameter that makes no recording
void check(const VisualParameters& parameters);

enum class Fading : std::uint8_t
{
    none,
    goes,
    comes,
};

struct VisualUnit
{
    std::int64_t area = 0; ///< index into visual_areas
    std::int64_t layer = 0;
    std::int64_t channel = 0; ///< on the probe of the area, 20 um apart
    bool excitatory = true;
    double base_hz = 0;
    std::array<double, 4> gain{}; ///< while a grating of each orientation is shown
    Fading fading = Fading::none;
    bool poor = false;
    bool cut_in_two = false; ///< such units have no connections
};

struct VisualConnection
{
    std::int64_t pre = 0;
    std::int64_t post = 0;
    double coupling = 0; ///< J
    double delay_ms = 0; ///< whole
};

struct GratingTrial
{
    double start_s = 0;
    std::int64_t orientation = 0; ///< index: 0, 45, 90, 135 degrees
};

struct VisualTruth
{
    std::vector<VisualUnit> unit;
    std::vector<VisualConnection> connection; ///< by pre, then post
    std::vector<GratingTrial> trial;
    std::vector<float> speed_cm_s; ///< [samples] at speed_rate_hz
};
inline constexpr auto speed_rate_hz = 60.0;
inline constexpr auto running_threshold_cm_s = 5.0;
inline constexpr auto coupling_tau_ms = 4.0;

/// Every recording has units, connections and running of its own. O(units^2).
/// @throws InputError as check()
VisualTruth visual_truth(const VisualParameters& parameters, std::int64_t recording);

/// [unit] times of the spikes, s, ascending. Steps of 1 ms; a spike lies anywhere in its step.
/// 10 ns a unit and step.
/// @param go_on called once a simulated second; false: nothing is returned
std::vector<std::vector<double>> visual_spikes(const VisualParameters& parameters,
                                               const VisualTruth& truth, std::int64_t recording,
                                               const std::function<bool()>& go_on);

} // namespace rewire::simulate
