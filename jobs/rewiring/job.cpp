#include "change.hpp"
#include "entry.hpp"
#include "estimate.hpp"
#include "existing.hpp"
#include "jobs/connectome/result.hpp"
#include "jobs/frame/command_of.hpp"
#include "jobs/frame/study_source.hpp"
#include "jobs/movement/result.hpp"
#include "movement_of_edges.hpp"
#include "output.hpp"
#include "recovery.hpp"
#include "result.hpp"
#include "result_change.hpp"
#include "section.hpp"
#include "source.hpp"
#include "subject.hpp"
#include "subject_choice.hpp"
#include "tables.hpp"

#include <rewire/base/error.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/linalg/solvers.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace rewire::jobs {

namespace {

RewiringSettings rewiring_settings(const runtime::Options& options)
{
    const auto pca = options.text("pca");
    return {.thresholded = options.text("edges") == "thresholded",
            .components = options.integer("components"),
            .top = options.integer("top"),
            .draws = options.integer("draws"),
            .pca = pca == "gram"    ? PcaMethod::gram
                   : pca == "shell" ? PcaMethod::shell
                                    : PcaMethod::automatic};
}

ChangeSettings change_settings(const runtime::Options& options)
{
    return {.orders = options.integer("orders"), .top = options.integer("top")};
}

std::optional<double> movement_level(const runtime::Options& options)
{
    return options.has("movement-level") ? std::optional(options.real("movement-level"))
                                         : std::nullopt;
}

std::filesystem::path result_path(const runtime::Options& options)
{
    return options.path("results") / (std::string(rewiring_name) + ".h5");
}

std::filesystem::path movement_path(const runtime::Options& options)
{
    return options.path("results") / (std::string(movement_name) + ".h5");
}

/// Signs and last digits of components found by products depend on the number of ranks: what one
/// number has begun, another cannot finish. Empty without such a subject.
io::Fingerprint solver_of(const runtime::RunContext& context,
                          const std::vector<SubjectConnectomes>& subjects,
                          const RewiringSettings& settings)
{
    const auto by_shell = std::any_of(subjects.begin(), subjects.end(), [&](const auto& subject) {
        return settings.by_shell(static_cast<std::int64_t>(subject.sessions.size()));
    });
    return by_shell
               ? io::Fingerprint{{"ranks (--pca shell)", std::to_string(context.comm().size())}}
               : io::Fingerprint{};
}

io::Fingerprint checkpoint_fingerprint(const RewiringOrigin& origin, const io::Fingerprint& solver)
{
    auto fingerprint = fingerprint_of(origin);
    fingerprint.insert(fingerprint.end(), solver.begin(), solver.end());
    fingerprint.emplace_back("revision", runtime::program_revision());
    fingerprint.emplace_back("cpu target", dense::blas_target());
    return fingerprint;
}

/// Collective: the record of the movements, where there are any.
std::optional<io::Record> movement_record(const runtime::RunContext& context)
{
    return mpi::collective(context.comm(), [&] {
        const auto path = movement_path(context.options());
        return std::filesystem::exists(path)
                   ? std::optional(io::read_record(io::open_for_reading(path)))
                   : std::nullopt;
    });
}

/// What movement.h5 says of the subjects, on rank 0 alone, which writes it. Collective.
std::vector<SubjectMovement> movements_of(const runtime::RunContext& context,
                                          const std::vector<SubjectConnectomes>& subjects)
{
    return mpi::collective(context.comm(), [&] {
        auto movements = std::vector<SubjectMovement>{};
        if (context.comm().is_root())
            for (const auto& subject : subjects)
                movements.push_back(movement_of(movement_path(context.options()), subject,
                                                movement_level(context.options())));
        return movements;
    });
}

void run_rewiring(runtime::RunContext& context)
{
    const auto& comm = context.comm();
    const auto& options = context.options();
    const auto settings = rewiring_settings(options);
    const auto path = result_path(options);
    const auto file = mpi::collective(
        comm, [&] { return io::open_for_reading(required_result(context, connectome_name)); });
    const auto all = mpi::collective(comm, [&] { return wanted_subjects(context, file); });
    auto subjects = with_trajectory(all);
    mpi::collective(comm, [&] { require_identity(subjects, options, file); });
    const auto movements = movements_of(context, subjects);
    const auto of_movement = movement_record(context);
    const auto origin = mpi::collective(comm, [&] {
        return origin_of(all, io::read_record(file), of_movement ? &*of_movement : nullptr,
                         options);
    });
    auto present = false;
    auto kept = std::vector<std::string>{}; // on rank 0
    auto done = std::int64_t{0};
    mpi::collective(comm, [&] {
        if (!comm.is_root()) // file systems of a cluster do not show all nodes the same at the same
                             // time
            return;
        present = std::filesystem::exists(path);
        if (present && options.flag("overwrite") && options.given("subject"))
            kept = subjects_to_keep(path, all, origin);
        done = !options.flag("overwrite") && is_up_to_date(path, origin, all, entries_of(context))
                   ? 1
                   : 0;
    });
    if (comm.sum(done) > 0) {
        context.note(path.string() + " is up to date: nothing to do");
        context.discard_checkpoint();
        return;
    }
    context.check_memory(rewiring_estimate(sizes_of(subjects), settings));
    mpi::collective(comm, [] { linalg::load_solvers(); });
    context.begin_results(checkpoint_fingerprint(origin, solver_of(context, subjects, settings)));
    say_what_is_left_out(context, all);
    say_what_moves(context, subjects, movements);
    mpi::collective(comm, [&] { say_how_matched(context, file, subjects); });

    auto run = RewiringRun(context, file, std::move(subjects), settings);
    run.compute();
    const auto changes = changes_of(context, file, run.subjects(), change_settings(options));
    const auto output = written_result(context, path, run, all, movements, changes, settings);
    auto about_change = std::string{};
    context.collective("publish", [&] {
        if (!output)
            return;
        auto inputs = origin.inputs;
        keep_subjects(path, kept, *output, inputs);
        complete_change(*output);
        about_change = change_table_of(run, changes, output->file());
        auto record = context.record(inputs, origin.digest);
        record.upstream = origin.upstream;
        output->publish(record, present);
    });
    context.note(fmt::format("{:<12} {:>8} {:>8} {:>10}   explained variance", "subject",
                             "sessions", "neurons", "edges"));
    context.note(table_of(run));
    context.note(about_change);
    context.finish();
    context.note("wrote " + path.string());
}

/// Of the study, where one is given, since the connectome may be about to grow; else of the
/// connectome.
std::vector<SubjectSize> sizes_to_plan_for(const runtime::RunContext& context)
{
    const auto& options = context.options();
    if (!options.has("study")) {
        const auto file = io::open_for_reading(required_result(context, connectome_name));
        return sizes_of(with_trajectory(wanted_subjects(context, file)));
    }
    auto sizes = std::vector<SubjectSize>{};
    const auto study = io::open_study(options.path("study"), {},
                                      {.subjects = options.texts("subject"), .sessions = {}});
    for (const auto& subject : study.subjects) {
        const auto sessions = std::count_if(
            subject.sessions.begin(), subject.sessions.end(), [&](std::size_t session) {
                return study.sessions[session].record.activity.has_value();
            });
        if (sessions > 1)
            sizes.push_back(
                {base::pair_count(static_cast<std::int64_t>(subject.neuron_id.size())), sessions});
    }
    return sizes;
}

runtime::Estimate plan_rewiring(runtime::RunContext& context)
{
    const auto sizes = sizes_to_plan_for(context);
    const auto settings = rewiring_settings(context.options());
    if (!context.options().has("largest") || sizes.empty())
        return rewiring_estimate(sizes, settings);
    auto estimates = std::vector<runtime::Estimate>{};
    for (const auto& subject : sizes)
        estimates.push_back(rewiring_estimate({subject}, settings));
    return runtime::most_of(estimates);
}

std::vector<runtime::Option> rewiring_options()
{
    using Kind = runtime::OptionKind;
    auto options = std::vector<runtime::Option>{};
    for (const auto& option : runtime::common_options())
        if (option.name != "study" && option.name != "session" && option.name != "node-memory-gb")
            options.push_back(option);
    return options +
           std::vector<runtime::Option>{
               {.name = "match",
                .default_value = "ids",
                .help = "neurons of different sessions: by what the ROI tables say of them, or, "
                        "where they say nothing, by row number",
                .choices = {"ids", "rows"}},
               {.name = "edges",
                .default_value = "thresholded",
                .help = "partial correlations of edges only (others 0), or of all pairs",
                .source = "2.4",
                .choices = {"thresholded", "all"}},
               {.name = "estimators",
                .default_value = "same",
                .help = "sessions of an animal whose partial correlations were estimated otherwise "
                        "than those of most (shrunk, pseudo-inverse): leave them out, or compare "
                        "any",
                .choices = {"same", "any"}},
               {.name = "components",
                .kind = Kind::integer,
                .default_value = "3",
                .help = "principal components to keep",
                .source = "2.4",
                .minimum = 1,
                .maximum = 1000},
               {.name = "top",
                .kind = Kind::integer,
                .default_value = "100",
                .help = "edges with the largest positive and negative loadings",
                .source = "2.9",
                .minimum = 1,
                .maximum = 1e6},
               {.name = "draws",
                .kind = Kind::integer,
                .default_value = "1000",
                .help = "random draws of edges for the fraction of movement-related neurons",
                .source = "2.9",
                .minimum = 1,
                .maximum = 1e7},
               {.name = "movement-level",
                .kind = Kind::real,
                .help = "level of `rewire movement` above which a neuron counts as "
                        "movement-related (0.995, else the highest that movement.h5 has)",
                .source = "2.9",
                .minimum = 0.5,
                .maximum = 1},
               {.name = "orders",
                .kind = Kind::integer,
                .default_value = "9999",
                .help = "random orders of the sessions for the test of change (all orders up to 8 "
                        "sessions)",
                .minimum = 1,
                .maximum = 1e7},
               {.name = "pca",
                .default_value = "automatic",
                .help = "components from the Gram matrix of the sessions, or from products with "
                        "the pairs, which the ranks together keep in memory (its last digits "
                        "depend on the number of ranks; up to 32 sessions gram all the same); "
                        "automatic: "
                        "gram up to 4,096 sessions",
                .choices = {"gram", "shell", "automatic"}},
           };
}

runtime::Job described_job()
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
            "the ends of the top edges, against as many edges drawn at random that are present in "
            "as many sessions, in\n"
            "sessions 1-2, 3-5, 6-9, 10-14, and from 15 on where there are more. With the halves "
            "of sessions\n"
            "(connectome --halves): whether the network changed over time, free of the noise of "
            "the sessions, and over\n"
            "animals whether it went in one direction, or came back. A subject without a "
            "trajectory "
            "(one session,\n"
            "sessions that do not differ) has a group with a status that says so. Writes "
            "RESULTS/rewiring.h5.",
        .examples = {"rewire rewiring --results out/",
                     "mpirun -n 8 rewire rewiring --results out/ --edges all --components 5"},
        .citation = "the rewiring paper (trajectories of functional connectomes)",
        .paper = "the rewiring paper",
        .options = rewiring_options(),
        .run = run_rewiring,
        .plan = plan_rewiring};
}

} // namespace

Entry rewiring_entry()
{
    return {.job = described_job(),
            .has_result = true,
            .needs = {{.job = connectome_name, .for_what = ""},
                      {.job = movement_name,
                       .required = false,
                       .for_what = "the fraction of movement-related neurons at the top edges"}},
            .tasks = TaskLevel::subject,
            .chains = {"rewiring"},
            .complete = complete_change,
            .page = rewiring_page(),
            .recovery = print_rewiring_recovery,
            .table = rewiring_table()};
}

} // namespace rewire::jobs
