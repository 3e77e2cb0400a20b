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

SessionRates rates_of(const jobs::Wave& wave, std::size_t position)
{
    const auto file = io::NwbSession(wave.session(position).path, {});
    const auto units = file.read_units();
    auto rates = SessionRates{.head = wave.head(position)};
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

void compute(runtime::RunContext& context, const jobs::Wave& wave, const io::ResultFile* output)
{
    const auto computed = context.each_unit<runtime::UnitResults>(
        "rates" + wave.suffix, std::vector<double>(wave.size(), 1.0),
        [&](std::int64_t unit, runtime::UnitResults& results, const runtime::Tick&) {
            const auto rates = rates_of(wave, static_cast<std::size_t>(unit));
            auto packer = base::Packer{};
            const auto put = base::PackField{packer};
            put(rates.id), put(rates.rate_hz);
            results.add(unit, packer.take());
            return true;
        });
    runtime::gather_to_root(context.comm(), computed, static_cast<std::int64_t>(wave.size()),
                            [&](std::int64_t unit, std::span<const std::byte> bytes) {
                                auto unpacker = base::Unpacker(bytes);
                                const auto get = base::UnpackField{unpacker};
                                auto rates =
                                    SessionRates{.head = wave.head(static_cast<std::size_t>(unit))};
                                get(rates.id), get(rates.rate_hz);
                                write_rates(*output, axis, rates);
                            });
}

jobs::SessionJob session_job(runtime::RunContext& context)
{
    return {
        .node_bytes =
            [](const io::StudySession& session) {
                return 8.0 * static_cast<double>(session.record.units->spikes);
            },
        .estimate = estimate_of,
        .compute = [&context](const jobs::Wave& wave,
                              const io::ResultFile* output) { compute(context, wave, output); }};
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
                    .run = jobs::run_of(session_job),
                    .plan = jobs::plan_of(session_job)},
            .has_result = true,
            .tasks = jobs::TaskLevel::session,
            .feeds = {io::Feed::units},
            .chains = {"rates"},
            .page = rate_page(job_name, axis),
            .table = rate_table(job_name, axis)};
}

} // namespace rewire::test
