#include "slepc_session.hpp"
#include "solvers.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>
#include <petsctao.h>

#include <algorithm>
#include <cmath>
#include <exception>

namespace rewire::slepc {

namespace {

using Solver = Handle<Tao, TaoDestroy>;

/// What the callback of TAO needs; an exception waits here until TAO has returned.
struct Search
{
    const SmoothFunction& function;
    std::exception_ptr error;
    std::int64_t evaluations = 0;
};

PetscErrorCode evaluate(Tao /*solver*/, Vec at, PetscReal* value, Vec gradient, void* context)
{
    auto& search = *static_cast<Search*>(context);
    const PetscScalar* point = nullptr;
    PetscScalar* slope = nullptr;
    auto size = PetscInt{0};
    VecGetLocalSize(at, &size);
    VecGetArrayRead(at, &point);
    VecGetArray(gradient, &slope);
    try {
        const auto count = static_cast<std::size_t>(size);
        *value = search.function({point, count}, {slope, count});
        ++search.evaluations;
        if (!std::isfinite(*value))
            throw base::NumericalError("a function to be minimised is not finite", "",
                                       "check its input for extreme values");
    } catch (...) {
        search.error = std::current_exception();
    }
    VecRestoreArrayRead(at, &point);
    VecRestoreArray(gradient, &slope);
    return search.error ? PETSC_ERR_USER : 0;
}

void set_up(Tao solver, Vec at, Search& search, const MinimiseSettings& settings)
{
    check(TaoSetType(solver, TAOLMVM));
    check(TaoSetSolution(solver, at));
    check(TaoSetObjectiveAndGradient(solver, nullptr, evaluate, &search));
    check(TaoSetTolerances(solver, settings.gradient_norm, 0, 0));
    check(
        TaoSetMaximumFunctionEvaluations(solver, static_cast<PetscInt>(settings.most_evaluations)));
    check(TaoSetMaximumIterations(solver, static_cast<PetscInt>(settings.most_evaluations)));
}

} // namespace

FoundMinimum minimise(const SmoothFunction& function, std::vector<double> start,
                      const MinimiseSettings& settings)
{
    if (start.empty())
        throw base::InputError("nothing to minimise over", "", "give a start");
    start_slepc();
    auto at = Vector{};
    auto solver = Solver{};
    auto search = Search{function, nullptr};
    check(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, static_cast<PetscInt>(start.size()),
                                start.data(), at.address()));
    check(TaoCreate(PETSC_COMM_SELF, solver.address()));
    set_up(solver.get(), at.get(), search, settings);
    const auto code = TaoSolve(solver.get());
    if (search.error)
        std::rethrow_exception(search.error);
    check(code);

    auto found = FoundMinimum{.at = {}, .evaluations = search.evaluations};
    auto steps = PetscInt{0};
    auto reason = TaoConvergedReason{};
    check(TaoGetSolutionStatus(solver.get(), &steps, &found.value, &found.gradient_norm, nullptr,
                               nullptr, &reason));
    if (reason < 0 && !(found.gradient_norm <= settings.gradient_norm_at_rounding))
        throw base::NumericalError(
            fmt::format("no minimum after {} evaluations: the gradient is still {:.2g}",
                        found.evaluations, found.gradient_norm),
            "", "penalise more, or leave out neurons that hardly fire");
    found.at = std::move(start);
    return found;
}

} // namespace rewire::slepc
