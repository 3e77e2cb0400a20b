#include "section.hpp"

#include "result.hpp"

#include <rewire/report/heat_map.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace rewire::jobs {

namespace {

constexpr auto most_sessions = std::size_t{4};

/// The pair of a session whose normalised correlogram is farthest from 0.
struct ShownPair
{
    std::int64_t pair = 0;
    std::vector<double> normalised;
    std::vector<double> conditional;
};

struct PageSession
{
    JpsthSession result;
    std::optional<ShownPair> shown;
};

std::optional<ShownPair> shown_of(const io::Handle& file, const JpsthSession& session)
{
    if (session.pair_i.empty())
        return std::nullopt;
    const auto strongest =
        std::max_element(session.correlogram.begin(), session.correlogram.end(),
                         [](double a, double b) { return std::abs(a) < std::abs(b); });
    auto shown = ShownPair{};
    shown.pair = (strongest - session.correlogram.begin()) / std::ssize(session.delay_ms);
    const auto name = SessionName{session.head.subject, session.head.session};
    shown.normalised = read_jpsth_matrix(file, name, "normalised", shown.pair);
    shown.conditional = read_jpsth_matrix(file, name, "conditional_smoothed", shown.pair);
    return shown;
}

double largest_size(const std::vector<double>& values)
{
    auto largest = 0.0;
    for (const auto value : values)
        if (std::isfinite(value))
            largest = std::max(largest, std::abs(value));
    return largest;
}

/// Matrices are drawn with time across and the other axis upwards.
report::Figure map_of(const PageSession& session, const std::vector<double>& matrix,
                      const std::string& what, bool around_zero)
{
    const auto& result = session.result;
    const auto unit = [&](const std::vector<std::int64_t>& index) {
        return result.unit_id[static_cast<std::size_t>(
            index[static_cast<std::size_t>(session.shown->pair)])];
    };
    auto plot = report::HeatMap{};
    plot.title = fmt::format("{} {}, units {}, {}: {}", result.head.subject, result.head.session,
                             unit(result.pair_i), unit(result.pair_j), what);
    plot.x.label = fmt::format("time of unit {}, s", unit(result.pair_i));
    plot.y.label = result.full ? fmt::format("time of unit {}, s", unit(result.pair_j))
                               : fmt::format("unit {} after it, ms", unit(result.pair_j));
    plot.column = result.time_s;
    plot.row = result.full ? result.time_s : result.delay_ms;
    const auto columns = plot.row.size();
    for (std::size_t row = 0; row < columns; ++row)
        for (std::size_t time = 0; time < result.time_s.size(); ++time)
            plot.value.push_back(matrix[time * columns + row]);
    plot.high = std::max(largest_size(plot.value), 1e-9);
    plot.low = around_zero ? -plot.high : 0;
    plot.size = {400, 280};
    return report::figure_of(plot);
}

class JpsthPagePart : public PagePart
{
  public:
    explicit JpsthPagePart(std::vector<PageSession> sessions) : sessions_(std::move(sessions)) {}

    void draw(std::size_t, report::Page& page) const override
    {
        auto table = report::Table{.head = {"animal", "session", "pairs", "trials", "bin, ms",
                                            "components of the PSTHs", "per unit"}};
        auto normalised = report::FigureBlock{.sources = {"jpsth.h5"}};
        auto conditional = report::FigureBlock{.sources = {"jpsth.h5"}};
        for (const auto& session : sessions_) {
            const auto& result = session.result;
            const auto ok = result.head.status == "ok";
            table.rows.push_back(
                {result.head.subject, result.head.session, std::to_string(result.pair_i.size()),
                 std::to_string(result.trials), fmt::format("{:g}", result.bin_ms),
                 ok ? std::to_string(result.dimensionality) : "–",
                 ok ? fmt::format("{:.3f}", result.normalised_dimensionality) : "–"});
            if (!session.shown || normalised.panels.size() >= most_sessions)
                continue;
            normalised.panels.push_back(
                map_of(session, session.shown->normalised, "normalised", true));
            conditional.panels.push_back(
                map_of(session, session.shown->conditional, "conditional", false));
        }
        table.caption =
            "Pairs whose joint histograms over the trial are in the result, and how many "
            "principal components hold 95 % of the variance of all PSTHs, and that "
            "over the units that vary.";
        page.table(std::move(table));
        if (normalised.panels.empty())
            return;
        normalised.key = report::colour_key("normalised", "- largest", "+ largest", 32);
        normalised.caption =
            "Of each session the pair whose normalised correlogram is farthest from 0: joint "
            "histogram minus what the PSTHs predict, over the standard deviations; middle colour: "
            "0.";
        conditional.key = report::colour_key("probability", "0", "largest", 32);
        conditional.caption = "The same pair: probability that the second unit fires given that "
                              "the first does, averaged along the diagonal. Without subtraction: "
                              "the second unit's PSTH shows in it.";
        page.figure(std::move(normalised));
        page.figure(std::move(conditional));
    }

    std::vector<LeftOut> left_out() const override
    {
        return left_out_of(
            sessions_,
            [](const PageSession& session) -> const auto& { return session.result.head; });
    }

  private:
    std::vector<PageSession> sessions_;
};

} // namespace

PageEntry jpsth_page()
{
    return {.shows = "joint histograms of pairs over the trial",
            .sections = {{620, "Connections over the trial"}},
            .options = {},
            .read = [](const PageSource& source) -> std::unique_ptr<PagePart> {
                const auto file = io::open_for_reading(source.path_of(jpsth_name));
                auto sessions = std::vector<PageSession>{};
                for (const auto& head : heads_in(file)) {
                    auto session =
                        PageSession{read_jpsth(file, {head.subject, head.session}), std::nullopt};
                    session.shown = shown_of(file, session.result);
                    sessions.push_back(std::move(session));
                }
                return std::make_unique<JpsthPagePart>(std::move(sessions));
            }};
}

} // namespace rewire::jobs
