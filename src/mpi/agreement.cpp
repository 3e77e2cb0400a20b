#include "rewire/mpi/agreement.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/pack.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>

namespace rewire::mpi {

namespace {

using base::ExitCode;

/// Set when an exception that all ranks have is thrown; this program runs one thread.
bool all_unwind = false;

[[noreturn]] void rethrow(ExitCode code, std::string problem, std::string where, std::string next)
{
    switch (code) {
    case ExitCode::usage:
        throw base::UsageError(std::move(problem), std::move(where), std::move(next));
    case ExitCode::input:
        throw base::InputError(std::move(problem), std::move(where), std::move(next));
    case ExitCode::io:
        throw base::IoError(std::move(problem), std::move(where), std::move(next));
    case ExitCode::numerical:
        throw base::NumericalError(std::move(problem), std::move(where), std::move(next));
    default:
        throw base::Error(code, std::move(problem), std::move(where), std::move(next));
    }
}

} // namespace

base::Error as_error(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const base::Error& error) {
        return error;
    } catch (const std::bad_alloc&) {
        return base::InputError("not enough memory", "",
                                "give each rank more (fewer ranks a node, or #SBATCH --mem): "
                                "`rewire plan` says how much");
    } catch (const std::filesystem::filesystem_error& error) {
        return base::IoError(error.code().message(), error.path1().string(),
                             "does it exist, and may you read and write there?");
    } catch (const std::exception& error) {
        return base::Error(ExitCode::bug, fmt::format("unexpected: {}", error.what()), "",
                           "this is a fault of rewire: please report it with the log file");
    } catch (...) {
        return base::Error(ExitCode::bug, "unexpected error without a message", "",
                           "this is a fault of rewire: please report it with the log file");
    }
}

void end_all_ranks(ExitCode code) noexcept
{
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
    std::_Exit(static_cast<int>(code));
}

void agree_on(const Communicator& comm, const std::exception_ptr& mine)
{
    const auto first =
        static_cast<int>(-comm.largest(std::int64_t{mine ? -comm.rank() : -comm.size()}));
    all_unwind = first != comm.size(); // what was caught before is over
    if (!all_unwind)
        return;
    auto packer = base::Packer{};
    if (comm.rank() == first) {
        const auto error = as_error(mine);
        auto where = error.where();
        // The command line is everybody's, and what names neither a place nor a next step is not a
        // fault of this rank.
        if (comm.size() > 1 && error.code() != ExitCode::usage &&
            !(where.empty() && error.next().empty()))
            where +=
                fmt::format("{}rank {} on {}", where.empty() ? "" : ", ", comm.rank(), host_name());
        packer.put(error.code());
        packer.put_text(error.problem());
        packer.put_text(where);
        packer.put_text(error.next());
    }
    const auto bytes = comm.broadcast(packer.take(), first);
    auto unpacker = base::Unpacker(bytes);
    const auto code = unpacker.get<ExitCode>();
    auto problem = unpacker.get_text();
    auto where = unpacker.get_text();
    rethrow(code, std::move(problem), std::move(where), unpacker.get_text());
}

void throw_on_all(const base::Error& error)
{
    all_unwind = true;
    rethrow(error.code(), error.problem(), error.where(), error.next());
}

bool all_have_error() noexcept
{
    return all_unwind;
}

bool unwinds_alone() noexcept
{
    return std::uncaught_exceptions() > 0 && !all_unwind;
}

} // namespace rewire::mpi
