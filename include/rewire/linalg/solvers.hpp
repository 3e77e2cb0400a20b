#pragma once

#include <rewire/linalg/eigenpairs.hpp>
#include <rewire/linalg/minimise.hpp>
#include <rewire/linalg/singular_triplets.hpp>

namespace rewire::linalg {

/// What the library with PETSc and SLEPc does for this layer. That library is loaded when it is
/// first needed: they bring sixty others with them, which takes three quarters of the start of a
/// program, and most runs need none of it.
struct Solvers
{
    decltype(&linalg::leading_eigenpairs) leading_eigenpairs;
    decltype(&linalg::leading_singular_triplets) leading_singular_triplets;
    decltype(&linalg::minimise) minimise;
};

/// The only name of that library that is looked up (`solvers_symbol`).
using SolversOf = const Solvers*();
constexpr auto solvers_library = "librewire_slepc.so"; ///< in the folder of this one
constexpr auto solvers_symbol = "rewire_slepc_solvers";

/// Loads that library on this rank unless it is there, so that a node without PETSc is found before
/// hours of work; the functions of this layer load it, too. Not collective; cheap when repeated.
/// @throws IoError: the library, or one that it needs, cannot be loaded
const Solvers& load_solvers();

} // namespace rewire::linalg
