#include "slepc_session.hpp"

#include <rewire/base/error.hpp>
#include <rewire/mpi/communicator.hpp>

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

namespace rewire::slepc {

namespace {

/// Text of the last error, where PETSc's own handler would print it.
std::string& last_error()
{
    static auto text = std::string{};
    return text;
}

PetscErrorCode remember_error(MPI_Comm /*comm*/, int /*line*/, const char* function,
                              const char* /*file*/, PetscErrorCode code, PetscErrorType type,
                              const char* message, void* /*context*/)
{
    if (type == PETSC_ERROR_INITIAL)
        last_error() = fmt::format("{}: {}", function != nullptr ? function : "PETSc",
                                   message != nullptr ? message : "no text");
    return code;
}

} // namespace

void start_slepc()
{
    auto initialized = 0;
    MPI_Initialized(&initialized);
    if (initialized == 0)
        throw std::logic_error("linear algebra over ranks before mpi::Environment");
    auto started = PETSC_FALSE;
    check(SlepcInitialized(&started));
    if (started == PETSC_TRUE)
        return;
    // Options by the calls below only: a file in somebody's home must not change results.
    auto arguments = std::array<std::string, 5>{"rewire", "-skip_petscrc", "-no_signal_handler",
                                                "-options_left", "no"};
    auto pointers = std::array<char*, 5>{};
    for (std::size_t k = 0; k < arguments.size(); ++k)
        pointers[k] = arguments[k].data();
    // Its start is collective over what it takes for the world, and ranks come here on their own.
    PETSC_COMM_WORLD = MPI_COMM_SELF;
    check(SlepcInitializeNoPointers(static_cast<int>(pointers.size()), pointers.data(), nullptr,
                                    nullptr));
    check(PetscPushErrorHandler(remember_error, nullptr));
    mpi::before_finalize([] { SlepcFinalize(); });
}

void check(PetscErrorCode code)
{
    if (code == 0)
        return;
    const auto text = std::exchange(last_error(), {});
    if (code == PETSC_ERR_MEM)
        throw base::InputError("not enough memory for linear algebra", text,
                               "use more nodes, or fewer ranks on each");
    throw base::NumericalError(
        fmt::format("linear algebra failed (PETSc error {})", static_cast<int>(code)), text,
        "check the connectomes for extreme values");
}

} // namespace rewire::slepc
