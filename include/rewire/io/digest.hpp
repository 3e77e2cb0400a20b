#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace rewire::io {

/// SHA-256 of bytes that come piece by piece.
class Sha256
{
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void add(std::span<const std::byte> bytes);
    /// In lower-case hexadecimal. Ends the computation: call once.
    std::string hexadecimal();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// SHA-256 in lower-case hexadecimal.
std::string sha256_of(std::span<const std::byte> bytes);
/// Reads the whole file (about 0.5 to 2 GB/s a core).
/// @param go_on asked about ten times a second; when it says no, the result is empty
/// @throws IoError
std::string sha256_of_file(const std::filesystem::path& path,
                           const std::function<bool()>& go_on = {});

} // namespace rewire::io
