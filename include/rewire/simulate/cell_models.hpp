#pragma once

#include <array>
#include <cstddef>
#include <vector>

/// Two cortical cells of one compartment with Hodgkin-Huxley channels: a regular-spiking pyramidal
/// cell (Destexhe & Pare 1999; Destexhe et al. 2001, Neuroscience 107:13: sodium, delayed
/// rectifier, M current) and a fast-spiking interneuron (Erisir et al. 1999, J. Neurophysiol.
/// 82:2476, with the constants of Boergers 2017, An Introduction to Modeling Neuronal Dynamics,
/// ch. 5: sodium, Kv3, Kv1).
///
/// Where the interneuron's constants are from: rates of all gates, and conductances and potentials
/// of sodium, Kv3 and leak, were held against restatements of both sources in public code, which
/// have the same numbers but for the middle of sodium's activation (75 mV after Erisir et al., 75.5
/// after Boergers, taken here). Kv1, which Boergers leaves out, has its gate from the paper; its
/// conductance (0.225, a thousandth of Kv3's) is remembered from there and was not found again.
/// The pyramidal cell's rates are those of Traub and Miles 1991 as Destexhe et al. use them, held
/// against a published table of these; its conductances were not looked up again.
///
/// Conductances are in mS/cm^2, capacitances in uF/cm^2, potentials in mV, times in ms.
namespace rewire::simulate {

inline constexpr auto gates = std::size_t{4};
using Gates = std::array<double, gates>;

/// Opening and closing of each gate at a potential, per ms.
struct GateRates
{
    Gates opening{};
    Gates closing{};
};

struct CellModel
{
    double sodium = 0;        ///< of m^3 h; gates 0 and 1
    double potassium = 0;     ///< of gate 2 to potassium_power
    double slow = 0;          ///< a potassium current of gate 3 to slow_power
    bool interneuron = false; ///< powers: n^4 and p of the pyramidal cell, n^2 and n^4 of the other
    double leak = 0;
    double sodium_mv = 0;
    double potassium_mv = 0;
    double leak_mv = 0;
    double capacitance = 1;
    GateRates (*rates)(double potential_mv) = nullptr;
};

/// C 1, leak 0.045 to -80 mV, Na 51.6 to 50 mV, K 10 and M 0.5 to -90 mV; threshold parameter
/// V_T = -58 mV, inactivation shifted by -10 mV.
CellModel pyramidal_cell();
/// C 1, leak 0.5 to -70 mV, Na 112 to 60 mV, Kv3 224 and Kv1 0.225 to -90 mV.
CellModel fast_spiking_cell();

/// What the gates of a model do in one step at a held potential, x -> keep x + add (the exponential
/// Euler step), between potentials 1/8 mV apart by linear interpolation. Outside of -120 .. 80 mV
/// as at its borders.
class GateTable
{
  public:
    GateTable(const CellModel& model, double step_ms);

    [[gnu::always_inline]] void advance(double potential_mv, Gates& gate) const
    {
        auto at = (potential_mv - lowest_mv) * rows_a_mv;
        at = at < 0 ? 0 : (at > last ? last : at);
        const auto row = static_cast<std::size_t>(at);
        const auto share = at - static_cast<double>(row);
        const auto& low = rows_[row];
        const auto& high = rows_[row + 1];
        for (std::size_t k = 0; k < gates; ++k) {
            const auto keep = low.keep[k] + share * (high.keep[k] - low.keep[k]);
            const auto add = low.add[k] + share * (high.add[k] - low.add[k]);
            gate[k] = keep * gate[k] + add;
        }
    }

  private:
    static constexpr auto lowest_mv = -120.0;
    static constexpr auto highest_mv = 80.0;
    static constexpr auto rows_a_mv = 8.0;
    static constexpr auto last = (highest_mv - lowest_mv) * rows_a_mv - 1e-6;
    struct Row
    {
        Gates keep;
        Gates add;
    };
    std::vector<Row> rows_;
};

/// The gates where they rest at a potential.
Gates resting_gates(const CellModel& model, double potential_mv);

/// Conductances of a cell's synapses and of what stands for the synapses from outside.
struct Inputs
{
    double excitatory = 0; ///< to 0 mV
    double inhibitory = 0; ///< to -75 mV
};
inline constexpr auto excitatory_mv = 0.0;
inline constexpr auto inhibitory_mv = -75.0;

/// What the membrane sees: sum of conductances, and of conductances times their potentials.
struct Membrane
{
    double conductance = 0;
    double current = 0;
};
[[gnu::always_inline]] inline Membrane membrane(const CellModel& model, const Gates& gate,
                                                Inputs inputs)
{
    const auto [m, h, n, p] = gate;
    const auto sodium = model.sodium * m * m * m * h;
    const auto n2 = n * n;
    const auto p2 = p * p;
    const auto potassium = model.interneuron ? model.potassium * n2 + model.slow * p2 * p2
                                             : model.potassium * n2 * n2 + model.slow * p;
    return {model.leak + sodium + potassium + inputs.excitatory + inputs.inhibitory,
            model.leak * model.leak_mv + sodium * model.sodium_mv + potassium * model.potassium_mv +
                inputs.excitatory * excitatory_mv + inputs.inhibitory * inhibitory_mv};
}

} // namespace rewire::simulate
