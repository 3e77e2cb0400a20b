#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Which sorted units are analysed.
namespace rewire::spikes {

enum class Comparison : std::uint8_t
{
    below,
    above,
};

/// One criterion on a column of quality metrics. Strict; NaN fails.
struct QualityCriterion
{
    std::string_view column;
    Comparison comparison = Comparison::above;
    double limit = 0;
};

/// The paper's five (Methods, Allen Institute data): amplitude_cutoff < 0.1, isi_violations < 0.1,
/// presence_ratio > 0.95, isolation_distance > 30, snr > 1.
inline constexpr auto paper_criteria = std::array{
    QualityCriterion{"amplitude_cutoff", Comparison::below, 0.1},
    QualityCriterion{"isi_violations", Comparison::below, 0.1},
    QualityCriterion{"presence_ratio", Comparison::above, 0.95},
    QualityCriterion{"isolation_distance", Comparison::above, 30},
    QualityCriterion{"snr", Comparison::above, 1},
};

/// u8 [units]: 1 passes.
std::vector<std::uint8_t> passing(const QualityCriterion& criterion,
                                  std::span<const double> column);

/// alpha_s: units with a rate strictly above (the paper: 1 Hz).
std::vector<std::uint8_t> rate_above(std::span<const double> rate_hz, double minimum_hz = 1);

enum class CellType : std::uint8_t
{
    excitatory, ///< broad spikes
    inhibitory, ///< narrow spikes
    unknown,    ///< no waveform duration
};

/// By the trough-to-peak duration of the waveform: excitatory strictly above the limit (the paper:
/// 0.4 ms). NaN: unknown.
std::vector<CellType> cell_types(std::span<const double> waveform_duration_ms,
                                 double limit_ms = 0.4);

} // namespace rewire::spikes
