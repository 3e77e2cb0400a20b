#include "jobs/catalogue.hpp"

#include <rewire/base/error.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/runtime/job.hpp>
#include <rewire/runtime/log.hpp>

#include <mpi.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

int main(int argc, char** argv)
{
    using rewire::base::ExitCode;
    auto code = static_cast<int>(ExitCode::bug);
    const auto environment = rewire::mpi::Environment(argc, argv);
    try {
        rewire::dense::use_one_thread();
        rewire::runtime::catch_stop_signals();
        code = rewire::runtime::run_command(rewire::jobs::EntryTable(rewire::jobs::catalogue()),
                                            {argv + 1, argv + argc}, rewire::dense::blas_target());
    } catch (const std::exception& error) {
        // Not agreed on with the other ranks, who may be waiting for this one: all end here.
        std::fprintf(
            stderr, "rewire: unexpected error: %s\n  this is a fault of rewire: please report it\n",
            error.what());
        MPI_Abort(MPI_COMM_WORLD, code);
    }
    return code;
}
