#include "animal_shrinkage.hpp"

#include "covariates.hpp"
#include "estimate.hpp"
#include "frames.hpp"
#include "jobs/activity/wave_activity.hpp"
#include "jobs/frame/study_source.hpp"

#include <rewire/calcium/covariance.hpp>

#include <algorithm>

namespace rewire::jobs {

namespace {

/// Nothing when `tick` stopped it.
std::optional<calcium::ShrinkageTerms> terms_of(const io::StudySession& session,
                                                const ConnectomeSettings& settings,
                                                const runtime::Tick& tick)
{
    const auto input = session_input_of(session, settings.activity, settings.segments);
    const auto smoothed = smoothed_events_of(session, input, settings.activity, tick);
    if (!smoothed)
        return std::nullopt;
    const auto frames = frames_of(session, input, settings, smoothed->view());
    const auto used =
        used_activity(frames, smoothed->view(), covariates_of(session, input, settings));
    const auto view = used.activity.view();
    const auto effective = effective_frames_of(view, used.covariates.view());
    if (!(effective > 0))
        return calcium::ShrinkageTerms{};
    const auto basis = calcium::covariate_basis(used.covariates.view(), view.frames);
    return calcium::ledoit_wolf_terms_of_correlation(
        view, basis, calcium::covariance_of(view, basis), effective);
}

} // namespace

std::map<std::string, double> shrinkage_of_animals(runtime::RunContext& context,
                                                   const io::Study& study,
                                                   const ConnectomeSettings& settings)
{
    const auto whole = context.options().texts("session").empty() ? study : open_animals(context);
    auto costs = std::vector<double>{};
    for (const auto& session : whole.sessions)
        costs.push_back(shrinkage_seconds(*session.record.activity));
    const auto terms = context.each_unit_to_all<calcium::ShrinkageTerms>(
        "shrinkage", costs, [&](std::int64_t unit, const runtime::Tick& tick) {
            return terms_of(whole.sessions[static_cast<std::size_t>(unit)], settings, tick);
        });
    auto sums = std::map<std::string, calcium::ShrinkageTerms>{};
    for (std::size_t i = 0; i < terms.size(); ++i)
        sums[whole.sessions[i].record.subject] += terms[i];
    auto intensity = std::map<std::string, double>{};
    for (const auto& [subject, sum] : sums)
        intensity[subject] = sum.intensity();
    return intensity;
}

double shrinkage_seconds(const io::ActivityInfo& activity)
{
    return static_cast<double>(activity.neurons * activity.frames) * 25e-9 +
           connectome_seconds(activity);
}

} // namespace rewire::jobs
