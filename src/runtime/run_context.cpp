#include "rewire/runtime/run_context.hpp"

#include "clock.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/mpi/shared_array.hpp>
#include <rewire/mpi/work_queue.hpp>
#include <rewire/runtime/plan.hpp>
#include <rewire/runtime/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <set>

namespace rewire::runtime {

RunContext::PhaseTimer::PhaseTimer(RunContext& context, std::string phase)
    : context_(context), phase_(std::move(phase)), start_(Clock::now())
{
}

RunContext::PhaseTimer::~PhaseTimer()
{
    context_.add_time(phase_, seconds_since(start_), 0);
}

RunContext::RunContext(mpi::Communicator comm, const Job& job, Options options, std::string command,
                       const Catalogue* catalogue)
    : comm_(std::move(comm)),
      job_(job),
      catalogue_(catalogue),
      options_(std::move(options)),
      command_(std::move(command)),
      start_(io::utc_now()),
      log_(comm_.is_root())
{
}

RunContext::~RunContext() = default;

std::uint64_t RunContext::seed() const
{
    return static_cast<std::uint64_t>(options_.integer("seed"));
}

void RunContext::note(const std::string& text)
{
    log_.note(text);
}
void RunContext::warn(const std::string& text)
{
    warnings_.push_back(text);
}

void RunContext::print(const std::string& text)
{
    if (comm_.is_root())
        std::cout << base::printable(text) << std::flush;
}

void RunContext::flush_warnings()
{
    auto packer = base::Packer{};
    for (const auto& warning : warnings_)
        packer.put_text(warning);
    warnings_.clear();
    auto all = std::set<std::string>{};
    for (const auto& bytes : comm_.all_gather(packer.bytes())) {
        auto unpacker = base::Unpacker(bytes);
        while (unpacker.remaining() > 0)
            all.insert(unpacker.get_text());
    }
    for (const auto& warning : all)
        log_.warn(warning);
}

void RunContext::begin_log()
{
    if (logs_to_file_)
        return;
    const auto folder = options_.path("results");
    mpi::collective(comm_, [&] {
        auto error = std::error_code{};
        if (comm_.is_root())
            std::filesystem::create_directories(folder, error);
        if (error)
            throw base::IoError("cannot make the results folder: " + error.message(),
                                folder.string(), "may you write there?");
        log_.to_file(folder / (job_.name + ".log"));
    });
    logs_to_file_ = true;
    note(fmt::format("rewire {} {} ({}) on {} rank{}, {}", version, job_.name, git_revision,
                     comm_.size(), comm_.size() == 1 ? "" : "s", mpi::host_name()));
    note("command: " + command_);
    auto settings = std::string{};
    for (const auto& [name, value] : options_.all())
        if (!value.empty() && value != "no")
            settings += fmt::format(" --{} {}", name, value);
    note("options:" + settings);
}

void RunContext::begin_results(const io::Fingerprint& digest)
{
    begin_log();
    begin_checkpoint(options_.path("results"), digest);
}

void RunContext::begin_checkpoint(const std::filesystem::path& folder,
                                  const io::Fingerprint& digest)
{
    checkpoint_ = std::make_unique<io::Checkpoint>(comm_, folder / (job_.name + ".checkpoint"),
                                                   digest, options_.flag("restart"));
    if (checkpoint_->resumed())
        note(fmt::format("going on from what attempt {} had saved",
                         checkpoint_->attempt().number - 1));
}

void RunContext::check_memory(const Estimate& estimate)
{
    begin_log();
    refuse_unless_it_fits(estimate);
}

void RunContext::refuse_unless_it_fits(const Estimate& estimate)
{
    const auto ranks_here = comm_.node().size();
    const auto share = static_cast<double>(ranks_here) / comm_.size();
    // Where there is no room for memory that a node's ranks share, each keeps a copy.
    const auto room = mpi::shared_memory_room();
    const auto copies = ranks_here > 1 && estimate.node_bytes > room ? ranks_here : 1;
    if (copies > 1)
        warn(fmt::format("shared memory (/dev/shm) of {} has {}, less than the {} that the ranks "
                         "of a node share: each of the {} ranks keeps a copy. In a container: "
                         "docker run --shm-size",
                         mpi::host_name(), base::human_bytes(room),
                         base::human_bytes(estimate.node_bytes), ranks_here));
    flush_warnings();
    const auto wanted = estimate.bytes_on_node(ranks_here, copies) + estimate.spread_bytes * share;
    mpi::collective(comm_, [&] {
        const auto usable = usable_node_bytes(ranks_here);
        const auto ignored = options_.declared("ignore-memory") && options_.flag("ignore-memory");
        if (wanted > usable && !ignored)
            throw base::InputError(
                fmt::format("not enough memory: {} on this node would need {}, {} can be used",
                            base::counted(ranks_here, "rank"), base::human_bytes(wanted),
                            base::human_bytes(usable)),
                mpi::host_name(),
                fmt::format(
                    "use fewer ranks a node or ask for more memory{}{}",
                    job_.plan ? fmt::format(" (`rewire plan {}` says how much)", job_.name) : "",
                    options_.declared("ignore-memory") ? "; --ignore-memory starts all the same"
                                                       : ""));
    });
}

std::vector<std::int64_t> RunContext::units_left(const UnitLoop& loop,
                                                 std::vector<std::int64_t>& done_here)
{
    mpi::collective(comm_, [&] {
        if (!checkpoint_)
            return;
        checkpoint_->take_over(
            loop.phase, [&](const std::vector<std::int64_t>& units, base::Unpacker& results) {
                loop.take_over(results);
                done_here.insert(done_here.end(), units.begin(), units.end());
            });
    });
    auto packer = base::Packer{};
    packer.put_all(done_here);
    auto done = std::vector<bool>(loop.costs.size(), false);
    const auto of_ranks = comm_.all_gather(packer.bytes());
    mpi::collective(comm_, [&] {
        for (const auto& bytes : of_ranks) {
            auto unpacker = base::Unpacker(bytes);
            for (const auto unit : unpacker.get_all<std::int64_t>()) {
                if (unit < 0 || unit >= static_cast<std::int64_t>(done.size()) ||
                    done[static_cast<std::size_t>(unit)])
                    throw base::IoError("damaged checkpoint: work units do not fit together",
                                        loop.phase, "add --restart to discard it and begin afresh");
                done[static_cast<std::size_t>(unit)] = true;
            }
        }
    });
    auto left = std::vector<std::int64_t>{};
    for (std::size_t unit = 0; unit < done.size(); ++unit)
        if (!done[unit])
            left.push_back(static_cast<std::int64_t>(unit));
    return left;
}

void RunContext::begin_phase(const std::string& phase)
{
    // A second phase of that name would take over the units of the first, and overwrite its file.
    if (!used_phases_.insert(phase).second)
        mpi::throw_on_all(base::Error(base::ExitCode::bug,
                                      fmt::format("two phases of this run are named {}", phase), "",
                                      "please report this"));
}

std::vector<std::int64_t>
RunContext::go_through_queue(const std::string& phase, const std::vector<double>& costs,
                             Clock::time_point start,
                             const std::function<bool(std::int64_t, const Tick&)>& compute,
                             const std::function<void(bool to_its_end)>& end)
{
    auto done = std::vector<std::int64_t>{};
    auto failed = std::exception_ptr{};
    auto queue = mpi::WorkQueue(comm_, costs);
    const auto tick = Tick([&] {
        const auto open = queue.tick();
        if (comm_.is_root())
            log_.progress(phase, queue.fraction_handed_out(), seconds_since(start),
                          static_cast<double>(done.size()) * comm_.size());
        if (stop_requested() && open)
            queue.close();
        return open && !stop_requested();
    });
    try {
        while (tick()) {
            const auto next = queue.next();
            if (!next || !compute(*next, tick))
                break;
            done.push_back(*next);
        }
        end(tick()); // closed where any rank was asked to stop, or failed
    } catch (...) {
        failed = std::current_exception();
        queue.close();
    }
    log_.end_progress();
    add_time(phase, seconds_since(start), static_cast<std::int64_t>(done.size()));
    mpi::agree_on(comm_, failed);
    return done;
}

std::vector<std::int64_t>
RunContext::hand_out(const std::string& phase, const std::vector<double>& costs,
                     const std::function<bool(std::int64_t, const Tick&)>& compute)
{
    auto mine = go_through_queue(phase, costs, Clock::now(), compute, [](bool /*to_its_end*/) {});
    if (comm_.sum(static_cast<std::int64_t>(mine.size())) < static_cast<std::int64_t>(costs.size()))
        mpi::throw_on_all(base::Error(base::ExitCode::stopped,
                                      fmt::format("stopped as asked, in phase {}", phase), "",
                                      "repeat the same command to go on from there"));
    return mine;
}

void RunContext::run_units(const UnitLoop& loop)
{
    begin_phase(loop.phase);
    const auto start = Clock::now();
    auto taken_over = std::vector<std::int64_t>{};
    const auto left = units_left(loop, taken_over);
    // Many starts leave many files: one a rank is enough.
    if (checkpoint_ && !left.empty() &&
        comm_.largest(checkpoint_->inherited_files(loop.phase)) > comm_.size())
        checkpoint_->compact(comm_, loop.phase, taken_over, loop.pack_taken_over);
    auto costs = std::vector<double>{};
    for (const auto unit : left)
        costs.push_back(loop.costs[static_cast<std::size_t>(unit)]);

    auto done = std::vector<std::int64_t>{};
    auto saved = std::size_t{0};
    auto last_save = Clock::now();
    // A tenth of the interval is kept back for phases that end unsaved because computing them again
    // takes no longer than saving would: what a kill costs stays within the interval.
    const auto interval_s = checkpoint_ ? options_.real("checkpoint-s") : 0.0;
    const auto spare_s = std::min(0.1 * interval_s, most_unsaved_s);
    struct Mark
    {
        std::size_t units;
        std::size_t results;
    };
    auto parts = std::vector<Mark>{{0, 0}}; // what there was after each part that was saved
    const auto save = [&] {
        if (checkpoint_ && done.size() > saved && !loop.results) {
            checkpoint_->save(loop.phase, done,
                              [&](base::Packer& packer) { loop.pack(packer, 0); });
        } else if (checkpoint_ && done.size() > saved) {
            const auto part = static_cast<std::int64_t>(parts.size());
            const auto from =
                parts[static_cast<std::size_t>(io::Checkpoint::first_in_file_of(part) - 1)];
            checkpoint_->save_part(
                loop.phase, part,
                {done.begin() + static_cast<std::ptrdiff_t>(from.units), done.end()},
                [&](base::Packer& packer) { loop.pack(packer, from.results); });
            parts.push_back({done.size(), loop.results()});
        }
        saved = done.size();
        last_save = Clock::now();
    };
    const auto save_end = [&](bool to_its_end) {
        const auto unsaved_s = unsaved_s_ + seconds_since(last_save);
        if (to_its_end && saved == 0 && unsaved_s < spare_s)
            unsaved_s_ = unsaved_s;
        else
            save();
    };

    go_through_queue(
        loop.phase, costs, start,
        [&](std::int64_t index, const Tick& tick) {
            const auto unit = left[static_cast<std::size_t>(index)];
            if (!loop.compute(unit, tick))
                return false;
            done.push_back(unit);
            if (seconds_since(last_save) >= interval_s - spare_s)
                save();
            return true;
        },
        save_end);
    flush_warnings();
    const auto total = comm_.sum(static_cast<std::int64_t>(done.size()));
    if (total < static_cast<std::int64_t>(left.size()))
        mpi::throw_on_all(base::Error(
            base::ExitCode::stopped,
            fmt::format("stopped as asked, in phase {}: {} of {} units are done{}", loop.phase,
                        static_cast<std::int64_t>(loop.costs.size() - left.size()) + total,
                        loop.costs.size(), checkpoint_ ? " and saved" : ""),
            "", "repeat the same command to go on from there"));
}

io::Record RunContext::record(const io::Fingerprint& inputs, const io::Fingerprint& digest) const
{
    return {.job = job_.name,
            .version = std::string(version),
            .git_revision = std::string(git_revision),
            .command = command_,
            .options = options_.all(),
            .seed = seed(),
            .inputs = inputs,
            .digest = digest,
            .ranks = comm_.size(),
            .attempt = attempt().number,
            .host = mpi::host_name(),
            .cpu_target = cpu_target_,
            .start = start_,
            .end = io::utc_now()};
}

void RunContext::discard_checkpoint()
{
    if (!comm_.is_root())
        return;
    auto error = std::error_code{};
    std::filesystem::remove_all(options_.path("results") / (job_.name + ".checkpoint"), error);
}

void RunContext::finish()
{
    flush_warnings();
    comm_.barrier();
    if (comm_.is_root() && checkpoint_)
        checkpoint_->remove();
    show_phases();
}

void RunContext::add_time(const std::string& phase, double seconds, std::int64_t units)
{
    const auto found = std::find_if(phases_.begin(), phases_.end(),
                                    [&](const auto& known) { return known.phase == phase; });
    auto& known = found == phases_.end() ? phases_.emplace_back(PhaseTime{phase, 0, 0}) : *found;
    known.seconds += seconds;
    known.units += units;
}

void RunContext::show_phases()
{
    note(fmt::format("{:<14} {:>8} {:>10} {:>10} {:>10}", "phase", "units", "min", "mean",
                     "max over ranks"));
    for (const auto& phase : phases_) {
        const auto total =
            static_cast<double>(comm_.sum(static_cast<std::int64_t>(phase.seconds * 1e6))) * 1e-6;
        const auto most = comm_.largest(phase.seconds);
        const auto least = comm_.smallest(phase.seconds);
        const auto units = comm_.sum(phase.units);
        note(fmt::format("{:<14} {:>8} {:>10} {:>10} {:>10}", phase.phase,
                         units > 0 ? std::to_string(units) : "", base::human_seconds(least),
                         base::human_seconds(total / comm_.size()), base::human_seconds(most)));
    }
    note(fmt::format("peak memory of a rank: {}",
                     base::human_bytes(comm_.largest(peak_resident_bytes()))));
}

void UnitResults::pack_from(base::Packer& packer, std::size_t first) const
{
    packer.put(static_cast<std::uint64_t>(results_.size() - first));
    for (auto i = first; i < results_.size(); ++i) {
        packer.put(results_[i].first);
        packer.put_all(results_[i].second);
    }
}

void UnitResults::merge(base::Unpacker& unpacker)
{
    const auto count = unpacker.get<std::uint64_t>();
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto unit = unpacker.get<std::int64_t>();
        add(unit, unpacker.get_all<std::byte>());
    }
}

void give_to_all(const mpi::Communicator& comm, const UnitResults& mine,
                 const std::function<void(std::int64_t unit, std::span<const std::byte>)>& take)
{
    auto packer = base::Packer{};
    mpi::collective(comm, [&] { mine.pack(packer); });
    const auto of_ranks = comm.all_gather(packer.bytes());
    mpi::collective(comm, [&] {
        for (const auto& bytes : of_ranks) {
            auto results = UnitResults{};
            auto unpacker = base::Unpacker(bytes);
            results.merge(unpacker);
            for (const auto& [unit, result] : results.all())
                take(unit, result);
        }
    });
}

void gather_to_root(const mpi::Communicator& comm, const UnitResults& mine, std::int64_t units,
                    const std::function<void(std::int64_t unit, std::span<const std::byte>)>& take)
{
    auto owner = std::vector<std::int32_t>(static_cast<std::size_t>(units), 0);
    auto place =
        std::vector<const std::vector<std::byte>*>(static_cast<std::size_t>(units), nullptr);
    for (const auto& [unit, bytes] : mine.all()) {
        owner[static_cast<std::size_t>(unit)] = comm.rank();
        place[static_cast<std::size_t>(unit)] = &bytes;
    }
    comm.sum_to(0, std::span<std::int32_t>(owner));
    // An error while taking must not leave the others waiting to send: the rest is received all the
    // same.
    auto failed = std::exception_ptr{};
    const auto take_one = [&](std::int64_t unit, std::span<const std::byte> bytes) {
        try {
            if (!failed)
                take(unit, bytes);
        } catch (...) {
            failed = std::current_exception();
        }
    };
    for (std::int64_t unit = 0; unit < units; ++unit) {
        const auto* bytes = place[static_cast<std::size_t>(unit)];
        constexpr auto tag = 17;
        if (comm.is_root()) {
            const auto from = owner[static_cast<std::size_t>(unit)];
            if (bytes != nullptr)
                take_one(unit, *bytes);
            else
                take_one(unit, comm.receive(from, tag));
        } else if (bytes != nullptr) {
            comm.send(*bytes, 0, tag);
        }
    }
    mpi::agree_on(comm, failed);
}

} // namespace rewire::runtime
