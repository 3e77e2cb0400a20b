#include "tests_of_source.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace {

/// What ctest shows as skipped (SKIP_RETURN_CODE in cmake/Tests.cmake).
constexpr auto exit_skipped = 77;

} // namespace

/// PROGRAM [SOURCE]: all tests, or those of one source.
///
/// A program in which nothing failed and nothing was tested either, because every test was skipped,
/// has not passed.
int main(int argc, char** argv)
{
    testing::InitGoogleTest(&argc, argv);
    if (!rewire::test::keep_tests_of_source(argc, argv)) {
        std::fprintf(stderr, "no tests in %s.cpp\n", argv[1]);
        return 1;
    }
    const auto failed = RUN_ALL_TESTS();
    const auto& tests = *testing::UnitTest::GetInstance();
    const auto all_skipped = tests.skipped_test_count() > 0 && tests.successful_test_count() == 0;
    return failed == 0 && all_skipped ? exit_skipped : failed;
}
