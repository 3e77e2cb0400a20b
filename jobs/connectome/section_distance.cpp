#include "section.hpp"

#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace rewire::jobs {

namespace {

/// Pairs that are taken to be far: beyond the closest tenth.
constexpr auto first_far_bin = std::size_t{4};
/// So many times as often supported as those, the closest hundredth is said to be.
constexpr auto suspicious_ratio = 3.0;
constexpr auto least_supported = std::int64_t{5};

/// The bins of an animal's sessions added up; the unit of the first that has one.
struct AnimalDistances
{
    std::string unit;
    std::array<DistanceBin, distance_bins> bin;
    std::array<std::vector<double>, distance_bins> q; ///< medians of the sessions

    double share(std::size_t k) const
    {
        return static_cast<double>(bin[k].supported) / static_cast<double>(bin[k].pairs);
    }
    DistanceBin far() const
    {
        auto sum = DistanceBin{};
        for (auto k = first_far_bin; k < distance_bins; ++k) {
            sum.pairs += bin[k].pairs;
            sum.supported += bin[k].supported;
        }
        return sum;
    }
    bool close_pairs_stand_out() const
    {
        const auto beyond = far();
        return bin[0].supported >= least_supported &&
               static_cast<double>(bin[0].supported) * static_cast<double>(beyond.pairs) >
                   suspicious_ratio * static_cast<double>(beyond.supported) *
                       static_cast<double>(bin[0].pairs);
    }
};

std::map<std::string, AnimalDistances> by_animal(const ConnectomeSummary& data)
{
    auto animals = std::map<std::string, AnimalDistances>{};
    for (const auto& session : data.sessions) {
        if (!session.distances || session.distances->bin.back().pairs == 0)
            continue;
        auto& animal = animals[session.place.subject];
        if (animal.unit.empty())
            animal.unit = session.distances->unit;
        if (animal.unit != session.distances->unit)
            continue; // another unit cannot be added
        for (std::size_t k = 0; k < distance_bins; ++k) {
            const auto& bin = session.distances->bin[k];
            animal.bin[k].pairs += bin.pairs;
            animal.bin[k].supported += bin.supported;
            animal.bin[k].distance += bin.distance;
            if (bin.pairs > 0)
                animal.q[k].push_back(bin.q);
        }
    }
    return animals;
}

std::string median_q(std::vector<double> values)
{
    if (values.empty())
        return "–";
    std::sort(values.begin(), values.end());
    return report::number(values[values.size() / 2]);
}

} // namespace

void add_distances(report::Page& page, const ConnectomeSummary& data)
{
    const auto animals = by_animal(data);
    if (animals.empty())
        return;
    page.subsection("Supported edges by the distance of the ROIs");
    auto standing_out = std::string{};
    auto block = report::FigureBlock{.sources = {"connectome.h5"}};
    block.numbers.head = {"animal", "pairs by distance", "mean distance", "unit",
                          "pairs",  "supported",         "share",         "median q"};
    auto plots = std::map<std::string, report::LinePlot>{}; // by unit
    for (const auto& [subject, animal] : animals) {
        if (animal.close_pairs_stand_out())
            standing_out += (standing_out.empty() ? "" : ", ") + subject;
        auto line = report::Line{.name = subject};
        for (std::size_t k = 0; k < distance_bins; ++k) {
            const auto& bin = animal.bin[k];
            if (bin.pairs == 0)
                continue;
            const auto distance = bin.distance / static_cast<double>(bin.pairs);
            line.x.push_back(distance);
            line.y.push_back(animal.share(k));
            block.numbers.rows.push_back(
                {subject,
                 fmt::format("{:g}–{:g} %", 100 * distance_shares[k], 100 * distance_shares[k + 1]),
                 report::number(distance), animal.unit, report::grouped(bin.pairs),
                 report::grouped(bin.supported), report::number(animal.share(k)),
                 median_q(animal.q[k])});
        }
        auto& plot = plots[animal.unit];
        plot.x = {.label = animal.unit.empty() ? "distance" : "distance, " + animal.unit, .low = 0};
        plot.y = {.label = "share supported", .low = 0};
        plot.lines.push_back(std::move(line));
    }
    if (!standing_out.empty())
        page.notice(
            "Pairs that lie close are supported far more often.",
            fmt::format("In {} the closest hundredth of the pairs is supported more than {:g} "
                        "times as often as pairs beyond the closest tenth: look for ROIs that are "
                        "parts of one neuron, and for neuropil that was not taken off, before "
                        "calling it local connectivity.",
                        standing_out, suspicious_ratio));
    for (const auto& [_, plot] : plots)
        block.panels.push_back(report::figure_of(plot));
    block.caption =
        "Share of the tested pairs that are supported (q ≤ 0.05), by the distance of the centres "
        "of "
        "their ROIs: the closest hundredth of the pairs of each session, the next, up to 5, 10, "
        "20, "
        "40, 60, 80 and all of them, added up over the sessions of an animal. One line an animal. "
        "Two ROIs of one neuron, and neuropil that both see, act like input that nobody recorded.";
    page.figure(std::move(block));
}

} // namespace rewire::jobs
