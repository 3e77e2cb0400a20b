#include "session_results.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/runtime/job.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

namespace rewire::jobs {

SessionName name_of(const io::StudySession& session)
{
    return {session.record.subject, session.record.session};
}

namespace {

/// Compares a session of the result with the study. @return whether what the study says of it has
/// changed
bool differs_from(hid_t group, const io::StudySession& session, const SessionInput& input)
{
    const auto advice =
        "add --overwrite to compute the result again, or choose another folder with --results";
    if (io::read_text_attribute(group, "sha256") != input.sha256)
        throw base::UsageError("the file of a session changed since its result was computed",
                               session.record.file, advice);
    if (const auto tau = io::read_attribute<double>(group, "tau_s"); tau != input.tau_s)
        throw base::UsageError(
            fmt::format("a session was computed with a decay time of {} s, now it is {} s", tau,
                        input.tau_s),
            session.record.file, advice);
    return io::read_attribute<std::int64_t>(group, "number") != session.number ||
           io::read_text_attribute(group, "layer") != session.layer ||
           io::read_text_attribute(group, "group") != session.group;
}

Existing look(const std::filesystem::path& path, const io::Study& study,
              const std::vector<SessionInput>& inputs, const io::Fingerprint& digest,
              bool overwrite)
{
    auto existing = Existing{};
    existing.present = std::filesystem::exists(path);
    if (!existing.present || overwrite) {
        existing.todo.resize(study.sessions.size());
        std::iota(existing.todo.begin(), existing.todo.end(), 0);
        return existing;
    }
    const auto file = io::open_for_reading(path);
    const auto record = io::read_record(file);
    require_same_settings(path, record, digest);
    existing.inputs = record.inputs;
    existing.kept = sessions_in(file);
    for (std::size_t i = 0; i < study.sessions.size(); ++i) {
        const auto name = name_of(study.sessions[i]);
        if (std::find(existing.kept.begin(), existing.kept.end(), name) == existing.kept.end())
            existing.todo.push_back(i);
        else if (differs_from(io::open_group(file, name.first + "/" + name.second),
                              study.sessions[i], inputs[i]))
            existing.renumbered = true;
    }
    return existing;
}

void pack(base::Packer& packer, const Existing& existing)
{
    packer.put_text(io::to_text(existing.inputs));
    packer.put(existing.present);
    packer.put(existing.renumbered);
    packer.put_all(existing.todo);
    packer.put(static_cast<std::uint64_t>(existing.kept.size()));
    for (const auto& [subject, session] : existing.kept) {
        packer.put_text(subject);
        packer.put_text(session);
    }
}

} // namespace

Existing look_for_result(runtime::RunContext& context, const std::filesystem::path& path,
                         const io::Study& study, const std::vector<SessionInput>& inputs,
                         const io::Fingerprint& digest)
{
    // Rank 0 looks and tells: file systems of a cluster do not show all nodes the same at the same
    // time.
    auto packer = base::Packer{};
    mpi::collective(context.comm(), [&] {
        if (!context.comm().is_root())
            return;
        const auto existing =
            look(path, study, inputs, digest, context.options().flag("overwrite"));
        pack(packer, existing);
    });
    const auto bytes = context.comm().broadcast(packer.take(), 0);
    auto unpacker = base::Unpacker(bytes);
    auto existing = Existing{};
    existing.inputs = io::fingerprint_from_text(unpacker.get_text());
    existing.present = unpacker.get<bool>();
    existing.renumbered = unpacker.get<bool>();
    existing.todo = unpacker.get_all<std::size_t>();
    const auto count = unpacker.get<std::uint64_t>();
    for (std::uint64_t i = 0; i < count; ++i) {
        auto subject = unpacker.get_text();
        existing.kept.emplace_back(std::move(subject), unpacker.get_text());
    }
    if (existing.todo.empty() && !existing.renumbered) {
        context.note(fmt::format("{} holds all {} sessions of the study already: nothing to do",
                                 path.string(), study.sessions.size()));
        context.discard_checkpoint();
    }
    return existing;
}

void require_same_settings(const std::filesystem::path& path, const io::Record& record,
                           const io::Fingerprint& digest)
{
    const auto different = io::differences(record.digest, digest);
    if (!different.empty())
        throw base::UsageError(
            "a result made with other settings is there\n    " + base::joined(different, "\n    "),
            path.string(),
            "add --overwrite to replace it, or choose another folder with --results");
}

io::Fingerprint all_inputs(const io::Study& study, const std::vector<SessionInput>& inputs,
                           const Existing& existing)
{
    auto all = input_hashes(study, inputs);
    for (const auto& input : existing.inputs)
        if (std::none_of(all.begin(), all.end(),
                         [&](const auto& known) { return known.first == input.first; }))
            all.push_back(input);
    return all;
}

io::Fingerprint checkpoint_fingerprint(const io::Fingerprint& digest, const io::Study& study,
                                       const std::vector<SessionInput>& inputs,
                                       const Existing& existing, const runtime::Options& options)
{
    auto left = std::string{};
    for (const auto session : existing.todo)
        left += fmt::format("{} ", study.sessions[session].record.file);
    auto fingerprint = digest;
    const auto more =
        io::Fingerprint{{"revision", runtime::program_revision()},
                        {"cpu target", dense::blas_target()},
                        {"node memory", fmt::format("{} GB", options.real("node-memory-gb"))},
                        {"sessions left to do", left}};
    fingerprint.insert(fingerprint.end(), more.begin(), more.end());
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
        const auto error = std::from_chars(id.data(), id.data() + id.size(), number).ec;
        if (error != std::errc{} || std::to_string(number) != id)
            return io::write_text_axis(group, "neuron_id", ids);
        numbers.push_back(number);
    }
    return io::write_axis(group, "neuron_id", numbers);
}

std::vector<std::string> read_names(hid_t group, const std::string& axis)
{
    if (io::holds_text(io::open_dataset(group, axis)))
        return io::read_texts(group, axis);
    auto names = std::vector<std::string>{};
    for (const auto number : io::read_all<std::int64_t>(group, axis))
        names.push_back(std::to_string(number));
    return names;
}

std::vector<std::string> read_neuron_axis(hid_t group)
{
    return read_names(group, "neuron_id");
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
