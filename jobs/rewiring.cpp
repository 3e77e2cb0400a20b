#include "catalogue.hpp"
#include "rewiring_movement.hpp"
#include "rewiring_result.hpp"
#include "rewiring_source.hpp"
#include "rewiring_subject.hpp"
#include "session_results.hpp"
#include "study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/dense/symmetric.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace rewire::jobs {

namespace {

RewiringSettings rewiring_settings(const job::Options& options)
{
    return {.thresholded = options.text("edges") == "thresholded",
            .components = options.integer("components"),
            .top = options.integer("top"),
            .draws = options.integer("draws")};
}

/// The connectomes that there are, those of --subject, with at least two sessions.
std::vector<SubjectConnectomes> wanted_subjects(job::RunContext& context, hid_t connectome)
{
    const auto chosen = context.options().texts("subject");
    auto subjects = std::vector<SubjectConnectomes>{};
    for (auto& subject : subjects_of(connectome)) {
        if (!chosen.empty() &&
            std::find(chosen.begin(), chosen.end(), subject.subject) == chosen.end())
            continue;
        if (context.comm().is_root())
            for (const auto& session : subject.left_out)
                context.warn(fmt::format("{}, session {}", subject.subject, session));
        if (subject.sessions.size() < 2 || subject.neuron_id.size() < 2) {
            if (context.comm().is_root())
                context.warn(fmt::format("{}: {} sessions, {} common neurons: no trajectory",
                                         subject.subject, subject.sessions.size(),
                                         subject.neuron_id.size()));
            continue;
        }
        subjects.push_back(std::move(subject));
    }
    if (subjects.empty())
        throw base::InputError("no subject with two sessions that have a connectome",
                               io::name_of(connectome),
                               "rewiring is a comparison of sessions: compute more connectomes");
    return subjects;
}

std::filesystem::path connectome_path(const job::Options& options)
{
    auto path = options.path("results") / "connectome.h5";
    if (!std::filesystem::exists(path))
        throw base::InputError(
            "no connectome yet", path.string(),
            fmt::format("compute it first: rewire connectome --study DIR --results {} --tau-s X",
                        options.text("results")));
    return path;
}

/// What movement.h5, if it is there, was made of: the movement fraction follows from it.
io::Fingerprint movement_inputs(const job::Options& options)
{
    const auto path = options.path("results") / "movement.h5";
    auto inputs = io::Fingerprint{};
    if (!std::filesystem::exists(path))
        return inputs;
    const auto record = io::read_record(io::open_for_reading(path));
    for (const auto* fields : {&record.digest, &record.inputs})
        for (const auto& [field, value] : *fields)
            inputs.emplace_back("movement " + field, value);
    return inputs;
}

/// True when the result is there already; error when it belongs to other settings or lost sessions.
bool is_up_to_date(const std::filesystem::path& path, const io::Fingerprint& digest,
                   const io::Fingerprint& inputs)
{
    if (!std::filesystem::exists(path))
        return false;
    const auto record = io::read_record(io::open_for_reading(path));
    require_same_settings(path, record, digest);
    if (record.inputs == inputs)
        return true;
    for (const auto& input : record.inputs)
        if (!input.first.starts_with("movement ") &&
            std::find(inputs.begin(), inputs.end(), input) == inputs.end())
            throw base::UsageError(
                "a result from other sessions is there: " + input.first, path.string(),
                "add --overwrite to replace it, or choose another folder with --results");
    return false; // sessions or movements were added: all is computed again
}

/// SHA-256 of the sessions' files, and what movement.h5 was made of.
io::Fingerprint inputs_of(const std::vector<SubjectConnectomes>& subjects,
                          const job::Options& options)
{
    auto inputs = io::Fingerprint{};
    for (const auto& subject : subjects)
        for (std::size_t session = 0; session < subject.sessions.size(); ++session)
            inputs.emplace_back(subject.subject + "/" + subject.sessions[session],
                                subject.sha256[session]);
    for (const auto& entry : movement_inputs(options))
        inputs.push_back(entry);
    return inputs;
}

/// What the result depends on: the options, and the settings of the connectome.
io::Fingerprint digest_of(hid_t connectome, const job::Options& options)
{
    auto digest = options.result_changing();
    digest.emplace_back("version", job::program_version());
    for (const auto& [field, value] : io::read_record(connectome).digest)
        digest.emplace_back("connectome " + field, value);
    return digest;
}

io::Fingerprint checkpoint_fingerprint(const io::Fingerprint& digest, const io::Fingerprint& inputs)
{
    auto fingerprint = digest;
    fingerprint.insert(fingerprint.end(), inputs.begin(), inputs.end());
    fingerprint.emplace_back("revision", job::program_revision());
    fingerprint.emplace_back("cpu target", dense::blas_target());
    return fingerprint;
}

/// Writes the result file, which rank 0 returns. Collective.
std::unique_ptr<io::ResultFile> written_result(job::RunContext& context, const RewiringRun& run,
                                               const RewiringSettings& settings,
                                               const std::filesystem::path& path)
{
    auto output = std::unique_ptr<io::ResultFile>{};
    context.collective("write", [&] {
        if (!context.comm().is_root())
            return;
        output = std::make_unique<io::ResultFile>(path, context.attempt());
        const auto movement = context.options().path("results") / "movement.h5";
        for (std::size_t i = 0; i < run.subjects().size(); ++i) {
            const auto& subject = run.subjects()[i];
            const auto& result = run.results()[i];
            write_subject(*output, subject, result, settings,
                          movement_fractions(movement, subject, result, settings, context.seed()));
        }
    });
    run.each_loadings([&](const UnitLoadings& loadings) {
        write_loadings(*output, run.subjects()[loadings.unit.subject].subject, loadings);
    });
    return output;
}

std::string table_of(const RewiringRun& run)
{
    auto text = std::string{};
    for (std::size_t i = 0; i < run.subjects().size(); ++i) {
        const auto& subject = run.subjects()[i];
        const auto& result = run.results()[i];
        text += fmt::format("{:<12} {:>8} {:>8} {:>10}  ", subject.subject, subject.sessions.size(),
                            subject.neuron_id.size(), result.ever_an_edge.size());
        for (const auto ratio : result.components.explained_variance_ratio)
            text += fmt::format(" {:>6.1f} %", 100 * ratio);
        text += "\n";
    }
    return text;
}

void run_rewiring(job::RunContext& context)
{
    const auto& comm = context.comm();
    const auto& options = context.options();
    const auto settings = rewiring_settings(options);
    const auto path = options.path("results") / "rewiring.h5";
    const auto file =
        mpi::collective(comm, [&] { return io::open_for_reading(connectome_path(options)); });
    auto subjects = mpi::collective(comm, [&] { return wanted_subjects(context, file); });
    const auto digest = mpi::collective(comm, [&] { return digest_of(file, options); });
    const auto inputs = mpi::collective(comm, [&] { return inputs_of(subjects, options); });
    auto present = false;
    auto done = std::int64_t{0};
    mpi::collective(comm, [&] {
        if (!comm.is_root()) // file systems of a cluster do not show all nodes the same at the same
                             // time
            return;
        present = std::filesystem::exists(path);
        done = !options.flag("overwrite") && is_up_to_date(path, digest, inputs) ? 1 : 0;
    });
    if (comm.sum(done) > 0) {
        context.note(path.string() + " is up to date: nothing to do");
        context.discard_checkpoint();
        return;
    }
    context.begin_results(checkpoint_fingerprint(digest, inputs));

    auto run = RewiringRun(context, file, std::move(subjects), settings);
    run.compute();
    const auto output = written_result(context, run, settings, path);
    context.collective("publish", [&] {
        if (output)
            output->publish(context.record(inputs, digest), present);
    });
    context.note(fmt::format("{:<12} {:>8} {:>8} {:>10}   explained variance", "subject",
                             "sessions", "neurons", "edges"));
    context.note(table_of(run));
    context.finish();
    context.note("wrote " + path.string());
}

/// Pairs and sessions of every subject.
using Sizes = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// Of the connectome, or, before there is one, of the study that it will be computed from.
Sizes sizes_to_plan_for(job::RunContext& context)
{
    auto sizes = Sizes{};
    const auto& options = context.options();
    if (std::filesystem::exists(options.path("results") / "connectome.h5") ||
        !options.has("study")) {
        const auto file = io::open_for_reading(connectome_path(options));
        for (const auto& subject : wanted_subjects(context, file))
            sizes.emplace_back(subject.pairs(), static_cast<std::int64_t>(subject.sessions.size()));
        return sizes;
    }
    const auto study = io::open_study(options.path("study"), {},
                                      {.subjects = options.texts("subject"), .sessions = {}});
    for (const auto& subject : study.subjects) {
        const auto sessions = std::count_if(
            subject.sessions.begin(), subject.sessions.end(), [&](std::size_t session) {
                return study.sessions[session].record.activity.has_value();
            });
        sizes.emplace_back(base::pair_count(static_cast<std::int64_t>(subject.neuron_id.size())),
                           sessions);
    }
    return sizes;
}

job::Estimate rewiring_estimate(const Sizes& sizes, const job::Options& options)
{
    auto estimate = job::Estimate{};
    auto seconds = 0.0;
    auto longest = 0.0;
    auto units = std::int64_t{0};
    const auto components = static_cast<double>(options.integer("components"));
    for (const auto& [pairs, sessions] : sizes) {
        const auto values = static_cast<double>(pairs) * static_cast<double>(sessions);
        const auto block =
            static_cast<double>(std::min(pairs, unit_pairs)) * static_cast<double>(sessions);
        seconds += values * 90e-9; // read three times
        longest = std::max(longest, block * 90e-9);
        estimate.rank_bytes = std::max(estimate.rank_bytes, job::base_rank_bytes + block * 8 * 3);
        estimate.result_bytes += static_cast<double>(pairs) * 8 * components;
        units += static_cast<std::int64_t>(base::blocks_of(pairs, unit_pairs).size());
    }
    estimate.spread_bytes =
        4 * estimate.result_bytes; // loadings stay where they were computed until they are written
    estimate.checkpoint_bytes = estimate.result_bytes;
    estimate.add_phase("components", seconds, units, longest);
    return estimate;
}

job::Estimate plan_rewiring(job::RunContext& context)
{
    const auto sizes = sizes_to_plan_for(context);
    if (!context.options().has("largest"))
        return rewiring_estimate(sizes, context.options());
    auto estimates = std::vector<job::Estimate>{};
    for (const auto& subject : sizes)
        estimates.push_back(rewiring_estimate({subject}, context.options()));
    return job::most_of(estimates);
}

std::vector<job::Option> rewiring_options()
{
    using Kind = job::OptionKind;
    auto options = std::vector<job::Option>{};
    for (const auto& option : job::common_options())
        if (option.name != "study" && option.name != "session" && option.name != "node-memory-gb")
            options.push_back(option);
    return options +
           std::vector<job::Option>{
               {.name = "edges",
                .default_value = "thresholded",
                .help = "partial correlations of edges only (others 0), or of all pairs",
                .source = "2.4",
                .choices = {"thresholded", "all"}},
               {.name = "components",
                .kind = Kind::integer,
                .default_value = "3",
                .help = "principal components to keep",
                .source = "2.4",
                .minimum = 1},
               {.name = "top",
                .kind = Kind::integer,
                .default_value = "100",
                .help = "edges with the largest positive and negative loadings",
                .source = "2.9",
                .minimum = 1},
               {.name = "draws",
                .kind = Kind::integer,
                .default_value = "1000",
                .help = "random draws of edges for the fraction of movement-related neurons",
                .source = "2.9",
                .minimum = 1},
           };
}

} // namespace

job::Job rewiring_job()
{
    return {
        .name = "rewiring",
        .usage = "--results DIR [options]",
        .summary = "how the connectome of every subject rewires over sessions: principal "
                   "components, MDS, top edges",
        .details =
            "Principal components of the sessions x pairs matrix of each subject "
            "(RESULTS/connectome.h5), over the neurons\n"
            "that all of its sessions have; the first component points along the sessions, so that "
            "positive loadings are\n"
            "pairs that strengthen. With RESULTS/movement.h5 there, too: the fraction of "
            "movement-related neurons among\n"
            "the ends of the top edges, against random draws of edges. Writes RESULTS/rewiring.h5.",
        .citation = "",
        .options = rewiring_options(),
        .run = run_rewiring,
        .plan = plan_rewiring};
}

} // namespace rewire::jobs
