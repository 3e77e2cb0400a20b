#include "table.hpp"

#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::calibration {

namespace {

constexpr auto confidence = 0.95;

const char* name_of(Quantity quantity)
{
    switch (quantity) {
    case Quantity::rate:
        return "rate";
    case Quantity::fdr:
        return "FDR";
    case Quantity::power:
        return "power";
    case Quantity::value:
        return "value";
    }
    return "";
}

/// "1.02 [0.98 1.06]", in units of the level for a rate.
std::string with_interval(const Measured& measured)
{
    const auto unit = measured.unit();
    const auto value = measured.estimate() / unit;
    if (std::isnan(value))
        return "-";
    const auto interval = measured.interval(confidence);
    const auto digits = measured.quantity() == Quantity::rate ? 2 : 3;
    if (std::isnan(interval.low))
        return fmt::format("{:.{}f}", value, digits);
    return fmt::format("{:.{}f} [{:.{}f} {:.{}f}]", value, digits, interval.low / unit, digits,
                       interval.high / unit, digits);
}

/// Different values of a member, in the order they come.
template <typename Of>
auto distinct(const Tally& tally, Quantity quantity, Of of)
{
    auto values = std::vector<std::decay_t<decltype(of(tally.all().front()))>>{};
    for (const auto& measured : tally.all())
        if (measured.quantity() == quantity &&
            std::find(values.begin(), values.end(), of(measured)) == values.end())
            values.push_back(of(measured));
    return values;
}

std::vector<std::string> statistics_of(const Tally& tally, Quantity quantity)
{
    return distinct(tally, quantity, [](const Measured& m) { return std::string(m.statistic()); });
}

std::vector<double> levels_of(const Tally& tally, Quantity quantity)
{
    return distinct(tally, quantity, [](const Measured& m) { return m.level(); });
}

std::string cell(const Tally& tally, const std::string& statistic, Quantity quantity, double level)
{
    const auto* measured = tally.find(statistic, quantity, level);
    return measured == nullptr ? "" : with_interval(*measured);
}

std::string rates_text(const Tally& tally)
{
    const auto statistics = statistics_of(tally, Quantity::rate);
    if (statistics.empty())
        return "";
    const auto levels = levels_of(tally, Quantity::rate);
    auto text = fmt::format("  {:<30}", "rate / level at");
    for (const auto level : levels)
        text += fmt::format(" {:<20}", fmt::format("{:g}", level));
    text += '\n';
    for (const auto& statistic : statistics) {
        auto line = fmt::format("    {:<28}", statistic);
        for (const auto level : levels)
            line += fmt::format(" {:<20}", cell(tally, statistic, Quantity::rate, level));
        text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    }
    return text;
}

std::string discoveries_text(const Tally& tally)
{
    auto text = std::string{};
    for (const auto level : levels_of(tally, Quantity::fdr)) {
        text += fmt::format("  {:<30} {:<22} {}\n", fmt::format("discoveries at {:g}", level),
                            "FDR", "power");
        for (const auto& statistic : statistics_of(tally, Quantity::fdr))
            text += fmt::format("    {:<28} {:<22} {}\n", statistic,
                                cell(tally, statistic, Quantity::fdr, level),
                                cell(tally, statistic, Quantity::power, level));
    }
    return text;
}

std::string values_text(const Tally& tally)
{
    auto parts = std::vector<std::string>{};
    for (const auto& measured : tally.all())
        if (measured.quantity() == Quantity::value)
            parts.push_back(measured.statistic() + " " + with_interval(measured));
    return parts.empty() ? "" : "  " + base::joined(parts, ", ") + "\n";
}

std::string range_of(const Band& band)
{
    if (std::isinf(band.high))
        return fmt::format("at least {:g}", band.low);
    if (band.low <= 0)
        return fmt::format("at most {:g}", band.high);
    return fmt::format("{:g} to {:g}", band.low, band.high);
}

std::string subject_of(const Band& band)
{
    return band.quantity == Quantity::value
               ? band.statistic
               : fmt::format("{} {} at {:g}", band.statistic, name_of(band.quantity), band.level);
}

const char* word_of(Verdict verdict)
{
    switch (verdict) {
    case Verdict::holds:
        return "holds";
    case Verdict::close:
        return "holds as far as can be told";
    case Verdict::missed:
        return "MISSED";
    case Verdict::unknown:
        return "NOT MEASURED";
    }
    return "";
}

bool is_missed(Verdict verdict)
{
    return verdict == Verdict::missed || verdict == Verdict::unknown;
}

std::string band_line(const Row& row, const Band& band)
{
    return fmt::format("  {:<9} {:<26} {:<34} {:<14} {:<22} {}\n", row.scenario.family,
                       row.scenario.name, subject_of(band), range_of(band),
                       cell(row.tally, band.statistic, band.quantity, band.level),
                       word_of(judge(band, row.tally, row.scenario.fixed_draw)));
}

std::int64_t data_sets_of(const Row& row)
{
    return row.tally.all().empty() ? 0 : row.tally.all().front().data_sets();
}

std::string markdown_rates(const std::vector<Row>& rows)
{
    auto text = std::string("| scenario | data sets | p-value | .05 | .01 | .001 | .0001 |\n"
                            "|---|---|---|---|---|---|---|\n");
    for (const auto& row : rows) {
        auto head =
            fmt::format("**{}**: {} | {}", row.scenario.name, row.scenario.says, data_sets_of(row));
        for (const auto& statistic : statistics_of(row.tally, Quantity::rate)) {
            text += fmt::format("| {} | {} |", head, statistic);
            for (const auto level : {0.05, 0.01, 0.001, 0.0001})
                text += fmt::format(" {} |", cell(row.tally, statistic, Quantity::rate, level));
            text += '\n';
            head = " | ";
        }
    }
    return text;
}

std::string markdown_discoveries(const std::vector<Row>& rows)
{
    auto text = std::string("| scenario | data sets | discovered by | FDR | power |\n"
                            "|---|---|---|---|---|\n");
    for (const auto& row : rows) {
        auto head =
            fmt::format("**{}**: {} | {}", row.scenario.name, row.scenario.says, data_sets_of(row));
        for (const auto& statistic : statistics_of(row.tally, Quantity::fdr)) {
            text += fmt::format("| {} | {} | {} | {} |\n", head, statistic,
                                cell(row.tally, statistic, Quantity::fdr, 0.05),
                                cell(row.tally, statistic, Quantity::power, 0.05));
            head = " | ";
        }
    }
    return text;
}

} // namespace

std::string text_of(const Row& row)
{
    return fmt::format("{} / {}: {}; {}\n", row.scenario.family, row.scenario.name,
                       row.scenario.says, base::counted(data_sets_of(row), "data set")) +
           rates_text(row.tally) + discoveries_text(row.tally) + values_text(row.tally) + "\n";
}

std::string bands_of(const std::vector<Row>& rows)
{
    auto held = std::string{};
    auto missed = std::string{};
    for (const auto& row : rows)
        for (const auto& band : row.scenario.bands)
            (is_missed(judge(band, row.tally, row.scenario.fixed_draw)) ? missed : held) +=
                band_line(row, band);
    return held + missed;
}

std::int64_t missed_bands(const std::vector<Row>& rows)
{
    auto missed = std::int64_t{0};
    for (const auto& row : rows)
        missed += std::count_if(
            row.scenario.bands.begin(), row.scenario.bands.end(), [&](const Band& band) {
                return is_missed(judge(band, row.tally, row.scenario.fixed_draw));
            });
    return missed;
}

std::string markdown_of(const std::vector<Row>& rows)
{
    auto families = std::vector<std::string>{};
    for (const auto& row : rows)
        if (std::find(families.begin(), families.end(), row.scenario.family) == families.end())
            families.push_back(row.scenario.family);
    auto text = std::string{};
    for (const auto& family : families) {
        auto with_rates = std::vector<Row>{};
        auto with_discoveries = std::vector<Row>{};
        for (const auto& row : rows) {
            if (row.scenario.family != family)
                continue;
            if (!statistics_of(row.tally, Quantity::rate).empty())
                with_rates.push_back(row);
            if (!statistics_of(row.tally, Quantity::power).empty())
                with_discoveries.push_back(row);
        }
        text += fmt::format("### {}\n\n", family);
        if (!with_rates.empty())
            text += markdown_rates(with_rates) + "\n";
        if (!with_discoveries.empty())
            text += markdown_discoveries(with_discoveries) + "\n";
    }
    return text;
}

std::string tsv_of(const std::vector<Row>& rows)
{
    auto text = std::string("family\tscenario\tstatistic\tquantity\tlevel\tdata_sets\testimate\t"
                            "low\thigh\ttrials\tband_low\tband_high\tverdict\n");
    for (const auto& row : rows)
        for (const auto& measured : row.tally.all()) {
            const auto interval = measured.interval(confidence);
            text +=
                fmt::format("{}\t{}\t{}\t{}\t{:g}\t{}\t{:g}\t{:g}\t{:g}\t{:g}", row.scenario.family,
                            row.scenario.name, measured.statistic(), name_of(measured.quantity()),
                            measured.level(), measured.data_sets(), measured.estimate(),
                            interval.low, interval.high, measured.trials());
            const auto& bands = row.scenario.bands;
            const auto band = std::find_if(bands.begin(), bands.end(), [&](const Band& each) {
                return each.statistic == measured.statistic() &&
                       each.quantity == measured.quantity() && each.level == measured.level();
            });
            text += band == bands.end()
                        ? "\t\t\t\n"
                        : fmt::format("\t{:g}\t{:g}\t{}\n", band->low, band->high,
                                      word_of(judge(*band, row.tally, row.scenario.fixed_draw)));
        }
    return text;
}

} // namespace rewire::calibration
