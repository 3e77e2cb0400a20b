// The last rank crashes as libhdf5 does on a damaged file, while the others wait for it.
//   crash_in_guard FILE
#include <rewire/io/crash_guard.hpp>
#include <rewire/mpi/communicator.hpp>

#include <csignal>

int main(int count, char** words)
{
    const auto environment = rewire::mpi::Environment(count, words);
    const auto comm = rewire::mpi::Communicator::world();
    if (count == 2 && comm.rank() == comm.size() - 1) {
        const auto guard = rewire::io::CrashGuard(words[1]);
        std::raise(SIGSEGV);
    }
    comm.barrier();
    return 0;
}
