#include "section.hpp"

#include "result.hpp"
#include "strongest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto most_panels = std::size_t{6};
constexpr auto most_edges = std::size_t{6};

struct PageSession
{
    DynamicResult result;
    std::vector<std::int64_t> edge;          ///< the strongest
    std::vector<std::vector<double>> course; ///< of each
};

report::Figure losses_of(const DynamicResult& result)
{
    auto plot = report::LinePlot{};
    plot.title = fmt::format("{} {}", result.head.subject, result.head.session);
    plot.x.label = "epoch";
    plot.y.label = "nat a bin and unit";
    const auto epoch = std::vector<double>(result.curve.epoch.begin(), result.curve.epoch.end());
    plot.lines.push_back(
        {.name = "training loss", .x = epoch, .y = result.curve.train_loss, .half_width = {}});
    plot.lines.push_back({.name = "validation loss",
                          .x = epoch,
                          .y = result.curve.validation_loss,
                          .half_width = {}});
    plot.lines.push_back({.name = "validation likelihood",
                          .x = epoch,
                          .y = result.curve.validation_nll,
                          .half_width = {}});
    plot.reference = result.static_validation_nll;
    plot.x.whole_numbers = true;
    return report::figure_of(plot);
}

report::Figure courses_of(const PageSession& session)
{
    const auto& result = session.result;
    auto plot = report::LinePlot{};
    plot.title = fmt::format("{} {}", result.head.subject, result.head.session);
    plot.x.label = "time in the trial, s";
    plot.y.label = "dynamic weight";
    for (std::size_t k = 0; k < session.edge.size(); ++k) {
        const auto at = static_cast<std::size_t>(session.edge[k]);
        const auto id = [&](std::int32_t unit) {
            return result.unit_id[static_cast<std::size_t>(unit)];
        };
        const auto lag = strongest_lag(result, session.edge[k]);
        plot.lines.push_back(
            {.name = fmt::format("{} → {}, {:g} ms", id(result.sender[at]), id(result.receiver[at]),
                                 result.lag_ms[static_cast<std::size_t>(lag)]),
             .x = result.time_s,
             .y = session.course[k],
             .half_width = {}});
    }
    plot.reference = 0;
    plot.size = {480, 290};
    return report::figure_of(plot);
}

class DynamicPart : public PagePart
{
  public:
    explicit DynamicPart(std::vector<PageSession> sessions) : sessions_(std::move(sessions)) {}

    void draw(std::size_t, report::Page& page) const override
    {
        add_counts(page);
        auto courses = report::FigureBlock{.sources = {"dynetcp-dynamic.h5"}};
        auto losses = report::FigureBlock{.sources = {"dynetcp-dynamic.h5"}};
        for (const auto& session : sessions_) {
            if (session.result.edges() == 0 || losses.panels.size() >= most_panels)
                continue;
            courses.panels.push_back(courses_of(session));
            losses.panels.push_back(losses_of(session.result));
        }
        if (losses.panels.empty())
            return;
        courses.caption =
            fmt::format("Weights of the {} edges with the largest static weight, at its lag: "
                        "static weight plus "
                        "offset where the sender fired, over the {} most recent bins.{}",
                        most_edges, sessions_.front().result.smoothed_bins, caveat());
        page.figure(std::move(courses));
        losses.caption =
            "Training; in dashes the likelihood of the static stage on the same trials.";
        page.figure(std::move(losses));
    }

    std::vector<LeftOut> left_out() const override
    {
        auto rows = std::vector<LeftOut>{};
        for (const auto& [result, edge, course] : sessions_) {
            const auto add = [&](const std::string& why) {
                rows.push_back({result.head.subject, result.head.session, why});
            };
            if (result.head.status != "ok")
                add(result.head.status);
            if (result.edges_unknown > 0)
                add(fmt::format("{} edges of units that do not take part", result.edges_unknown));
        }
        return rows;
    }

  private:
    /// Where nothing else is left to show.
    std::string caveat() const
    {
        const auto chosen_on_them =
            std::any_of(sessions_.begin(), sessions_.end(), [](const auto& session) {
                return session.result.edges() > 0 && session.result.averaged_over == "validation";
            });
        return chosen_on_them ? " The trials are those that stopped the training: --test keeps "
                                "others for this."
                              : "";
    }

    void add_counts(report::Page& page) const
    {
        auto table = report::Table{
            .head = {"animal", "session", "units", "edges", "trials to train, validate, test",
                     "best epoch", "held-out, mnat a bin and unit", "of the static stage"}};
        for (const auto& session : sessions_) {
            const auto& result = session.result;
            const auto test = result.trials_test > 0;
            const auto& curve = result.curve;
            const auto best = static_cast<std::size_t>(curve.best_epoch);
            const auto validation =
                best < curve.validation_nll.size() ? curve.validation_nll[best] : 0.0;
            table.rows.push_back(
                {result.head.subject, result.head.session, std::to_string(result.unit_id.size()),
                 std::to_string(result.edges()),
                 fmt::format("{}, {}, {}", result.trials_train, result.trials_validation,
                             result.trials_test),
                 std::to_string(result.curve.best_epoch),
                 fmt::format("{:.3f}", 1e3 * (test ? result.test_nll : validation)),
                 fmt::format("{:.3f}", 1e3 * (test ? result.static_test_nll
                                                   : result.static_validation_nll))});
        }
        table.caption = fmt::format(
            "Weights that change within the trial, for pairs {}. Held-out: cross-entropy of the "
            "trials to test, or where there are none of those that also stopped the training.",
            sessions_.front().result.edge_source == "all" ? "of all units"
                                                          : "that were given or called before");
        page.table(std::move(table));
    }

    std::vector<PageSession> sessions_;
};

} // namespace

PageEntry dynamic_page()
{
    return {.shows = "connections that change within the trial",
            .sections = {{660, "Dynamic connectivity of the population"}},
            .options = {},
            .read = [](const PageSource& source) -> std::unique_ptr<PagePart> {
                const auto file = io::open_for_reading(source.path_of(dynamic_name));
                auto sessions = std::vector<PageSession>{};
                for (const auto& head : heads_in(file)) {
                    auto session =
                        PageSession{read_dynamic(file, {head.subject, head.session}), {}, {}};
                    session.edge = strongest_edges(session.result, most_edges);
                    for (const auto edge : session.edge)
                        session.course.push_back(course_of(session.result,
                                                           read_edge(file, session.result, edge),
                                                           strongest_lag(session.result, edge)));
                    sessions.push_back(std::move(session));
                }
                return std::make_unique<DynamicPart>(std::move(sessions));
            }};
}

} // namespace rewire::jobs
