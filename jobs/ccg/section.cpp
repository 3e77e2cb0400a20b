#include "section.hpp"

#include "result.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto most_panels = std::size_t{6};

/// A pair with its correlogram.
struct ShownPair
{
    std::size_t pair = 0;
    PairCorrelogram correlogram;
};

struct PageSession
{
    CcgSession result;
    std::optional<ShownPair> strongest; ///< whose peak stands out most, in SD of its flanks
    std::optional<ShownPair> chosen;    ///< that was asked for
};

ShownPair shown(const io::Handle& file, const CcgSession& session, std::size_t pair)
{
    return {pair, read_correlogram(file, {session.head.subject, session.head.session},
                                   static_cast<std::int64_t>(pair))};
}

std::optional<ShownPair> strongest_of(const io::Handle& file, const CcgSession& session)
{
    if (session.strongest_pair < 0)
        return std::nullopt;
    return shown(file, session, static_cast<std::size_t>(session.strongest_pair));
}

/// The pair of these two units, in either order; nothing where the session does not have both.
std::optional<ShownPair> pair_of(const io::Handle& file, const CcgSession& session,
                                 const std::string& first, const std::string& second)
{
    for (std::size_t pair = 0; pair < session.pair_i.size(); ++pair) {
        const auto& i = session.unit_id[static_cast<std::size_t>(session.pair_i[pair])];
        const auto& j = session.unit_id[static_cast<std::size_t>(session.pair_j[pair])];
        if ((i == first && j == second) || (i == second && j == first))
            return shown(file, session, pair);
    }
    return std::nullopt;
}

/// Half width of the 95 % of Poisson counts of these means.
std::vector<double> poisson_half_width(const std::vector<double>& mean)
{
    constexpr auto normal_95 = 1.96;
    auto half = std::vector<double>{};
    for (const auto value : mean)
        half.push_back(normal_95 * std::sqrt(value));
    return half;
}

/// What the largest deviations of surrogates stay within, where they were drawn.
void add_band(report::LinePlot& plot, const CcgSession& session, const ShownPair& pair)
{
    if (!session.band || static_cast<std::int64_t>(pair.pair) != session.strongest_pair)
        return;
    for (const auto sign : {1, -1}) {
        auto line = report::Line{.name = sign > 0 ? "95 % of surrogates, at all lags" : "",
                                 .x = {},
                                 .y = {},
                                 .half_width = {},
                                 .colour = 2};
        for (std::size_t k = 0; k < pair.correlogram.lag_ms.size(); ++k) {
            const auto lag_ms = pair.correlogram.lag_ms[k];
            const auto expected = pair.correlogram.expected[k];
            const auto& limit = sign > 0 ? session.band->peak : session.band->trough;
            const auto z = limit[lag_ms < 0 ? 0 : 1];
            if (lag_ms == 0 || std::abs(lag_ms) > peak_ms + 1e-9 || !std::isfinite(z))
                continue;
            line.x.push_back(lag_ms);
            line.y.push_back(std::max(0.0, expected + sign * z * std::sqrt(expected)));
        }
        if (!line.x.empty())
            plot.lines.push_back(std::move(line));
    }
}

report::Figure correlogram_of(const CcgSession& result, const ShownPair& strongest)
{
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
                              .half_width = poisson_half_width(strongest.correlogram.expected)});
    add_band(plot, result, strongest);
    plot.size = {420, 270};
    return report::figure_of(plot);
}

/// Places of the units on the axes of the matrix, from 1: by area in the order of the hierarchy,
/// then by layer, where these are known.
std::vector<double> places_of(const CcgSession& session)
{
    const auto units = session.unit_id.size();
    auto order = std::vector<std::size_t>(units);
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (!session.areas.area.empty())
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            // Units of no known area, -1, come last.
            const auto place = [&](std::size_t unit) {
                const auto area = static_cast<std::uint64_t>(session.areas.unit_area[unit]);
                return std::pair{area, session.areas.unit_layer[unit]};
            };
            return place(a) < place(b);
        });
    auto places = std::vector<double>(units);
    for (std::size_t k = 0; k < units; ++k)
        places[order[k]] = static_cast<double>(k + 1);
    return places;
}

/// Directed peaks that are above 0 in both halves of the session, of those with an estimate there.
std::string in_both_halves(const CcgSession& session)
{
    auto both = std::int64_t{0};
    auto all = std::int64_t{0};
    for (std::size_t at = 0; at < session.q_value.size(); ++at) {
        const auto first = session.half_peak[2 * at];
        const auto second = session.half_peak[2 * at + 1];
        if (!(session.q_value[at] <= ccg_level) || std::isnan(first) || std::isnan(second))
            continue;
        ++all;
        both += first > 0 && second > 0;
    }
    return fmt::format("{} of {}", both, all);
}

/// pre and post of the calls of a sign: by the rule, or the directions with q <= ccg_level.
report::Points calls_of(const CcgSession& session, int sign, bool by_rate)
{
    const auto place = places_of(session);
    auto points = report::Points{.name = sign > 0 ? "peak" : "trough", .x = {}, .y = {}};
    const auto add = [&](std::int32_t pre, std::int32_t post) {
        points.x.push_back(place[static_cast<std::size_t>(post)]);
        points.y.push_back(place[static_cast<std::size_t>(pre)]);
    };
    const auto& q = sign > 0 ? session.q_value : session.q_trough;
    for (std::size_t pair = 0; pair < session.significant.size(); ++pair) {
        const auto i = session.pair_i[pair];
        const auto j = session.pair_j[pair];
        if (!by_rate) {
            if (session.significant[pair] == sign)
                add(session.pre[pair], session.post[pair]);
            continue;
        }
        if (q[2 * pair] <= ccg_level)
            add(i, j);
        if (q[2 * pair + 1] <= ccg_level)
            add(j, i);
    }
    return points;
}

report::Figure matrix_of(const CcgSession& session, bool by_rate)
{
    auto plot = report::ScatterPlot{};
    plot.title = fmt::format("{} {}", session.head.subject, session.head.session);
    plot.x.label = session.areas.area.empty() ? "post, unit in the order of the file"
                                              : "post, unit by area and layer";
    plot.y.label = "pre";
    for (auto* axis : {&plot.x, &plot.y}) {
        axis->whole_numbers = true;
        axis->low = 0;
        axis->high = static_cast<double>(session.unit_id.size()) + 1;
    }
    plot.points = {calls_of(session, 1, by_rate), calls_of(session, -1, by_rate)};
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
        add_delays(page);
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
            .head = {"animal", "session", "units", "pairs tested", "peaks by the rule",
                     "troughs by the rule", "of these on ≤ 10 chance coincidences",
                     "of these with a unit of ≤ 1 Hz", "directed peaks, q ≤ 0.05",
                     "directed troughs, q ≤ 0.05", "such peaks in both halves"}};
        for (const auto& session : sessions_) {
            const auto& counts = session.result.counts;
            const auto null = !session.result.p_value.empty();
            table.rows.push_back({session.result.head.subject, session.result.head.session,
                                  std::to_string(session.result.unit_id.size()),
                                  std::to_string(counts.tested), std::to_string(counts.peaks),
                                  std::to_string(counts.troughs), std::to_string(counts.few),
                                  std::to_string(counts.slow),
                                  null ? std::to_string(counts.peaks_fdr) : "–",
                                  null ? std::to_string(counts.troughs_fdr) : "–",
                                  null ? in_both_halves(session.result) : "–"});
        }
        const auto& first = sessions_.front().result;
        table.caption = fmt::format(
            "Connections. The rule: within 10 ms, {:g} SD of the flanks beyond 50 ms; the paper "
            "asks for units of more than 1 Hz and more than 10 coincidences by chance, as "
            "--min-rate-hz and --min-pair-spikes do. q: "
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
                block.panels.push_back(correlogram_of(session.result, *session.strongest));
        if (block.panels.empty())
            return;
        constexpr auto band = "Band: 95 % of the Poisson counts of the expected mean, at a single "
                              "lag; the mean is exact.";
        const auto drawn =
            std::any_of(sessions_.begin(), sessions_.end(),
                        [](const PageSession& session) { return session.result.band.has_value(); });
        block.caption = fmt::format(
            "The tested pair of each session whose peak stands out most from its flanks ({}). {}{}",
            block.panels.size() < sessions_.size() ? "the first sessions" : "all sessions", band,
            drawn ? " Lines within 10 ms: what 95 % of the surrogates stay within at all lags of a "
                    "direction, one of the trains jittered."
                  : "");
        page.figure(std::move(block));

        auto chosen = report::FigureBlock{.sources = {"ccg.h5"}};
        chosen.caption = fmt::format("The pair that was asked for. {}", band);
        for (const auto& session : sessions_)
            if (session.chosen && chosen.panels.size() < most_panels)
                chosen.panels.push_back(correlogram_of(session.result, *session.chosen));
        if (!chosen.panels.empty())
            page.figure(std::move(chosen));
    }

    void add_matrices(report::Page& page) const
    {
        const auto add = [&](bool by_rate, const char* caption) {
            auto block = report::FigureBlock{.sources = {"ccg.h5"}};
            for (const auto& session : sessions_) {
                const auto& counts = session.result.counts;
                const auto calls =
                    by_rate ? counts.peaks_fdr + counts.troughs_fdr : counts.peaks + counts.troughs;
                if (calls > 0 && block.panels.size() < most_panels)
                    block.panels.push_back(matrix_of(session.result, by_rate));
            }
            block.caption = caption;
            if (!block.panels.empty())
                page.figure(std::move(block));
        };
        add(true, "Directions with q ≤ 0.05: which unit leads (pre) and which follows (post). Of "
                  "peaks 5 % are expected to be false, and of troughs 5 %.");
        add(false, "Pairs called by the rule: which unit leads (pre) and which follows (post), "
                   "each pair once.");
    }

    void add_delays(report::Page& page) const
    {
        auto block = report::FigureBlock{.sources = {"ccg.h5"}};
        auto table = delays_table();
        for (const auto& session : sessions_) {
            const auto& head = session.result.head;
            const auto& areas = session.result.areas;
            if (areas.delay_ms.empty())
                continue;
            add_delays_row(table, head, areas);
            if (block.panels.size() < most_panels)
                block.panels.push_back(delays_figure(head.subject + " " + head.session, areas));
        }
        if (table.rows.empty())
            return;
        table.caption = "Delays between areas against their places in the hierarchy. Delay: median "
                        "lag of the peaks that the rule calls between two areas, positive where "
                        "the first leads. p: two-sided, from permutations of the scores over the "
                        "areas, since pairs of areas share areas.";
        block.caption = "Median delay against the difference of the hierarchy scores, a point a "
                        "pair of areas.";
        page.table(std::move(table));
        page.figure(std::move(block));
    }

    std::vector<PageSession> sessions_;
};

/// Of --correlogram-of. @throws UsageError
std::optional<std::pair<std::string, std::string>> chosen_units_of(const runtime::Options& options)
{
    const auto text = options.text("correlogram-of");
    if (text.empty())
        return std::nullopt;
    const auto ids = base::split(text, ',');
    if (ids.size() != 2)
        throw base::UsageError("not two ids of units: " + text, "--correlogram-of",
                               "such as --correlogram-of 12,37");
    return std::pair{base::trimmed(ids[0]), base::trimmed(ids[1])};
}

} // namespace

PageEntry ccg_page()
{
    return {
        .shows = "connections between units from correlograms",
        .sections = {{600, "Who drives whom: correlograms"}},
        .options = {{.name = "correlogram-of",
                     .help = "ids of two units, such as 12,37: their correlogram is drawn, too, "
                             "in the sessions that have both"}},
        .read = [](const PageSource& source) -> std::unique_ptr<PagePart> {
            const auto units = chosen_units_of(source.options);
            const auto file = io::open_for_reading(source.path_of(ccg_name));
            auto sessions = std::vector<PageSession>{};
            for (const auto& head : heads_in(file)) {
                auto session = PageSession{read_ccg(file, {head.subject, head.session}),
                                           std::nullopt, std::nullopt};
                session.strongest = strongest_of(file, session.result);
                if (units)
                    session.chosen = pair_of(file, session.result, units->first, units->second);
                sessions.push_back(std::move(session));
            }
            if (units && std::none_of(sessions.begin(), sessions.end(),
                                      [](const auto& one) { return one.chosen.has_value(); }))
                throw base::UsageError(fmt::format("no session has a pair of the units {} and "
                                                   "{}",
                                                   units->first, units->second),
                                       "--correlogram-of",
                                       "ids are those that the exported table lists as pre "
                                       "and post");
            return std::make_unique<CcgPart>(std::move(sessions));
        }};
}

} // namespace rewire::jobs
