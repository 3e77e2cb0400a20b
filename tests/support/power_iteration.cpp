// power_iteration power --study none --results DIR [--size N] [--steps N] [--step-ms N]: a job
// whose work is one phase of steps, for tests that kill it and start it again.
#include "power_matrix.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/mpi/shared_array.hpp>
#include <rewire/runtime/job.hpp>
#include <rewire/runtime/log.hpp>
#include <rewire/runtime/run_context.hpp>

#include <chrono>
#include <thread>

using namespace rewire;

namespace {

void run_power(runtime::RunContext& context)
{
    const auto& options = context.options();
    const auto leaves = options.integer("leaves");
    const auto problem = test::PowerIteration(options.integer("size"), leaves);
    const auto pause = std::chrono::milliseconds(options.integer("step-ms"));
    context.begin_results(options.result_changing());
    auto state = problem.begin();
    // Held by all ranks and freed by all: not by one that leaves alone.
    const auto held = mpi::NodeShared(context.comm(), 0, {});
    const auto steps = context.each_step(
        {"power", options.integer("steps"), 10}, state,
        [&](runtime::Step& step, test::PowerState& now) {
            std::this_thread::sleep_for(pause);
            if (step.number() == 5 && context.comm().rank() == options.integer("fail-rank"))
                throw base::InputError("a fault of one rank alone", "step 5", "go on");
            auto advanced = problem.advance(step, now, context.comm());
            advanced.done = false; // all steps: the last bits are compared
            return advanced;
        });
    context.collective("write", [&] {
        if (!context.comm().is_root())
            return;
        auto file = io::ResultFile(options.path("results") / "power.h5", context.attempt());
        const auto group = file.group("power");
        io::write_index_axis(group, "row", static_cast<std::int64_t>(state.vector.size()));
        io::write_array(group, "vector", state.vector, {"row"});
        io::write_scalar(group, "eigenvalue", state.eigenvalue);
        io::write_scalar(group, "steps", steps);
        file.publish(context.record({}, options.result_changing()), false);
    });
    context.finish();
}

runtime::Job power_job()
{
    using Kind = runtime::OptionKind;
    auto options = runtime::common_options();
    const auto add = [&](const std::string& name, const std::string& value, bool changes) {
        options.push_back({.name = name,
                           .kind = Kind::integer,
                           .default_value = value,
                           .help = "of the test",
                           .changes_result = changes});
    };
    add("size", "60", true);
    add("steps", "300", true);
    add("leaves", "8", true);
    add("step-ms", "5", false);
    add("fail-rank", "-1", false);
    return {.name = "power", .options = options, .run = run_power};
}

class OneJob : public runtime::Catalogue
{
  public:
    explicit OneJob(runtime::Job job) : job_(std::move(job)) {}
    std::vector<const runtime::Job*> jobs() const override { return {&job_}; }

  private:
    runtime::Job job_;
};

} // namespace

int main(int argc, char** argv)
{
    runtime::catch_stop_signals();
    const auto environment = mpi::Environment(argc, argv);
    return runtime::run_command(OneJob(power_job()), {argv + 1, argv + argc}, "");
}
