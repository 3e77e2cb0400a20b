#include "section.hpp"

#include "result.hpp"

#include <rewire/stats/median.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace rewire::jobs {

namespace {

constexpr auto most_panels = std::size_t{6};

struct PageSession
{
    GlmccSession result;
    std::optional<GlmccStrongest> strongest;
};

std::string title_of(const GlmccSession& session)
{
    return session.head.subject + " " + session.head.session;
}

report::Figure correlogram_of(const PageSession& session)
{
    const auto& strongest = *session.strongest;
    auto plot = report::LinePlot{};
    plot.title = fmt::format("{}: units {} and {}", title_of(session.result), strongest.unit_i,
                             strongest.unit_j);
    plot.x.label = fmt::format("unit {} after unit {}, ms", strongest.unit_i, strongest.unit_j);
    plot.y.label = "coincidences a ms";
    plot.y.low = 0;
    for (const auto& [name, values] :
         {std::pair{"observed", &strongest.count}, std::pair{"background", &strongest.background},
          std::pair{"with couplings", &strongest.fitted}})
        plot.lines.push_back({.name = name, .x = strongest.lag_ms, .y = *values, .half_width = {}});
    plot.size = {420, 270};
    return report::figure_of(plot);
}

report::Figure matrix_of(const GlmccSession& session)
{
    auto plot = report::ScatterPlot{};
    plot.title = title_of(session);
    plot.x.label = "post, unit in the order of the file";
    plot.y.label = "pre";
    auto excitatory = report::Points{.name = "excites", .x = {}, .y = {}};
    auto inhibitory = report::Points{.name = "inhibits", .x = {}, .y = {}};
    const auto units = session.unit_id.size();
    for (std::size_t cell = 0; cell < session.significant.size(); ++cell) {
        if (session.significant[cell] == 0)
            continue;
        auto& points = session.significant[cell] > 0 ? excitatory : inhibitory;
        points.x.push_back(static_cast<double>(cell % units) + 1);
        points.y.push_back(static_cast<double>(cell / units) + 1);
    }
    for (auto* axis : {&plot.x, &plot.y}) {
        axis->whole_numbers = true;
        axis->low = 0;
        axis->high = static_cast<double>(units) + 1;
    }
    plot.points = {std::move(excitatory), std::move(inhibitory)};
    plot.diagonal = true;
    return report::figure_of(plot);
}

class GlmccPart : public PagePart
{
  public:
    explicit GlmccPart(std::vector<PageSession> sessions) : sessions_(std::move(sessions)) {}

    void draw(std::size_t, report::Page& page) const override
    {
        add_counts(page);
        add_panels(page);
    }

    std::vector<LeftOut> left_out() const override
    {
        return left_out_of(
            sessions_,
            [](const PageSession& session) -> const auto& { return session.result.head; });
    }

  private:
    void add_counts(report::Page& page) const
    {
        auto table = report::Table{
            .head = {"animal", "session", "units", "directions tested", "excitatory", "inhibitory",
                     "by chance", "background ratio, median", "largest", "pairs above 2"}};
        for (const auto& session : sessions_) {
            const auto& result = session.result;
            const auto& ratio = result.background_ratio;
            const auto level = result.mode == "lr" ? glmcc_likelihood_level : glmcc_level;
            table.rows.push_back(
                {result.head.subject, result.head.session, std::to_string(result.unit_id.size()),
                 std::to_string(result.counts.directions), std::to_string(result.counts.excitatory),
                 std::to_string(result.counts.inhibitory),
                 fmt::format("{:.1f}", level * static_cast<double>(result.counts.directions)),
                 ratio.empty() ? "–" : fmt::format("{:.2f}", stats::median(ratio)),
                 ratio.empty()
                     ? "–"
                     : fmt::format("{:.3g}", *std::max_element(ratio.begin(), ratio.end())),
                 std::to_string(result.counts.slow_changes)});
        }
        const auto& first = sessions_.front().result;
        table.caption = fmt::format(
            "Couplings ({}, delay {}). By chance: directions that would come out significant "
            "without any coupling, {:g} of those tested. Background ratio: largest over smallest "
            "rate of the background that was fitted within 50 ms, slow changes that both units of "
            "a pair share. A coupling says that one unit fires within milliseconds of the other "
            "more than this background; a common input as fast as a synapse does the same.",
            first.mode == "lr" ? "significant by likelihood" : "significant by size", first.delay,
            first.mode == "lr" ? glmcc_likelihood_level : glmcc_level);
        page.table(std::move(table));
    }

    void add_panels(report::Page& page) const
    {
        auto correlograms = report::FigureBlock{.sources = {"glmcc.h5"}};
        auto matrices = report::FigureBlock{.sources = {"glmcc.h5"}};
        for (const auto& session : sessions_) {
            if (!session.strongest || matrices.panels.size() >= most_panels)
                continue;
            correlograms.panels.push_back(correlogram_of(session));
            matrices.panels.push_back(matrix_of(session.result));
        }
        if (matrices.panels.empty())
            return;
        correlograms.caption = "The pair of each session whose coupling is largest for its "
                               "threshold: counts and the model fitted to them.";
        matrices.caption = "Directions with a significant coupling.";
        page.figure(std::move(correlograms));
        page.figure(std::move(matrices));
    }

    std::vector<PageSession> sessions_;
};

} // namespace

PageEntry glmcc_page()
{
    return {.shows = "synaptic couplings between units",
            .sections = {{610, "Synaptic couplings"}},
            .options = {},
            .read = [](const PageSource& source) -> std::unique_ptr<PagePart> {
                const auto file = io::open_for_reading(source.path_of(glmcc_name));
                auto sessions = std::vector<PageSession>{};
                for (const auto& head : heads_in(file)) {
                    const auto name = SessionName{head.subject, head.session};
                    sessions.push_back({read_glmcc(file, name), read_glmcc_strongest(file, name)});
                }
                return std::make_unique<GlmccPart>(std::move(sessions));
            }};
}

} // namespace rewire::jobs
