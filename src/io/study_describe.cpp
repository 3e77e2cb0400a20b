#include <rewire/base/text.hpp>
#include <rewire/io/study.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace rewire::io {

namespace {

using JobsOf = std::function<std::vector<std::string>(const SessionRecord&)>;

constexpr auto page_width = std::size_t{100};

/// "40,000"; "-" for nothing.
std::string grouped_or_dash(std::int64_t count)
{
    return count == 0 ? "-" : base::grouped(count);
}

/// Shortened in the middle, so that both ends of a name can be read.
std::string fitted(const std::string& text, std::size_t width)
{
    if (text.size() <= width)
        return text;
    const auto head = (width - 2) / 2;
    return fmt::format("{}..{}", text.substr(0, head),
                       text.substr(text.size() - (width - 2 - head)));
}

/// Text broken into lines at blanks; all but the first are indented, the first follows `lead`.
std::string wrapped(const std::string& lead, const std::string& text)
{
    const auto indent = std::string(lead.size(), ' ');
    auto out = std::string{};
    auto line = lead;
    auto fresh = true;
    for (const auto& word : base::split(text, ' ')) {
        if (!fresh && line.size() + 1 + word.size() > page_width) {
            out += line + "\n";
            line = indent;
            fresh = true;
        }
        if (!fresh)
            line += ' ';
        line += word;
        fresh = false;
    }
    return out + line + "\n";
}

/// "all sessions", or their numbers as ranges: "1-3, 5".
std::string which(const std::vector<std::int64_t>& numbers, std::size_t all)
{
    if (numbers.size() == all)
        return all == 1 ? "" : " (all sessions)";
    auto parts = std::vector<std::string>{};
    for (std::size_t i = 0; i < numbers.size();) {
        auto last = i;
        while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1)
            ++last;
        parts.push_back(last == i ? fmt::format("{}", numbers[i])
                                  : fmt::format("{}-{}", numbers[i], numbers[last]));
        i = last + 1;
    }
    return fmt::format(" (session{} {})", numbers.size() == 1 ? "" : "s",
                       base::joined(parts, ", "));
}

/// Things that sessions have, each with the sessions that have it, in order of appearance.
class Inventory
{
  public:
    void add(const std::string& thing, std::int64_t session)
    {
        auto [known, added] = sessions_.try_emplace(thing);
        if (added)
            order_.push_back(thing);
        if (known->second.empty() || known->second.back() != session)
            known->second.push_back(session);
    }
    /// Things with the same sessions are listed together.
    std::string text(std::size_t all) const
    {
        auto groups = std::vector<std::pair<std::vector<std::int64_t>, std::vector<std::string>>>{};
        for (const auto& thing : order_) {
            const auto& sessions = sessions_.at(thing);
            auto known = std::find_if(groups.begin(), groups.end(),
                                      [&](const auto& one) { return one.first == sessions; });
            if (known == groups.end())
                groups.push_back({sessions, {thing}});
            else
                known->second.push_back(thing);
        }
        auto parts = std::vector<std::string>{};
        for (const auto& [sessions, things] : groups)
            parts.push_back(base::joined(things, ", ") + which(sessions, all));
        return parts.empty() ? "nothing" : base::joined(parts, "; ");
    }
    bool empty() const { return order_.empty(); }

  private:
    std::vector<std::string> order_;
    std::map<std::string, std::vector<std::int64_t>> sessions_;
};

constexpr auto session_columns =
    "  {:>3}  {:<16} {:<16} {:>7} {:>10} {:>7} {:>8} {:>8} {:>7} {:>6}\n";

std::string row_of(const StudySession& session)
{
    const auto& record = session.record;
    const auto* activity = record.activity ? &*record.activity : nullptr;
    const auto has_rate = activity != nullptr && activity->rate_hz > 0;
    auto trials = std::int64_t{0};
    for (const auto& table : record.intervals)
        if (table.name == "trials")
            trials = table.rows;
    return fmt::format(
        session_columns, session.number, fitted(record.session, 16),
        record.start ? to_text(*record.start).substr(0, 16) : "-",
        has_rate
            ? fmt::format("{:.1f}", static_cast<double>(activity->frames) / activity->rate_hz / 60)
            : "-",
        activity != nullptr ? grouped_or_dash(activity->frames) : "-",
        has_rate ? fmt::format("{:.2f}", activity->rate_hz) : "-",
        activity != nullptr ? grouped_or_dash(activity->neurons) : "-",
        activity != nullptr ? grouped_or_dash(session.left_out) : "-", grouped_or_dash(trials),
        record.units ? grouped_or_dash(record.units->units) : "-");
}

std::string contents_of(const Study& study, const Subject& subject, const JobsOf& jobs_of)
{
    auto series = Inventory{};
    auto tables = Inventory{};
    auto jobs = Inventory{};
    auto taus = Inventory{};
    for (const auto index : subject.sessions) {
        const auto& session = study.sessions[index];
        for (const auto& one : session.record.series)
            series.add(one.rate_hz > 0 ? fmt::format("{} {:.4g} Hz", one.name, one.rate_hz)
                                       : one.name,
                       session.number);
        for (const auto& one : session.record.intervals)
            tables.add(one.name, session.number);
        for (const auto& job : jobs_of(session.record))
            jobs.add(job, session.number);
        if (session.tau_s)
            taus.add(fmt::format("{:g} s", *session.tau_s), session.number);
    }
    const auto all = subject.sessions.size();
    auto out = std::string{};
    if (!series.empty())
        out += wrapped("  series  ", series.text(all));
    if (!tables.empty())
        out += wrapped("  tables  ", tables.text(all));
    if (!taus.empty())
        out += wrapped("  tau     ", taus.text(all));
    return out + wrapped("  feeds   ", jobs.text(all));
}

std::string subject_text(const Study& study, const Subject& subject, const JobsOf& jobs_of)
{
    auto groups = std::set<std::string>{};
    auto layers = std::set<std::string>{};
    auto active = std::size_t{0};
    for (const auto index : subject.sessions) {
        const auto& session = study.sessions[index];
        active += session.record.activity ? 1 : 0;
        if (!session.group.empty())
            groups.insert(session.group);
        if (!session.layer.empty())
            layers.insert(session.layer);
    }
    auto head = fmt::format("Subject {}: {}", subject.name,
                            base::counted(std::ssize(subject.sessions), "session"));
    if (active > 1)
        head += fmt::format(
            ", {} neurons in all of them",
            subject.neuron_id.empty() ? "no" : grouped_or_dash(std::ssize(subject.neuron_id)));
    if (!groups.empty())
        head += ", group " + base::joined({groups.begin(), groups.end()}, " and ");
    if (!layers.empty())
        head += ", " + base::joined({layers.begin(), layers.end()}, " and ");
    auto out = wrapped("", head) + "\n";
    out += fmt::format(session_columns, "no", "session", "start (UTC)", "minutes", "frames",
                       "rate Hz", "neurons", "left out", "trials", "units");
    for (const auto index : subject.sessions)
        out += row_of(study.sessions[index]);
    return out + "\n" + contents_of(study, subject, jobs_of) + "\n";
}

std::string short_place(const Study& study, const std::string& place)
{
    const auto prefix = study.path.string() + "/";
    return place.starts_with(prefix) ? place.substr(prefix.size()) : place;
}

std::string problems_text(const Study& study)
{
    auto number = std::map<Severity, std::size_t>{};
    auto places =
        std::map<std::tuple<Severity, std::string, std::string>, std::vector<std::string>>{};
    for (const auto& one : study.problems) {
        ++number[one.severity];
        places[{one.severity, one.what, one.next}].push_back(short_place(study, one.file));
    }
    if (study.problems.empty())
        return "No problems found.\n";
    auto parts = std::vector<std::string>{};
    for (const auto& [severity, count] : number)
        parts.push_back(base::counted(count, name_of(severity)));
    auto out = base::joined(parts, ", ") + "\n";
    for (const auto& one : study.problems) {
        auto& files = places[{one.severity, one.what, one.next}];
        if (files.empty())
            continue; // shown with the first of its kind
        out += '\n';
        out += wrapped(fmt::format("  {:<8}", name_of(one.severity)),
                       files.size() == 1
                           ? files.front()
                           : fmt::format("{} and {} more", files.front(), files.size() - 1));
        out += wrapped("          ", one.what);
        if (one.scope)
            out += wrapped("          ", fmt::format("(for jobs that read {}; none for others)",
                                                     name_of(*one.scope)));
        if (!one.next.empty())
            out += wrapped("          -> ", one.next);
        files.clear();
    }
    return out;
}

} // namespace

std::string describe(const Study& study, const JobsOf& jobs_of)
{
    auto bytes = 0.0;
    for (const auto& session : study.sessions)
        bytes += static_cast<double>(session.record.bytes);
    auto head =
        fmt::format("Study {}: {}, {}, {}", study.path.string(),
                    base::counted(std::ssize(study.subjects), "subject"),
                    base::counted(std::ssize(study.sessions), "session"), base::human_bytes(bytes));
    if (study.excluded > 0)
        head +=
            fmt::format(" ({} excluded or not selected)", base::counted(study.excluded, "file"));
    auto out = wrapped("", head) + "\n";
    for (const auto& subject : study.subjects)
        out += subject_text(study, subject, jobs_of);
    return out + problems_text(study);
}

} // namespace rewire::io
