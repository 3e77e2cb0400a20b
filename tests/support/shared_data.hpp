#pragma once

#include <filesystem>

namespace rewire::test {

/// Path of a file below the folder of reference cases (CMake option REWIRE_SHARED_DATA); empty
/// where it is not there. A test that needs it says so: `if (path.empty()) GTEST_SKIP() <<
/// skipped_reference;`
std::filesystem::path shared_data(const std::filesystem::path& relative);

inline constexpr auto skipped_reference =
    "reference cases are not here: configure with -DREWIRE_SHARED_DATA=FOLDER to run this test";

/// A folder of this test's own, removed when the object goes.
class TemporaryFolder
{
  public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    const std::filesystem::path& path() const noexcept { return path_; }

  private:
    std::filesystem::path path_;
};

} // namespace rewire::test
