#pragma once

namespace rewire::benchmarks {

/// Processor time of this process, s.
double processor_seconds();

/// Bytes a second that one core reads from memory, streaming through an array much larger than its
/// share of the last cache: best of several. Measured once a run.
double read_bandwidth();

/// Multiplications and additions of doubles a second that one core does in independent vectors of
/// the width this program is compiled for (the portable baseline, not the widest there is).
double baseline_flops();

} // namespace rewire::benchmarks
