#include "program.hpp"

#include <rewire/base/error.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/mpi/agreement.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/runtime/job.hpp>
#include <rewire/runtime/log.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace rewire::jobs {

void run_program(int argc, char** argv, const std::function<std::vector<Entry>()>& entries)
{
    using base::ExitCode;
    runtime::catch_stop_signals(); // MPI takes a while to start
    auto code = static_cast<int>(ExitCode::bug);
    try {
        const auto environment = mpi::Environment(argc, argv);
        dense::use_one_thread();
        code = runtime::run_command(EntryTable(entries()), {argv + 1, argv + argc},
                                    dense::blas_target());
    } catch (const base::Error& error) {
        // Not agreed on with the other ranks, who may be waiting for this one: all end here.
        std::fprintf(stderr, "rewire: error: %s\n", error.what());
        mpi::end_all_ranks(error.code());
    } catch (const std::exception& error) {
        std::fprintf(
            stderr, "rewire: unexpected error: %s\n  this is a fault of rewire: please report it\n",
            error.what());
        mpi::end_all_ranks(ExitCode::bug);
    }
    // Exit handlers have nothing of ours to do, and OpenBLAS's waits for threads that, where memory
    // is short, ask for it for ever.
    std::fflush(nullptr);
    std::_Exit(code);
}

} // namespace rewire::jobs
