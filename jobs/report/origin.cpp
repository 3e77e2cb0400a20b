#include "origin.hpp"

#include "jobs/catalogue.hpp"

#include <rewire/base/text.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace rewire::jobs {

namespace {

using Fields = std::map<std::string, std::string>;

/// Of a record's inputs or digest, those with the prefix, without it.
Fields with_prefix(const io::Fingerprint& fingerprint, const std::string& prefix)
{
    auto fields = Fields{};
    for (const auto& [name, value] : fingerprint)
        if (name.starts_with(prefix))
            fields[name.substr(prefix.size())] = value;
    return fields;
}

/// Names of the fields that differ, without the dashes of options.
std::vector<std::string> different(const Fields& there, const Fields& here)
{
    const auto a = io::Fingerprint(there.begin(), there.end());
    const auto b = io::Fingerprint(here.begin(), here.end());
    return io::differences(a, b);
}

/// Settings of the connectomes themselves: those of their null change no trajectory.
Fields without_null(Fields settings)
{
    for (const auto* name : {"--surrogates", "--two-sided", "--min-shift-s", "--within", "--seed"})
        settings.erase(name);
    return settings;
}

/// "m1/s1, m1/s2, m1/s3 and 4 more"
std::string some_of(const std::vector<std::string>& names)
{
    constexpr auto shown = std::size_t{5};
    const auto first = std::vector<std::string>(
        names.begin(), names.begin() + static_cast<std::int64_t>(std::min(shown, names.size())));
    auto text = base::joined(first, ", ");
    if (names.size() > shown)
        text += fmt::format(" and {} more", names.size() - shown);
    return text;
}

std::string name_of(const SessionPlace& place)
{
    return place.subject + "/" + place.session;
}

template <typename Sessions>
auto by_name(const Sessions& sessions)
{
    auto found = std::map<std::string, typename Sessions::const_pointer>{};
    for (const auto& session : sessions)
        found[name_of(session.place)] = &session;
    return found;
}

/// movement.h5 beside connectome.h5.
void compare_sessions(const ReportData& data, std::vector<Mismatch>& mismatches)
{
    if (!data.has("connectome.h5") || !data.has("movement.h5"))
        return;
    const auto connectomes = by_name(data.sessions);
    auto common = std::size_t{0};
    auto other_file = std::vector<std::string>{};
    auto other_decay = std::vector<std::string>{};
    for (const auto& movement : data.movement) {
        const auto found = connectomes.find(name_of(movement.place));
        if (found == connectomes.end())
            continue;
        ++common;
        if (found->second->sha256 != movement.sha256)
            other_file.push_back(found->first);
        else if (movement.activity == "events" && found->second->tau_s != movement.tau_s)
            other_decay.push_back(found->first);
    }
    auto parts = std::vector<std::string>{};
    if (common == 0 && !data.movement.empty() && !data.sessions.empty())
        parts.emplace_back("They have no session in common.");
    if (!other_file.empty())
        parts.push_back(fmt::format("{} of {} that both have were computed from files with another "
                                    "content (SHA-256): {}.",
                                    other_file.size(),
                                    report::counted(static_cast<std::int64_t>(common), "session"),
                                    some_of(other_file)));
    if (!other_decay.empty())
        parts.push_back(fmt::format(
            "{} of {} were computed with another decay time: {}.", other_decay.size(),
            report::counted(static_cast<std::int64_t>(common), "session"), some_of(other_decay)));
    if (parts.empty())
        return;
    const auto movement_is_older =
        data.records.at("movement.h5").end < data.records.at("connectome.h5").end;
    mismatches.push_back({"movement.h5 and connectome.h5 were computed from different data.",
                          base::joined(parts, " ") +
                              fmt::format(" {} is the older of the two; compute it again:",
                                          movement_is_older ? "movement.h5" : "connectome.h5"),
                          command_of(movement_is_older ? "movement" : "connectome", data.records,
                                     data.results, true)});
}

/// rewiring.h5 beside the connectome.h5 that it names as its origin.
void compare_connectome(const ReportData& data, std::vector<Mismatch>& mismatches)
{
    if (!data.has("connectome.h5") || !data.has("rewiring.h5"))
        return;
    const auto& record = data.records.at("rewiring.h5");
    const auto sessions = by_name(data.sessions);
    auto parts = std::vector<std::string>{};
    auto gone = std::vector<std::string>{};
    auto other = std::vector<std::string>{};
    auto used = std::set<std::string>{};
    auto animals = std::set<std::string>{};
    for (const auto& [name, value] : record.inputs) {
        if (name.starts_with("movement "))
            continue;
        used.insert(name);
        const auto found = sessions.find(name);
        if (found == sessions.end()) {
            gone.push_back(name);
            continue;
        }
        animals.insert(found->second->place.subject);
        if (found->second->sha256 != value)
            other.push_back(name);
    }
    auto added = std::vector<std::string>{};
    for (const auto& [name, session] : sessions)
        if (session->computed && animals.contains(session->place.subject) && !used.contains(name))
            added.push_back(name);
    if (!gone.empty())
        parts.push_back("Sessions that connectome.h5 does not have: " + some_of(gone) + ".");
    if (!other.empty())
        parts.push_back("Sessions of files with another content (SHA-256): " + some_of(other) +
                        ".");
    const auto settings =
        different(without_null(with_prefix(record.digest, "connectome ")),
                  without_null(with_prefix(data.records.at("connectome.h5").digest, "")));
    if (!settings.empty())
        parts.push_back("Settings: " + base::joined(settings, "; ") +
                        " (there: when rewiring.h5 was computed; here: in connectome.h5).");
    if (!added.empty())
        parts.push_back("Sessions of connectome.h5 that it did not have: " + some_of(added) + ".");
    if (parts.empty())
        return;
    mismatches.push_back({"rewiring.h5 was computed from another connectome.h5.",
                          base::joined(parts, " ") +
                              " Trajectories and top edges do not belong to the connectomes on "
                              "this page. Compute them again:",
                          command_of("rewiring", data.records, data.results, true)});
}

/// rewiring.h5 beside the movement.h5 that its movement fractions follow from.
void compare_movement(const ReportData& data, std::vector<Mismatch>& mismatches)
{
    if (!data.has("rewiring.h5"))
        return;
    const auto recorded = with_prefix(data.records.at("rewiring.h5").inputs, "movement ");
    const auto any =
        std::any_of(data.rewiring.begin(), data.rewiring.end(),
                    [](const AnimalRewiring& animal) { return !animal.movement_fraction.empty(); });
    if (recorded.empty() || !any)
        return;
    const auto text = std::string("The fraction of movement-related neurons at the top edges "
                                  "follows from that one{}. Compute it again:");
    if (!data.has("movement.h5")) {
        mismatches.push_back({"rewiring.h5 was computed with a movement.h5 that is not here.",
                              fmt::format(fmt::runtime(text), ""),
                              command_of("movement", data.records, data.results)});
        return;
    }
    const auto& record = data.records.at("movement.h5");
    auto here = with_prefix(record.digest, "");
    here.merge(with_prefix(record.inputs, ""));
    const auto fields = different(recorded, here);
    if (fields.empty())
        return;
    mismatches.push_back(
        {"rewiring.h5 was computed with another movement.h5.",
         fmt::format(fmt::runtime(text),
                     ", which differs in " + some_of(fields) +
                         " (there: when rewiring.h5 was computed; here: in movement.h5)"),
         command_of("rewiring", data.records, data.results, true)});
}

// --- Commands ------------------------------------------------------------------------------------

std::string study_of(const std::map<std::string, io::Record>& records)
{
    for (const auto& [file, record] : records)
        for (const auto& [name, value] : record.options)
            if (name == "study" && !value.empty())
                return base::for_shell(value);
    return "DIR";
}

/// Options that a job was run with, from its result or from one that follows from it.
Fields known_options(const std::string& job, const std::map<std::string, io::Record>& records)
{
    if (const auto own = records.find(job + ".h5"); own != records.end())
        return with_prefix(own->second.options, "");
    const auto later = records.find("rewiring.h5");
    if (later == records.end())
        return {};
    const auto& kept =
        job == "connectome" ? later->second.digest : later->second.inputs; // as rewiring records it
    return with_prefix(kept, job + " --");
}

/// The decay time of any result; "X" where none tells. Empty: the study itself says it.
std::string decay_time(const std::map<std::string, io::Record>& records)
{
    for (const auto& [file, record] : records)
        for (const auto* fields : {&record.options, &record.digest, &record.inputs})
            for (const auto& [name, value] : *fields)
                if (name.ends_with("tau-s") && !value.empty())
                    return value;
    const auto deconvolved = std::any_of(records.begin(), records.end(), [](const auto& entry) {
        return with_prefix(entry.second.options, "").contains("tau-s") &&
               with_prefix(entry.second.options, "")["activity"] != "dff";
    });
    return deconvolved ? "" : "X";
}

} // namespace

std::vector<Mismatch> mismatches_of(const ReportData& data)
{
    auto mismatches = std::vector<Mismatch>{};
    compare_sessions(data, mismatches);
    compare_connectome(data, mismatches);
    compare_movement(data, mismatches);
    return mismatches;
}

std::string command_of(const std::string& job, const std::map<std::string, io::Record>& records,
                       const std::filesystem::path& results, bool overwrite)
{
    auto words = std::vector<std::string>{"rewire", job};
    if (job != "rewiring")
        words.insert(words.end(), {"--study", study_of(records)});
    words.insert(words.end(), {"--results", base::for_shell(results.string())});
    auto known = known_options(job, records);
    if (job != "rewiring" && !records.contains(job + ".h5") && known["tau-s"].empty())
        known["tau-s"] = decay_time(records);
    const auto& jobs = catalogue();
    const auto found = std::find_if(jobs.begin(), jobs.end(),
                                    [&](const runtime::Job& each) { return each.name == job; });
    for (const auto& option : found->options) {
        const auto& value = known[option.name];
        // Not --subject and --session: a result that grew or was merged has more than its last run.
        if (value.empty() || value == option.default_value || !option.changes_result ||
            option.name == "study" || option.name == "results")
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

} // namespace rewire::jobs
