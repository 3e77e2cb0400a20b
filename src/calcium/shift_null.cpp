#include "shift_block.hpp"

#include <rewire/base/dispatch.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/random.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace rewire::calcium {

namespace {

constexpr auto tick_every = std::int64_t{8}; ///< surrogates

using base::at;

/// One row of pairs (i, j > i) of a surrogate.
struct Row
{
    std::int64_t count = 0;
    const double* inverse = nullptr; ///< [count]
    const double* scale = nullptr;   ///< [count] of the j
    double scale_i = 0;
    const double* observed = nullptr;
    std::int32_t* aligned = nullptr; ///< 1: relative shift too small
    std::int32_t* exceed = nullptr;
    double* value = nullptr; ///< scratch
};

REWIRE_CLONES("avx512f", "avx2", "default")
void mark_aligned(const std::int32_t* shift, std::int32_t mine, std::int32_t frames,
                  std::int32_t minimum, std::int64_t count, std::int32_t* aligned)
{
    for (std::int64_t j = 0; j < count; ++j) {
        const auto difference = shift[j] > mine ? shift[j] - mine : mine - shift[j];
        const auto distance = difference < frames - difference ? difference : frames - difference;
        aligned[j] |= distance < minimum ? 1 : 0;
    }
}

/// Counts, and returns the largest value of the pairs that are not nearly aligned.
REWIRE_CLONES("avx512f", "avx2", "default")
double count_row(const Row& row, bool two_sided)
{
    const auto flip = two_sided ? 0.0 : -std::numeric_limits<double>::infinity();
    for (std::int64_t j = 0; j < row.count; ++j) {
        const auto value = -row.inverse[j] * row.scale_i * row.scale[j];
        // one-sided: the larger of value and -infinity is the value itself
        row.value[j] = two_sided ? std::abs(value) : (value > flip ? value : flip);
    }
    for (std::int64_t j = 0; j < row.count; ++j) {
        const auto observed = two_sided ? std::abs(row.observed[j]) : row.observed[j];
        const auto reaches = row.value[j] >= observed - tie_tolerance ? 1 : 0;
        row.exceed[j] += reaches;
        row.value[j] = row.aligned[j] != 0 ? no_maximum : row.value[j];
    }
    constexpr auto width = std::size_t{8};
    auto largest = std::array<double, width>{};
    largest.fill(no_maximum);
    auto j = std::int64_t{0};
    for (; j + std::int64_t{width} <= row.count; j += width)
        for (std::size_t k = 0; k < width; ++k) {
            const auto value = row.value[at(j) + k];
            largest[k] = value > largest[k] ? value : largest[k];
        }
    for (; j < row.count; ++j)
        largest[0] = std::max(largest[0], row.value[j]);
    return *std::max_element(largest.begin(), largest.end());
}

/// Inverts the correlation matrix of a surrogate. One that is close to singular is made again in
/// double precision first: single precision would decide.
bool invert(const ShiftNullPlan& plan, const std::vector<std::int32_t>& shift,
            std::vector<double>& matrix)
{
    const auto n = plan.active_count();
    auto inversion = dense::invert_positive_definite(matrix, n);
    if (inversion.reciprocal_condition < table_rcond && plan.options.engine == NullEngine::table) {
        direct_correlations(plan, shift, matrix);
        inversion = dense::invert_positive_definite(matrix, n);
    }
    return inversion.positive_definite && inversion.reciprocal_condition >= minimum_rcond;
}

/// Adds one surrogate to the tally. `matrix` is its correlation matrix and is destroyed.
void count_surrogate(const ShiftNullPlan& plan, const std::vector<std::int32_t>& shift,
                     std::int64_t surrogate, std::vector<double>& matrix, ShiftNullTally& tally)
{
    const auto n = plan.active_count();
    ++tally.surrogates;
    if (!invert(plan, shift, matrix)) {
        ++tally.singular;
        return;
    }
    auto scale = std::vector<double>(at(n));
    for (std::int64_t i = 0; i < n; ++i)
        scale[at(i)] = 1 / std::sqrt(matrix[at(i * n + i)]);
    auto aligned = std::vector<std::int32_t>(at(n));
    auto value = std::vector<double>(at(n));
    auto largest = no_maximum;
    for (std::int64_t i = 0; i + 1 < n; ++i) {
        const auto pair = at(base::pair_index(i, i + 1, n));
        const auto count = n - i - 1;
        std::fill(aligned.begin(), aligned.begin() + count, 0);
        for (std::size_t s = 0; s < plan.states.size(); ++s) {
            const auto* of_state = shift.data() + s * at(n) + i;
            mark_aligned(
                of_state + 1, of_state[0], static_cast<std::int32_t>(plan.states[s].frames),
                static_cast<std::int32_t>(plan.options.minimum_shift), count, aligned.data());
        }
        const auto row = Row{.count = count,
                             .inverse = matrix.data() + i * n + i + 1,
                             .scale = scale.data() + i + 1,
                             .scale_i = scale[at(i)],
                             .observed = plan.observed.data() + pair,
                             .aligned = aligned.data(),
                             .exceed = tally.exceed.data() + pair,
                             .value = value.data()};
        largest = std::max(largest, count_row(row, plan.options.two_sided));
        tally.aligned += std::accumulate(aligned.begin(), aligned.begin() + count, 0);
    }
    tally.maximum[at(surrogate)] = largest;
}

void unpack(const float* pairs, std::int64_t n, std::vector<double>& matrix)
{
    for (std::int64_t i = 0; i < n; ++i) {
        matrix[at(i * n + i)] = 1;
        for (auto j = i + 1; j < n; ++j)
            matrix[at(i * n + j)] = static_cast<double>(*pairs++);
    }
}

} // namespace

BlockShifts draw_shifts(const ShiftNullPlan& plan, std::int64_t block)
{
    const auto n = plan.active_count();
    const auto range = plan.block(block);
    const auto& key = plan.key;
    auto shifts = BlockShifts{};
    shifts.count = range.size();
    shifts.groups = (n + lanes - 1) / lanes;
    shifts.slot.assign(at(shifts.groups * shifts.count * lanes), 0);
    for (std::int64_t s = 0; s < shifts.count; ++s) {
        auto stream = base::Stream(key.seed, {base::key_of("shift slot"), key.subject, key.session,
                                              static_cast<std::uint64_t>(range.first + s)});
        const auto drawn = base::distinct_below(stream, plan.slots, n);
        for (std::int64_t i = 0; i < n; ++i)
            shifts.slot[at((i / lanes * shifts.count + s) * lanes + i % lanes)] =
                static_cast<std::int32_t>(drawn[at(i)]);
    }
    auto stream = base::Stream(key.seed, {base::key_of("shift base"), key.subject, key.session,
                                          static_cast<std::uint64_t>(block)});
    for (const auto& state : plan.states)
        for (std::int64_t i = 0; i < n; ++i)
            shifts.base.push_back(static_cast<std::int32_t>(
                stream.below(static_cast<std::uint64_t>(state.slot_frames))));
    return shifts;
}

std::vector<std::int32_t> shifts_of(const ShiftNullPlan& plan, const BlockShifts& shifts,
                                    std::int64_t surrogate)
{
    const auto n = plan.active_count();
    auto shift = std::vector<std::int32_t>{};
    shift.reserve(plan.states.size() * at(n));
    for (std::size_t s = 0; s < plan.states.size(); ++s)
        for (std::int64_t i = 0; i < n; ++i) {
            const auto delta = static_cast<std::int32_t>(plan.states[s].slot_frames);
            shift.push_back(shifts.slot_of(i, surrogate) * delta + shifts.base[s * at(n) + at(i)]);
        }
    return shift;
}

ShiftNullTally empty_tally(const ShiftNullPlan& plan)
{
    auto tally = ShiftNullTally{};
    const auto pairs = plan.possible ? at(plan.active_pairs()) : std::size_t{0};
    tally.exceed.assign(pairs, 0);
    tally.maximum.assign(at(plan.options.surrogates), no_maximum);
    return tally;
}

void add_to(ShiftNullTally& sum, const ShiftNullTally& part)
{
    sum.surrogates += part.surrogates;
    sum.singular += part.singular;
    sum.aligned += part.aligned;
    for (std::size_t pair = 0; pair < sum.exceed.size(); ++pair) {
        sum.exceed[pair] += part.exceed[pair];
    }
    for (std::size_t s = 0; s < sum.maximum.size(); ++s)
        sum.maximum[s] = std::max(sum.maximum[s], part.maximum[s]);
}

std::optional<ShiftNullTally> run_shift_block(const ShiftNullPlan& plan, std::int64_t block,
                                              const Tick& tick)
{
    const auto n = plan.active_count();
    const auto shifts = draw_shifts(plan, block);
    const auto first = plan.block(block).first;
    auto tally = empty_tally(plan);
    auto matrix = std::vector<double>(at(n * n));
    auto correlations = std::vector<float>{};
    const auto from_table = plan.options.engine == NullEngine::table;
    if (from_table) {
        correlations = table_correlations(plan, shifts, tick);
        if (correlations.empty())
            return std::nullopt;
    }
    auto reported = std::int64_t{0};
    for (std::int64_t s = 0; s < shifts.count; ++s) {
        const auto shift = shifts_of(plan, shifts, s);
        if (from_table)
            unpack(correlations.data() + s * plan.active_pairs(), n, matrix);
        else
            direct_correlations(plan, shift, matrix);
        count_surrogate(plan, shift, first + s, matrix, tally);
        if (s + 1 - reported == tick_every || s + 1 == shifts.count) {
            if (!tick(s + 1 - reported))
                return std::nullopt;
            reported = s + 1;
        }
    }
    return tally;
}

ShiftNullResult finish_shift_null(const ShiftNullPlan& plan, const ShiftNullTally& tally)
{
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    auto result = ShiftNullResult{};
    const auto pairs = at(base::pair_count(plan.neurons));
    result.p_value.assign(pairs, nan);
    result.p_fwe.assign(pairs, nan);
    result.surrogates = tally.surrogates - tally.singular;
    result.singular = tally.singular;
    if (!plan.possible || result.surrogates == 0) {
        result.q_value = result.p_value;
        return result;
    }
    auto maximum = std::vector<double>{};
    for (const auto value : tally.maximum)
        if (value > no_maximum)
            maximum.push_back(value);
    std::sort(maximum.begin(), maximum.end());
    result.aligned_share = static_cast<double>(tally.aligned) /
                           static_cast<double>(plan.active_pairs() * result.surrogates);
    result.smallest_p = stats::monte_carlo_p(0, std::min(plan.distinct_shifts, result.surrogates));

    result.observed.assign(pairs, nan);
    const auto n = plan.active_count();
    auto pair = std::size_t{0};
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i + 1; j < n; ++j, ++pair) {
            const auto out =
                at(base::pair_index(plan.active[at(i)], plan.active[at(j)], plan.neurons));
            result.observed[out] = plan.observed[pair];
            result.p_value[out] = std::max(
                result.smallest_p, stats::monte_carlo_p(tally.exceed[pair], result.surrogates));
            const auto observed =
                plan.options.two_sided ? std::abs(plan.observed[pair]) : plan.observed[pair];
            const auto reached = maximum.end() - std::lower_bound(maximum.begin(), maximum.end(),
                                                                  observed - tie_tolerance);
            const auto p = stats::monte_carlo_p(static_cast<std::int64_t>(reached),
                                                static_cast<std::int64_t>(maximum.size()));
            // never below the pair's own, which compares with the nearly aligned as well
            result.p_fwe[out] =
                std::max(result.p_value[out], std::min(1.0, p / (1 - result.aligned_share)));
        }
    result.q_value = stats::benjamini_hochberg(result.p_value);
    return result;
}

} // namespace rewire::calcium
