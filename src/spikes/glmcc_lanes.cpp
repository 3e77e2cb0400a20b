#include "exponentials.hpp"
#include "glmcc_kernel.hpp"
#include "glmcc_parts.hpp"

#include <rewire/base/dispatch.hpp>

#include <algorithm>
#include <cmath>
#include <memory>

namespace rewire::spikes {

namespace {

constexpr auto half = static_cast<std::size_t>(glmcc_half);
constexpr auto smallest_coupling = -3.0;
constexpr auto largest_coupling = 5.0;
constexpr auto lanes = std::size_t{8};

using EightNumbers [[gnu::vector_size(lanes * sizeof(double))]] = double;
using EightBits [[gnu::vector_size(lanes * sizeof(double))]] = std::uint64_t;
using EightAnswers [[gnu::vector_size(lanes * sizeof(double))]] = std::int64_t;

/// A number of each lane. Aligned by hand, as the vectors bring the alignment of the narrowest
/// target.
struct alignas(64) Eight
{
    EightNumbers v{};
};
/// What a comparison answers: -1 where it holds.
struct alignas(64) EightMask
{
    EightAnswers v{};
};

using EightPair = std::array<Eight, 2>;
/// [bins from the middle, side]. Side 0: negative lags.
using Bins = std::array<EightPair, half>;

[[gnu::always_inline]] inline bool any_of(const EightAnswers& mask)
{
    auto sum = std::int64_t{0};
    for (std::size_t lane = 0; lane < lanes; ++lane)
        sum |= mask[lane];
    return sum != 0;
}

/// What the lanes' tasks give to the model.
struct LaneData
{
    std::size_t delay = 0;
    double stiffness = 0;
    const GlmccKernelBin* kernel = nullptr;
    Bins count{};
    EightPair sum{};                 ///< of f over the events
    std::array<EightMask, 2> held{}; ///< J is to stay
};

/// The log posterior at a point, its gradient and Hessian.
struct LanePoint
{
    Bins a{};
    EightPair coupling{};
    Eight log_posterior;
    Eight log_likelihood;
    Bins gradient_a{};
    EightPair gradient_j{};
    Bins expected{};       ///< G: events of each bin
    Bins mixed{};          ///< e^a I1, of the one side that the bin is on
    EightPair curvature{}; ///< sum of e^a I2
};

struct LaneStep
{
    Bins a{};
    EightPair coupling{};
    Eight decrement; ///< gradient times step
};

/// Integrals over a bin of e^{Jf}, f e^{Jf}, f^2 e^{Jf}.
struct Integrals
{
    EightNumbers none;
    EightNumbers first;
    EightNumbers second;
};

template <std::size_t terms>
[[gnu::always_inline]] inline void by_series(const GlmccKernelBin& kernel,
                                             const EightNumbers& coupling, Integrals& out)
{
    out.none = EightNumbers{} + kernel.series[0][terms - 1];
    out.first = EightNumbers{} + kernel.series[1][terms - 1];
    out.second = EightNumbers{} + kernel.series[2][terms - 1];
    for (auto n = terms - 1; n-- > 0;) {
        out.none = out.none * coupling + kernel.series[0][n];
        out.first = out.first * coupling + kernel.series[1][n];
        out.second = out.second * coupling + kernel.series[2][n];
    }
}

[[gnu::always_inline]] inline void by_nodes(const GlmccKernelBin& kernel,
                                            const EightNumbers& coupling, Integrals& out)
{
    out = {EightNumbers{}, EightNumbers{}, EightNumbers{}};
    for (std::size_t q = 0; q < GlmccKernelBin::nodes; ++q) {
        const auto f = kernel.value[q];
        const EightNumbers exponent = coupling * f;
        EightNumbers term{};
        bounded_exponential_of<EightNumbers, EightBits>(exponent, term);
        term *= glmcc_node_weight[q];
        const EightNumbers weighted = term * f;
        out.none += term;
        out.first += weighted;
        out.second += weighted * f;
    }
}

/// Each lane by what its own J f asks for; what no lane asks for is not computed.
[[gnu::always_inline]] inline void integrals_of(const GlmccKernelBin& kernel,
                                                const EightNumbers& coupling, Integrals& out)
{
    const EightNumbers size = (coupling < 0.0 ? -coupling : coupling) * kernel.largest;
    const EightAnswers some = size >= EightNumbers{} + reach_of_few_terms;
    by_series<GlmccKernelBin::few_terms>(kernel, coupling, out);
    if (!any_of(some))
        return;
    auto better = Integrals{};
    by_series<GlmccKernelBin::terms>(kernel, coupling, better);
    const EightAnswers large = size >= EightNumbers{} + reach_of_series;
    if (any_of(large)) {
        auto best = Integrals{};
        by_nodes(kernel, coupling, best);
        better.none = large ? best.none : better.none;
        better.first = large ? best.first : better.first;
        better.second = large ? best.second : better.second;
    }
    out.none = some ? better.none : out.none;
    out.first = some ? better.first : out.first;
    out.second = some ? better.second : out.second;
}

REWIRE_CLONES("avx512f", "avx2", "default")
void evaluate(const LaneData& data, LanePoint& point)
{
    auto likelihood = EightPair{};
    auto roughness = EightPair{};
    for (std::size_t side = 0; side < 2; ++side) {
        likelihood[side].v = point.coupling[side].v * data.sum[side].v;
        point.gradient_j[side] = data.sum[side];
        point.curvature[side] = {};
    }
    for (std::size_t m = 0; m < half; ++m)
        for (std::size_t side = 0; side < 2; ++side) {
            const EightNumbers a = point.a[m][side].v;
            EightNumbers background{};
            bounded_exponential_of<EightNumbers, EightBits>(a, background);
            EightNumbers expected = background;
            EightNumbers mixed{};
            if (m >= data.delay) {
                auto parts = Integrals{};
                integrals_of(data.kernel[m - data.delay], point.coupling[side].v, parts);
                expected = background * parts.none;
                mixed = background * parts.first;
                point.gradient_j[side].v -= mixed;
                point.curvature[side].v += background * parts.second;
            }
            point.expected[m][side].v = expected;
            point.mixed[m][side].v = mixed;
            likelihood[side].v += data.count[m][side].v * a - expected;
            const EightNumbers inner =
                a - (m == 0 ? point.a[0][1 - side].v : point.a[m - 1][side].v);
            EightNumbers bend = inner;
            if (m + 1 < half)
                bend += a - point.a[m + 1][side].v;
            point.gradient_a[m][side].v = data.count[m][side].v - expected - bend * data.stiffness;
            // The step in the middle belongs to both sides.
            roughness[side].v += inner * inner * (m == 0 ? 0.5 : 1.0);
        }
    point.log_likelihood.v = likelihood[0].v + likelihood[1].v;
    point.log_posterior.v =
        point.log_likelihood.v - (roughness[0].v + roughness[1].v) * (data.stiffness / 2);
}

/// Solutions of the tridiagonal block, over the stiffness, for the gradient and for the columns of
/// both couplings. From both ends to the middle and back: the column of a coupling has nothing on
/// the other side until then.
[[gnu::always_inline]] inline void solve_background(const LanePoint& at, double stiffness,
                                                    Bins& gradient, std::array<Bins, 2>& columns)
{
    auto inverse = Bins{}; // of the pivots
    auto right = EightPair{};
    auto column = EightPair{};
    auto pivot = EightPair{};
    const auto scale = 1 / stiffness;
    for (auto m = half; m-- > 0;)
        for (std::size_t side = 0; side < 2; ++side) {
            pivot[side].v = at.expected[m][side].v * scale + (m + 1 == half ? 1.0 : 2.0);
            EightNumbers new_right = at.gradient_a[m][side].v * scale;
            EightNumbers new_column = at.mixed[m][side].v * scale;
            if (m + 1 < half) {
                const EightNumbers outer = inverse[m + 1][side].v;
                pivot[side].v -= outer;
                new_right += outer * right[side].v;
                new_column += outer * column[side].v;
            }
            right[side].v = new_right;
            column[side].v = new_column;
            gradient[m][side].v = new_right;
            columns[side][m][side].v = new_column;
            if (m > 0)
                inverse[m][side].v = 1.0 / pivot[side].v;
        }
    const EightNumbers of_determinant = 1.0 / (pivot[0].v * pivot[1].v - 1.0);
    for (std::size_t side = 0; side < 2; ++side) {
        const auto other = 1 - side;
        gradient[0][side].v = (right[side].v * pivot[other].v + right[other].v) * of_determinant;
        columns[side][0][side].v = column[side].v * pivot[other].v * of_determinant;
        columns[other][0][side].v = column[other].v * of_determinant;
    }
    for (std::size_t m = 1; m < half; ++m)
        for (std::size_t side = 0; side < 2; ++side) {
            const EightNumbers by = inverse[m][side].v;
            gradient[m][side].v = (gradient[m][side].v + gradient[m - 1][side].v) * by;
            auto& own = columns[side];
            own[m][side].v = (own[m][side].v + own[m - 1][side].v) * by;
            auto& others = columns[1 - side];
            others[m][side].v = others[m - 1][side].v * by;
        }
}

/// Couplings that a step must leave: those asked for, those at a limit that the gradient would push
/// beyond it, and those on which nothing depends.
[[gnu::always_inline]] inline void held_coupling(const LaneData& data, const LanePoint& at,
                                                 std::size_t side, const Eight& left,
                                                 EightMask& out)
{
    const EightNumbers j = at.coupling[side].v;
    const EightNumbers gradient = at.gradient_j[side].v;
    const EightAnswers low =
        (j <= EightNumbers{} + smallest_coupling) & (gradient < EightNumbers{});
    const EightAnswers high =
        (j >= EightNumbers{} + largest_coupling) & (gradient > EightNumbers{});
    out.v = data.held[side].v | low | high | ~(left.v > EightNumbers{});
}

/// Newton step of every lane.
REWIRE_CLONES("avx512f", "avx2", "default")
void newton_step(const LaneData& data, const LanePoint& at, LaneStep& step)
{
    auto columns = std::array<Bins, 2>{};
    solve_background(at, data.stiffness, step.a, columns);

    // what is left for the couplings once the background is eliminated: 2 x 2
    auto matrix = std::array<EightPair, 2>{};
    auto right = at.gradient_j;
    matrix[0][0] = at.curvature[0];
    matrix[1][1] = at.curvature[1];
    for (std::size_t m = data.delay; m < half; ++m)
        for (std::size_t side = 0; side < 2; ++side) {
            const EightNumbers mixed = at.mixed[m][side].v;
            right[side].v -= mixed * step.a[m][side].v;
            matrix[side][0].v -= mixed * columns[0][m][side].v;
            matrix[side][1].v -= mixed * columns[1][m][side].v;
        }
    auto held = std::array<EightMask, 2>{};
    for (std::size_t side = 0; side < 2; ++side)
        held_coupling(data, at, side, matrix[side][side], held[side]);
    const EightAnswers held0 = held[0].v;
    const EightAnswers held1 = held[1].v;
    const EightAnswers either = held0 | held1;
    const auto zero = EightNumbers{};
    const auto one = EightNumbers{} + 1.0;
    const EightNumbers diagonal0 = held0 ? one : matrix[0][0].v;
    const EightNumbers diagonal1 = held1 ? one : matrix[1][1].v;
    const EightNumbers cross01 = either ? zero : matrix[0][1].v;
    const EightNumbers cross10 = either ? zero : matrix[1][0].v;
    const EightNumbers right0 = held0 ? zero : right[0].v;
    const EightNumbers right1 = held1 ? zero : right[1].v;
    const EightNumbers of_determinant = 1.0 / (diagonal0 * diagonal1 - cross01 * cross10);
    const EightNumbers step0 = (right0 * diagonal1 - right1 * cross01) * of_determinant;
    const EightNumbers step1 = (right1 * diagonal0 - right0 * cross10) * of_determinant;
    step.coupling[0].v = step0;
    step.coupling[1].v = step1;

    auto decrement = EightPair{};
    decrement[0].v = at.gradient_j[0].v * step0;
    decrement[1].v = at.gradient_j[1].v * step1;
    for (std::size_t m = 0; m < half; ++m)
        for (std::size_t side = 0; side < 2; ++side) {
            step.a[m][side].v -= step0 * columns[0][m][side].v + step1 * columns[1][m][side].v;
            decrement[side].v += at.gradient_a[m][side].v * step.a[m][side].v;
        }
    step.decrement.v = decrement[0].v + decrement[1].v;
}

/// The point at `length` of the step, or of no step.
REWIRE_CLONES("avx512f", "avx2", "default")
void move(const LanePoint& from, const LaneStep& step, const Eight& length, const EightMask& stay,
          LanePoint& to)
{
    const auto zero = EightNumbers{};
    for (std::size_t m = 0; m < half; ++m)
        for (std::size_t side = 0; side < 2; ++side)
            to.a[m][side].v =
                from.a[m][side].v + (stay.v ? zero : EightNumbers(length.v * step.a[m][side].v));
    const auto low = zero + smallest_coupling;
    const auto high = zero + largest_coupling;
    for (std::size_t side = 0; side < 2; ++side) {
        EightNumbers j = from.coupling[side].v +
                         (stay.v ? zero : EightNumbers(length.v * step.coupling[side].v));
        j = j < low ? low : j;
        to.coupling[side].v = j > high ? high : j;
    }
}

[[gnu::always_inline]] inline void select(const EightMask& taken, const Eight& from, Eight& to)
{
    to.v = taken.v ? from.v : to.v;
}

/// Lanes of `from` where `taken`.
REWIRE_CLONES("avx512f", "avx2", "default")
void take(const LanePoint& from, const EightMask& taken, LanePoint& to)
{
    for (std::size_t m = 0; m < half; ++m)
        for (std::size_t side = 0; side < 2; ++side) {
            select(taken, from.a[m][side], to.a[m][side]);
            select(taken, from.gradient_a[m][side], to.gradient_a[m][side]);
            select(taken, from.expected[m][side], to.expected[m][side]);
            select(taken, from.mixed[m][side], to.mixed[m][side]);
        }
    for (std::size_t side = 0; side < 2; ++side) {
        select(taken, from.coupling[side], to.coupling[side]);
        select(taken, from.gradient_j[side], to.gradient_j[side]);
        select(taken, from.curvature[side], to.curvature[side]);
    }
    select(taken, from.log_posterior, to.log_posterior);
    select(taken, from.log_likelihood, to.log_likelihood);
}

std::size_t bin_of(std::size_t m, std::size_t side)
{
    return side == 0 ? half - 1 - m : half + m;
}

/// Tasks in lanes: loads them, moves all by a step at a time, and hands over what is done.
class LaneFits
{
  public:
    LaneFits(std::span<const GlmccTask> tasks, int delay_ms, double stiffness, double tau_ms)
        : tasks_(tasks), delay_ms_(delay_ms), tau_ms_(tau_ms)
    {
        data_.delay = static_cast<std::size_t>(delay_ms);
        data_.stiffness = stiffness;
        data_.kernel = glmcc_kernel(tau_ms).data();
        // A lane without a task does again what the first does.
        for (std::size_t lane = 0; lane < lanes; ++lane)
            load(lane, lane < tasks.size() ? lane : 0);
        for (std::size_t lane = 0; lane < lanes; ++lane)
            state_[lane].idle = lane >= tasks.size();
        next_task_ = std::min(lanes, tasks.size());
    }

    void run()
    {
        for (auto busy = true; busy;) {
            newton_step(data_, *point_, step_);
            auto length = Eight{};
            auto fresh = EightMask{};
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                length.v[lane] = state_[lane].length;
                fresh.v[lane] = state_[lane].fresh ? -1 : 0;
            }
            move(*point_, step_, length, fresh, *trial_);
            evaluate(data_, *trial_);
            accept();
            busy = false;
            for (std::size_t lane = 0; lane < lanes; ++lane)
                busy |= !state_[lane].idle;
        }
    }

  private:
    static constexpr auto most_iterations = 200;
    static constexpr auto most_halvings = 40;

    struct State
    {
        std::size_t task = 0;
        bool idle = false;
        bool fresh = true; ///< the point is not evaluated yet
        double length = 1;
        int halvings = 0;
        int iterations = 0;
    };

    void load(std::size_t lane, std::size_t index)
    {
        const auto& task = tasks_[index];
        const auto& events = *task.events;
        state_[lane] = {.task = index};
        const auto flat =
            std::log(static_cast<double>(events.events) / static_cast<double>(glmcc_bins));
        for (std::size_t side = 0; side < 2; ++side) {
            auto sum = 0.0;
            for (auto m = data_.delay; m < half; ++m)
                sum += events.kernel_sum[side][m];
            data_.sum[side].v[lane] = sum * std::exp(delay_ms_ / tau_ms_);
            const auto held = task.without == static_cast<int>(side);
            data_.held[side].v[lane] = held ? -1 : 0;
            const auto start = task.start == nullptr ? 0.1 : task.start->coupling[side];
            point_->coupling[side].v[lane] = held ? 0 : start;
            for (std::size_t m = 0; m < half; ++m) {
                const auto bin = bin_of(m, side);
                data_.count[m][side].v[lane] = events.count[bin];
                point_->a[m][side].v[lane] =
                    task.start == nullptr ? flat : task.start->log_background[bin];
            }
        }
    }

    /// Takes the trial in lanes where it does not lower the posterior.
    void accept()
    {
        auto taken = EightMask{};
        auto all = true;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const auto& state = state_[lane];
            const auto better = trial_->log_posterior.v[lane] >= point_->log_posterior.v[lane];
            const auto accepted = state.fresh || state.idle || better;
            taken.v[lane] = accepted ? -1 : 0;
            all = all && accepted;
        }
        if (all)
            std::swap(point_, trial_);
        else
            take(*trial_, taken, *point_);
        for (std::size_t lane = 0; lane < lanes; ++lane)
            if (!state_[lane].idle)
                advance(lane, taken.v[lane] != 0);
    }

    void advance(std::size_t lane, bool taken)
    {
        auto& state = state_[lane];
        if (state.fresh) {
            state.fresh = false;
            return;
        }
        state.iterations += state.halvings == 0 ? 1 : 0;
        const auto decrement = step_.decrement.v[lane];
        if (taken) {
            // The posterior had at most decrement / 2 to gain.
            const auto converged = decrement < 1e-7;
            state.halvings = 0;
            state.length = 1;
            if (converged || state.iterations == most_iterations)
                finish(lane, converged);
        } else if (++state.halvings == most_halvings) {
            // Where rounding hides what is to be gained, this is the top.
            finish(lane, decrement < 1e-6 * (1 + std::abs(point_->log_posterior.v[lane])));
        } else {
            state.length /= 2;
        }
    }

    void finish(std::size_t lane, bool converged)
    {
        auto& result = *tasks_[state_[lane].task].result;
        result.delay_ms = delay_ms_;
        result.iterations = state_[lane].iterations;
        result.converged = converged;
        result.log_posterior = point_->log_posterior.v[lane];
        result.log_likelihood = point_->log_likelihood.v[lane];
        for (std::size_t side = 0; side < 2; ++side) {
            result.coupling[side] = point_->coupling[side].v[lane];
            for (std::size_t m = 0; m < half; ++m) {
                result.log_background[bin_of(m, side)] = point_->a[m][side].v[lane];
                result.expected[bin_of(m, side)] = point_->expected[m][side].v[lane];
            }
        }
        if (next_task_ < tasks_.size())
            load(lane, next_task_++);
        else
            state_[lane].idle = true;
    }

    std::span<const GlmccTask> tasks_;
    int delay_ms_;
    double tau_ms_;
    std::size_t next_task_ = 0;
    LaneData data_;
    LaneStep step_;
    std::array<LanePoint, 2> points_;
    LanePoint* point_ = points_.data();
    LanePoint* trial_ = points_.data() + 1;
    std::array<State, lanes> state_;
};

} // namespace

void fit_glmcc_lanes(std::span<const GlmccTask> tasks, int delay_ms, double stiffness,
                     double tau_ms)
{
    if (tasks.empty())
        return;
    // 100 KB: not on the stack
    std::make_unique<LaneFits>(tasks, delay_ms, stiffness, tau_ms)->run();
}

GlmccFit fit_glmcc(const GlmccEvents& events, int delay_ms, double stiffness, double tau_ms,
                   const GlmccFit* start, int without)
{
    auto result = GlmccFit{};
    const auto task = GlmccTask{&events, start, without, &result};
    fit_glmcc_lanes({&task, 1}, delay_ms, stiffness, tau_ms);
    return result;
}

} // namespace rewire::spikes
