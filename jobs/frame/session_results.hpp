#pragma once

#include <rewire/io/result_file.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

/// Results with one group a session, /SUBJECT/SESSION/, that grow when sessions are added to the
/// study.
namespace rewire::jobs {

using SessionName = std::pair<std::string, std::string>; ///< subject, session

SessionName name_of(const io::StudySession& session);

/// What every result says of a session: the attributes that all jobs write to its group.
struct SessionHead
{
    std::string subject;
    std::string session;
    std::string file;
    std::string sha256;
    std::string start_time; ///< ISO 8601
    std::int64_t number = 0;
    std::string layer;
    std::string group;
    std::string status; ///< "ok", or why there is no result
};

void each_head_field(auto& head, auto field)
{
    field(head.subject), field(head.session), field(head.file), field(head.sha256);
    field(head.start_time), field(head.number), field(head.layer), field(head.group);
    field(head.status);
}

void each_head_attribute(auto& head, auto attribute)
{
    attribute("file", head.file), attribute("sha256", head.sha256);
    attribute("session_start_time", head.start_time), attribute("number", head.number);
    attribute("layer", head.layer), attribute("group", head.group);
    attribute("status", head.status);
}

/// With the status "ok".
SessionHead head_of(const io::StudySession& session, const std::string& sha256);
SessionHead read_head(const io::Handle& file, const SessionName& name);
/// Of all sessions of a result, by subject, number, start and name: the order of a study.
std::vector<SessionHead> heads_in(const io::Handle& file);
/// Group paths "A/S" in alphabetical order.
std::vector<SessionName> sessions_in(const io::Handle& file);

/// Sessions that the result does not have because study.tsv or --skip-missing left them out: the
/// root attribute `left_out`, a line each of subject, session, file and why, with tabs between.
void write_left_out(const io::Handle& file, const std::vector<io::LeftOut>& left_out);
std::vector<io::LeftOut> read_left_out(const io::Handle& file);
/// Those of `there` that are not of subjects of the study, and those of the study.
std::vector<io::LeftOut> joined_left_out(std::vector<io::LeftOut> there, const io::Study& study);

/// A number beside the file's content that the result of a session depends on, as an attribute of
/// its group: the decay time of the indicator.
struct SessionSetting
{
    std::string attribute;
    std::string meaning; ///< "decay time"
    std::string unit;
    double value = 0;
};

/// What the frame has to know of a session before anything is computed.
struct SessionFacts
{
    std::string sha256;
    std::vector<SessionSetting> settings;
};

/// The result that is already there, if any, and what is left to do.
struct Existing
{
    bool present = false;
    std::vector<SessionName> kept; ///< sessions that stay as they are
    std::vector<std::size_t> todo; ///< indices into the study
    bool renumbered = false;       ///< number, layer or group of a kept session are others now
    io::Fingerprint inputs;        ///< SHA-256 of the files of the kept sessions

    bool nothing_to_do() const { return todo.empty() && !renumbered; }
};

/// Collective. With --overwrite all sessions of the study are to be done; where --subject or
/// --session chose them, the others that the result has stay.
/// @throws UsageError when the result was made with other settings, or from a file that has changed
/// since
Existing look_for_result(runtime::RunContext& context, const std::filesystem::path& path,
                         const io::Study& study, const std::vector<SessionFacts>& facts,
                         const io::Fingerprint& digest);

/// @throws UsageError where the result that is there was made with other settings, naming them
void require_same_settings(const std::filesystem::path& path, const io::Record& record,
                           const io::Fingerprint& digest);

/// SHA-256 of the study's files and of those of kept sessions that the study does not have (any
/// more).
io::Fingerprint all_inputs(const io::Study& study, const std::vector<SessionFacts>& facts,
                           const Existing& existing);

/// Copies the group of a session that stays, with number, layer and group as the study has them.
void keep_session(const io::ResultFile& output, const io::Handle& old, const SessionName& name,
                  const io::Study& study);

/// What a checkpoint of such a job depends on.
io::Fingerprint checkpoint_fingerprint(const io::Fingerprint& digest, const io::Study& study,
                                       const std::vector<SessionFacts>& facts,
                                       const Existing& existing, const runtime::Options& options);

/// An axis of names: integers where all of them are, text otherwise.
io::Handle write_names(const io::Handle& group, const std::string& axis,
                       const std::vector<std::string>& names, const std::string& description = "");
/// Names along an axis, numbers as text.
std::vector<std::string> read_names(const io::Handle& group, const std::string& axis);
/// The axis `neuron_id`; in the group of a subject `common_neuron_id`, because the groups of its
/// sessions have axes of their own and a tree of groups inherits axes.
io::Handle write_neuron_axis(const io::Handle& group, const std::vector<std::string>& ids,
                             const std::string& axis = "neuron_id");
std::vector<std::string> read_neuron_axis(const io::Handle& group);

/// The axis `pair` (`common_pair`) and pair_i, pair_j: the strict upper triangle over n items, row
/// major. Some pairs at a time: there are many.
void write_pair_axis(const io::Handle& group, std::int64_t items, const std::string& axis = "pair");

/// Ids that all sessions have, in the order of the first.
std::vector<std::string> common_neurons(const std::vector<std::vector<std::string>>& sessions);

} // namespace rewire::jobs
