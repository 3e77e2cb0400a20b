#include "wave.hpp"

#include "jobs/activity/segments.hpp"
#include "jobs/activity/wave_activity.hpp"
#include "jobs/frame/study_source.hpp"

#include <rewire/base/random.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

namespace rewire::jobs {

namespace {

/// One unit of work on any kind of activity. @return false where the tick said to stop
template <typename View>
bool count_unit(const View& view, base::Range neurons_of_view, const MovementUnit& unit,
                const behaviour::Epochs& epochs, const MovementSettings& settings,
                std::int64_t block_frames, const behaviour::ShuffleKey& key, MovementCounts& counts,
                const runtime::Tick& tick)
{
    auto sum = behaviour::ShuffleCounts{};
    for (const auto& part : base::blocks_of(unit.shuffles.size(), unit_shuffles)) {
        if (!tick())
            return false;
        const auto shuffles =
            base::Range{unit.shuffles.first + part.first, unit.shuffles.first + part.last};
        const auto masks =
            behaviour::shuffled_masks(epochs, settings.units, key, shuffles, block_frames);
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

/// Activity of one neuron, frame after frame.
std::vector<double> trace_of(const activity::ActivityView& events, std::int64_t neuron)
{
    auto trace = std::vector<double>(static_cast<std::size_t>(events.frames), 0.0);
    const auto frames = events.frames_of(neuron);
    const auto values = events.values_of(neuron);
    for (std::size_t i = 0; i < frames.size(); ++i)
        trace[static_cast<std::size_t>(frames[i])] = values[i];
    return trace;
}

/// "ok", or what limits the test of a session.
std::string status_of(const behaviour::Epochs& epochs, const MovementSettings& settings,
                      std::int64_t block_frames, double largest_p_rank)
{
    const auto moving = epochs.movement_frames();
    if (moving == 0)
        return "no movement in this session";
    if (moving == epochs.frames)
        return "no quiescence in this session";
    if (largest_p_rank > settings.levels.front())
        return "ok";
    return fmt::format("{:.0f} distinct shuffles: no rank above {:.3f} is to be expected",
                       behaviour::distinct_masks(epochs, settings.units, block_frames),
                       largest_p_rank);
}

class MovementRun
{
  public:
    /// Collective.
    MovementRun(runtime::RunContext& context, const Wave& wave,
                const std::vector<SessionInput>& inputs,
                const std::vector<SessionMovements>& movements, const MovementSettings& settings)
        : context_(context),
          wave_(wave),
          inputs_(inputs),
          settings_(settings),
          movements_(movements)
    {
        if (settings_.dff)
            return;
        events_ = std::make_unique<WaveActivity>(context, wave, inputs, settings.activity);
        for (std::size_t position = 0; position < wave.size(); ++position) {
            unmixed_.push_back(unmixed_frames(input(position), wave.session(position).record.file));
            say_left_out(position);
        }
    }

    /// Collective. @return on rank 0 all sessions of the wave
    std::vector<SessionMovement> results()
    {
        const auto units = units_of(wave_.study, wave_.sessions, settings_);
        auto costs = std::vector<double>{};
        for (const auto& unit : units)
            costs.push_back(unit_seconds(unit, *wave_.session(unit.position).record.activity));
        auto neurons = std::vector<std::int64_t>{};
        for (std::size_t position = 0; position < wave_.size(); ++position)
            neurons.push_back(wave_.session(position).record.activity->neurons);
        auto counts = context_.each_unit<MovementCounts>(
            "shuffles" + wave_.suffix, costs,
            [&](std::int64_t index, MovementCounts& mine, const runtime::Tick& tick) {
                return compute(units[static_cast<std::size_t>(index)], mine, tick);
            },
            MovementCounts(neurons));
        counts.sum_to_root(context_.comm());
        return context_.collective("p-values", [&] {
            auto results = std::vector<SessionMovement>{};
            for (std::size_t position = 0; context_.comm().is_root() && position < wave_.size();
                 ++position)
                results.push_back(result_of(position, counts.of(position)));
            return results;
        });
    }

  private:
    const SessionInput& input(std::size_t position) const
    {
        return inputs_[wave_.sessions[position]];
    }

    std::int64_t block_frames(std::size_t position) const
    {
        return block_frames_of(settings_, wave_.session(position).record.activity->rate_hz);
    }

    behaviour::ShuffleKey key_of(std::size_t position) const
    {
        const auto& record = wave_.session(position).record;
        return {context_.seed(), base::key_of(record.subject), base::key_of(record.session)};
    }

    bool compute(const MovementUnit& unit, MovementCounts& counts, const runtime::Tick& tick) const
    {
        const auto count = [&](const activity::ActivityView& events, base::Range neurons) {
            return count_unit(events, neurons, unit, movements_[unit.position].epochs, settings_,
                              block_frames(unit.position), key_of(unit.position), counts, tick);
        };
        if (!settings_.dff && unmixed_[unit.position].empty())
            return count(events_->activity(unit.position), unit.neurons);
        if (!settings_.dff)
            return count(without_mixed(unit.position, unit.neurons).view(),
                         {0, unit.neurons.size()});
        return wave_.session(unit.position).record.activity->exact_as_float
                   ? compute_dff<float>(unit, counts, tick)
                   : compute_dff<double>(unit, counts, tick);
    }

    /// Smoothed events of some neurons without the frames that smoothing mixes over a gap.
    activity::Activity without_mixed(std::size_t position, base::Range neurons) const
    {
        const auto all = events_->activity(position);
        auto index = std::vector<std::int64_t>(static_cast<std::size_t>(neurons.size()));
        std::iota(index.begin(), index.end(), neurons.first);
        auto place = std::vector<std::int32_t>(static_cast<std::size_t>(all.frames), -1);
        auto used = std::int32_t{0};
        for (const auto frame : unmixed_[position])
            place[static_cast<std::size_t>(frame)] = used++;
        return activity::select(all, index, place, used);
    }

    void say_left_out(std::size_t position)
    {
        const auto& unmixed = unmixed_[position];
        if (unmixed.empty() || !context_.comm().is_root())
            return;
        const auto left_out =
            events_->activity(position).frames - static_cast<std::int64_t>(unmixed.size());
        context_.warn(fmt::format(
            "{}: {} segments between gaps, each deconvolved and smoothed on its "
            "own; {} frames at their ends left out",
            wave_.session(position).record.file, used_segments(input(position)).size(), left_out));
    }

    template <typename T>
    bool compute_dff(const MovementUnit& unit, MovementCounts& counts,
                     const runtime::Tick& tick) const
    {
        const auto& epochs = movements_[unit.position].epochs;
        const auto file = io::NwbSession(wave_.session(unit.position).path, settings_.activity.nwb);
        const auto block = read_block<T>(file, unit.neurons, input(unit.position));
        const auto view = activity::DenseActivityView<T>{epochs.frames, unit.neurons.size(), block};
        return count_unit(view, {0, unit.neurons.size()}, unit, epochs, settings_,
                          block_frames(unit.position), key_of(unit.position), counts, tick);
    }

    SessionMovement result_of(std::size_t position, const NeuronCounts& counts) const
    {
        auto result = SessionMovement{};
        static_cast<SessionHead&>(result) = wave_.head(position);
        result.neuron_id = wave_.session(position).record.activity->neuron_id;
        result.tau_s = input(position).tau_s;
        const auto& epochs = movements_[position].epochs;
        result.shuffles = settings_.shuffles;
        result.epochs = static_cast<std::int64_t>(epochs.movements.size());
        result.movement_frames = epochs.movement_frames();
        result.frames = epochs.frames;
        result.dilate = settings_.dilate;
        result.units = settings_.units == behaviour::ShuffleUnits::frames ? "frames" : "runs";
        result.activity = settings_.dff ? "dff" : "events";
        if (input(position).baseline != calcium::BaselineKind::none)
            result.activity_unit = "fluorescence";
        result.uncovered_frames = movements_[position].uncovered;
        result.lever_threshold = movements_[position].lever_threshold;
        result.source = movements_[position].source;
        result.largest_p_rank = behaviour::largest_p_rank(
            epochs, settings_.units, settings_.shuffles, block_frames(position));
        result.status = status_of(epochs, settings_, block_frames(position), result.largest_p_rank);
        relate(position, counts, result);
        keep_null(position, result);
        return result;
    }

    /// Which neurons are related to movement, by their rank among the shuffles.
    void relate(std::size_t position, const NeuronCounts& counts, SessionMovement& result) const
    {
        auto activity = behaviour::MovementActivity{counts.mean, counts.finite};
        const auto& usable = input(position).used.usable;
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
    }

    /// Mean activity in movement of one neuron under some of the shuffles: what a reader wants to
    /// see behind a p-value.
    void keep_null(std::size_t position, SessionMovement& result) const
    {
        if (result.movement_frames == 0)
            return;
        auto best = std::size_t{0};
        for (std::size_t neuron = 1; neuron < result.p_rank.size(); ++neuron)
            if (result.p_rank[neuron] > result.p_rank[best] || std::isnan(result.p_rank[best]))
                best = neuron;
        if (result.p_rank.empty() || std::isnan(result.p_rank[best]))
            return;
        const auto shuffles = std::min(settings_.shuffles, kept_shuffles);
        const auto masks =
            behaviour::shuffled_masks(movements_[position].epochs, settings_.units,
                                      key_of(position), {0, shuffles}, block_frames(position));
        result.null_neuron = result.neuron_id[best];
        result.null_score = result.mean_activity[best];
        result.null = behaviour::shuffled_scores(
            trace_of(position, static_cast<std::int64_t>(best)), masks, result.movement_frames);
    }

    /// The activity that was tested.
    std::vector<double> trace_of(std::size_t position, std::int64_t neuron) const
    {
        if (!settings_.dff && unmixed_[position].empty())
            return jobs::trace_of(events_->activity(position), neuron);
        if (!settings_.dff)
            return jobs::trace_of(without_mixed(position, {neuron, neuron + 1}).view(), 0);
        const auto file = io::NwbSession(wave_.session(position).path, settings_.activity.nwb);
        return read_block<double>(file, {neuron, neuron + 1}, input(position));
    }

    runtime::RunContext& context_;
    const Wave& wave_;
    const std::vector<SessionInput>& inputs_; ///< [session of the study]
    const MovementSettings& settings_;
    const std::vector<SessionMovements>& movements_; ///< [session of the wave]
    std::unique_ptr<WaveActivity> events_;
    std::vector<std::vector<std::int64_t>> unmixed_; ///< [session of the wave] of the events
};

} // namespace

std::vector<SessionMovement> movement_of_wave(runtime::RunContext& context, const Wave& wave,
                                              const std::vector<SessionInput>& inputs,
                                              const std::vector<SessionMovements>& movements,
                                              const MovementSettings& settings)
{
    return MovementRun(context, wave, inputs, movements, settings).results();
}

} // namespace rewire::jobs
