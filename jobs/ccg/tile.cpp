#include "tile.hpp"

#include <rewire/base/index.hpp>
#include <rewire/spikes/correlogram.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::jobs {

namespace {

using base::at;

/// The rule's call, in the pair's own indices. Flanks that do not vary give no scale for it.
void call_by_rule(const spikes::ConnectionCall& rule, std::int64_t i, std::int64_t j,
                  PairCall& call)
{
    call.flank_sd = rule.flank_sd;
    call.peak = rule.peak;
    call.peak_lag = static_cast<std::int32_t>(rule.peak_lag);
    call.trough = rule.trough;
    call.trough_lag = static_cast<std::int32_t>(rule.trough_lag);
    call.significant = rule.flank_sd > 0 && call.tested != 0 ? rule.significant : 0;
    if (call.significant == 0)
        return;
    call.pre = static_cast<std::int32_t>(rule.forward_called() ? i : j);
    call.post = static_cast<std::int32_t>(rule.forward_called() ? j : i);
}

DirectionCall direction_of(const spikes::DirectedP& tested, std::span<const double> corrected)
{
    const auto max_lag = std::ssize(corrected) / 2;
    return {.p_peak = tested.p_peak,
            .p_trough = tested.p_trough,
            .p_peak_strict = tested.p_peak_strict,
            .p_trough_strict = tested.p_trough_strict,
            .peak = corrected[at(max_lag + tested.peak_lag)],
            .trough = corrected[at(max_lag + tested.trough_lag)],
            .peak_lag = static_cast<std::int32_t>(tested.peak_lag),
            .trough_lag = static_cast<std::int32_t>(tested.trough_lag)};
}

DirectionCall direction_of(const spikes::DirectedExtremes& extremes)
{
    return {.p_peak = std::nan(""),
            .p_trough = std::nan(""),
            .p_peak_strict = std::nan(""),
            .p_trough_strict = std::nan(""),
            .peak = extremes.peak,
            .trough = extremes.trough,
            .peak_lag = static_cast<std::int32_t>(extremes.peak_lag),
            .trough_lag = static_cast<std::int32_t>(extremes.trough_lag)};
}

/// Whether the peak or the trough of a direction looks like a connection.
bool looks_like_peak(const PairCall& call, const DirectionCall& direction)
{
    return call.significant > 0 || direction.p_peak_strict <= halves_p;
}
bool looks_like_trough(const PairCall& call, const DirectionCall& direction)
{
    return call.significant < 0 || direction.p_trough_strict <= halves_p;
}

/// Estimates what looks like a connection in both halves; false when stopped.
/// @param trains,tile as in Halves::corrected
bool add_halves(const spikes::BinnedTrains& trains, const spikes::PairTile& tile,
                const Halves& halves, const spikes::Tick& tick, std::vector<PairCall>& calls)
{
    auto wanted = std::vector<std::uint8_t>{};
    for (auto& call : calls) {
        call.half_peak.fill(std::numeric_limits<double>::quiet_NaN());
        call.half_trough.fill(std::numeric_limits<double>::quiet_NaN());
        const auto looks_like_one = [&](const auto& direction) {
            return looks_like_peak(call, direction) || looks_like_trough(call, direction);
        };
        wanted.push_back(call.tested != 0 && std::any_of(call.direction.begin(),
                                                         call.direction.end(), looks_like_one)
                             ? 1
                             : 0);
    }
    if (std::find(wanted.begin(), wanted.end(), 1) == wanted.end())
        return true;
    const auto found = halves.corrected(trains, tile, wanted, tick);
    if (!found)
        return false;
    for (std::size_t pair = 0; pair < calls.size(); ++pair)
        for (std::size_t half = 0; half < found->corrected.size(); ++half) {
            const auto& corrected = found->corrected[half][pair];
            auto& call = calls[pair];
            for (std::size_t k = 0; k < call.direction.size() && !corrected.empty(); ++k) {
                const auto& direction = call.direction[k];
                const auto middle = std::ssize(corrected) / 2;
                if (looks_like_peak(call, direction))
                    call.half_peak[2 * k + half] = corrected[at(middle + direction.peak_lag)];
                if (looks_like_trough(call, direction))
                    call.half_trough[2 * k + half] = corrected[at(middle + direction.trough_lag)];
            }
        }
    return true;
}

} // namespace

std::vector<std::byte> TileResult::packed() const
{
    auto packer = base::Packer{};
    packer.reserve(count.size() * sizeof(std::int32_t) +
                   (expected.size() + p_lag.size()) * sizeof(double) +
                   call.size() * sizeof(PairCall) + 64);
    packer.put_all(count);
    packer.put_all(expected);
    packer.put_all(p_lag);
    packer.put_all(call);
    return packer.take();
}

TileResult TileResult::unpacked(std::span<const std::byte> bytes)
{
    auto unpacker = base::Unpacker(bytes);
    auto result = TileResult{};
    result.count = unpacker.get_all<std::int32_t>();
    result.expected = unpacker.get_all<double>();
    result.p_lag = unpacker.get_all<double>();
    result.call = unpacker.get_all<PairCall>();
    return result;
}

spikes::PairTile local_tile(const spikes::PairTile& tile)
{
    const auto first = base::Range{0, tile.first.size()};
    if (tile.first == tile.second)
        return {first, first};
    return {first, {first.last, first.last + tile.second.size()}};
}

std::vector<std::int32_t> middle_of(const std::vector<std::int32_t>& raw, std::int64_t pairs,
                                    std::int64_t reach, std::int64_t max_lag)
{
    if (reach == max_lag)
        return raw;
    auto count = std::vector<std::int32_t>{};
    for (std::int64_t pair = 0; pair < pairs; ++pair) {
        const auto first = raw.begin() + pair * spikes::lag_count(reach) + (reach - max_lag);
        count.insert(count.end(), first, first + spikes::lag_count(max_lag));
    }
    return count;
}

double bytes_of_pair(const CcgSettings& settings)
{
    const auto lag = sizeof(std::int32_t) + (settings.has_null() ? 2 * sizeof(double) : 0);
    return static_cast<double>(settings.lags()) * static_cast<double>(lag) + sizeof(PairCall);
}

Corrected corrected_of(std::span<const std::int32_t> count, std::span<const double> expected,
                       double first_rate_hz, double second_rate_hz, std::span<const double> overlap)
{
    const auto observed = std::vector<double>(count.begin(), count.end());
    auto result =
        Corrected{spikes::normalised(observed, first_rate_hz, second_rate_hz, overlap), {}};
    if (expected.empty()) {
        result.corrected = spikes::median_subtracted(result.ccg);
        return result;
    }
    result.corrected = result.ccg;
    const auto null = spikes::normalised(expected, first_rate_hz, second_rate_hz, overlap);
    for (std::size_t lag = 0; lag < null.size(); ++lag)
        result.corrected[lag] -= null[lag];
    return result;
}

std::optional<TileResult> compute_tile(const HeldTrains& held, std::size_t position,
                                       const spikes::PairTile& tile, const CcgSettings& settings,
                                       const spikes::JitterPlan* plan, const Halves& halves,
                                       const runtime::Tick& tick)
{
    const auto& session = held.session(position);
    const auto trains = held.trains(position, tile.first, tile.second);
    const auto local = local_tile(tile);
    const auto each = spikes::Tick([&](std::int64_t) { return tick(); });
    const auto max_lag = settings.max_lag;
    const auto lags = settings.lags();
    const auto reach = plan != nullptr ? plan->reach() : max_lag;

    auto result = TileResult{};
    const auto raw = spikes::count_tile(trains, local, reach, each);
    if (!raw)
        return std::nullopt;
    result.count = middle_of(*raw, local.pairs(), reach, max_lag);
    auto tests = std::optional<std::vector<spikes::PairTests>>{};
    if (plan != nullptr) {
        auto expected = spikes::expected_tile(*plan, trains, local, *raw, each);
        if (!expected)
            return std::nullopt;
        result.expected = std::move(*expected);
        tests = spikes::test_tile(*plan, trains, local, result.count, result.expected,
                                  settings.tests, each);
        if (!tests)
            return std::nullopt;
    }
    const auto overlap = spikes::overlap_s(session.timeline, max_lag);
    const auto observed_s =
        1e-9 * static_cast<double>(session.timeline.observed_bins() * session.timeline.bin_ns);
    spikes::for_each_pair(tile, [&](auto i, auto j, auto pair) {
        const auto count = std::span(result.count).subspan(at(pair * lags), at(lags));
        const auto expected =
            plan == nullptr
                ? std::span<const double>{}
                : std::span<const double>(result.expected).subspan(at(pair * lags), at(lags));
        const auto corrected =
            corrected_of(count, expected, session.rate_hz(i), session.rate_hz(j), overlap)
                .corrected;
        const auto rule = spikes::connection_call(corrected, settings.rule);
        auto call = PairCall{};
        const auto& place = session.recording.place;
        const auto enough =
            spikes::chance_coincidences(session.rate_hz(i), session.rate_hz(j), observed_s,
                                        pair_window_s) >= settings.minimum_pair_spikes;
        call.near = spikes::near(place[at(i)], place[at(j)]) ? 1 : 0;
        call.tested = enough && (call.near == 0 || settings.test_near) ? 1 : 0;
        call_by_rule(rule, i, j, call);
        call.direction = {direction_of(rule.forward), direction_of(rule.backward)};
        if (tests) {
            const auto& test = (*tests)[at(pair)];
            call.direction = {direction_of(test.forward, corrected),
                              direction_of(test.backward, corrected)};
            result.p_lag.insert(result.p_lag.end(), test.lags.p_peak.begin(),
                                test.lags.p_peak.end());
        }
        if (rule.flank_sd > 0 && call.tested != 0) {
            call.direction[0].significant = rule.forward.significant;
            call.direction[1].significant = rule.backward.significant;
        }
        if (call.tested == 0)
            for (auto& direction : call.direction)
                direction.p_peak = direction.p_trough = direction.p_peak_strict =
                    direction.p_trough_strict = std::nan("");
        result.call.push_back(call);
    });
    if (!add_halves(trains, local, halves, each, result.call))
        return std::nullopt;
    return result;
}

} // namespace rewire::jobs
