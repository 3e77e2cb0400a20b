#include "session_connectome.hpp"

#include "jobs/frame/study_source.hpp"

#include <rewire/calcium/connectome.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/io/roi_positions.hpp>
#include <rewire/network/graph_metrics.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

std::string estimator_of(const calcium::PartialCorrelation& partial,
                         const ConnectomeSettings& settings)
{
    using Kind = calcium::Shrinkage::Kind;
    const auto& options = settings.partial_correlation;
    if (partial.status != calcium::PartialCorrelationStatus::ok)
        return options.when_singular == calcium::WhenSingular::pseudo_inverse ? pseudo_inverse
                                                                              : "ledoit-wolf";
    if (settings.shrinks_animals_alike)
        return "ledoit-wolf of the animal";
    switch (options.shrinkage.kind) {
    case Kind::ledoit_wolf:
        return "ledoit-wolf";
    case Kind::fixed:
        if (partial.shrinkage > 0)
            return fmt::format("shrunk by {:g}", partial.shrinkage);
        break;
    case Kind::none:
        break;
    }
    return "inverse";
}

void take_positions(const io::StudySession& session, const io::NwbOptions& nwb,
                    SessionConnectome& result)
{
    const auto positions = io::roi_positions(io::NwbSession(session.path, nwb));
    for (const auto& place : positions.place)
        result.position.insert(result.position.end(), place.begin(), place.end());
    result.position_unit = positions.unit;
    result.position_source = positions.source;
}

} // namespace

SessionConnectome connectome_of(const io::StudySession& session, const SessionInput& input,
                                const activity::ActivityView& activity,
                                const std::vector<calcium::NeuronSummary>& summary,
                                const calcium::CovariateView& covariates,
                                const ConnectomeSettings& settings)
{
    auto result = SessionConnectome{};
    static_cast<SessionHead&>(result) = head_of(session, input.sha256);
    result.neuron_id = session.record.activity->neuron_id;
    result.neuron_id_column = session.record.activity->id_column;
    result.neuron_ids_are_rows = session.record.activity->ids_are_rows ? 1 : 0;
    result.neuron_id_candidates = session.record.activity->id_candidates;
    take_positions(session, settings.activity.nwb, result);
    result.tau_s = input.tau_s;
    result.rate_hz = session.record.activity->rate_hz;
    result.frames = activity.frames;
    result.missing = input.missing;
    for (std::size_t neuron = 0; neuron < summary.size(); ++neuron) {
        const auto dropped = input.used.usable[neuron] == 0;
        result.neuron_status.push_back(static_cast<std::uint8_t>(
            dropped ? calcium::NeuronStatus::not_finite : summary[neuron].status));
        result.events.push_back(summary[neuron].events);
    }

    auto partial = calcium::partial_correlation(
        activity, partial_correlation_options(settings, session, activity, covariates), covariates);
    const auto computed = std::none_of(partial.value.begin(), partial.value.end(),
                                       [](double p) { return std::isnan(p); }) &&
                          partial.active_count >= 2;
    result.active = std::move(partial.active);
    result.status = partial.status_text;
    result.computed = computed ? 1 : 0;
    result.reciprocal_condition = partial.rcond;
    result.shrinkage = partial.shrinkage;
    result.estimator = computed ? estimator_of(partial, settings) : "";
    if (settings.shrinks_animals_alike)
        result.animal_shrinkage = partial.shrinkage;
    result.partial_correlation = std::move(partial.value);
    auto edges = calcium::connectome_of(result.partial_correlation, settings.alpha);
    result.threshold = edges.threshold;
    result.edge = std::move(edges.edge);
    const auto metrics =
        network::graph_metrics(result.edge, static_cast<std::int64_t>(result.neuron_id.size()));
    result.degree = metrics.degree;
    result.clustering = metrics.clustering;
    const auto or_nan = [&](double value) { return computed ? value : std::nan(""); };
    result.mean_degree = or_nan(metrics.mean_degree);
    result.density = or_nan(metrics.paper_density);
    result.density_of_pairs = or_nan(metrics.density);
    result.transitivity = or_nan(metrics.transitivity);
    result.transitivity_of_triples = or_nan(metrics.triangle_share);
    result.average_clustering = or_nan(metrics.average_clustering);
    return result;
}

} // namespace rewire::jobs
