#include "study_checks.hpp"

#include <rewire/base/text.hpp>
#include <rewire/io/study.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace rewire::io {

namespace {

/// A record and what study.tsv says of it, while the study is put together.
struct Draft
{
    StudySession session;
    std::optional<std::int64_t> given_number;
    bool excluded = false;
    std::string why_excluded;
};

bool chosen_from(const std::vector<std::string>& names, const std::string& name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Different subjects whose safe names are the same would become one.
void check_safe_names(const std::vector<Draft>& drafts, std::vector<Problem>& problems)
{
    auto written = std::map<std::string, std::string>{};
    for (const auto& draft : drafts) {
        const auto& record = draft.session.record;
        if (draft.excluded || record.subject.empty())
            continue;
        const auto [first, added] = written.try_emplace(record.subject, record.subject_as_written);
        if (!added && first->second != record.subject_as_written)
            problems.push_back({Severity::error, draft.session.path.string(),
                                fmt::format("two subjects would both be called {}: {} and {}",
                                            record.subject, base::printable(first->second),
                                            base::printable(record.subject_as_written)),
                                "name one of them in study.tsv (columns file, subject)"});
    }
}

std::string tidy(const std::string& file)
{
    return std::filesystem::path(file).lexically_normal().generic_string();
}

/// The draft that a line of study.tsv is about; nullptr for none or several.
Draft* find_draft(std::vector<Draft>& drafts, const std::string& file)
{
    const auto wanted = tidy(file);
    auto by_name = std::vector<Draft*>{};
    for (auto& draft : drafts) {
        if (draft.session.record.file == wanted)
            return &draft;
        if (std::filesystem::path(draft.session.record.file).filename() == wanted)
            by_name.push_back(&draft);
    }
    return by_name.size() == 1 ? by_name.front() : nullptr;
}

void apply(const StudyTable::Row& row, const std::string& line, const std::string& job,
           Draft& draft)
{
    if (!row.subject.empty()) {
        draft.session.record.subject_as_written = row.subject;
        draft.session.record.subject = group_name(row.subject);
    }
    if (!row.session.empty())
        draft.session.record.session = group_name(row.session);
    draft.session.layer = row.layer;
    draft.session.group = row.group;
    draft.session.tau_s = row.tau_s;
    draft.given_number = row.number;
    draft.excluded = row.exclude.from(job);
    draft.session.excluded_from = row.exclude.from_jobs;
    draft.why_excluded =
        fmt::format("excluded {}in {}", row.exclude.from_all ? "" : "from " + job + " ", line);
}

/// A misspelt job would leave the session in.
void check_jobs(const StudyTable::Row& row, const std::string& line, const Selection& selection,
                std::vector<Problem>& problems)
{
    for (const auto& name : row.exclude.from_jobs) {
        if (chosen_from(selection.jobs, name))
            continue;
        const auto meant = base::nearest(name, selection.jobs);
        problems.push_back(
            {Severity::error, line, "exclude is neither yes nor no nor names of jobs: " + name,
             !meant.empty() ? "did you mean " + meant + "?"
                            : "give yes, no, or some of " + base::joined(selection.jobs, ", ") +
                                  "; other jobs take their sessions from the results of those"});
    }
}

void apply(const StudyTable& table, bool single_file, const Selection& selection,
           std::vector<Draft>& drafts, std::vector<Problem>& problems)
{
    auto seen = std::map<const Draft*, std::int64_t>{};
    for (const auto& row : table.rows) {
        const auto line = fmt::format("{} line {}", table.name, row.line);
        check_jobs(row, line, selection, problems);
        auto* draft = find_draft(drafts, row.file);
        if (draft == nullptr) {
            // Beside one file that was named alone the table may be of the whole folder.
            if (!single_file)
                problems.push_back({Severity::error, line, "no such file: " + row.file,
                                    "paths are relative to the study's folder; a name alone must "
                                    "occur once"});
            continue;
        }
        const auto [earlier, first] = seen.try_emplace(draft, row.line);
        if (!first)
            problems.push_back({Severity::error, line,
                                fmt::format("{} is also in line {}", row.file, earlier->second),
                                "keep one line a file"});
        apply(row, line, selection.job, *draft);
    }
}

bool chosen(const std::vector<std::string>& names, const std::string& name)
{
    return names.empty() || chosen_from(names, name);
}

/// By name or by number; of a subject that has a session of that name, the name is meant.
bool chosen(const std::vector<std::string>& names, const StudySession& session,
            const std::set<std::string>& names_of_subject = {})
{
    const auto number = std::to_string(session.number);
    return chosen(names, session.record.session) ||
           (chosen(names, number) && !names_of_subject.contains(number));
}

/// Numbers in the names, where all of a subject have one, the same text before it, and different
/// ones that ascend with time: ses-01, ses-02, ses-04. Else, and for dates and serial numbers, 1,
/// 2, 3.
void number(std::vector<Draft*>& order)
{
    auto from_names = std::vector<std::int64_t>{};
    for (const auto* draft : order)
        if (const auto number = number_in(draft->session.record.session);
            number && text_before_number(draft->session.record.session) ==
                          text_before_number(order.front()->session.record.session))
            from_names.push_back(*number);
    constexpr auto largest = std::int64_t{999};
    const auto use_names = from_names.size() == order.size() && from_names.back() <= largest &&
                           std::adjacent_find(from_names.begin(), from_names.end(),
                                              std::greater_equal<>()) == from_names.end();
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i]->session.number =
            order[i]->given_number.value_or(use_names ? from_names[i] : std::int64_t(i) + 1);
}

/// Sorts by the given numbers, else by time; those that have neither come last, by name.
void sort(std::vector<Draft*>& order)
{
    std::stable_sort(order.begin(), order.end(), [](const Draft* a, const Draft* b) {
        if (a->given_number && b->given_number)
            return *a->given_number < *b->given_number;
        if (a->given_number.has_value() != b->given_number.has_value())
            return a->given_number.has_value();
        const auto& x = a->session.record;
        const auto& y = b->session.record;
        if (x.start && y.start && x.start->microseconds != y.start->microseconds)
            return x.start->microseconds < y.start->microseconds;
        if (x.start.has_value() != y.start.has_value())
            return x.start.has_value();
        return x.session < y.session;
    });
}

void check_order(const std::vector<Draft*>& order, const std::string& subject,
                 std::vector<Problem>& problems)
{
    const auto numbered = std::count_if(order.begin(), order.end(),
                                        [](auto* one) { return one->given_number.has_value(); });
    if (numbered > 0 && numbered < std::ssize(order))
        problems.push_back(
            {Severity::error, "subject " + subject,
             fmt::format("study.tsv numbers {} of {} sessions", numbered, order.size()),
             "number all sessions of a subject, or none"});
    for (std::size_t i = 1; i < order.size(); ++i)
        if (order[i]->given_number && order[i]->given_number == order[i - 1]->given_number)
            problems.push_back(
                {Severity::error, "subject " + subject,
                 fmt::format("two sessions have number {}: {} and {}", order[i]->session.number,
                             order[i - 1]->session.record.file, order[i]->session.record.file),
                 "correct study.tsv"});
    if (numbered > 0 || order.size() < 2)
        return;
    for (const auto* draft : order)
        if (!draft->session.record.start)
            problems.push_back({Severity::error, draft->session.path.string(),
                                "no start time: its place among the sessions is unknown",
                                "number the sessions in study.tsv (columns file, number)"});
    check_names_follow_time(
        subject,
        [&] {
            auto sessions = std::vector<const StudySession*>{};
            for (const auto* draft : order)
                sessions.push_back(&draft->session);
            return sessions;
        }(),
        problems);
}

/// All drafts of usable files, by subject.
std::map<std::string, std::vector<Draft*>> by_subject(std::vector<Draft>& drafts)
{
    auto groups = std::map<std::string, std::vector<Draft*>>{};
    for (auto& draft : drafts)
        if (draft.session.record.readable && !draft.excluded)
            groups[draft.session.record.subject].push_back(&draft);
    return groups;
}

/// A subject without a name gets one where there is only one such file.
void name_the_nameless(std::vector<Draft>& drafts, std::vector<Problem>& problems)
{
    auto nameless = std::vector<Draft*>{};
    for (auto& draft : drafts)
        if (draft.session.record.subject.empty() && !draft.excluded &&
            draft.session.record.readable)
            nameless.push_back(&draft);
    for (auto* draft : nameless) {
        draft->session.record.subject = "unknown";
        problems.push_back({nameless.size() == 1 ? Severity::warning : Severity::error,
                            draft->session.path.string(),
                            "no subject: neither subject_id nor sub- in the file's name",
                            nameless.size() == 1
                                ? "it is called `unknown`; study.tsv can name it"
                                : "name the subjects in study.tsv (columns file, subject)"});
    }
}

std::vector<std::string> keys(const std::map<std::string, std::vector<Draft*>>& groups)
{
    auto names = std::vector<std::string>{};
    for (const auto& [name, drafts] : groups)
        names.push_back(name);
    return names;
}

void check_selection(const std::map<std::string, std::vector<Draft*>>& groups,
                     const Selection& selection, const Study& study, std::vector<Problem>& problems)
{
    for (const auto& subject : selection.subjects)
        if (!groups.contains(subject))
            problems.push_back({Severity::error, "--subject " + subject,
                                "the study has no such subject",
                                "it has: " + base::joined(keys(groups), ", ")});
    for (const auto& wanted : selection.sessions)
        if (std::none_of(study.sessions.begin(), study.sessions.end(),
                         [&](const auto& session) { return chosen({wanted}, session); }) &&
            std::none_of(study.left_out.begin(), study.left_out.end(), [&](const auto& left_out) {
                return left_out.session == wanted && selection.left_out.contains(left_out.file);
            }))
            problems.push_back({Severity::error, "--session " + wanted, "no such session",
                                "give its name or its number as a list of the study shows them"});
}

/// Drafts of readable files into Study::subjects and Study::sessions.
void collect(std::map<std::string, std::vector<Draft*>>& groups, const Selection& selection,
             Study& study)
{
    for (auto& [name, order] : groups) {
        if (!chosen(selection.subjects, name)) {
            study.excluded += std::ssize(order);
            continue;
        }
        sort(order);
        number(order);
        check_order(order, name, study.problems);
        auto subject = Subject{name, {}, {}};
        auto names = std::set<std::string>{};
        for (const auto* draft : order) {
            names.insert(draft->session.record.session);
            subject.recorded += draft->session.record.activity ? 1 : 0;
        }
        for (auto* draft : order) {
            if (!chosen(selection.sessions, draft->session, names)) {
                ++study.excluded;
                continue;
            }
            subject.sessions.push_back(study.sessions.size());
            if (draft->session.layer.empty() && draft->session.record.activity)
                draft->session.layer = draft->session.record.activity->location;
            study.sessions.push_back(std::move(draft->session));
        }
        if (!subject.sessions.empty())
            study.subjects.push_back(std::move(subject));
    }
}

/// Problems of files that could not be read: those that may be meant, judged by their names.
void report_unreadable(const std::vector<Draft>& drafts, const Selection& selection, Study& study)
{
    for (const auto& draft : drafts) {
        const auto& record = draft.session.record;
        if (draft.excluded) {
            ++study.excluded;
            if (chosen(selection.subjects, record.subject))
                study.left_out.push_back(
                    {record.subject, record.session, record.file, draft.why_excluded});
        } else if (!record.readable &&
                   (record.subject.empty() || chosen(selection.subjects, record.subject)) &&
                   chosen(selection.sessions, record.session))
            study.problems.insert(study.problems.end(), record.problems.begin(),
                                  record.problems.end());
    }
}

} // namespace

Study assemble(const std::filesystem::path& path, std::vector<SessionRecord> records,
               const StudyTable& table, const Selection& selection)
{
    auto study = Study{};
    study.path = path;
    study.problems = table.problems;
    std::sort(records.begin(), records.end(),
              [](const auto& a, const auto& b) { return a.file < b.file; });
    auto drafts = std::vector<Draft>{};
    for (auto& record : records) {
        auto draft = Draft{};
        draft.session.path = path_of(path, record.file);
        draft.session.record = std::move(record);
        drafts.push_back(std::move(draft));
    }
    const auto single_file = !std::filesystem::is_directory(path);
    apply(table, single_file, selection, drafts, study.problems);
    for (auto& draft : drafts)
        if (const auto why = selection.left_out.find(draft.session.record.file);
            why != selection.left_out.end() && !draft.excluded) {
            draft.excluded = true;
            draft.why_excluded = why->second;
        }
    check_safe_names(drafts, study.problems);
    name_the_nameless(drafts, study.problems);
    report_unreadable(drafts, selection, study);
    auto unreadable = std::set<std::string>{};
    for (const auto& draft : drafts)
        if (!draft.session.record.readable)
            unreadable.insert(draft.session.record.subject + "/" + draft.session.record.session);
    auto groups = by_subject(drafts);
    collect(groups, selection, study);
    check_selection(groups, selection, study, study.problems);
    for (const auto& session : study.sessions)
        study.problems.insert(study.problems.end(), session.record.problems.begin(),
                              session.record.problems.end());
    check_duplicates(study);
    if (selection.sessions.empty())
        check_missing(study, unreadable);
    check_rates(study);
    match_neurons(study);
    std::stable_sort(study.problems.begin(), study.problems.end(),
                     [](const Problem& a, const Problem& b) { return a.severity < b.severity; });
    return study;
}

Study open_study(const std::filesystem::path& path, const NwbOptions& options,
                 const Selection& selection)
{
    auto records = std::vector<SessionRecord>{};
    for (const auto& file : list_files(path))
        records.push_back(scan_file(path, file, options));
    return assemble(path, std::move(records), read_study_table(path), selection);
}

} // namespace rewire::io
