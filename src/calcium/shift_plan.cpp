#include "shift_block.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/calcium/shift_null.hpp>
#include <rewire/dense/symmetric.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace rewire::calcium {

namespace {

constexpr auto usual_slots = std::int64_t{1000};
constexpr auto few_surrogates = std::int64_t{16};
constexpr auto block_bytes = std::int64_t{512} << 20;

using base::at;

bool is_smooth(std::int64_t n) noexcept
{
    for (const auto factor : {2, 3, 5})
        while (n % factor == 0)
            n /= factor;
    return n == 1;
}

void check(const activity::ActivityView& activity, std::span<const std::uint8_t> state,
           const CovariateView& covariates, const ShiftNullOptions& options)
{
    if (!state.empty() && static_cast<std::int64_t>(state.size()) != activity.frames)
        throw base::InputError(
            fmt::format("{} states for {} frames", state.size(), activity.frames), "states",
            "give one state a frame");
    if (static_cast<std::int64_t>(covariates.value.size()) != covariates.count * activity.frames)
        throw base::InputError(fmt::format("{} covariates over {} frames need {} values, not {}",
                                           covariates.count, activity.frames,
                                           covariates.count * activity.frames,
                                           covariates.value.size()),
                               "covariates", "give one value a frame");
    if (options.surrogates < 1 || options.minimum_shift < 1 || options.block_size < 0)
        throw base::InputError(
            fmt::format("{} surrogates, a minimum shift of {} frames, blocks of {}",
                        options.surrogates, options.minimum_shift, options.block_size),
            "shift null", "surrogates and minimum shift are at least 1, blocks at least 0");
}

std::array<std::int64_t, 256> frames_of_states(std::span<const std::uint8_t> state,
                                               std::int64_t frames)
{
    auto count = std::array<std::int64_t, 256>{};
    if (state.empty())
        count[0] = frames;
    for (const auto s : state)
        ++count[s];
    count[left_out_state] = 0;
    return count;
}

/// States long enough, their slots and their place in the used frames.
void place_states(ShiftNullPlan& plan, std::span<const std::uint8_t> state, std::int64_t frames,
                  std::int64_t active)
{
    const auto count = frames_of_states(state, frames);
    const auto shortest = std::max(active, 4 * plan.options.minimum_shift);
    auto kept = std::vector<std::int64_t>{};
    for (const auto n : count)
        if (n > 0 && n >= shortest)
            kept.push_back(n);
        else
            plan.frames_too_short += n;
    plan.shortest_state = shortest;
    plan.slots = choose_slots(active, kept);
    for (std::size_t s = 0; s < count.size() && plan.slots > 0; ++s)
        if (count[s] > 0 && count[s] >= shortest) {
            const auto delta = count[s] / plan.slots;
            plan.states.push_back({.state = static_cast<std::uint8_t>(s),
                                   .first = plan.frames_used,
                                   .slot_frames = delta,
                                   .frames = delta * plan.slots});
            plan.frames_used += delta * plan.slots;
        }
    plan.frames_left_out = frames - plan.frames_used;
    auto longest = std::int64_t{1};
    for (const auto& s : plan.states)
        longest = std::max(longest, s.frames);
    plan.distinct_shifts =
        std::max<std::int64_t>(0, std::min(longest - 1, plan.blocks() * (plan.slots - 1)));
}

/// Place of every frame in the used frames; -1: left out.
std::vector<std::int32_t> places(const ShiftNullPlan& plan, std::span<const std::uint8_t> state,
                                 std::int64_t frames)
{
    auto place = std::vector<std::int32_t>(at(frames), -1);
    for (const auto& s : plan.states) {
        auto next = std::int64_t{0};
        for (std::int64_t t = 0; t < frames && next < s.frames; ++t)
            if (state.empty() || state[at(t)] == s.state)
                place[at(t)] = static_cast<std::int32_t>(s.first + next++);
    }
    return place;
}

CovariateBasis selected_basis(const CovariateView& covariates,
                              const std::vector<std::int32_t>& place, std::int64_t frames_used)
{
    auto used = std::vector<double>(at(covariates.count * frames_used));
    const auto frames = static_cast<std::int64_t>(place.size());
    for (std::int64_t c = 0; c < covariates.count; ++c)
        for (std::int64_t t = 0; t < frames; ++t)
            if (place[at(t)] >= 0)
                used[at(c * frames_used + place[at(t)])] = covariates.value[at(c * frames + t)];
    return covariate_basis({.count = covariates.count, .value = used}, frames_used);
}

/// Observed partial correlations; false, with the reason, where there are none.
bool invert_observed(ShiftNullPlan& plan, const Covariance& covariance)
{
    const auto n = plan.active_count();
    auto matrix = shrunk_correlation(covariance, plan.shrinkage, plan.options.shrinkage.scale);
    const auto inversion = dense::invert_positive_definite(matrix, n);
    plan.rcond = inversion.reciprocal_condition;
    if (!inversion.positive_definite || plan.rcond < minimum_rcond) {
        plan.status_text =
            fmt::format("the correlation matrix of the {} active neurons is singular (reciprocal "
                        "condition {:.1e})",
                        n, plan.rcond);
        return false;
    }
    plan.observed.reserve(at(plan.active_pairs()));
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i + 1; j < n; ++j)
            plan.observed.push_back(-matrix[at(i * n + j)] /
                                    std::sqrt(matrix[at(i * n + i)] * matrix[at(j * n + j)]));
    return true;
}

/// Cuts the candidates to the used frames, keeps those that are active there, and observes.
bool observe(ShiftNullPlan& plan, const activity::ActivityView& activity,
             const std::vector<std::int64_t>& candidates, std::span<const std::uint8_t> state,
             const CovariateView& covariates)
{
    const auto place = places(plan, state, activity.frames);
    plan.basis = selected_basis(covariates, place, plan.frames_used);
    const auto all = activity::select(activity, candidates, place, plan.frames_used);
    const auto covariance = covariance_of(all.view(), plan.basis);
    for (const auto row : covariance.active)
        plan.active.push_back(candidates[at(row)]);
    if (plan.active_count() < 2) {
        plan.status_text = "fewer than two neurons are active in the frames used";
        return false;
    }
    plan.activity = activity::select(activity, plan.active, place, plan.frames_used);
    plan.mean = covariance.mean;
    plan.slope = covariance.slope;
    plan.shrinkage = shrinkage_of(plan.options.shrinkage, all.view(), plan.basis, covariance);
    plan.scale = shrunk_scale(covariance, plan.shrinkage, plan.options.shrinkage.scale);
    if (plan.shrinkage == 0 && plan.frames_used - plan.basis.rank <= plan.active_count()) {
        plan.status_text = fmt::format("{} frames are too few for {} active neurons",
                                       plan.frames_used, plan.active_count());
        return false;
    }
    return invert_observed(plan, covariance);
}

} // namespace

base::Range ShiftNullPlan::block(std::int64_t index) const noexcept
{
    return {.first = index * options.block_size,
            .last = std::min((index + 1) * options.block_size, options.surrogates)};
}

std::int64_t default_block_size(std::int64_t active) noexcept
{
    const auto bytes = std::max<std::int64_t>(1, base::pair_count(active)) * 4;
    return std::clamp<std::int64_t>(block_bytes / bytes, 16, 1000);
}

std::int64_t choose_slots(std::int64_t active, std::span<const std::int64_t> state_frames)
{
    if (state_frames.empty())
        return 0;
    const auto most = *std::min_element(state_frames.begin(), state_frames.end());
    const auto wanted = std::min(std::max(usual_slots, 2 * active), most);
    // Looking up to twice as far finds a number that leaves out next to nothing; where frames are
    // the limit, looking down does.
    const auto limited = 2 * wanted > most;
    const auto first = limited ? std::max({active, most / 2, std::int64_t{1}}) : wanted;
    const auto last = limited ? most : 2 * wanted;
    auto best = std::int64_t{0};
    auto least = std::int64_t{0};
    for (auto slots = first; slots <= last; ++slots) {
        if (!is_smooth(slots))
            continue;
        auto left_out = std::int64_t{0};
        for (const auto frames : state_frames)
            left_out += frames % slots;
        if (best == 0 || left_out < least || (limited && left_out == least)) {
            best = slots;
            least = left_out;
        }
    }
    return best;
}

ShiftNullPlan plan_shift_null(const activity::ActivityView& activity,
                              std::span<const std::uint8_t> state, const CovariateView& covariates,
                              const ShiftNullOptions& options, const ShiftNullKey& key)
{
    check(activity, state, covariates, options);
    auto plan = ShiftNullPlan{};
    plan.options = options;
    plan.key = key;
    plan.neurons = activity.neurons();
    const auto candidates = active_neurons(activity);
    const auto count = static_cast<std::int64_t>(candidates.size());
    if (plan.options.block_size == 0)
        plan.options.block_size = default_block_size(count);
    plan.possible = true; // for blocks()
    place_states(plan, state, activity.frames, count);
    plan.possible = false;
    if (count < 2) {
        plan.status_text = fmt::format("{} active neurons: there is no pair", count);
        return plan;
    }
    if (plan.states.empty()) {
        plan.status_text =
            fmt::format("no state is as long as {} frames, which {} active neurons "
                        "and a minimum shift of {} frames need",
                        std::max(count, 4 * options.minimum_shift), count, options.minimum_shift);
        return plan;
    }
    if (!observe(plan, activity, candidates, state, covariates))
        return plan;
    if (plan.options.engine == NullEngine::automatic)
        plan.options.engine = options.surrogates < few_surrogates || plan.rcond < table_rcond
                                  ? NullEngine::direct
                                  : NullEngine::table;
    plan.possible = true;
    plan.status_text = "ok";
    return plan;
}

double null_memory_bytes(std::int64_t active, std::int64_t frames, std::int64_t entries,
                         std::int64_t block_size, NullEngine engine)
{
    const auto n = static_cast<double>(active);
    const auto pairs = n * (n - 1) / 2;
    const auto t = static_cast<double>(frames);
    const auto shared = 24 * static_cast<double>(entries) + 16 * pairs + 8 * n * n;
    if (engine == NullEngine::direct)
        return shared + 24 * static_cast<double>(entries) + 8 * n * n + 8 * t;
    return shared + 4 * t * (n + 16) + 128 * t + 4 * pairs * static_cast<double>(block_size);
}

NullWork null_work(std::int64_t active, std::int64_t frames, std::int64_t entries,
                   std::int64_t block_size, NullEngine engine)
{
    const auto n = static_cast<double>(active);
    const auto pairs = n * (n - 1) / 2;
    const auto t = static_cast<double>(frames);
    const auto count = static_cast<double>(block_size);
    auto work =
        NullWork{.inverse_flops = count * n * n * n, .table_flops = 0, .pairs = count * pairs};
    if (engine == NullEngine::direct) {
        const auto e = static_cast<double>(entries);
        work.table_flops = count * std::min(10 * e * e / t, n * n * t);
    } else {
        const auto slots = static_cast<double>(choose_slots(active, std::array{frames}));
        work.table_flops = pairs * (4 * t + 2.5 * slots * std::log2(slots + 1));
    }
    return work;
}

} // namespace rewire::calcium
