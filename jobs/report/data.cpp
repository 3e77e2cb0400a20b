#include "data.hpp"

#include "jobs/connectome/result.hpp"
#include "jobs/frame/session_results.hpp"
#include "jobs/movement/result.hpp"
#include "origin.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/io/digest.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace rewire::jobs {

namespace {

constexpr auto significance = 0.05;
constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

using Places = std::map<std::pair<std::string, std::string>, SessionPlace>;

std::string group_of(const std::string& layer, const std::string& group)
{
    if (layer.empty())
        return group.empty() ? "all animals" : group;
    return group.empty() ? layer : layer + ", " + group;
}

bool is_sha256(const std::string& text)
{
    return text.size() == 64 &&
           text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

report::Source source_of(const std::filesystem::path& path, const io::Record& record)
{
    // A result that follows from others records their settings among its inputs.
    auto inputs = report::Fields{};
    auto earlier = report::Fields{};
    for (const auto& input : record.inputs)
        (input.first.starts_with("movement ") || !is_sha256(input.second) ? earlier : inputs)
            .push_back(input);
    for (const auto& field : record.digest)
        if (field.first.starts_with("connectome "))
            earlier.push_back(field);
    auto bytes = std::filesystem::file_size(path);
    return {
        .name = path.filename().string(),
        .record = {{"command", record.command},
                   {"version", fmt::format("{} ({})", record.version, record.git_revision)},
                   {"seed", std::to_string(record.seed)},
                   {"computed", fmt::format("{} to {} on {}, {}, attempt {}", record.start,
                                            record.end, record.host,
                                            report::counted(record.ranks, "rank"), record.attempt)},
                   {"file", fmt::format("{} ({} bytes)", path.string(), bytes)},
                   {"SHA-256 of the file", io::sha256_of_file(path)}},
        .options = record.options,
        .inputs = std::move(inputs),
        .earlier = std::move(earlier)};
}

// --- connectome.h5 -------------------------------------------------------------------------------

EdgePValues p_values_of(const ConnectomeNull& null)
{
    auto summary = EdgePValues{};
    const auto counts = report::binned(null.p_value, 0, 1, EdgePValues::bins);
    std::copy(counts.count.begin(), counts.count.end(), summary.count.begin());
    summary.quantiles = report::p_value_quantiles(null.p_value);
    const auto at_most = [](const std::vector<double>& values) {
        return std::count_if(values.begin(), values.end(),
                             [](double value) { return value <= significance; });
    };
    summary.tested = std::count_if(null.p_value.begin(), null.p_value.end(),
                                   [](double p) { return !std::isnan(p); });
    summary.discoveries = at_most(null.q_value);
    summary.family_wise = at_most(null.p_fwe);
    summary.surrogates = null.surrogates;
    summary.singular = null.singular;
    summary.offsets = null.offsets;
    summary.minimum_shift_s = null.minimum_shift_s;
    summary.smallest_p = null.smallest_p;
    summary.at_floor = std::count_if(null.p_value.begin(), null.p_value.end(),
                                     [&](double p) { return p <= null.smallest_p * (1 + 1e-9); });
    summary.two_sided = null.two_sided;
    return summary;
}

SessionSummary summary_of(const SessionConnectome& session)
{
    using calcium::NeuronStatus;
    const auto of_status = [&](NeuronStatus status) {
        return std::count(session.neuron_status.begin(), session.neuron_status.end(),
                          static_cast<std::uint8_t>(status));
    };
    auto summary =
        SessionSummary{.place = {session.subject, session.session, session.number,
                                 group_of(session.layer, session.group)},
                       .file = session.file,
                       .sha256 = session.sha256,
                       .tau_s = session.tau_s,
                       .status = session.status,
                       .computed = session.computed != 0,
                       .neurons = static_cast<std::int64_t>(session.neuron_id.size()),
                       .active = std::count_if(session.active.begin(), session.active.end(),
                                               [](std::uint8_t active) { return active != 0; }),
                       .silent = of_status(NeuronStatus::silent),
                       .constant = of_status(NeuronStatus::constant),
                       .incomplete = of_status(NeuronStatus::not_finite),
                       .missing_samples = session.missing,
                       .frames = session.frames,
                       .edges = std::count_if(session.edge.begin(), session.edge.end(),
                                              [](std::uint8_t edge) { return edge != 0; }),
                       .threshold = session.threshold,
                       .mean_degree = session.mean_degree,
                       .density = session.density,
                       .transitivity = session.transitivity,
                       .clustering = session.average_clustering};
    if (session.null)
        summary.p_values = p_values_of(*session.null);
    return summary;
}

void add_connectomes(ReportData& data, hid_t file)
{
    auto neurons = std::map<std::string, std::set<std::string>>{};
    for (const auto& [subject, name] : sessions_in(file)) {
        const auto session = read_session(file, subject, name);
        neurons[subject].insert(session.neuron_id.begin(), session.neuron_id.end());
        data.sessions.push_back(summary_of(session));
    }
    std::stable_sort(data.sessions.begin(), data.sessions.end(),
                     [](const SessionSummary& a, const SessionSummary& b) {
                         return std::pair(a.place.subject, a.place.number) <
                                std::pair(b.place.subject, b.place.number);
                     });
    for (const auto& [subject, all] : neurons) {
        auto animal = AnimalSummary{.subject = subject};
        for (const auto& session : data.sessions)
            if (session.place.subject == subject) {
                ++animal.sessions;
                animal.group = session.place.group;
            }
        animal.common_neurons = io::shape_of(io::open_dataset(file, subject + "/neuron_id")).at(0);
        animal.all_neurons = static_cast<std::int64_t>(all.size());
        data.animals.push_back(std::move(animal));
    }
}

// --- rewiring.h5 ---------------------------------------------------------------------------------

Places places_of(const ReportData& data)
{
    auto places = Places{};
    for (const auto& session : data.sessions)
        places[{session.place.subject, session.place.session}] = session.place;
    return places;
}

/// What the connectome says of the session; without a connectome its position counts.
SessionPlace place_of(const Places& places, const std::string& subject, const std::string& session,
                      std::size_t position)
{
    const auto found = places.find({subject, session});
    if (found != places.end())
        return found->second;
    for (const auto& [key, place] : places)
        if (key.first == subject)
            return {subject, session, static_cast<std::int64_t>(position) + 1, place.group};
    return {subject, session, static_cast<std::int64_t>(position) + 1, "all animals"};
}

/// A dataset of known shape; empty where it may be absent and is.
std::vector<double> values_of(hid_t group, const std::string& name, const io::Shape& shape,
                              bool may_be_absent = false)
{
    if (may_be_absent && !io::exists(group, name))
        return {};
    const auto dataset = io::open_dataset(group, name);
    if (io::shape_of(dataset) != shape)
        throw base::InputError("the result has another shape than its axes", io::name_of(dataset),
                               "compute it again with --overwrite");
    return io::read_all<double>(group, name);
}

/// How many of the pairs of each row of NAME_pair are some (-1: none); NAME_count where it is
/// there.
std::vector<std::int64_t> top_counts(hid_t group, const std::string& name, std::size_t components)
{
    const auto count = name + "_count";
    auto counts = std::vector<std::int64_t>{};
    if (io::exists(group, count))
        counts = io::read_all<std::int64_t>(group, count);
    else if (io::has_attribute(group, count))
        counts = io::read_attribute_all<std::int64_t>(group, count);
    if (counts.size() == components)
        return counts;
    if (!io::exists(group, name + "_pair"))
        return std::vector<std::int64_t>(components, 0);
    const auto pairs = io::read_all<std::int64_t>(group, name + "_pair");
    const auto ranks = components > 0 ? pairs.size() / components : 0;
    counts.clear();
    for (std::size_t component = 0; component < components; ++component) {
        const auto row = pairs.begin() + static_cast<std::int64_t>(component * ranks);
        counts.push_back(std::count_if(row, row + static_cast<std::int64_t>(ranks),
                                       [](std::int64_t pair) { return pair >= 0; }));
    }
    return counts;
}

/// [session, 2]; fewer sessions may have fewer dimensions: 0 in those that are not there.
std::vector<double> scaling_of(hid_t group, std::int64_t sessions)
{
    if (!io::exists(group, "mds"))
        return {};
    const auto there = io::shape_of(io::open_dataset(group, "mds")).back();
    const auto values = values_of(group, "mds", {sessions, there});
    auto scaling = std::vector<double>(static_cast<std::size_t>(sessions) * 2, 0.0);
    for (std::int64_t session = 0; session < sessions; ++session)
        for (std::int64_t i = 0; i < std::min<std::int64_t>(there, 2); ++i)
            scaling[static_cast<std::size_t>(2 * session + i)] =
                values[static_cast<std::size_t>(there * session + i)];
    return scaling;
}

void read_movement_of_top_edges(hid_t group, AnimalRewiring& animal)
{
    animal.movement_status = io::text_attribute_or_empty(group, "movement_fraction_status");
    if (io::has_attribute(group, "movement_sessions_left_out"))
        animal.movement_left_out = io::read_texts_attribute(group, "movement_sessions_left_out");
    if (!io::exists(group, "movement_fraction"))
        return;
    animal.period = io::read_texts(group, "period");
    const auto shape = io::Shape{2, static_cast<std::int64_t>(animal.period.size())};
    animal.movement_fraction = values_of(group, "movement_fraction", shape);
    animal.movement_percentile = values_of(group, "movement_fraction_percentile", shape);
    const auto dataset = io::open_dataset(group, "movement_fraction");
    if (io::has_attribute(dataset, "movement_level"))
        animal.movement_level = io::read_attribute<double>(dataset, "movement_level");
}

AnimalRewiring read_animal(hid_t file, const std::string& subject, const Places& places)
{
    const auto group = io::open_group(file, subject);
    auto animal = AnimalRewiring{.subject = subject};
    animal.group = place_of(places, subject, "", 0).group;
    if (io::has_attribute(group, "sessions_left_out"))
        animal.left_out = io::read_texts_attribute(group, "sessions_left_out");
    const auto status = io::text_attribute_or_empty(group, "status");
    if (!io::exists(group, "score")) {
        animal.status = status.empty() || status == "ok" ? "no scores in the result" : status;
        return animal;
    }
    animal.remark = status == "ok" ? "" : status;
    animal.session = read_names(group, "session");
    const auto sessions = static_cast<std::int64_t>(animal.session.size());
    for (std::size_t i = 0; i < animal.session.size(); ++i)
        animal.number.push_back(
            static_cast<double>(place_of(places, subject, animal.session[i], i).number));
    animal.explained = io::read_all<double>(group, "explained_variance_ratio");
    animal.components = animal.explained.size();
    const auto components = static_cast<std::int64_t>(animal.components);
    animal.score = values_of(group, "score", {sessions, components});
    animal.mds = scaling_of(group, sessions);
    animal.positive_mean = values_of(group, "top_positive_mean", {components, sessions}, true);
    animal.negative_mean = values_of(group, "top_negative_mean", {components, sessions}, true);
    animal.positive_count = top_counts(group, "top_positive", animal.components);
    animal.negative_count = top_counts(group, "top_negative", animal.components);
    if (io::exists(group, "session_number"))
        animal.number = values_of(group, "session_number", {sessions});
    animal.edges = io::text_attribute_or_empty(group, "edges");
    read_movement_of_top_edges(group, animal);
    return animal;
}

void add_rewiring(ReportData& data, hid_t file)
{
    const auto places = places_of(data);
    for (const auto& subject : io::children(file))
        if (io::is_group(file, subject))
            data.rewiring.push_back(read_animal(file, subject, places));
}

// --- movement.h5 ---------------------------------------------------------------------------------

/// Non-zero values of each row of [level, neuron].
std::vector<std::int64_t> counts_by_level(const std::vector<std::uint8_t>& flags,
                                          std::size_t levels, std::size_t neurons)
{
    auto counts = std::vector<std::int64_t>{};
    for (std::size_t level = 0; level < levels; ++level) {
        const auto row = flags.begin() + static_cast<std::int64_t>(level * neurons);
        counts.push_back(std::count_if(row, row + static_cast<std::int64_t>(neurons),
                                       [](std::uint8_t flag) { return flag != 0; }));
    }
    return counts;
}

MovementSummary summary_of(SessionMovement session, const std::string& where)
{
    const auto neurons = session.neuron_id.size();
    const auto flags = session.level.size() * neurons;
    if (session.p_rank.size() != neurons || session.equal.size() != neurons ||
        session.movement_related.size() != flags || session.quiescent_related.size() != flags)
        throw base::InputError("the result has another shape than its axes", where,
                               "compute it again with --overwrite");
    auto untested = std::int64_t{0};
    auto ties = session.shuffles;
    for (std::size_t neuron = 0; neuron < neurons; ++neuron)
        if (std::isnan(session.p_rank[neuron]))
            ++untested;
        else
            ties = std::min<std::int64_t>(ties, session.equal.at(neuron));
    return {.place = {session.subject, session.session, session.number,
                      group_of(session.layer, session.group)},
            .sha256 = session.sha256,
            .tau_s = session.tau_s,
            .status = session.status,
            .neurons = static_cast<std::int64_t>(neurons),
            .untested = untested,
            .ties = ties,
            .level = session.level,
            .related = counts_by_level(session.movement_related, session.level.size(), neurons),
            .quiescent = counts_by_level(session.quiescent_related, session.level.size(), neurons),
            .p_rank = std::move(session.p_rank),
            .shuffles = session.shuffles,
            .epochs = session.epochs,
            .movement_frames = session.movement_frames,
            .frames = session.frames,
            .units = session.units,
            .activity = session.activity,
            .source = session.source};
}

/// The null that is shown of an animal: of its last session that has one. The movement job keeps
/// that of the neuron with the highest rank.
void keep_latest_null(std::map<std::string, std::pair<std::int64_t, NeuronNull>>& latest,
                      const SessionMovement& session)
{
    const auto neuron =
        std::find(session.neuron_id.begin(), session.neuron_id.end(), session.null_neuron);
    if (session.null.empty() || neuron == session.neuron_id.end())
        return;
    const auto found = latest.find(session.subject);
    if (found != latest.end() && found->second.first > session.number)
        return;
    latest[session.subject] = {
        session.number,
        NeuronNull{.subject = session.subject,
                   .session = session.session,
                   .neuron = session.null_neuron,
                   .score = session.null_score,
                   .p_rank =
                       session.p_rank[static_cast<std::size_t>(neuron - session.neuron_id.begin())],
                   .shuffles = session.shuffles,
                   .null = session.null}};
}

void add_movements(ReportData& data, hid_t file)
{
    auto latest = std::map<std::string, std::pair<std::int64_t, NeuronNull>>{};
    auto names = std::set<std::string>{};
    for (const auto& [subject, name] : sessions_in(file)) {
        auto session = read_movement(file, subject, name);
        names.insert(name);
        if (data.null_session.empty() || name == data.null_session)
            keep_latest_null(latest, session);
        data.movement.push_back(
            summary_of(std::move(session),
                       io::name_of(io::open_group(file, fmt::format("{}/{}", subject, name)))));
    }
    if (!data.null_session.empty() && !names.contains(data.null_session))
        throw base::InputError(fmt::format("no animal has a session {}", data.null_session),
                               io::name_of(file),
                               fmt::format("--null-session takes one of {}",
                                           base::joined({names.begin(), names.end()}, ", ")));
    for (auto& [subject, entry] : latest)
        data.neuron_nulls.push_back(std::move(entry.second));
    std::stable_sort(data.movement.begin(), data.movement.end(),
                     [](const MovementSummary& a, const MovementSummary& b) {
                         return std::pair(a.place.subject, a.place.number) <
                                std::pair(b.place.subject, b.place.number);
                     });
}

std::vector<double> column(const std::vector<double>& values, std::size_t first, std::size_t step,
                           std::size_t count)
{
    auto out = std::vector<double>{};
    for (std::size_t i = 0; i < count; ++i)
        out.push_back(values[first + i * step]);
    return out;
}

double share(std::int64_t part, std::int64_t whole)
{
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : not_a_number;
}

} // namespace

std::vector<double> AnimalRewiring::scores_of(std::size_t component) const
{
    return component < components ? column(score, component, components, session.size())
                                  : std::vector<double>{};
}

std::vector<double> AnimalRewiring::positive_of(std::size_t component) const
{
    return component < components && !positive_mean.empty()
               ? column(positive_mean, component * session.size(), 1, session.size())
               : std::vector<double>{};
}

std::vector<double> AnimalRewiring::negative_of(std::size_t component) const
{
    return component < components && !negative_mean.empty()
               ? column(negative_mean, component * session.size(), 1, session.size())
               : std::vector<double>{};
}

std::int64_t EdgePValues::needed_at_floor() const
{
    // q of k pairs with the smallest p is p * tested / k.
    return static_cast<std::int64_t>(
        std::ceil(smallest_p * static_cast<double>(tested) / significance - 1e-9));
}

std::string MovementSummary::untestable() const
{
    if (!status.empty() && status != "ok")
        return status;
    if (level.empty())
        return "no level in the result";
    if (epochs == 0 || movement_frames == 0)
        return "no movement in this session";
    if (movement_frames >= frames)
        return "no quiescence in this session";
    if (untested >= neurons)
        return "no neuron without missing samples";
    return "";
}

namespace {

/// Share of unrelated neurons whose rank is no further than `reach` shuffles from the end of the
/// ranks, where every `alike` shuffles of `all` make one step.
double share_within(double reach, double alike, double all)
{
    return std::max(0.0, std::ceil(reach / alike - 1e-9)) * alike / all;
}

} // namespace

double MovementSummary::expected_by_chance(double of_level) const
{
    const auto all = static_cast<double>(shuffles) + 1;
    const auto tied = static_cast<double>(ties);
    return share_within(all * (1 - of_level) - tied / 2, tied + 1, all);
}

double MovementSummary::quiescent_by_chance(double of_level) const
{
    const auto all = static_cast<double>(shuffles) + 1;
    const auto tied = static_cast<double>(ties);
    return share_within(all * (1 - of_level) - 1 - tied / 2, tied + 1, all);
}

double MovementSummary::largest_rank() const
{
    return 1 - static_cast<double>(ties) / 2 / (static_cast<double>(shuffles) + 1);
}

double MovementSummary::smallest_rank() const
{
    return (1 + static_cast<double>(ties) / 2) / (static_cast<double>(shuffles) + 1);
}

double MovementSummary::fraction(std::size_t level_index) const
{
    const auto possible = level_index < related.size() && untestable().empty() &&
                          expected_by_chance(level[level_index]) > 0;
    return possible ? share(related[level_index], neurons - untested) : not_a_number;
}

double MovementSummary::quiescent_fraction(std::size_t level_index) const
{
    const auto possible = level_index < quiescent.size() && untestable().empty() &&
                          quiescent_by_chance(level[level_index]) > 0;
    return possible ? share(quiescent[level_index], neurons - untested) : not_a_number;
}

bool ReportData::has(const std::string& file) const
{
    return records.contains(file);
}

ReportData read_report_data(const std::filesystem::path& results, const std::string& null_session)
{
    struct Part
    {
        const char* job;
        const char* shows;
        void (*read)(ReportData&, hid_t);
    };
    static constexpr auto parts =
        std::array{Part{"connectome", "graph metrics, edge p-values, and the layers of the animals",
                        add_connectomes},
                   Part{"rewiring", "rewiring trajectories, explained variance, and the top edges",
                        add_rewiring},
                   Part{"movement", "movement-related neurons", add_movements}};
    auto data = ReportData{.results = results, .null_session = null_session};
    auto absent = std::vector<Part>{};
    for (const auto& part : parts) {
        const auto path = results / (part.job + std::string(".h5"));
        if (!std::filesystem::exists(path)) {
            absent.push_back(part);
            continue;
        }
        const auto file = io::open_for_reading(path);
        const auto record = io::read_record(file);
        data.sources.push_back(source_of(path, record));
        data.records[path.filename().string()] = record;
        part.read(data, file);
    }
    for (const auto& part : absent)
        data.missing.push_back({part.job + std::string(".h5"), part.shows,
                                command_of(part.job, data.records, results)});
    if (data.sources.empty())
        throw base::InputError(
            "no result to report on: neither connectome.h5, rewiring.h5 nor movement.h5 is there",
            results.string(), "compute one first, e.g. " + data.missing.front().command);
    return data;
}

} // namespace rewire::jobs
