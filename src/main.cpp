#include "../jobs/catalogue.hpp"

#include <rewire/base/error.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/mpi/agreement.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/runtime/job.hpp>
#include <rewire/runtime/log.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

int main(int argc, char** argv)
{
    using rewire::base::ExitCode;
    rewire::runtime::catch_stop_signals(); // MPI takes a while to start
    auto code = static_cast<int>(ExitCode::bug);
    try {
        const auto environment = rewire::mpi::Environment(argc, argv);
        rewire::dense::use_one_thread();
        code = rewire::runtime::run_command(rewire::jobs::catalogue(), {argv + 1, argv + argc},
                                            rewire::dense::blas_target());
    } catch (const rewire::base::Error& error) {
        // Not agreed on with the other ranks, who may be waiting for this one: all end here.
        std::fprintf(stderr, "rewire: error: %s\n", error.what());
        rewire::mpi::end_all_ranks(error.code());
    } catch (const std::exception& error) {
        std::fprintf(
            stderr, "rewire: unexpected error: %s\n  this is a fault of rewire: please report it\n",
            error.what());
        rewire::mpi::end_all_ranks(ExitCode::bug);
    }
    return code;
}
