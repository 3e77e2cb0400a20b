#include "page.hpp"

#include "jobs/frame/command_of.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/digest.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace rewire::jobs {

namespace {

report::Source source_of(const std::filesystem::path& path, const io::Record& record)
{
    auto earlier = report::Fields{};
    for (const auto& [job, upstream] : record.upstream) {
        earlier.emplace_back(job + ": version", upstream.version);
        for (const auto* fields : {&upstream.digest, &upstream.inputs})
            for (const auto& [name, value] : *fields)
                earlier.emplace_back(job + ": " + name, value);
    }
    auto bytes = std::filesystem::file_size(path);
    return {
        .name = path.filename().string(),
        .record = {{"command", record.command},
                   {"version", fmt::format("{} ({})", record.version, record.git_revision)},
                   {"seed", std::to_string(record.seed)},
                   {"computed", fmt::format("{} to {} on {}, {}, attempt {}", record.start,
                                            record.end, record.host,
                                            report::counted(record.ranks, "rank"), record.attempt)},
                   {"file", fmt::format("{} ({} bytes)", path.string(), bytes)},
                   {"SHA-256 of the file", io::sha256_of_file(path)}},
        .options = record.options,
        .inputs = record.inputs,
        .earlier = std::move(earlier)};
}

const PagePart* part_of(const PageContent& content, const Entry& entry)
{
    const auto at = content.parts.find(entry.name());
    return at == content.parts.end() ? nullptr : at->second.get();
}

/// Whether its result is there, or named as missing.
bool is_shown(const PageContent& content, const Entry& entry)
{
    return part_of(content, entry) != nullptr ||
           std::any_of(content.missing.begin(), content.missing.end(),
                       [&](const MissingResult& missing) { return missing.entry == &entry; });
}

/// Results that belong with one that is there: by what jobs need and by the chains they are in. A
/// page of spikes does not ask for calcium.
std::set<std::string> related_results(const std::vector<Entry>& entries,
                                      const std::map<std::string, io::Record>& records)
{
    auto related = std::set<std::string>{};
    for (const auto& [job, record] : records)
        related.insert(job);
    const auto belong = [](const Entry& a, const Entry& b) {
        return std::any_of(a.needs.begin(), a.needs.end(),
                           [&](const Need& need) { return need.job == b.name(); }) ||
               std::any_of(a.chains.begin(), a.chains.end(), [&](const std::string& chain) {
                   return std::find(b.chains.begin(), b.chains.end(), chain) != b.chains.end();
               });
    };
    for (auto before = std::size_t{0}; before != related.size();) {
        before = related.size();
        for (const auto& a : entries)
            for (const auto& b : entries)
                if (belong(a, b) && (related.contains(a.name()) || related.contains(b.name())))
                    related.insert({a.name(), b.name()});
    }
    return related;
}

void add_overview(report::Page& page, const PageContent& content, const std::vector<Entry>& entries)
{
    page.section("What is here");
    for (const auto& missing : content.missing)
        page.notice(missing.entry->file() + " is not here:",
                    missing.entry->page->shows + " are missing from this page. They come from",
                    missing.command);
    for (const auto& entry : entries)
        if (const auto* part = part_of(content, entry))
            part->add_overview(page);
}

void add_sections(report::Page& page, const PageContent& content, const std::vector<Entry>& entries)
{
    auto order = std::vector<std::tuple<int, const Entry*, std::size_t>>{};
    for (const auto& entry : entries)
        for (std::size_t i = 0; entry.page && i < entry.page->sections.size(); ++i)
            order.emplace_back(entry.page->sections[i].place, &entry, i);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return std::get<0>(a) < std::get<0>(b); });
    for (const auto& [place, entry, section] : order) {
        if (!is_shown(content, *entry))
            continue;
        page.section(entry->page->sections[section].title);
        if (const auto* part = part_of(content, *entry))
            part->draw(section, page);
        for (const auto& missing : content.missing)
            if (missing.entry == entry)
                page.notice(entry->file() + " is not here.", "It is made by", missing.command);
    }
}

void add_published(report::Page& page, const PageContent& content,
                   const std::vector<Entry>& entries)
{
    page.section("Beside the published values");
    page.paragraph("The published values are those of the rewiring paper: recordings of motor "
                   "cortex during lever-press learning. Agreement is to be expected for the same "
                   "data and settings only; simulated data need not agree.");
    auto table = report::Table{
        .head = {"quantity", "group here", "here", "L2/3, published", "L5, published"},
        .caption = "Values here beside those published. The paper's values of Core, NP, EP and "
                   "Other neurons need the neuron groups, which these results do not hold."};
    for (const auto& entry : entries)
        if (const auto* part = part_of(content, entry))
            for (const auto& row : part->published())
                table.rows.push_back(
                    {row.quantity, row.group, row.here, row.layer_2_3, row.layer_5});
    if (table.rows.empty())
        page.paragraph("None of the results here has a published counterpart.");
    else
        page.table(std::move(table));
}

/// Sessions that study.tsv or --skip-missing left out, and those that only other results have.
std::vector<LeftOut> absent_sessions(const PageContent& content, const std::string& job)
{
    const auto own = content.sessions.find(job);
    if (own == content.sessions.end() || own->second.heads.empty())
        return {};
    auto absent = std::set<SessionName>{};
    for (const auto& [other, sessions] : content.sessions)
        for (const auto& head : sessions.heads)
            absent.emplace(head.subject, head.session);
    for (const auto& head : own->second.heads)
        absent.erase({head.subject, head.session});
    auto rows = std::vector<LeftOut>{};
    for (const auto& one : own->second.left_out) {
        rows.push_back({one.subject, one.session, one.why});
        absent.erase({one.subject, one.session});
    }
    for (const auto& [subject, session] : absent)
        rows.push_back({subject, session, "not in the result"});
    return rows;
}

void add_left_out(report::Page& page, const PageContent& content, const std::vector<Entry>& entries)
{
    page.section("Left out, and why");
    auto table = report::Table{.head = {"result", "animal", "session", "why"},
                               .caption = "Sessions and animals without a result or without a "
                                          "part of it, and those with a limited one."};
    for (const auto& entry : entries) {
        const auto* part = part_of(content, entry);
        if (part == nullptr)
            continue;
        for (const auto& rows : {part->left_out(), absent_sessions(content, entry.name())})
            for (const auto& row : rows)
                table.rows.push_back({entry.file(), row.subject, row.session, row.why});
    }
    if (table.rows.empty())
        page.paragraph("No session and no animal was left out.");
    else
        page.table(std::move(table));
    for (const auto& entry : entries)
        if (const auto* part = part_of(content, entry))
            part->add_left_out(page);
}

void add_sources(report::Page& page, const PageContent& content)
{
    page.section("Settings and files");
    page.paragraph("Every figure on this page is drawn from the result files below; nothing is "
                   "computed for it but means, standard errors and counts. The same command on the "
                   "same inputs gives the same numbers, on any number of ranks.");
    for (const auto& source : content.sources)
        page.source(source);
}

} // namespace

PageContent read_page(const std::filesystem::path& results, const std::vector<Entry>& entries,
                      const runtime::Options& options)
{
    auto content = PageContent{.results = results, .records = records_in(results, entries)};
    auto names = std::vector<std::string>{};
    const auto related = related_results(entries, content.records);
    for (const auto& entry : entries) {
        if (!entry.page)
            continue;
        names.push_back(entry.file());
        if (!related.empty() && !related.contains(entry.name()))
            continue;
        if (!content.records.contains(entry.name())) {
            content.missing.push_back({&entry, command_of(entry, content.records, results)});
            continue;
        }
        const auto path = results / entry.file();
        content.sources.push_back(source_of(path, content.records.at(entry.name())));
        if (entry.tasks == TaskLevel::session)
            content.sessions[entry.name()] = read_sessions(io::open_for_reading(path));
        content.parts[entry.name()] =
            entry.page->read({results, content.records, entries, options});
    }
    if (content.sources.empty())
        throw base::InputError(
            "no result to report on: none of " + base::joined(names, ", ") + " is there",
            results.string(),
            content.missing.empty() ? "compute one first"
                                    : "compute one first, e.g. " + content.missing.front().command);
    content.mismatches = mismatches_of(results, entries, content.records, content.sessions);
    return content;
}

std::string page_html(const PageContent& content, const std::vector<Entry>& entries,
                      const std::string& made)
{
    auto files = std::vector<std::string>{};
    for (const auto& source : content.sources)
        files.push_back(source.name);
    auto page = report::Page(
        "Rewiring of functional connectomes",
        fmt::format("From {} ({}). {}", content.results.string(), base::joined(files, ", "), made));
    for (const auto& mismatch : content.mismatches)
        page.notice(mismatch.title, mismatch.text, mismatch.command);
    add_overview(page, content, entries);
    add_sections(page, content, entries);
    add_published(page, content, entries);
    add_left_out(page, content, entries);
    add_sources(page, content);
    return page.html();
}

} // namespace rewire::jobs
