#include "rewire/mpi/communicator.hpp"

#include <rewire/base/error.hpp>
#include <rewire/mpi/agreement.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <functional>
#include <utility>
#include <vector>

namespace rewire::mpi {

namespace {

/// Counts of MPI are int: longer messages go in pieces.
constexpr auto piece_bytes = std::size_t{1} << 30;
/// MPI keeps copies of what it reduces.
constexpr auto reduced_piece_bytes = std::size_t{1} << 22;

template <typename T, typename Send>
void in_pieces(std::span<T> values, Send send, std::size_t bytes = piece_bytes)
{
    const auto piece = bytes / sizeof(T);
    for (std::size_t first = 0; first < values.size(); first += piece)
        send(values.subspan(first, std::min(piece, values.size() - first)));
}

template <typename T>
void reduce_to(MPI_Comm comm, int rank, int root, std::span<T> values, MPI_Datatype type,
               MPI_Op operation = MPI_SUM)
{
    const auto reduce = [&](std::span<T> piece) {
        const auto count = static_cast<int>(piece.size());
        if (rank == root)
            MPI_Reduce(MPI_IN_PLACE, piece.data(), count, type, operation, root, comm);
        else
            MPI_Reduce(piece.data(), nullptr, count, type, operation, root, comm);
    };
    in_pieces(values, reduce, reduced_piece_bytes);
}

template <typename T>
T reduced(MPI_Comm comm, T value, MPI_Datatype type, MPI_Op operation)
{
    MPI_Allreduce(MPI_IN_PLACE, &value, 1, type, operation, comm);
    return value;
}

std::vector<std::function<void()>>& actions_before_finalize()
{
    static auto actions = std::vector<std::function<void()>>{};
    return actions;
}

/// A copy of MPI_COMM_WORLD, so that messages of libraries are never taken for ours.
auto world_copy = MPI_COMM_NULL; // NOLINT: made once, by the only Environment

/// Size of the job as its launcher says; 1 without a launcher, 0 where it does not say.
int announced_ranks()
{
    for (const auto* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"})
        if (const auto* text = std::getenv(name); text != nullptr)
            return std::atoi(text);
    for (const auto* name : {"PMIX_RANK", "PMIX_NAMESPACE", "PMI_RANK", "PMI_FD"})
        if (std::getenv(name) != nullptr)
            return 0;
    return 1;
}

/// Settings of Open MPI that suit this program; what the user sets goes first.
void choose_settings()
{
    // Debian's settings leave nothing that makes a window over nodes joined by Ethernet alone; with
    // point-to-point messages there is.
    setenv("OMPI_MCA_osc", "^ucx", 0);
    if (announced_ranks() != 1)
        return;
    // Nobody to talk to: no port that listens on all interfaces of the node, no daemon beside.
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    setenv("OMPI_MCA_pml", "ob1", 0);
    setenv("OMPI_MCA_btl", "self", 0);
    // Nor any use for displays and PCI devices, which it takes a while to look for.
    setenv("HWLOC_COMPONENTS", "-gl,-opencl,-pci,-linuxio", 0);
    // Programs on their own would all make, and remove, the same folder in /tmp: now and then one
    // of several that start or end together fails in MPI_Init.
    setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
}

} // namespace

Environment::Environment(int& argc, char**& argv) : exceptions_at_start_(std::uncaught_exceptions())
{
    choose_settings();
    // One rank runs one thread. Funneled is asked for because libraries below may start threads of
    // their own.
    auto provided = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    if (provided < MPI_THREAD_FUNNELED)
        throw base::InputError("this MPI cannot be used by a program with threads", host_name(),
                               "use a build of it with MPI_THREAD_FUNNELED or more");
    MPI_Comm_dup(MPI_COMM_WORLD, &world_copy);
}

Environment::~Environment()
{
    auto finalized = 0;
    MPI_Finalized(&finalized);
    if (finalized != 0 || std::uncaught_exceptions() != exceptions_at_start_)
        return;
    auto& actions = actions_before_finalize();
    for (; !actions.empty(); actions.pop_back())
        actions.back()();
    MPI_Comm_free(&world_copy);
    MPI_Finalize();
}

void before_finalize(std::function<void()> action)
{
    actions_before_finalize().push_back(std::move(action));
}

struct Communicator::Shared
{
    MPI_Comm comm;
    bool owned;

    Shared(MPI_Comm c, bool o) : comm(c), owned(o) {}
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared()
    {
        auto finalized = 0;
        MPI_Finalized(&finalized);
        if (owned && finalized == 0 && !unwinds_alone()) // freeing is collective
            MPI_Comm_free(&comm);
    }
};

Communicator::Communicator(MPI_Comm comm, bool owned)
    : shared_(std::make_shared<const Shared>(comm, owned))
{
    MPI_Comm_rank(comm, &rank_);
    MPI_Comm_size(comm, &size_);
}

Communicator Communicator::world()
{
    return Communicator(world_copy, false);
}

MPI_Comm Communicator::get() const noexcept
{
    return shared_->comm;
}

Communicator Communicator::node() const
{
    auto comm = MPI_COMM_NULL;
    MPI_Comm_split_type(get(), MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &comm);
    return Communicator(comm, true);
}

Communicator Communicator::split(int color) const
{
    auto comm = MPI_COMM_NULL;
    MPI_Comm_split(get(), color, rank_, &comm);
    return Communicator(comm, true);
}

void Communicator::barrier() const
{
    MPI_Barrier(get());
}
std::int64_t Communicator::sum(std::int64_t value) const
{
    return reduced(get(), value, MPI_INT64_T, MPI_SUM);
}
std::int64_t Communicator::largest(std::int64_t value) const
{
    return reduced(get(), value, MPI_INT64_T, MPI_MAX);
}
double Communicator::largest(double value) const
{
    return reduced(get(), value, MPI_DOUBLE, MPI_MAX);
}
double Communicator::smallest(double value) const
{
    return reduced(get(), value, MPI_DOUBLE, MPI_MIN);
}

void Communicator::sum_to(int root, std::span<std::int32_t> values) const
{
    reduce_to(get(), rank_, root, values, MPI_INT32_T);
}

void Communicator::sum_to(int root, std::span<std::int64_t> values) const
{
    reduce_to(get(), rank_, root, values, MPI_INT64_T);
}

void Communicator::largest_to(int root, std::span<double> values) const
{
    reduce_to(get(), rank_, root, values, MPI_DOUBLE, MPI_MAX);
}

void Communicator::broadcast_into(std::span<std::byte> bytes, int root) const
{
    in_pieces(bytes, [&](std::span<std::byte> piece) {
        MPI_Bcast(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, root, get());
    });
}

std::vector<std::byte> Communicator::broadcast(std::vector<std::byte> bytes, int root) const
{
    auto size = static_cast<std::int64_t>(bytes.size());
    MPI_Bcast(&size, 1, MPI_INT64_T, root, get());
    bytes.resize(static_cast<std::size_t>(size));
    broadcast_into(bytes, root);
    return bytes;
}

std::vector<std::vector<std::byte>> Communicator::all_gather(std::span<const std::byte> bytes) const
{
    auto all = std::vector<std::vector<std::byte>>(static_cast<std::size_t>(size_));
    for (auto root = 0; root < size_; ++root)
        all[static_cast<std::size_t>(root)] =
            broadcast(root == rank_ ? std::vector<std::byte>(bytes.begin(), bytes.end())
                                    : std::vector<std::byte>{},
                      root);
    return all;
}

std::vector<std::int64_t> Communicator::all_gather(std::int64_t value) const
{
    auto all = std::vector<std::int64_t>(static_cast<std::size_t>(size_));
    MPI_Allgather(&value, 1, MPI_INT64_T, all.data(), 1, MPI_INT64_T, get());
    return all;
}

void Communicator::send(std::span<const std::byte> bytes, int to, int tag) const
{
    const auto size = static_cast<std::int64_t>(bytes.size());
    MPI_Send(&size, 1, MPI_INT64_T, to, tag, get());
    in_pieces(bytes, [&](std::span<const std::byte> piece) {
        MPI_Send(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, tag, get());
    });
}

std::vector<std::byte> Communicator::receive(int from, int tag) const
{
    auto size = std::int64_t{0};
    MPI_Recv(&size, 1, MPI_INT64_T, from, tag, get(), MPI_STATUS_IGNORE);
    auto bytes = std::vector<std::byte>(static_cast<std::size_t>(size));
    in_pieces(std::span<std::byte>(bytes), [&](std::span<std::byte> piece) {
        MPI_Recv(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, from, tag, get(),
                 MPI_STATUS_IGNORE);
    });
    return bytes;
}

void Communicator::progress() const
{
    auto flag = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, get(), &flag, MPI_STATUS_IGNORE);
}

std::string host_name()
{
    auto name = std::array<char, 256>{};
    gethostname(name.data(), name.size() - 1);
    return name.data();
}

} // namespace rewire::mpi
