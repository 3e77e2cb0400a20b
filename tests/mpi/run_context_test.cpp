#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/pack.hpp>
#include <rewire/io/checkpoint.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/runtime/log.hpp>
#include <rewire/runtime/run_context.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <numeric>
#include <thread>

using namespace rewire;
namespace fs = std::filesystem;

namespace {

constexpr auto units = std::int64_t{12};

/// Sums by unit, as tallies are: adding twice or not at all shows.
struct Sums
{
    std::vector<std::int64_t> of = std::vector<std::int64_t>(units);

    void pack(base::Packer& packer) const { packer.put_all(of); }
    void merge(base::Unpacker& unpacker)
    {
        const auto more = unpacker.get_all<std::int64_t>();
        std::transform(of.begin(), of.end(), more.begin(), of.begin(), std::plus<>());
    }
};

class RunContexts : public testing::Test
{
  protected:
    RunContexts()
    {
        auto packer = base::Packer{};
        packer.put_text(own.path().string());
        const auto bytes = comm.broadcast(packer.take(), 0);
        folder = fs::path(base::Unpacker(bytes).get_text()) / "results";
        job.name = "sums";
        job.options = runtime::common_options();
    }
    ~RunContexts() override { comm.barrier(); }

    /// One start of the job with the phases given, on all ranks.
    std::unique_ptr<runtime::RunContext> start(const std::string& checkpoint_s)
    {
        auto context = std::make_unique<runtime::RunContext>(
            mpi::Communicator::world(), job,
            runtime::parse_options(
                "sums", job.options,
                {"--study", "none", "--results", folder.string(), "--checkpoint-s", checkpoint_s}),
            "rewire sums");
        context->begin_results({{"input", "abc"}});
        return context;
    }

    /// Units u give u + 1. @param fails this unit ends in an error; -1: none
    /// @return sums over all ranks; `computed` counts units of this start over all ranks
    std::vector<std::int64_t> run(runtime::RunContext& context, const std::string& phase,
                                  std::int64_t fails = -1)
    {
        auto mine = std::int64_t{0};
        auto failed = false;
        auto sums = Sums{};
        try {
            sums = context.each_unit<Sums>(
                phase, std::vector<double>(units, 1.0),
                [&](std::int64_t unit, Sums& store, const runtime::Tick&) {
                    if (unit == fails)
                        throw base::NumericalError("as planned", "unit", "");
                    store.of[static_cast<std::size_t>(unit)] += unit + 1;
                    ++mine;
                    return true;
                });
        } catch (const base::Error&) {
            failed = true;
        }
        EXPECT_TRUE(failed || fails != units - 1); // the last one is always handed out
        EXPECT_TRUE(!failed || fails >= 0);
        computed = comm.sum(mine);
        for (auto& sum : sums.of)
            sum = comm.sum(sum);
        return sums.of;
    }

    static std::vector<std::int64_t> expected()
    {
        auto sums = std::vector<std::int64_t>(units);
        std::iota(sums.begin(), sums.end(), 1);
        return sums;
    }

    mpi::Communicator comm = mpi::Communicator::world();
    test::TemporaryFolder own;
    fs::path folder;
    runtime::Job job;
    std::int64_t computed = 0;
};

} // namespace

TEST_F(RunContexts, EveryUnitIsComputedOnce)
{
    const auto context = start("0");

    EXPECT_EQ(run(*context, "first"), expected());

    EXPECT_EQ(computed, units);
}

TEST_F(RunContexts, AfterAnErrorTheNextStartComputesWhatIsLeft)
{
    run(*start("0"), "first", units - 1);
    const auto before = computed;
    const auto sums = run(*start("0"), "first");

    EXPECT_EQ(sums, expected());
    EXPECT_EQ(before + computed, units);
    EXPECT_GT(before, 0);
}

TEST_F(RunContexts, WhatWasTakenOverTwiceCountsOnce)
{
    run(*start("0"), "first", units / 2);
    run(*start("0"), "first", units - 1);
    const auto sums = run(*start("0"), "first");

    EXPECT_EQ(sums, expected());
    EXPECT_EQ(run(*start("0"), "first"), expected());
    EXPECT_EQ(computed, 0);
}

TEST_F(RunContexts, APhaseMuchShorterThanTheIntervalIsComputedAgainRatherThanSaved)
{
    run(*start("1000"), "short");
    EXPECT_EQ(run(*start("1000"), "short"), expected());
    EXPECT_EQ(computed, units);

    run(*start("0"), "short");
    EXPECT_EQ(run(*start("1000"), "short"), expected());
    EXPECT_EQ(computed, 0);
}

namespace {

/// A result that packs itself.
struct Named
{
    std::string name;
    std::vector<double> values;

    void pack(base::Packer& packer) const
    {
        packer.put_text(name);
        packer.put_all(values);
    }
    void unpack(base::Unpacker& unpacker)
    {
        name = unpacker.get_text();
        values = unpacker.get_all<double>();
    }
    friend bool operator==(const Named&, const Named&) = default;
};

Named named(std::int64_t unit)
{
    return {"unit " + std::to_string(unit),
            std::vector<double>(static_cast<std::size_t>(unit), 0.5)};
}

} // namespace

TEST_F(RunContexts, TypedResultsOfAllUnitsReachAllRanks)
{
    const auto context = start("0");

    const auto all = context->each_unit_to_all<Named>(
        "typed", std::vector<double>(units, 1.0),
        [](std::int64_t unit, const runtime::Tick&) { return named(unit); });
    const auto numbers = context->each_unit_to_all<std::vector<std::string>>(
        "texts", std::vector<double>(units, 1.0),
        [](std::int64_t unit, const runtime::Tick&) -> std::optional<std::vector<std::string>> {
            return std::vector<std::string>(static_cast<std::size_t>(unit % 3), "a");
        });

    ASSERT_EQ(all.size(), static_cast<std::size_t>(units));
    for (std::int64_t unit = 0; unit < units; ++unit) {
        EXPECT_EQ(all[static_cast<std::size_t>(unit)], named(unit));
        EXPECT_EQ(numbers[static_cast<std::size_t>(unit)].size(),
                  static_cast<std::size_t>(unit % 3));
    }
}

TEST_F(RunContexts, TypedResultsReachTheRootInOrderAlsoThoseOfEarlierStarts)
{
    for (const auto fails : {units - 1, std::int64_t{-1}}) {
        auto taken = std::vector<std::int64_t>{};
        auto failed = false;
        try {
            start("0")->each_unit_to_root<Named>(
                "typed", std::vector<double>(units, 1.0),
                [&](std::int64_t unit, const runtime::Tick&) {
                    if (unit == fails)
                        throw base::NumericalError("as planned", "unit", "");
                    return named(unit);
                },
                [&](std::int64_t unit, const Named& result) {
                    EXPECT_EQ(result, named(unit));
                    taken.push_back(unit);
                });
        } catch (const base::NumericalError&) {
            failed = true;
        }
        auto expected = std::vector<std::int64_t>{};
        for (std::int64_t unit = 0; unit < units && comm.is_root() && !failed; ++unit)
            expected.push_back(unit);

        EXPECT_EQ(failed, fails >= 0);
        EXPECT_EQ(taken, expected);
    }
}

TEST_F(RunContexts, AStoreThatGrowsIsSavedInFewFilesThroughManyStarts)
{
    constexpr auto many = std::int64_t{80};
    for (auto round = 0; round < 3; ++round) {
        const auto context = start("0");
        auto mine = std::int64_t{0};
        EXPECT_THROW(context->each_unit_to_all<Named>("many", std::vector<double>(many, 1.0),
                                                      [&](std::int64_t unit, const runtime::Tick&) {
                                                          if (mine++ == 5)
                                                              throw base::NumericalError(
                                                                  "as planned", "unit", "");
                                                          return named(unit);
                                                      }),
                     base::NumericalError);
        auto files = std::int64_t{0};
        for (const auto& entry : fs::directory_iterator(context->attempt().folder))
            files += entry.path().extension() == ".snapshot" ? 1 : 0;
        // Of what was taken over one a rank, of five parts two (parts 1 to 4, and 5).
        EXPECT_LE(files, 3 * comm.size());
        comm.barrier();
    }
    const auto all = start("0")->each_unit_to_all<Named>(
        "many", std::vector<double>(many, 1.0),
        [](std::int64_t unit, const runtime::Tick&) { return named(unit); });
    for (std::int64_t unit = 0; unit < many; ++unit)
        EXPECT_EQ(all[static_cast<std::size_t>(unit)], named(unit));
}

TEST_F(RunContexts, APhaseNameUsedTwiceIsAnError)
{
    const auto context = start("0");
    run(*context, "first");
    const auto again = [&] {
        context->each_unit<Sums>("first", {},
                                 [](std::int64_t, Sums&, const runtime::Tick&) { return true; });
    };

    EXPECT_THROW(again(), base::Error);
}

/// The last one: a request to stop cannot be taken back.
TEST_F(RunContexts, ARequestToOneRankSavesWhatAllHaveDone)
{
    runtime::catch_stop_signals();
    const auto context = start("1000");
    auto mine = std::int64_t{0};

    auto code = base::ExitCode::success;
    try {
        context->each_unit<Sums>("stopped", std::vector<double>(units, 1.0),
                                 [&](std::int64_t unit, Sums& store, const runtime::Tick&) {
                                     store.of[static_cast<std::size_t>(unit)] += unit + 1;
                                     ++mine;
                                     if (comm.is_root())
                                         std::raise(SIGUSR1);
                                     std::this_thread::sleep_for(std::chrono::milliseconds(50));
                                     return true;
                                 });
    } catch (const base::Error& error) {
        code = error.code();
    }

    EXPECT_EQ(code, base::ExitCode::stopped);
    const auto later = io::Checkpoint(comm, folder / "sums.checkpoint", {{"input", "abc"}}, false);
    auto saved = std::int64_t{0};
    later.take_over("stopped", [&](const std::vector<std::int64_t>& done, base::Unpacker&) {
        saved += static_cast<std::int64_t>(done.size());
    });
    EXPECT_EQ(comm.sum(saved), comm.sum(mine));
}
