#include "jobs/connectome/edge_units.hpp"
#include "shared_data.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/event_smoothing.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

using namespace rewire;
namespace fs = std::filesystem;

namespace {

constexpr auto frames = std::int64_t{2400};
const auto go_on = calcium::Tick([](std::int64_t) { return true; });

/// Events in one frame of fifty, a third of them common to all neurons of ten.
struct Session
{
    Session(std::int64_t neurons, std::uint64_t seed)
    {
        events.frames = frames;
        for (std::int64_t n = 0; n < neurons; ++n) {
            auto own = base::Stream(seed, {1, static_cast<std::uint64_t>(n)});
            auto common = base::Stream(seed, {2, static_cast<std::uint64_t>(n / 10)});
            auto dense = std::vector<double>(frames, 0.0);
            for (std::int64_t t = 0; t < frames; ++t) {
                const auto shared = common.uniform() < 0.006;
                if (own.uniform() < 0.015 || shared)
                    dense[static_cast<std::size_t>(t)] = 0.5 + own.exponential();
            }
            calcium::append_events(dense, 0, smoothed);
            for (std::int64_t t = 0; t < frames; ++t)
                if (dense[static_cast<std::size_t>(t)] > 0) {
                    events.frame.push_back(static_cast<std::int32_t>(t));
                    events.value.push_back(dense[static_cast<std::size_t>(t)]);
                }
            events.start.push_back(static_cast<std::int64_t>(events.frame.size()));
        }
        moments = *calcium::shift_moments_of(smoothed.view(), calcium::one_circle(smoothed.frames),
                                             {}, {}, go_on);
        if (moments.status == calcium::ShiftMomentStatus::ok) {
            const auto segment = std::array{base::Range{0, frames}};
            jitter = calcium::event_jitter_of(events.view(), moments.active, segment, {});
        }
    }

    const calcium::EventJitter* table() const { return jitter ? &*jitter : nullptr; }

    activity::Activity events;
    activity::Activity smoothed;
    calcium::ShiftMoments moments;
    std::optional<calcium::EventJitter> jitter;
};

bool same_bits(const std::vector<double>& a, const std::vector<double>& b)
{
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

class EdgeUnits : public testing::Test
{
  protected:
    EdgeUnits()
    {
        auto packer = base::Packer{};
        packer.put_text(own.path().string());
        const auto bytes = comm.broadcast(packer.take(), 0);
        job.name = "edges";
        job.options = runtime::common_options();
        context = std::make_unique<runtime::RunContext>(
            mpi::Communicator::world(), job,
            runtime::parse_options(
                "edges", job.options,
                {"--study", "none", "--results",
                 (fs::path(base::Unpacker(bytes).get_text()) / "results").string()}),
            "rewire edges");
    }
    ~EdgeUnits() override { comm.barrier(); }

    mpi::Communicator comm = mpi::Communicator::world();
    test::TemporaryFolder own;
    runtime::Job job;
    std::unique_ptr<runtime::RunContext> context;
};

} // namespace

TEST_F(EdgeUnits, AreTheSameBitsHoweverTheyAreHandedOut)
{
    // Three blocks of neurons, one, and a session without a pair.
    const auto sessions = std::vector{Session(300, 1), Session(20, 2), Session(1, 3)};
    const auto options = calcium::EdgeTestOptions{.two_sided = true};
    const auto units = jobs::edge_units_of({300, 20, 1}, 0, 1);
    ASSERT_EQ(units.size(), 6U + 1 + 1);

    const auto runs = context->each_unit<runtime::UnitResults>(
        "edges", std::vector<double>(units.size(), 1.0),
        [&](std::int64_t index, runtime::UnitResults& results, const runtime::Tick&) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            const auto& session = sessions[unit.position];
            results.add(index, *jobs::tested_run(session.moments, session.table(), unit.tiles,
                                                 options, go_on));
            return true;
        });
    auto taken = std::vector<std::size_t>{};
    jobs::gather_tests(
        comm, units, runs, options,
        [&](std::size_t position, const calcium::ShiftMoments& moments, calcium::EdgeTests tests) {
            taken.push_back(position);
            const auto& session = sessions[position];
            auto tiles = std::vector<calcium::EdgeTile>{};
            if (session.jitter)
                for (const auto& tile : calcium::pair_tiles(session.moments.active_count()))
                    tiles.push_back(
                        calcium::test_tile(session.moments, session.table(), tile, options));
            const auto whole = calcium::finish_edge_tests(session.moments, tiles, options);
            EXPECT_EQ(moments.status, session.moments.status);
            EXPECT_TRUE(same_bits(tests.p_both, whole.p_both));
            EXPECT_TRUE(same_bits(tests.q_both, whole.q_both));
            EXPECT_TRUE(same_bits(tests.p_both_negative, whole.p_both_negative));
            EXPECT_TRUE(same_bits(tests.null_sd, whole.null_sd));
            EXPECT_TRUE(same_bits({tests.effective_frames, tests.drive},
                                  {whole.effective_frames, whole.drive}));
            EXPECT_EQ(tests.supported, whole.supported);
        });

    EXPECT_EQ(taken,
              comm.is_root() ? (std::vector<std::size_t>{0, 1, 2}) : std::vector<std::size_t>{});
}

TEST_F(EdgeUnits, AStoppedRunGivesNothing)
{
    const auto session = Session(20, 2);

    EXPECT_FALSE(jobs::tested_run(session.moments, session.table(), {0, 1}, {},
                                  [](std::int64_t) { return false; }));
}

TEST_F(EdgeUnits, DrawsFollowTheirSession)
{
    const auto units = jobs::edge_units_of({2000, 10}, 2);

    ASSERT_EQ(units.size(), 3U * 136 + 3); // 16 blocks of neurons: 136 tiles
    EXPECT_EQ(units[135].tiles, (base::Range{135, 136}));
    EXPECT_EQ(units[135].draw, -1);
    EXPECT_EQ(units[136].draw, 0);
    EXPECT_EQ(units[136].tiles, (base::Range{0, 1}));
    EXPECT_EQ(units[408].position, 1U);
    EXPECT_EQ(units[410].draw, 1);
    EXPECT_EQ(jobs::edge_units_of({2000}, 0, 64).size(), 3U);
}
