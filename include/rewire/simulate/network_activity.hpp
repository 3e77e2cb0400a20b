#pragma once

#include <rewire/simulate/hodgkin_huxley_network.hpp>

#include <cstdint>
#include <span>

/// What the cells of a simulated network did, to be held against the published cells: excitatory
/// 0.7 to 3.6 Hz and CV 1, inhibitory 3 to 4.3 Hz and CV 0.8, excitatory effects that begin 3 ms
/// after a spike and peak at 4 to 5 ms (methods page, spikes e).
namespace rewire::simulate {

struct CellActivity
{
    std::int64_t cells = 0;
    double mean_hz = 0; ///< NaN without cells
    double low_hz = 0;  ///< 5 % of the cells fire more slowly
    double high_hz = 0; ///< 5 % fire faster
    /// Mean coefficient of variation of the intervals of cells with 10 spikes or more; NaN: none.
    double variation = 0;
};

/// Spikes of the driven cell after those of the driving one, in bins of 1 ms, summed over synapses.
struct SynapticEffect
{
    std::int64_t synapses =
        0;                 ///< the strongest excitatory ones between recorded cells, 100 at most
    double begins_ms = 0;  ///< of the first bin above chance (by 4 SD of Poisson counts); NaN: none
    double peak_ms = 0;    ///< where the bin with most begins
    double peak_ratio = 0; ///< count there over chance, that of lags -20 to -5 ms; NaN: no chance
};

struct NetworkActivity
{
    CellActivity excitatory;
    CellActivity inhibitory;
    SynapticEffect effect;
};

/// @param spikes in steps since the recording began, ascending for each neuron
/// @param recorded [neurons] 1: the neuron counts, and all of its spikes are there
/// @pre parameters.duration_s > 0
NetworkActivity network_activity(const HodgkinHuxleyParameters& parameters,
                                 const HodgkinHuxleyNetwork& network,
                                 std::span<const NetworkSpike> spikes,
                                 std::span<const std::uint8_t> recorded);

} // namespace rewire::simulate
