#include "null.hpp"

#include "covariates.hpp"
#include "estimate.hpp"
#include "frames.hpp"

#include <rewire/base/random.hpp>
#include <rewire/calcium/shift_null.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace rewire::jobs {

namespace {

/// Surrogates of a unit of work: small enough that a session with a thousand keeps several ranks
/// busy, large enough that what a unit computes once (the table of correlations) is a small part.
constexpr auto unit_surrogates = std::int64_t{500};

/// Tallies of the sessions that this rank has worked on, by position in the wave.
class Tallies
{
  public:
    void add(std::int64_t position, const calcium::ShiftNullTally& tally)
    {
        const auto at = tallies_.find(position);
        if (at == tallies_.end())
            tallies_.emplace(position, tally);
        else
            calcium::add_to(at->second, tally);
    }

    const calcium::ShiftNullTally* find(std::int64_t position) const
    {
        const auto at = tallies_.find(position);
        return at == tallies_.end() ? nullptr : &at->second;
    }

    void pack(base::Packer& packer) const
    {
        packer.put(static_cast<std::uint64_t>(tallies_.size()));
        for (const auto& [position, tally] : tallies_) {
            packer.put(position);
            packer.put(tally.surrogates);
            packer.put(tally.singular);
            packer.put_all(tally.exceed);
            packer.put(tally.aligned);
            packer.put_all(tally.maximum);
        }
    }

    void merge(base::Unpacker& unpacker)
    {
        const auto count = unpacker.get<std::uint64_t>();
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto position = unpacker.get<std::int64_t>();
            auto tally = calcium::ShiftNullTally{};
            tally.surrogates = unpacker.get<std::int64_t>();
            tally.singular = unpacker.get<std::int64_t>();
            tally.exceed = unpacker.get_all<std::int32_t>();
            tally.aligned = unpacker.get<std::int64_t>();
            tally.maximum = unpacker.get_all<double>();
            add(position, tally);
        }
    }

  private:
    std::map<std::int64_t, calcium::ShiftNullTally> tallies_;
};

/// Plans of sessions, the last one kept: units of a session mostly follow one another.
class Plans
{
  public:
    Plans(runtime::RunContext& context, const Wave& wave, const std::vector<SessionInput>& inputs,
          const WaveActivity& activity, const ConnectomeSettings& settings)
        : context_(context), wave_(wave), inputs_(inputs), activity_(activity), settings_(settings)
    {
    }

    const calcium::ShiftNullPlan& of(std::size_t position)
    {
        if (position == position_)
            return plan_;
        const auto& session = wave_.session(position);
        const auto& input = inputs_[wave_.sessions[position]];
        const auto smoothed = activity_.activity(position);
        const auto frames = frames_of(session, input, settings_, smoothed);
        const auto covariates = covariates_of(session, input, settings_);
        const auto used = used_activity(frames, smoothed, covariates);
        const auto key =
            calcium::ShiftNullKey{context_.seed(), base::key_of(session.record.subject),
                                  base::key_of(session.record.session)};
        position_ = wave_.size(); // none, should planning fail
        auto options = null_options(*session.record.activity, settings_);
        options.shrinkage = partial_correlation_options(settings_, session, used.activity.view(),
                                                        used.covariates.view())
                                .shrinkage;
        plan_ = calcium::plan_shift_null(smoothed, frames.states(session.record.file),
                                         covariates.view(), options, key);
        position_ = position;
        return plan_;
    }

  private:
    runtime::RunContext& context_;
    const Wave& wave_;
    const std::vector<SessionInput>& inputs_; ///< [session of the study]
    const WaveActivity& activity_;
    const ConnectomeSettings& settings_;
    std::size_t position_ = static_cast<std::size_t>(-1);
    calcium::ShiftNullPlan plan_;
};

/// Sums over ranks, on rank `owner`; other ranks may have worked on the session or not.
calcium::ShiftNullTally summed(const mpi::Communicator& comm, const Tallies& tallies,
                               std::int64_t position, int owner)
{
    const auto* mine = tallies.find(position);
    const auto pairs =
        comm.largest(static_cast<std::int64_t>(mine == nullptr ? 0 : mine->exceed.size()));
    const auto surrogates =
        comm.largest(static_cast<std::int64_t>(mine == nullptr ? 0 : mine->maximum.size()));
    auto tally = calcium::ShiftNullTally{};
    if (mine != nullptr)
        tally = *mine;
    tally.exceed.resize(static_cast<std::size_t>(pairs), 0);
    tally.maximum.resize(static_cast<std::size_t>(surrogates), calcium::no_maximum);
    tally.surrogates = comm.sum(tally.surrogates);
    tally.singular = comm.sum(tally.singular);
    comm.sum_to(owner, std::span<std::int32_t>(tally.exceed));
    tally.aligned = comm.sum(tally.aligned);
    comm.largest_to(owner, tally.maximum);
    return tally;
}

ConnectomeNull result_of(const calcium::ShiftNullPlan& plan, const calcium::ShiftNullTally& tally,
                         double rate_hz, const ConnectomeSettings& settings)
{
    auto finished = calcium::finish_shift_null(plan, tally);
    auto null = ConnectomeNull{};
    null.tested = std::count_if(finished.p_value.begin(), finished.p_value.end(),
                                [](double p) { return !std::isnan(p); });
    null.p_value = std::move(finished.p_value);
    null.q_value = std::move(finished.q_value);
    null.p_fwe = std::move(finished.p_fwe);
    null.observed = std::move(finished.observed);
    null.surrogates = finished.surrogates;
    null.singular = finished.singular;
    null.offsets = plan.distinct_shifts;
    null.frames_used = plan.frames_used;
    null.minimum_shift_s = static_cast<double>(plan.options.minimum_shift) / rate_hz;
    null.smallest_p = finished.smallest_p;
    null.aligned_share = finished.aligned_share;
    null.two_sided = settings.two_sided;
    null.status = plan.status_text;
    return null;
}

void warn_of_limits(runtime::RunContext& context, const std::string& file,
                    const calcium::ShiftNullPlan& plan, const ConnectomeNull& null)
{
    if (!plan.possible || null.singular > 0)
        context.warn(fmt::format("{}: null: {}; {} singular surrogates left out", file,
                                 plan.status_text, null.singular));
    if (plan.possible && plan.frames_too_short > 0)
        context.warn(fmt::format(
            "{}: {} frames are in states or segments of fewer than {} frames ({}), which cannot be "
            "shifted: the surrogates do without them",
            file, plan.frames_too_short, plan.shortest_state,
            plan.shortest_state == 4 * plan.options.minimum_shift ? "four times --min-shift-s"
                                                                  : "as many as active neurons"));
    const auto needed = std::ceil(null.smallest_p * static_cast<double>(null.tested) / 0.05);
    if (plan.possible && needed > 1)
        context.warn(fmt::format("{} surrogates: p is at least {:.2g}, so q <= 0.05 needs {:.0f} "
                                 "of a session's {} pairs at "
                                 "that floor; more --surrogates lower it",
                                 null.surrogates, null.smallest_p, needed, null.tested));
}

} // namespace

calcium::ShiftNullOptions null_options(const io::ActivityInfo& activity,
                                       const ConnectomeSettings& settings)
{
    const auto shift = std::ceil(settings.minimum_shift_s * activity.rate_hz);
    return {.surrogates = settings.surrogates,
            .minimum_shift = std::max<std::int64_t>(1, static_cast<std::int64_t>(shift)),
            .two_sided = settings.two_sided,
            .block_size = std::min(unit_surrogates, calcium::default_block_size(activity.neurons)),
            .shrinkage = settings.partial_correlation.shrinkage};
}

std::vector<std::optional<ConnectomeNull>> surrogates_of(runtime::RunContext& context,
                                                         const Wave& wave,
                                                         const std::vector<SessionInput>& inputs,
                                                         const WaveActivity& activity,
                                                         const ConnectomeSettings& settings)
{
    struct Unit
    {
        std::size_t position;
        std::int64_t block;
    };
    auto units = std::vector<Unit>{};
    auto costs = std::vector<double>{};
    for (std::size_t position = 0; position < wave.size(); ++position) {
        const auto& info = *wave.session(position).record.activity;
        const auto options = null_options(info, settings);
        const auto blocks = (options.surrogates + options.block_size - 1) / options.block_size;
        for (std::int64_t block = 0; block < blocks; ++block) {
            units.push_back({position, block});
            costs.push_back(null_block_seconds(info, settings));
        }
    }

    auto plans = Plans(context, wave, inputs, activity, settings);
    const auto tallies = context.each_unit<Tallies>(
        "null" + wave.suffix, costs,
        [&](std::int64_t index, Tallies& mine, const runtime::Tick& tick) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            const auto& plan = plans.of(unit.position);
            if (!plan.possible)
                return true;
            const auto tally =
                calcium::run_shift_block(plan, unit.block, [&](std::int64_t) { return tick(); });
            if (tally)
                mine.add(static_cast<std::int64_t>(unit.position), *tally);
            return tally.has_value();
        });

    const auto& comm = context.comm();
    auto results = std::vector<std::optional<ConnectomeNull>>(wave.size());
    // Sums first, for all sessions: nothing in between may fail on one rank while the others wait
    // for it.
    auto sums = std::map<std::size_t, calcium::ShiftNullTally>{};
    for (std::size_t position = 0; position < wave.size(); ++position) {
        const auto owner = static_cast<int>(position % static_cast<std::size_t>(comm.size()));
        auto tally = summed(comm, tallies, static_cast<std::int64_t>(position), owner);
        if (comm.rank() == owner)
            sums.emplace(position, std::move(tally));
    }
    auto mine = runtime::UnitResults{};
    context.collective("p-values", [&] {
        for (const auto& [position, tally] : sums) {
            const auto& plan = plans.of(position);
            const auto& session = wave.session(position);
            const auto null = result_of(plan, plan.possible ? tally : calcium::empty_tally(plan),
                                        session.record.activity->rate_hz, settings);
            warn_of_limits(context, session.record.file, plan, null);
            auto packer = base::Packer{};
            null.pack(packer);
            mine.add(static_cast<std::int64_t>(position), packer.take());
        }
    });
    runtime::gather_to_root(comm, mine, static_cast<std::int64_t>(wave.size()),
                            [&](std::int64_t position, std::span<const std::byte> bytes) {
                                auto unpacker = base::Unpacker(bytes);
                                results[static_cast<std::size_t>(position)] =
                                    ConnectomeNull::unpack(unpacker);
                            });
    return results;
}

} // namespace rewire::jobs
