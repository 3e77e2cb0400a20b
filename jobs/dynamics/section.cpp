#include "section.hpp"

#include "figures.hpp"
#include "graph.hpp"
#include "histograms.hpp"
#include "result.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/report/heat_map.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto most_sessions = std::size_t{4};

/// Matrices of an edge, [bin, lag].
struct ShownEdge
{
    std::int64_t edge = 0;
    std::vector<double> weight;
    std::vector<double> conditional;
};

struct PageSession
{
    DynamicsResult result;
    std::vector<double> lag_ms;
    std::optional<ShownEdge> shown;
    std::vector<float> ratio;         ///< [edge, bin]
    std::vector<std::int8_t> present; ///< [edge, bin]
};

const std::string& id_of(const DynamicsResult& result, std::int32_t unit)
{
    return result.unit_id[static_cast<std::size_t>(unit)];
}

report::Figure matrix_of(const PageSession& session, const std::vector<double>& matrix,
                         const std::string& what, double low)
{
    const auto& result = session.result;
    const auto edge = static_cast<std::size_t>(session.shown->edge);
    auto plot = report::HeatMap{};
    plot.title =
        fmt::format("{} {}, {} → {}: {}", result.head.subject, result.head.session,
                    id_of(result, result.sender[edge]), id_of(result, result.receiver[edge]), what);
    plot.x.label = "time in the trial, s";
    plot.y.label = "lag, ms";
    plot.column = result.time_s;
    plot.row = session.lag_ms;
    const auto lags = session.lag_ms.size();
    auto largest = 1e-9;
    for (std::size_t lag = 0; lag < lags; ++lag)
        for (std::size_t bin = 0; bin < result.time_s.size(); ++bin) {
            plot.value.push_back(matrix[bin * lags + lag]);
            if (std::isfinite(plot.value.back()))
                largest = std::max(largest, std::abs(plot.value.back()));
        }
    plot.high = largest;
    plot.low = low * largest;
    plot.palette = low < 0 ? report::Palette::diverging : report::Palette::sequence;
    plot.size = {400, 280};
    return report::figure_of(plot);
}

class DynamicsPart : public PagePart
{
  public:
    DynamicsPart(std::vector<PageSession> sessions, std::vector<double> graph_times)
        : sessions_(std::move(sessions)), graph_times_(std::move(graph_times))
    {
    }

    void draw(std::size_t, report::Page& page) const override
    {
        add_table(page);
        add_matrices(page);
        add_sweep(page);
        add_graphs(page);
        add_hierarchy(page);
    }

    std::vector<LeftOut> left_out() const override
    {
        return left_out_of(
            sessions_,
            [](const PageSession& session) -> const auto& { return session.result.head; });
    }

  private:
    void add_table(report::Page& page) const
    {
        auto table =
            report::Table{.head = {"animal", "session", "edges", "present, % of bins",
                                   "edges with q ≤ 0.05 against the null", "components of weights",
                                   "per unit", "components of rates", "per unit",
                                   "edges beside a histogram", "mean r", "equivalent (p ≤ 0.05)"}};
        for (const auto& session : sessions_) {
            const auto& result = session.result;
            if (result.head.status != "ok")
                continue;
            auto present = 0.0;
            auto known = 0.0;
            for (std::size_t k = 0; k < session.ratio.size(); ++k) {
                known += std::isnan(session.ratio[k]) ? 0 : 1;
                present += session.present[k] != 0 ? 1 : 0;
            }
            auto sum = 0.0;
            auto equivalent = 0;
            for (std::size_t k = 0; k < result.pearson.size(); ++k) {
                sum += std::isnan(result.pearson[k]) ? 0 : result.pearson[k];
                equivalent += result.tost_p[k] <= 0.05 ? 1 : 0;
            }
            const auto beyond = std::count_if(result.q_max.begin(), result.q_max.end(),
                                              [](double q) { return q <= 0.05; });
            const auto dimension = [&](const std::string& space) {
                for (const auto& one : result.dimension)
                    if (one.space == space)
                        return one;
                return CourseDimension{space, 0, base::nan};
            };
            const auto weights = dimension("weights");
            const auto rates = dimension("rates");
            table.rows.push_back(
                {result.head.subject, result.head.session, std::to_string(result.edges()),
                 known > 0 ? fmt::format("{:.1f}", 100 * present / known) : "–",
                 result.q_max.empty() ? "–" : std::to_string(beyond),
                 std::to_string(weights.components), fmt::format("{:.3f}", weights.normalised),
                 std::to_string(rates.components), fmt::format("{:.3f}", rates.normalised),
                 std::to_string(result.compared),
                 result.compared > 0
                     ? fmt::format("{:.3f}", sum / static_cast<double>(result.compared))
                     : "–",
                 result.compared > 0 ? std::to_string(equivalent) : "–"});
        }
        table.caption =
            "The dynamic graph. Present: share of bins in which the dynamic weight of an edge is "
            "larger in size than its static one (the paper's rule, which also accepts indirect "
            "connections). Null: models trained on trials that were shuffled within their "
            "condition. Components: principal components for 95 % of the variance over the "
            "trial. r: correlation of dynamic weights with the conditional joint histogram; "
            "equivalent: their mean difference lies within the margin.";
        add_caveats(table.caption);
        page.table(std::move(table));
    }

    /// What holds of some of the sessions.
    void add_caveats(std::string& caption) const
    {
        const auto any = [&](auto holds) {
            return std::any_of(sessions_.begin(), sessions_.end(), [&](const auto& session) {
                return session.result.head.status == "ok" && holds(session.result);
            });
        };
        if (any([](const auto& result) { return result.smooth_ms > 0; }))
            caption += " Courses were smoothed by a Gaussian before (smooth_ms in the result).";
        if (any([](const auto& result) { return result.averaged_over == "validation"; }))
            caption += " Weights are of the trials that stopped the training: --test keeps others "
                       "for them.";
        if (any([](const auto& result) {
                return !result.q_max.empty() && result.edge_source == "static";
            }))
            caption += " The edges were chosen on the same spikes, which the null models did not "
                       "do: of edges that are there by chance, too many have a small q.";
        if (any([](const auto& result) { return !result.q_max.empty(); }))
            caption += " A small q does not exclude an indirect connection, common input, or gains "
                       "that change from trial to trial.";
    }

    void add_matrices(report::Page& page) const
    {
        auto block = report::FigureBlock{.sources = {fmt::format("{}.h5", dynamics_name)}};
        for (const auto& session : sessions_) {
            if (!session.shown || block.panels.size() >= 2 * most_sessions)
                continue;
            block.panels.push_back(matrix_of(session, session.shown->weight, "weight", -1));
            block.panels.push_back(
                matrix_of(session, session.shown->conditional, "joint histogram", 0));
        }
        if (block.panels.empty())
            return;
        block.caption =
            "Of each session the edge with the largest static weight that has a joint histogram. "
            "Left: dynamic weight where the sender fired so long before, from minus (blue) to "
            "plus (red) its largest size. Right: probability of a spike of the receiver given one "
            "of the sender, "
            "from 0 to its largest value. Both over the most recent bins; grey: no spike of the "
            "sender, or before the trial.";
        page.figure(std::move(block));
    }

    void add_sweep(report::Page& page) const
    {
        auto table = report::Table{.head = {"animal", "session", "λ", "held-out cross-entropy",
                                            "edges beside a histogram", "mean r", "least r",
                                            "equivalent (p ≤ 0.05)"}};
        auto block = report::FigureBlock{.sources = {fmt::format("{}.h5", dynamics_name)}};
        for (const auto& session : sessions_) {
            const auto& sweep = session.result.sweep;
            const auto& head = session.result.head;
            for (std::size_t k = 0; k < sweep.lambda.size(); ++k) {
                const auto summary = summary_of(sweep, k);
                table.rows.push_back(
                    {head.subject, head.session, fmt::format("{:g}", sweep.lambda[k]),
                     fmt::format("{:.6f}", sweep.validation_nll[k]),
                     std::to_string(summary.compared), fmt::format("{:.3f}", summary.mean_pearson),
                     fmt::format("{:.3f}", summary.least_pearson),
                     std::to_string(summary.equivalent)});
            }
            if (!sweep.lambda.empty() && block.panels.size() < most_sessions)
                block.panels.push_back(sweep_figure(session.result));
        }
        if (table.rows.empty())
            return;
        table.caption =
            "Models with other penalties λ beside the same joint histograms. Choose λ by the "
            "cross-entropy of held-out trials; r says how the weights that it gives compare.";
        block.caption = "Correlation of dynamic weights and joint histograms over the penalty: "
                        "mean over the edges, and single ones (faint, twenty at most).";
        page.table(std::move(table));
        page.figure(std::move(block));
    }

    void add_hierarchy(report::Page& page) const
    {
        auto table = delays_table();
        auto block = report::FigureBlock{.sources = {fmt::format("{}.h5", dynamics_name)}};
        for (const auto& session : sessions_) {
            const auto& result = session.result;
            if (result.areas.delay_ms.empty())
                continue;
            add_delays_row(table, result.head, result.areas);
            if (block.panels.size() >= 2 * most_sessions)
                continue;
            block.panels.push_back(
                delays_figure(result.head.subject + " " + result.head.session, result.areas));
            if (!result.feedforward.empty())
                block.panels.push_back(flow_figure(result));
        }
        if (table.rows.empty())
            return;
        table.caption =
            "Delays of dynamic weights between areas against their places in the hierarchy. "
            "Delay: median lag of the largest weight of pairs of units, positive where the first "
            "area leads; of the edges that the null models leave (q ≤ 0.05), without null models "
            "of all. p: two-sided, from permutations of the scores over the areas.";
        block.caption = "Left: median delay against the difference of the hierarchy scores, a "
                        "point a pair of areas. Right: share of the edges up and down the "
                        "hierarchy that are present, over the trial.";
        page.table(std::move(table));
        page.figure(std::move(block));
    }

    void add_graphs(report::Page& page) const
    {
        auto block = report::FigureBlock{.sources = {fmt::format("{}.h5", dynamics_name)}};
        auto shown = std::size_t{0};
        for (const auto& session : sessions_) {
            if (session.ratio.empty() || shown++ >= most_sessions)
                continue;
            for (auto& graph : graphs_of({session.result, session.ratio, session.present},
                                         graph_bins(session.result, graph_times_)))
                block.panels.push_back(std::move(graph));
        }
        if (block.panels.empty())
            return;
        block.key = report::colour_key("ratio", "−4", "4", 33, report::Palette::diverging);
        block.caption = fmt::format(
            "Connections that are present at {} of the trial: dynamic over static weight, with the "
            "sign of the dynamic one (below 0: inhibits); grey: absent. Units of the largest "
            "static weights, {} at most.",
            graph_times_.empty() ? "four times (others: --graph-times)" : "chosen times",
            most_graph_units);
        page.figure(std::move(block));
    }

    std::vector<PageSession> sessions_;
    std::vector<double> graph_times_; ///< s; empty: not chosen
};

/// The edge with the largest static weight among those that were compared.
std::optional<std::int64_t> strongest_compared(const DynamicsResult& result)
{
    auto best = std::optional<std::int64_t>{};
    for (std::int64_t edge = 0; edge < result.edges(); ++edge) {
        const auto at = static_cast<std::size_t>(edge);
        if (!std::isnan(result.pearson[at]) &&
            (!best || std::abs(result.static_weight[at]) >
                          std::abs(result.static_weight[static_cast<std::size_t>(*best)])))
            best = edge;
    }
    return best;
}

std::optional<ShownEdge> shown_of(const PageSource& source, const PageSession& session)
{
    const auto edge = strongest_compared(session.result);
    if (!edge || !source.has(dynamic_name) || !source.has(jpsth_name))
        return std::nullopt;
    const auto model_file = io::open_for_reading(source.path_of(dynamic_name));
    const auto model =
        read_dynamic(model_file, {session.result.head.subject, session.result.head.session});
    const auto histogram_file = io::open_for_reading(source.path_of(jpsth_name));
    const auto histograms = EdgeHistograms(histogram_file, source.records, model);
    const auto joint = histograms.joint(*edge);
    if (!joint)
        return std::nullopt;
    return ShownEdge{*edge, edge_matrix(read_edge(model_file, model, *edge), 0, model),
                     dynetcp::conditional_by_lag(*joint, histograms.sender(*edge), model.lags(),
                                                 std::max(model.smoothed_bins, std::int64_t{1}))};
}

} // namespace

PageEntry dynamics_page()
{
    return {.shows = "the dynamic graph, its dimensions, and how it agrees with joint histograms",
            .sections = {{670, "The dynamic graph"}},
            .options = {graph_times_option()},
            .read = [](const PageSource& source) -> std::unique_ptr<PagePart> {
                auto times = graph_times_of(source.options);
                const auto file = io::open_for_reading(source.path_of(dynamics_name));
                auto sessions = std::vector<PageSession>{};
                for (const auto& head : heads_in(file)) {
                    auto session = PageSession{};
                    session.result = read_dynamics(file, {head.subject, head.session});
                    const auto& result = session.result;
                    if (result.edges() > 0) {
                        const auto all = base::Range{0, result.edges()};
                        session.ratio = read_courses<float>(file, result, "ratio", all);
                        session.present = read_courses<std::int8_t>(file, result, "present", all);
                        session.shown = shown_of(source, session);
                    }
                    if (session.shown)
                        for (std::size_t lag = 0;
                             lag < session.shown->weight.size() / result.time_s.size(); ++lag)
                            session.lag_ms.push_back(static_cast<double>(lag) * result.bin_ms);
                    sessions.push_back(std::move(session));
                }
                const auto shows_one = [&](const PageSession& session) {
                    return !graph_bins(session.result, times).empty();
                };
                if (!times.empty() && std::none_of(sessions.begin(), sessions.end(), shows_one))
                    throw base::UsageError("no trial has one of these times", "--graph-times",
                                           "they are in seconds from the alignment, as time_s");
                return std::make_unique<DynamicsPart>(std::move(sessions), std::move(times));
            }};
}

} // namespace rewire::jobs
