#include "entry.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace rewire::jobs {

std::string name_of(TaskLevel level)
{
    switch (level) {
    case TaskLevel::study:
        return "study";
    case TaskLevel::subject:
        return "subject";
    case TaskLevel::session:
        break;
    }
    return "session";
}

bool Entry::feeds_on(io::Feed feed) const
{
    return std::find(feeds.begin(), feeds.end(), feed) != feeds.end();
}

EntryTable::EntryTable(std::vector<Entry> entries) : entries_(std::move(entries))
{
    auto known = std::set<std::string>{};
    for (auto& entry : entries_) {
        if (entry.reads_connections)
            for (const auto& other : entries_)
                if (&other < &entry && !other.connections.empty())
                    entry.needs.push_back({.job = other.name(),
                                           .required = false,
                                           .for_what = "the comparison with its connections"});
        for (const auto& need : entry.needs)
            if (!known.contains(need.job))
                throw std::logic_error(entry.name() + " needs " + need.job +
                                       ", which does not come before it");
        if (!known.insert(entry.name()).second)
            throw std::logic_error("two jobs are called " + entry.name());
    }
    for (auto& entry : entries_)
        if (entry.introduce)
            entry.introduce(entry.job, entries_);
}

std::vector<const runtime::Job*> EntryTable::jobs() const
{
    auto jobs = std::vector<const runtime::Job*>{};
    for (const auto& entry : entries_)
        jobs.push_back(&entry.job);
    return jobs;
}

const std::vector<Entry>& entries_of(const runtime::RunContext& context)
{
    const auto* table = dynamic_cast<const EntryTable*>(context.catalogue());
    if (table == nullptr)
        throw std::logic_error("a job runs without the table of jobs");
    return table->entries();
}

const Entry* find_entry(const std::vector<Entry>& entries, const std::string& name)
{
    const auto at = std::find_if(entries.begin(), entries.end(),
                                 [&](const Entry& entry) { return entry.name() == name; });
    return at == entries.end() ? nullptr : &*at;
}

const Entry& own_entry(const runtime::RunContext& context)
{
    const auto* entry = find_entry(entries_of(context), context.job_name());
    if (entry == nullptr)
        throw std::logic_error("the running job is not in the table of jobs");
    return *entry;
}

} // namespace rewire::jobs
