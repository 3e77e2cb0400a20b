#include "jobs/connectome/distance.hpp"
#include "jobs/connectome/section.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

using namespace rewire;
using testing::HasSubstr;
using testing::IsNan;
using testing::Not;

namespace {

constexpr auto unknown = std::numeric_limits<double>::quiet_NaN();

/// Neurons on the x axis, in micrometres, all active and tested; q of pair k is k / 100, and those
/// up to .05 are supported.
jobs::SessionConnectome on_a_line(const std::vector<double>& x_um)
{
    auto session = jobs::SessionConnectome{};
    session.position_unit = "um";
    auto& tests = session.closed_form.emplace();
    for (std::size_t i = 0; i < x_um.size(); ++i) {
        session.neuron_id.push_back(std::to_string(i));
        session.position.insert(session.position.end(), {x_um[i], 0, 0});
        for (auto j = i + 1; j < x_um.size(); ++j) {
            tests.q_both.push_back(0.01 * static_cast<double>(tests.q_both.size()));
            tests.supported.push_back(tests.q_both.back() <= 0.05 ? 1 : 0);
        }
    }
    return session;
}

/// One animal, one session: 100 pairs in the closest bin and 9,000 beyond the closest tenth, of
/// which so many are supported.
std::string page_of(std::int64_t close, std::int64_t far, const std::string& unit = "um")
{
    auto data = jobs::ConnectomeSummary{};
    auto& session = data.sessions.emplace_back();
    session.place.subject = "A";
    session.place.session = "01";
    auto& distances = session.distances.emplace();
    distances.unit = unit;
    for (std::size_t k = 0; k < jobs::distance_bins; ++k) {
        auto& bin = distances.bin[k];
        bin.pairs = k < 4 ? 100 : 1'800;
        bin.distance = static_cast<double>(bin.pairs) * 10 * static_cast<double>(k + 1);
        bin.supported = k == 0 ? close : k == jobs::distance_bins - 1 ? far : 0;
        bin.q = 0.5;
    }
    auto page = report::Page("t", "s");
    jobs::add_distances(page, data);
    return page.html();
}

constexpr auto notice = "Pairs that lie close are supported far more often.";

} // namespace

TEST(ConnectomeDistance, IsThatOfTheCentres)
{
    auto session = on_a_line({0, 3});
    session.position = {1, 2, 3, 3, 5, 9};

    EXPECT_DOUBLE_EQ(jobs::distance_between(session, 0, 1), 7);
    session.position[4] = unknown;
    EXPECT_THAT(jobs::distance_between(session, 1, 0), IsNan());
}

TEST(ConnectomeDistance, PairsAreCountedFromTheClosestOn)
{
    // Distances of the pairs 01 02 03 04, 12 13 14, 23 24, 34: 1 3 6 10, 2 5 9, 3 7, 4. In order:
    // pairs 0, 4, 1 and 7 (3 um both), 9, 5, 2, 8, 6, 3.
    const auto summary = jobs::distances_of(on_a_line({0, 1, 3, 6, 10}));

    EXPECT_EQ(summary.unit, "um");
    // Up to 1, 2, 5, 10, 20, 40, 60, 80 and 100 % of ten pairs.
    const auto pairs = std::vector<std::int64_t>{0, 0, 1, 0, 1, 2, 2, 2, 2};
    const auto supported = std::vector<std::int64_t>{0, 0, 1, 0, 1, 1, 1, 1, 1};
    const auto distance = std::vector<double>{0, 0, 1, 0, 2, 6, 9, 13, 19};
    const auto q = std::vector<double>{-1, -1, 0, -1, 0.04, 0.07, 0.09, 0.08, 0.06};
    for (std::size_t k = 0; k < jobs::distance_bins; ++k) {
        EXPECT_EQ(summary.bin[k].pairs, pairs[k]) << k;
        EXPECT_EQ(summary.bin[k].supported, supported[k]) << k;
        EXPECT_DOUBLE_EQ(summary.bin[k].distance, distance[k]) << k;
        if (pairs[k] > 0)
            EXPECT_DOUBLE_EQ(summary.bin[k].q, q[k]) << k;
        else
            EXPECT_THAT(summary.bin[k].q, IsNan()) << k;
    }
}

TEST(ConnectomeDistance, PairsWithoutAPlaceOrATestAreLeftOut)
{
    auto session = on_a_line({0, 1, 3, 6, unknown});
    session.closed_form->q_both[0] = unknown;

    const auto summary = jobs::distances_of(session);

    const auto pairs =
        std::accumulate(summary.bin.begin(), summary.bin.end(), std::int64_t{0},
                        [](std::int64_t sum, const auto& b) { return sum + b.pairs; });
    EXPECT_EQ(pairs, 5);
    session.position.clear();
    EXPECT_EQ(jobs::distances_of(session).bin.back().pairs, 0);
}

TEST(ConnectomeDistance, ThePageSaysWhereClosePairsStandOut)
{
    EXPECT_THAT(page_of(5, 149), HasSubstr(notice));
    EXPECT_THAT(page_of(5, 149), HasSubstr("In A the closest hundredth of the pairs"));
    EXPECT_THAT(page_of(5, 150), Not(HasSubstr(notice))); // three times as often, not more
    EXPECT_THAT(page_of(4, 0), Not(HasSubstr(notice)));   // of so few nothing can be said
    EXPECT_THAT(page_of(5, 0), HasSubstr(notice));
}

TEST(ConnectomeDistance, ThePageNamesTheUnit)
{
    EXPECT_THAT(page_of(5, 100, "um"), HasSubstr("distance, um"));
    EXPECT_THAT(page_of(5, 100, "pixels"), HasSubstr("distance, pixels"));
}
