#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/runtime/options.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

using namespace rewire;
using runtime::OptionKind;
using testing::AllOf;
using testing::HasSubstr;

namespace {

const auto declared = std::vector<runtime::Option>{
    {.name = "top", .kind = OptionKind::integer, .help = "how many", .minimum = 1, .maximum = 1e6},
    {.name = "dilate", .kind = OptionKind::integer, .unit = "frames", .help = "longer by"},
    {.name = "width-s", .kind = OptionKind::real, .unit = "s", .help = "width"},
    {.name = "level", .kind = OptionKind::real, .help = "level", .minimum = 0, .maximum = 1},
    {.name = "seed",
     .kind = OptionKind::integer,
     .help = "seed",
     .minimum = 0,
     .maximum = runtime::largest_seed},
    {.name = "config", .kind = OptionKind::path, .help = "file"},
};

runtime::Options parsed(const std::vector<std::string>& words)
{
    return runtime::parse_options("try", declared, words);
}

std::string refusal(const std::vector<std::string>& words)
{
    try {
        parsed(words);
    } catch (const base::UsageError& error) {
        return error.what();
    }
    return "no error";
}

} // namespace

TEST(Options, WholeNumbersMayBeTypedWithAnExponent)
{
    EXPECT_EQ(parsed({"--top", "1e3"}).integer("top"), 1000);
    EXPECT_EQ(parsed({"--top", "2.5e4"}).integer("top"), 25000);
    EXPECT_EQ(parsed({"--top", "1e3"}).result_changing(),
              parsed({"--top", "1000"}).result_changing());
    EXPECT_EQ(parsed({"--seed", "1234567890123456789"}).integer("seed"), 1234567890123456789);
    EXPECT_THAT(refusal({"--top", "1.5"}), HasSubstr("not a whole number"));
    EXPECT_THAT(refusal({"--top", "1e30"}), HasSubstr("not a whole number"));
}

TEST(Options, ADecimalCommaIsAnsweredWithTheNumberMeant)
{
    EXPECT_THAT(refusal({"--level", "0,7"}),
                AllOf(HasSubstr("not a number"), HasSubstr("did you mean 0.7?")));
    EXPECT_THAT(refusal({"--top", "1,000"}),
                AllOf(HasSubstr("not a whole number"), HasSubstr("did you mean 1000?")));
    EXPECT_THAT(refusal({"--level", "half"}), testing::Not(HasSubstr("did you mean")));
}

TEST(Options, RangesAreSaneAndSaidWithTheirUnit)
{
    EXPECT_THAT(refusal({"--top", "1e9"}), HasSubstr("it takes 1 to 1e6"));
    EXPECT_THAT(refusal({"--dilate", "9223372036854775807"}),
                HasSubstr("it takes -1e9 to 1e9 frames"));
    EXPECT_THAT(refusal({"--width-s", "1e308"}), HasSubstr("it takes -1e8 to 1e8 s"));
    EXPECT_THAT(refusal({"--level", "-0.1"}), testing::EndsWith("it takes 0 to 1"));
    for (const auto* text : {"inf", "-inf", "nan"})
        EXPECT_THAT(refusal({"--width-s", text}), HasSubstr("out of range"));
}

TEST(Options, AConfigurationFileIsAFile)
{
    const auto folder = test::TemporaryFolder();
    const auto file = (folder.path() / "run.cfg").string();
    std::ofstream(file) << "top = 1e2\n";

    EXPECT_EQ(parsed({"--config", file}).integer("top"), 100);
    EXPECT_THAT(refusal({"--config", folder.path().string()}), HasSubstr("a folder or a device"));
    EXPECT_THAT(refusal({"--config", "/dev/zero"}), HasSubstr("a folder or a device"));
    EXPECT_THAT(refusal({"--config", (folder.path() / "none").string()}),
                HasSubstr("cannot open the configuration file"));
    std::ofstream(file) << std::string(2 << 20, '#');
    EXPECT_THAT(refusal({"--config", file}), HasSubstr("larger than 1 MB"));
}
