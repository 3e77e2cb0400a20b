#include "peer_tasks.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/spikes/correlogram.hpp>
#include <rewire/spikes/glmcc.hpp>
#include <rewire/spikes/jitter_monte_carlo.hpp>

#include <memory>
#include <string>

namespace rewire::bench {

namespace {

using namespace spikes;

std::size_t at(std::int64_t index)
{
    return static_cast<std::size_t>(index);
}

bool never_stop(std::int64_t /*done*/)
{
    return true;
}

struct Recording
{
    SpikeTrains trains;
    BinnedTrains binned;
    std::int64_t max_lag = 0;
};

Recording read_recording(hid_t input)
{
    auto result = Recording{};
    result.trains.time_ns = io::read_all<std::int64_t>(input, "time_ns");
    result.trains.start = io::read_all<std::int64_t>(input, "start");
    const auto seconds = io::read_attribute<std::int64_t>(input, "duration_s");
    const auto observed = std::vector<TimeInterval>{{0, seconds * nanoseconds_per_second}};
    result.binned = spikes::binned(result.trains.view(), observed, nanoseconds_per_ms);
    result.max_lag = io::read_attribute<std::int64_t>(input, "max_lag");
    return result;
}

/// Values of tiles, [pairs of the tile, columns], in the order of all pairs.
template <typename T>
class InPairOrder
{
  public:
    InPairOrder(std::int64_t units, std::int64_t columns)
        : units_(units), columns_(columns), values_(at(base::pair_count(units) * columns))
    {
    }
    void put(const PairTile& tile, const std::vector<T>& values)
    {
        for_each_pair(tile, [&](auto i, auto j, auto pair) {
            std::copy_n(values.begin() + pair * columns_, columns_,
                        values_.begin() + base::pair_index(i, j, units_) * columns_);
        });
    }
    void write(hid_t file, const std::string& name) const
    {
        io::write_dataset(file, name, values_, {base::pair_count(units_), columns_});
    }

  private:
    std::int64_t units_;
    std::int64_t columns_;
    std::vector<T> values_;
};

/// All pairs' correlograms.
Task ccg_task(hid_t input, std::int64_t /*count*/)
{
    struct State
    {
        Recording recording;
        std::vector<std::pair<PairTile, std::vector<std::int32_t>>> counts;
    };
    const auto state = std::make_shared<State>();
    state->recording = read_recording(input);
    return {[state] {
                state->counts.clear();
                const auto& trains = state->recording.binned;
                for (const auto& tile : pair_tiles(trains.units()))
                    state->counts.emplace_back(
                        tile, *count_tile(trains, tile, state->recording.max_lag, never_stop));
            },
            [state](hid_t file) {
                auto all = InPairOrder<std::int32_t>(state->recording.binned.units(),
                                                     lag_count(state->recording.max_lag));
                for (const auto& [tile, counts] : state->counts)
                    all.put(tile, counts);
                all.write(file, "count");
            }};
}

struct SurrogateState
{
    Recording recording;
    std::int64_t surrogates = 0;
    std::vector<double> expected;
    MonteCarloTally tally;
};

/// Expectations and `count` surrogates of all pairs under interval jitter of 25 ms.
Task surrogates_task(hid_t input, std::int64_t count)
{
    const auto state = std::make_shared<SurrogateState>();
    state->recording = read_recording(input);
    state->surrogates = count;
    return {[state] {
                const auto& trains = state->recording.binned;
                const auto max_lag = state->recording.max_lag;
                const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 25}, max_lag);
                const auto tile = pair_tiles(trains.units()).front();
                const auto observed = count_tile(trains, tile, max_lag, never_stop);
                state->expected = *expected_tile(plan, trains, tile, {}, never_stop);
                state->tally = *run_jitter_block(Jitterer(plan, trains, {1, 1, 1}), trains, tile,
                                                 {0, state->surrogates}, {.max_lag = max_lag},
                                                 *observed, state->expected, never_stop);
            },
            [state](hid_t file) {
                const auto lags = lag_count(state->recording.max_lag);
                const auto pairs = std::ssize(state->expected) / lags;
                io::write_attribute(file, "surrogates", state->surrogates);
                io::write_dataset(file, "expected", state->expected, {pairs, lags});
                io::write_dataset(file, "sum", state->tally.sum, {pairs, lags});
                io::write_dataset(file, "at_least", state->tally.at_least, {pairs, lags});
            }};
}

/// Events and fits of all pairs, delays of 1 to 4 ms.
Task glmcc_task(hid_t input, std::int64_t /*count*/)
{
    struct State
    {
        Recording recording;
        std::vector<GlmccPair> pairs;
    };
    const auto state = std::make_shared<State>();
    state->recording = read_recording(input);
    return {[state] {
                const auto trains = state->recording.trains.view();
                state->pairs = *glmcc_tile(trains, pair_tiles(trains.units()).front(),
                                           GlmccSettings::with(GlmccMode::glm, true), never_stop);
            },
            [state](hid_t file) {
                auto coupling = std::vector<double>{};
                auto delay = std::vector<std::int64_t>{};
                auto posterior = std::vector<double>{};
                for (const auto& pair : state->pairs) {
                    coupling.push_back(pair.fit.coupling[0]); // theirs has the earlier unit first
                    coupling.push_back(pair.fit.coupling[1]);
                    delay.push_back(pair.fit.delay_ms);
                    posterior.push_back(pair.fit.log_posterior);
                }
                const auto pairs = std::ssize(delay);
                io::write_dataset(file, "coupling", coupling, {pairs, std::int64_t{2}});
                io::write_dataset(file, "delay", delay, {pairs});
                io::write_dataset(file, "log_posterior", posterior, {pairs});
            }};
}

} // namespace

std::vector<Kernel> spike_kernels()
{
    return {
        {"ccg", ccg_task},
        {"ccg-surrogates", surrogates_task},
        {"glmcc", glmcc_task},
    };
}

} // namespace rewire::bench
