#include "activity_source.hpp"
#include "catalogue.hpp"
#include "movement_result.hpp"
#include "movement_source.hpp"
#include "session_results.hpp"
#include "study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/behaviour/epoch_shuffles.hpp>
#include <rewire/behaviour/movement_test.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace rewire::jobs {

namespace {

/// Shuffles of a unit of work.
constexpr auto unit_shuffles = std::int64_t{2500};
/// Shuffled scores of a session's most movement-related neuron that the result keeps.
constexpr auto kept_shuffles = std::int64_t{2000};
/// Seconds a shuffle, a neuron and an edge of a movement, measured by benchmarks/kernels_movement.
constexpr auto gather_seconds = 0.15e-9;

struct MovementSettings
{
    std::int64_t shuffles = 0;
    behaviour::ShuffleUnits units = behaviour::ShuffleUnits::runs;
    std::vector<double> levels;
    bool dff = false;
};

MovementSettings movement_settings(const job::Options& options)
{
    auto levels = options.reals("level");
    std::sort(levels.begin(), levels.end());
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
    return {.shuffles = options.integer("shuffles"),
            .units = options.text("units") == "frames" ? behaviour::ShuffleUnits::frames
                                                       : behaviour::ShuffleUnits::runs,
            .levels = levels,
            .dff = options.text("activity") == "dff"};
}

/// Counts and means of a session's neurons, from whichever units have been computed here.
struct NeuronCounts
{
    std::vector<std::int32_t> less;
    std::vector<std::int32_t> equal;
    std::vector<double> mean;         ///< 0 where another rank computed it
    std::vector<std::uint8_t> finite; ///< likewise
};

class Counts
{
  public:
    explicit Counts(std::vector<std::int64_t> neurons) : sessions_(neurons.size())
    {
        for (std::size_t i = 0; i < neurons.size(); ++i) {
            const auto n = static_cast<std::size_t>(neurons[i]);
            sessions_[i] = {std::vector<std::int32_t>(n), std::vector<std::int32_t>(n),
                            std::vector<double>(n), std::vector<std::uint8_t>(n)};
        }
    }

    void add(std::size_t position, base::Range neurons, const behaviour::ShuffleCounts& counts)
    {
        auto& session = sessions_[position];
        for (auto neuron = neurons.first; neuron < neurons.last; ++neuron) {
            const auto from = static_cast<std::size_t>(neuron - neurons.first);
            session.less[static_cast<std::size_t>(neuron)] += counts.less[from];
            session.equal[static_cast<std::size_t>(neuron)] += counts.equal[from];
        }
    }

    void set_activity(std::size_t position, base::Range neurons,
                      const behaviour::MovementActivity& activity)
    {
        auto& session = sessions_[position];
        std::copy(activity.mean.begin(), activity.mean.end(), session.mean.begin() + neurons.first);
        std::copy(activity.finite.begin(), activity.finite.end(),
                  session.finite.begin() + neurons.first);
    }

    NeuronCounts& of(std::size_t position) { return sessions_[position]; }

    void pack(base::Packer& packer) const
    {
        for (const auto& session : sessions_) {
            packer.put_all(session.less);
            packer.put_all(session.equal);
            packer.put_all(session.mean);
            packer.put_all(session.finite);
        }
    }

    void merge(base::Unpacker& unpacker)
    {
        const auto add_all = [](auto& sum, const auto& part) {
            std::transform(sum.begin(), sum.end(), part.begin(), sum.begin(), std::plus<>());
        };
        for (auto& session : sessions_) {
            add_all(session.less, unpacker.get_all<std::int32_t>());
            add_all(session.equal, unpacker.get_all<std::int32_t>());
            // Every neuron's mean comes from one unit, so adding keeps it; elsewhere there is 0.
            add_all(session.mean, unpacker.get_all<double>());
            add_all(session.finite, unpacker.get_all<std::uint8_t>());
        }
    }

  private:
    std::vector<NeuronCounts> sessions_;
};

struct Unit
{
    std::size_t position;
    base::Range neurons;
    base::Range shuffles;
};

/// Smoothed events: all neurons, blocks of shuffles. dF/F: blocks of neurons that fit into memory,
/// all shuffles, so that the file is read once.
std::vector<Unit> units_of(const io::Study& study, const std::vector<std::size_t>& sessions,
                           const MovementSettings& settings)
{
    auto units = std::vector<Unit>{};
    for (std::size_t position = 0; position < sessions.size(); ++position) {
        const auto& activity = *study.sessions[sessions[position]].record.activity;
        if (settings.dff)
            for (const auto& neurons : neuron_blocks(activity))
                units.push_back({position, neurons, {0, settings.shuffles}});
        else
            for (const auto& shuffles : base::blocks_of(settings.shuffles, unit_shuffles))
                units.push_back({position, {0, activity.neurons}, shuffles});
    }
    return units;
}

double unit_seconds(const Unit& unit, const io::ActivityInfo& activity)
{
    constexpr auto expected_edges = 200.0;
    return static_cast<double>(unit.neurons.size()) * static_cast<double>(unit.shuffles.size()) *
               expected_edges * gather_seconds +
           static_cast<double>(unit.neurons.size() * activity.frames) * 0.5e-9 + 1e-3;
}

/// One unit of work on any kind of activity.
template <typename View>
bool count_unit(const View& view, base::Range neurons_of_view, const Unit& unit,
                const behaviour::Epochs& epochs, const MovementSettings& settings,
                const behaviour::ShuffleKey& key, Counts& counts, const job::Tick& tick)
{
    auto sum = behaviour::ShuffleCounts{};
    for (const auto& part : base::blocks_of(unit.shuffles.size(), unit_shuffles)) {
        if (!tick())
            return false;
        const auto shuffles =
            base::Range{unit.shuffles.first + part.first, unit.shuffles.first + part.last};
        const auto masks = behaviour::shuffled_masks(epochs, settings.units, key, shuffles);
        const auto more = behaviour::count_shuffles(view, epochs, masks, neurons_of_view);
        if (sum.less.empty())
            sum = more;
        else
            sum += more;
    }
    counts.add(unit.position, unit.neurons, sum);
    if (unit.shuffles.first == 0)
        counts.set_activity(unit.position, unit.neurons,
                            behaviour::movement_activity(view, epochs, neurons_of_view));
    return true;
}

class MovementRun
{
  public:
    MovementRun(job::RunContext& context, const io::Study& study,
                const std::vector<SessionInput>& inputs, const std::vector<std::size_t>& sessions,
                const MovementSettings& settings, const std::string& suffix)
        : context_(context),
          study_(study),
          inputs_(inputs),
          sessions_(sessions),
          settings_(settings),
          suffix_(suffix),
          movements_(
              movements_of(context, study, inputs, sessions, settings.dff, "epochs" + suffix))
    {
    }

    /// Collective. @return on rank 0 all sessions of the wave
    std::vector<SessionMovement> results()
    {
        if (!settings_.dff)
            events_ = std::make_unique<WaveActivity>(context_, study_, inputs_, sessions_,
                                                     "deconvolve" + suffix_);
        const auto units = units_of(study_, sessions_, settings_);
        auto costs = std::vector<double>{};
        for (const auto& unit : units)
            costs.push_back(unit_seconds(unit, *session(unit.position).record.activity));
        auto neurons = std::vector<std::int64_t>{};
        for (std::size_t position = 0; position < sessions_.size(); ++position)
            neurons.push_back(session(position).record.activity->neurons);
        auto counts = context_.each_unit<Counts>(
            "shuffles" + suffix_, costs,
            [&](std::int64_t index, Counts& mine, const job::Tick& tick) {
                return compute(units[static_cast<std::size_t>(index)], mine, tick);
            },
            Counts(neurons));
        reduce(counts);
        return context_.collective("p-values", [&] {
            auto results = std::vector<SessionMovement>{};
            for (std::size_t position = 0; context_.comm().is_root() && position < sessions_.size();
                 ++position)
                results.push_back(result_of(position, counts.of(position)));
            return results;
        });
    }

  private:
    const io::StudySession& session(std::size_t position) const
    {
        return study_.sessions[sessions_[position]];
    }

    bool compute(const Unit& unit, Counts& counts, const job::Tick& tick) const
    {
        const auto& record = session(unit.position).record;
        const auto key = behaviour::ShuffleKey{context_.seed(), base::key_of(record.subject),
                                               base::key_of(record.session)};
        const auto& epochs = movements_[unit.position].epochs;
        if (!settings_.dff)
            return count_unit(events_->activity(unit.position), unit.neurons, unit, epochs,
                              settings_, key, counts, tick);
        const auto file =
            io::NwbSession(session(unit.position).path, nwb_options(context_.options()));
        const auto& input = inputs_[sessions_[unit.position]];
        const auto all = base::Range{0, unit.neurons.size()};
        if (record.activity->exact_as_float) {
            const auto block = read_block<float>(file, unit.neurons, input);
            const auto view =
                behaviour::DenseActivityView<float>{epochs.frames, unit.neurons.size(), block};
            return count_unit(view, all, unit, epochs, settings_, key, counts, tick);
        }
        const auto block = read_block<double>(file, unit.neurons, input);
        const auto view =
            behaviour::DenseActivityView<double>{epochs.frames, unit.neurons.size(), block};
        return count_unit(view, all, unit, epochs, settings_, key, counts, tick);
    }

    /// Adds up what the ranks have, on rank 0.
    void reduce(Counts& counts) const
    {
        const auto& comm = context_.comm();
        for (std::size_t position = 0; position < sessions_.size(); ++position) {
            auto& mine = counts.of(position);
            comm.sum_to(0, std::span<std::int32_t>(mine.less));
            comm.sum_to(0, std::span<std::int32_t>(mine.equal));
            // One rank has a neuron's mean and its flag, all others 0: adding the bits keeps NaN
            // and sign.
            auto bits = std::vector<std::int64_t>(mine.mean.size() + mine.finite.size());
            for (std::size_t i = 0; i < mine.mean.size(); ++i) {
                bits[i] = std::bit_cast<std::int64_t>(mine.mean[i]);
                bits[mine.mean.size() + i] = mine.finite[i];
            }
            comm.sum_to(0, std::span<std::int64_t>(bits));
            for (std::size_t i = 0; i < mine.mean.size(); ++i) {
                mine.mean[i] = std::bit_cast<double>(bits[i]);
                mine.finite[i] = static_cast<std::uint8_t>(bits[mine.mean.size() + i]);
            }
        }
    }

    /// Mean activity in movement of one neuron under some of the shuffles: what a reader wants to
    /// see behind a p-value.
    void keep_null(std::size_t position, SessionMovement& result) const
    {
        if (settings_.dff || result.movement_frames == 0)
            return;
        auto best = std::size_t{0};
        for (std::size_t neuron = 1; neuron < result.p_rank.size(); ++neuron)
            if (result.p_rank[neuron] > result.p_rank[best] || std::isnan(result.p_rank[best]))
                best = neuron;
        if (result.p_rank.empty() || std::isnan(result.p_rank[best]))
            return;
        const auto events = events_->activity(position);
        auto before = std::vector<double>(static_cast<std::size_t>(events.frames) + 1,
                                          0.0); // activity before a frame
        const auto frames = events.frames_of(static_cast<std::int64_t>(best));
        const auto values = events.values_of(static_cast<std::int64_t>(best));
        for (std::size_t i = 0; i < frames.size(); ++i)
            before[static_cast<std::size_t>(frames[i]) + 1] = values[i];
        std::partial_sum(before.begin(), before.end(), before.begin());
        const auto& record = session(position).record;
        const auto key = behaviour::ShuffleKey{context_.seed(), base::key_of(record.subject),
                                               base::key_of(record.session)};
        const auto shuffles = std::min(settings_.shuffles, kept_shuffles);
        const auto masks = behaviour::shuffled_masks(movements_[position].epochs, settings_.units,
                                                     key, {0, shuffles});
        result.null_neuron = result.neuron_id[best];
        result.null_score = result.mean_activity[best];
        for (std::int64_t shuffle = 0; shuffle < shuffles; ++shuffle) {
            auto sum = 0.0;
            const auto edges = masks.edges_of(shuffle);
            for (std::size_t i = 0; i + 1 < edges.size(); i += 2)
                sum += before[static_cast<std::size_t>(edges[i + 1])] -
                       before[static_cast<std::size_t>(edges[i])];
            result.null.push_back(sum / static_cast<double>(result.movement_frames));
        }
    }

    SessionMovement result_of(std::size_t position, const NeuronCounts& counts) const
    {
        const auto& from = session(position);
        const auto& movements = movements_[position];
        auto result = SessionMovement{};
        result.subject = from.record.subject;
        result.session = from.record.session;
        result.file = from.record.file;
        result.sha256 = inputs_[sessions_[position]].sha256;
        result.tau_s = inputs_[sessions_[position]].tau_s;
        result.start_time = from.record.start_text;
        result.number = from.number;
        result.layer = from.layer;
        result.group = from.group;
        result.neuron_id = from.record.activity->neuron_id;
        auto activity = behaviour::MovementActivity{counts.mean, counts.finite};
        const auto& usable = inputs_[sessions_[position]].used.usable;
        for (std::size_t neuron = 0; neuron < usable.size(); ++neuron)
            if (usable[neuron] == 0) { // missing samples: neither related nor unrelated
                activity.mean[neuron] = std::nan("");
                activity.finite[neuron] = 0;
            }
        const auto relation = behaviour::relation_of({counts.less, counts.equal}, activity,
                                                     settings_.shuffles, settings_.levels);
        result.mean_activity = activity.mean;
        result.less = counts.less;
        result.equal = counts.equal;
        result.p_rank = relation.p_rank;
        result.p_value = relation.p_value;
        result.q_value = stats::benjamini_hochberg(relation.p_value);
        result.p_value_quiescent = relation.p_value_quiescent;
        result.level = settings_.levels;
        result.movement_related = relation.movement_related;
        result.quiescent_related = relation.quiescent_related;
        result.shuffles = settings_.shuffles;
        result.epochs = static_cast<std::int64_t>(movements.epochs.movements.size());
        result.movement_frames = movements.epochs.movement_frames();
        result.frames = movements.epochs.frames;
        result.dilate = context_.options().integer("dilate");
        result.units = context_.options().text("units");
        result.activity = context_.options().text("activity");
        result.source = movements.source;
        result.status = result.epochs == 0  ? "no movement in this session"
                        : result.epochs < 2 ? "one movement: few distinct shuffles"
                        : result.movement_frames == result.frames ? "no quiescence in this session"
                                                                  : "ok";
        keep_null(position, result);
        return result;
    }

    job::RunContext& context_;
    const io::Study& study_;
    const std::vector<SessionInput>& inputs_;
    const std::vector<std::size_t>& sessions_;
    const MovementSettings& settings_;
    std::string suffix_;
    std::vector<SessionMovements> movements_;
    std::unique_ptr<WaveActivity> events_;
};

std::string row_of(const SessionMovement& session)
{
    const auto neurons = session.neuron_id.size();
    const auto related = [&](const std::vector<std::uint8_t>& flags, std::size_t level) {
        const auto first = flags.begin() + static_cast<std::ptrdiff_t>(level * neurons);
        return std::count(first, first + static_cast<std::ptrdiff_t>(neurons), 1);
    };
    auto row = fmt::format("{:<12} {:<10} {:>6} {:>8} {:>9.1f}", session.subject, session.session,
                           neurons, session.epochs,
                           100.0 * static_cast<double>(session.movement_frames) /
                               static_cast<double>(std::max<std::int64_t>(session.frames, 1)));
    for (std::size_t level = 0; level < session.level.size(); ++level)
        row += fmt::format(" {:>9} {:>9}", related(session.movement_related, level),
                           related(session.quiescent_related, level));
    return row;
}

job::Estimate movement_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                                const MovementSettings& settings, const job::Options& options)
{
    auto estimate = deconvolution_estimate(study, sessions, options);
    if (settings.dff) { // dF/F is read by blocks of neurons and not kept
        estimate.node_bytes = 0;
        estimate.spread_bytes = 0;
        estimate.checkpoint_bytes = 0;
        std::erase_if(estimate.phases,
                      [](const auto& phase) { return phase.name == "deconvolve"; });
    }
    auto seconds = 0.0;
    auto longest = 0.0;
    const auto units = units_of(study, sessions, settings);
    for (const auto& unit : units) {
        const auto& activity = *study.sessions[sessions[unit.position]].record.activity;
        const auto work = unit_seconds(unit, activity);
        seconds += work;
        longest = std::max(longest, work);
        const auto masks =
            static_cast<double>(std::min(unit.shuffles.size(), unit_shuffles)) * 2000;
        const auto tables = settings.dff ? 3 * block_bytes(activity) : 8e6;
        estimate.rank_bytes = std::max(estimate.rank_bytes, job::base_rank_bytes + masks + tables);
    }
    for (const auto session : sessions)
        estimate.result_bytes +=
            static_cast<double>(study.sessions[session].record.activity->neurons) * 60 +
            static_cast<double>(kept_shuffles) * 8;
    estimate.add_phase("shuffles", seconds, static_cast<std::int64_t>(units.size()), longest);
    return estimate;
}

void run_movement(job::RunContext& context)
{
    const auto& comm = context.comm();
    adopt_activity_options(context);
    const auto settings = movement_settings(context.options());
    const auto study = open_study(context);
    const auto inputs = check_inputs(context, study, !settings.dff);
    const auto path = context.options().path("results") / "movement.h5";
    auto digest = context.options().result_changing();
    digest.emplace_back("version", job::program_version());
    const auto existing = look_for_result(context, path, study, inputs, digest);
    if (existing.nothing_to_do())
        return;
    context.check_memory(movement_estimate(study, existing.todo, settings, context.options()));
    context.begin_results(
        checkpoint_fingerprint(digest, study, inputs, existing, context.options()));

    auto output = std::unique_ptr<io::ResultFile>{};
    context.collective("write", [&] {
        if (!comm.is_root())
            return;
        output = std::make_unique<io::ResultFile>(path, context.attempt());
        if (existing.kept.empty())
            return;
        const auto old = io::open_for_reading(path);
        for (const auto& [subject, name] : existing.kept) {
            auto session = read_movement(old, subject, name);
            follow_study(session, study);
            write_session(*output, session);
        }
    });
    auto head = fmt::format("{:<12} {:<10} {:>6} {:>8} {:>9}", "subject", "session", "cells",
                            "epochs", "moving %");
    for (const auto level : settings.levels)
        head += fmt::format(" {:>9} {:>9}", fmt::format("move>{}", level), "quiet");
    context.note(head);
    const auto waves =
        waves_of(study, existing.todo, context.options().real("node-memory-gb") * 1e9);
    for (std::size_t wave = 0; wave < waves.size(); ++wave) {
        auto run = MovementRun(context, study, inputs, waves[wave], settings,
                               wave == 0 ? "" : fmt::format("-{}", wave + 1));
        const auto sessions = run.results();
        context.collective("write", [&] {
            for (const auto& session : sessions) {
                if (session.status != "ok")
                    context.warn(fmt::format("{}: {}", session.file, session.status));
                context.note(row_of(session));
                write_session(*output, session);
            }
        });
    }
    context.collective("write", [&] {
        if (output)
            output->publish(context.record(all_inputs(study, inputs, existing), digest),
                            existing.present);
    });
    context.finish();
    context.note("wrote " + path.string());
}

job::Estimate plan_movement(job::RunContext& context)
{
    adopt_activity_options(context);
    const auto settings = movement_settings(context.options());
    const auto study = open_study(context);
    if (settings.dff)
        require_activity(study);
    else
        require_tau(study, context.options());
    auto estimates = std::vector<job::Estimate>{};
    for (const auto& sessions : sessions_to_plan_for(study, context.options()))
        estimates.push_back(movement_estimate(study, sessions, settings, context.options()));
    return job::most_of(estimates);
}

std::vector<job::Option> movement_options()
{
    using Kind = job::OptionKind;
    return {
        {.name = "shuffles",
         .kind = Kind::integer,
         .default_value = "10000",
         .help = "shuffles of the epochs",
         .source = "2.9",
         .minimum = 1,
         .maximum = 2e9},
        {.name = "units",
         .default_value = "runs",
         .help = "what is shuffled: movement and quiescent runs, both whole, or quiescent time as "
                 "single frames",
         .source = "2.9",
         .choices = {"runs", "frames"}},
        {.name = "dilate",
         .kind = Kind::integer,
         .default_value = "0",
         .unit = "frames",
         .help = "movements made longer on each side",
         .minimum = 0},
        {.name = "level",
         .kind = Kind::real,
         .default_value = "0.995",
         .help = "related where the rank among the shuffles is above; repeatable",
         .source = "2.9",
         .minimum = 0.5,
         .maximum = 1,
         .repeatable = true},
        {.name = "activity",
         .default_value = "events",
         .help = "smoothed events, or dF/F as it is (spines)",
         .choices = {"events", "dff"}},
    };
}

} // namespace

job::Job movement_job()
{
    return {.name = "movement",
            .usage = "--study DIR --results DIR [options]",
            .summary =
                "movement-related neurons of every session, by shuffling the movement epochs",
            .details = "The activity of a neuron in movement against its activity under shuffled "
                       "movement epochs: the epochs keep\n"
                       "their lengths and change their order. Ties are counted exactly. The rank "
                       "among the shuffles (p_rank) is the\n"
                       "published statistic; p_value = (1 + greater + equal) / (shuffles + 1), "
                       "with q-values over the neurons of a\n"
                       "session. Movements come from an intervals table, a binary series, or the "
                       "lever. The test breaks the relation\n"
                       "between movement and activity as a whole: it does not separate movement "
                       "from reward or arousal that go\n"
                       "along with it. Writes RESULTS/movement.h5.",
            .citation = "Peters et al. 2014, 2017 (epoch shuffling)",
            .options = job::common_options() + study_options() + activity_options() +
                       movement_source_options() + movement_options(),
            .run = run_movement,
            .plan = plan_movement};
}

} // namespace rewire::jobs
