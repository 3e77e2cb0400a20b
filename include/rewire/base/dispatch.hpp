#pragma once

/// Marks a function that the compiler builds once for each of the named instruction sets, the
/// processor picking one when the library is loaded: `REWIRE_CLONES("avx512f", "avx2", "default")`.
/// The function must not be a template, and what it calls must be inlined into it to profit.
/// Nothing here may use fused multiply-add (the build says -ffp-contract=off), so all clones round
/// alike and give the same bits.
///
/// Off where the compiler or processor has no clones, and under the sanitizers, whose run-time is
/// not yet set up when the choice is made.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define REWIRE_CLONES(...) __attribute__((target_clones(__VA_ARGS__)))
#else
#define REWIRE_CLONES(...)
#endif
