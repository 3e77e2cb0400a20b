#include "rewire/linalg/solvers.hpp"

#include <rewire/base/error.hpp>

#include <dlfcn.h>

#include <filesystem>
#include <string>

namespace rewire::linalg {

namespace {

/// The folder that this library was loaded from. The other one lies beside it, and is not left to
/// dlopen to find: under the sanitizers that looks as if it was called from elsewhere.
std::filesystem::path own_folder()
{
    static const auto part_of_it = 0;
    auto library = Dl_info{};
    if (dladdr(&part_of_it, &library) == 0 || library.dli_fname == nullptr)
        return {};
    return std::filesystem::path(library.dli_fname).parent_path();
}

const Solvers& loaded_from(const std::filesystem::path& path)
{
    // Never closed: PETSc lives until MPI ends.
    auto* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    auto* const symbol = library != nullptr ? dlsym(library, solvers_symbol) : nullptr;
    if (symbol == nullptr) {
        const auto* const reason = dlerror();
        throw base::IoError(
            "cannot load the library for linear algebra over ranks",
            reason != nullptr ? std::string(reason) : path.string(),
            "install PETSc and SLEPc on this node, as on the one that built rewire");
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how dlsym hands out functions
    return *reinterpret_cast<SolversOf*>(symbol)();
}

} // namespace

const Solvers& load_solvers()
{
    static const auto& solvers = loaded_from(own_folder() / solvers_library);
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
