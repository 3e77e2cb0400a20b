#pragma once

#include <slepceps.h>
#include <slepcsvd.h>

namespace rewire::slepc {

/// Starts PETSc and SLEPc on this rank unless they run; they end just before MPI does. Not
/// collective: what PETSc takes for its world is this rank alone.
void start_slepc();

/// What a PETSc call returned. @throws NumericalError with the text of the failed call; InputError
/// where memory ran out
void check(PetscErrorCode code);

/// Owns a PETSc object; created through its address.
template <typename Object, PetscErrorCode (*destroy)(Object*)>
class Handle
{
  public:
    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle()
    {
        if (object_ != nullptr)
            destroy(&object_);
    }

    Object get() const noexcept { return object_; }
    Object* address() noexcept { return &object_; }

  private:
    Object object_ = nullptr;
};

using Matrix = Handle<Mat, MatDestroy>;
using Vector = Handle<Vec, VecDestroy>;
using EigenSolver = Handle<EPS, EPSDestroy>;
using SingularSolver = Handle<SVD, SVDDestroy>;

} // namespace rewire::slepc
