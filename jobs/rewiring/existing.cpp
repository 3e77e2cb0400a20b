#include "existing.hpp"

#include "jobs/frame/session_results.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

/// What movement.h5, if it is there, was made of: the movement fraction follows from it.
io::Fingerprint movement_inputs(const runtime::Options& options)
{
    const auto path = options.path("results") / "movement.h5";
    auto inputs = io::Fingerprint{};
    if (!std::filesystem::exists(path))
        return inputs;
    const auto record = io::read_record(io::open_for_reading(path));
    for (const auto* fields : {&record.digest, &record.inputs})
        for (const auto& [field, value] : *fields)
            inputs.emplace_back("movement " + field, value);
    return inputs;
}

/// Inputs of the result that is there which are others now or gone. What was added since is none of
/// them.
std::vector<std::string> changed_inputs(const io::Fingerprint& there, const io::Fingerprint& here)
{
    const auto of_movement = [](const auto& input) { return input.first.starts_with("movement "); };
    const auto movement_is_gone = std::any_of(there.begin(), there.end(), of_movement) &&
                                  std::none_of(here.begin(), here.end(), of_movement);
    auto changed = std::vector<std::string>{};
    if (movement_is_gone)
        changed.emplace_back("movement.h5: no longer there");
    for (const auto& input : there) {
        if (movement_is_gone && of_movement(input))
            continue;
        const auto now = std::find_if(here.begin(), here.end(), [&](const auto& other) {
            return other.first == input.first;
        });
        const auto name = of_movement(input) ? input.first : "session " + input.first;
        if (now == here.end())
            changed.push_back(name + ": no longer there, or not selected");
        else if (now->second != input.second)
            changed.push_back(fmt::format("{}: {}{} there, {} here", name,
                                          of_movement(input) ? "" : "of another file, SHA-256 ",
                                          input.second, now->second));
    }
    return changed;
}

/// Sessions that have another number now than in the result: their order is part of it.
std::vector<std::string> changed_numbers(hid_t result,
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

} // namespace

io::Fingerprint inputs_of(const std::vector<SubjectConnectomes>& subjects,
                          const runtime::Options& options)
{
    auto inputs = io::Fingerprint{};
    for (const auto& subject : subjects)
        inputs.insert(inputs.end(), subject.inputs.begin(), subject.inputs.end());
    for (const auto& entry : movement_inputs(options))
        inputs.push_back(entry);
    return inputs;
}

bool is_up_to_date(const std::filesystem::path& path, const io::Fingerprint& digest,
                   const io::Fingerprint& inputs, const std::vector<SubjectConnectomes>& subjects)
{
    if (!std::filesystem::exists(path))
        return false;
    const auto file = io::open_for_reading(path);
    const auto record = io::read_record(file);
    require_same_settings(path, record, digest);
    auto changed = changed_inputs(record.inputs, inputs);
    for (auto& number : changed_numbers(file, subjects))
        changed.push_back(std::move(number));
    if (!changed.empty())
        throw base::UsageError(
            "a result from other sessions or movements is there\n    " +
                base::joined(changed, "\n    "),
            path.string(),
            "add --overwrite to replace it, or choose another folder with --results");
    return record.inputs.size() == inputs.size();
}

} // namespace rewire::jobs
