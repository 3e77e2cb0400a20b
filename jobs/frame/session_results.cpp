#include "session_results.hpp"

#include "fields.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/text.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/io/copy_group.hpp>
#include <rewire/runtime/job.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <tuple>

namespace rewire::jobs {

SessionName name_of(const io::StudySession& session)
{
    return {session.record.subject, session.record.session};
}

SessionHead head_of(const io::StudySession& session, const std::string& sha256)
{
    return {.subject = session.record.subject,
            .session = session.record.session,
            .file = session.record.file,
            .sha256 = sha256,
            .start_time = session.record.start_text,
            .number = session.number,
            .layer = session.layer,
            .group = session.group,
            .status = "ok"};
}

SessionHead read_head(const io::Handle& file, const SessionName& name)
{
    auto head = SessionHead{.subject = name.first, .session = name.second};
    each_head_attribute(head, ReadAttribute{io::open_group(file, name.first + "/" + name.second)});
    return head;
}

std::vector<SessionHead> heads_in(const io::Handle& file)
{
    auto heads = std::vector<SessionHead>{};
    for (const auto& name : sessions_in(file))
        heads.push_back(read_head(file, name));
    std::sort(heads.begin(), heads.end(), [](const SessionHead& a, const SessionHead& b) {
        return std::tie(a.subject, a.number, a.start_time, a.session) <
               std::tie(b.subject, b.number, b.start_time, b.session);
    });
    return heads;
}

void write_left_out(const io::Handle& file, const std::vector<io::LeftOut>& left_out)
{
    auto lines = std::vector<std::string>{};
    for (const auto& one : left_out)
        lines.push_back(one.subject + "\t" + one.session + "\t" + one.file + "\t" + one.why);
    if (!lines.empty())
        io::write_texts_attribute(file, "left_out", lines);
}

std::vector<io::LeftOut> read_left_out(const io::Handle& file)
{
    auto left_out = std::vector<io::LeftOut>{};
    if (!io::has_attribute(file, "left_out"))
        return left_out;
    for (const auto& line : io::read_texts_attribute(file, "left_out")) {
        auto parts = base::split(line, '\t');
        parts.resize(4);
        left_out.push_back({parts[0], parts[1], parts[2], parts[3]});
    }
    return left_out;
}

std::vector<io::LeftOut> joined_left_out(std::vector<io::LeftOut> there, const io::Study& study)
{
    std::erase_if(there, [&](const io::LeftOut& old) {
        return std::any_of(study.subjects.begin(), study.subjects.end(),
                           [&](const auto& subject) { return subject.name == old.subject; }) ||
               std::any_of(study.left_out.begin(), study.left_out.end(),
                           [&](const auto& now) { return now.subject == old.subject; });
    });
    there.insert(there.end(), study.left_out.begin(), study.left_out.end());
    return there;
}

std::vector<SessionName> sessions_in(const io::Handle& file)
{
    auto sessions = std::vector<SessionName>{};
    for (const auto& subject : io::subjects_in(file))
        for (const auto& session : io::children(file, subject))
            if (io::is_group(file, subject + "/" + session))
                sessions.emplace_back(subject, session);
    return sessions;
}

namespace {

/// Compares a session of the result with the study. @return whether what the study says of it has
/// changed
bool differs_from(const io::Handle& file, const io::StudySession& session,
                  const SessionFacts& facts)
{
    const auto advice =
        "add --overwrite to compute the result again, or choose another folder with --results";
    const auto head = read_head(file, name_of(session));
    if (head.sha256 != facts.sha256)
        throw base::UsageError("the file of a session changed since its result was computed",
                               session.record.file, advice);
    const auto group = io::open_group(file, head.subject + "/" + head.session);
    for (const auto& setting : facts.settings)
        if (const auto there = io::read_attribute<double>(group, setting.attribute);
            there != setting.value)
            throw base::UsageError(
                fmt::format("a session was computed with a {} of {} {}, now it is {} {}",
                            setting.meaning, there, setting.unit, setting.value, setting.unit),
                session.record.file, advice);
    return head.number != session.number || head.layer != session.layer ||
           head.group != session.group;
}

bool is_in(const std::vector<SessionName>& names, const SessionName& name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

void do_all(Existing& existing, const io::Study& study)
{
    existing.todo.resize(study.sessions.size());
    std::iota(existing.todo.begin(), existing.todo.end(), 0);
}

/// Sessions of the result that were not chosen this time stay beside those that are replaced.
void keep_what_was_not_chosen(Existing& existing, const std::filesystem::path& path,
                              const io::Study& study, const io::Fingerprint& digest)
{
    auto record = io::Record{};
    try {
        const auto file = io::open_for_reading(path);
        record = io::read_record(file);
        existing.kept = sessions_in(file);
    } catch (const base::Error& error) {
        throw base::InputError(
            std::string("the result that is there is damaged, and other sessions in it were to "
                        "stay: ") +
                error.what(),
            path.string(),
            "overwrite all of it (without --subject and --session), or remove the file");
    }
    existing.inputs = record.inputs;
    for (const auto& session : study.sessions)
        std::erase(existing.kept, name_of(session));
    if (existing.kept.empty())
        return;
    const auto different = io::differences(record.digest, digest);
    if (!different.empty())
        throw base::UsageError(
            fmt::format("{} other sessions of this result were made with other settings\n    {}",
                        existing.kept.size(), base::joined(different, "\n    ")),
            path.string(),
            "overwrite all of them (without --subject and --session), or choose another folder "
            "with --results");
}

Existing look(const std::filesystem::path& path, const io::Study& study,
              const std::vector<SessionFacts>& facts, const io::Fingerprint& digest,
              const runtime::Options& options)
{
    auto existing = Existing{};
    existing.present = std::filesystem::exists(path);
    if (!existing.present || options.flag("overwrite")) {
        do_all(existing, study);
        if (existing.present && (options.given("subject") || options.given("session")))
            keep_what_was_not_chosen(existing, path, study, digest);
        return existing;
    }
    const auto file = io::open_for_reading(path);
    const auto record = io::read_record(file);
    require_same_settings(path, record, digest);
    existing.inputs = record.inputs;
    existing.kept = sessions_in(file);
    for (std::size_t i = 0; i < study.sessions.size(); ++i)
        if (!is_in(existing.kept, name_of(study.sessions[i])))
            existing.todo.push_back(i);
        else if (differs_from(file, study.sessions[i], facts[i]))
            existing.renumbered = true;
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
                         const io::Study& study, const std::vector<SessionFacts>& facts,
                         const io::Fingerprint& digest)
{
    // Rank 0 looks and tells: file systems of a cluster do not show all nodes the same at the same
    // time.
    auto packer = base::Packer{};
    mpi::collective(context.comm(), [&] {
        if (context.comm().is_root())
            pack(packer, look(path, study, facts, digest, context.options()));
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
    if (existing.nothing_to_do()) {
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

io::Fingerprint all_inputs(const io::Study& study, const std::vector<SessionFacts>& facts,
                           const Existing& existing)
{
    auto all = io::Fingerprint{};
    for (std::size_t i = 0; i < facts.size(); ++i)
        all.emplace_back(study.sessions[i].record.file, facts[i].sha256);
    for (const auto& input : existing.inputs)
        if (std::none_of(all.begin(), all.end(),
                         [&](const auto& known) { return known.first == input.first; }))
            all.push_back(input);
    if (all.size() > facts.size()) // as if the study had all of them
        std::sort(all.begin(), all.end());
    return all;
}

void keep_session(const io::ResultFile& output, const io::Handle& old, const SessionName& name,
                  const io::Study& study)
{
    const auto path = "/" + name.first + "/" + name.second;
    output.group(name.first);
    io::copy_group(old, output.file(), path);
    for (const auto& session : study.sessions)
        if (name_of(session) == name) {
            const auto group = io::open_group(output.file(), path);
            io::write_attribute(group, "number", session.number);
            io::write_text_attribute(group, "layer", session.layer);
            io::write_text_attribute(group, "group", session.group);
        }
}

io::Fingerprint checkpoint_fingerprint(const io::Fingerprint& digest, const io::Study& study,
                                       const std::vector<SessionFacts>& facts,
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
    for (std::size_t i = 0; i < facts.size(); ++i) {
        auto value = facts[i].sha256;
        for (const auto& setting : facts[i].settings)
            value += fmt::format(" {} {} {}", setting.meaning, setting.value, setting.unit);
        fingerprint.emplace_back("input " + study.sessions[i].record.file, value);
    }
    return fingerprint;
}

io::Handle write_names(const io::Handle& group, const std::string& axis,
                       const std::vector<std::string>& names, const std::string& description)
{
    auto numbers = std::vector<std::int64_t>{};
    for (const auto& name : names) {
        auto number = std::int64_t{0};
        const auto error = std::from_chars(name.data(), name.data() + name.size(), number).ec;
        if (error != std::errc{} || std::to_string(number) != name)
            return io::write_text_axis(group, axis, names, description);
        numbers.push_back(number);
    }
    return io::write_axis(group, axis, numbers, description);
}

std::vector<std::string> read_names(const io::Handle& group, const std::string& axis)
{
    if (io::holds_text(io::open_dataset(group, axis)))
        return io::read_texts(group, axis);
    auto names = std::vector<std::string>{};
    for (const auto number : io::read_all<std::int64_t>(group, axis))
        names.push_back(std::to_string(number));
    return names;
}

io::Handle write_neuron_axis(const io::Handle& group, const std::vector<std::string>& ids,
                             const std::string& axis)
{
    return write_names(group, axis, ids,
                       axis == "neuron_id" ? "neurons, as the ROI table names them"
                                           : "neurons that all sessions of the subject have");
}

std::vector<std::string> read_neuron_axis(const io::Handle& group)
{
    return read_names(group, "neuron_id");
}

void write_pair_axis(const io::Handle& group, std::int64_t items, const std::string& axis)
{
    const auto pairs = base::pair_count(items);
    io::write_index_axis(group, axis, pairs,
                         "pairs of neurons: the strict upper triangle, row major");
    const auto first =
        io::make_array<std::int32_t>(group, "pair_i", {axis}, "", "row of the pair's first neuron");
    const auto second = io::make_array<std::int32_t>(group, "pair_j", {axis}, "",
                                                     "row of the pair's second neuron");
    auto i = std::vector<std::int32_t>{};
    auto j = std::vector<std::int32_t>{};
    auto written = std::int64_t{0};
    const auto write = [&] {
        const auto count = static_cast<std::int64_t>(i.size());
        io::write_block<std::int32_t>(first, {written}, {count}, i);
        io::write_block<std::int32_t>(second, {written}, {count}, j);
        written += count;
        i.clear();
        j.clear();
    };
    constexpr auto at_a_time = std::size_t{1} << 20;
    for (std::int32_t row = 0; row < items; ++row)
        for (auto column = row + 1; column < items; ++column) {
            i.push_back(row);
            j.push_back(column);
            if (i.size() == at_a_time)
                write();
        }
    if (!i.empty())
        write();
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
