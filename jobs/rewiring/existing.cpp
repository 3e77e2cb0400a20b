#include "existing.hpp"

#include "jobs/connectome/result.hpp"
#include "jobs/frame/command_of.hpp"
#include "jobs/movement/result.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/runtime/job.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

/// Inputs of the result that is there which are others now or gone. What was added since is none of
/// them.
std::vector<std::string> changed_inputs(const io::Fingerprint& there, const io::Fingerprint& here)
{
    auto changed = std::vector<std::string>{};
    for (const auto& input : there) {
        const auto now = std::find_if(here.begin(), here.end(), [&](const auto& other) {
            return other.first == input.first;
        });
        if (now == here.end())
            changed.push_back(
                fmt::format("session {}: no longer there, or not selected", input.first));
        else if (now->second != input.second)
            changed.push_back(fmt::format("session {}: of another file, SHA-256 {} there, {} here",
                                          input.first, input.second, now->second));
    }
    return changed;
}

/// The movements that the result was made with, against those of now.
std::vector<std::string> changed_movements(const RewiringOrigin& there, const RewiringOrigin& here,
                                           const Entry& movement)
{
    const auto before = there.upstream.find(movement.name());
    const auto now = here.upstream.find(movement.name());
    if (before == there.upstream.end())
        return {};
    if (now == here.upstream.end())
        return {movement.file() + ": no longer there"};
    auto changed = std::vector<std::string>{};
    for (const auto& setting :
         changed_settings(movement, before->second.digest, now->second.digest))
        changed.push_back(movement.name() + " " + setting);
    for (const auto& [file, hash] : before->second.inputs)
        if (const auto at = std::find_if(now->second.inputs.begin(), now->second.inputs.end(),
                                         [&](const auto& other) { return other.first == file; });
            at == now->second.inputs.end())
            changed.push_back(fmt::format("{} {}: no longer there", movement.name(), file));
        else if (at->second != hash)
            changed.push_back(
                fmt::format("{} {}: {} there, {} here", movement.name(), file, hash, at->second));
    return changed;
}

/// Sessions that have another number now than in the result: their order is part of it.
std::vector<std::string> changed_numbers(const io::Handle& result,
                                         const std::vector<SubjectConnectomes>& subjects)
{
    auto changed = std::vector<std::string>{};
    for (const auto& subject : subjects) {
        if (!io::exists(result, subject.subject + "/session_number"))
            continue;
        const auto names = io::read_texts(result, subject.subject + "/session");
        const auto numbers =
            io::read_all<std::int64_t>(result, subject.subject + "/session_number");
        for (std::size_t i = 0; i < subject.sessions.size(); ++i)
            for (std::size_t j = 0; j < names.size(); ++j)
                if (names[j] == subject.sessions[i] && numbers[j] != subject.numbers[i])
                    changed.push_back(fmt::format("session {}/{}: number {} there, {} here",
                                                  subject.subject, names[j], numbers[j],
                                                  subject.numbers[i]));
    }
    return changed;
}

/// Nothing was added since.
bool same_extent(const RewiringOrigin& there, const RewiringOrigin& here)
{
    const auto size_of = [](const RewiringOrigin& origin, const std::string& job) {
        const auto at = origin.upstream.find(job);
        return at == origin.upstream.end() ? std::size_t{0} : at->second.inputs.size() + 1;
    };
    return there.inputs.size() == here.inputs.size() &&
           size_of(there, movement_name) == size_of(here, movement_name);
}

} // namespace

RewiringOrigin origin_of(const std::vector<SubjectConnectomes>& subjects,
                         const io::Record& connectomes, const io::Record* movements,
                         const runtime::Options& options)
{
    auto origin = RewiringOrigin{.digest = options.result_changing()};
    origin.digest.emplace_back("version", runtime::program_version());
    for (const auto& subject : subjects)
        origin.inputs.insert(origin.inputs.end(), subject.inputs.begin(), subject.inputs.end());
    origin.upstream[connectome_name] = io::as_upstream(connectomes);
    if (movements != nullptr)
        origin.upstream[movement_name] = io::as_upstream(*movements);
    return origin;
}

io::Fingerprint fingerprint_of(const RewiringOrigin& origin)
{
    auto fingerprint = origin.digest;
    fingerprint.insert(fingerprint.end(), origin.inputs.begin(), origin.inputs.end());
    for (const auto& [job, upstream] : origin.upstream)
        for (const auto* fields : {&upstream.digest, &upstream.inputs})
            for (const auto& [name, value] : *fields)
                fingerprint.emplace_back(job + " " + name, value);
    return fingerprint;
}

bool is_up_to_date(const std::filesystem::path& path, const RewiringOrigin& origin,
                   const std::vector<SubjectConnectomes>& subjects,
                   const std::vector<Entry>& entries)
{
    if (!std::filesystem::exists(path))
        return false;
    const auto file = io::open_for_reading(path);
    const auto record = io::read_record(file);
    require_same_settings(path, record, origin.digest);
    const auto there = RewiringOrigin{record.digest, record.inputs, record.upstream};
    const auto connectomes = there.upstream.find(connectome_name);
    const auto settings = changed_settings(
        *find_entry(entries, connectome_name),
        connectomes == there.upstream.end() ? io::Fingerprint{} : connectomes->second.digest,
        origin.upstream.at(connectome_name).digest);
    if (!settings.empty())
        throw base::UsageError(
            fmt::format("a result from a {}.h5 made with other settings is there\n    {}",
                        connectome_name, base::joined(settings, "\n    ")),
            path.string(),
            "add --overwrite to replace it, or choose another folder with --results");
    auto changed = changed_inputs(there.inputs, origin.inputs);
    for (auto& movement : changed_movements(there, origin, *find_entry(entries, movement_name)))
        changed.push_back(std::move(movement));
    for (auto& number : changed_numbers(file, subjects))
        changed.push_back(std::move(number));
    if (!changed.empty())
        throw base::UsageError(
            "a result from other sessions or movements is there\n    " +
                base::joined(changed, "\n    "),
            path.string(),
            "add --overwrite to replace it, or choose another folder with --results");
    return same_extent(there, origin);
}

} // namespace rewire::jobs
