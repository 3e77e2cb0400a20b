#include "entry.hpp"
#include "jobs/ccg/result.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "jobs/recording/pair_tiles.hpp"
#include "pairs.hpp"
#include "result.hpp"
#include "section.hpp"
#include "settings.hpp"
#include "tables.hpp"

#include <rewire/base/partition.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace rewire::jobs {

namespace {

constexpr auto no_pairs = "no pairs among the chosen units";
constexpr auto pairs_a_part = std::int64_t{8};

// Seconds on a server of 2022.
constexpr auto cell_s = 12e-9;  ///< of a matrix, the average along the diagonal included
constexpr auto trial_s = 60e-9; ///< of a pair: reading the bits of both
constexpr auto written_bytes_per_s = 80e6;

double bytes_of_pair(const JpsthJobSettings& settings)
{
    return 5 * sizeof(float) * static_cast<double>(settings.bins() * settings.columns());
}

double seconds_of_pair(const JpsthJobSettings& settings, double trials)
{
    return cell_s * static_cast<double>(settings.bins() * settings.columns()) + trial_s * trials;
}

JpsthPair pair_of(const spikes::SpikeTrainsView& trains, const SessionSpikes& session,
                  std::int32_t i, std::int32_t j, const JpsthJobSettings& settings)
{
    auto both = spikes::SpikeTrains{};
    both.add(trains.train(i));
    both.add(trains.train(j));
    auto matrices = spikes::jpsth(spikes::packed_trials(both.view(), session.trials.windows), 0, 1,
                                  settings.matrix);
    return {.joint = std::move(matrices.joint),
            .predictor = std::move(matrices.predictor),
            .normalised = std::move(matrices.normalised),
            .conditional = std::move(matrices.conditional),
            .conditional_smoothed = std::move(matrices.conditional_smoothed),
            .diagonal_sum = std::move(matrices.diagonal_sum)};
}

std::string table_head()
{
    return fmt::format("{:<12} {:<10} {:>6} {:>8} {:>8} {:>9}", "subject", "session", "units",
                       "pairs", "trials", "left out");
}

void note_session(runtime::RunContext& context, const SessionHead& head,
                  const SessionSpikes& session, const SessionPairs& pairs)
{
    context.note(fmt::format("{:<12} {:<10} {:>6} {:>8} {:>8} {:>9}", head.subject, head.session,
                             session.recording.units(), pairs.pair.size(),
                             session.trials.windows.trials(), pairs.left_out));
    context.note("    " + described(session.trials));
    note_recording(context, head, session.recording);
}

void compute(runtime::RunContext& context, const Wave& wave, const WantedPairs& wanted,
             const JpsthJobSettings& settings, const io::ResultFile* output)
{
    const auto held = HeldSpikes(context, wave, settings.units, settings.trials);
    auto pairs = std::vector<SessionPairs>{};
    auto ranges = std::vector<base::Range>{}; // [parts] of the pairs of a session
    auto parts = std::vector<PartOfWork>{};
    for (std::size_t position = 0; position < wave.size(); ++position) {
        const auto& session = held.session(position);
        pairs.push_back(
            pairs_among(wanted.of(name_of(wave.session(position))), session.recording.unit_id));
        const auto trials = static_cast<double>(session.trials.windows.trials());
        const auto count = std::ssize(pairs.back().pair);
        for (std::int64_t first = 0; first < count; first += pairs_a_part) {
            const auto& range =
                ranges.emplace_back(base::Range{first, std::min(first + pairs_a_part, count)});
            parts.push_back(
                {position, bytes_of_pair(settings) * static_cast<double>(range.size()),
                 seconds_of_pair(settings, trials) * static_cast<double>(range.size())});
        }
    }
    auto head = SessionHead{};
    auto writer = std::unique_ptr<JpsthWriter>{};
    each_part_by_session(
        context, wave, parts,
        [&](std::size_t part, const runtime::Tick& tick) -> std::optional<std::vector<std::byte>> {
            const auto position = parts[part].position;
            auto results = std::vector<JpsthPair>{};
            for (auto k = ranges[part].first; k < ranges[part].last; ++k) {
                const auto [i, j] = pairs[position].pair[static_cast<std::size_t>(k)];
                results.push_back(
                    pair_of(held.trains(position), held.session(position), i, j, settings));
                if (!tick())
                    return std::nullopt;
            }
            return packed(results);
        },
        {.begin =
             [&](std::size_t position) {
                 head = wave.head(position);
                 if (pairs[position].pair.empty())
                     head.status = no_pairs;
                 writer = std::make_unique<JpsthWriter>(
                     *output, head, held.session(position), held.trains(position), pairs[position],
                     wanted.digest(name_of(wave.session(position))), settings);
             },
         .take = [&](std::size_t,
                     std::span<const std::byte> bytes) { writer->add(unpacked_jpsths(bytes)); },
         .end =
             [&](std::size_t position) {
                 writer.reset();
                 note_session(context, head, held.session(position), pairs[position]);
             }});
}

/// @param pairs_in of a session
runtime::Estimate estimate_of(const io::Study& study, const std::vector<std::size_t>& sessions,
                              const std::function<double(const io::StudySession&)>& pairs_in,
                              const JpsthJobSettings& settings, const runtime::Options& options)
{
    constexpr auto usual_trials = 1000.0;
    auto estimate = runtime::Estimate{};
    auto read_bytes = add_reading(estimate, study, sessions, held_spikes_bytes);
    auto all = 0.0;
    for (const auto session : sessions) {
        all += pairs_in(study.sessions[session]);
        // PSTHs of all units, made by rank 0.
        const auto packed_bytes =
            static_cast<double>(study.sessions[session].record.units->units * settings.bins()) *
            (usual_trials / 8 + sizeof(double));
        read_bytes = std::max(read_bytes, packed_bytes + 16e6);
    }
    estimate.node_bytes = largest_wave(study, sessions, held_spikes_bytes,
                                       node_limit_bytes(options), held_spikes_bytes);
    const auto results = all * bytes_of_pair(settings);
    estimate.spread_bytes = 3 * std::min(results, pair_results_bytes);
    estimate.rank_bytes =
        runtime::base_rank_bytes +
        std::max(read_bytes, 2 * static_cast<double>(pairs_a_part) * bytes_of_pair(settings));
    estimate.result_bytes = results;
    estimate.checkpoint_bytes = results;
    const auto pair_s = seconds_of_pair(settings, usual_trials);
    const auto parts = static_cast<std::int64_t>(all) / pairs_a_part + std::ssize(sessions);
    estimate.add_phase("pairs", pair_s * all, parts,
                       std::min(pair_s * static_cast<double>(pairs_a_part), pair_s * all));
    estimate.add_phase("write", results / written_bytes_per_s, 1, results / written_bytes_per_s);
    estimate.notes.emplace_back("as if there were 1,000 trials a session; speed of one core of a "
                                "recent server, not measured here");
    return estimate;
}

SessionJob session_job(runtime::RunContext& context)
{
    const auto settings = jpsth_settings(context.options());
    const auto wanted = mpi::collective(
        context.comm(), [&] { return std::make_shared<const WantedPairs>(context, settings); });
    return {.table_head = table_head(),
            .check =
                [wanted, &context](const io::Study& study) {
                    auto facts = hashes_of(context, study);
                    for (std::size_t session = 0; session < facts.size(); ++session)
                        facts[session].settings.push_back(
                            {pairs_digest, "list of pairs", "",
                             wanted->digest(name_of(study.sessions[session]))});
                    return facts;
                },
            .node_bytes = held_spikes_bytes,
            .estimate =
                [wanted, settings, &context](const io::Study& study, const auto& sessions) {
                    const auto named = [&](const io::StudySession& session) {
                        return static_cast<double>(wanted->of(name_of(session)).size());
                    };
                    return estimate_of(study, sessions, named, settings, context.options());
                },
            .prepare =
                [settings, &context](const io::Study& study, const auto& sessions) {
                    check_spikes(context, study, sessions, settings.units, settings.trials);
                },
            .upstream = [wanted] { return wanted->upstream(); },
            .compute =
                [wanted, settings, &context](const Wave& wave, const io::ResultFile* output) {
                    compute(context, wave, *wanted, settings, output);
                }};
}

/// Before there are the correlograms that name the pairs, as in a chain: as if every unit had two.
runtime::Estimate plan(runtime::RunContext& context)
{
    const auto settings = jpsth_settings(context.options());
    const auto correlograms = context.options().path("results") / (std::string(ccg_name) + ".h5");
    if (settings.pairs != significant_pairs || std::filesystem::exists(correlograms))
        return plan_session_job(context, session_job(context));
    const auto study = open_study(context);
    require_feed(study, io::Feed::units);
    auto estimate = plan_sessions(context, study, [&](const auto& sessions) {
        const auto two_a_unit = [](const io::StudySession& session) {
            return 2 * static_cast<double>(session.record.units->units);
        };
        return estimate_of(study, sessions, two_a_unit, settings, context.options());
    });
    estimate.notes.push_back(
        fmt::format("as if every unit had two pairs: there is no {} yet", correlograms.string()));
    return estimate;
}

runtime::Job described_job()
{
    return {
        .name = jpsth_name,
        .usage = "--study DIR --results DIR --align TABLE --stop-s X [options]",
        .summary = "how coincidences of pairs depend on the time in the trial: joint histograms, "
                   "normalised, conditional",
        .details =
            "Spikes of both units of a pair in trials -> joint histogram over both times -> what "
            "the PSTHs predict, the\n"
            "difference over the standard deviations (Aertsen et al.), the probability of the "
            "second unit given the\n"
            "first, and that averaged along the diagonal. Times farther apart than --band-ms are "
            "not kept, unless with\n"
            "--full. The first unit of a pair is the one that leads. Writes RESULTS/jpsth.h5.",
        .examples = {"rewire jpsth --study data/ --results out/ --align trials --stop-s 0.5",
                     "mpirun -n 4 rewire jpsth --study data/ --results out/ --align trials "
                     "--stop-s 2 --pairs out/export/ccg.csv"},
        .citation = "Aertsen et al. 1989 (JPSTH)",
        .paper = "the DyNetCP paper",
        .options =
            runtime::common_options() + alignment_options() + unit_options() + jpsth_options(),
        .run = run_of(session_job),
        .plan = plan};
}

} // namespace

Entry jpsth_entry()
{
    return {.job = described_job(),
            .has_result = true,
            .needs = {{.job = ccg_name,
                       .required = false,
                       .for_what = "the pairs, unless a file names them"}},
            .tasks = TaskLevel::study,
            .feeds = {io::Feed::units},
            .page = jpsth_page(),
            .table = jpsth_table()};
}

} // namespace rewire::jobs
