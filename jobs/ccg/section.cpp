#include "section.hpp"

#include "result.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>

namespace rewire::jobs {

namespace {

constexpr auto most_panels = std::size_t{6};

/// The pair whose peak stands out most, in SD of its flanks.
struct StrongestPair
{
    std::size_t pair = 0;
    double in_sd = 0;
    PairCorrelogram correlogram;
};

struct PageSession
{
    CcgSession result;
    std::optional<StrongestPair> strongest;
};

std::optional<StrongestPair> strongest_of(const io::Handle& file, const CcgSession& session)
{
    auto strongest = StrongestPair{};
    for (std::size_t pair = 0; pair < session.peak.size(); ++pair) {
        const auto in_sd =
            session.flank_sd[pair] > 0 ? session.peak[pair] / session.flank_sd[pair] : 0.0;
        if (in_sd > strongest.in_sd) {
            strongest.pair = pair;
            strongest.in_sd = in_sd;
        }
    }
    if (!(strongest.in_sd > 0))
        return std::nullopt;
    strongest.correlogram = read_correlogram(file, {session.head.subject, session.head.session},
                                             static_cast<std::int64_t>(strongest.pair));
    return strongest;
}

report::Figure correlogram_of(const PageSession& session)
{
    const auto& strongest = *session.strongest;
    const auto& result = session.result;
    const auto unit = [&](const std::vector<std::int32_t>& index) {
        return result.unit_id[static_cast<std::size_t>(index[strongest.pair])];
    };
    auto plot = report::LinePlot{};
    plot.title = fmt::format("{} {}: units {} and {}", result.head.subject, result.head.session,
                             unit(result.pair_i), unit(result.pair_j));
    plot.x.label =
        fmt::format("unit {} after unit {}, ms", unit(result.pair_i), unit(result.pair_j));
    plot.y.label = "coincidences";
    plot.y.low = 0;
    plot.lines.push_back({.name = "observed",
                          .x = strongest.correlogram.lag_ms,
                          .y = strongest.correlogram.count,
                          .half_width = {}});
    if (!strongest.correlogram.expected.empty())
        plot.lines.push_back({.name = "expected under jitter",
                              .x = strongest.correlogram.lag_ms,
                              .y = strongest.correlogram.expected,
                              .half_width = {}});
    plot.size = {420, 270};
    return report::figure_of(plot);
}

report::Figure matrix_of(const CcgSession& session)
{
    auto plot = report::ScatterPlot{};
    plot.title = fmt::format("{} {}", session.head.subject, session.head.session);
    plot.x.label = "post, unit in the order of the file";
    plot.y.label = "pre";
    auto peaks = report::Points{.name = "peak", .x = {}, .y = {}};
    auto troughs = report::Points{.name = "trough", .x = {}, .y = {}};
    for (std::size_t pair = 0; pair < session.significant.size(); ++pair) {
        if (session.significant[pair] == 0)
            continue;
        auto& points = session.significant[pair] > 0 ? peaks : troughs;
        points.x.push_back(session.post[pair] + 1);
        points.y.push_back(session.pre[pair] + 1);
    }
    for (auto* axis : {&plot.x, &plot.y}) {
        axis->whole_numbers = true;
        axis->low = 0;
        axis->high = static_cast<double>(session.unit_id.size()) + 1;
    }
    plot.points = {std::move(peaks), std::move(troughs)};
    plot.diagonal = true;
    return report::figure_of(plot);
}

class CcgPart : public PagePart
{
  public:
    explicit CcgPart(std::vector<PageSession> sessions) : sessions_(std::move(sessions)) {}

    void draw(std::size_t, report::Page& page) const override
    {
        add_counts(page);
        add_correlograms(page);
        add_matrices(page);
    }

    std::vector<LeftOut> left_out() const override
    {
        auto rows = std::vector<LeftOut>{};
        for (const auto& session : sessions_)
            if (session.result.head.status != "ok")
                rows.push_back({session.result.head.subject, session.result.head.session,
                                session.result.head.status});
        return rows;
    }

  private:
    void add_counts(report::Page& page) const
    {
        auto table =
            report::Table{.head = {"animal", "session", "units", "pairs tested",
                                   "peaks by the rule", "troughs by the rule",
                                   "directed peaks, q ≤ 0.05", "directed troughs, q ≤ 0.05"}};
        for (const auto& session : sessions_) {
            const auto& counts = session.result.counts;
            const auto null = !session.result.p_value.empty();
            table.rows.push_back({session.result.head.subject, session.result.head.session,
                                  std::to_string(session.result.unit_id.size()),
                                  std::to_string(counts.tested), std::to_string(counts.peaks),
                                  std::to_string(counts.troughs),
                                  null ? std::to_string(counts.peaks_fdr) : "–",
                                  null ? std::to_string(counts.troughs_fdr) : "–"});
        }
        const auto& first = sessions_.front().result;
        table.caption = fmt::format(
            "Connections. The rule: within 10 ms, {:g} SD of the flanks beyond 50 ms. q: "
            "Benjamini-Hochberg over the pairs and directions of a session, of the strict p "
            "(jitter: {}{}). A peak says that two units coincide beyond their slow rates, not that "
            "one drives the other: a fast common input does the same.",
            first.threshold_sd, first.jitter,
            first.jitter_ms > 0 ? fmt::format(", {:g} ms", first.jitter_ms) : std::string{});
        page.table(std::move(table));
    }

    void add_correlograms(report::Page& page) const
    {
        auto block = report::FigureBlock{.sources = {"ccg.h5"}};
        for (const auto& session : sessions_)
            if (session.strongest && block.panels.size() < most_panels)
                block.panels.push_back(correlogram_of(session));
        if (block.panels.empty())
            return;
        block.caption = fmt::format(
            "The pair of each session whose peak stands out most from its flanks ({}). No band: "
            "expected is exact.",
            block.panels.size() < sessions_.size() ? "the first sessions" : "all sessions");
        page.figure(std::move(block));
    }

    void add_matrices(report::Page& page) const
    {
        auto block = report::FigureBlock{.sources = {"ccg.h5"}};
        for (const auto& session : sessions_)
            if (session.result.counts.peaks + session.result.counts.troughs > 0 &&
                block.panels.size() < most_panels)
                block.panels.push_back(matrix_of(session.result));
        if (block.panels.empty())
            return;
        block.caption = "Pairs called by the rule: which unit leads (pre) and which follows "
                        "(post), each pair once.";
        page.figure(std::move(block));
    }

    std::vector<PageSession> sessions_;
};

} // namespace

PageEntry ccg_page()
{
    return {.shows = "connections between units from correlograms",
            .sections = {{600, "Who drives whom: correlograms"}},
            .options = {},
            .read = [](const PageSource& source) -> std::unique_ptr<PagePart> {
                const auto file = io::open_for_reading(source.path_of(ccg_name));
                auto sessions = std::vector<PageSession>{};
                for (const auto& head : heads_in(file)) {
                    auto session =
                        PageSession{read_ccg(file, {head.subject, head.session}), std::nullopt};
                    session.strongest = strongest_of(file, session.result);
                    sessions.push_back(std::move(session));
                }
                return std::make_unique<CcgPart>(std::move(sessions));
            }};
}

} // namespace rewire::jobs
