// All results here are invented (report_example.hpp).
#include "jobs/catalogue.hpp"
#include "jobs/connectome/result.hpp"
#include "jobs/connectome/section.hpp"
#include "jobs/frame/command_of.hpp"
#include "jobs/frame/page_series.hpp"
#include "jobs/movement/result.hpp"
#include "jobs/movement/section.hpp"
#include "jobs/report/page.hpp"
#include "jobs/rewiring/result.hpp"
#include "jobs/rewiring/summary.hpp"
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

const std::vector<jobs::Entry>& entries()
{
    static const auto table = jobs::EntryTable(jobs::catalogue());
    return table.entries();
}

const jobs::Entry& entry_of(const std::string& job)
{
    return *jobs::find_entry(entries(), job);
}

/// @param null_session empty: not given
jobs::PageContent content_of(const std::filesystem::path& folder,
                             const std::string& null_session = "")
{
    auto words = std::vector<std::string>{"--results", folder.string()};
    if (!null_session.empty())
        words.insert(words.end(), {"--null-session", null_session});
    const auto options = runtime::parse_options("report", entry_of("report").job.options, words);
    return jobs::read_page(folder, entries(), options);
}

std::string html_of(const jobs::PageContent& content)
{
    return jobs::page_html(content, entries(), "Made for a test.");
}

std::string page_of(const std::filesystem::path& folder)
{
    return html_of(content_of(folder));
}

io::Handle result_in(const std::filesystem::path& folder, const std::string& job)
{
    return io::open_for_reading(folder / (job + ".h5"));
}

jobs::ConnectomeSummary connectomes_in(const std::filesystem::path& folder)
{
    return jobs::summary_of_connectomes(result_in(folder, jobs::connectome_name));
}

jobs::MovementsSummary movements_in(const std::filesystem::path& folder,
                                    const std::string& null_session = "")
{
    return jobs::summary_of_movements(result_in(folder, jobs::movement_name), null_session);
}

/// The page with other connectomes.
std::string page_with(const std::filesystem::path& folder, const jobs::ConnectomeSummary& data)
{
    auto content = content_of(folder);
    content.parts[jobs::connectome_name] = jobs::connectome_part(data, "rewire connectome");
    return html_of(content);
}

/// The page with other movements.
std::string page_with(const std::filesystem::path& folder, const jobs::MovementsSummary& data)
{
    auto content = content_of(folder);
    content.parts[jobs::movement_name] = jobs::movement_part(data);
    return html_of(content);
}

std::vector<jobs::Mismatch> mismatches_of(const jobs::PageContent& content)
{
    return jobs::mismatches_of(content.results, entries(), content.records, content.sessions);
}

std::string texts_of(const jobs::PageContent& content)
{
    auto all = std::string{};
    for (const auto& mismatch : mismatches_of(content))
        all += mismatch.title + " " + mismatch.text + " " + mismatch.command + "\n";
    return all;
}

/// Without the marks that keep options together.
std::string plain(std::string html)
{
    for (const auto* mark : {"<span class=\"option\">", "</span>"})
        for (auto at = html.find(mark); at != std::string::npos; at = html.find(mark, at))
            html.erase(at, std::string(mark).size());
    return html;
}

/// Of 10 neurons, 4 related to movement.
jobs::MovementSummary tested_session()
{
    auto session = jobs::MovementSummary{};
    session.status = "ok";
    session.neurons = 10;
    session.level = {0.995};
    session.related = {4};
    session.quiescent = {1};
    session.shuffles = 10000;
    session.epochs = 20;
    session.movement_frames = 300;
    session.frames = 1000;
    session.units = "runs";
    return session;
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
                                                   {"d", "L2/3", {1, 2}, {2, 4}},
                                                   {"c", "L5", {1}, {100}}};

    const auto mean = jobs::mean_over(animals, "L2/3");

    EXPECT_THAT(mean.number, ElementsAre(1, 2, 3));
    EXPECT_THAT(mean.mean, ElementsAre(2, 3, IsNan()));
    // sd of 1, 3, 2 is 1, over sqrt 3; of two animals there is none
    EXPECT_THAT(mean.error, ElementsAre(testing::DoubleEq(1 / std::sqrt(3)), IsNan(), IsNan()));
    EXPECT_THAT(mean.animals, ElementsAre(3, 2, 0));
}

TEST(ReportSeries, AnimalsWithoutAValueAreNotCounted)
{
    EXPECT_EQ(jobs::counts_of_groups({{"a", "L2/3", {1, 2}, {1, missing}},
                                      {"b", "L2/3", {1}, {missing}},
                                      {"c", "L5", {1}, {2}},
                                      {"d", "L5", {1}, {2}}}),
              "1 animal (L2/3), 2 animals (L5)");
    EXPECT_EQ(jobs::counts_of_groups({{"a", "all animals", {1}, {1}}}), "1 animal");
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

    const auto content = content_of(folder.path());
    const auto data = connectomes_in(folder.path());
    const auto movement = movements_in(folder.path());
    auto places = std::vector<jobs::SessionPlace>{};
    for (const auto& session : data.sessions)
        places.push_back(session.place);
    const auto rewiring =
        jobs::summary_of_rewiring(result_in(folder.path(), jobs::rewiring_name), places);

    EXPECT_EQ(content.sources.size(), 3U);
    EXPECT_TRUE(content.missing.empty());
    ASSERT_EQ(data.animals.size(), 5U);
    EXPECT_EQ(data.animals[4].group, "L5");
    EXPECT_EQ(data.animals[0].common_neurons, 38);
    EXPECT_EQ(data.animals[0].all_neurons, 40);
    ASSERT_EQ(data.sessions.size(), 70U);
    EXPECT_EQ(data.sessions[0].silent, 1);
    EXPECT_EQ(data.sessions[0].active, 39);
    EXPECT_EQ(data.sessions[1].p_values->tested, 780);
    ASSERT_EQ(rewiring.size(), 5U);
    EXPECT_THAT(rewiring[0].positive_count, ElementsAre(100, 100, 100));
    EXPECT_THAT(rewiring[0].negative_count, ElementsAre(39, 100, 100));
    EXPECT_EQ(rewiring[0].movement_level, 0.995);
    EXPECT_EQ(rewiring[0].scores_of(2).size(), 14U);
    EXPECT_TRUE(rewiring[0].scores_of(3).empty());
    EXPECT_EQ(rewiring[0].movement_fraction.size(), 8U);
    ASSERT_EQ(movement.sessions.size(), 70U);
    EXPECT_EQ(movement.sessions[1].untested, 1);
    EXPECT_EQ(movement.sessions[1].place.group, "L2/3");
}

TEST(ReportData, FractionsAreOfTheTestedNeurons)
{
    auto session = tested_session();
    session.untested = 2;
    session.level = {0.99, 0.95};
    session.related = {4, 6};

    EXPECT_EQ(session.fraction(0), 0.5);
    EXPECT_EQ(session.fraction(1), 0.75);
    EXPECT_THAT(session.fraction(2), IsNan());
    EXPECT_EQ(session.quiescent_fraction(0), 0.125);
    EXPECT_THAT(session.quiescent_fraction(1), IsNan());
}

TEST(ReportData, ASessionThatCannotBeTestedHasNoFraction)
{
    auto silent = tested_session();
    silent.movement_frames = silent.epochs = 0;
    auto restless = tested_session();
    restless.movement_frames = restless.frames;
    auto flagged = tested_session();
    flagged.status = "6 distinct shuffles: no rank above 0.917 is to be expected";

    EXPECT_EQ(tested_session().untestable(), "");
    EXPECT_EQ(silent.untestable(), "no movement in this session");
    EXPECT_EQ(restless.untestable(), "no quiescence in this session");
    EXPECT_EQ(flagged.untestable(), flagged.status);
    EXPECT_THAT(silent.fraction(0), IsNan());
    EXPECT_THAT(restless.fraction(0), IsNan());
    EXPECT_THAT(flagged.quiescent_fraction(0), IsNan());
}

TEST(ReportData, WhatALevelCallsByChanceFollowsFromTheStepsOfTheRanks)
{
    auto session = tested_session();

    EXPECT_NEAR(session.ranks().share_above(0.995), 51.0 / 10001, 1e-12); // ranks above 9950.995
    EXPECT_NEAR(session.ranks().share_below(0.995), 50.0 / 10001, 1e-12); // ranks below 50.005
    session.shuffles = 100;
    EXPECT_NEAR(session.ranks().share_above(0.995), 1.0 / 101, 1e-12); // the first rank alone
    EXPECT_EQ(session.ranks().share_below(0.995), 0);                  // the last rank is 1 / 101
    EXPECT_NEAR(session.ranks().smallest_rank(), 1.0 / 101, 1e-12);
    EXPECT_THAT(session.quiescent_fraction(0), IsNan());
    session.shuffles = 199;
    EXPECT_NEAR(session.ranks().share_above(0.995), 1.0 / 200, 1e-12);

    // Six distinct shuffles, each drawn about 1,667 times: the best of them ties with its like.
    session.shuffles = 9999;
    session.ties = 1667;
    EXPECT_EQ(session.ranks().share_above(0.995), 0);
    EXPECT_NEAR(session.ranks().largest_rank(), 1 - 1667.0 / 2 / 10000, 1e-12);
    EXPECT_THAT(session.fraction(0), IsNan());
    EXPECT_NEAR(session.ranks().share_above(0.9), 0.1668, 1e-12); // one of the six
}

TEST(ReportData, PairsNeededBeforeQCanBeSmall)
{
    auto p = jobs::EdgePValues{};
    p.tested = 1770;
    p.smallest_p = 1.0 / 201;

    EXPECT_EQ(p.needed_at_floor(), 177); // q of k pairs: 1770 / 201 / k <= 0.05
    p.smallest_p = 0.05 / 1770;
    EXPECT_EQ(p.needed_at_floor(), 1);
}

TEST(ReportData, TheNullOfAChosenSessionIsKept)
{
    const auto folder = test::TemporaryFolder{};
    test::write_example_movement(folder.path(), {});

    const auto last = movements_in(folder.path());
    const auto chosen = movements_in(folder.path(), "ses-14");
    const auto without = movements_in(folder.path(), "ses-02");

    ASSERT_EQ(last.neuron_nulls.size(), 1U);
    EXPECT_EQ(last.neuron_nulls[0].session, "ses-14");
    EXPECT_EQ(last.neuron_nulls[0].shuffles, 10000);
    EXPECT_EQ(chosen.neuron_nulls.size(), 1U);
    EXPECT_THAT(page_of(folder.path()),
                HasSubstr("among 10,000 shuffles; histogram of the first 2,000 of them"));
    EXPECT_TRUE(without.neuron_nulls.empty());
    EXPECT_THAT(html_of(content_of(folder.path(), "ses-02")),
                HasSubstr("no null of a neuron of session ses-02"));
    EXPECT_THROW(
        try { content_of(folder.path(), "ses-99"); } catch (const base::InputError& error) {
            EXPECT_THAT(error.what(), HasSubstr("one of ses-01, ses-02"));
            throw;
        },
        base::InputError);
}

TEST(ReportData, NoResultAtAllIsAnErrorThatNamesACommand)
{
    const auto folder = test::TemporaryFolder{};

    EXPECT_THROW(
        try { content_of(folder.path()); } catch (const base::InputError& error) {
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
        try { content_of(folder.path()); } catch (const base::InputError& error) {
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

    const auto html = plain(page_of(folder.path()));

    EXPECT_THAT(html, HasSubstr("rewire connectome --study &#39;&lt;invented&gt;&#39; --results " +
                                folder.path().string() + " --tau-s 0.7"));
    EXPECT_THAT(html, HasSubstr("rewire rewiring --results " + folder.path().string()));
    EXPECT_THAT(html, Not(HasSubstr("movement.h5 is not here")));
    EXPECT_THAT(html, HasSubstr("neurons x sessions"));
}

TEST(ReportPage, WithoutSurrogatesItSaysThatNothingTellsEdgesFromChance)
{
    const auto folder = test::TemporaryFolder{};
    test::write_example_connectome(folder.path(), {.surrogates = false});

    const auto html = plain(page_of(folder.path()));

    EXPECT_THAT(html, HasSubstr("--support jitter"));
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
    auto data = movements_in(folder.path());
    data.neuron_nulls = {{.subject = "m2",
                          .session = "ses-01",
                          .neuron = "104",
                          .score = 5,
                          .p_rank = 0.75,
                          .shuffles = 4,
                          .null = {1, 2, 3, 6}}};

    const auto html = page_with(folder.path(), data);

    EXPECT_THAT(
        html, HasSubstr("m2, session ses-01, neuron 104: rank 0.75 among 4 shuffles; histogram of "
                        "all of them."));
    EXPECT_THAT(html, HasSubstr("</svg> observed score</span>"));
    EXPECT_THAT(html, HasSubstr("(dF/F)"));
}

TEST(ReportPage, SessionsWithoutMovementAreLeftOutOfTheMeans)
{
    const auto folder = test::TemporaryFolder{};
    test::write_example_movement(folder.path(),
                                 {.animals = 1, .sessions = 2, .still = true, .troubled = false});

    const auto html = page_of(folder.path());

    EXPECT_THAT(html, HasSubstr("<td>movement.h5</td><td>m1 &lt;b&gt;&amp;amp;&quot;</td><td>ses-01"
                                "</td><td>no movement in this session</td>"));
    EXPECT_THAT(html, HasSubstr("<td class=\"number\">1</td><td class=\"number\">0</td>"
                                "<td class=\"number\">–</td>")); // session 1: n = 0, no mean
    EXPECT_THAT(html, HasSubstr("n = 1 animal (L2/3)."));
}

TEST(ReportPage, FewShufflesAreSaidToBeFew)
{
    const auto folder = test::TemporaryFolder{};
    test::write_example_movement(folder.path(), {.animals = 1, .sessions = 2, .troubled = false});
    auto data = movements_in(folder.path());
    EXPECT_THAT(page_with(folder.path(), data), HasSubstr("A level of 0.995 calls about 0.5 %"));
    for (auto& session : data.sessions)
        session.shuffles = 100;

    const auto html = page_with(folder.path(), data);

    EXPECT_THAT(html, HasSubstr("too coarse for a level of 0.995: it calls 0.99 % of neurons that "
                                "have nothing to do with movement, not 0.5 %."));
    EXPECT_THAT(html, HasSubstr("In 2 of 2 sessions no neuron can rank below 0.005 (the smallest "
                                "rank possible is 0.0099"));
    for (auto& session : data.sessions)
        session.ties = 20; // of 100: five distinct shuffles
    EXPECT_THAT(page_with(folder.path(), data),
                HasSubstr("shuffles too much alike: the largest rank possible is 0.901, not above "
                          "the level 0.995"));
}

TEST(ReportPage, NoAnimalWithMovementIsNoFigure)
{
    const auto folder = test::TemporaryFolder{};
    test::write_example_movement(folder.path(), {.animals = 2, .sessions = 1, .still = true});

    EXPECT_THAT(page_of(folder.path()), HasSubstr("No session was tested"));
}

TEST(ReportPage, TheLargestMeanDegreeIsFoundAmongSessionsWithoutAValue)
{
    const auto folder = test::TemporaryFolder{};
    // Fewer sessions are not put beside the published values.
    test::write_example_connectome(folder.path(), {.animals = 1, .sessions = 10});
    auto data = connectomes_in(folder.path());
    auto degrees = std::vector<double>(10, missing);
    degrees[1] = 2;
    degrees[3] = 5;
    for (std::size_t i = 0; i < degrees.size(); ++i)
        data.sessions[i].mean_degree = degrees[i];

    const auto html = page_with(folder.path(), data);

    EXPECT_THAT(html, HasSubstr("<td>L2/3</td><td>session 4</td>"));
    for (auto& session : data.sessions)
        session.mean_degree = missing;
    EXPECT_THAT(page_with(folder.path(), data),
                HasSubstr("<td>L2/3</td><td class=\"number\">–</td>"));
}

TEST(ReportPage, CountsOfEdgesAreThoseOfTheFile)
{
    const auto folder = test::TemporaryFolder{};
    write_all(folder.path(), {});

    const auto html = page_of(folder.path());

    EXPECT_THAT(html, HasSubstr("(100 of an animal and component) and with the most negative "
                                "loadings (39–100)"));
    EXPECT_THAT(html, HasSubstr("movement-related neurons (rank above 0.995) among the ends of "
                                "PC1&#39;s top edges (39–100 of an animal and sign"));
}

TEST(ReportPage, TopEdgesWithoutMovementAreLeftOutWithTheReason)
{
    const auto folder = test::TemporaryFolder{};
    write_all(folder.path(), {.movement_counted = false});

    const auto html = page_of(folder.path());

    EXPECT_THAT(html, Not(HasSubstr("Movement-related neurons at the top edges")));
    EXPECT_THAT(html,
                HasSubstr("<td>movement at the top edges</td><td>no movement.h5 at the time"));
}

TEST(ReportPage, TheSmallestPossiblePIsNamedWhereItKeepsQLarge)
{
    const auto folder = test::TemporaryFolder{};
    test::write_example_connectome(folder.path(), {.animals = 1, .sessions = 2, .troubled = false});
    auto data = connectomes_in(folder.path());
    for (auto& session : data.sessions)
        session.p_values->discoveries = 5;

    EXPECT_THAT(page_with(folder.path(), data), Not(HasSubstr("Why no pair has q")));
    data.sessions[0].p_values->discoveries = 0;
    data.sessions[0].p_values->at_floor = 3;
    EXPECT_THAT(
        page_with(folder.path(), data),
        HasSubstr("In 1 of 2 sessions p cannot be smaller than 0.0011: 1000 surrogates, and "
                  "912 distinct relative shifts, tell no more. Over 780 tested pairs q ≤ "
                  "0.05 is then out of reach unless 18 pairs or more stand at that "
                  "smallest p; 3 do."));
}

TEST(ReportOrigin, ResultsOfOneOriginBelongTogether)
{
    const auto folder = test::TemporaryFolder{};
    write_all(folder.path(), {});

    EXPECT_EQ(texts_of(content_of(folder.path())), "");
    EXPECT_THAT(page_of(folder.path()), Not(HasSubstr("was computed from another")));
}

TEST(ReportOrigin, MovementsOfOtherFilesAreNamed)
{
    const auto folder = test::TemporaryFolder{};
    write_all(folder.path(), {.animals = 2, .sessions = 3});
    auto content = content_of(folder.path());
    content.sessions[jobs::movement_name].heads[4].sha256 = "other";

    content.mismatches = mismatches_of(content);
    const auto html = html_of(content);

    ASSERT_EQ(content.mismatches.size(), 1U);
    EXPECT_THAT(content.mismatches[0].text, HasSubstr("1 of 6 sessions"));
    EXPECT_THAT(content.mismatches[0].text, HasSubstr("m2/ses-02"));
    EXPECT_LT(html.find("movement.h5 and connectome.h5 were computed from different data"),
              html.find("<nav>")); // at the top
}

TEST(ReportOrigin, OtherDecayTimesAreNamedWhereBothDeconvolved)
{
    const auto folder = test::TemporaryFolder{};
    write_all(folder.path(), {.animals = 1, .sessions = 3});
    auto content = content_of(folder.path());
    auto& tau = content.sessions[jobs::movement_name].tau_s;

    tau[1] = 1.2;
    EXPECT_THAT(texts_of(content), HasSubstr("1 of 3 sessions were computed with another decay"));
    tau[1] = 0; // dF/F as it is
    EXPECT_EQ(texts_of(content), "");
}

TEST(ReportOrigin, ATrajectoryOfAnotherConnectomeIsNamedWithItsCommand)
{
    const auto folder = test::TemporaryFolder{};
    write_all(folder.path(), {.animals = 2, .sessions = 3});
    auto content = content_of(folder.path());
    auto& connectome = content.records[jobs::connectome_name];
    const auto fitting = connectome;

    connectome.inputs[2].second = "other";
    EXPECT_THAT(texts_of(content),
                HasSubstr("rewiring.h5 was computed from another connectome.h5"));
    EXPECT_THAT(texts_of(content), HasSubstr("rewire rewiring --results"));
    connectome = fitting;
    connectome.digest = {{"--alpha", "3"}, {"--tau-s", "0.7"}};
    EXPECT_THAT(texts_of(content), HasSubstr("--alpha: there 2, here 3"));
    connectome = fitting;
    connectome.digest.emplace_back("--surrogates", "500"); // changes no trajectory
    EXPECT_EQ(texts_of(content), "");
    connectome.inputs.emplace_back("m2/ses-04", "new");
    EXPECT_THAT(texts_of(content), HasSubstr("m2/ses-04"));
}

TEST(ReportOrigin, FractionsOfAnotherMovementResultAreNamed)
{
    const auto folder = test::TemporaryFolder{};
    write_all(folder.path(), {.animals = 2, .sessions = 3});
    auto content = content_of(folder.path());
    content.records[jobs::movement_name].digest = {{"--shuffles", "500"}};

    const auto mismatches = mismatches_of(content);

    ASSERT_EQ(mismatches.size(), 1U);
    EXPECT_THAT(mismatches[0].title, HasSubstr("another movement.h5"));
    EXPECT_THAT(mismatches[0].text, HasSubstr("--shuffles: there 10000, here 500"));
    EXPECT_THAT(mismatches[0].text, HasSubstr("movement-related neurons at the top edges"));
}

TEST(ReportOrigin, CommandsCarryTheOptionsThatTheResultsWereMadeWith)
{
    using Records = std::map<std::string, io::Record>;
    const auto command = [](const std::string& job, const Records& records, bool overwrite) {
        return jobs::command_of(entry_of(job), records, "out", overwrite);
    };
    auto connectome = io::Record{};
    connectome.options = {{"study", "my data"}, {"tau-s", "0.7"},    {"alpha", "3"},
                          {"surrogates", "0"},  {"two-sided", "no"}, {"overwrite", "yes"}};
    auto movement = io::Record{};
    movement.options = {{"study", "data"}, {"level", "0.975 0.995"}, {"activity", "dff"}};
    auto rewiring = io::Record{};
    rewiring.upstream["connectome"].digest = {{"--tau-s", "1.2"}, {"--oasis", "suite2p"}};

    const auto whole =
        "rewire connectome --study 'my data' --results out --tau-s 0.7 --alpha 3 --overwrite";
    EXPECT_EQ(command("connectome", {{"connectome", connectome}}, true), whole);
    connectome.options.emplace_back("subject", "M1"); // the last run of several, or a part
    connectome.options.emplace_back("session", "01");
    EXPECT_EQ(command("connectome", {{"connectome", connectome}}, true), whole);
    EXPECT_EQ(command("movement", {{"movement", movement}}, false),
              "rewire movement --study data --results out --level 0.975 --level 0.995 "
              "--activity dff");
    EXPECT_EQ(command("connectome", {{"movement", movement}}, false),
              "rewire connectome --study data --results out --tau-s X");
    EXPECT_EQ(command("connectome", {{"rewiring", rewiring}}, false),
              "rewire connectome --study DIR --results out --tau-s 1.2 --oasis suite2p");
}
