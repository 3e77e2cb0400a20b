#include "section.hpp"

#include "jobs/frame/page_series.hpp"
#include "result.hpp"

#include <rewire/base/text.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace rewire::jobs {

namespace {

const MovementSummary* first_tested(const MovementsSummary& data)
{
    const auto tested =
        std::find_if(data.sessions.begin(), data.sessions.end(),
                     [](const MovementSummary& session) { return session.untestable().empty(); });
    return tested == data.sessions.end() ? nullptr : &*tested;
}

std::string settings_of(const MovementSummary& session)
{
    return fmt::format("{} of {}", report::counted(session.shuffles, "shuffle"),
                       session.units == "frames" ? "movement epochs among single quiescent frames"
                                                 : "whole movement and quiescent epochs");
}

/// What share of unrelated neurons a level calls, which is not one minus the level where ranks come
/// in large steps.
std::string chance_of(const MovementsSummary& data, double level)
{
    auto low = 1.0;
    auto high = 0.0;
    auto sessions = std::int64_t{0};
    auto without = std::int64_t{0};
    auto largest = 0.0;
    auto restless = std::int64_t{0}; // sessions in which no neuron can be related to quiescence
    auto smallest = 1.0;
    for (const auto& session : data.sessions) {
        if (!session.untestable().empty())
            continue;
        ++sessions;
        if (session.ranks().share_below(level) == 0) {
            ++restless;
            smallest = std::min(smallest, session.ranks().smallest_rank());
        }
        const auto chance = session.ranks().share_above(level);
        if (chance == 0) {
            ++without;
            largest = std::max(largest, session.ranks().largest_rank());
            continue;
        }
        low = std::min(low, chance);
        high = std::max(high, chance);
    }
    const auto nominal = 1 - level;
    auto text = std::string{};
    if (high > 0 && low > 0.8 * nominal && high < 1.2 * nominal)
        text = fmt::format("A level of {:g} calls about {:.2g} % of neurons that have nothing to "
                           "do with movement.",
                           level, 100 * nominal);
    else if (high > 0)
        text = fmt::format(
            "The ranks of these shuffles are too coarse for a level of {:g}: it calls {} % of "
            "neurons that have nothing to do with movement, not {:.2g} %. More shuffles help only "
            "where there are more distinct ones.",
            level,
            high - low < 1e-6 ? fmt::format("{:.2g}", 100 * high)
                              : fmt::format("{:.2g}–{:.2g}", 100 * low, 100 * high),
            100 * nominal);
    const auto add = [&](const std::string& more) { text += (text.empty() ? "" : " ") + more; };
    if (without > 0)
        add(fmt::format("In {} of {} the shuffles are so much alike that no neuron can reach above "
                        "{:g} (the largest rank possible is {:.4g}): no value there.",
                        without, report::counted(sessions, "session"), level, largest));
    if (restless > 0)
        add(fmt::format("In {} of {} no neuron can rank below {:g} (the smallest rank possible is "
                        "{:.4g}): no value of quiescence there.",
                        restless, report::counted(sessions, "session"), nominal, smallest));
    return text;
}

bool has_value(const std::vector<AnimalSeries>& animals)
{
    return std::any_of(animals.begin(), animals.end(), [](const AnimalSeries& animal) {
        return std::any_of(animal.value.begin(), animal.value.end(),
                           [](double value) { return std::isfinite(value); });
    });
}

void add_fractions(report::Page& page, const MovementsSummary& data, const MovementSummary& tested)
{
    auto block = report::FigureBlock{.sources = {"movement.h5"}, .numbers = table_of_means()};
    const auto panel = [&](const std::string& title, const std::string& label, auto value) {
        const auto series = series_by_session(data.sessions, value);
        if (!has_value(series))
            return;
        auto plot = report::LinePlot{};
        plot.title = title;
        plot.x = {.label = "session", .whole_numbers = true};
        plot.y = {.label = label, .low = 0};
        plot.lines = lines_of_groups(series);
        block.panels.push_back(report::figure_of(plot));
        add_rows(block.numbers, label + ", " + title, series);
    };
    for (std::size_t level = 0; level < tested.level.size(); ++level)
        panel(fmt::format("rank > {:g}", tested.level[level]), "movement-related",
              [&](const MovementSummary& session) { return session.fraction(level); });
    if (!tested.quiescent.empty())
        for (std::size_t level = 0; level < tested.level.size(); ++level)
            panel(
                fmt::format("rank < {:g}", 1 - tested.level[level]), "quiescence-related",
                [&](const MovementSummary& session) { return session.quiescent_fraction(level); });
    auto chances = std::vector<std::string>{};
    for (const auto level : tested.level)
        chances.push_back(chance_of(data, level));
    block.caption = fmt::format(
        "Fraction of the tested neurons whose mean activity in movement lies above the given rank "
        "among {} (or below, for quiescence). {} n = {}. {} Levels are not corrected over neurons. "
        "Sessions that could not be tested have no value: section “Left out, and why”.",
        settings_of(tested), band_note,
        counts_of_groups(series_by_session(
            data.sessions, [](const MovementSummary& session) { return session.fraction(0); })),
        base::joined(chances, " "));
    if (block.panels.empty())
        page.paragraph(block.caption);
    else
        page.figure(std::move(block));
}

void add_ranks(report::Page& page, const MovementsSummary& data, const MovementSummary& tested)
{
    constexpr auto bins = 40;
    auto groups = std::set<std::string>{};
    for (const auto& session : data.sessions)
        if (session.untestable().empty())
            groups.insert(session.place.group);
    auto block = report::FigureBlock{.sources = {"movement.h5"}};
    for (const auto& group : groups) {
        auto ranks = std::vector<double>{};
        for (const auto& session : data.sessions)
            if (session.place.group == group && session.untestable().empty())
                std::copy_if(session.p_rank.begin(), session.p_rank.end(),
                             std::back_inserter(ranks), [](double p) { return std::isfinite(p); });
        auto plot = report::uniform_histogram(report::binned(ranks, 0, 1, bins));
        plot.title = group;
        plot.x = {.label = "rank of movement activity among shuffles"};
        plot.y_label = "neurons x sessions";
        plot.expected_label = "no relation to movement";
        plot.mark = tested.level.front();
        plot.mark_label = fmt::format("level {:g}", tested.level.front());
        plot.size = {400, 280};
        block.panels.push_back(report::figure_of(plot));
    }
    block.caption = fmt::format(
        "Rank of every neuron's mean activity in movement among {}, all tested sessions of all "
        "animals "
        "of the group together. Were no neuron related to movement, ranks would be uniform "
        "(dashed). "
        "Neurons without activity tie with every shuffle and stand at 0.5. No band: neurons of a "
        "session are not independent.",
        settings_of(tested));
    page.figure(std::move(block));
}

void add_nulls(report::Page& page, const MovementsSummary& data)
{
    page.subsection("The null of a neuron");
    const auto which =
        data.null_session.empty() ? std::string("any session") : "session " + data.null_session;
    if (data.neuron_nulls.empty()) {
        page.paragraph(fmt::format("movement.h5 holds no null of a neuron of {}: there is nothing "
                                   "to draw.",
                                   which));
        return;
    }
    auto block = report::FigureBlock{.sources = {"movement.h5"}};
    auto parts = std::vector<std::string>{};
    const auto events = first_tested(data)->activity != "dff";
    for (const auto& neuron : data.neuron_nulls) {
        auto plot = report::null_histogram(neuron.null, neuron.score);
        plot.title =
            fmt::format("{}, {}, neuron {}", neuron.subject, neuron.session, neuron.neuron);
        plot.x.label =
            fmt::format("mean {}in movement ({})", events ? "of events " : "", neuron.unit);
        plot.size = {340, 262};
        block.panels.push_back(report::figure_of(plot));
        const auto kept = static_cast<std::int64_t>(neuron.null.size());
        parts.push_back(
            fmt::format("{}, session {}, neuron {}: rank {} among {}; histogram of {}.",
                        neuron.subject, neuron.session, neuron.neuron,
                        report::number(neuron.p_rank), report::counted(neuron.shuffles, "shuffle"),
                        kept < neuron.shuffles ? "the first " + report::grouped(kept) + " of them"
                                               : std::string("all of them")));
    }
    block.caption = fmt::format(
        "Activity of a neuron in movement (line) against the same under shuffles of the epochs "
        "(histogram). Of every animal {}, and of that session the neuron with the highest rank, "
        "the only one whose null is kept: an example chosen for being extreme. --null-session "
        "chooses another session. Ranks go from 0 (below all shuffles) to 1 (above all). {}",
        data.null_session.empty() ? "the last session that has a null"
                                  : "session " + data.null_session,
        base::joined(parts, " "));
    page.figure(std::move(block));
}

void add_untested(report::Page& page, const MovementsSummary& data)
{
    auto table = report::Table{
        .head = {"animal", "session", "neurons", "not tested"},
        .caption = "Neurons that were not tested for movement: their activity has missing values. "
                   "They count neither as related nor as unrelated."};
    for (const auto& session : data.sessions)
        if (session.untestable().empty() && session.untested > 0)
            table.rows.push_back({session.place.subject, session.place.session,
                                  std::to_string(session.neurons),
                                  fmt::format("{} ({:.1f} %)", session.untested,
                                              100.0 * static_cast<double>(session.untested) /
                                                  static_cast<double>(session.neurons))});
    if (!table.rows.empty())
        page.table(std::move(table));
}

class MovementPart : public PagePart
{
  public:
    explicit MovementPart(MovementsSummary data) : data_(std::move(data)) {}

    void draw(std::size_t, report::Page& page) const override
    {
        const auto* tested = first_tested(data_);
        if (tested == nullptr) {
            page.paragraph("No session was tested; section “Left out, and why” says why.");
            return;
        }
        add_fractions(page, data_, *tested);
        add_ranks(page, data_, *tested);
        add_nulls(page, data_);
    }

    std::vector<LeftOut> left_out() const override
    {
        auto rows = std::vector<LeftOut>{};
        for (const auto& session : data_.sessions) {
            auto why = session.untestable();
            for (std::size_t level = 0; level < session.level.size() && why.empty(); ++level)
                if (session.ranks().share_above(session.level[level]) == 0)
                    why =
                        fmt::format("shuffles too much alike: the largest rank possible is {:.4g}, "
                                    "not above the level {:g}",
                                    session.ranks().largest_rank(), session.level[level]);
            if (!why.empty())
                rows.push_back({session.place.subject, session.place.session, why});
        }
        return rows;
    }

    void add_left_out(report::Page& page) const override { add_untested(page, data_); }

  private:
    MovementsSummary data_;
};

} // namespace

std::unique_ptr<PagePart> movement_part(MovementsSummary data)
{
    return std::make_unique<MovementPart>(std::move(data));
}

PageEntry movement_page()
{
    return {.shows = "movement-related neurons",
            .sections = {{300, "Movement-related neurons"}},
            .options = {{.name = "null-session",
                         .help = "session whose null of a neuron is drawn, where an animal has it; "
                                 "default: the last of each animal"}},
            .read = [](const PageSource& source) {
                return movement_part(
                    summary_of_movements(io::open_for_reading(source.path_of(movement_name)),
                                         source.options.text("null-session")));
            }};
}

} // namespace rewire::jobs
