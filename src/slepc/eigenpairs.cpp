#include "slepc_session.hpp"
#include "solvers.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

namespace rewire::slepc {

namespace {

constexpr auto largest_for_lapack = Eigen::Index{512};
constexpr auto tolerated_residual = 1e-14; ///< of the norm of the matrix, as dense solvers reach it

void check_input(const Eigen::MatrixXd& symmetric, Eigen::Index count)
{
    if (symmetric.rows() != symmetric.cols() || count < 1 || count > symmetric.rows())
        throw base::InputError(fmt::format("{} eigenpairs of a {} x {} matrix", count,
                                           symmetric.rows(), symmetric.cols()),
                               "", "ask for 1 to as many as a square matrix has rows");
    if (!symmetric.allFinite())
        throw base::InputError("a symmetric matrix has values that are not finite", "",
                               "leave out or repair what it was computed from");
}

void set_up(EPS solver, Mat matrix, Eigen::Index size, Eigen::Index count)
{
    check(EPSSetOperators(solver, matrix, nullptr));
    check(EPSSetProblemType(solver, EPS_HEP));
    check(EPSSetWhichEigenpairs(solver, EPS_LARGEST_REAL));
    check(EPSSetDimensions(solver, static_cast<PetscInt>(count), PETSC_DEFAULT, PETSC_DEFAULT));
    check(EPSSetType(solver, size <= largest_for_lapack ? EPSLAPACK : EPSKRYLOVSCHUR));
    check(EPSSetTolerances(solver, tolerated_residual, PETSC_DEFAULT));
    check(EPSSetConvergenceTest(solver, EPS_CONV_NORM));
}

} // namespace

Eigenpairs leading_eigenpairs(const Eigen::MatrixXd& symmetric, Eigen::Index count)
{
    check_input(symmetric, count);
    start_slepc();
    const auto size = symmetric.rows();
    auto values = Eigen::MatrixXd(symmetric);
    auto matrix = Matrix{};
    auto solver = EigenSolver{};
    check(MatCreateSeqDense(PETSC_COMM_SELF, static_cast<PetscInt>(size),
                            static_cast<PetscInt>(size), values.data(), matrix.address()));
    check(EPSCreate(PETSC_COMM_SELF, solver.address()));
    set_up(solver.get(), matrix.get(), size, count);
    check(EPSSolve(solver.get()));

    auto converged = PetscInt{0};
    check(EPSGetConverged(solver.get(), &converged));
    if (converged < count)
        throw base::NumericalError(fmt::format("{} of {} eigenpairs of a {} x {} matrix converged",
                                               converged, count, size, size),
                                   "", "ask for fewer components");
    auto pairs = Eigenpairs{Eigen::VectorXd(count), Eigen::MatrixXd(size, count)};
    for (Eigen::Index k = 0; k < count; ++k) {
        auto vector = Vector{};
        check(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, static_cast<PetscInt>(size),
                                    pairs.vectors.col(k).data(), vector.address()));
        check(EPSGetEigenpair(solver.get(), static_cast<PetscInt>(k), &pairs.values[k], nullptr,
                              vector.get(), nullptr));
    }
    return pairs;
}

} // namespace rewire::slepc
