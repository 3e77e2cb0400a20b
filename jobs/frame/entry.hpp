#pragma once

#include "connection_method.hpp"
#include "page_part.hpp"

#include <rewire/io/result_file.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/job.hpp>
#include <rewire/runtime/run_context.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// What the program knows of a job. Everything that deals with jobs in general (help, plan, study,
/// chain, merge, recovery, export, report, "made by" in messages, the batch scripts) loops over the
/// entries; no other code names a job but those that read its result.
namespace rewire::jobs {

/// Smallest part of a study that a task of an array of batch jobs may compute on its own. The parts
/// are put together by the job that joins parts.
enum class TaskLevel
{
    study,
    subject,
    session,
};
std::string name_of(TaskLevel level);

/// An earlier result that a job reads.
struct Need
{
    std::string job;
    bool required = true;
    std::string for_what; ///< where it is not required: "the fraction of ..." that follows from it
};

/// A table that `rewire export` can write of a result.
struct ExportTable
{
    struct Request
    {
        const io::Handle& result;
        std::filesystem::path folder; ///< to write to; it is there
        std::string format;
        bool everything = false; ///< not only what was found
    };
    std::vector<std::string> formats; ///< "csv", ...; the first is the default
    /// Rank 0. @return what was written: "wrote X"
    std::function<std::string(const Request&)> write;
};

/// What a simulated study planted against what a result found.
struct RecoveryRequest
{
    runtime::RunContext& context; ///< to print to
    const io::Study& study;       ///< with planted truth in every file
    std::filesystem::path result;
};

struct Entry
{
    runtime::Job job;
    bool has_result = false; ///< writes RESULTS/NAME.h5
    std::vector<Need> needs;
    bool ends_chains = false; ///< reads whatever results there are: comes last in every chain
    TaskLevel tasks = TaskLevel::study;
    /// What a recording has to hold to feed the job; empty: it computes from results, or from
    /// nothing.
    std::vector<io::Feed> feeds;
    /// How its options say that the files of the study are read (`nwb_options`); empty: as usual.
    std::function<io::NwbOptions(const runtime::Options& options)> reading;
    /// What only a look into the file of a session shows that it lacks; empty text: nothing. For
    /// --skip-missing; may be empty.
    std::function<std::string(const io::StudySession& session, const runtime::Options& options)>
        lacks;
    /// What the job would refuse of a session that it can feed on, for `rewire study`, which takes
    /// the options that it looks at; throws. May be empty.
    std::function<void(const io::StudySession& session, const runtime::Options& options)> check;
    std::vector<runtime::Option> check_options;
    /// What `rewire study` tells of the recordings that feed the job, beyond what it checks; may be
    /// empty. Collective.
    /// @param sessions indices into the study: without errors, and not excluded from the job
    /// @return the text, on rank 0
    std::function<std::string(runtime::RunContext& context, const io::Study& study,
                              const std::vector<std::size_t>& sessions)>
        inspect;
    std::vector<std::string> chains; ///< that it belongs to, with all that it needs
    bool joins_parts = false;        ///< makes one result of those of an array
    /// Rank 0: writes what the group of a subject has beside its sessions, once these are in the
    /// file; may be empty. Only for jobs with tasks of sessions.
    std::function<void(const io::ResultFile& output, const std::string& subject)> complete_subject;
    /// Rank 0: writes what the result says over all subjects, once their groups are in the file;
    /// may be empty.
    std::function<void(const io::ResultFile& output)> complete;
    std::optional<PageEntry> page;
    std::function<void(const RecoveryRequest&)> recovery; ///< rank 0; may be empty
    std::optional<ExportTable> table;
    std::vector<ConnectionMethod> connections; ///< between units, that the result calls
    /// Reads the connections of whatever results there are: those of all entries before it are
    /// added to its needs.
    bool reads_connections = false;
    /// Options and help that follow from the other entries; may be empty.
    std::function<void(runtime::Job& job, const std::vector<Entry>& all)> introduce;

    const std::string& name() const { return job.name; }
    std::string file() const { return job.name + ".h5"; }
    bool feeds_on(io::Feed feed) const;
};

class EntryTable : public runtime::Catalogue
{
  public:
    /// @pre names are unique, needs name jobs that come before
    explicit EntryTable(std::vector<Entry> entries);

    std::vector<const runtime::Job*> jobs() const override;
    const std::vector<Entry>& entries() const noexcept { return entries_; }

  private:
    std::vector<Entry> entries_;
};

/// The entries of the program that runs the job.
const std::vector<Entry>& entries_of(const runtime::RunContext& context);
/// The entry of the job that runs.
const Entry& own_entry(const runtime::RunContext& context);
/// Null where there is no such job.
const Entry* find_entry(const std::vector<Entry>& entries, const std::string& name);

} // namespace rewire::jobs
