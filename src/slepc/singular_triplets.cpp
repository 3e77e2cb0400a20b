#include "slepc_session.hpp"
#include "solvers.hpp"

#include <rewire/base/error.hpp>
#include <rewire/mpi/agreement.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <vector>

namespace rewire::slepc {

namespace {

/// The matrix as PETSc sees it: vectors of columns lie as the columns do, vectors of rows in equal
/// parts.
class Shell
{
  public:
    Shell(const mpi::Communicator& comm, const SpreadColumns& columns)
        : comm_(comm), columns_(columns), all_rows_(static_cast<std::size_t>(columns.rows) + 1)
    {
        auto rows = static_cast<PetscInt>(columns.rows);
        auto mine = PetscInt{PETSC_DECIDE};
        check(PetscSplitOwnership(comm.get(), &mine, &rows));
        for (const auto part : comm.all_gather(std::int64_t{mine})) {
            part_.push_back(static_cast<int>(part));
            first_.push_back(first_.empty() ? 0 : first_.back() + part_[first_.size() - 1]);
        }
        check(MatCreateShell(comm.get(), mine, static_cast<PetscInt>(columns.columns), rows,
                             PETSC_DETERMINE, this, matrix_.address()));
        set(MATOP_MULT, multiply);
        set(MATOP_MULT_TRANSPOSE, multiply_transposed);
        set(MATOP_MULT_HERMITIAN_TRANSPOSE, multiply_transposed);
    }

    Mat matrix() const noexcept { return matrix_.get(); }
    const mpi::Communicator& communicator() const noexcept { return comm_; }
    /// What a product threw on this rank.
    const std::exception_ptr& failure() const noexcept { return failure_; }

    /// All rows of a vector of rows, on every rank.
    std::span<const double> gather(Vec vector)
    {
        const double* mine = nullptr;
        check(VecGetArrayRead(vector, &mine));
        MPI_Allgatherv(mine, part_[rank()], MPI_DOUBLE, all_rows_.data(), part_.data(),
                       first_.data(), MPI_DOUBLE, comm_.get());
        check(VecRestoreArrayRead(vector, &mine));
        return std::span(all_rows_).first(rows());
    }

  private:
    using Product = PetscErrorCode (*)(Mat, Vec, Vec);

    void set(MatOperation operation, Product product)
    {
        check(
            MatShellSetOperation(matrix_.get(), operation, reinterpret_cast<void (*)()>(product)));
    }

    std::size_t rank() const noexcept { return static_cast<std::size_t>(comm_.rank()); }
    std::size_t rows() const noexcept { return static_cast<std::size_t>(columns_.rows); }
    std::size_t columns() const noexcept { return static_cast<std::size_t>(columns_.columns); }

    /// A product on this rank. No exception may pass through PETSc, and a rank that failed has to
    /// go on to the next meeting: with zeros, so that it gets there.
    template <typename Work>
    void guarded(std::span<double> result, const Work& work) noexcept
    {
        std::fill(result.begin(), result.end(), 0.0);
        if (failure_ != nullptr)
            return;
        try {
            work();
            if (!std::all_of(result.begin(), result.end(),
                             [](double v) { return std::isfinite(v); }))
                throw base::NumericalError("products of a matrix are not finite", "",
                                           "leave out or repair the connectomes it was made of");
        } catch (...) {
            failure_ = std::current_exception();
            std::fill(result.begin(), result.end(), 0.0);
        }
    }

    static Shell& of(Mat matrix)
    {
        void* shell = nullptr;
        MatShellGetContext(matrix, &shell);
        return *static_cast<Shell*>(shell);
    }

    /// y = A x. The sum has one element more, which counts the ranks that failed: all leave here.
    static PetscErrorCode multiply(Mat matrix, Vec x, Vec y) noexcept
    {
        auto& self = of(matrix);
        const double* from = nullptr;
        double* to = nullptr;
        PetscCall(VecGetArrayRead(x, &from));
        auto& sum = self.all_rows_;
        const auto product = std::span(sum).first(self.rows());
        self.guarded(product, [&] { self.columns_.add_product({from, self.columns()}, product); });
        PetscCall(VecRestoreArrayRead(x, &from));
        sum.back() = self.failure_ == nullptr ? 0 : 1;
        MPI_Allreduce(MPI_IN_PLACE, sum.data(), static_cast<int>(sum.size()), MPI_DOUBLE, MPI_SUM,
                      self.comm_.get());
        if (sum.back() != 0)
            return PETSC_ERR_USER;
        PetscCall(VecGetArrayWrite(y, &to));
        std::copy_n(sum.begin() + self.first_[self.rank()], self.part_[self.rank()], to);
        PetscCall(VecRestoreArrayWrite(y, &to));
        return 0;
    }

    /// x = A' y
    static PetscErrorCode multiply_transposed(Mat matrix, Vec y, Vec x) noexcept
    {
        auto& self = of(matrix);
        double* to = nullptr;
        const auto from = self.gather(y);
        PetscCall(VecGetArrayWrite(x, &to));
        const auto product = std::span(to, self.columns());
        self.guarded(product, [&] { self.columns_.add_transposed_product(from, product); });
        PetscCall(VecRestoreArrayWrite(x, &to));
        return 0;
    }

    const mpi::Communicator& comm_;
    const SpreadColumns& columns_;
    std::vector<int> part_;  ///< [rank] rows of a vector of rows
    std::vector<int> first_; ///< [rank]
    std::vector<double> all_rows_;
    Matrix matrix_;
    std::exception_ptr failure_;
};

void check_input(const mpi::Communicator& comm, const SpreadColumns& matrix, Eigen::Index count)
{
    const auto rows = comm.largest(std::int64_t{matrix.rows});
    const auto columns = comm.sum(std::int64_t{matrix.columns});
    if (-comm.largest(-std::int64_t{matrix.rows}) != rows)
        throw base::InputError("the ranks disagree on the rows of a matrix", "",
                               "every rank has to pass columns of the same matrix");
    if (count < 1 || count > std::min(rows, columns))
        throw base::InputError(
            fmt::format("{} singular values of a {} x {} matrix", count, rows, columns), "",
            "ask for 1 to as many as the smaller side");
    if (std::max(rows, columns) >= std::numeric_limits<PetscInt>::max())
        throw base::InputError(fmt::format("a matrix of {} x {} is too large", rows, columns), "",
                               "use fewer pairs: the limit is 2^31 columns");
}

SingularTriplets triplets(Shell& shell, SVD solver, const SpreadColumns& matrix, Eigen::Index count)
{
    auto triplets = SingularTriplets{Eigen::VectorXd(count), Eigen::MatrixXd(matrix.rows, count),
                                     Eigen::MatrixXd(matrix.columns, count)};
    auto left = Vector{};
    auto right = Vector{};
    check(MatCreateVecs(shell.matrix(), right.address(), left.address()));
    for (Eigen::Index k = 0; k < count; ++k) {
        check(SVDGetSingularTriplet(solver, static_cast<PetscInt>(k), &triplets.values[k],
                                    left.get(), right.get()));
        const auto rows = shell.gather(left.get());
        std::copy(rows.begin(), rows.end(), triplets.left.col(k).data());
        const double* mine = nullptr;
        check(VecGetArrayRead(right.get(), &mine));
        std::copy_n(mine, matrix.columns, triplets.right.col(k).data());
        check(VecRestoreArrayRead(right.get(), &mine));
    }
    return triplets;
}

/// The solver's own residuals come from its recurrence, which trusts that the products are those of
/// one matrix.
void check_residuals(SVD solver, const Shell& shell, Eigen::Index count)
{
    auto largest = 0.0;
    check(SVDGetSingularTriplet(solver, 0, &largest, nullptr, nullptr));
    for (Eigen::Index k = 0; k < count; ++k) {
        auto residual = 0.0;
        const auto code =
            SVDComputeError(solver, static_cast<PetscInt>(k), SVD_ERROR_ABSOLUTE, &residual);
        mpi::agree_on(shell.communicator(), shell.failure());
        check(code);
        if (!(residual <= 100 * singular_tolerance * largest))
            throw base::NumericalError(
                fmt::format("the residual of singular value {} is {:.1e} of the largest", k + 1,
                            residual / largest),
                "", "report this: the products with the matrix and its transpose disagree");
    }
}

} // namespace

SingularTriplets leading_singular_triplets(const mpi::Communicator& comm,
                                           const SpreadColumns& matrix, Eigen::Index count)
{
    check_input(comm, matrix, count);
    start_slepc();
    // A communicator of its own: PETSc ties objects to it, which go with it.
    const auto own = comm.split(0);
    auto shell = Shell(own, matrix);
    auto solver = SingularSolver{};
    check(SVDCreate(own.get(), solver.address()));
    check(SVDSetOperators(solver.get(), shell.matrix(), nullptr));
    check(SVDSetType(solver.get(), SVDTRLANCZOS));
    check(SVDSetWhichSingularTriplets(solver.get(), SVD_LARGEST));
    check(
        SVDSetDimensions(solver.get(), static_cast<PetscInt>(count), PETSC_DEFAULT, PETSC_DEFAULT));
    check(SVDSetTolerances(solver.get(), singular_tolerance, PETSC_DEFAULT));
    const auto code = SVDSolve(solver.get());
    mpi::agree_on(own, shell.failure());
    check(code);

    auto converged = PetscInt{0};
    auto steps = PetscInt{0};
    check(SVDGetConverged(solver.get(), &converged));
    check(SVDGetIterationNumber(solver.get(), &steps));
    if (converged < count)
        throw base::NumericalError(fmt::format("{} of {} singular values converged in {} restarts",
                                               converged, count, steps),
                                   "", "ask for fewer components");
    check_residuals(solver.get(), shell, count);
    return triplets(shell, solver.get(), matrix, count);
}

} // namespace rewire::slepc
