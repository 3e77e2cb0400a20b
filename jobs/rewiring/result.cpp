#include "result.hpp"

#include "jobs/frame/session_results.hpp"

#include <rewire/network/movement_fraction.hpp>

#include <array>
#include <cmath>

namespace rewire::jobs {

namespace {

void write_components(const io::Handle& group, const SubjectRewiring& result)
{
    io::write_array(group, "score", row_major(result.components.score), {"session", "component"},
                    "1", "sessions on the principal components of the pairs' partial correlations");
    const auto& ratio = result.components.explained_variance_ratio;
    io::write_array(group, "explained_variance_ratio",
                    std::vector<double>(ratio.begin(), ratio.end()), {"component"}, "1",
                    "share of the variance of a component");
    io::write_array(group, "mds", row_major(result.mds), {"session", "dimension"}, "1",
                    "multidimensional scaling of the sessions");
    const auto loading = io::make_array<double>(group, "loading", {"pair", "component"}, "1",
                                                "weight of the pair in the component");
}

/// The neurons of top pairs [component, rank]: indices into `neuron_id`, and where ids are numbers
/// these, too; -1 where there are fewer pairs.
void write_top_neurons(const io::Handle& group, const std::string& name,
                       const std::vector<std::int64_t>& pair, std::int64_t neurons)
{
    auto index = std::array<std::vector<std::int32_t>, 2>{};
    for (const auto each : pair) {
        const auto ends = each < 0 ? network::PairEnds{-1, -1} : network::ends_of(each, neurons);
        index[0].push_back(static_cast<std::int32_t>(ends.first));
        index[1].push_back(static_cast<std::int32_t>(ends.second));
    }
    const auto numbered = !io::holds_text(io::open_dataset(group, "neuron_id"));
    const auto ids =
        numbered ? io::read_all<std::int64_t>(group, "neuron_id") : std::vector<std::int64_t>{};
    for (const auto end : {std::size_t{0}, std::size_t{1}}) {
        const auto* const suffix = end == 0 ? "_i" : "_j";
        io::write_array(group, name + suffix, index[end], {"component", "rank"}, "",
                        "index of one neuron of the top pair; -1: fewer pairs");
        if (!numbered)
            continue;
        auto id = std::vector<std::int64_t>{};
        for (const auto each : index[end])
            id.push_back(each < 0 ? -1 : ids[static_cast<std::size_t>(each)]);
        io::write_array(group, name + "_neuron" + suffix, id, {"component", "rank"}, "",
                        "id of one neuron of the top pair; -1: fewer pairs");
    }
}

/// Top pairs of every component, and their mean partial correlation by session.
void write_top(const io::Handle& group, const SubjectRewiring& result, std::int64_t ranks,
               std::int64_t neurons)
{
    io::write_index_axis(group, "rank", ranks, "top pairs, those of largest loading first");
    auto first = Eigen::Index{0};
    for (const auto positive : {true, false}) {
        auto pair = std::vector<std::int64_t>{};
        auto mean = std::vector<double>{};
        auto counts = std::vector<std::int64_t>{};
        for (const auto& top : result.top) {
            const auto& list = positive ? top.positive : top.negative;
            for (std::int64_t rank = 0; rank < ranks; ++rank)
                pair.push_back(rank < static_cast<std::int64_t>(list.size())
                                   ? list[static_cast<std::size_t>(rank)].pair
                                   : -1);
            const auto count = static_cast<Eigen::Index>(list.size());
            counts.push_back(count);
            for (Eigen::Index session = 0; session < result.top_values.rows(); ++session)
                mean.push_back(count == 0
                                   ? std::nan("")
                                   : result.top_values.row(session).segment(first, count).mean());
            first += count;
        }
        const auto name = std::string(positive ? "top_positive" : "top_negative");
        io::write_array(group, name + "_pair", pair, {"component", "rank"}, "",
                        "index of the top pair; -1: fewer pairs");
        io::write_array(group, name + "_count", counts, {"component"}, "pairs", "top pairs found");
        write_top_neurons(group, name, pair, neurons);
        io::write_array(group, name + "_mean", mean, {"component", "session"}, "1",
                        "mean partial correlation of the top pairs");
    }
}

void write_movement(const io::Handle& group, const MovementFractions& movement)
{
    io::write_text_attribute(group, "movement_fraction_status", movement.status);
    io::write_texts_attribute(group, "movement_sessions_left_out", movement.left_out);
    if (movement.status != "ok")
        return;
    io::write_text_axis(group, "period", movement.period, "sessions by number");
    io::write_text_axis(group, "sign", {"positive", "negative"}, "of the loadings");
    io::write_array(group, "movement_sessions", movement.sessions, {"period"}, "sessions",
                    "sessions of the period with movement-related neurons");
    const auto fraction =
        io::write_array(group, "movement_fraction", movement.fraction, {"sign", "period"}, "1",
                        "share of movement-related neurons among the ends of the top pairs");
    const auto percentile = io::write_array(
        group, "movement_fraction_percentile", movement.percentile, {"sign", "period"}, "percent",
        "percentile of movement_fraction among edges drawn at random that are present in as many "
        "sessions as the top pairs");
    io::write_array(group, "movement_drawn", movement.edges, {"sign"}, "edges",
                    "edges of a random draw: as many as top pairs");
    io::write_array(group, "movement_drawn_from", movement.pool, {"sign"}, "edges",
                    "edges that are present in as many sessions as one of the top pairs");
    for (const auto dataset : {fraction.get(), percentile.get()})
        io::write_attribute(dataset, "movement_level", movement.level);
}

void write_sessions_left_out(const io::Handle& group, const SubjectConnectomes& subject)
{
    io::write_texts_attribute(group, "sessions_left_out", subject.left_out);
}

} // namespace

std::vector<double> row_major(const Eigen::MatrixXd& matrix)
{
    auto values = std::vector<double>(static_cast<std::size_t>(matrix.size()));
    Eigen::Map<network::SessionBlock>(values.data(), matrix.rows(), matrix.cols()) = matrix;
    return values;
}

void write_subject(const io::ResultFile& file, const SubjectConnectomes& subject,
                   const SubjectRewiring& result, const RewiringSettings& settings,
                   const MovementFractions& movement)
{
    const auto group = file.group(subject.subject);
    io::write_text_axis(group, "session", subject.sessions, "sessions in their order");
    io::write_index_axis(group, "component", result.components.components(),
                         "principal components, the largest first");
    io::write_index_axis(group, "dimension", result.mds.cols(), "of the scaling");
    write_neuron_axis(group, subject.neuron_id);
    const auto neurons = static_cast<std::int64_t>(subject.neuron_id.size());
    write_pair_axis(group, neurons);
    io::write_array(group, "session_number", subject.numbers, {"session"}, "",
                    "number of the session in the study");
    write_components(group, result);
    write_top(group, result, settings.top, neurons);
    write_movement(group, movement);
    io::write_text_attribute(group, "status", "ok");
    io::write_attribute(group, "pairs_ever_an_edge",
                        static_cast<std::int64_t>(result.ever_an_edge.size()));
    io::write_attribute(
        group, "first_component_flipped",
        static_cast<std::uint8_t>(result.orientation.first_against_largest_loading ? 1 : 0));
    write_sessions_left_out(group, subject);
    io::write_array(group, "shrinkage", subject.shrinkage, {"session"}, "1",
                    "intensity by which the session's partial correlations were shrunk");
    io::write_texts_attribute(group, "estimators", subject.estimator);
    io::write_text_attribute(group, "estimators_differ", estimators_differ(subject));
    io::write_text_attribute(group, "match", subject.ids_are_rows ? "rows" : "ids");
    io::write_text_attribute(group, "neuron_id_column", subject.id_column);
    io::write_text_attribute(group, "edges", settings.thresholded ? "thresholded" : "all");
    io::write_text_attribute(
        group, "pca",
        settings.by_shell(static_cast<std::int64_t>(subject.sessions.size())) ? "shell" : "gram");
}

void write_subject_without(const io::ResultFile& file, const SubjectConnectomes& subject,
                           const std::string& status)
{
    const auto group = file.group(subject.subject);
    io::write_text_attribute(group, "status", status);
    write_sessions_left_out(group, subject);
}

void write_loadings(const io::ResultFile& file, const std::string& subject,
                    const UnitLoadings& loadings)
{
    const auto dataset = io::open_dataset(file.file(), subject + "/loading");
    const auto values = row_major(loadings.value);
    io::write_block<double>(dataset, {loadings.unit.pairs.first, 0},
                            {loadings.value.rows(), loadings.value.cols()}, values);
}

} // namespace rewire::jobs
