#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace rewire::io {

/// While it lives, a crash of this process is taken for what a damaged file does to libhdf5 (which
/// trusts some of the lengths that it reads), and so is using more processor time than any file
/// needs (some damage sends it round in circles): the file is named on standard error and the
/// process leaves at once with the exit code of bad input. mpirun and `srun --kill-on-bad-exit` end
/// the other ranks. For reads of metadata and of text only: elsewhere a crash is our own fault and
/// has to look like one.
///
/// Catches SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT (of the allocator) and SIGVTALRM, on a stack of
/// its own; the handler does nothing but write(2) and _exit(2). Guards nest: the innermost names
/// its file. One thread of a process. Costs some twenty system calls.
class CrashGuard
{
  public:
    /// Processor time for reading metadata alone, and for tables with their values, of which the
    /// largest take about a minute. Waiting for a disk does not count.
    static constexpr int metadata_s = 30;
    static constexpr int tables_s = 600;

    explicit CrashGuard(const std::filesystem::path& file, int processor_s = tables_s);
    CrashGuard(const CrashGuard&) = delete;
    CrashGuard& operator=(const CrashGuard&) = delete;
    ~CrashGuard();

  private:
    std::string text_; ///< made beforehand: a handler may not allocate
    std::string_view outer_;
};

} // namespace rewire::io
