#include <rewire/base/error.hpp>
#include <rewire/mpi/agreement.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/mpi/shared_array.hpp>
#include <rewire/mpi/shared_tables.hpp>
#include <rewire/mpi/work_queue.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <thread>

using namespace rewire;
using testing::HasSubstr;

namespace {

std::vector<std::byte> text_bytes(const std::string& text)
{
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

} // namespace

TEST(Communicator, SumsAndGathers)
{
    const auto comm = mpi::Communicator::world();
    const auto n = comm.size();

    auto values = std::vector<std::int64_t>(5, comm.rank() + 1);
    comm.sum_to(0, std::span<std::int64_t>(values));
    const auto gathered =
        comm.all_gather(text_bytes(std::string(static_cast<std::size_t>(comm.rank()), 'x')));

    EXPECT_EQ(comm.sum(std::int64_t{comm.rank()}), n * (n - 1) / 2);
    EXPECT_EQ(comm.largest(std::int64_t{comm.rank()}), n - 1);
    EXPECT_EQ(values[4], comm.is_root() ? n * (n + 1) / 2 : comm.rank() + 1);
    for (auto rank = 0; rank < n; ++rank)
        EXPECT_EQ(gathered[static_cast<std::size_t>(rank)].size(), static_cast<std::size_t>(rank));
}

TEST(Agreement, TheErrorOfOneRankIsEverybodys)
{
    const auto comm = mpi::Communicator::world();
    const auto failing = comm.size() - 1;

    try {
        mpi::collective(comm, [&] {
            if (comm.rank() == failing)
                throw base::InputError("NaN in the data", "a.nwb", "use --nan drop-neuron");
        });
        FAIL();
    } catch (const base::InputError& error) {
        EXPECT_EQ(error.problem(), "NaN in the data");
        EXPECT_THAT(error.where(), HasSubstr("a.nwb"));
        EXPECT_EQ(error.next(), "use --nan drop-neuron");
        if (comm.size() > 1)
            EXPECT_THAT(error.where(), HasSubstr("rank " + std::to_string(failing)));
    }
}

TEST(Agreement, ValuesPassWhereNobodyFails)
{
    const auto comm = mpi::Communicator::world();

    EXPECT_EQ(mpi::collective(comm, [&] { return comm.rank() + 10; }), comm.rank() + 10);
}

TEST(Agreement, MemoryAndUnknownErrorsAreTold)
{
    const auto comm = mpi::Communicator::world();

    EXPECT_THROW(mpi::collective(comm, [] { throw std::bad_alloc(); }), base::InputError);
    try {
        mpi::collective(comm, [] { throw std::logic_error("oops"); });
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ExitCode::bug);
        EXPECT_THAT(error.problem(), HasSubstr("oops"));
    }
}

TEST(WorkQueue, EveryUnitIsHandedOutOnceMostExpensiveFirst)
{
    const auto comm = mpi::Communicator::world();
    constexpr auto units = 101;
    auto costs = std::vector<double>{};
    for (auto unit = 0; unit < units; ++unit)
        costs.push_back((unit * 37) % 11);
    auto counts = std::vector<std::int64_t>(units, 0);
    auto descending = true;

    auto queue = mpi::WorkQueue(comm, costs);
    auto last = 1e9;
    while (const auto unit = queue.next()) {
        ++counts[static_cast<std::size_t>(*unit)];
        descending = descending && costs[static_cast<std::size_t>(*unit)] <= last;
        last = costs[static_cast<std::size_t>(*unit)];
        queue.tick();
    }

    EXPECT_TRUE(descending);
    comm.sum_to(0, std::span<std::int64_t>(counts));
    if (comm.is_root())
        EXPECT_THAT(counts, testing::Each(1));
    EXPECT_EQ(queue.fraction_handed_out(), 1.0);
}

TEST(WorkQueue, MoreRanksThanUnitsAndNoUnitsAtAll)
{
    const auto comm = mpi::Communicator::world();
    auto one = mpi::WorkQueue(comm, {1.0});
    auto none = mpi::WorkQueue(comm, {});

    auto mine = std::int64_t{0};
    while (one.next())
        ++mine;

    EXPECT_EQ(comm.sum(mine), 1);
    EXPECT_FALSE(none.next());
}

TEST(WorkQueue, ClosedByOneRankNobodyGetsMore)
{
    const auto comm = mpi::Communicator::world();
    auto queue = mpi::WorkQueue(comm, std::vector<double>(1000, 1.0));

    if (comm.rank() == comm.size() - 1)
        queue.close();
    comm.barrier();

    EXPECT_FALSE(queue.tick());
    EXPECT_FALSE(queue.next());
}

TEST(WorkQueue, ABusyRootThatTicksDoesNotHoldUpTheOthers)
{
    const auto comm = mpi::Communicator::world();
    if (comm.size() == 1)
        GTEST_SKIP() << "needs a rank besides the root";
    auto queue = mpi::WorkQueue(comm, std::vector<double>(40, 1.0));
    auto mine = std::int64_t{0};
    using namespace std::chrono_literals;

    // The root takes one unit and works on it until all others are gone; it must serve their
    // requests meanwhile.
    if (comm.is_root()) {
        EXPECT_TRUE(queue.next());
        ++mine;
        comm.barrier(); // before the others can have taken all
        const auto limit = std::chrono::steady_clock::now() + 30s;
        while (queue.fraction_handed_out() < 1 && std::chrono::steady_clock::now() < limit) {
            std::this_thread::sleep_for(1ms);
            queue.tick();
        }
        EXPECT_EQ(queue.fraction_handed_out(), 1.0);
    } else {
        comm.barrier();
        while (queue.next())
            ++mine;
    }

    EXPECT_EQ(comm.sum(mine), 40);
    if (comm.is_root())
        EXPECT_EQ(mine, 1);
}

TEST(NodeShared, EveryRankReadsWhatOthersHandedIn)
{
    const auto comm = mpi::Communicator::world();
    constexpr auto items = 7;
    auto texts = std::vector<std::string>{};
    for (auto item = 0; item < items; ++item)
        texts.push_back(
            std::string(static_cast<std::size_t>(item * 13), static_cast<char>('a' + item)));
    auto mine = std::vector<mpi::SharedPiece>{};
    for (auto item = 0; item < items; ++item)
        if (item % comm.size() == comm.rank())
            mine.push_back({item, std::as_bytes(std::span(texts[static_cast<std::size_t>(item)]))});

    const auto shared = mpi::NodeShared(comm, items, mine);

    for (auto item = 0; item < items; ++item) {
        const auto bytes = shared.bytes_of(item);
        EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
                  texts[static_cast<std::size_t>(item)]);
    }
}

TEST(SharedTables, ItemsAreWrittenInPlaceByWhicheverRank)
{
    const auto comm = mpi::Communicator::world();
    const auto sizes = std::vector<std::int64_t>{5, 0, 100, 8, 1, 64};
    const auto shared = mpi::SharedTables(comm, sizes);
    auto written = std::vector<std::int64_t>{};
    for (std::int64_t item = 0; item < 6; ++item)
        if (item % comm.size() == comm.rank()) {
            for (auto& byte : shared.of(item, item + 1))
                byte = static_cast<std::byte>(item + 1);
            written.push_back(item);
        }

    shared.exchange(comm, written);

    for (std::int64_t item = 0; item < 6; ++item) {
        const auto bytes = shared.of(item, item + 1);
        EXPECT_EQ(bytes.size(), static_cast<std::size_t>(sizes[static_cast<std::size_t>(item)]));
        EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [&](std::byte byte) {
            return byte == static_cast<std::byte>(item + 1);
        }));
    }
    const auto sharers = shared.sharers(comm);
    EXPECT_LT(sharers.index, sharers.count);
    shared.barrier(comm);
    EXPECT_THROW(shared.exchange(comm, {}), base::Error);
}

TEST(NodeShared, NothingAndTwiceTheSame)
{
    const auto comm = mpi::Communicator::world();
    const auto nothing = mpi::NodeShared(comm, 0, {});

    EXPECT_EQ(nothing.total_bytes(), 0);
    EXPECT_THROW(mpi::NodeShared(comm, 1, {}), base::Error);
}
