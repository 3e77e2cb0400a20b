#include "solvers.hpp"

// Found by its name (`linalg::solvers_symbol`): the rest of this library is reached through it.
extern "C" const rewire::linalg::Solvers* rewire_slepc_solvers()
{
    static constexpr auto solvers = rewire::linalg::Solvers{
        .leading_eigenpairs = rewire::slepc::leading_eigenpairs,
        .leading_singular_triplets = rewire::slepc::leading_singular_triplets,
        .minimise = rewire::slepc::minimise};
    return &solvers;
}
