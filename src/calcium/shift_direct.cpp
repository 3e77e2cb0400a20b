#include "shift_block.hpp"

#include <rewire/base/index.hpp>
#include <rewire/dense/symmetric.hpp>

#include <algorithm>

namespace rewire::calcium {

namespace {

constexpr auto block_frames = std::int64_t{512};

using base::at;

/// Every trace turned around the circle of each state.
activity::Activity shifted(const ShiftNullPlan& plan, const std::vector<std::int32_t>& shift)
{
    const auto n = plan.active_count();
    auto result = activity::Activity{};
    result.frames = plan.frames_used;
    result.start = plan.activity.start;
    result.frame.reserve(plan.activity.frame.size());
    result.value.reserve(plan.activity.value.size());
    const auto view = plan.activity.view();
    for (std::int64_t i = 0; i < n; ++i) {
        const auto frame = view.frames_of(i);
        const auto value = view.values_of(i);
        auto first = std::size_t{0};
        for (std::size_t s = 0; s < plan.states.size(); ++s) {
            const auto& state = plan.states[s];
            const auto by = shift[s * at(n) + at(i)];
            const auto last =
                at(std::lower_bound(frame.begin(), frame.end(), state.first + state.frames) -
                   frame.begin());
            // entries shifted past the end wrap round to the front
            const auto turn = at(std::lower_bound(frame.begin() + static_cast<long>(first),
                                                  frame.begin() + static_cast<long>(last),
                                                  state.first + state.frames - by) -
                                 frame.begin());
            for (auto e = turn; e < last; ++e) {
                result.frame.push_back(static_cast<std::int32_t>(frame[e] + by - state.frames));
                result.value.push_back(value[e]);
            }
            for (auto e = first; e < turn; ++e) {
                result.frame.push_back(frame[e] + by);
                result.value.push_back(value[e]);
            }
            first = last;
        }
    }
    return result;
}

/// What is expected of neuron i where it was recorded at place t of a state.
double expected(const ShiftNullPlan& plan, std::int64_t i, std::int64_t t)
{
    auto sum = plan.mean[at(i)];
    for (std::int64_t k = 0; k < plan.basis.rank; ++k)
        sum += plan.slope[at(i * plan.basis.rank + k)] *
               plan.basis.value[at(k * plan.frames_used + t)];
    return sum;
}

/// Sums of products of the shifted residuals: dense, since covariates are.
void add_residuals(const ShiftNullPlan& plan, const activity::Activity& activity,
                   const std::vector<std::int32_t>& shift, std::vector<double>& matrix)
{
    const auto n = plan.active_count();
    auto block = std::vector<double>(at(n * block_frames));
    const auto view = activity.view();
    for (std::size_t s = 0; s < plan.states.size(); ++s) {
        const auto& state = plan.states[s];
        for (std::int64_t first = 0; first < state.frames; first += block_frames) {
            const auto columns = std::min(block_frames, state.frames - first);
            const auto begin = state.first + first;
            for (std::int64_t i = 0; i < n; ++i) {
                auto* row = block.data() + i * block_frames;
                for (std::int64_t c = 0; c < columns; ++c) {
                    const auto from = first + c - shift[s * at(n) + at(i)];
                    row[c] =
                        -expected(plan, i, state.first + (from < 0 ? from + state.frames : from));
                }
                const auto frame = view.frames_of(i);
                const auto value = view.values_of(i);
                auto e = at(std::lower_bound(frame.begin(), frame.end(), begin) - frame.begin());
                for (; e < frame.size() && frame[e] < begin + columns; ++e)
                    row[frame[e] - begin] += value[e];
            }
            dense::add_products_of_rows(matrix, n, block, columns, block_frames);
        }
    }
}

} // namespace

void direct_correlations(const ShiftNullPlan& plan, const std::vector<std::int32_t>& shift,
                         std::vector<double>& matrix)
{
    const auto n = plan.active_count();
    const auto activity = shifted(plan, shift);
    auto divisor = 1.0;
    if (plan.basis.rank == 0) {
        matrix = covariance_of(activity.view(), CovariateBasis{}).matrix;
    } else {
        matrix.assign(at(n * n), 0.0);
        add_residuals(plan, activity, shift, matrix);
        divisor = static_cast<double>(plan.frames_used);
    }
    for (std::int64_t i = 0; i < n; ++i) {
        matrix[at(i * n + i)] = 1;
        for (auto j = i + 1; j < n; ++j)
            matrix[at(i * n + j)] *=
                (1 - plan.shrinkage) * plan.scale[at(i)] * plan.scale[at(j)] / divisor;
    }
}

} // namespace rewire::calcium
