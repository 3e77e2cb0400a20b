#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace rewire::runtime {

/// What a user sees: lines on standard error and in a log file (rank 0 only), and one line of
/// progress that a terminal overwrites and a batch log gets once a minute.
class Log
{
  public:
    explicit Log(bool speaks); ///< @param speaks false on all ranks but one
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    void to_file(const std::filesystem::path& path); ///< from now on also there, appended
    /// From now on this rank speaks, too: it has an error that the others do not know of.
    void speak_up();
    void note(const std::string& text);
    void warn(const std::string& text);
    void error(const std::string& text);

    /// @param fraction 0..1 of the phase's work; shown at most as often as suits the terminal
    void progress(const std::string& phase, double fraction, double seconds, double units_done);
    /// The same line with words of the caller's.
    void progress(double fraction, const std::function<std::string()>& text);
    void end_progress();

  private:
    void clear_line();

    void open_console();

    bool speaks_;
    bool terminal_;
    bool line_shown_ = false;
    double last_shown_s_;
    std::filesystem::path path_; ///< of the file, also on ranks that do not speak
    std::shared_ptr<spdlog::logger> console_;
    std::shared_ptr<spdlog::logger> file_;
};

/// SIGUSR1, SIGTERM and SIGINT ask the job to stop at the next block boundary.
void catch_stop_signals();
bool stop_requested() noexcept;

} // namespace rewire::runtime
