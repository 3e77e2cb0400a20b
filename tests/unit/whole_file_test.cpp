#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/whole_file.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

using namespace rewire;
namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& path)
{
    auto file = std::ifstream(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t files_in(const fs::path& folder)
{
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator{}));
}

void write(const io::WholeFile& file, const std::string& text)
{
    std::ofstream(file.partial()) << text;
}

class WholeFile : public testing::Test
{
  protected:
    test::TemporaryFolder folder;
    fs::path path = folder.path() / "result.txt";
};

} // namespace

TEST_F(WholeFile, HasItsNameOnlyAfterItIsPublished)
{
    auto file = io::WholeStream(path);
    file.write("0123456789");
    EXPECT_FALSE(fs::exists(path));
    file.overwrite(2, std::as_bytes(std::span("ab", 2)));

    file.publish();

    EXPECT_EQ(text_of(path), "01ab456789");
    EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST_F(WholeFile, IsRemovedWhenItIsNotPublished)
{
    {
        auto file = io::WholeStream(path);
        file.write("half of it");
        EXPECT_EQ(files_in(folder.path()), 1U);
    }

    EXPECT_EQ(files_in(folder.path()), 0U);
}

TEST_F(WholeFile, AnExistingOneIsReplacedOrKept)
{
    for (const auto* text : {"first", "second"}) {
        auto file = io::WholeFile(path);
        write(file, text);
        file.publish();
        EXPECT_EQ(text_of(path), text);
    }
    auto late = io::WholeFile(path, folder.path() / "other name");
    write(late, "third");

    late.publish(io::WholeFile::Existing::keep);

    EXPECT_EQ(text_of(path), "second");
    EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST_F(WholeFile, WhatWasThereStaysWhenTheNewOneFails)
{
    std::ofstream(path) << "old";
    const auto never_written = [&] {
        auto file = io::WholeFile(path);
        file.publish();
    };

    EXPECT_THROW(never_written(), base::IoError);
    EXPECT_THROW(io::WholeStream(folder.path() / "no such folder" / "x"), base::IoError);
    EXPECT_EQ(text_of(path), "old");
}

TEST_F(WholeFile, AFullDiskIsAnError)
{
    if (!fs::exists("/dev/full"))
        GTEST_SKIP() << "there is no /dev/full here";
    // Noticed when it is closed, when it is written, or long before it is published.
    for (const auto writes : {1, 10000, 100000}) {
        SCOPED_TRACE(writes);
        fs::create_symlink("/dev/full", path.string() + ".partial");
        auto file = io::WholeStream(path);
        for (int i = 0; i < writes; ++i)
            file.write("0123456789");
        file.overwrite(2, std::as_bytes(std::span("ab", 2)));
        try {
            file.publish();
            FAIL();
        } catch (const base::IoError& error) {
            EXPECT_NE(std::string(error.what()).find("No space left"), std::string::npos)
                << error.what();
        }
        EXPECT_FALSE(fs::exists(path));
    }
}
