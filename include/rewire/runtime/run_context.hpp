#pragma once

#include <rewire/base/packed.hpp>
#include <rewire/io/checkpoint.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/mpi/agreement.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/runtime/job.hpp>
#include <rewire/runtime/log.hpp>
#include <rewire/runtime/steps.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
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
        compute; ///< computes and adds to the store
    /// What this rank computed in this run, but for the first results that the store had.
    std::function<void(base::Packer&, std::size_t first)> pack;
    std::function<std::size_t()> results; ///< in the store; empty: the store does not just grow
    std::function<void(base::Unpacker&)> take_over;     ///< adds what an earlier run computed
    std::function<void(base::Packer&)> pack_taken_over; ///< all of that, on this rank
};

/// A store whose results only become more: a checkpoint then holds what is new, and is not written
/// again and again.
template <typename Store>
concept GrowingStore = requires(const Store& store, base::Packer& packer)
{
    {
        store.size()
        } -> std::convertible_to<std::size_t>;
    store.pack_from(packer, std::size_t{0}); ///< as `pack`, without the first results
};

class UnitResults;

/// What a job runs in: ranks, options, log, progress, checkpoint, errors, the record of the result.
class RunContext
{
  public:
    /// @param catalogue that the job is from; null: none. Outlives the context
    RunContext(mpi::Communicator comm, const Job& job, Options options, std::string command,
               const Catalogue* catalogue = nullptr);
    RunContext(const RunContext&) = delete;
    RunContext& operator=(const RunContext&) = delete;
    ~RunContext();

    const mpi::Communicator& comm() const noexcept { return comm_; }
    const Options& options() const noexcept { return options_; }
    const std::string& job_name() const noexcept { return job_.name; }
    const Job& job() const noexcept { return job_; }
    const Catalogue* catalogue() const noexcept { return catalogue_; }
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
    /// The checkpoint alone, in a folder that is there, for jobs that make no result: takes
    /// --restart and --checkpoint-s. Collective.
    void begin_checkpoint(const std::filesystem::path& folder, const io::Fingerprint& digest);

    /// Computes units on whichever ranks are free and returns what this rank has: what it computed
    /// and what it took over from an earlier run. Over all ranks the returned stores hold every
    /// unit exactly once.
    ///
    /// `Store` is default constructible or copied from `empty` and has
    ///     void pack(base::Packer&) const;      everything in it
    ///     void merge(base::Unpacker&);         add what another store packed
    /// A store of very many results should be a `GrowingStore`, too, as `UnitResults` is.
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
        auto loop = UnitLoop{};
        loop.phase = phase;
        loop.costs = std::move(costs);
        loop.compute = [&](std::int64_t unit, const Tick& tick) {
            return compute(unit, own, tick);
        };
        if constexpr (GrowingStore<Store>) {
            loop.pack = [&](base::Packer& packer, std::size_t first) {
                own.pack_from(packer, first);
            };
            loop.results = [&] { return own.size(); };
        } else {
            loop.pack = [&](base::Packer& packer, std::size_t) { own.pack(packer); };
        }
        loop.take_over = [&](base::Unpacker& results) {
            inherited.merge(results);
            resumed = true;
        };
        loop.pack_taken_over = [&](base::Packer& packer) { inherited.pack(packer); };
        run_units(loop);
        mpi::collective(comm_, [&] {
            if (!resumed)
                return;
            auto packer = base::Packer{};
            inherited.pack(packer);
            inherited = empty; // one copy less while they are joined
            const auto bytes = packer.take();
            auto unpacker = base::Unpacker(bytes);
            own.merge(unpacker);
        });
        return own;
    }

    /// Computes units on whichever ranks are free; the results of all of them, by unit, on all
    /// ranks: for results that are small. T goes through `base::pack_value`. `compute(unit, tick)`
    /// returns the unit's T, or std::nullopt when `tick()` said to stop.
    /// @throws Error as `each_unit`
    template <typename T, typename Compute>
    std::vector<T> each_unit_to_all(const std::string& phase, std::vector<double> costs,
                                    Compute compute);

    /// The same, handed to `take(unit, T&&)` on rank 0 in the order of the units; nothing
    /// elsewhere. Rank 0 holds one at a time.
    template <typename T, typename Compute, typename Take>
    void each_unit_to_root(const std::string& phase, std::vector<double> costs, Compute compute,
                           Take take);

    /// Computes units on whichever ranks are free, whose results stay where `compute(unit, tick)`
    /// put them: nothing is saved, and a run that goes on computes them again. A name may be used
    /// for several such phases. Collective.
    /// @return units that this rank computed
    /// @throws Error as `each_unit`
    std::vector<std::int64_t>
    hand_out(const std::string& phase, const std::vector<double>& costs,
             const std::function<bool(std::int64_t unit, const Tick& tick)>& compute);

    /// Advances a state that every rank holds a copy of, in lock-step: training, the simulation of
    /// one network. A checkpoint holds the state alone, the latest wins, and a run goes on from it
    /// on any number of ranks.
    ///
    /// `State` has
    ///     void pack(base::Packer&) const;
    ///     void unpack(base::Unpacker&);        replaces what is in it
    /// `advance(step, state)` computes this rank's leaves, adds them up with `step.sum` and moves
    /// the state on; it returns `Advanced`. What depends on the state has to be the same on all
    /// ranks: it follows from sums and from `step.decided`. An error of one rank ends all of them
    /// at once, with its message; what was saved before is kept.
    ///
    /// @param state as it is at the beginning; at the end, as the last step left it
    /// @return steps that the state has seen
    /// @throws Error with ExitCode::stopped on all ranks after a request to stop: the state is
    /// saved
    template <typename State, typename Advance>
    std::int64_t each_step(const StepPlan& plan, State& state, Advance advance)
    {
        return run_steps({plan, [&](Step& step) { return advance(step, state); },
                          [&](base::Packer& packer) { state.pack(packer); },
                          [&](base::Unpacker& unpacker) { state.unpack(unpacker); }});
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

    /// Refuses to start what would not fit; the log file says so too. Collective. @throws
    /// InputError
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
        std::int64_t units; ///< or steps
    };

    /// How far the state of a phase of steps is.
    struct StepsDone
    {
        std::int64_t steps = 0;
        std::int64_t done = 0; ///< 1: no further step is needed
    };
    /// At most so much work of finished phases is computed again rather than saved.
    static constexpr auto most_unsaved_s = 12.0;

    void begin_log();
    template <typename T, typename Compute>
    UnitResults each_unit_packed(const std::string& phase, std::vector<double> costs,
                                 Compute& compute);

    void begin_phase(const std::string& phase);
    void run_units(const UnitLoop& loop);
    /// Units by their place in `costs`; `end` is called when there are none left for this rank, or
    /// it was told to stop. Errors become everybody's.
    std::vector<std::int64_t>
    go_through_queue(const std::string& phase, const std::vector<double>& costs,
                     std::chrono::steady_clock::time_point start,
                     const std::function<bool(std::int64_t index, const Tick& tick)>& compute,
                     const std::function<void(bool to_its_end)>& end);
    std::int64_t run_steps(const StepLoop& loop);
    StepsDone saved_steps(const StepLoop& loop);
    std::vector<std::int64_t> units_left(const UnitLoop& loop,
                                         std::vector<std::int64_t>& done_here);
    void flush_warnings();
    void show_phases();
    void add_time(const std::string& phase, double seconds, std::int64_t units);

    mpi::Communicator comm_;
    const Job& job_;
    const Catalogue* catalogue_;
    Options options_;
    std::string command_;
    std::string cpu_target_;
    std::string start_;
    Log log_;
    std::unique_ptr<io::Checkpoint> checkpoint_;
    std::vector<std::string> warnings_;
    std::vector<PhaseTime> phases_; ///< by name, as they began
    bool logs_to_file_ = false;
    std::set<std::string> used_phases_; ///< of units and steps: the names of their files
    double unsaved_s_ = 0;              ///< of finished phases that were too short to be saved
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

    std::size_t size() const noexcept { return results_.size(); }

    void pack(base::Packer& packer) const { pack_from(packer, 0); }
    void pack_from(base::Packer& packer, std::size_t first) const;
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

template <typename T, typename Compute>
UnitResults RunContext::each_unit_packed(const std::string& phase, std::vector<double> costs,
                                         Compute& compute)
{
    return each_unit<UnitResults>(phase, std::move(costs),
                                  [&](std::int64_t unit, UnitResults& results, const Tick& tick) {
                                      const std::optional<T> made = compute(unit, tick);
                                      if (!made)
                                          return false;
                                      auto packer = base::Packer{};
                                      base::pack_value(packer, *made);
                                      results.add(unit, packer.take());
                                      return true;
                                  });
}

template <typename T, typename Compute>
std::vector<T> RunContext::each_unit_to_all(const std::string& phase, std::vector<double> costs,
                                            Compute compute)
{
    auto all = std::vector<T>(costs.size());
    give_to_all(comm_, each_unit_packed<T>(phase, std::move(costs), compute),
                [&](std::int64_t unit, std::span<const std::byte> bytes) {
                    auto unpacker = base::Unpacker(bytes);
                    all[static_cast<std::size_t>(unit)] = base::unpack_value<T>(unpacker);
                });
    return all;
}

template <typename T, typename Compute, typename Take>
void RunContext::each_unit_to_root(const std::string& phase, std::vector<double> costs,
                                   Compute compute, Take take)
{
    const auto units = static_cast<std::int64_t>(costs.size());
    gather_to_root(comm_, each_unit_packed<T>(phase, std::move(costs), compute), units,
                   [&](std::int64_t unit, std::span<const std::byte> bytes) {
                       auto unpacker = base::Unpacker(bytes);
                       take(unit, base::unpack_value<T>(unpacker));
                   });
}

} // namespace rewire::runtime
