#include "jobs/activity/estimate.hpp"
#include "jobs/activity/options.hpp"
#include "jobs/activity/wave_activity.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "rate_result.hpp"
#include "unit_rates.hpp"

namespace rewire::test {

namespace {

using jobs::operator+;

constexpr auto job_name = "event-rates";
constexpr auto axis = "neuron_id";

void compute(runtime::RunContext& context, const jobs::Wave& wave,
             const std::vector<jobs::SessionInput>& inputs, const jobs::ActivitySettings& settings,
             const io::ResultFile* output)
{
    const auto activity = jobs::WaveActivity(context, wave, inputs, settings);
    for (std::size_t position = 0; output != nullptr && position < wave.size(); ++position) {
        const auto& session = wave.session(position);
        const auto& input = inputs[wave.sessions[position]];
        auto rates = SessionRates{.head = wave.head(position),
                                  .tau_s = input.tau_s,
                                  .id = session.record.activity->neuron_id};
        const auto seconds =
            static_cast<double>(session.record.activity->frames) / session.record.activity->rate_hz;
        for (const auto& summary : activity.summary(position))
            rates.rate_hz.push_back(static_cast<double>(summary.events) / seconds);
        write_rates(*output, axis, rates);
    }
}

void run(runtime::RunContext& context)
{
    jobs::adopt_activity_options(context);
    const auto settings = jobs::activity_settings(context.options());
    auto inputs = std::vector<jobs::SessionInput>{};
    jobs::run_session_job(
        context, {.check =
                      [&](const io::Study& study) {
                          inputs = jobs::check_inputs(context, study, settings);
                          return jobs::facts_of(inputs);
                      },
                  .node_bytes = jobs::session_bytes,
                  .estimate =
                      [&](const io::Study& study, const std::vector<std::size_t>& sessions) {
                          return jobs::deconvolution_estimate(study, sessions, context.options(),
                                                              jobs::typical_activity_rates);
                      },
                  .compute =
                      [&](const jobs::Wave& wave, const io::ResultFile* output) {
                          compute(context, wave, inputs, settings, output);
                      }});
}

runtime::Estimate plan(runtime::RunContext& context)
{
    const auto study = jobs::open_study(context);
    jobs::require_tau(study, jobs::activity_settings(context.options()));
    return jobs::plan_sessions(context, study, [&](const auto& sessions) {
        return jobs::deconvolution_estimate(study, sessions, context.options(),
                                            jobs::typical_activity_rates);
    });
}

} // namespace

jobs::Entry event_rates_entry()
{
    return {.job = {.name = job_name,
                    .usage = "--study DIR --results DIR --tau-s X",
                    .summary = "mean rate of calcium events of every neuron",
                    .details = "Events over the length of the recording.",
                    .examples = {"rewire event-rates --study data/ --results out/ --tau-s 0.7"},
                    .options = runtime::common_options() + jobs::study_options() +
                               jobs::activity_options(),
                    .run = run,
                    .plan = plan},
            .has_result = true,
            .tasks = jobs::TaskLevel::session,
            .feeds = {io::Feed::activity},
            .reading = jobs::nwb_options,
            .chains = {"rates"},
            .page = rate_page(job_name, axis),
            .table = rate_table(job_name, axis)};
}

} // namespace rewire::test
