#include "report_example.hpp"

#include "jobs/connectome/result.hpp"
#include "jobs/movement/result.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::test {

namespace {

constexpr auto missing = std::numeric_limits<double>::quiet_NaN();

std::string animal_name(int animal)
{
    return animal == 0 ? "m1 <b>&amp;\"" : fmt::format("m{}", animal + 1);
}

std::string session_name(int session)
{
    return fmt::format("ses-{:02}", session + 1);
}

std::string layer_of(int animal)
{
    return animal < 3 ? "L2/3" : "L5";
}

base::Stream stream_of(const std::string& what, int animal, int session)
{
    return {20,
            {base::key_of(what), static_cast<std::uint64_t>(animal),
             static_cast<std::uint64_t>(session)}};
}

/// Invented digest of the file of a session.
std::string sha256_of(int animal, int session)
{
    return fmt::format("{:064x}", 1000 * (animal + 1) + session);
}

io::Record record_of(const std::string& job, const ReportExample& example)
{
    auto inputs = io::Fingerprint{};
    for (auto animal = 0; animal < example.animals; ++animal)
        for (auto session = 0; session < example.sessions; ++session)
            inputs.emplace_back(animal_name(animal) + "/" + session_name(session),
                                sha256_of(animal, session));
    auto upstream = std::map<std::string, io::Upstream>{};
    if (job == "rewiring")
        upstream["connectome"] = io::as_upstream(record_of("connectome", example));
    if (job == "rewiring" && example.movement_counted)
        upstream["movement"] = io::as_upstream(record_of("movement", example));
    auto digest = io::Fingerprint{};
    if (job == "connectome")
        digest = {{"--alpha", "2"}, {"--tau-s", "0.7"}};
    if (job == "movement")
        digest = {{"--shuffles", "10000"}};
    return {.job = job,
            .version = "0.0.0-test",
            .git_revision = "test data",
            .command = "rewire " + job + " --study <invented> --results here",
            .options = {{"study", "<invented>"}, {"seed", "1"}, {"alpha", "2"}, {"tau-s", "0.7"}},
            .seed = 1,
            .inputs = std::move(inputs),
            .digest = std::move(digest),
            .host = "test",
            .start = "2026-01-01T00:00:00Z",
            .end = "2026-01-01T00:01:00Z",
            .upstream = std::move(upstream)};
}

/// Rises over the first sessions and falls slowly: what the paper describes.
double rise_and_fall(int session)
{
    return std::exp(-std::pow((session - 3.5) / 6.0, 2));
}

/// Uniform p-values with every tenth pair tied far more than by chance.
jobs::ConnectomeNull invented_null(std::size_t pairs, base::Stream stream)
{
    auto null = jobs::ConnectomeNull{};
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        const auto p = pair % 10 == 0 ? std::pow(stream.uniform(), 6) : stream.uniform();
        null.p_value.push_back((1 + std::floor(p * 912)) / 913);
    }
    null.q_value = stats::benjamini_hochberg(null.p_value);
    for (const auto q : null.q_value)
        null.p_fwe.push_back(std::min(1.0, 1.4 * q));
    null.surrogates = 1000;
    null.offsets = 912;
    null.tested = static_cast<std::int64_t>(pairs);
    null.minimum_shift_s = 2;
    null.smallest_p = 1.0 / 913;
    return null;
}

jobs::SessionConnectome invented_session(const ReportExample& example, int animal, int session)
{
    auto stream = stream_of("connectome", animal, session);
    const auto neurons =
        static_cast<std::size_t>(example.neurons - (example.troubled && session == 2 ? 2 : 0));
    const auto pairs =
        static_cast<std::size_t>(base::pair_count(static_cast<std::int64_t>(neurons)));
    auto result = jobs::SessionConnectome{};
    result.subject = animal_name(animal);
    result.session = session_name(session);
    result.file = fmt::format("sub-m{}/{}.nwb", animal + 1, result.session);
    result.number = session + 1;
    result.layer = layer_of(animal);
    for (std::size_t i = 0; i < neurons; ++i)
        result.neuron_id.push_back(std::to_string(100 + i));
    result.active.assign(neurons, 1);
    result.neuron_status.assign(neurons, 0);
    result.events.assign(neurons, 30);
    result.degree.assign(neurons, 2);
    result.clustering.assign(neurons, 0.1);
    const auto level = (animal < 3 ? 1.0 : 0.6) * rise_and_fall(session) + 0.5;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        result.partial_correlation.push_back(0.05 * stream.normal());
        result.edge.push_back(stream.uniform() < 0.05 * level ? 1 : 0);
    }
    const auto noise = [&] { return 1 + 0.08 * stream.normal(); };
    result.threshold = 0.1;
    result.mean_degree = 6 * level * noise();
    result.density = 0.05 * level * noise();
    result.transitivity = 0.12 * level * noise();
    result.average_clustering = 0.1 * level * noise();
    result.frames = 20000;
    result.status = "ok";
    result.computed = 1;
    result.sha256 = sha256_of(animal, session);
    result.tau_s = 0.7;
    if (example.troubled && session == 0) {
        result.active[3] = 0;
        result.neuron_status[3] = 1;
    }
    if (example.surrogates)
        result.null = invented_null(pairs, stream_of("null", animal, session));
    if (example.troubled && animal == 1 && session == 6) {
        result.status = "singular covariance: fewer frames than neurons";
        result.computed = 0;
        result.mean_degree = result.density = result.transitivity = missing;
        result.average_clustering = result.threshold = missing;
        std::fill(result.partial_correlation.begin(), result.partial_correlation.end(), missing);
        std::fill(result.edge.begin(), result.edge.end(), std::uint8_t{0});
        result.null.reset();
    }
    return result;
}

void write_animal(const io::Handle& group, const ReportExample& example, int animal)
{
    constexpr auto components = 3;
    const auto sessions = example.sessions;
    auto names = std::vector<std::string>{};
    auto number = std::vector<std::int64_t>{};
    auto score = std::vector<double>{};
    auto mds = std::vector<double>{};
    auto stream = stream_of("rewiring", animal, 0);
    for (auto session = 0; session < sessions; ++session) {
        const auto time = (session + 0.5) / sessions * 2 - 1;
        names.push_back(session_name(session));
        number.push_back(session + 1);
        score.push_back(3 * time + 0.15 * stream.normal());
        score.push_back(1.6 * (rise_and_fall(session) - 0.6) + 0.15 * stream.normal());
        score.push_back(0.4 * stream.normal());
        mds.push_back(-score[score.size() - 3]);
        mds.push_back(score[score.size() - 2]);
    }
    auto positive = std::vector<double>{};
    auto negative = std::vector<double>{};
    for (auto component = 0; component < components; ++component)
        for (auto session = 0; session < sessions; ++session) {
            const auto by = score[static_cast<std::size_t>(session * components + component)];
            positive.push_back(0.08 + 0.02 * by + 0.003 * stream.normal());
            negative.push_back(0.08 - 0.02 * by + 0.003 * stream.normal());
        }
    io::write_text_axis(group, "session", names);
    io::write_index_axis(group, "component", components);
    io::write_index_axis(group, "dimension", 2);
    io::write_index_axis(group, "rank", 100);
    io::write_array(group, "session_number", number, {"session"});
    io::write_array(group, "score", score, {"session", "component"}, "1");
    io::write_array(group, "explained_variance_ratio",
                    std::vector<double>{0.40 + 0.02 * animal, 0.17, 0.06}, {"component"}, "1");
    io::write_array(group, "mds", mds, {"session", "dimension"});
    io::write_array(group, "top_positive_pair", std::vector<std::int64_t>(300, 0),
                    {"component", "rank"});
    auto negative_pair = std::vector<std::int64_t>(300, 1);
    std::fill(negative_pair.begin() + 39, negative_pair.begin() + 100, -1); // of PC1
    io::write_array(group, "top_negative_pair", negative_pair, {"component", "rank"});
    io::write_array(group, "top_positive_mean", positive, {"component", "session"}, "1");
    io::write_array(group, "top_negative_mean", negative, {"component", "session"}, "1");
    io::write_text_attribute(group, "edges", "thresholded");
    io::write_text_attribute(group, "status", "ok");
    if (!example.movement_counted) {
        io::write_text_attribute(group, "movement_fraction_status", "no movement.h5 at the time");
        return;
    }
    io::write_text_axis(group, "period", {"1-2", "3-5", "6-9", "10-14"});
    io::write_text_axis(group, "sign", {"positive", "negative"});
    auto fraction = std::vector<double>{};
    for (auto period = 0; period < 8; ++period)
        fraction.push_back(0.3 + (period < 4 ? 0.1 * period : 0) + 0.02 * stream.normal());
    io::write_array(group, "movement_fraction", fraction, {"sign", "period"}, "1");
    io::write_array(group, "movement_fraction_percentile", std::vector<double>(8, 97.5),
                    {"sign", "period"}, "percent");
    io::write_attribute(io::open_dataset(group, "movement_fraction").get(), "movement_level",
                        0.995);
}

jobs::SessionMovement invented_movement(const ReportExample& example, int animal, int session)
{
    auto stream = stream_of("movement", animal, session);
    const auto neurons = static_cast<std::size_t>(example.neurons);
    auto result = jobs::SessionMovement{};
    result.subject = animal_name(animal);
    result.session = session_name(session);
    result.number = session + 1;
    result.layer = layer_of(animal);
    result.level = {0.995, 0.95};
    for (std::size_t i = 0; i < neurons; ++i) {
        result.neuron_id.push_back(std::to_string(100 + i));
        const auto tied = stream.uniform() < (animal < 3 ? 0.3 : 0.15) + 0.01 * session;
        result.p_rank.push_back(tied ? 1 - 0.004 * stream.uniform() : stream.uniform());
    }
    if (example.troubled && session == 1)
        result.p_rank[0] = missing;
    for (const auto level : result.level)
        for (const auto p : result.p_rank) {
            result.movement_related.push_back(p > level ? 1 : 0);
            result.quiescent_related.push_back(p < 1 - level ? 1 : 0);
        }
    result.mean_activity.assign(neurons, 0.1);
    result.less.assign(neurons, 5000);
    result.equal.assign(neurons, 0);
    result.p_value = result.q_value = result.p_value_quiescent = result.p_rank;
    result.shuffles = 10000;
    result.epochs = 120;
    result.movement_frames = 4000;
    result.frames = 20000;
    result.sha256 = sha256_of(animal, session);
    result.tau_s = 0.7;
    result.units = "runs";
    result.activity = "events";
    result.source = "/intervals/movement_epochs";
    result.status = "ok";
    if (example.still && session == 0) {
        result.epochs = result.movement_frames = 0;
        result.status = "no movement in this session";
        result.p_rank.assign(neurons, 0.5);
        result.equal.assign(neurons, 10000);
        result.movement_related.assign(result.movement_related.size(), 0);
        result.quiescent_related = result.movement_related;
    }
    if (!example.still && animal == 0 && session == example.sessions - 1) {
        result.null_neuron = result.neuron_id.back();
        result.null_score = 0.012;
        for (auto shuffle = 0; shuffle < 2000; ++shuffle)
            result.null.push_back(0.008 + 0.002 * stream.normal());
    }
    return result;
}

} // namespace

void write_example_connectome(const std::filesystem::path& folder, const ReportExample& example)
{
    auto file = io::ResultFile(folder / "connectome.h5", io::Attempt{});
    for (auto animal = 0; animal < example.animals; ++animal) {
        for (auto session = 0; session < example.sessions; ++session) {
            const auto result = invented_session(example, animal, session);
            jobs::write_session(file, result);
        }
        jobs::complete_subject(file, animal_name(animal));
    }
    file.publish(record_of("connectome", example), false);
}

void write_example_rewiring(const std::filesystem::path& folder, const ReportExample& example)
{
    auto file = io::ResultFile(folder / "rewiring.h5", io::Attempt{});
    for (auto animal = 0; animal < example.animals; ++animal)
        write_animal(file.group(animal_name(animal)), example, animal);
    file.publish(record_of("rewiring", example), false);
}

void write_example_movement(const std::filesystem::path& folder, const ReportExample& example)
{
    auto file = io::ResultFile(folder / "movement.h5", io::Attempt{});
    for (auto animal = 0; animal < example.animals; ++animal)
        for (auto session = 0; session < example.sessions; ++session)
            jobs::write_session(file, invented_movement(example, animal, session));
    file.publish(record_of("movement", example), false);
}

} // namespace rewire::test
