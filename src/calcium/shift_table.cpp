#include "shift_block.hpp"

#include <rewire/base/dispatch.hpp>
#include <rewire/base/index.hpp>
#include <rewire/dense/symmetric.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::calcium {

namespace {

using base::at;

/// Transforms of the residues of a plan's traces. With t = u delta + r, the sequences x[u delta +
/// r] over u are correlated at all slots by one transform each, and correlations add up over r and
/// over states: `inner` rows (real, imaginary) of each frequency.
struct Spectra
{
    std::int64_t slots = 0;
    std::int64_t frequencies = 0; ///< slots / 2 + 1
    std::int64_t inner = 0;       ///< 2 * residues of all states
    std::vector<float> value;     ///< [groups, frequencies, inner, 16]

    float* at_frequency(std::int64_t group, std::int64_t f) noexcept
    {
        return value.data() + (group * frequencies + f) * inner * lanes;
    }
    const float* at_frequency(std::int64_t group, std::int64_t f) const noexcept
    {
        return value.data() + (group * frequencies + f) * inner * lanes;
    }
};

/// Standardised traces of a group of 16 neurons in one state, base shifts applied: [frames, 16].
void fill_traces(const ShiftNullPlan& plan, const BlockShifts& shifts, std::size_t state,
                 std::int64_t group, std::vector<float>& trace)
{
    const auto& s = plan.states[state];
    const auto n = plan.active_count();
    std::fill(trace.begin(), trace.begin() + s.frames * lanes, 0.0F);
    for (auto i = group * lanes; i < std::min((group + 1) * lanes, n); ++i) {
        const auto lane = i % lanes;
        const auto base = std::int64_t{shifts.base[at(static_cast<std::int64_t>(state) * n + i)]};
        // products of two scaled traces, summed over frequencies, are shrunk correlations
        const auto scale =
            plan.scale[at(i)] *
            std::sqrt((1 - plan.shrinkage) / static_cast<double>(plan.frames_used * plan.slots));
        auto place = [&](std::int64_t t) {
            const auto moved = t + base;
            return at((moved < s.frames ? moved : moved - s.frames) * lanes + lane);
        };
        auto residual = [&](std::int64_t t, double value) {
            value -= plan.mean[at(i)];
            for (std::int64_t k = 0; k < plan.basis.rank; ++k)
                value -= plan.slope[at(i * plan.basis.rank + k)] *
                         plan.basis.value[at(k * plan.frames_used + s.first + t)];
            return static_cast<float>(value * scale);
        };
        for (std::int64_t t = 0; t < s.frames; ++t)
            trace[place(t)] = residual(t, 0);
        const auto view = plan.activity.view();
        const auto frame = view.frames_of(i);
        const auto value = view.values_of(i);
        const auto first = std::lower_bound(frame.begin(), frame.end(), s.first) - frame.begin();
        for (auto e = at(first); e < frame.size() && frame[e] < s.first + s.frames; ++e)
            trace[place(frame[e] - s.first)] = residual(frame[e] - s.first, value[e]);
    }
}

/// Two real sequences in one complex transform: a in the real, b in the imaginary part.
void store_spectrum(const Lane* transformed, std::int64_t row, std::int64_t group, bool second,
                    Spectra& spectra)
{
    for (std::int64_t f = 0; f < spectra.frequencies; ++f) {
        const auto& z = transformed[f];
        const auto& w = transformed[f == 0 ? 0 : spectra.slots - f];
        auto* out = reinterpret_cast<float*>(spectra.at_frequency(group, f) + row * lanes);
        for (std::size_t lane = 0; lane < at(lanes); ++lane) {
            out[lane] = (z.re[lane] + w.re[lane]) * 0.5F;
            out[at(lanes) + lane] = (z.im[lane] - w.im[lane]) * 0.5F;
            if (second) {
                out[2 * at(lanes) + lane] = (z.im[lane] + w.im[lane]) * 0.5F;
                out[3 * at(lanes) + lane] = (w.re[lane] - z.re[lane]) * 0.5F;
            }
        }
    }
}

Spectra spectra_of(const ShiftNullPlan& plan, const BlockShifts& shifts)
{
    auto spectra = Spectra{};
    spectra.slots = plan.slots;
    spectra.frequencies = plan.slots / 2 + 1;
    auto longest = std::int64_t{0};
    for (const auto& s : plan.states) {
        spectra.inner += 2 * s.slot_frames;
        longest = std::max(longest, s.frames);
    }
    spectra.value.resize(at(shifts.groups * spectra.frequencies * spectra.inner * lanes));
    const auto transform =
        LaneTransform<float>(plan.slots, LaneTransform<float>::Direction::forward);
    auto data = std::vector<Lane>(at(plan.slots));
    auto scratch = std::vector<Lane>(at(plan.slots));
    auto trace = std::vector<float>(at(longest * lanes));
    for (std::int64_t group = 0; group < shifts.groups; ++group) {
        auto row = std::int64_t{0};
        for (std::size_t state = 0; state < plan.states.size(); ++state) {
            fill_traces(plan, shifts, state, group, trace);
            const auto delta = plan.states[state].slot_frames;
            for (std::int64_t r = 0; r < delta; r += 2) {
                const auto second = r + 1 < delta;
                for (std::int64_t u = 0; u < plan.slots; ++u) {
                    const auto* a = trace.data() + (u * delta + r) * lanes;
                    for (std::int64_t lane = 0; lane < lanes; ++lane) {
                        data[at(u)].re[at(lane)] = a[lane];
                        data[at(u)].im[at(lane)] = second ? a[lanes + lane] : 0;
                    }
                }
                store_spectrum(transform.run(data.data(), scratch.data()), row, group, second,
                               spectra);
                row += second ? 4 : 2;
            }
        }
    }
    return spectra;
}

/// The right-hand side of a tile's products at every frequency, [frequencies, inner, 32]: 16
/// columns that give the real part of conj(X_i) X_j and 16 that give its imaginary part.
void fill_right_side(const Spectra& spectra, std::int64_t group, std::vector<float>& right)
{
    auto* out = right.data();
    for (std::int64_t f = 0; f < spectra.frequencies; ++f) {
        const auto* in = spectra.at_frequency(group, f);
        for (std::int64_t k = 0; k < spectra.inner; k += 2, in += 2 * lanes)
            for (const auto* imaginary : {in + lanes, in}) {
                const auto real_row = imaginary != in;
                const auto* real = real_row ? in : in + lanes;
                const auto sign = real_row ? 1.0F : -1.0F;
                for (std::int64_t lane = 0; lane < lanes; ++lane) {
                    out[lane] = real[lane];
                    out[lanes + lane] = sign * imaginary[lane];
                }
                out += 2 * lanes;
            }
    }
}

/// Cross-spectra of rows a and b with 16 columns -> one complex sequence whose backward transform
/// has the correlations of a in its real and those of b in its imaginary part.
REWIRE_CLONES("avx512f", "avx2", "default")
void combine_rows(const float* product, std::int64_t a, std::int64_t b, std::int64_t slots,
                  Lane* data)
{
    constexpr auto tile = 2 * lanes * lanes;
    for (std::int64_t f = 0; f <= slots / 2; ++f) {
        const auto* row_a = reinterpret_cast<const LaneValues*>(product + f * tile) + 2 * a;
        const auto* row_b = reinterpret_cast<const LaneValues*>(product + f * tile) + 2 * b;
        data[f] = {row_a[0] - row_b[1], row_a[1] + row_b[0]};
        if (f > 0)
            data[slots - f] = {row_a[0] + row_b[1], row_b[0] - row_a[1]};
    }
}

/// Correlations of neuron i with 16 neurons in every surrogate.
struct LookUp
{
    const float* row = nullptr;           ///< [slots] of Lane; real or imaginary part
    const std::int32_t* slot_i = nullptr; ///< [count] 16 apart
    const std::int32_t* slot_j = nullptr; ///< [count, 16]
    std::int32_t slots = 0;
    std::int64_t count = 0;
    float* out = nullptr; ///< [count] `stride` apart
    std::int64_t stride = 0;
};

REWIRE_CLONES("avx512f", "avx2", "default")
void look_up_all(const LookUp& look)
{
    const auto slots = look.slots;
    for (std::int64_t s = 0; s < look.count; ++s) {
        const auto mine = look.slot_i[s * lanes];
        const auto* other = look.slot_j + s * lanes;
        auto* out = look.out + s * look.stride;
        for (std::int32_t lane = 0; lane < std::int32_t{lanes}; ++lane) {
            auto lag = mine - other[lane];
            lag += lag < 0 ? slots : 0;
            out[lane] = look.row[lag * 2 * std::int32_t{lanes} + lane];
        }
    }
}

/// The same for the lanes first .. last-1 only, `out` being the place of the first.
void look_up_some(const LookUp& look, std::int64_t first, std::int64_t last)
{
    for (std::int64_t s = 0; s < look.count; ++s)
        for (auto lane = first; lane < last; ++lane) {
            auto lag = look.slot_i[s * lanes] - look.slot_j[s * lanes + lane];
            lag += lag < 0 ? look.slots : 0;
            look.out[s * look.stride + lane - first] = look.row[lag * 2 * lanes + lane];
        }
}

/// Looks the pairs of neuron i with one group up.
void look_up_row(const ShiftNullPlan& plan, const BlockShifts& shifts, std::int64_t i,
                 std::int64_t group, const float* row, std::vector<float>& correlations)
{
    const auto n = plan.active_count();
    const auto first = std::max(group * lanes, i + 1);
    const auto last = std::min((group + 1) * lanes, n);
    if (i >= n || first >= last)
        return;
    const auto look = LookUp{
        .row = row,
        .slot_i = shifts.slot.data() + i / lanes * shifts.count * lanes + i % lanes,
        .slot_j = shifts.slot.data() + group * shifts.count * lanes,
        .slots = static_cast<std::int32_t>(plan.slots),
        .count = shifts.count,
        .out = correlations.data() + base::pair_index(i, first, n),
        .stride = plan.active_pairs(),
    };
    if (last - first == lanes)
        look_up_all(look);
    else
        look_up_some(look, first % lanes, first % lanes + last - first);
}

} // namespace

std::vector<float> table_correlations(const ShiftNullPlan& plan, const BlockShifts& shifts,
                                      const Tick& tick)
{
    const auto spectra = spectra_of(plan, shifts);
    const auto slots = plan.slots;
    auto correlations = std::vector<float>(at(shifts.count * plan.active_pairs()));
    auto right = std::vector<float>(at(spectra.frequencies * spectra.inner * 2 * lanes));
    // vectors of Lane, so that everything is aligned for the widest registers
    auto product = std::vector<Lane>(at(spectra.frequencies * lanes));
    auto data = std::vector<Lane>(at(slots));
    auto scratch = std::vector<Lane>(at(slots));
    const auto transform = LaneTransform<float>(slots, LaneTransform<float>::Direction::backward);
    const auto inner = at(spectra.inner);
    for (std::int64_t group = 0; group < shifts.groups; ++group) {
        fill_right_side(spectra, group, right);
        for (std::int64_t left = 0; left <= group; ++left) {
            for (std::int64_t f = 0; f < spectra.frequencies; ++f)
                dense::multiply_transposed(
                    {spectra.at_frequency(left, f), inner * at(lanes)},
                    {right.data() + f * spectra.inner * 2 * lanes, 2 * inner * at(lanes)},
                    {reinterpret_cast<float*>(product.data() + f * lanes), at(2 * lanes * lanes)},
                    lanes, 2 * lanes, spectra.inner);
            for (std::int64_t a = 0; a < lanes; a += 2) {
                combine_rows(reinterpret_cast<const float*>(product.data()), a, a + 1, slots,
                             data.data());
                const auto* rows =
                    reinterpret_cast<const float*>(transform.run(data.data(), scratch.data()));
                look_up_row(plan, shifts, left * lanes + a, group, rows, correlations);
                look_up_row(plan, shifts, left * lanes + a + 1, group, rows + lanes, correlations);
            }
        }
        if (!tick(0))
            return {};
    }
    return correlations;
}

} // namespace rewire::calcium
