#include "section.hpp"

#include "result.hpp"

#include <fmt/format.h>

#include <cmath>

namespace rewire::jobs {

namespace {

constexpr auto most_sessions = std::size_t{4};

/// Of the array [method, counting, sign, place]: directed, one sign.
std::vector<double> curve_of(const CompareSession& session, const std::vector<double>& values,
                             std::size_t method, std::size_t sign)
{
    const auto places =
        values.size() / (session.methods.size() * session.counting.size() * session.sign.size());
    const auto first = (method * session.counting.size() * session.sign.size() + sign) * places;
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
    return {begin, begin + static_cast<std::ptrdiff_t>(places)};
}

report::Figure curves_of(const CompareSession& session, std::size_t sign, bool by_factor)
{
    auto plot = report::LinePlot{};
    plot.title =
        fmt::format("{} {}: {}", session.head.subject, session.head.session, session.sign[sign]);
    plot.x.label =
        by_factor ? "threshold over the method's own" : "least coincidences by chance (alpha_p)";
    plot.y.label = "MCC, directed";
    plot.y.high = 1;
    for (std::size_t method = 0; method < session.methods.size(); ++method)
        plot.lines.push_back(
            {.name = session.methods[method],
             .x = by_factor ? session.factor : session.min_pair_spikes,
             .y = curve_of(session, by_factor ? session.mcc_by_factor : session.mcc_by_pair_spikes,
                           method, sign),
             .half_width = {}});
    plot.reference = 0;
    plot.size = {340, 260};
    return report::figure_of(plot);
}

class ComparePart : public PagePart
{
  public:
    explicit ComparePart(std::vector<CompareSession> sessions) : sessions_(std::move(sessions)) {}

    void draw(std::size_t, report::Page& page) const override
    {
        add_table(page);
        add_curves(page);
        add_relations(page);
    }

    std::vector<LeftOut> left_out() const override
    {
        return left_out_of(
            sessions_, [](const auto& session) -> const auto& { return session.head; });
    }

  private:
    std::string against() const
    {
        return sessions_.front().truth == planted_truth ? "the connections that were planted"
                                                        : "the calls of " + sessions_.front().truth;
    }

    void add_table(report::Page& page) const
    {
        auto table = report::Table{.head = {"animal", "session", "method", "its threshold",
                                            "MCC excitatory", "inhibitory", "mean",
                                            "MCC excitatory, pairs", "inhibitory, pairs"}};
        for (const auto& session : sessions_)
            for (std::size_t method = 0; method < session.methods.size(); ++method) {
                const auto first = method * session.counting.size() * session.sign.size();
                const auto mcc = [&](std::size_t counting, std::size_t sign) {
                    return session.method_mcc[first + counting * session.sign.size() + sign];
                };
                if (std::isnan(session.method_threshold[method]))
                    continue;
                table.rows.push_back(
                    {session.head.subject, session.head.session, session.methods[method],
                     fmt::format("{:.3g} ({})", session.method_threshold[method],
                                 session.measure[method]),
                     fmt::format("{:.3f}", mcc(0, 0)), fmt::format("{:.3f}", mcc(0, 1)),
                     fmt::format("{:.3f}", (mcc(0, 0) + mcc(0, 1)) / 2),
                     fmt::format("{:.3f}", mcc(1, 0)), fmt::format("{:.3f}", mcc(1, 1))});
            }
        table.caption = fmt::format(
            "Matthews correlation of what each method calls with {}. Every ordered pair counts; in "
            "the last two columns, as in the paper, a pair without any connection counts once.",
            against());
        page.table(std::move(table));
    }

    void add_curves(report::Page& page) const
    {
        auto by_threshold = report::FigureBlock{.sources = {"compare.h5"}};
        auto by_chance = report::FigureBlock{.sources = {"compare.h5"}};
        for (const auto& session : sessions_) {
            if (session.head.status != "ok" || by_threshold.panels.size() >= 2 * most_sessions)
                continue;
            for (const std::size_t sign : {0U, 1U}) {
                by_threshold.panels.push_back(curves_of(session, sign, true));
                by_chance.panels.push_back(curves_of(session, sign, false));
            }
        }
        if (by_threshold.panels.empty())
            return;
        by_threshold.caption = fmt::format(
            "MCC with {} over the threshold (alpha_w), as factors of each method's own; all tested "
            "pairs.",
            against());
        by_chance.caption = "MCC at each method's own threshold, of the pairs of which chance "
                            "gives so many coincidences within 10 ms or more (alpha_p).";
        page.figure(std::move(by_threshold));
        page.figure(std::move(by_chance));
    }

    void add_relations(report::Page& page) const
    {
        auto table = report::Table{.head = {"animal", "session", "method"}};
        for (const auto& session : sessions_) {
            if (session.head.status != "ok")
                continue;
            if (table.head.size() == 3)
                for (const auto& relation : session.relation)
                    table.head.push_back(relation);
            for (std::size_t method = 0; method < session.methods.size(); ++method) {
                auto row = std::vector<std::string>{session.head.subject, session.head.session,
                                                    session.methods[method]};
                for (std::size_t k = 0; k < session.relation.size(); ++k)
                    row.push_back(fmt::format(
                        "{} of {}", session.method_found[method * session.relation.size() + k],
                        session.directions[k]));
                table.rows.push_back(std::move(row));
            }
        }
        if (table.rows.empty())
            return;
        table.caption =
            "Directions that are called, by how they lie in the true network. A jitter null says "
            "that spikes coincide beyond slow rates: it does not exclude a fast common input or a "
            "path over another unit, nor does the background of a coupling.";
        page.table(std::move(table));
    }

    std::vector<CompareSession> sessions_;
};

} // namespace

PageEntry compare_page()
{
    return {.shows = "how methods agree with each other or with a known truth",
            .sections = {{640, "Methods compared"}},
            .options = {},
            .read = [](const PageSource& source) -> std::unique_ptr<PagePart> {
                const auto file = io::open_for_reading(source.path_of(compare_name));
                auto sessions = std::vector<CompareSession>{};
                for (const auto& head : heads_in(file))
                    sessions.push_back(read_comparison(file, {head.subject, head.session}));
                return std::make_unique<ComparePart>(std::move(sessions));
            }};
}

} // namespace rewire::jobs
