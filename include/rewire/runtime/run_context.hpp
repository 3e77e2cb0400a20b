#pragma once

#include <rewire/base/pack.hpp>
#include <rewire/io/checkpoint.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/mpi/agreement.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/runtime/job.hpp>
#include <rewire/runtime/log.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rewire::runtime {

/// Called between small steps of a unit of work: serves other ranks, shows progress, sees requests
/// to stop. False: stop now, what the unit has done so far is not needed.
using Tick = std::function<bool()>;

/// A phase of work units as the runtime sees it; `RunContext::each_unit` makes one from a store.
struct UnitLoop
{
    std::string phase;
    std::vector<double> costs; ///< estimated seconds of every unit
    std::function<bool(std::int64_t unit, const Tick& tick)>
        compute;                                    ///< computes and adds to the store
    std::function<void(base::Packer&)> pack;        ///< what this rank computed in this run
    std::function<void(base::Unpacker&)> take_over; ///< adds what an earlier run computed
};

/// What a job runs in: ranks, options, log, progress, checkpoint, errors, the record of the result.
class RunContext
{
  public:
    RunContext(mpi::Communicator comm, const Job& job, Options options, std::string command);
    RunContext(const RunContext&) = delete;
    RunContext& operator=(const RunContext&) = delete;
    ~RunContext();

    const mpi::Communicator& comm() const noexcept { return comm_; }
    const Options& options() const noexcept { return options_; }
    const std::string& job_name() const noexcept { return job_.name; }
    std::uint64_t seed() const;
    /// Sets an option that was not given, from an earlier result.
    void adopt(const std::string& option, const std::string& value)
    {
        options_.adopt(option, value);
    }
    Log& log() noexcept { return log_; }

    /// Rank 0 shows and logs a line.
    void note(const std::string& text);
    /// Any rank; shown once, by rank 0, at the end of the phase, in the order of the texts.
    void warn(const std::string& text);
    /// Rank 0 prints to standard output: the answer of jobs such as `study` and `plan`.
    void print(const std::string& text);

    /// Runs `work` on all ranks, timed as a phase; an error of one rank becomes the error of all.
    template <typename Work>
    auto collective(const std::string& phase, Work&& work)
    {
        const auto timer = PhaseTimer(*this, phase);
        return mpi::collective(comm_, std::forward<Work>(work));
    }

    /// Begins the log file in the results folder, and the checkpoint. Collective.
    void begin_results(const io::Fingerprint& digest);

    /// Computes units on whichever ranks are free and returns what this rank has: what it computed
    /// and what it took over from an earlier run. Over all ranks the returned stores hold every
    /// unit exactly once.
    ///
    /// `Store` is default constructible or copied from `empty` and has
    ///     void pack(base::Packer&) const;      everything in it
    ///     void merge(base::Unpacker&);         add what another store packed
    /// `compute(unit, store, tick)` adds the unit's result to the store at its end, or returns
    /// false, with the store untouched, when `tick()` said to stop.
    /// @throws Error with ExitCode::stopped on all ranks after a request to stop: the finished
    /// units are saved
    template <typename Store, typename Compute>
    Store each_unit(const std::string& phase, std::vector<double> costs, Compute compute,
                    const Store& empty = Store{})
    {
        auto own = empty;
        auto inherited = empty;
        auto resumed = false;
        run_units({phase, std::move(costs),
                   [&](std::int64_t unit, const Tick& tick) { return compute(unit, own, tick); },
                   [&](base::Packer& packer) { own.pack(packer); },
                   [&](base::Unpacker& results) {
                       inherited.merge(results);
                       resumed = true;
                   }});
        if (!resumed)
            return own;
        auto packer = base::Packer{};
        inherited.pack(packer);
        inherited = empty; // one copy less while they are joined
        const auto bytes = packer.take();
        auto unpacker = base::Unpacker(bytes);
        own.merge(unpacker);
        return own;
    }

    void set_cpu_target(const std::string& target) { cpu_target_ = target; }
    /// The record of this run, for the result file.
    io::Record record(const io::Fingerprint& inputs, const io::Fingerprint& digest) const;
    /// For the files of this run. Has a folder after `begin_results`.
    io::Attempt attempt() const { return checkpoint_ ? checkpoint_->attempt() : io::Attempt{}; }
    /// Removes what an earlier attempt left after it had published its result.
    void discard_checkpoint();
    /// The result is published: discards the checkpoint and shows the table of phases. Collective.
    void finish();

    /// Refuses to start what would not fit, in the log file, too. Collective. @throws InputError
    void check_memory(const Estimate& estimate);
    /// The same without a log file, for jobs that have no results folder. Collective.
    void refuse_unless_it_fits(const Estimate& estimate);

  private:
    class PhaseTimer
    {
      public:
        PhaseTimer(RunContext& context, std::string phase);
        PhaseTimer(const PhaseTimer&) = delete;
        PhaseTimer& operator=(const PhaseTimer&) = delete;
        ~PhaseTimer();

      private:
        RunContext& context_;
        std::string phase_;
        std::chrono::steady_clock::time_point start_;
    };
    struct PhaseTime
    {
        std::string phase;
        double seconds;
        std::int64_t units;
    };

    void begin_log();
    void run_units(const UnitLoop& loop);
    std::vector<std::int64_t> units_left(const UnitLoop& loop,
                                         std::vector<std::int64_t>& done_here);
    void flush_warnings();
    void show_phases();

    mpi::Communicator comm_;
    const Job& job_;
    Options options_;
    std::string command_;
    std::string cpu_target_;
    std::string start_;
    Log log_;
    std::unique_ptr<io::Checkpoint> checkpoint_;
    std::vector<std::string> warnings_;
    std::vector<PhaseTime> phases_;
    bool logs_to_file_ = false;
    double unsaved_s_ = 0; ///< of finished phases that were too short to be saved
};

/// Results of units as bytes, by unit: for phases whose units give something of their own.
class UnitResults
{
  public:
    void add(std::int64_t unit, std::vector<std::byte> bytes)
    {
        results_.emplace_back(unit, std::move(bytes));
    }
    const std::vector<std::pair<std::int64_t, std::vector<std::byte>>>& all() const noexcept
    {
        return results_;
    }

    /// Moves the results out, so that they can be freed one by one.
    std::vector<std::pair<std::int64_t, std::vector<std::byte>>> take()
    {
        return std::move(results_);
    }

    void pack(base::Packer& packer) const;
    void merge(base::Unpacker& unpacker);

  private:
    std::vector<std::pair<std::int64_t, std::vector<std::byte>>> results_;
};

/// Every unit's result, handed to `take` on all ranks: for results that are small. Collective.
void give_to_all(const mpi::Communicator& comm, const UnitResults& mine,
                 const std::function<void(std::int64_t unit, std::span<const std::byte>)>& take);

/// All units' results on rank 0, in the order of the units; nothing elsewhere. Collective. Hands
/// each to `take` and keeps none.
void gather_to_root(const mpi::Communicator& comm, const UnitResults& mine, std::int64_t units,
                    const std::function<void(std::int64_t unit, std::span<const std::byte>)>& take);

} // namespace rewire::runtime
