#include "rewire/runtime/log.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <sstream>

namespace rewire::runtime {

namespace {

volatile std::sig_atomic_t stop_signal = 0;

void on_stop_signal(int number)
{
    stop_signal = number;
}

double now_s()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

} // namespace

void catch_stop_signals()
{
    struct sigaction action = {};
    action.sa_handler = on_stop_signal;
    action.sa_flags = SA_RESTART;
    for (const auto number : {SIGUSR1, SIGTERM})
        sigaction(number, &action, nullptr);
    action.sa_flags |= SA_RESETHAND; // a second Ctrl-C ends at once
    sigaction(SIGINT, &action, nullptr);
}

bool stop_requested() noexcept
{
    return stop_signal != 0;
}

Log::Log(bool speaks)
    : speaks_(speaks), terminal_(isatty(STDERR_FILENO) != 0), last_shown_s_(now_s())
{
    if (speaks_)
        open_console();
}

void Log::open_console()
{
    console_ = std::make_shared<spdlog::logger>("console",
                                                std::make_shared<spdlog::sinks::stderr_sink_st>());
    console_->set_pattern("%v");
}

Log::~Log()
{
    end_progress();
}

void Log::to_file(const std::filesystem::path& path)
{
    path_ = path;
    if (!speaks_)
        return;
    try {
        file_ = std::make_shared<spdlog::logger>(
            "file", std::make_shared<spdlog::sinks::basic_file_sink_st>(path.string()));
    } catch (const spdlog::spdlog_ex&) {
        throw base::IoError("cannot write the log file", path.string(), "may you write there?");
    }
    file_->set_pattern("%Y-%m-%d %H:%M:%S %^%l%$ %v");
    file_->flush_on(spdlog::level::info);
}

void Log::speak_up()
{
    if (speaks_)
        return;
    speaks_ = true;
    open_console();
    try {
        if (!path_.empty())
            to_file(path_);
    } catch (const base::IoError&) {
        file_.reset(); // the console has to do
    }
}

void Log::clear_line()
{
    if (line_shown_ && terminal_)
        std::fputs("\r\033[K", stderr);
    line_shown_ = false;
}

void Log::note(const std::string& text)
{
    if (!speaks_)
        return;
    clear_line();
    const auto shown = base::printable(text);
    console_->info(shown);
    if (file_)
        file_->info(shown);
}

void Log::warn(const std::string& text)
{
    if (!speaks_)
        return;
    clear_line();
    const auto shown = base::printable(text);
    console_->warn("warning: " + shown);
    if (file_)
        file_->warn(shown);
}

void Log::error(const std::string& text)
{
    if (!speaks_)
        return;
    clear_line();
    const auto shown = base::printable(text);
    console_->error("rewire: error: " + shown);
    if (file_)
        file_->error(shown);
}

void Log::progress(const std::string& phase, double fraction, double seconds, double units_done)
{
    progress(fraction, [&] {
        const auto left = fraction > 0.005
                              ? base::human_seconds(seconds * (1 - fraction) / fraction) + " left"
                              : "";
        return fmt::format("{:<12} {:5.1f} %  {:.3g} units/s  {}", phase, 100 * fraction,
                           seconds > 0 ? units_done / seconds : 0.0, left);
    });
}

void Log::progress(double fraction, const std::function<std::string()>& text)
{
    if (!speaks_)
        return;
    const auto now = now_s();
    if (now - last_shown_s_ < (terminal_ ? 0.2 : 60.0))
        return;
    last_shown_s_ = now;
    if (!terminal_) {
        console_->info(text());
        return;
    }
    constexpr auto width = 24;
    const auto full = static_cast<std::size_t>(fraction * width);
    std::fprintf(stderr, "\r\033[K[%s%s] %s", std::string(full, '#').c_str(),
                 std::string(width - full, '.').c_str(), text().c_str());
    std::fflush(stderr);
    line_shown_ = true;
}

void Log::end_progress()
{
    clear_line();
    last_shown_s_ = now_s(); // a batch log gets its first line of a phase after a minute
}

} // namespace rewire::runtime
