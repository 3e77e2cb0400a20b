#pragma once

#include <rewire/base/pack.hpp>
#include <rewire/mpi/communicator.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rewire::io {

/// What a result depends on: fields and their values (options, inputs, version, CPU target).
using Fingerprint = std::vector<std::pair<std::string, std::string>>;

/// "field: there X, here Y" for every field that differs; empty where none does.
std::vector<std::string> differences(const Fingerprint& there, const Fingerprint& here);
/// One line a field, NAME=VALUE; line breaks, backslashes and, in names, = are escaped by a
/// backslash.
std::string to_text(const Fingerprint& fingerprint);
Fingerprint fingerprint_from_text(const std::string& text);

/// One start of a job: its number in the log and in the record, and the folder for its files.
struct Attempt
{
    int number = 1;
    std::filesystem::path folder; ///< empty: none; then files are written next to their place
};

/// False when a newer attempt has removed the attempt's folder.
bool is_there(const Attempt& attempt);
/// What an attempt says, in one line, that notices so.
base::IoError taken_over(const Attempt& attempt);

/// Results of finished work units on disk, so that a killed or stopped job goes on where it was.
///
///     FOLDER/attempt-0002-1f3a9c2e/
///         manifest                     what the run depends on; present = the attempt is complete
///         slurm                        number and restart count of the batch job, if it is one
///         deconvolve.0001-3.snapshot   what rank 3 of attempt 1 had done (taken over by a link)
///         deconvolve.0002-0.snapshot   what rank 0 of this attempt has done
///         scan.0002-0.5-6.snapshot     the same, of parts 5 and 6 of a store that only grows
///         scan.0002-0.base.snapshot    what rank 0 of attempt 2 took over, in one file; counts,
///         and scan.0002.compacted          takes the place of what earlier attempts saved, with
///         this train.state                  of a phase that all ranks advance together
///         connectome.h5                the result being written
///
/// Every start is an attempt with a folder of its own, whose name never comes again. It links what
/// the attempt before it had saved, writes its manifest and then removes the folders of all
/// attempts before it. So an older attempt that still runs somewhere (a node that was cut off) can
/// neither change what this one builds on nor publish: all that it could write or rename is gone.
/// Files are written under another name, flushed and renamed: whole or absent. A file that is
/// damaged all the same is an error.
class Checkpoint
{
  public:
    /// Collective: looks for the newest complete attempt and takes it over, or begins afresh.
    /// @param restart discard what is there
    /// @throws UsageError when what is there belongs to another run: names the fields that differ
    /// @throws IoError when the folder cannot be written, a file is damaged, or a later start of
    /// the same batch job has taken over already
    Checkpoint(const mpi::Communicator& comm, std::filesystem::path folder,
               const Fingerprint& fingerprint, bool restart);

    const Attempt& attempt() const noexcept { return attempt_; }
    bool resumed() const noexcept { return resumed_; }
    /// Hands over the snapshots of earlier attempts that this rank takes over, one at a time: the
    /// units that are done and what `save` packed of them. Each is taken over by exactly one rank.
    /// @throws IoError
    void take_over(const std::string& phase,
                   const std::function<void(const std::vector<std::int64_t>& units,
                                            base::Unpacker& results)>& take) const;
    /// Files of earlier attempts that the phase has: many starts leave many.
    std::int64_t inherited_files(const std::string& phase) const;
    /// Collective, after `take_over`: what every rank took over becomes one file of its own, and
    /// the files of earlier attempts go. Killed meanwhile, the next start finds what was there
    /// before.
    void compact(const mpi::Communicator& comm, const std::string& phase,
                 const std::vector<std::int64_t>& units,
                 const std::function<void(base::Packer&)>& pack) const;
    /// Replaces this rank's snapshot of the phase. `pack` writes straight into the file: no copy of
    /// the results is made.
    void save(const std::string& phase, const std::vector<std::int64_t>& units,
              const std::function<void(base::Packer&)>& pack) const;
    /// The first of the parts 1 .. `part` that the file of `part` has to hold: it takes the place
    /// of the files of the others, as in a Fenwick tree. So n parts are at most log2(n) + 1 files,
    /// and each part is written log2(n) / 2 times on average instead of n / 2 times.
    static std::int64_t first_in_file_of(std::int64_t part) noexcept
    {
        return (part & (part - 1)) + 1;
    }
    /// For results that grow part by part: what this rank has computed from part
    /// `first_in_file_of(part)` on to `part` (1, 2, ...), inclusive.
    void save_part(const std::string& phase, std::int64_t part,
                   const std::vector<std::int64_t>& units,
                   const std::function<void(base::Packer&)>& pack) const;
    /// Replaces the state of a phase that all ranks advance together: the latest wins. Call on one
    /// rank.
    void save_state(const std::string& phase, const std::function<void(base::Packer&)>& pack) const;
    /// The state that this attempt or one before it saved last, as it was packed; nothing where
    /// none was. Any rank. @throws IoError
    std::optional<std::vector<std::byte>> saved_state(const std::string& phase) const;
    /// The result is published: what this attempt saved is not needed any more. Call on one rank.
    void remove() const;

  private:
    void begin_attempt(const Fingerprint& fingerprint, bool restart);
    void write(const std::string& name, const std::function<void(base::Packer&)>& pack) const;

    std::filesystem::path folder_;
    Attempt attempt_;
    int rank_;
    int ranks_;
    bool resumed_ = false;
};

} // namespace rewire::io
