#pragma once

#include "jobs/activity/activity_source.hpp"

#include <rewire/io/result_file.hpp>
#include <rewire/io/study.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// Results with one group a session, /SUBJECT/SESSION/, that grow when sessions are added to the
/// study.
namespace rewire::jobs {

using SessionName = std::pair<std::string, std::string>; ///< subject, session

SessionName name_of(const io::StudySession& session);

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

/// Collective; with --overwrite everything is to be done.
/// @throws UsageError when the result was made with other settings, or from a file that has changed
/// since
Existing look_for_result(runtime::RunContext& context, const std::filesystem::path& path,
                         const io::Study& study, const std::vector<SessionInput>& inputs,
                         const io::Fingerprint& digest);

/// @throws UsageError where the result that is there was made with other settings, naming them
void require_same_settings(const std::filesystem::path& path, const io::Record& record,
                           const io::Fingerprint& digest);

/// SHA-256 of the study's files and of those of kept sessions that the study does not have (any
/// more).
io::Fingerprint all_inputs(const io::Study& study, const std::vector<SessionInput>& inputs,
                           const Existing& existing);

/// Number, layer and group of a kept session as the study has them now, where it has it.
template <typename Session>
void follow_study(Session& session, const io::Study& study)
{
    for (const auto& entry : study.sessions)
        if (name_of(entry) == SessionName{session.subject, session.session}) {
            session.number = entry.number;
            session.layer = entry.layer;
            session.group = entry.group;
        }
}

/// What a session's result says of the session itself, from the study and its file.
template <typename Session>
void name_session(Session& result, const io::StudySession& session, const SessionInput& input)
{
    result.subject = session.record.subject;
    result.session = session.record.session;
    result.file = session.record.file;
    result.sha256 = input.sha256;
    result.start_time = session.record.start_text;
    result.number = session.number;
    result.layer = session.layer;
    result.group = session.group;
    result.tau_s = input.tau_s;
    result.neuron_id = session.record.activity->neuron_id;
}

/// What a checkpoint of such a job depends on.
io::Fingerprint checkpoint_fingerprint(const io::Fingerprint& digest, const io::Study& study,
                                       const std::vector<SessionInput>& inputs,
                                       const Existing& existing, const runtime::Options& options);

/// Group paths "A/S" in the order of the file.
std::vector<SessionName> sessions_in(hid_t file);

/// The axis `neuron_id`: integers where all ids are, text otherwise.
io::Handle write_neuron_axis(hid_t group, const std::vector<std::string>& ids);
std::vector<std::string> read_neuron_axis(hid_t group);
/// Names along an axis, numbers as text.
std::vector<std::string> read_names(hid_t group, const std::string& axis);

/// Ids that all sessions have, in the order of the first.
std::vector<std::string> common_neurons(const std::vector<std::vector<std::string>>& sessions);

} // namespace rewire::jobs
