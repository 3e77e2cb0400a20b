#include "pairs.hpp"

#include "jobs/ccg/result.hpp"
#include "jobs/frame/command_of.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace rewire::jobs {

namespace {

constexpr auto most_lines = std::int64_t{1'000'000};

std::vector<std::string> fields_of(const std::string& line)
{
    auto fields = base::split(line, ',');
    for (auto& field : fields) {
        field = base::trimmed(field);
        if (field.size() > 1 && field.front() == '"' && field.back() == '"')
            field = field.substr(1, field.size() - 2);
    }
    return fields;
}

/// Where a column is; the number of columns where there is none.
std::size_t place_of(const std::vector<std::string>& head, const std::string& column)
{
    return static_cast<std::size_t>(std::find(head.begin(), head.end(), column) - head.begin());
}

/// The unit that leads and the one that follows, if the correlogram of the pair connects them.
void add_called(const CcgSession& session, std::size_t pair, std::vector<WantedPairs::Ids>& pairs)
{
    const auto id = [&](std::int32_t unit) {
        return session.unit_id[static_cast<std::size_t>(unit)];
    };
    if (session.significant[pair] != 0) {
        pairs.emplace_back(id(session.pre[pair]), id(session.post[pair]));
        return;
    }
    if (session.q_value.empty())
        return;
    const auto called = [&](std::size_t direction) {
        return session.q_value[2 * pair + direction] <= ccg_level ||
               session.q_trough[2 * pair + direction] <= ccg_level;
    };
    if (called(0))
        pairs.emplace_back(id(session.pair_i[pair]), id(session.pair_j[pair]));
    else if (called(1))
        pairs.emplace_back(id(session.pair_j[pair]), id(session.pair_i[pair]));
}

std::vector<WantedPairs::Ids> each_once(const std::vector<WantedPairs::Ids>& pairs)
{
    auto known = std::set<WantedPairs::Ids>{};
    auto result = std::vector<WantedPairs::Ids>{};
    for (const auto& [first, second] : pairs)
        if (first != second && !known.contains({second, first}) &&
            known.emplace(first, second).second)
            result.emplace_back(first, second);
    return result;
}

} // namespace

WantedPairs::WantedPairs(const runtime::RunContext& context, const JpsthJobSettings& settings)
{
    if (settings.pairs == significant_pairs)
        read_result(required_result(context, ccg_name));
    else
        read_file(settings.pairs);
    everywhere_ = each_once(everywhere_);
    for (auto& [session, pairs] : named_)
        pairs = each_once(pairs);
}

void WantedPairs::read_file(const std::filesystem::path& path)
{
    auto file = std::ifstream(path);
    if (!file)
        throw base::IoError("cannot read the list of pairs", path.string(),
                            "give --pairs a file, or `significant`");
    auto text = std::string{};
    std::getline(file, text);
    const auto head = fields_of(text);
    const auto pre = place_of(head, "pre");
    const auto post = place_of(head, "post");
    const auto subject = place_of(head, "subject");
    const auto session = place_of(head, "session");
    if (pre == head.size() || post == head.size())
        throw base::InputError("the first line names no columns pre and post", path.string(),
                               "begin the file with a line such as subject,session,pre,post");
    by_session_ = subject != head.size() && session != head.size();
    for (std::int64_t line = 2; std::getline(file, text); ++line) {
        if (base::trimmed(text).empty())
            continue;
        const auto fields = fields_of(text);
        const auto needed =
            by_session_ ? std::max({pre, post, subject, session}) : std::max(pre, post);
        if (fields.size() <= needed || fields[pre].empty() || fields[post].empty() ||
            line > most_lines)
            throw base::InputError(fields.size() <= needed ? "the line has too few fields"
                                   : line > most_lines     ? "there are too many pairs"
                                                           : "a unit has no id",
                                   fmt::format("{}, line {}", path.string(), line),
                                   "one pair a line");
        auto& pairs = by_session_ ? named_[{fields[subject], fields[session]}] : everywhere_;
        pairs.emplace_back(fields[pre], fields[post]);
    }
}

void WantedPairs::read_result(const std::filesystem::path& path)
{
    const auto file = io::open_for_reading(path);
    upstream_[ccg_name] = io::as_upstream(io::read_record(file));
    for (const auto& name : sessions_in(file)) {
        const auto session = read_ccg(file, name);
        for (std::size_t pair = 0; pair < session.pair_i.size(); ++pair)
            add_called(session, pair, named_[name]);
    }
}

const std::vector<WantedPairs::Ids>& WantedPairs::of(const SessionName& session) const
{
    static const auto none = std::vector<Ids>{};
    if (!by_session_)
        return everywhere_;
    const auto at = named_.find(session);
    return at == named_.end() ? none : at->second;
}

double WantedPairs::digest(const SessionName& session) const
{
    auto text = std::string{};
    for (const auto& [first, second] : of(session))
        text += first + ">" + second + ";";
    return static_cast<double>(base::key_of(text) >> 12); // what a double holds exactly
}

SessionPairs pairs_among(const std::vector<WantedPairs::Ids>& wanted,
                         const std::vector<std::string>& unit_id)
{
    auto place = std::map<std::string, std::int32_t>{};
    for (std::size_t unit = 0; unit < unit_id.size(); ++unit)
        place[unit_id[unit]] = static_cast<std::int32_t>(unit);
    auto result = SessionPairs{};
    for (const auto& [first, second] : wanted) {
        const auto i = place.find(first);
        const auto j = place.find(second);
        if (i == place.end() || j == place.end())
            ++result.left_out;
        else
            result.pair.emplace_back(i->second, j->second);
    }
    return result;
}

} // namespace rewire::jobs
