#include "result_change.hpp"

#include "jobs/frame/session_results.hpp"
#include "result.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/stats/correlation.hpp>

#include <cmath>
#include <numeric>

namespace rewire::jobs {

namespace {

using base::nan;

void write_kind(const io::Handle& group, const ChangeOfKind& change)
{
    const auto prefix = change_prefix(change.kind);
    io::write_text_attribute(group, prefix + "change_status", change.status);
    io::write_texts_attribute(group, prefix + "change_sessions_left_out", change.left_out);
    io::write_attribute(group, prefix + "change_sessions", change.sessions);
    io::write_array(group, prefix + "reliability", row_major(change.reliability), {"session"}, "1",
                    "correlation of the halves of a session");
    io::write_array(group, prefix + "signal_to_error", row_major(change.signal_to_error),
                    {"session"}, "1",
                    "what the halves have in common, in units of its standard error");
    if (!change.ok())
        return;
    io::write_array(group, prefix + "similarity", row_major(change.similarity),
                    {"session", "session_2"}, "1",
                    "similarity of the networks of two sessions, free of their noise");
    io::write_array(group, prefix + "distance", row_major(change.distance),
                    {"session", "session_2"}, "1", "2 - 2 similarity");
    io::write_array(group, prefix + "displacement", row_major(change.displacement), {"lag"}, "1",
                    "mean distance of sessions so far apart");
    io::write_attribute_all(group, prefix + "displacements_not_above_zero", change.not_above_zero);
    io::write_attribute(group, prefix + "mantel", change.mantel.correlation);
    io::write_attribute(group, prefix + "mantel_p", change.mantel.p_value);
    io::write_attribute(group, prefix + "mantel_orders", change.mantel.orders);
    io::write_text_attribute(group, prefix + "mantel_orders_are",
                             change.mantel.all_orders ? "all" : "drawn");
    io::write_attribute(group, prefix + "bend", change.bend);
    io::write_attribute(group, prefix + "return", change.came_back);
    io::write_attribute(group, prefix + "exponent", change.exponent);
    io::write_attribute(group, prefix + "exponent_low", change.interval.low);
    io::write_attribute(group, prefix + "exponent_high", change.interval.high);
}

/// [session, 2] and [session, 2, 2] of all sessions of the subject.
void write_plane(const io::Handle& group, const SubjectChange& change, std::size_t sessions)
{
    const auto& plane = change.plane;
    if (plane.weight.size() == 0)
        return;
    io::write_index_axis(group, "plane", plane_components, "of the cross-fitted scores");
    io::write_index_axis(group, "plane_2", plane_components, "the same once more");
    constexpr auto dimensions = static_cast<std::size_t>(plane_components);
    auto score = std::vector<double>(sessions * dimensions, nan);
    auto ellipse = std::vector<double>(sessions * dimensions * dimensions, nan);
    for (std::size_t s = 0; s < change.sessions.size(); ++s) {
        const auto session = static_cast<std::size_t>(change.sessions[s]);
        for (std::size_t c = 0; c < dimensions; ++c) {
            const auto column = static_cast<Eigen::Index>(c);
            score[session * dimensions + c] = plane.score(static_cast<Eigen::Index>(s), column);
            for (std::size_t d = 0; d < dimensions && !plane.covariance.empty(); ++d)
                ellipse[(session * dimensions + c) * dimensions + d] =
                    plane.covariance[s](column, static_cast<Eigen::Index>(d));
        }
    }
    io::write_array(group, "cross_score", score, {"session", "plane"}, "1",
                    "second halves on the loadings of the first ones");
    const auto written = io::write_array(group, "ellipse", ellipse, {"session", "plane", "plane_2"},
                                         "1", "covariance of cross_score, by jackknife over time");
    io::write_attribute(written, "radius_squared_95", network::ellipse_radius_squared());
    const auto& ratio = plane.explained_variance_ratio;
    io::write_array(group, "cross_explained_variance_ratio",
                    std::vector<double>(ratio.begin(), ratio.end()), {"plane"}, "1",
                    "share of the variance of the first halves");
    for (const auto positive : {true, false}) {
        const auto& top = positive ? change.positive : change.negative;
        const auto name = std::string(positive ? "cross_top_positive" : "cross_top_negative");
        io::write_array(group, name + "_count", top.count, {"plane"}, "pairs",
                        "top pairs of the first halves");
        io::write_array(group, name + "_mean", top.mean, {"plane", "session"}, "1",
                        "mean partial correlation, in the second halves, of the top pairs of the "
                        "first ones");
    }
}

/// Of the values that both have.
double correlation_of(const std::vector<double>& first, const std::vector<double>& second)
{
    auto x = std::vector<double>{};
    auto y = std::vector<double>{};
    for (std::size_t i = 0; i < first.size(); ++i)
        if (std::isfinite(first[i]) && std::isfinite(second[i])) {
            x.push_back(first[i]);
            y.push_back(second[i]);
        }
    return stats::pearson(x, y);
}

void write_confounds(const io::Handle& group, const SubjectChange& change,
                     const Eigen::VectorXd& first_score)
{
    const auto& confounds = change.confounds;
    io::write_array(group, "events", confounds.events, {"session"}, "frames",
                    "frames with an event, mean over active neurons");
    io::write_array(group, "effective_frames", confounds.effective_frames, {"session"}, "frames",
                    "independent frames that the session is worth");
    io::write_array(group, "density", confounds.density, {"session"}, "1",
                    "density of the thresholded connectome");
    io::write_array(group, "movement_share", confounds.movement_share, {"session"}, "1",
                    "share of the frames in movement");
    const auto& reliability = change.kinds.front().reliability;
    const auto score = std::vector<double>(first_score.begin(), first_score.end());
    auto session = std::vector<double>(score.size());
    std::iota(session.begin(), session.end(), 0.0);
    io::write_text_axis(
        group, "confound",
        {"session", "events", "effective_frames", "density", "reliability", "movement_share"},
        "what may look like change");
    auto correlations = std::vector<double>{};
    for (const auto& values :
         {session, confounds.events, confounds.effective_frames, confounds.density,
          std::vector<double>(reliability.begin(), reliability.end()), confounds.movement_share})
        correlations.push_back(correlation_of(score, values));
    io::write_array(group, "confound_correlation", correlations, {"confound"}, "1",
                    "correlation with the score of the first component over sessions");
}

} // namespace

void write_change(const io::ResultFile& file, const SubjectConnectomes& subject,
                  const SubjectChange& change, const Eigen::VectorXd& first_score)
{
    const auto group = file.group(subject.subject);
    io::write_text_axis(group, "session_2", subject.sessions, "the same once more");
    auto lags = std::vector<std::int64_t>(
        static_cast<std::size_t>(change.kinds.front().displacement.size()));
    std::iota(lags.begin(), lags.end(), 1);
    io::write_axis(group, "lag", lags, "sessions apart");
    for (const auto& kind : change.kinds)
        write_kind(group, kind);
    write_confounds(group, change, first_score);
    write_plane(group, change, subject.sessions.size());
}

AnimalTest test_over_animals(const io::Handle& file, const std::string& attribute)
{
    auto test = AnimalTest{};
    auto values = std::vector<double>{};
    for (const auto& subject : io::subjects_in(file)) {
        const auto group = io::open_group(file, subject);
        const auto value = io::has_attribute(group, attribute)
                               ? io::read_attribute<double>(group, attribute)
                               : nan;
        if (std::isnan(value)) {
            test.left_out.push_back(subject);
            continue;
        }
        test.subjects.push_back(subject);
        values.push_back(value);
    }
    test.result = stats::paired_t(values, std::vector<double>(values.size(), 0.0),
                                  stats::Alternative::greater);
    return test;
}

void complete_change(const io::ResultFile& file)
{
    const auto& root = file.file();
    auto changes = std::int64_t{0};
    for (const auto& subject : io::subjects_in(root))
        if (io::has_attribute(io::open_group(root, subject), "mantel"))
            ++changes;
    io::write_attribute(root, "subjects", changes);
    for (const auto kind : half_kinds)
        for (const auto* name : {"bend", "return"}) {
            const auto attribute = change_prefix(kind) + name;
            const auto test = test_over_animals(root, attribute);
            io::write_attribute(root, attribute + "_t", test.result.statistic);
            io::write_attribute(root, attribute + "_p", test.result.p_value);
            io::write_attribute(root, attribute + "_subjects",
                                static_cast<std::int64_t>(test.subjects.size()));
        }
}

} // namespace rewire::jobs
