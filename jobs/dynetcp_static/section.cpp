#include "section.hpp"

#include "jobs/ccg/result.hpp"
#include "jobs/frame/command_of.hpp"
#include "result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto most_panels = std::size_t{6};

using UnitPair = std::pair<std::int64_t, std::int64_t>;

struct PageSession
{
    StaticResult result;
    std::optional<UnitPair> shown; ///< pair i < j
    std::vector<double> ccg_lag_ms;
    std::vector<double> ccg; ///< corrected counts of the pair at these lags; empty: there is none
};

/// The called pair that stands out most from its flanks; without any, that of the largest weight.
std::optional<UnitPair> shown_pair(const StaticResult& result)
{
    const auto sorted = [](std::int64_t a, std::int64_t b) {
        return UnitPair{std::min(a, b), std::max(a, b)};
    };
    const auto in_sd = [](const auto& one) { return std::abs(one.peak) / one.flank_sd; };
    const auto& all = result.connections;
    const auto most = std::max_element(
        all.begin(), all.end(), [&](const auto& a, const auto& b) { return in_sd(a) < in_sd(b); });
    if (most != all.end())
        return sorted(most->sender, most->receiver);
    auto largest = 0.0F;
    auto shown = std::optional<UnitPair>{};
    const auto& weights = result.weight_corrected;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        const auto row = static_cast<std::int64_t>(k) / result.lags();
        const auto pair = UnitPair{row / result.units(), row % result.units()};
        if (pair.first == pair.second || !(weights[k] > largest))
            continue;
        largest = weights[k];
        shown = sorted(pair.first, pair.second);
    }
    return shown;
}

/// Correlogram of the same pair, where the earlier job has both units. Positive lags here: the
/// first unit leads.
void add_correlogram(PageSession& session, const io::Handle& file)
{
    const auto name = SessionName{session.result.head.subject, session.result.head.session};
    const auto sessions = sessions_in(file);
    if (!session.shown || std::find(sessions.begin(), sessions.end(), name) == sessions.end())
        return;
    const auto ccg = read_ccg(file, name);
    const auto index = [&](std::int64_t unit) {
        const auto& id = session.result.unit_id[static_cast<std::size_t>(unit)];
        return std::find(ccg.unit_id.begin(), ccg.unit_id.end(), id) - ccg.unit_id.begin();
    };
    const auto first = index(session.shown->first);
    const auto second = index(session.shown->second);
    for (std::size_t pair = 0; pair < ccg.pair_i.size(); ++pair) {
        const auto forward = ccg.pair_i[pair] == first && ccg.pair_j[pair] == second;
        if (!forward && !(ccg.pair_i[pair] == second && ccg.pair_j[pair] == first))
            continue;
        const auto one = read_correlogram(file, name, static_cast<std::int64_t>(pair));
        for (std::size_t lag = 0; lag < one.lag_ms.size(); ++lag) {
            session.ccg_lag_ms.push_back(forward ? -one.lag_ms[lag] : one.lag_ms[lag]);
            session.ccg.push_back(one.count[lag] -
                                  (one.expected.empty() ? 0.0 : one.expected[lag]));
        }
    }
}

std::string title_of(const PageSession& session)
{
    const auto& result = session.result;
    const auto id = [&](std::int64_t unit) {
        return result.unit_id[static_cast<std::size_t>(unit)];
    };
    return fmt::format("{} {}: units {} and {}", result.head.subject, result.head.session,
                       id(session.shown->first), id(session.shown->second));
}

/// Weights of both directions of a pair over a signed lag.
report::Line weights_of(const StaticResult& result, const std::vector<float>& weights,
                        const UnitPair& pair, const std::string& name)
{
    auto line = report::Line{.name = name};
    const auto backward = result.row(weights, pair.second, pair.first);
    const auto forward = result.row(weights, pair.first, pair.second);
    for (auto lag = backward.size(); lag-- > 0;) {
        line.x.push_back(-result.lag_ms[lag]);
        line.y.push_back(backward[lag]);
    }
    line.x.push_back(NAN); // lag 0 is there twice
    line.y.push_back(NAN);
    for (std::size_t lag = 0; lag < forward.size(); ++lag) {
        line.x.push_back(result.lag_ms[lag]);
        line.y.push_back(forward[lag]);
    }
    return line;
}

report::Figure pair_figure(const PageSession& session)
{
    const auto& result = session.result;
    auto plot = report::LinePlot{};
    plot.title = title_of(session);
    plot.x.label = "lag, ms (positive: the first unit leads)";
    plot.y.label = "weight";
    plot.lines.push_back(weights_of(result, result.model.weight, *session.shown, "weight"));
    if (!result.twin.weight.empty()) {
        plot.lines.push_back(
            weights_of(result, result.twin.weight, *session.shown, "of jittered trains"));
        plot.lines.push_back(
            weights_of(result, result.weight_corrected, *session.shown, "corrected"));
    }
    plot.reference = 0;
    plot.size = {420, 270};
    return report::figure_of(plot);
}

report::Figure correlogram_figure(const PageSession& session)
{
    auto plot = report::LinePlot{};
    plot.title = "correlogram of the same pair";
    plot.x.label = "lag, ms (positive: the first unit leads)";
    plot.y.label = "coincidences beyond jitter";
    plot.lines.push_back({.name = "", .x = session.ccg_lag_ms, .y = session.ccg, .half_width = {}});
    plot.reference = 0;
    plot.size = {420, 270};
    return report::figure_of(plot);
}

report::Figure matrix_of(const StaticResult& result)
{
    auto plot = report::ScatterPlot{};
    plot.title = fmt::format("{} {}", result.head.subject, result.head.session);
    plot.x.label = "post, unit in the order of the file";
    plot.y.label = "pre";
    auto positive = report::Points{.name = "positive weight", .x = {}, .y = {}};
    auto negative = report::Points{.name = "negative weight", .x = {}, .y = {}};
    for (const auto& one : result.connections) {
        auto& points = one.peak > 0 ? positive : negative;
        points.x.push_back(one.receiver + 1);
        points.y.push_back(one.sender + 1);
    }
    for (auto* axis : {&plot.x, &plot.y}) {
        axis->whole_numbers = true;
        axis->low = 0;
        axis->high = static_cast<double>(result.units()) + 1;
    }
    plot.points = {std::move(positive), std::move(negative)};
    plot.diagonal = true;
    return report::figure_of(plot);
}

/// Losses by epoch, or the likelihood along the path of lambdas.
std::optional<report::Figure> training_of(const StaticResult& result)
{
    auto plot = report::LinePlot{};
    plot.title = fmt::format("{} {}", result.head.subject, result.head.session);
    plot.y.label = "nat a bin and unit";
    const auto& curve = result.model.curve;
    if (curve.epoch.size() > 1) {
        plot.x.label = "epoch";
        const auto epoch = std::vector<double>(curve.epoch.begin(), curve.epoch.end());
        plot.lines.push_back({.name = "training loss", .x = epoch, .y = curve.train_loss});
        plot.lines.push_back({.name = "validation loss", .x = epoch, .y = curve.validation_loss});
        plot.lines.push_back(
            {.name = "validation likelihood", .x = epoch, .y = curve.validation_nll});
    } else if (!result.path.lambda.empty()) {
        plot.x.label = "lambda, log10";
        auto line = report::Line{.name = "validation likelihood", .x = {}, .y = result.path.nll};
        for (const auto lambda : result.path.lambda)
            line.x.push_back(std::log10(lambda));
        plot.lines.push_back(std::move(line));
        plot.reference = result.rate_nll.validation;
    } else {
        return std::nullopt;
    }
    return report::figure_of(plot);
}

class StaticPart : public PagePart
{
  public:
    explicit StaticPart(std::vector<PageSession> sessions) : sessions_(std::move(sessions)) {}

    void draw(std::size_t, report::Page& page) const override
    {
        add_counts(page);
        add_pairs(page);
        add_matrices(page);
        add_training(page);
    }

    std::vector<LeftOut> left_out() const override
    {
        auto rows = std::vector<LeftOut>{};
        for (const auto& [result, shown, lag, ccg] : sessions_) {
            if (result.head.status != "ok")
                rows.push_back({result.head.subject, result.head.session, result.head.status});
            if (result.units_left_out > 0)
                rows.push_back({result.head.subject, result.head.session,
                                fmt::format("{} units that never fire, or fire in every bin, of "
                                            "the trials to train on",
                                            result.units_left_out)});
            if (!result.near_pairs.empty() && result.near_tested == 0)
                rows.push_back({result.head.subject, result.head.session,
                                fmt::format("{} pairs of units on one peak channel or within 50 "
                                            "um: no connection is called of them (--test-near)",
                                            result.near_pairs.size())});
        }
        return rows;
    }

  private:
    void add_counts(report::Page& page) const
    {
        auto table =
            report::Table{.head = {"animal", "session", "units", "trials to train, validate, test",
                                   "lambda", "held-out, mnat a bin and unit", "of a model of rates",
                                   "pairs asked", "connections"}};
        for (const auto& session : sessions_) {
            const auto& result = session.result;
            const auto& nll = result.model.nll;
            const auto test = result.trials_test > 0;
            table.rows.push_back(
                {result.head.subject, result.head.session, std::to_string(result.units()),
                 fmt::format("{}, {}, {}", result.trials_train, result.trials_validation,
                             result.trials_test),
                 fmt::format("{:.3g}", result.lambda),
                 fmt::format("{:.3f}", 1e3 * (test ? nll.test : nll.validation)),
                 fmt::format("{:.3f}",
                             1e3 * (test ? result.rate_nll.test : result.rate_nll.validation)),
                 std::to_string(result.pairs_asked), std::to_string(result.connections.size())});
        }
        table.caption = fmt::format(
            "Every unit's spikes from those of all units in the last bins, penalised. Held-out: "
            "cross-entropy of the trials to test, or where there are none of those to validate, "
            "which also chose lambda or stopped the training. A connection: a corrected weight "
            "within 10 ms beyond {:g} SD of those beyond 50 ms. A weight says that a unit's spikes "
            "go before another's when all other recorded units are accounted for, as far as the "
            "penalty lets them be; not that one drives the other.",
            sessions_.front().result.threshold_sd);
        page.table(std::move(table));
    }

    void add_pairs(report::Page& page) const
    {
        auto block = report::FigureBlock{.sources = {"dynetcp-static.h5"}};
        auto with_ccg = false;
        for (const auto& session : sessions_) {
            if (!session.shown || block.panels.size() >= most_panels)
                continue;
            block.panels.push_back(pair_figure(session));
            if (session.ccg.empty())
                continue;
            block.panels.push_back(correlogram_figure(session));
            with_ccg = true;
        }
        if (block.panels.empty())
            return;
        block.caption = fmt::format(
            "The pair of each session whose weight stands out most.{}",
            with_ccg ? " Beside it its correlogram less what jitter expects, which does not "
                       "account for other units."
                     : "");
        page.figure(std::move(block));
    }

    void add_matrices(report::Page& page) const
    {
        auto block = report::FigureBlock{.sources = {"dynetcp-static.h5"}};
        for (const auto& session : sessions_)
            if (!session.result.connections.empty() && block.panels.size() < most_panels)
                block.panels.push_back(matrix_of(session.result));
        if (block.panels.empty())
            return;
        block.caption = "Connections: which unit leads (pre) and which follows (post). Of two "
                        "units that fire in the same bin (peak at lag 0) neither leads: the rule "
                        "as published then puts the unit first that comes first in the file.";
        page.figure(std::move(block));
    }

    void add_training(report::Page& page) const
    {
        auto block = report::FigureBlock{.sources = {"dynetcp-static.h5"}};
        for (const auto& session : sessions_)
            if (const auto figure = training_of(session.result);
                figure && block.panels.size() < most_panels)
                block.panels.push_back(*figure);
        if (block.panels.empty())
            return;
        block.caption = "Losses by epoch, or the likelihood of the validation trials along the "
                        "path of penalties (in dashes: of a model of rates).";
        page.figure(std::move(block));
    }

    std::vector<PageSession> sessions_;
};

} // namespace

PageEntry static_page()
{
    return {.shows = "static connections of a population model",
            .sections = {{650, "Static connectivity of the population"}},
            .options = {},
            .read = [](const PageSource& source) -> std::unique_ptr<PagePart> {
                const auto file = io::open_for_reading(source.path_of(static_name));
                auto sessions = std::vector<PageSession>{};
                for (const auto& head : heads_in(file)) {
                    auto session = PageSession{read_static(file, {head.subject, head.session})};
                    if (session.result.units() > 1)
                        session.shown = shown_pair(session.result);
                    if (source.has(ccg_name))
                        add_correlogram(session, io::open_for_reading(source.path_of(ccg_name)));
                    sessions.push_back(std::move(session));
                }
                return std::make_unique<StaticPart>(std::move(sessions));
            }};
}

} // namespace rewire::jobs
