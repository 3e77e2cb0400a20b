#pragma once

#include <array>

/// Where "supported by both tests" does not mean "connected", and nothing in a recording can tell:
/// how much of what is supported is then false. Of these scenarios of benchmarks/calibration, which
/// takes their names from here; the shares are those of its table in docs/what-the-numbers-mean.md,
/// column FDR.
namespace rewire::calcium {

struct MisleadingEdges
{
    const char* scenario;
    double false_share; ///< of what q_both <= .05 discovers: p_partial and p_fine, windows of 0.5 s
};

inline constexpr auto delayed_edges = MisleadingEdges{"delays", 0.662};
inline constexpr auto missed_event_edges = MisleadingEdges{"missed-events", 0.336};
inline constexpr auto hidden_input_edges = MisleadingEdges{"hidden-input", 1.000};
inline constexpr auto misleading_edges =
    std::array{delayed_edges, missed_event_edges, hidden_input_edges};

/// How often p_fine is at most .05, over .05, where windows of 8 frames at 7 Hz last 1.1 s and the
/// population bursts: column "fine .05".
struct LongWindowRate
{
    const char* scenario;
    double rate;
};
inline constexpr auto bursts_in_long_windows =
    std::array{LongWindowRate{"bursts-7-hz", 2.46}, LongWindowRate{"chains-.25-bursts-7-hz", 2.95}};

/// Data sets of each.
inline constexpr auto misleading_data_sets = 20;

} // namespace rewire::calcium
