#pragma once

#include "jobs/frame/entry.hpp"
#include "origin.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// The page of `rewire report`: what the entries whose results are there have to show, in one
/// order.

namespace rewire::jobs {

/// A result that is not there, and the command that makes it.
struct MissingResult
{
    const Entry* entry;
    std::string command;
};

/// What the page is made of.
struct PageContent
{
    std::filesystem::path results;
    std::map<std::string, io::Record> records; ///< by job
    std::vector<report::Source> sources;
    std::vector<MissingResult> missing;
    std::vector<Mismatch> mismatches;
    std::map<std::string, SessionsOfResult> sessions; ///< by job
    std::map<std::string, std::unique_ptr<PagePart>> parts;
};

/// Reads what there is of the results that have something to show.
/// @throws InputError: no result at all, or one that does not hold what it should
PageContent read_page(const std::filesystem::path& results, const std::vector<Entry>& entries,
                      const runtime::Options& options);

/// The whole page. A section whose result is missing says so and names the command that makes it.
/// @param made when, by which version
std::string page_html(const PageContent& content, const std::vector<Entry>& entries,
                      const std::string& made);

} // namespace rewire::jobs
