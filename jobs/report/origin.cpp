#include "origin.hpp"

#include "jobs/frame/command_of.hpp"

#include <rewire/base/text.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rewire::jobs {

namespace {

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

std::string name_of(const SessionHead& head)
{
    return head.subject + "/" + head.session;
}

class Origins
{
  public:
    Origins(const std::filesystem::path& results, const std::vector<Entry>& entries,
            const std::map<std::string, io::Record>& records,
            const std::map<std::string, SessionsOfResult>& sessions)
        : results_(results), entries_(entries), records_(records), sessions_(sessions)
    {
    }

    std::vector<Mismatch> mismatches()
    {
        for (auto first = sessions_.begin(); first != sessions_.end(); ++first)
            for (auto second = std::next(first); second != sessions_.end(); ++second)
                compare_sessions(first->first, second->first);
        for (const auto& entry : entries_)
            if (const auto record = records_.find(entry.name()); record != records_.end())
                for (const auto& need : entry.needs)
                    if (record->second.upstream.contains(need.job))
                        compare_upstream(entry, need);
        return std::move(mismatches_);
    }

  private:
    std::string command(const std::string& job, bool overwrite) const
    {
        return command_of(*find_entry(entries_, job), records_, results_, overwrite);
    }

    /// Two results of the same sessions.
    void compare_sessions(const std::string& first, const std::string& second)
    {
        const auto& a = sessions_.at(first);
        const auto& b = sessions_.at(second);
        auto places = std::map<std::string, std::size_t>{};
        for (std::size_t i = 0; i < a.heads.size(); ++i)
            places[name_of(a.heads[i])] = i;
        auto common = std::int64_t{0};
        auto other_file = std::vector<std::string>{};
        auto other_decay = std::vector<std::string>{};
        for (std::size_t i = 0; i < b.heads.size(); ++i) {
            const auto at = places.find(name_of(b.heads[i]));
            if (at == places.end())
                continue;
            ++common;
            const auto tau = a.tau_s[at->second];
            if (a.heads[at->second].sha256 != b.heads[i].sha256)
                other_file.push_back(at->first);
            else if (tau > 0 && b.tau_s[i] > 0 && tau != b.tau_s[i])
                other_decay.push_back(at->first);
        }
        auto parts = std::vector<std::string>{};
        if (common == 0 && !a.heads.empty() && !b.heads.empty())
            parts.emplace_back("They have no session in common.");
        const auto sessions = report::counted(common, "session");
        if (!other_file.empty())
            parts.push_back(
                fmt::format("{} of {} that both have were computed from files with another content "
                            "(SHA-256): {}.",
                            other_file.size(), sessions, some_of(other_file)));
        if (!other_decay.empty())
            parts.push_back(fmt::format("{} of {} were computed with another decay time: {}.",
                                        other_decay.size(), sessions, some_of(other_decay)));
        if (parts.empty())
            return;
        const auto& older = records_.at(first).end < records_.at(second).end ? first : second;
        mismatches_.push_back(
            {fmt::format("{}.h5 and {}.h5 were computed from different data.", second, first),
             base::joined(parts, " ") +
                 fmt::format(" {}.h5 is the older of the two; compute it again:", older),
             command(older, true)});
    }

    /// A result beside one that it follows from, as it recorded it.
    void compare_upstream(const Entry& entry, const Need& need)
    {
        const auto consequence = need.for_what.empty()
                                     ? fmt::format("What follows from it does not belong to the "
                                                   "{}.h5 on this page.",
                                                   need.job)
                                     : fmt::format("From it follows {}.", need.for_what);
        const auto here = records_.find(need.job);
        if (here == records_.end()) {
            mismatches_.push_back({fmt::format("{}.h5 was computed with a {}.h5 that is not here.",
                                               entry.name(), need.job),
                                   consequence + " Compute it again:", command(need.job, false)});
            return;
        }
        const auto parts =
            differences(records_.at(entry.name()).upstream.at(need.job), here->second, need.job);
        if (parts.empty())
            return;
        mismatches_.push_back({fmt::format("{}.h5 was computed {} another {}.h5.", entry.name(),
                                           need.required ? "from" : "with", need.job),
                               base::joined(parts, " ") + " " + consequence + " Compute it again:",
                               command(entry.name(), true)});
    }

    std::vector<std::string> differences(const io::Upstream& there, const io::Record& here,
                                         const std::string& job) const
    {
        auto gone = std::vector<std::string>{};
        auto other = std::vector<std::string>{};
        auto added = std::vector<std::string>{};
        const auto before = std::map(there.inputs.begin(), there.inputs.end());
        const auto now = std::map(here.inputs.begin(), here.inputs.end());
        for (const auto& [file, hash] : before)
            if (const auto at = now.find(file); at == now.end())
                gone.push_back(file);
            else if (at->second != hash)
                other.push_back(file);
        for (const auto& [file, hash] : now)
            if (!before.contains(file))
                added.push_back(file);
        auto parts = std::vector<std::string>{};
        if (!gone.empty())
            parts.push_back(fmt::format("Files that {}.h5 does not have: {}.", job, some_of(gone)));
        if (!other.empty())
            parts.push_back("Files with another content (SHA-256): " + some_of(other) + ".");
        const auto settings =
            changed_settings(*find_entry(entries_, job), there.digest, here.digest);
        if (!settings.empty())
            parts.push_back(
                fmt::format("Settings: {} (there: when it was computed; here: in {}.h5).",
                            base::joined(settings, "; "), job));
        if (!added.empty())
            parts.push_back(
                fmt::format("Files of {}.h5 that it did not have: {}.", job, some_of(added)));
        return parts;
    }

    const std::filesystem::path& results_;
    const std::vector<Entry>& entries_;
    const std::map<std::string, io::Record>& records_;
    const std::map<std::string, SessionsOfResult>& sessions_;
    std::vector<Mismatch> mismatches_;
};

} // namespace

SessionsOfResult read_sessions(const io::Handle& file)
{
    auto sessions =
        SessionsOfResult{.heads = heads_in(file), .tau_s = {}, .left_out = read_left_out(file)};
    for (const auto& head : sessions.heads) {
        const auto group = io::open_group(file, name_of(head));
        sessions.tau_s.push_back(
            io::has_attribute(group, "tau_s") ? io::read_attribute<double>(group, "tau_s") : 0);
    }
    return sessions;
}

std::vector<Mismatch> mismatches_of(const std::filesystem::path& results,
                                    const std::vector<Entry>& entries,
                                    const std::map<std::string, io::Record>& records,
                                    const std::map<std::string, SessionsOfResult>& sessions)
{
    return Origins(results, entries, records, sessions).mismatches();
}

} // namespace rewire::jobs
