#include "unit_rates.hpp"

#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "rate_result.hpp"

#include <rewire/base/packed.hpp>
#include <rewire/io/nwb_session.hpp>

namespace rewire::test {

namespace {

constexpr auto job_name = "unit-rates";
constexpr auto axis = "unit_id";

SessionRates rates_of(const io::StudySession& session, const std::string& sha256)
{
    const auto file = io::NwbSession(session.path, {});
    const auto units = file.read_units();
    auto rates = SessionRates{.head = jobs::head_of(session, sha256)};
    auto last_s = 0.0;
    for (const auto time : units.spike_time_s)
        last_s = std::max(last_s, time);
    for (std::size_t unit = 0; unit < units.table.id.size(); ++unit) {
        rates.id.push_back(std::to_string(units.table.id[unit]));
        const auto spikes = units.spike_start[unit + 1] - units.spike_start[unit];
        rates.rate_hz.push_back(last_s > 0 ? static_cast<double>(spikes) / last_s : 0);
    }
    return rates;
}

runtime::Estimate estimate_of(const io::Study& study, const std::vector<std::size_t>& sessions)
{
    auto estimate = runtime::Estimate{};
    estimate.rank_bytes = runtime::base_rank_bytes;
    auto spikes = 0.0;
    for (const auto session : sessions)
        spikes += static_cast<double>(study.sessions[session].record.units->spikes);
    const auto seconds = 1e-8 * spikes;
    estimate.add_phase("rates", seconds, static_cast<std::int64_t>(sessions.size()), seconds);
    return estimate;
}

void compute(runtime::RunContext& context, const jobs::Wave& wave,
             const std::vector<jobs::SessionFacts>& facts, const io::ResultFile* output)
{
    const auto computed = context.each_unit<runtime::UnitResults>(
        "rates" + wave.suffix, std::vector<double>(wave.size(), 1.0),
        [&](std::int64_t unit, runtime::UnitResults& results, const runtime::Tick&) {
            const auto position = static_cast<std::size_t>(unit);
            const auto rates =
                rates_of(wave.session(position), facts[wave.sessions[position]].sha256);
            auto packer = base::Packer{};
            const auto put = base::PackField{packer};
            put(rates.id), put(rates.rate_hz);
            results.add(unit, packer.take());
            return true;
        });
    runtime::gather_to_root(context.comm(), computed, static_cast<std::int64_t>(wave.size()),
                            [&](std::int64_t unit, std::span<const std::byte> bytes) {
                                const auto position = static_cast<std::size_t>(unit);
                                auto unpacker = base::Unpacker(bytes);
                                const auto get = base::UnpackField{unpacker};
                                auto rates = SessionRates{
                                    .head = jobs::head_of(wave.session(position),
                                                          facts[wave.sessions[position]].sha256)};
                                get(rates.id), get(rates.rate_hz);
                                write_rates(*output, axis, rates);
                            });
}

void run(runtime::RunContext& context)
{
    auto facts = std::vector<jobs::SessionFacts>{};
    jobs::run_session_job(
        context,
        {.check =
             [&](const io::Study& study) {
                 return facts = jobs::hashes_of(context, study, io::Feed::units);
             },
         .node_bytes =
             [](const io::StudySession& session) {
                 return 8.0 * static_cast<double>(session.record.units->spikes);
             },
         .estimate = estimate_of,
         .compute = [&](const jobs::Wave& wave,
                        const io::ResultFile* output) { compute(context, wave, facts, output); }});
}

runtime::Estimate plan(runtime::RunContext& context)
{
    const auto study = jobs::open_study(context);
    jobs::require_feed(study, io::Feed::units);
    return jobs::plan_sessions(context, study,
                               [&](const auto& sessions) { return estimate_of(study, sessions); });
}

} // namespace

jobs::Entry unit_rates_entry()
{
    return {.job = {.name = job_name,
                    .usage = "--study DIR --results DIR",
                    .summary = "mean firing rate of every unit",
                    .details = "Spikes over the time of the last one.",
                    .examples = {"rewire unit-rates --study data/ --results out/"},
                    .options = runtime::common_options(),
                    .run = run,
                    .plan = plan},
            .has_result = true,
            .tasks = jobs::TaskLevel::session,
            .feeds = {io::Feed::units},
            .chains = {"rates"},
            .page = rate_page(job_name, axis),
            .table = rate_table(job_name, axis)};
}

} // namespace rewire::test
