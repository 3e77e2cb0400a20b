#include "rewire/linalg/solvers.hpp"

#include <rewire/base/error.hpp>

#include <dlfcn.h>

#include <string>

namespace rewire::linalg {

namespace {

const Solvers& loaded_from(const char* path)
{
    // Never closed: PETSc lives until MPI ends. It is looked for where this library was.
    auto* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    auto* const symbol = library != nullptr ? dlsym(library, solvers_symbol) : nullptr;
    if (symbol == nullptr) {
        const auto* const reason = dlerror();
        throw base::IoError(
            "cannot load the library for linear algebra over ranks",
            reason != nullptr ? reason : path,
            "install PETSc and SLEPc on this node, as on the one that built rewire");
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how dlsym hands out functions
    return *reinterpret_cast<SolversOf*>(symbol)();
}

} // namespace

const Solvers& load_solvers()
{
    static const auto& solvers = loaded_from(solvers_library);
    return solvers;
}

Eigenpairs leading_eigenpairs(const Eigen::MatrixXd& symmetric, Eigen::Index count)
{
    return load_solvers().leading_eigenpairs(symmetric, count);
}

SingularTriplets leading_singular_triplets(const mpi::Communicator& comm,
                                           const SpreadColumns& matrix, Eigen::Index count)
{
    return load_solvers().leading_singular_triplets(comm, matrix, count);
}

FoundMinimum minimise(const SmoothFunction& function, std::vector<double> start,
                      const MinimiseSettings& settings)
{
    return load_solvers().minimise(function, std::move(start), settings);
}

} // namespace rewire::linalg
