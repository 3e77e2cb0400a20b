#include "study_checks.hpp"

#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace rewire::io {

namespace {

/// Reports files that agree in something in which no two files should.
class Duplicates
{
  public:
    explicit Duplicates(Study& study) : study_(study) {}

    void add(const std::string& key, const StudySession& session)
    {
        files_[key].push_back(&session);
    }
    void report(const std::string& what, const std::string& next) const
    {
        for (const auto& [key, sessions] : files_) {
            if (sessions.size() < 2)
                continue;
            auto names = std::vector<std::string>{};
            for (const auto* session : sessions)
                names.push_back(session->record.file);
            study_.problems.push_back({Severity::error, sessions.front()->path.string(),
                                       what + " " + key + ": " + base::joined(names, ", "), next});
        }
    }

  private:
    Study& study_;
    std::map<std::string, std::vector<const StudySession*>> files_;
};

std::string ranges(const std::vector<std::int64_t>& numbers)
{
    auto parts = std::vector<std::string>{};
    for (std::size_t i = 0; i < numbers.size();) {
        auto last = i;
        while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1)
            ++last;
        parts.push_back(last == i ? std::to_string(numbers[i])
                                  : fmt::format("{}-{}", numbers[i], numbers[last]));
        i = last + 1;
    }
    return base::joined(parts, ", ");
}

void check_gaps(Study& study, const Subject& subject, const std::set<std::string>& unreadable)
{
    auto present = std::set<std::int64_t>{};
    for (const auto index : subject.sessions)
        present.insert(study.sessions[index].number);
    // A file that could not be read is reported as such, not as missing.
    for (const auto& name : unreadable)
        if (name.starts_with(subject.name + "/"))
            if (const auto number = number_in(name))
                present.insert(*number);
    auto absent = std::vector<std::int64_t>{};
    constexpr auto most = std::int64_t{1000}; // more is no series of sessions
    if (*present.rbegin() - *present.begin() < most)
        for (auto number = *present.begin(); number < *present.rbegin(); ++number)
            if (!present.contains(number))
                absent.push_back(number);
    if (!absent.empty())
        study.problems.push_back(
            {Severity::warning, "subject " + subject.name,
             "missing session " + ranges(absent) + ": the numbers have gaps",
             "add the file; if the session was never recorded, renumber in study.tsv"});
}

} // namespace

std::optional<std::int64_t> number_in(const std::string& session)
{
    const auto digits = session.size() - text_before_number(session).size();
    if (digits == 0 || digits > 9)
        return {};
    auto value = std::int64_t{0};
    std::from_chars(session.data() + session.size() - digits, session.data() + session.size(),
                    value);
    return value;
}

std::string text_before_number(const std::string& session)
{
    const auto last = session.find_last_not_of("0123456789");
    return last == std::string::npos ? std::string{} : session.substr(0, last + 1);
}

void check_names_follow_time(const std::string& subject,
                             const std::vector<const StudySession*>& order,
                             std::vector<Problem>& problems)
{
    for (std::size_t i = 1; i < order.size(); ++i) {
        const auto& before = order[i - 1]->record;
        const auto& after = order[i]->record;
        if (!before.start || !after.start ||
            text_before_number(before.session) != text_before_number(after.session))
            continue;
        const auto first = number_in(before.session);
        const auto second = number_in(after.session);
        if (first && second && *first > *second)
            problems.push_back(
                {Severity::warning, "subject " + subject,
                 fmt::format("session {} starts before session {} ({} and {} UTC)", before.session,
                             after.session, to_text(*before.start), to_text(*after.start)),
                 "sessions are in the order of their start times; number them in study.tsv if the "
                 "names are right"});
    }
}

void check_duplicates(Study& study)
{
    auto names = Duplicates(study);
    auto starts = Duplicates(study);
    auto identifiers = Duplicates(study);
    for (const auto& session : study.sessions) {
        const auto& record = session.record;
        names.add(record.subject + " " + record.session, session);
        if (record.start)
            starts.add(record.subject + " " + to_text(*record.start) +
                           fmt::format(".{:06}", record.start->microseconds % 1'000'000),
                       session);
        if (!record.identifier.empty())
            identifiers.add(record.identifier, session);
    }
    constexpr auto next = "exclude all but one in study.tsv, or name them apart there";
    names.report("several files of one session:", next);
    starts.report("several sessions of one start time:", "exclude copies in study.tsv");
    identifiers.report("several files with one identifier:", "exclude copies in study.tsv");
}

void check_missing(Study& study, const std::set<std::string>& unreadable)
{
    auto most = std::size_t{0};
    for (const auto& subject : study.subjects) {
        check_gaps(study, subject, unreadable);
        most = std::max(most, subject.sessions.size());
    }
    for (const auto& subject : study.subjects)
        if (subject.sessions.size() < most)
            study.problems.push_back({Severity::warning, "subject " + subject.name,
                                      fmt::format("{} sessions, other subjects have up to {}",
                                                  subject.sessions.size(), most),
                                      "add the missing files, or go on with those there are"});
}

void check_rates(Study& study)
{
    for (const auto& subject : study.subjects) {
        const StudySession* slow = nullptr;
        const StudySession* fast = nullptr;
        for (const auto index : subject.sessions) {
            const auto& session = study.sessions[index];
            if (!session.record.activity || !(session.record.activity->rate_hz > 0))
                continue;
            const auto rate = session.record.activity->rate_hz;
            if (slow == nullptr || rate < slow->record.activity->rate_hz)
                slow = &session;
            if (fast == nullptr || rate > fast->record.activity->rate_hz)
                fast = &session;
        }
        if (slow != nullptr &&
            fast->record.activity->rate_hz > 1.05 * slow->record.activity->rate_hz)
            study.problems.push_back(
                {Severity::warning, "subject " + subject.name,
                 fmt::format("frame rates differ: {:.4g} Hz in session {}, {:.4g} Hz in {}",
                             slow->record.activity->rate_hz, slow->record.session,
                             fast->record.activity->rate_hz, fast->record.session),
                 "events of sessions with different rates are not the same; compare with care",
                 Feed::activity});
    }
}

} // namespace rewire::io
