#include "change_model.hpp"
#include "scenario.hpp"

#include <rewire/calcium/event_jitter.hpp>
#include <rewire/calcium/session_halves.hpp>
#include <rewire/stats/tests.hpp>

#include <Eigen/Cholesky>

#include <cmath>

/// Change of the network over sessions: is it claimed where there is none, of whatever else
/// changes, and found where there is?
namespace rewire::calibration {

namespace {

constexpr auto level = 0.05;
constexpr auto animals = std::uint64_t{6};
constexpr auto orders = std::int64_t{999};

Finding claimed(const std::string& statistic, double p, Quantity quantity)
{
    return {.statistic = statistic,
            .quantity = quantity,
            .level = level,
            .hits = p <= level ? 1.0 : 0.0,
            .trials = 1};
}

/// One path: sessions left out as the program does.
struct Path
{
    Eigen::MatrixXd distance;
    std::vector<std::int64_t> position;
};
Path path_of(const network::SessionBlock& a, const network::SessionBlock& b)
{
    const auto sums = network::half_sums(a, b);
    const auto all = network::session_similarity(sums);
    auto path = Path{};
    for (Eigen::Index s = 0; s < a.rows(); ++s)
        if (all.is_reliable(s))
            path.position.push_back(s);
    path.distance = network::session_similarity(network::of_sessions(sums, path.position)).distance;
    return path;
}

double change_p(const Path& path, std::uint64_t seed)
{
    return network::mantel_test(path.distance, path.position, {seed, 0}, orders).p_value;
}

double over_animals(const std::vector<double>& values)
{
    return stats::paired_t(values, std::vector<double>(values.size(), 0.0),
                           stats::Alternative::greater)
        .p_value;
}

/// What is true of the three claims.
struct Expected
{
    Quantity changed = Quantity::rate;
    Quantity directed = Quantity::rate;
    Quantity came_back = Quantity::rate;
};

/// Change in the first animal; directed and came back over six.
std::function<Findings(std::uint64_t)> measured_study(const ChangeModel& model,
                                                      const Expected& expected)
{
    return [=](std::uint64_t seed) {
        auto bends = std::vector<double>{};
        auto returns = std::vector<double>{};
        auto findings = Findings{};
        for (std::uint64_t animal = 0; animal < animals; ++animal) {
            const auto halves = halves_of(model, seed, animal);
            const auto path = path_of(halves.a, halves.b);
            bends.push_back(
                network::bend_of(network::mean_squared_displacement(path.distance, path.position)));
            returns.push_back(network::return_of(path.distance, path.position));
            if (animal == 0)
                findings.push_back(claimed("change", change_p(path, seed), expected.changed));
        }
        findings.push_back(claimed("directed", over_animals(bends), expected.directed));
        findings.push_back(claimed("came back", over_animals(returns), expected.came_back));
        return findings;
    };
}

/// Share of sessions whose ellipse holds the score of the network that the halves were drawn from.
Findings measured_ellipses(const ChangeModel& model, std::uint64_t seed)
{
    const auto halves = halves_of(model, seed, 0, true);
    const Eigen::MatrixXd first = halves.a * halves.a.transpose();
    const auto plane = network::cross_fitted_plane(
        {first, halves.b * halves.a.transpose(), halves.jackknife * halves.a.transpose()}, 2);
    const Eigen::MatrixXd loading = halves.a.transpose() * plane.weight;
    const Eigen::MatrixXd truth = (halves.truth.rowwise() - halves.a.colwise().mean()) * loading;
    const auto radius = network::ellipse_radius_squared();
    auto inside = 0.0;
    for (Eigen::Index s = 0; s < truth.rows(); ++s) {
        const Eigen::Vector2d off = truth.row(s) - plane.score.row(s);
        const Eigen::Matrix2d covariance = plane.covariance[static_cast<std::size_t>(s)];
        inside += off.dot(covariance.ldlt().solve(off)) <= radius ? 1 : 0;
    }
    return {{.statistic = "covered by the ellipse",
             .quantity = Quantity::value,
             .level = 0,
             .hits = inside / static_cast<double>(truth.rows()),
             .trials = 1}};
}

/// Events of ten sessions in which something else than the wiring changes: `at(share)` is the model
/// at that share of the way.
Findings measured_movement(const std::function<MovingModel(double)>& at, std::uint64_t seed)
{
    constexpr auto sessions = Eigen::Index{10};
    const auto pairs = static_cast<Eigen::Index>(base::pair_count(at(0).neurons));
    auto halves = std::vector<network::SessionBlock>(6, network::SessionBlock(sessions, pairs));
    const auto put = [&](std::size_t half, Eigen::Index session, const std::vector<double>& row) {
        halves[half].row(session) =
            Eigen::Map<const Eigen::RowVectorXd>(row.data(), static_cast<Eigen::Index>(row.size()));
    };
    for (Eigen::Index s = 0; s < sessions; ++s) {
        const auto model = at(static_cast<double>(s) / (sessions - 1));
        const auto session = moving_session(model, seed, static_cast<std::uint64_t>(s));
        const auto activity = session.smoothed.view();
        const auto all =
            calcium::interleaved_halves(calcium::all_frames(activity.frames), model.rate_hz);
        const auto quiet = calcium::interleaved_halves(session.quiet, model.rate_hz);
        for (const auto second : {false, true}) {
            const auto place = second ? std::size_t{1} : std::size_t{0};
            const auto& frames = second ? all.b : all.a;
            put(place, s, calcium::partial_correlation_of_frames(activity, frames, {}).value);
            put(2 + place, s,
                calcium::partial_correlation_of_frames(activity, second ? quiet.b : quiet.a, {})
                    .value);
            auto segments = calcium::runs_of_frames(frames);
            for (auto& segment : segments)
                segment = {segment.first + 2, segment.last + 2};
            put(4 + place, s,
                *calcium::jitter_corrected_coincidence(
                    session.events.view(), segments,
                    {.window_frames = calcium::jitter_window_frames(model.rate_hz)},
                    [](std::int64_t) { return true; }));
        }
    }
    auto findings = Findings{};
    for (const auto& [name, first] :
         {std::pair{"change", std::size_t{0}}, std::pair{"change, quiet frames", std::size_t{2}},
          std::pair{"change, fine coincidences", std::size_t{4}}})
        findings.push_back(claimed(name, change_p(path_of(halves[first], halves[first + 1]), seed),
                                   Quantity::rate));
    return findings;
}

Band rate_at_most(const std::string& statistic, double share)
{
    return {statistic, Quantity::rate, level, 0, share / level};
}

Band power_at_least(const std::string& statistic, double share)
{
    return {statistic, Quantity::power, level, share};
}

Scenario study(const std::string& name, const std::string& says, const ChangeModel& model,
               const Expected& expected, const std::vector<Band>& bands)
{
    return {.family = "change",
            .name = name,
            .says = says,
            .seconds = 0.2,
            .data_sets = 200,
            .checked = 20,
            .measure = measured_study(model, expected),
            .bands = bands,
            .write = {}};
}

std::vector<Scenario> studies()
{
    const auto most = 16.0 / 200;
    const auto none =
        std::vector<Band>{rate_at_most("change", most), rate_at_most("directed", most),
                          rate_at_most("came back", most)};
    const auto undirected =
        std::vector<Band>{rate_at_most("directed", most), rate_at_most("came back", most)};
    const auto changes = Expected{.changed = Quantity::power};
    return {
        study("constant", "six animals, 80 neurons, 14 sessions; the network stays", {}, {}, none),
        study("rising-noise", "the same, noise grows to three times what it was",
              {.noise_growth = 3}, {}, none),
        study("attenuated", "the same, correlations are seen at half their size in the end",
              {.attenuation = 0.5}, {}, none),
        study("exchangeable", "every session differs, in no order",
              {.course = Course::exchangeable}, {}, none),
        study("walk", "8 % of pairs walk, each its own way", {.course = Course::walk}, changes,
              undirected),
        study("shared-walk", "the same, one walk along one direction for all of them",
              {.course = Course::shared_walk}, changes, undirected),
        study("directed", "8 % of pairs change by .1 (sd) from the first to the last session",
              {.course = Course::directed},
              {.changed = Quantity::power, .directed = Quantity::power},
              {power_at_least("directed", 190.0 / 200), power_at_least("change", 0.9),
               rate_at_most("came back", most)}),
        study("out-and-back", "the same size, farthest in the middle, back in the end",
              {.course = Course::out_and_back},
              {.changed = Quantity::power, .came_back = Quantity::power},
              {power_at_least("came back", 180.0 / 200)}),
    };
}

} // namespace

std::vector<Scenario> change_scenarios()
{
    auto all = studies();
    for (const auto course : {Course::constant, Course::walk, Course::directed})
        all.push_back({.family = "change",
                       .name = course == Course::constant ? "ellipses-constant"
                               : course == Course::walk   ? "ellipses-walk"
                                                          : "ellipses-directed",
                       .says = "where the sessions of an animal lie in the plane of the others' "
                               "halves",
                       .seconds = 0.2,
                       .data_sets = 200,
                       .checked = 20,
                       .measure =
                           [course](std::uint64_t seed) {
                               return measured_ellipses({.course = course}, seed);
                           },
                       .bands = {{"covered by the ellipse", Quantity::value, 0, 0.90, 0.98}},
                       .write = {}});
    const auto movement = [](double share) {
        return MovingModel{.movement_share = 0.5 - 0.45 * share};
    };
    const auto visibility = [](double share) { return MovingModel{.visible_change = 0.6 * share}; };
    all.push_back({.family = "change",
                   .name = "movement-trend",
                   .says = "ten sessions, constant wiring; movement falls from half of the time to "
                           "a twentieth",
                   .seconds = 1,
                   .data_sets = 200,
                   .checked = 0,
                   .measure = [=](std::uint64_t seed) { return measured_movement(movement, seed); },
                   .bands = {rate_at_most("change, quiet frames", 24.0 / 200)},
                   .write = {}});
    all.push_back(
        {.family = "change",
         .name = "visibility-trend",
         .says = "ten sessions, constant wiring; neurons lose up to 60 % of their events, "
                 "each its own share",
         .seconds = 1,
         .data_sets = 200,
         .checked = 0,
         .measure = [=](std::uint64_t seed) { return measured_movement(visibility, seed); },
         .bands = {},
         .write = {}});
    return all;
}

} // namespace rewire::calibration
