#include <rewire/base/error.hpp>
#include <rewire/base/memory.hpp>
#include <rewire/base/pack.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/base/text.hpp>

#include <Random123/philox.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

using namespace rewire::base;

TEST(Partition, PartsCoverAllItemsOnce)
{
    for (const auto count : {0, 1, 7, 100})
        for (const auto parts : {1, 2, 3, 8, 150}) {
            auto next = std::int64_t{0};
            for (auto part = 0; part < parts; ++part) {
                const auto range = part_of(count, parts, part);

                EXPECT_EQ(range.first, next);
                EXPECT_LE(range.size(), count / parts + 1);
                next = range.last;
            }
            EXPECT_EQ(next, count);
        }
}

TEST(Partition, BlocksAreAtMostAsLargeAsAskedAndNearlyEqual)
{
    const auto blocks = blocks_of(10, 4);

    EXPECT_THAT(blocks, testing::ElementsAre(Range{0, 4}, Range{4, 7}, Range{7, 10}));
    EXPECT_TRUE(blocks_of(0, 4).empty());
}

TEST(Partition, PairIndexIsRowMajor)
{
    auto expected = std::int64_t{0};
    for (auto i = 0; i < 6; ++i)
        for (auto j = i + 1; j < 6; ++j)
            EXPECT_EQ(pair_index(i, j, 6), expected++);
    EXPECT_EQ(expected, pair_count(6));
}

TEST(Random, AStreamIsNamedByWhatIsDrawn)
{
    auto first = Stream(7, {1, 2, 3});
    auto same = Stream(7, {1, 2, 3});
    auto other_name = Stream(7, {1, 3, 2});
    auto other_seed = Stream(8, {1, 2, 3});
    auto shorter = Stream(7, {1, 2});

    const auto drawn = first.bits64();

    EXPECT_EQ(same.bits64(), drawn);
    EXPECT_NE(other_name.bits64(), drawn);
    EXPECT_NE(other_seed.bits64(), drawn);
    EXPECT_NE(shorter.bits64(), drawn);
}

TEST(Random, AStreamNeverChangesBetweenVersions)
{
    // Pinned: were these to change, results of earlier versions could not be recomputed.
    auto stream = Stream(20260101, {key_of("shift"), 5});

    EXPECT_EQ(key_of("shift"), 0x5f720c8c5832a66dULL);
    EXPECT_EQ(stream.bits64(), 0x5d3cb80acdfc7db4ULL);
    EXPECT_EQ(stream.bits64(), 0xb3815d6dadce6f0aULL);
    EXPECT_EQ(stream.bits64(), 0x3899578876a0d62bULL);
}

TEST(Random, PhiloxGivesTheNumbersThatItsAuthorsPublish)
{
    // Known answers of philox4x32-10 (Salmon et al. 2011, Random123): counter and key 0, and all
    // bits set.
    using Generator = r123::Philox4x32_R<10>;
    const auto ones = 0xffffffffU;

    const auto zero = Generator{}({{0, 0, 0, 0}}, {{0, 0}});
    const auto full = Generator{}({{ones, ones, ones, ones}}, {{ones, ones}});

    EXPECT_EQ(zero[0], 0x6627e8d5U);
    EXPECT_EQ(zero[1], 0xe169c58dU);
    EXPECT_EQ(zero[2], 0xbc57ac4cU);
    EXPECT_EQ(zero[3], 0x9b00dbd8U);
    EXPECT_EQ(full[0], 0x408f276dU);
}

TEST(Random, MomentsOfTheDistributions)
{
    auto stream = Stream(1, {99});
    constexpr auto draws = 200000;
    auto uniform = 0.0, normal = 0.0, normal2 = 0.0, exponential = 0.0, poisson = 0.0;

    for (auto i = 0; i < draws; ++i) {
        uniform += stream.uniform();
        const auto z = stream.normal();
        normal += z;
        normal2 += z * z;
        exponential += stream.exponential();
        poisson += static_cast<double>(stream.poisson(2.5));
    }

    EXPECT_NEAR(uniform / draws, 0.5, 0.004);
    EXPECT_NEAR(normal / draws, 0.0, 0.012);
    EXPECT_NEAR(normal2 / draws, 1.0, 0.016);
    EXPECT_NEAR(exponential / draws, 1.0, 0.012);
    EXPECT_NEAR(poisson / draws, 2.5, 0.018);
}

TEST(Random, BelowIsUniform)
{
    auto stream = Stream(3, {1});
    auto seen = std::vector<int>(7, 0);
    for (auto i = 0; i < 70000; ++i)
        ++seen[stream.below(7)];

    for (const auto count : seen)
        EXPECT_NEAR(count, 10000, 400);
}

TEST(Random, DistinctDrawsAreDistinct)
{
    auto stream = Stream(3, {2});
    const auto drawn = distinct_below(stream, 50, 20);
    const auto all = permutation(stream, 50);

    EXPECT_EQ(std::set<std::int64_t>(drawn.begin(), drawn.end()).size(), 20U);
    EXPECT_EQ(std::set<std::int64_t>(all.begin(), all.end()).size(), 50U);
}

TEST(Text, WordsForAShell)
{
    EXPECT_EQ(for_shell("--tau-s=0.7"), "--tau-s=0.7");
    EXPECT_EQ(for_shell(""), "''");
    EXPECT_EQ(for_shell("#1"), "'#1'");
    EXPECT_EQ(for_shell("it's ~here"), "'it'\\''s ~here'");
}

TEST(Pack, ASinkGetsTheSameBytesInPieces)
{
    const auto large = std::vector<std::int32_t>(1'000'000, 5);
    auto kept = Packer{};
    auto pieces = std::vector<std::size_t>{};
    auto handed_on = std::vector<std::byte>{};
    auto passing = Packer([&](std::span<const std::byte> bytes) {
        pieces.push_back(bytes.size());
        handed_on.insert(handed_on.end(), bytes.begin(), bytes.end());
    });

    for (auto* packer : {&kept, &passing}) {
        packer->put(1.5);
        packer->put_all(large);
        for (auto i = 0; i < 300'000; ++i)
            packer->put(i);
        packer->flush();
    }

    EXPECT_EQ(handed_on, kept.bytes());
    EXPECT_TRUE(passing.bytes().empty());
    // 1.5 and the length, the vector as it is, then a megabyte at a time
    EXPECT_EQ(pieces, (std::vector<std::size_t>{16, 4'000'000, 1 << 20, 1'200'000 - (1 << 20)}));
}

TEST(Pack, ComesBackAsItWas)
{
    auto packer = Packer{};
    packer.put(42);
    packer.put_all(std::vector<double>{1.5, -2});
    packer.put_text("session");

    auto unpacker = Unpacker(packer.bytes());

    EXPECT_EQ(unpacker.get<int>(), 42);
    EXPECT_THAT(unpacker.get_all<double>(), testing::ElementsAre(1.5, -2));
    EXPECT_EQ(unpacker.get_text(), "session");
    EXPECT_EQ(unpacker.remaining(), 0U);
    EXPECT_THROW(unpacker.get<char>(), IoError);
}

TEST(Text, NearestFindsTypingErrorsButNotOtherWords)
{
    const auto options = std::vector<std::string>{"surrogates", "study", "seed", "shrinkage"};

    EXPECT_EQ(nearest("surogates", options), "surrogates");
    EXPECT_EQ(nearest("stduy", options), "study");
    EXPECT_EQ(nearest("completely-else", options), "");
}

TEST(Text, HumanUnits)
{
    EXPECT_EQ(human_bytes(999), "999 B");
    EXPECT_EQ(human_bytes(1'440'000'000), "1.4 GB");
    EXPECT_EQ(human_seconds(11100), "3 h 05 min");
}

TEST(Text, CountsForReaders)
{
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(-1234567), "-1,234,567");
    EXPECT_EQ(counted(1, "animal"), "1 animal");
    EXPECT_EQ(counted(0, "animal"), "0 animals");
    EXPECT_EQ(counted(10000, "shuffle"), "10,000 shuffles");
    EXPECT_EQ(lower_case("Lever_Z9"), "lever_z9");
}

TEST(Text, SafeNamesAreOneCellOfOneLineAndAFileName)
{
    EXPECT_EQ(safe_name("mouse 12"), "mouse 12");
    EXPECT_EQ(safe_name("M\xc3\xa4use"), "M\xc3\xa4use");
    EXPECT_EQ(safe_name("a/b"), "a_b");
    EXPECT_EQ(safe_name(""), "");

    const auto newline = safe_name("a\nb");
    const auto tab = safe_name("a\tb");
    const auto broken = safe_name("a\xff"
                                  "b");
    const auto separator = safe_name("a\xe2\x80\xa8"
                                     "b"); // U+2028
    for (const auto& name : {newline, tab, broken, separator})
        EXPECT_EQ(name.substr(0, 4), "a_b~");
    EXPECT_EQ((std::set<std::string>{newline, tab, broken, separator}).size(), 4U);

    const auto cut = safe_name(std::string(99, 'm') + "\xc3\xa4" + std::string(200, 'm'));
    EXPECT_EQ(cut.substr(0, 100), std::string(99, 'm') + "~");
    EXPECT_EQ(cut.size(), 108U);
    EXPECT_EQ(safe_name(std::string(100, 'm')), std::string(100, 'm'));
}

TEST(Text, PrintableHasNoEscapeSequences)
{
    EXPECT_EQ(printable("\x1b[2J line\n\tnext \xc2\xb5V \xc2\x9b"),
              "?[2J line\n\tnext \xc2\xb5V ?");
}

TEST(Memory, SaysWhatIsLeft)
{
    EXPECT_GT(free_memory_bytes(), 0);
    EXPECT_GT(peak_resident_bytes(), 1e6);
}
