#include "clock.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/runtime/run_context.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::runtime {

namespace {

/// What rank 0 makes of a step, for all ranks.
struct Verdict
{
    double loss;
    bool done;
    bool save;
};

template <typename T>
T of_root(const mpi::Communicator& comm, T value)
{
    comm.broadcast_into(std::as_writable_bytes(std::span(&value, 1)), 0);
    return value;
}

/// "train        epoch 3.2 of 10  loss 0.0123  12 s left"
std::string progress_text(const StepPlan& plan, std::int64_t done, double loss, double step_s)
{
    const auto epoch = [&](std::int64_t steps) {
        return static_cast<double>(steps) / static_cast<double>(plan.steps_per_epoch);
    };
    return fmt::format("{:<12} epoch {:.4g} of {:.4g}  {}{} left", plan.phase, epoch(done),
                       epoch(plan.steps),
                       std::isnan(loss) ? "" : fmt::format("loss {:.5g}  ", loss),
                       base::human_seconds(step_s * static_cast<double>(plan.steps - done)));
}

} // namespace

double Step::decided(double mine) const
{
    return of_root(comm_, mine);
}

bool Step::wants_to_stop() noexcept
{
    return stop_requested();
}

bool Step::stop_wanted()
{
    if (!asked_)
        stop_wanted_ = comm_.largest(std::int64_t{wants_to_stop()}) > 0;
    asked_ = true;
    return stop_wanted_;
}

RunContext::StepsDone RunContext::saved_steps(const StepLoop& loop)
{
    auto bytes = mpi::collective(comm_, [&] {
        auto found = std::optional<std::vector<std::byte>>{};
        if (checkpoint_ && comm_.is_root())
            found = checkpoint_->saved_state(loop.plan.phase);
        return found ? std::move(*found) : std::vector<std::byte>{};
    });
    bytes = comm_.broadcast(std::move(bytes), 0);
    return mpi::collective(comm_, [&] {
        auto from = StepsDone{};
        if (bytes.empty())
            return from;
        auto unpacker = base::Unpacker(bytes);
        from = unpacker.get<StepsDone>();
        loop.unpack(unpacker);
        return from;
    });
}

std::int64_t RunContext::run_steps(const StepLoop& loop)
{
    const auto& plan = loop.plan;
    begin_phase(plan.phase);
    const auto start = Clock::now();
    const auto before = saved_steps(loop);
    auto state = before;
    auto saved = state.steps;
    auto last_save = Clock::now();
    const auto interval_s = checkpoint_ ? options_.real("checkpoint-s") : 0.0;
    const auto save = [&] {
        mpi::collective(comm_, [&] {
            if (checkpoint_ && comm_.is_root())
                checkpoint_->save_state(plan.phase, [&](base::Packer& packer) {
                    packer.put(state);
                    loop.pack(packer);
                });
        });
        saved = state.steps;
        last_save = Clock::now();
    };

    auto stop = false;
    while (!state.done && state.steps < plan.steps && !stop) {
        auto step = Step(comm_, state.steps);
        const auto mine = loop.advance(step);
        stop = step.stop_wanted();
        const auto verdict =
            of_root(comm_, Verdict{mine.loss, mine.done, seconds_since(last_save) >= interval_s});
        ++state.steps;
        state.done = verdict.done ? 1 : 0;
        log_.progress(static_cast<double>(state.steps) / static_cast<double>(plan.steps), [&] {
            return progress_text(plan, state.steps, verdict.loss,
                                 seconds_since(start) /
                                     static_cast<double>(state.steps - before.steps));
        });
        if (verdict.save && checkpoint_)
            save();
    }
    log_.end_progress();
    const auto finished = state.done != 0 || state.steps >= plan.steps;
    // The end of a phase that took no longer than saving it would is computed again.
    const auto unsaved_s = of_root(comm_, unsaved_s_ + seconds_since(last_save));
    if (finished && unsaved_s < std::min(0.1 * interval_s, most_unsaved_s))
        unsaved_s_ = unsaved_s;
    else if (state.steps > saved)
        save();
    add_time(plan.phase, seconds_since(start), state.steps - before.steps);
    flush_warnings();
    if (!finished)
        mpi::throw_on_all(base::Error(
            base::ExitCode::stopped,
            fmt::format("stopped as asked, in phase {}: {} of {} steps are done{}", plan.phase,
                        state.steps, plan.steps, checkpoint_ ? " and saved" : ""),
            "", "repeat the same command to go on from there"));
    return state.steps;
}

} // namespace rewire::runtime
