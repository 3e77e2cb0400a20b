// All results here are invented (report_example.hpp).
#include "jobs/report_page.hpp"
#include "jobs/report_series.hpp"
#include "report_example.hpp"
#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/result_file.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace rewire;
using jobs::AnimalSeries;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsNan;
using testing::Not;

namespace {

constexpr auto missing = std::numeric_limits<double>::quiet_NaN();

void write_all(const std::filesystem::path& folder, const test::ReportExample& example)
{
    test::write_example_connectome(folder, example);
    test::write_example_rewiring(folder, example);
    test::write_example_movement(folder, example);
}

std::string page_of(const std::filesystem::path& folder)
{
    return jobs::report_html(jobs::read_report_data(folder), "Made for a test.");
}

std::size_t count_of(const std::string& text, const std::string& what)
{
    auto count = std::size_t{0};
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
        ++count;
    return count;
}

} // namespace

TEST(ReportSeries, MeanAndStandardErrorOverTheAnimalsThatHaveTheSession)
{
    const auto animals = std::vector<AnimalSeries>{{"a", "L2/3", {1, 2, 3}, {1, 2, missing}},
                                                   {"b", "L2/3", {1, 2}, {3, missing}},
                                                   {"c", "L5", {1}, {100}}};

    const auto mean = jobs::mean_over(animals, "L2/3");

    EXPECT_THAT(mean.number, ElementsAre(1, 2, 3));
    EXPECT_THAT(mean.mean, ElementsAre(2, 2, IsNan()));
    EXPECT_THAT(mean.error, ElementsAre(1, IsNan(), IsNan())); // sd of 1, 3 is sqrt 2; over sqrt 2
    EXPECT_THAT(mean.animals, ElementsAre(2, 1, 0));
}

TEST(ReportSeries, TheLargestValueOfTheGroupBecomesOne)
{
    const auto scaled = jobs::over_maximum(
        {{"a", "x", {1, 2}, {1, missing}}, {"b", "x", {1}, {4}}, {"c", "y", {1}, {0}}});

    EXPECT_THAT(scaled[0].value, ElementsAre(0.25, IsNan()));
    EXPECT_THAT(scaled[1].value, ElementsAre(1));
    EXPECT_THAT(scaled[2].value, ElementsAre(0));
}

TEST(ReportData, ReadsWhatTheResultsHold)
{
    const auto folder = test::TemporaryFolder{};
    write_all(folder.path(), {});

    const auto data = jobs::read_report_data(folder.path());

    EXPECT_EQ(data.sources.size(), 3U);
    EXPECT_TRUE(data.missing.empty());
    ASSERT_EQ(data.animals.size(), 5U);
    EXPECT_EQ(data.animals[4].group, "L5");
    EXPECT_EQ(data.animals[0].common_neurons, 38);
    EXPECT_EQ(data.animals[0].all_neurons, 40);
    ASSERT_EQ(data.sessions.size(), 70U);
    EXPECT_EQ(data.sessions[0].silent, 1);
    EXPECT_EQ(data.sessions[0].active, 39);
    EXPECT_EQ(data.sessions[1].p_values->tested, 780);
    ASSERT_EQ(data.rewiring.size(), 5U);
    EXPECT_EQ(data.rewiring[0].top, 100);
    EXPECT_EQ(data.rewiring[0].scores_of(2).size(), 14U);
    EXPECT_TRUE(data.rewiring[0].scores_of(3).empty());
    EXPECT_EQ(data.rewiring[0].movement_fraction.size(), 8U);
    ASSERT_EQ(data.movement.size(), 70U);
    EXPECT_EQ(data.movement[1].untested, 1);
    EXPECT_EQ(data.movement[1].place.group, "L2/3");
}

TEST(ReportData, FractionsAreOfTheTestedNeurons)
{
    auto session = jobs::MovementSummary{};
    session.neurons = 10;
    session.untested = 2;
    session.related = {4, 6};

    EXPECT_EQ(session.fraction(0), 0.5);
    EXPECT_EQ(session.fraction(1), 0.75);
    EXPECT_THAT(session.fraction(2), IsNan());
    EXPECT_THAT(session.quiescent_fraction(0), IsNan());
}

TEST(ReportData, NoResultAtAllIsAnErrorThatNamesACommand)
{
    const auto folder = test::TemporaryFolder{};

    EXPECT_THROW(
        try { jobs::read_report_data(folder.path()); } catch (const base::InputError& error) {
            EXPECT_THAT(error.what(), HasSubstr("rewire connectome --study DIR --results "));
            throw;
        },
        base::InputError);
}

TEST(ReportData, AResultOfTheWrongShapeIsAnErrorThatNamesTheDataset)
{
    const auto folder = test::TemporaryFolder{};
    auto file = io::ResultFile(folder.path() / "rewiring.h5", io::Attempt{});
    const auto group = file.group("m1");
    io::write_text_axis(group, "session", {"s1", "s2"});
    io::write_index_axis(group, "component", 1);
    io::write_array(group, "explained_variance_ratio", std::vector<double>{1}, {"component"});
    io::write_array(group, "score", std::vector<double>{1}, {"component"});
    file.publish({.job = "rewiring"}, false);

    EXPECT_THROW(
        try { jobs::read_report_data(folder.path()); } catch (const base::InputError& error) {
            EXPECT_THAT(error.what(), HasSubstr("/m1/score"));
            throw;
        },
        base::InputError);
}

TEST(ReportPage, HasEverySectionAndEscapesNamesFromTheFiles)
{
    const auto folder = test::TemporaryFolder{};
    write_all(folder.path(), {});

    const auto html = page_of(folder.path());

    for (const auto* heading :
         {"Rewiring trajectories", "Explained variance", "Dynamics of the top edges",
          "Interconnectedness over sessions", "Movement-related neurons",
          "What this null shows, and what it does not", "Beside the published values",
          "Left out, and why", "Settings and files"})
        EXPECT_THAT(html, HasSubstr(heading));
    EXPECT_THAT(html, HasSubstr("m1 &lt;b&gt;&amp;amp;&quot;"));
    EXPECT_THAT(html, Not(HasSubstr("<invented>")));
    EXPECT_THAT(html, Not(HasSubstr("m1 <b>")));
    EXPECT_THAT(html, HasSubstr("singular covariance: fewer frames than neurons"));
    EXPECT_EQ(count_of(html, "<figure "), count_of(html, "Settings and files behind this figure"));
    EXPECT_THAT(html, Not(HasSubstr("no data")));
}

TEST(ReportPage, IsMadeOfOneResultAndNamesTheCommandsOfTheOthers)
{
    const auto folder = test::TemporaryFolder{};
    test::write_example_movement(folder.path(), {});

    const auto html = page_of(folder.path());

    EXPECT_THAT(html, HasSubstr("rewire connectome --study &lt;invented&gt; --results " +
                                folder.path().string()));
    EXPECT_THAT(html, HasSubstr("rewire rewiring --results " + folder.path().string()));
    EXPECT_THAT(html, Not(HasSubstr("rewire movement --study &lt;invented&gt; --results " +
                                    folder.path().string())));
    EXPECT_THAT(html, HasSubstr("neurons x sessions"));
}

TEST(ReportPage, WithoutSurrogatesItSaysThatNothingTellsEdgesFromChance)
{
    const auto folder = test::TemporaryFolder{};
    test::write_example_connectome(folder.path(), {.surrogates = false});

    const auto html = page_of(folder.path());

    EXPECT_THAT(html, HasSubstr("--surrogates 10000"));
    EXPECT_THAT(html, Not(HasSubstr("What this null shows")));
}

TEST(ReportPage, OneSessionOfOneAnimalIsEnough)
{
    const auto folder = test::TemporaryFolder{};
    write_all(folder.path(), {.animals = 1, .sessions = 1, .neurons = 3, .troubled = false});

    const auto html = page_of(folder.path());

    EXPECT_THAT(html, HasSubstr("No session and no animal was left out."));
    EXPECT_THAT(html, HasSubstr("</html>"));
}

TEST(ReportPage, AnAnimalWithoutATrajectoryIsLeftOutWithItsReason)
{
    const auto folder = test::TemporaryFolder{};
    auto file = io::ResultFile(folder.path() / "rewiring.h5", io::Attempt{});
    io::write_text_attribute(file.group("m1"), "status", "one session only");
    file.publish({.job = "rewiring"}, false);

    const auto html = page_of(folder.path());

    EXPECT_THAT(html, HasSubstr("No animal has a trajectory"));
    EXPECT_THAT(html, HasSubstr("one session only"));
}

TEST(ReportPage, DrawsTheNullOfAChosenNeuron)
{
    const auto folder = test::TemporaryFolder{};
    test::write_example_movement(folder.path(), {});
    auto data = jobs::read_report_data(folder.path());
    data.neuron_nulls.push_back({.subject = "m2",
                                 .session = "ses-01",
                                 .neuron = "104",
                                 .score = 5,
                                 .p_rank = 0.75,
                                 .null = {1, 2, 3, 6}});

    const auto html = jobs::report_html(data, "");

    EXPECT_THAT(html, HasSubstr("m2, ses-01, neuron 104: rank 0.75 among 4 shuffles."));
    EXPECT_THAT(html, HasSubstr("</svg> observed score</span>"));
}
