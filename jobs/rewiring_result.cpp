#include "rewiring_result.hpp"

#include "session_results.hpp"

#include <cmath>

namespace rewire::jobs {

namespace {

std::vector<double> row_major(const Eigen::MatrixXd& matrix)
{
    auto values = std::vector<double>(static_cast<std::size_t>(matrix.size()));
    Eigen::Map<network::SessionBlock>(values.data(), matrix.rows(), matrix.cols()) = matrix;
    return values;
}

void write_components(hid_t group, const SubjectRewiring& result)
{
    io::write_array(group, "score", row_major(result.components.score), {"session", "component"});
    const auto& ratio = result.components.explained_variance_ratio;
    io::write_array(group, "explained_variance_ratio",
                    std::vector<double>(ratio.begin(), ratio.end()), {"component"}, "1");
    io::write_array(
        group, "mds",
        row_major(network::classical_scaling(network::session_distances(result.gram), 2)),
        {"session", "dimension"});
    const auto loading = io::make_array<double>(group, "loading", {"pair", "component"});
}

/// Top pairs of every component, and their mean partial correlation by session.
void write_top(hid_t group, const SubjectRewiring& result, std::int64_t ranks)
{
    io::write_index_axis(group, "rank", ranks);
    auto first = Eigen::Index{0};
    for (const auto positive : {true, false}) {
        auto pair = std::vector<std::int64_t>{};
        auto mean = std::vector<double>{};
        for (const auto& top : result.top) {
            const auto& list = positive ? top.positive : top.negative;
            for (std::int64_t rank = 0; rank < ranks; ++rank)
                pair.push_back(rank < static_cast<std::int64_t>(list.size())
                                   ? list[static_cast<std::size_t>(rank)].pair
                                   : -1);
            const auto count = static_cast<Eigen::Index>(list.size());
            for (Eigen::Index session = 0; session < result.top_values.rows(); ++session)
                mean.push_back(count == 0
                                   ? std::nan("")
                                   : result.top_values.row(session).segment(first, count).mean());
            first += count;
        }
        const auto name = std::string(positive ? "top_positive" : "top_negative");
        io::write_array(group, name + "_pair", pair, {"component", "rank"});
        io::write_array(group, name + "_mean", mean, {"component", "session"}, "1");
    }
}

void write_movement(hid_t group, const MovementFractions& movement)
{
    io::write_text_axis(group, "period", movement.period);
    io::write_text_axis(group, "sign", {"positive", "negative"});
    io::write_array(group, "movement_fraction", movement.fraction, {"sign", "period"}, "1");
    io::write_array(group, "movement_fraction_percentile", movement.percentile, {"sign", "period"},
                    "percent");
}

} // namespace

void write_subject(const io::ResultFile& file, const SubjectConnectomes& subject,
                   const SubjectRewiring& result, const RewiringSettings& settings,
                   const std::optional<MovementFractions>& movement)
{
    const auto group = file.group(subject.subject);
    io::write_text_axis(group, "session", subject.sessions);
    io::write_index_axis(group, "component", result.components.components());
    io::write_index_axis(group, "pair", subject.pairs());
    io::write_index_axis(group, "dimension", 2);
    write_neuron_axis(group, subject.neuron_id);
    io::write_array(group, "session_number", subject.numbers, {"session"});
    write_components(group, result);
    write_top(group, result, settings.top);
    if (movement)
        write_movement(group, *movement);
    io::write_attribute(group, "pairs_ever_an_edge",
                        static_cast<std::int64_t>(result.ever_an_edge.size()));
    io::write_attribute(
        group, "first_component_flipped",
        static_cast<std::uint8_t>(result.orientation.first_against_largest_loading ? 1 : 0));
    io::write_texts_attribute(group, "sessions_left_out", subject.left_out);
    io::write_text_attribute(group, "edges", settings.thresholded ? "thresholded" : "all");
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
