#include "shared_data.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace rewire::test {

std::filesystem::path shared_data(const std::filesystem::path& relative)
{
    const auto path = std::filesystem::path(REWIRE_SHARED_DATA) / relative;
    return std::filesystem::exists(path) ? path : std::filesystem::path{};
}

TemporaryFolder::TemporaryFolder()
{
    auto name = (std::filesystem::temp_directory_path() / "rewire-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
}

TemporaryFolder::~TemporaryFolder()
{
    auto error = std::error_code{};
    std::filesystem::remove_all(path_, error);
}

} // namespace rewire::test
