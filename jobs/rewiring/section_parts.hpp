#pragma once

#include "jobs/frame/page_series.hpp"
#include "summary.hpp"

#include <rewire/report/page.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

/// The subsections on rewiring, and what they share.
namespace rewire::jobs {

using Animals = std::vector<AnimalRewiring>;

inline const report::Axis session_axis = {.label = "session", .whole_numbers = true};

/// Groups of the animals with a trajectory.
std::set<std::string> groups_in(const Animals& data);
/// The largest number of components of the animals of a group, or of all of them.
std::size_t components_of(const Animals& data, const std::string& group = "");
/// "3 animals"
std::string count_of(std::size_t animals);
/// Numbers of the sessions as text.
std::vector<std::string> labels_of(const AnimalRewiring& animal);
/// Values of a component over the largest |value| of the animal: comparable between animals.
std::vector<double> scaled(std::vector<double> values);

/// One series an animal of those that have a value a session.
template <typename Values>
std::vector<AnimalSeries> series_of(const Animals& data, Values values)
{
    auto all = std::vector<AnimalSeries>{};
    for (const auto& animal : data) {
        auto series = AnimalSeries{animal.subject, animal.group, animal.number, values(animal)};
        if (series.value.size() == series.number.size() && !series.value.empty())
            all.push_back(std::move(series));
    }
    return all;
}

/// Series of one component with the signs in which the animals agree best.
std::vector<AnimalSeries> aligned(std::vector<AnimalSeries> animals);

/// Tests over animals, as the result has them.
struct TestsOverAnimals
{
    OverAnimals directed, came_back, quiet_directed, quiet_came_back;
};

/// Five lines: what was looked at, what was found, what beats chance and what does not.
void add_change_summary(report::Page& page, const Animals& data, const TestsOverAnimals& tests);
/// Cross-fitted trajectories with ellipses, all animals of a group in one plane, similarity,
/// displacement, and what else may look like change. Nothing without halves.
void add_change(report::Page& page, const Animals& data);

void add_paths(report::Page& page, const Animals& data);
void add_mds(report::Page& page, const Animals& data);
void add_scores(report::Page& page, const Animals& data);
void add_explained(report::Page& page, const Animals& data);
void add_top_edges(report::Page& page, const Animals& data);
/// Share of movement-related neurons among the ends of PC1's top edges, by learning period.
void add_movement_of_top_edges(report::Page& page, const Animals& data);

} // namespace rewire::jobs
