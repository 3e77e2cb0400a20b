#include "session_results.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/job/job.hpp>

#include <algorithm>
#include <charconv>
#include <numeric>

namespace rewire::jobs {

SessionName name_of(const io::StudySession& session)
{
    return {session.record.subject, session.record.session};
}

Existing look_for_result(const std::filesystem::path& path, const io::Study& study,
                         const std::vector<SessionInput>& inputs, const io::Fingerprint& digest,
                         bool overwrite)
{
    auto existing = Existing{};
    if (!std::filesystem::exists(path) || overwrite) {
        existing.todo.resize(study.sessions.size());
        std::iota(existing.todo.begin(), existing.todo.end(), 0);
        return existing;
    }
    existing.present = true;
    const auto file = io::open_for_reading(path);
    const auto different = io::differences(io::read_record(file).digest, digest);
    if (!different.empty())
        throw base::UsageError(
            "a result made with other settings is there\n    " + base::joined(different, "\n    "),
            path.string(),
            "add --overwrite to replace it, or choose another folder with --results");
    existing.kept = sessions_in(file);
    for (std::size_t i = 0; i < study.sessions.size(); ++i) {
        const auto name = name_of(study.sessions[i]);
        if (std::find(existing.kept.begin(), existing.kept.end(), name) == existing.kept.end()) {
            existing.todo.push_back(i);
            continue;
        }
        const auto group = io::open_group(file, name.first + "/" + name.second);
        if (io::read_text_attribute(group, "sha256") != inputs[i].sha256)
            throw base::UsageError("the file of a session changed since its result was computed",
                                   study.sessions[i].record.file,
                                   "add --overwrite to compute the result again, or choose another "
                                   "folder with --results");
    }
    return existing;
}

io::Fingerprint checkpoint_fingerprint(const io::Fingerprint& digest, const io::Study& study,
                                       const std::vector<SessionInput>& inputs,
                                       const Existing& existing, const job::Options& options)
{
    auto fingerprint = digest;
    fingerprint.emplace_back("revision", job::program_revision());
    fingerprint.emplace_back("cpu target", dense::blas_target());
    fingerprint.emplace_back("node memory", options.text("node-memory-gb"));
    fingerprint.emplace_back("sessions left to do", std::to_string(existing.todo.size()));
    for (const auto& field : input_fingerprint(study, inputs))
        fingerprint.push_back(field);
    return fingerprint;
}

std::vector<SessionName> sessions_in(hid_t file)
{
    auto sessions = std::vector<SessionName>{};
    for (const auto& subject : io::children(file))
        if (io::is_group(file, subject))
            for (const auto& session : io::children(file, subject))
                if (io::is_group(file, subject + "/" + session))
                    sessions.emplace_back(subject, session);
    return sessions;
}

io::Handle write_neuron_axis(hid_t group, const std::vector<std::string>& ids)
{
    auto numbers = std::vector<std::int64_t>{};
    for (const auto& id : ids) {
        auto number = std::int64_t{0};
        const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
        if (error != std::errc{} || end != id.data() + id.size())
            return io::write_text_axis(group, "neuron_id", ids);
        numbers.push_back(number);
    }
    return io::write_axis(group, "neuron_id", numbers);
}

std::vector<std::string> read_neuron_axis(hid_t group)
{
    if (io::holds_text(io::open_dataset(group, "neuron_id")))
        return io::read_texts(group, "neuron_id");
    auto ids = std::vector<std::string>{};
    for (const auto number : io::read_all<std::int64_t>(group, "neuron_id"))
        ids.push_back(std::to_string(number));
    return ids;
}

std::vector<std::string> common_neurons(const std::vector<std::vector<std::string>>& sessions)
{
    auto counts = std::map<std::string, std::size_t>{};
    for (const auto& ids : sessions)
        for (const auto& id : ids)
            ++counts[id];
    auto common = std::vector<std::string>{};
    for (const auto& id : sessions.front())
        if (counts[id] == sessions.size())
            common.push_back(id);
    return common;
}

} // namespace rewire::jobs
