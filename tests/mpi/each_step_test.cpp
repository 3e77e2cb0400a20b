#include "power_matrix.hpp"
#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/runtime/run_context.hpp>

#include <Eigen/Dense>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

using namespace rewire;
namespace fs = std::filesystem;

namespace {

class EachStep : public testing::Test
{
  protected:
    EachStep()
    {
        auto packer = base::Packer{};
        packer.put_text(own.path().string());
        const auto bytes = comm.broadcast(packer.take(), 0);
        folder = fs::path(base::Unpacker(bytes).get_text()) / "results";
        job.name = "power";
        job.options = runtime::common_options();
    }
    ~EachStep() override { comm.barrier(); }

    std::unique_ptr<runtime::RunContext> start(const std::string& checkpoint_s)
    {
        auto context = std::make_unique<runtime::RunContext>(
            mpi::Communicator::world(), job,
            runtime::parse_options(
                "power", job.options,
                {"--study", "none", "--results", folder.string(), "--checkpoint-s", checkpoint_s}),
            "rewire power");
        context->begin_results({{"input", "abc"}});
        return context;
    }

    /// @param fails_at after so many steps of this start all ranks are told to fail; -1: never
    std::int64_t advance(runtime::RunContext& context, test::PowerState& state, std::int64_t steps,
                         std::int64_t fails_at = -1)
    {
        computed = 0;
        return context.each_step(
            {"power", steps}, state, [&](runtime::Step& step, test::PowerState& now) {
                if (computed == fails_at)
                    mpi::throw_on_all(base::NumericalError("as planned", "step", ""));
                ++computed;
                return problem.advance(step, now, comm);
            });
    }

    mpi::Communicator comm = mpi::Communicator::world();
    test::TemporaryFolder own;
    fs::path folder;
    runtime::Job job;
    test::PowerIteration problem{30, 8};
    std::int64_t computed = 0;
};

} // namespace

TEST_F(EachStep, FindsTheLargestEigenvalue)
{
    const auto context = start("1000");
    auto state = problem.begin();

    const auto steps = advance(*context, state, 1000);

    const auto matrix = Eigen::Map<const Eigen::MatrixXd>(problem.matrix().data(), 30, 30);
    const auto largest =
        Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(matrix).eigenvalues().maxCoeff();
    EXPECT_NEAR(state.eigenvalue, largest, 1e-12 * largest);
    EXPECT_LT(steps, 1000); // done before the last
    EXPECT_EQ(computed, steps);
}

TEST_F(EachStep, GoesOnFromTheLastCheckpointWithTheSameBits)
{
    auto whole = problem.begin();
    advance(*start("1000"), whole, 6);
    auto state = problem.begin();
    EXPECT_THROW(advance(*start("0"), state, 6, 4), base::NumericalError);

    auto resumed = problem.begin();
    EXPECT_EQ(advance(*start("0"), resumed, 6), 6);

    EXPECT_EQ(computed, 2);
    EXPECT_EQ(resumed.vector, whole.vector);
    EXPECT_EQ(resumed.eigenvalue, whole.eigenvalue);
}

TEST_F(EachStep, AFinishedPhaseIsTakenOverWithoutAStep)
{
    auto state = problem.begin();
    const auto steps = advance(*start("0"), state, 1000);
    auto again = problem.begin();

    EXPECT_EQ(advance(*start("0"), again, 1000), steps);

    EXPECT_EQ(computed, 0);
    EXPECT_EQ(again.vector, state.vector);
}

TEST_F(EachStep, DecisionsFollowRankZero)
{
    const auto context = start("1000");
    auto state = problem.begin();
    auto seen = std::vector<double>{};

    const auto steps = context->each_step(
        {"power", 50}, state, [&](runtime::Step& step, test::PowerState&) -> runtime::Advanced {
            seen.push_back(step.decided(comm.rank() + 0.5));
            return {0, comm.is_root() ? step.number() == 4 : step.number() == 2};
        });

    EXPECT_EQ(steps, 5);
    EXPECT_THAT(seen, testing::Each(0.5));
}

TEST_F(EachStep, APhaseNameUsedTwiceIsAnError)
{
    const auto context = start("1000");
    auto state = problem.begin();
    advance(*context, state, 2);

    EXPECT_THROW(advance(*context, state, 2), base::Error);
}

/// The last one: a request to stop cannot be taken back.
TEST_F(EachStep, ARequestToOneRankStopsAllAfterTheStep)
{
    runtime::catch_stop_signals();
    const auto context = start("1000");
    auto state = problem.begin();
    auto code = base::ExitCode::success;
    try {
        context->each_step({"power", 1000}, state, [&](runtime::Step& step, test::PowerState& now) {
            if (step.number() == 3 && comm.rank() == comm.size() - 1)
                std::raise(SIGUSR1);
            return problem.advance(step, now, comm);
        });
    } catch (const base::Error& error) {
        code = error.code();
        EXPECT_THAT(error.what(), testing::HasSubstr("4 of 1000 steps are done and saved"));
    }

    EXPECT_EQ(code, base::ExitCode::stopped);
}
