#include "near_differences.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>

namespace rewire::spikes {

// Eight spikes are looked at for every spike of the first train, which are mostly all that the
// stretch and the reach hold: no branch depends on where they lie, and no spike waits for the one
// before.
__attribute__((target("avx512f,avx512vl,bmi2,popcnt"))) std::size_t
DifferenceSearch::next_avx512(DifferenceBuffer& out)
{
    constexpr auto at_once = std::size_t{8};
    static_assert(at_once <= TrainByTime::padding);
    const auto reach_ns = reach_ns_;
    const auto reach = _mm512_set1_epi64(reach_ns);
    const auto minus_reach = _mm512_set1_epi64(-reach_ns);
    const auto first = first_;
    const auto second = second_;
    auto spike = spike_;
    const auto* other = other_;
    auto size = std::size_t{0};
    auto* const to = out.data();
    for (; spike < first.size(); ++spike, other = nullptr) {
        const auto time = first[spike];
        if (other == nullptr)
            other = second.from(time - reach_ns);
        auto passed_all = false;
        for (; !passed_all && size < differences_at_most; other += at_once) {
            const auto difference =
                _mm512_sub_epi64(_mm512_set1_epi64(time), _mm512_loadu_si512(other));
            const auto not_beyond = _mm512_cmpgt_epi64_mask(difference, minus_reach);
            const auto within = _mm512_mask_cmplt_epi64_mask(not_beyond, difference, reach);
            const auto narrow = _mm256_maskz_compress_epi32(
                within, _mm512_maskz_cvtepi64_epi32(within, difference));
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + size), narrow);
            size += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(within)));
            passed_all = not_beyond != 0xFF;
        }
        if (!passed_all)
            break;
    }
    spike_ = spike;
    other_ = other;
    return size;
}

} // namespace rewire::spikes

#endif
