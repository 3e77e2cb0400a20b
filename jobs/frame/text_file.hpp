#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace rewire::jobs {

/// A text file that is whole or absent: PATH.partial until `finish`, which puts it in the place of
/// what is at PATH. Every function throws IoError where the file cannot be written.
class TextFile
{
  public:
    explicit TextFile(std::filesystem::path path);
    TextFile(const TextFile&) = delete;
    TextFile& operator=(const TextFile&) = delete;
    ~TextFile(); ///< removes what was not finished

    void write(const std::string& text) { stream_ << text; }
    void finish();

  private:
    std::filesystem::path path_;
    std::filesystem::path temporary_;
    std::ofstream stream_;
};

} // namespace rewire::jobs
