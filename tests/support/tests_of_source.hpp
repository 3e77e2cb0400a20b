#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace rewire::test {

/// Leaves only the tests of one source file where a program of several got the name of one (without
/// .cpp) as its first argument. Call after testing::InitGoogleTest. False: there are none of that
/// name.
inline bool keep_tests_of_source(int argc, char** argv)
{
    if (argc < 2)
        return true;
    const auto& program = *testing::UnitTest::GetInstance();
    auto chosen = std::string();
    for (auto i = 0; i < program.total_test_suite_count(); ++i) {
        const auto& suite = *program.GetTestSuite(i);
        for (auto j = 0; j < suite.total_test_count(); ++j) {
            const auto& test = *suite.GetTestInfo(j);
            if (std::filesystem::path(test.file()).stem() == argv[1])
                chosen += std::string(suite.name()) + "." + test.name() + ":";
        }
    }
    GTEST_FLAG_SET(filter, chosen);
    return !chosen.empty();
}

} // namespace rewire::test
