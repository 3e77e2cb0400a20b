#include "edges.hpp"

#include "jobs/dynetcp_static/result.hpp"
#include "jobs/frame/command_of.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

namespace rewire::jobs {

namespace {

/// Values between commas; quotes are taken off.
std::vector<std::string> fields_of(std::string line)
{
    if (!line.empty() && line.back() == '\r')
        line.pop_back();
    auto fields = std::vector<std::string>{{}};
    for (const auto character : line)
        if (character == ',')
            fields.emplace_back();
        else if (character != '"')
            fields.back() += character;
    return fields;
}

/// A table of edges: what it says of each session.
class EdgeTable
{
  public:
    /// @throws InputError: no such file, no columns pre and post, a line with fewer values
    explicit EdgeTable(const std::filesystem::path& path)
    {
        auto file = std::ifstream(path);
        auto line = std::string{};
        if (!std::getline(file, line))
            throw base::InputError(
                "no table of edges", path.string(),
                "--edges takes static, all, or a file with columns pre and post");
        const auto head = fields_of(line);
        for (auto number = 2; std::getline(file, line); ++number) {
            const auto fields = fields_of(line);
            if (fields.size() != head.size())
                throw base::InputError(fmt::format("line {} has {} values, not {}", number,
                                                   fields.size(), head.size()),
                                       path.string(), "give each line a value of each column");
            auto& row = rows_.emplace_back();
            for (std::size_t k = 0; k < head.size(); ++k)
                row[head[k]] = fields[k];
        }
        for (const auto* name : {"pre", "post"})
            if (std::find(head.begin(), head.end(), name) == head.end())
                throw base::InputError(fmt::format("no column {}", name), path.string(),
                                       "name the columns in the first line");
    }

    std::vector<NamedEdge> edges_of(const SessionName& session) const
    {
        auto edges = std::vector<NamedEdge>{};
        const auto holds = [](const auto& row, const char* column, const std::string& value) {
            const auto found = row.find(column);
            return found == row.end() || found->second == value;
        };
        for (const auto& row : rows_)
            if (holds(row, "subject", session.first) && holds(row, "session", session.second))
                edges.emplace_back(row.at("pre"), row.at("post"));
        return edges;
    }

  private:
    std::vector<std::map<std::string, std::string>> rows_;
};

/// Connections of the static job, in both directions as the published scripts take them.
std::vector<NamedEdge> connections_of(const io::Handle& file, const SessionName& name)
{
    const auto there = sessions_in(file);
    auto edges = std::vector<NamedEdge>{};
    if (std::find(there.begin(), there.end(), name) == there.end())
        return edges;
    const auto result = read_static(file, name, false);
    for (const auto& one : result.connections) {
        const auto& pre = result.unit_id[static_cast<std::size_t>(one.sender)];
        const auto& post = result.unit_id[static_cast<std::size_t>(one.receiver)];
        edges.emplace_back(pre, post);
        edges.emplace_back(post, pre);
    }
    return edges;
}

} // namespace

std::vector<std::vector<NamedEdge>>
named_edges(runtime::RunContext& context, const io::Study& study, const DynamicSettings& settings)
{
    return context.collective("edges", [&] {
        auto edges = std::vector<std::vector<NamedEdge>>(study.sessions.size());
        if (settings.edges == EdgeSource::table) {
            const auto table = EdgeTable(settings.edge_table);
            for (std::size_t k = 0; k < edges.size(); ++k)
                edges[k] = table.edges_of(name_of(study.sessions[k]));
        } else if (settings.edges == EdgeSource::connections) {
            const auto file = io::open_for_reading(required_result(context, static_name));
            for (std::size_t k = 0; k < edges.size(); ++k)
                edges[k] = connections_of(file, name_of(study.sessions[k]));
        }
        return edges;
    });
}

double key_of(const std::vector<NamedEdge>& edges)
{
    auto text = std::string{};
    for (const auto& [pre, post] : edges)
        text += pre + ' ' + post + '\n';
    return static_cast<double>(base::key_of(text) >> 12); // 52 bits
}

SessionEdges edges_among(const SessionTrials& trials, const std::vector<NamedEdge>& named,
                         const DynamicSettings& settings)
{
    auto result = SessionEdges{};
    if (settings.edges == EdgeSource::all) {
        result.edges = dynetcp::all_pairs(trials.units());
    } else {
        auto index = std::map<std::string, std::int32_t>{};
        for (const auto& id : trials.recording.unit_id)
            index.emplace(id, static_cast<std::int32_t>(index.size()));
        auto seen = std::set<NamedEdge>{};
        for (const auto& [pre, post] : named) {
            if (pre == post || !seen.emplace(pre, post).second)
                continue;
            const auto sender = index.find(pre);
            const auto receiver = index.find(post);
            if (sender == index.end() || receiver == index.end())
                ++result.unknown;
            else
                result.edges.push_back({sender->second, receiver->second});
        }
    }
    std::sort(result.edges.begin(), result.edges.end(), [](const auto& a, const auto& b) {
        return std::pair(a.receiver, a.sender) < std::pair(b.receiver, b.sender);
    });
    return result;
}

} // namespace rewire::jobs
