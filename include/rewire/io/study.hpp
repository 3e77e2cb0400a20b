#pragma once

#include <rewire/base/pack.hpp>
#include <rewire/io/nwb_session.hpp>
#include <rewire/io/problem.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// A study: a folder of NWB files in DANDI layout (sub-A/sub-A_ses-01.nwb, any nesting), or one
/// file; one file a session. No MPI here. A caller with many ranks lists the files, lets every rank
/// scan some, gathers the packed records, and assembles the same study everywhere:
///
///     const auto files = list_files(path);
///     records[i] = scan_file(path, files[i], options);      // any rank, any order; never throws
///     const auto study = assemble(path, records, read_study_table(path), selection);
namespace rewire::io {

/// The name of a subject or session wherever it is written: groups and names of result files, lists
/// for scripts, the page. base::safe_name, and none that result files use otherwise.
std::string group_name(std::string name);

/// What one file holds. All that the assembling rank has to know of it; data are not read.
struct SessionRecord
{
    std::string file;      ///< below the study's folder, with '/'
    bool readable = false; ///< false: problems say why, and the rest is from the file's name
    std::string subject;   ///< subject_id, else the name's `sub-`, made safe; may be empty
    std::string subject_as_written; ///< before that
    std::string session;            ///< session_id, else the name's `ses-`, else the file's stem
    std::string identifier;
    std::string start_text;
    std::optional<Instant> start;
    std::optional<ActivityInfo> activity;
    std::vector<SeriesInfo> series;
    std::vector<TableInfo> intervals;
    std::optional<UnitsInfo> units;
    std::int64_t bytes = 0; ///< size of the file
    std::vector<Problem> problems;

    void pack(base::Packer& packer) const;
    void unpack(base::Unpacker& unpacker);
};

/// All *.nwb files, relative to `path`, sorted by name; for a single file its name. Hidden ones are
/// left out. Links to folders are followed, but not to those above the study, and no folder is
/// looked into twice. @throws IoError: no such folder or file, a folder that cannot be listed
/// (named); InputError: no NWB file in it
std::vector<std::string> list_files(const std::filesystem::path& path);
/// Path to open.
std::filesystem::path path_of(const std::filesystem::path& study, const std::string& file);

/// Never throws for what is wrong with the file: the record says so.
SessionRecord scan_file(const std::filesystem::path& study, const std::string& file,
                        const NwbOptions& options = {});

/// Which jobs leave a session out.
struct Exclusion
{
    bool from_all = false;
    std::set<std::string> from_jobs;

    /// For an empty job: only those left out of all.
    bool from(const std::string& job) const { return from_all || from_jobs.contains(job); }
};

/// `study.tsv`: tab separated, columns by name: file subject session number layer group exclude
/// tau_s. `exclude` is yes, no, or names of jobs that read recordings (`connectome, movement`).
/// `file` is a path below the folder, or a file name that occurs once. Empty or `n/a`: not given.
/// Lines that are empty or begin with # are skipped.
struct StudyTable
{
    struct Row
    {
        std::int64_t line = 0;
        std::string file;
        std::string subject;
        std::string session;
        std::optional<std::int64_t> number;
        std::string layer;
        std::string group;
        Exclusion exclude;
        std::optional<double> tau_s;
    };
    std::string name; ///< for messages; empty where there is no such file
    std::vector<Row> rows;
    std::vector<Problem> problems; ///< with line numbers
};
/// The table beside the sessions; an empty one where there is none.
/// @throws IoError: a link to nowhere, a folder, not readable: what it excludes would come back
StudyTable read_study_table(const std::filesystem::path& study);

struct Selection
{
    std::vector<std::string> subjects; ///< empty: all
    std::vector<std::string> sessions; ///< names, or numbers as text; empty: all
    std::string job; ///< whose exclusions apply beside those from all jobs; empty: none's
    /// Every job there is: a name in `exclude` that is none of them is an error.
    std::vector<std::string> jobs;
    /// More sessions to leave out, whatever study.tsv says: file -> why.
    std::map<std::string, std::string> left_out;
};

/// A session that study.tsv or Selection::left_out leaves out.
struct LeftOut
{
    std::string subject;
    std::string session;
    std::string file;
    std::string
        why; ///< "excluded in study.tsv line 4", "excluded from movement in study.tsv line 4"
};

struct StudySession
{
    SessionRecord record; ///< subject and session already as study.tsv has them
    std::filesystem::path path;
    std::int64_t number = 0; ///< from study.tsv, else from names such as ses-03, else 1, 2, ...
    std::string layer;       ///< from study.tsv, else where the imaging plane lies
    std::string group;
    std::optional<double> tau_s;
    /// Columns of the neurons that all sessions of the subject have, in the order of
    /// Subject::neuron_id; empty for a session without activity.
    std::vector<std::int64_t> common;
    std::int64_t left_out = 0;           ///< neurons of this session that another one lacks
    std::set<std::string> excluded_from; ///< jobs, by study.tsv
};

struct Subject
{
    std::string name;
    std::vector<std::size_t> sessions; ///< indices into Study::sessions, in order of time or number
    /// Neurons of all sessions that have activity: ascending where ids are integers, else in
    /// alphabetical order, so that adding a session does not reorder those that stay.
    std::vector<std::string> neuron_id;
    /// Sessions with activity that are not excluded, also those that were not chosen by name: what
    /// is computed of a session must not depend on which others are computed in the same run.
    std::int64_t recorded = 0;
};

struct Study
{
    std::filesystem::path path;
    std::vector<Subject> subjects;      ///< by name
    std::vector<StudySession> sessions; ///< subject after subject, in order; without excluded ones
    std::vector<Problem> problems;      ///< of the study and of all its files, errors first
    std::int64_t excluded = 0;          ///< files that study.tsv excludes or that were not selected
    std::vector<LeftOut> left_out;      ///< of the selected subjects, in the order of the files

    bool ok() const { return !has_errors(problems); }
};

/// Puts records together: order, identity of neurons, selection, and all that is wrong between
/// files. Does not read files and never throws for what is wrong: Study::problems says it.
Study assemble(const std::filesystem::path& path, std::vector<SessionRecord> records,
               const StudyTable& table, const Selection& selection = {});

/// list, scan, assemble, by one process.
Study open_study(const std::filesystem::path& path, const NwbOptions& options = {},
                 const Selection& selection = {});

/// Whether the file of a session has this to compute from.
bool has(const SessionRecord& record, Feed feed);
/// The series a movement job would use: the one whose name contains "lever"; nullptr for none.
const SeriesInfo* lever_of(const SessionRecord& record);

/// The report of `rewire study`: subjects, sessions, problems; 100 columns of plain text.
/// @param jobs_of names of the jobs that a session can feed
std::string describe(const Study& study,
                     const std::function<std::vector<std::string>(const SessionRecord&)>& jobs_of);

// --- missing samples -----------------------------------------------------------------------------

enum class NanPolicy : int
{
    error,       ///< refuse
    drop_neuron, ///< a neuron with any missing sample takes no part (inactive, and reported)
    mask_frames, ///< frames with a missing sample of any neuron are cut out for all neurons
};
std::optional<NanPolicy> parse_nan_policy(std::string_view name); ///< "drop-neuron" ...
std::string name_of(NanPolicy policy);

/// Where the activity of one session has NaN or infinite samples. Costs one pass over the data.
struct MissingSamples
{
    std::vector<std::int64_t> by_neuron; ///< [neurons] missing samples of each
    std::vector<std::uint8_t> in_frame;  ///< [frames] 1 where any neuron looked at lacks it

    std::int64_t total() const;
    bool any() const { return total() > 0; }
    /// Joins the result for other neurons of the same session (from another rank).
    void merge(const MissingSamples& other);
};
/// Looks at the neurons first .. first+count. One session after another, or one block a rank.
MissingSamples find_missing(const NwbSession& session, std::int64_t first, std::int64_t count);
MissingSamples find_missing(const NwbSession& session);

/// What a job uses of a session under a policy.
struct UsedSamples
{
    std::vector<std::uint8_t> usable; ///< [neurons] 0: dropped
    /// Frames kept, ascending; empty: all. After a cut the samples on its two sides are neighbours:
    /// deconvolution and smoothing run across the joint as if no time had passed, which can make or
    /// hide one event there. The methods page has no rule for this; keep gaps few.
    std::vector<std::int64_t> kept;
    std::int64_t frames = 0; ///< frames that remain
};
/// @throws InputError: samples are missing and the policy is `error`; no neuron or frame is left
UsedSamples apply_policy(const NwbSession& session, const MissingSamples& missing,
                         NanPolicy policy);

/// Leaves out the frames of which something else is not known (`known` is 0: a lever with gaps), as
/// missing samples under mask-frames. Returns how many of those used so far.
/// @param known one value a frame of the file; empty: all are known
/// @throws InputError: no frame is left
std::int64_t leave_out_frames(UsedSamples& used, std::span<const std::uint8_t> known,
                              const std::string& where);

/// Everything that only reading the data shows: missing samples, unsorted spike times, trials that
/// end before they start, unsorted timestamps, movement intervals out of order. Reads the session
/// once (all of its activity, spikes, tables and behavioural series); sessions are independent.
std::vector<Problem> check_data(const StudySession& session, NanPolicy policy,
                                const NwbOptions& options = {});

} // namespace rewire::io
