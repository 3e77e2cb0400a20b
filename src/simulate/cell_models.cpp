#include "rewire/simulate/cell_models.hpp"

#include <cmath>

namespace rewire::simulate {

namespace {

/// x / (exp(x) - 1), which is 1 at 0.
double linoid(double x)
{
    return std::abs(x) < 1e-9 ? 1 : x / std::expm1(x);
}

GateRates pyramidal_rates(double v)
{
    constexpr auto threshold = -58.0;
    constexpr auto shift = -10.0; // of the inactivation of sodium
    const auto u = v - threshold;
    return {{0.32 * 4 * linoid(-(u - 13) / 4), 0.128 * std::exp(-(u - shift - 17) / 18),
             0.032 * 5 * linoid(-(u - 15) / 5), 1e-4 * 9 * linoid(-(v + 30) / 9)},
            {0.28 * 5 * linoid((u - 40) / 5), 4 / (1 + std::exp(-(u - shift - 40) / 5)),
             0.5 * std::exp(-(u - 10) / 40), 1e-4 * 9 * linoid((v + 30) / 9)}};
}

GateRates fast_spiking_rates(double v)
{
    return {{40 * 13.5 * linoid((75.5 - v) / 13.5), 0.0035 * std::exp(-v / 24.186),
             11.8 * linoid((95 - v) / 11.8), 0.014 * 2.3 * linoid(-(v + 44) / 2.3)},
            {1.2262 * std::exp(-v / 42.248), 0.017 * 5.2 * linoid(-(v + 51.25) / 5.2),
             0.025 * std::exp(-v / 22.222), 0.0043 * std::exp(-(v + 44) / 34)}};
}

} // namespace

CellModel pyramidal_cell()
{
    return {.sodium = 51.6,
            .potassium = 10,
            .slow = 0.5,
            .interneuron = false,
            .leak = 0.045,
            .sodium_mv = 50,
            .potassium_mv = -90,
            .leak_mv = -80,
            .capacitance = 1,
            .rates = pyramidal_rates};
}

CellModel fast_spiking_cell()
{
    return {.sodium = 112,
            .potassium = 224,
            .slow = 0.225,
            .interneuron = true,
            .leak = 0.5,
            .sodium_mv = 60,
            .potassium_mv = -90,
            .leak_mv = -70,
            .capacitance = 1,
            .rates = fast_spiking_rates};
}

GateTable::GateTable(const CellModel& model, double step_ms)
{
    const auto count = static_cast<std::size_t>((highest_mv - lowest_mv) * rows_a_mv) + 1;
    rows_.resize(count);
    for (std::size_t row = 0; row < count; ++row) {
        const auto rates = model.rates(lowest_mv + static_cast<double>(row) / rows_a_mv);
        for (std::size_t k = 0; k < gates; ++k) {
            const auto sum = rates.opening[k] + rates.closing[k];
            rows_[row].keep[k] = std::exp(-sum * step_ms);
            rows_[row].add[k] = rates.opening[k] / sum * -std::expm1(-sum * step_ms);
        }
    }
}

Gates resting_gates(const CellModel& model, double potential_mv)
{
    const auto rates = model.rates(potential_mv);
    auto gate = Gates{};
    for (std::size_t k = 0; k < gates; ++k)
        gate[k] = rates.opening[k] / (rates.opening[k] + rates.closing[k]);
    return gate;
}

} // namespace rewire::simulate
