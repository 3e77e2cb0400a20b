#include "command_of.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

using Records = std::map<std::string, io::Record>;
using Values = std::map<std::string, std::string>;

Values values_of(const io::Fingerprint& fields)
{
    return {fields.begin(), fields.end()};
}

/// Of a digest, the fields that are options: "--alpha".
Values options_of(const io::Fingerprint& digest)
{
    auto options = Values{};
    for (const auto& [name, value] : digest)
        if (name.starts_with("--"))
            options[name.substr(2)] = value;
    return options;
}

/// Options that a job was run with, from its result or from one that follows from it.
Values known_options(const Entry& entry, const Records& records)
{
    if (const auto own = records.find(entry.name()); own != records.end())
        return values_of(own->second.options);
    for (const auto& [job, record] : records)
        if (const auto upstream = record.upstream.find(entry.name());
            upstream != record.upstream.end())
            return options_of(upstream->second.digest);
    return {};
}

/// An option that the job cannot do without and whose value is to be known from any other result.
/// Empty: the study itself says it.
std::string shared_value(const runtime::Option& option, const Records& records)
{
    auto without = false; // computed without being given it
    for (const auto& [job, record] : records) {
        const auto own = values_of(record.options);
        if (const auto at = own.find(option.name); at != own.end()) {
            if (!at->second.empty())
                return at->second;
            without = true;
        }
        for (const auto& [name, upstream] : record.upstream) {
            const auto earlier = options_of(upstream.digest);
            if (const auto at = earlier.find(option.name);
                at != earlier.end() && !at->second.empty())
                return at->second;
        }
    }
    return without ? "" : option.placeholder;
}

std::string study_of(const Records& records)
{
    for (const auto& [job, record] : records)
        for (const auto& [name, value] : record.options)
            if (name == "study" && !value.empty())
                return base::for_shell(value);
    return "DIR";
}

} // namespace

Records records_in(const std::filesystem::path& results, const std::vector<Entry>& entries)
{
    auto records = Records{};
    for (const auto& entry : entries) {
        const auto path = results / entry.file();
        if (entry.has_result && std::filesystem::exists(path))
            records[entry.name()] = io::read_record(io::open_for_reading(path));
    }
    return records;
}

std::string command_of(const Entry& entry, const Records& records,
                       const std::filesystem::path& results, bool overwrite)
{
    auto words = std::vector<std::string>{"rewire", entry.name()};
    auto known = known_options(entry, records);
    for (const auto& option : entry.job.options) {
        if (option.name == "study") {
            words.insert(words.end(), {"--study", study_of(records)});
            continue;
        }
        if (option.name == "results") {
            words.insert(words.end(), {"--results", base::for_shell(results.string())});
            continue;
        }
        auto& value = known[option.name];
        if (value.empty() && !option.placeholder.empty() && !records.contains(entry.name()))
            value = shared_value(option, records);
        // Not --subject and --session: a result that grew or was merged has more than its last run.
        if (value.empty() || value == option.default_value || !option.changes_result)
            continue;
        if (option.kind == runtime::OptionKind::flag) {
            if (value == "yes")
                words.push_back("--" + option.name);
        } else
            for (const auto& each :
                 option.repeatable ? base::split(value, ' ') : std::vector<std::string>{value})
                words.insert(words.end(), {"--" + option.name, base::for_shell(each)});
    }
    if (overwrite)
        words.emplace_back("--overwrite");
    return base::joined(words, " ");
}

std::vector<std::string> changed_settings(const Entry& entry, const io::Fingerprint& recorded,
                                          const io::Fingerprint& now)
{
    const auto that_matter = [&](io::Fingerprint fields) {
        std::erase_if(fields, [&](const auto& field) {
            return std::any_of(entry.job.options.begin(), entry.job.options.end(),
                               [&](const runtime::Option& option) {
                                   return !option.reaches_later_jobs &&
                                          field.first == "--" + option.name;
                               });
        });
        return fields;
    };
    return io::differences(that_matter(recorded), that_matter(now));
}

std::filesystem::path required_result(const runtime::RunContext& context, const std::string& job)
{
    const auto results = context.options().path("results");
    const auto path = results / (job + ".h5");
    if (std::filesystem::exists(path))
        return path;
    const auto& entries = entries_of(context);
    const auto* entry = find_entry(entries, job);
    throw base::InputError(fmt::format("no {} yet", job), path.string(),
                           entry == nullptr
                               ? "compute it first"
                               : "compute it first: " +
                                     command_of(*entry, records_in(results, entries), results));
}

} // namespace rewire::jobs
