#pragma once

#include <rewire/io/result_file.hpp>
#include <rewire/report/page.hpp>
#include <rewire/runtime/options.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// What a job adds to the page of `rewire report`.
namespace rewire::jobs {

struct Entry;

/// What a part of the page is made from.
struct PageSource
{
    std::filesystem::path results;
    const std::map<std::string, io::Record>& records; ///< of the results that are there, by job
    const std::vector<Entry>& entries;
    const runtime::Options& options; ///< of the report, also those that entries add to it

    bool has(const std::string& job) const { return records.contains(job); }
    std::filesystem::path path_of(const std::string& job) const { return results / (job + ".h5"); }
};

/// A line of the table of what was left out.
struct LeftOut
{
    std::string subject;
    std::string session; ///< or what of the subject; may be empty
    std::string why;
};

/// Sessions of a result whose status says why there is nothing.
/// @param head_of of a session
template <typename Sessions, typename Head>
std::vector<LeftOut> left_out_of(const Sessions& sessions, Head head_of)
{
    auto rows = std::vector<LeftOut>{};
    for (const auto& session : sessions)
        if (const auto& head = head_of(session); head.status != "ok")
            rows.push_back({head.subject, head.session, head.status});
    return rows;
}

/// Studies of fewer sessions are not set beside the published values: chance alone gives others.
inline constexpr auto least_sessions_of_published = 10;

/// A line of the table beside the values that the rewiring paper published.
struct Published
{
    std::string quantity; ///< with what chance gives
    std::string group;
    std::string here;
    std::string layer_2_3;
    std::string layer_5;
};

/// What a result shows, read once.
class PagePart
{
  public:
    PagePart() = default;
    PagePart(const PagePart&) = delete;
    PagePart& operator=(const PagePart&) = delete;
    virtual ~PagePart() = default;
    /// On what is there, at the head of the page.
    virtual void add_overview(report::Page&) const {}
    /// @param section of the entry's `PageEntry::sections`; its heading is on the page already
    virtual void draw(std::size_t section, report::Page& page) const = 0;
    virtual std::vector<LeftOut> left_out() const { return {}; }
    /// More on what was left out, after the table of all results.
    virtual void add_left_out(report::Page&) const {}
    virtual std::vector<Published> published() const { return {}; }
};

struct PageSection
{
    int place = 0; ///< sections of all jobs come in this order
    std::string title;
};

struct PageEntry
{
    std::string shows; ///< what the page lacks without the result
    std::vector<PageSection> sections;
    std::vector<runtime::Option> options; ///< more options of the report
    /// Reads the result. @throws InputError: it does not hold what it should
    std::function<std::unique_ptr<PagePart>(const PageSource&)> read;
};

} // namespace rewire::jobs
