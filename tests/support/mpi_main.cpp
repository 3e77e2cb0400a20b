#include "tests_of_source.hpp"

#include <rewire/mpi/communicator.hpp>

#include <gtest/gtest.h>
#include <mpi.h>

#include <cstdio>

namespace {

/// What ctest shows as skipped (SKIP_RETURN_CODE in cmake/Tests.cmake).
constexpr auto exit_skipped = 77;

/// Only rank 0 reports, but a failure on another rank is shown too, with the rank's number.
class RankFailures : public testing::EmptyTestEventListener
{
  public:
    explicit RankFailures(int rank) : rank_(rank) {}
    void OnTestPartResult(const testing::TestPartResult& result) override
    {
        if (result.failed())
            std::fprintf(stderr, "rank %d: %s:%d\n%s\n", rank_, result.file_name(),
                         result.line_number(), result.summary());
    }

  private:
    int rank_;
};

} // namespace

/// PROGRAM [SOURCE]: all tests, or those of one source. Where every test was skipped nothing has
/// passed.
int main(int argc, char** argv)
{
    const auto environment = rewire::mpi::Environment(argc, argv);
    testing::InitGoogleTest(&argc, argv);
    if (!rewire::test::keep_tests_of_source(argc, argv)) {
        std::fprintf(stderr, "no tests in %s.cpp\n", argv[1]);
        return 1;
    }
    const auto comm = rewire::mpi::Communicator::world();
    if (!comm.is_root()) {
        auto& listeners = testing::UnitTest::GetInstance()->listeners();
        delete listeners.Release(listeners.default_result_printer());
        listeners.Append(new RankFailures(comm.rank()));
    }
    const auto failed = RUN_ALL_TESTS();
    const auto passed = testing::UnitTest::GetInstance()->successful_test_count();
    const auto skipped = testing::UnitTest::GetInstance()->skipped_test_count();
    const auto all_failed = comm.sum(std::int64_t{failed});
    const auto all_passed = comm.sum(std::int64_t{passed});
    const auto all_skipped = comm.sum(std::int64_t{skipped});
    if (all_failed == 0 && all_passed == 0 && all_skipped > 0)
        return exit_skipped;
    return all_failed == 0 ? 0 : 1;
}
