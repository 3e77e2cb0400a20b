#include "study_family.hpp"

#include "result.hpp"

#include <rewire/stats/multiple_testing.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace rewire::jobs {

namespace {

/// A dataset over pairs, written anew or over that of a session that stays.
template <typename T>
void put(const io::Handle& group, const char* name, const std::vector<T>& values, const char* units,
         const char* description)
{
    if (io::exists(group, name))
        io::write_block<T>(io::open_dataset(group, name), {0},
                           {static_cast<std::int64_t>(values.size())}, values);
    else
        io::write_array(group, name, values, {"pair"}, units, description);
}

bool is_of_family(const io::Handle& session)
{
    return io::text_attribute_or_empty(session, "family") == family_of_study &&
           io::exists(session, "p_both");
}

} // namespace

void adjust_over_study(const io::ResultFile& output)
{
    auto all = std::vector<double>{};
    auto sessions = std::vector<io::Handle>{};
    auto with_claims = std::int64_t{0}; // others have no p and add nothing to the family
    for (const auto& [subject, session] : sessions_in(output.file())) {
        auto group = io::open_group(output.file(), subject + "/" + session);
        if (!is_of_family(group))
            continue;
        const auto p_both = io::read_all<double>(group, "p_both");
        all.insert(all.end(), p_both.begin(), p_both.end());
        with_claims +=
            std::any_of(p_both.begin(), p_both.end(), [](double p) { return std::isfinite(p); })
                ? 1
                : 0;
        sessions.push_back(std::move(group));
    }
    if (sessions.empty())
        return;
    const auto family = stats::AdjustedFamily(std::move(all));
    for (const auto& group : sessions) {
        const auto p_both = io::read_all<double>(group, "p_both");
        auto q_study = std::vector<double>{};
        auto p_holm_study = std::vector<double>{};
        auto supported = std::vector<std::uint8_t>{};
        for (const auto p : p_both) {
            q_study.push_back(family.benjamini_hochberg(p));
            p_holm_study.push_back(family.holm(p));
            supported.push_back(q_study.back() <= supported_level ? 1 : 0);
        }
        put(group, "q_study", q_study, "1",
            "Benjamini-Hochberg of p_both over the pairs of all sessions of the study");
        put(group, "p_holm_study", p_holm_study, "1",
            "Holm's adjustment of p_both over the pairs of all sessions of the study");
        put(group, "supported_study", supported, "",
            "1: both tests support the edge, q_study at most the level");
        io::write_attribute(group, "family_pairs", family.size());
        io::write_attribute(group, "family_sessions", with_claims);
    }
}

double study_family_bytes(double pairs)
{
    return 4 * 8 * pairs;
}

} // namespace rewire::jobs
