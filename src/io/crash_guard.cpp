#include "rewire/io/crash_guard.hpp"

#include <rewire/base/error.hpp>

#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>

namespace rewire::io {

namespace {

constexpr auto signals = std::array{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGVTALRM};
constexpr auto stack_bytes = std::size_t{65536}; // endless recursion leaves none of the usual one

// What a handler may look at: set before it is installed, one thread.
const char* message = nullptr;
std::size_t message_bytes = 0;

alignas(16) std::array<std::byte, stack_bytes> handler_stack;
stack_t usual_stack = {};
itimerval usual_timer = {};
std::array<struct sigaction, signals.size()> usual_actions = {};

extern "C" void leave_with_the_files_name(int /*number*/)
{
    auto left = message_bytes;
    for (const auto* at = message; left > 0;) {
        const auto written = ::write(STDERR_FILENO, at, left);
        if (written <= 0)
            break;
        at += written;
        left -= static_cast<std::size_t>(written);
    }
    ::_exit(static_cast<int>(base::ExitCode::input));
}

void install(int processor_s)
{
    auto stack = stack_t{};
    stack.ss_sp = handler_stack.data();
    stack.ss_size = handler_stack.size();
    sigaltstack(&stack, &usual_stack);
    struct sigaction action = {};
    action.sa_handler = leave_with_the_files_name;
    action.sa_flags = SA_ONSTACK;
    for (std::size_t i = 0; i < signals.size(); ++i)
        sigaction(signals[i], &action, &usual_actions[i]);
    auto timer = itimerval{};
    timer.it_value.tv_sec = processor_s;
    setitimer(ITIMER_VIRTUAL, &timer, &usual_timer);
}

void remove()
{
    setitimer(ITIMER_VIRTUAL, &usual_timer, nullptr);
    for (std::size_t i = 0; i < signals.size(); ++i)
        sigaction(signals[i], &usual_actions[i], nullptr);
    sigaltstack(&usual_stack, nullptr);
}

} // namespace

CrashGuard::CrashGuard(const std::filesystem::path& file, int processor_s)
    : text_(
          "rewire: error: the file is damaged: the HDF5 library crashed, or came to no end, while "
          "reading what it says of itself\n  where: " +
          file.string() +
          "\n  next:  compare it with the original; leave it out, or exclude it in study.tsv\n"),
      outer_(message == nullptr ? std::string_view{} : std::string_view{message, message_bytes})
{
    const auto is_outermost = message == nullptr;
    message = text_.data();
    message_bytes = text_.size();
    if (is_outermost)
        install(processor_s);
}

CrashGuard::~CrashGuard()
{
    if (outer_.data() == nullptr)
        remove();
    message = outer_.data();
    message_bytes = outer_.size();
}

} // namespace rewire::io
