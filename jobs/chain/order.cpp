#include "order.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rewire::jobs {

namespace {

using Jobs = std::vector<const Entry*>;

/// Jobs of a named chain, what they need, and the one that reads them all; empty where there is no
/// such chain.
Jobs jobs_of_chain(const std::vector<Entry>& entries, const std::string& name)
{
    auto wanted = std::set<std::string>{};
    // What a job needs comes before it.
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
        if (std::find(entry->chains.begin(), entry->chains.end(), name) != entry->chains.end())
            wanted.insert(entry->name());
        if (wanted.contains(entry->name()))
            for (const auto& need : entry->needs)
                wanted.insert(need.job);
    }
    auto jobs = Jobs{};
    for (const auto& entry : entries)
        if (wanted.contains(entry.name()))
            jobs.push_back(&entry);
    for (const auto& entry : entries)
        if (!jobs.empty() && entry.ends_chains)
            jobs.push_back(&entry);
    return jobs;
}

Jobs jobs_in_list(const std::vector<Entry>& entries, const std::string& list)
{
    auto jobs = Jobs{};
    for (const auto& name : base::split(list, ',')) {
        const auto* entry = find_entry(entries, name);
        if (entry == nullptr)
            throw base::UsageError(fmt::format("no chain and no job named {}", name), "",
                                   "chains: " + base::joined(chains_of(entries), ", ") +
                                       "; `rewire --help` lists the jobs");
        jobs.push_back(entry);
    }
    return jobs;
}

bool can_be_array(const Entry& entry, TaskLevel tasks)
{
    return entry.tasks == TaskLevel::session ||
           (entry.tasks == TaskLevel::subject && tasks == TaskLevel::subject);
}

/// Arrays first, then the job that joins their parts, then the others.
std::vector<ChainJob> with_arrays(const std::vector<Entry>& entries, const Jobs& jobs,
                                  TaskLevel tasks)
{
    auto arrays = std::vector<ChainJob>{};
    auto whole = std::vector<ChainJob>{};
    for (const auto* entry : jobs)
        (can_be_array(*entry, tasks) ? arrays : whole)
            .push_back({.entry = entry, .is_array = can_be_array(*entry, tasks)});
    if (arrays.empty())
        throw base::UsageError(
            fmt::format("no job of this chain can be an array over {}s", name_of(tasks)), "",
            fmt::format("leave --by-{} out", name_of(tasks)));
    for (const auto& entry : entries)
        if (entry.joins_parts)
            arrays.push_back({.entry = &entry});
    arrays.insert(arrays.end(), whole.begin(), whole.end());
    return arrays;
}

/// What a job of a named chain reads of the jobs before it.
std::vector<const ChainJob*> read_by(const std::vector<ChainJob>& chain, std::size_t job)
{
    const auto& entry = *chain[job].entry;
    auto read = std::vector<const ChainJob*>{};
    for (std::size_t i = 0; i < job; ++i)
        if (const auto& other = *chain[i].entry;
            entry.joins_parts
                ? chain[i].is_array
                : !other.joins_parts &&
                      (entry.ends_chains ||
                       std::any_of(entry.needs.begin(), entry.needs.end(),
                                   [&](const Need& need) { return need.job == other.name(); })))
            read.push_back(&chain[i]);
    return read;
}

void wait_for(ChainJob& job, const ChainJob& before, const std::vector<ChainJob>& chain)
{
    const auto add = [](std::vector<std::string>& names, const std::string& name) {
        if (std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
    };
    if (job.is_array && before.is_array)
        return add(job.after_task, before.entry->name());
    // What needs all tasks of an array reads what was joined of them.
    const auto join = std::find_if(chain.begin(), chain.end(),
                                   [](const ChainJob& other) { return other.entry->joins_parts; });
    if (before.is_array && !job.entry->joins_parts && join != chain.end())
        return add(job.after, join->entry->name());
    add(job.after, before.entry->name());
}

} // namespace

std::vector<std::string> chains_of(const std::vector<Entry>& entries)
{
    auto names = std::vector<std::string>{};
    for (const auto& entry : entries)
        for (const auto& chain : entry.chains)
            if (std::find(names.begin(), names.end(), chain) == names.end())
                names.push_back(chain);
    return names;
}

std::vector<ChainJob> chain_of(const std::vector<Entry>& entries, const std::string& name,
                               std::optional<TaskLevel> tasks)
{
    const auto of_name = jobs_of_chain(entries, name);
    // A job may be called like a chain that it is the end of.
    const auto jobs = of_name.empty() ? jobs_in_list(entries, name) : of_name;
    auto chain = std::vector<ChainJob>{};
    if (tasks)
        chain = with_arrays(entries, jobs, *tasks);
    else
        for (const auto* entry : jobs)
            chain.push_back({.entry = entry});
    for (std::size_t job = 1; job < chain.size(); ++job) {
        if (of_name.empty())
            wait_for(chain[job], chain[job - 1], chain);
        else
            for (const auto* before : read_by(chain, job))
                wait_for(chain[job], *before, chain);
    }
    return chain;
}

} // namespace rewire::jobs
