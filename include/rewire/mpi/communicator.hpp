#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rewire::mpi {

/// Starts MPI, and ends it unless an exception is on its way out of this rank alone (the others
/// would wait for it for ever: main aborts them instead). A program that is alone, without a
/// launcher or its only rank, opens no socket and starts no daemon.
class Environment
{
  public:
    /// @throws InputError when this MPI cannot be used from a program with threads
    Environment(int& argc, char**& argv);
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment();

  private:
    int exceptions_at_start_;
};

/// Has `action` run just before the `Environment` of this process ends MPI, the last one handed in
/// first: for libraries on top of MPI that are started when they are needed. It does not run when
/// MPI is not ended, because an exception is on its way out.
void before_finalize(std::function<void()> action);

/// A group of ranks. Copies share the MPI communicator; the last one frees it.
/// Sums are of integers only, so they are the same on any number of ranks.
class Communicator
{
  public:
    /// All ranks, apart from whatever libraries send over MPI_COMM_WORLD. @pre an Environment
    static Communicator world();

    int rank() const noexcept { return rank_; }
    int size() const noexcept { return size_; }
    bool is_root() const noexcept { return rank_ == 0; }
    MPI_Comm get() const noexcept;

    Communicator node() const;           ///< the ranks that share this rank's memory
    Communicator split(int color) const; ///< the ranks that give the same color (>= 0)

    void barrier() const;
    std::int64_t sum(std::int64_t value) const; ///< on all ranks
    std::int64_t largest(std::int64_t value) const;
    double largest(double value) const;
    double smallest(double value) const;

    /// Element-wise sums of all ranks' values, on `root`; elsewhere the values stay what they were.
    /// Any length.
    void sum_to(int root, std::span<std::int32_t> values) const;
    void sum_to(int root, std::span<std::int64_t> values) const;

    /// Element-wise maximum, likewise.
    void largest_to(int root, std::span<double> values) const;

    /// Bytes of `root` on all ranks. Any length.
    std::vector<std::byte> broadcast(std::vector<std::byte> bytes, int root) const;
    void broadcast_into(std::span<std::byte> bytes,
                        int root) const; ///< the same length on all ranks
    /// All ranks' bytes, by rank, on all ranks.
    std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> bytes) const;
    std::vector<std::int64_t> all_gather(std::int64_t value) const;

    void send(std::span<const std::byte> bytes, int to, int tag) const; ///< any length
    std::vector<std::byte> receive(int from, int tag) const;

    /// Lets MPI work on what other ranks wait for (their counters live here).
    void progress() const;

  private:
    struct Shared;
    explicit Communicator(MPI_Comm comm, bool owned);

    std::shared_ptr<const Shared> shared_;
    int rank_ = 0;
    int size_ = 1;
};

std::string host_name();

} // namespace rewire::mpi
