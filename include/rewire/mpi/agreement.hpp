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

/// Throws an error that all ranks throw at this point.
[[noreturn]] void throw_on_all(const base::Error& error);

/// Whether the exception on its way out is one that all ranks have (from here), so that what is
/// collective may still be done. When it is not, the others wait elsewhere: `end_unless_all_unwind`
/// ends the program instead of hanging.
void end_unless_all_unwind() noexcept;

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
