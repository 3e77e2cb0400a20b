#pragma once

#include <rewire/base/error.hpp>
#include <rewire/mpi/communicator.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace rewire::mpi {

/// Collective: when `mine` is an exception on any rank, the one of the lowest such rank is thrown
/// on all ranks (its kind and text travel; with several ranks the text names rank and host).
/// Otherwise does nothing. An allocation that failed becomes an InputError that says so.
void agree_on(const Communicator& comm, const std::exception_ptr& mine);

/// Any exception as an error that a user can act on, as `agree_on` hands it round.
base::Error as_error(const std::exception_ptr& thrown);

/// Ends all ranks from one alone: the others may be waiting for it. Say why before.
[[noreturn]] void end_all_ranks(base::ExitCode code) noexcept;

/// Throws an error that all ranks throw at this point.
[[noreturn]] void throw_on_all(const base::Error& error);

/// Whether the last exception that was seen here came from `agree_on` or `throw_on_all`: then all
/// ranks have it, and leave together.
bool all_have_error() noexcept;

/// Whether an exception is on its way out that this rank may have alone. The others wait elsewhere,
/// so nothing collective may be done: what is collective to free is left as it is, and whoever
/// catches the exception shows it and ends all ranks.
bool unwinds_alone() noexcept;

/// Runs `work` on all ranks and returns its value, or throws the same error on all of them. `work`
/// itself must not wait for other ranks after a point where it alone can fail.
template <typename Work>
auto collective(const Communicator& comm, Work&& work)
{
    auto failed = std::exception_ptr{};
    if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
        try {
            std::forward<Work>(work)();
        } catch (...) {
            failed = std::current_exception();
        }
        agree_on(comm, failed);
    } else {
        auto value = std::optional<std::invoke_result_t<Work>>{};
        try {
            value.emplace(std::forward<Work>(work)());
        } catch (...) {
            failed = std::current_exception();
        }
        agree_on(comm, failed);
        return std::move(*value);
    }
}

} // namespace rewire::mpi
