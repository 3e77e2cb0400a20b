#include "axes.hpp"
#include "result.hpp"

#include <rewire/base/index.hpp>
#include <rewire/spikes/connection_rule.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <algorithm>
#include <numeric>
#include <string>

/// What is said of the pairs of a session when all of them are there.
namespace rewire::jobs {

namespace {

constexpr auto strict_suffix = "_strict";

using base::at;

/// What each of the calls has there.
template <typename T, typename Get>
std::vector<T> of_each(const std::vector<PairCall>& calls, Get get)
{
    auto values = std::vector<T>{};
    values.reserve(calls.size());
    for (const auto& call : calls)
        values.push_back(static_cast<T>(get(call)));
    return values;
}

template <typename Get>
std::vector<double> of_each_direction(const std::vector<PairCall>& calls, Get get)
{
    auto values = std::vector<double>{};
    values.reserve(2 * calls.size());
    for (const auto& call : calls)
        for (const auto& direction : call.direction)
            values.push_back(static_cast<double>(get(direction)));
    return values;
}

std::int64_t at_most(const std::vector<double>& values, double limit)
{
    return std::count_if(values.begin(), values.end(), [&](double v) { return v <= limit; });
}

} // namespace

/// As in the paper those that the rule calls count.
std::vector<spikes::PeakLag> CcgWriter::peaks_between(const Areas& areas) const
{
    auto peaks = std::vector<spikes::PeakLag>{};
    const auto units = trains_.recording.units();
    auto pair = std::size_t{0};
    for (std::int64_t i = 0; i < units; ++i)
        for (auto j = i + 1; j < units; ++j, ++pair)
            if (calls_[pair].significant > 0)
                peaks.push_back({areas.of_unit[at(i)], areas.of_unit[at(j)],
                                 calls_[pair].peak_lag * settings_.bin_ms});
    return peaks;
}

double CcgWriter::chance_of(std::int64_t i, std::int64_t j) const
{
    const auto& timeline = trains_.timeline;
    return spikes::chance_coincidences(
        trains_.rate_hz(i), trains_.rate_hz(j),
        1e-9 * static_cast<double>(timeline.observed_bins() * timeline.bin_ns), pair_window_s);
}

CcgCounts CcgWriter::counted() const
{
    auto counts = CcgCounts{.pairs = std::ssize(calls_)};
    counts.clipped =
        std::accumulate(trains_.clipped.begin(), trains_.clipped.end(), std::int64_t{0});
    auto pair = std::size_t{0};
    for (std::int64_t i = 0; i < units_; ++i)
        for (auto j = i + 1; j < units_; ++j, ++pair) {
            const auto& call = calls_[pair];
            counts.tested += call.tested;
            counts.near += call.near;
            counts.peaks += call.significant > 0 ? 1 : 0;
            counts.troughs += call.significant < 0 ? 1 : 0;
            if (call.significant == 0)
                continue;
            counts.few += chance_of(i, j) <= paper_pair_spikes;
            counts.slow += std::min(trains_.rate_hz(i), trains_.rate_hz(j)) <= paper_rate_hz;
        }
    return counts;
}

CcgCounts CcgWriter::finish()
{
    write_row();
    auto counts = counted();
    write_calls();
    write_directions();
    write_rule_of_directions();
    write_halves();
    if (settings_.has_null())
        write_tests(counts);
    if (settings_.surrogates > 0)
        write_surrogates();
    auto areas = areas_of(trains_.recording, settings_.area_scores);
    areas.hierarchy = spikes::hierarchy(peaks_between(areas), areas.score,
                                        {.seed = settings_.seed, .name = session_key_});
    write_areas(group_, areas);
    io::write_attribute(group_, "spikes_clipped", counts.clipped);
    io::write_attribute(group_, "tested_pairs", counts.tested);
    io::write_attribute(group_, "peaks", counts.peaks);
    io::write_attribute(group_, "troughs", counts.troughs);
    io::write_attribute(group_, "calls_of_few_coincidences", counts.few);
    io::write_attribute(group_, "calls_of_slow_units", counts.slow);
    io::write_attribute(group_, "peaks_fdr", counts.peaks_fdr);
    io::write_attribute(group_, "troughs_fdr", counts.troughs_fdr);
    const auto shown = strongest();
    io::write_attribute(group_, "strongest_pair", shown ? shown->pair : std::int64_t{-1});
    return counts;
}

std::optional<CcgWriter::Strongest> CcgWriter::strongest() const
{
    auto result = std::optional<Strongest>{};
    auto most_sd = 0.0;
    auto pair = std::int64_t{0};
    for (std::int64_t i = 0; i < units_; ++i)
        for (auto j = i + 1; j < units_; ++j, ++pair) {
            const auto& call = calls_[at(pair)];
            // Of near pairs, say, nothing is said.
            const auto in_sd =
                call.tested != 0 && call.flank_sd > 0 ? call.peak / call.flank_sd : 0.0;
            if (in_sd > most_sd) {
                result = Strongest{pair, i, j};
                most_sd = in_sd;
            }
        }
    return result;
}

void CcgWriter::write_band(const spikes::DeviationBand& band, std::int64_t surrogates) const
{
    const auto write = [&](const char* name, const char* description,
                           const std::array<double, 2>& limit) {
        io::write_array(group_, name, std::vector<double>(limit.begin(), limit.end()),
                        {ccg_direction_axis}, "1", description);
    };
    write("band_peak",
          "of strongest_pair: z = (count - expected) / sqrt(expected) that 5 % of band_surrogates "
          "surrogates reach at any lag of the direction, a bin to 10 ms; infinite: too few",
          band.peak);
    write("band_trough", "the same of -z", band.trough);
    io::write_attribute(group_, "band_surrogates", surrogates);
}

void CcgWriter::write_calls() const
{
    const auto pair = std::vector<std::string>{ccg_pair_axis};
    const auto ms = settings_.bin_ms;
    const auto numbers = [&](const char* name, const char* units, const char* description,
                             auto get) {
        io::write_array(group_, name, of_each<double>(calls_, get), pair, units, description);
    };
    numbers("flank_sd", ccg_per_spike, "SD of corrected over lags beyond 50 ms on both sides",
            [](const PairCall& call) { return call.flank_sd; });
    numbers("peak", ccg_per_spike, "largest value of corrected within 10 ms",
            [](const PairCall& call) { return call.peak; });
    numbers("peak_lag_ms", "ms", "its lag, the first of equal ones",
            [&](const PairCall& call) { return call.peak_lag * ms; });
    numbers("trough", ccg_per_spike, "smallest value of corrected within 10 ms",
            [](const PairCall& call) { return call.trough; });
    numbers("trough_lag_ms", "ms", "its lag, the first of equal ones",
            [&](const PairCall& call) { return call.trough_lag * ms; });
    io::write_array(group_, "significant",
                    of_each<std::int8_t>(calls_, [](const auto& call) { return call.significant; }),
                    pair, "",
                    "the rule of threshold_sd: 1 peak, -1 trough without a peak, 0 neither");
    io::write_array(group_, "pre",
                    of_each<std::int32_t>(calls_, [](const auto& call) { return call.pre; }), pair,
                    "", "index of the unit that leads in the pair called by the rule; -1: none");
    io::write_array(group_, "post",
                    of_each<std::int32_t>(calls_, [](const auto& call) { return call.post; }), pair,
                    "", "index of the unit that follows; -1: none");
    io::write_array(group_, "tested",
                    of_each<std::uint8_t>(calls_, [](const auto& call) { return call.tested; }),
                    pair, "",
                    "1: chance gives min_pair_spikes coincidences within 10 ms or more, and the "
                    "units are not near (or --test-near)");
    auto chance = std::vector<double>{};
    for (std::int64_t i = 0; i < units_; ++i)
        for (auto j = i + 1; j < units_; ++j)
            chance.push_back(chance_of(i, j));
    io::write_array(group_, "chance", chance, pair, "1",
                    "coincidences within 10 ms that chance gives, for alpha_p: rate i x rate j x "
                    "observed_s x 0.01 s");
    io::write_array(group_, "near",
                    of_each<std::uint8_t>(calls_, [](const auto& call) { return call.near; }), pair,
                    "",
                    "1: units on one peak channel or within 50 um, where sorters lose coincident "
                    "spikes");
}

void CcgWriter::write_directions() const
{
    const auto both = std::vector<std::string>{ccg_pair_axis, ccg_direction_axis};
    const auto ms = settings_.bin_ms;
    const auto directed = [&](const char* name, const char* units, const char* description,
                              auto get) {
        io::write_array(group_, name, of_each_direction(calls_, get), both, units, description);
    };
    directed("direction_peak_lag_ms", "ms",
             settings_.has_null() ? "lag of the smallest p of a peak in this direction"
                                  : "lag of the largest value of corrected in this direction",
             [&](const DirectionCall& call) { return call.peak_lag * ms; });
    directed("direction_peak", ccg_per_spike, "value of corrected at direction_peak_lag_ms",
             [](const DirectionCall& call) { return call.peak; });
    directed("direction_trough_lag_ms", "ms",
             settings_.has_null() ? "lag of the smallest p of a trough in this direction"
                                  : "lag of the smallest value of corrected in this direction",
             [&](const DirectionCall& call) { return call.trough_lag * ms; });
    directed("direction_trough", ccg_per_spike, "value of corrected at direction_trough_lag_ms",
             [](const DirectionCall& call) { return call.trough; });
}

void CcgWriter::write_rule_of_directions() const
{
    auto values = std::vector<std::int8_t>{};
    for (const auto& call : calls_)
        for (const auto& direction : call.direction)
            values.push_back(static_cast<std::int8_t>(direction.significant));
    io::write_array(group_, "direction_significant", values, {ccg_pair_axis, ccg_direction_axis},
                    "",
                    "the rule of threshold_sd over the lags 0 to 10 ms of this direction alone: 1 "
                    "peak, -1 trough without a peak, 0 neither");
}

void CcgWriter::write_halves() const
{
    io::write_text_axis(group_, "half", {"first", "second"},
                        "halves of the trials, or of the observed time");
    const auto write = [&](const char* name, const char* description, auto member) {
        auto values = std::vector<double>{};
        for (const auto& call : calls_)
            values.insert(values.end(), (call.*member).begin(), (call.*member).end());
        io::write_array(group_, name, values, {ccg_pair_axis, ccg_direction_axis, "half"},
                        ccg_per_spike, description);
    };
    write("half_peak",
          "corrected at direction_peak_lag_ms in each half of the session, of directions with a "
          "peak by the rule or p_value_strict of at most 0.05; else NaN",
          &PairCall::half_peak);
    write("half_trough",
          "corrected at direction_trough_lag_ms in each half, of directions with a trough by the "
          "rule or p_trough_strict of at most 0.05; else NaN",
          &PairCall::half_trough);
}

void CcgWriter::write_tests(CcgCounts& counts) const
{
    const auto axes = std::vector<std::string>{ccg_pair_axis, ccg_direction_axis};
    const auto write = [&](const std::string& p_name, const char* q_name, const char* what,
                           auto jittered, auto strict) {
        io::write_array(group_, p_name, of_each_direction(calls_, jittered), axes, "1",
                        std::string(what) +
                            ": smallest p under jitter over the direction's lags, a bin to 10 ms, "
                            "times their number (Bonferroni); NaN where not tested");
        const auto p = of_each_direction(calls_, strict);
        const auto q = stats::benjamini_hochberg(p);
        io::write_array(group_, p_name + strict_suffix, p, axes, "1",
                        std::string(what) +
                            ": the same of the strict p of a lag, the larger of that under jitter "
                            "and of a Poisson p against the level of the flanks, so that the "
                            "shadow of a peak is no trough and that of a trough no peak");
        io::write_array(group_, q_name, q, axes, "1",
                        "Benjamini-Hochberg of " + p_name + strict_suffix +
                            " over the session's tested pairs and directions");
        return at_most(q, ccg_level);
    };
    using Call = DirectionCall;
    counts.peaks_fdr = write(
        "p_value", "q_value", "peaks", [](const Call& call) { return call.p_peak; },
        [](const Call& call) { return call.p_peak_strict; });
    counts.troughs_fdr = write(
        "p_trough", "q_trough", "troughs", [](const Call& call) { return call.p_trough; },
        [](const Call& call) { return call.p_trough_strict; });
}

void CcgWriter::write_surrogates() const
{
    const auto axes = std::vector<std::string>{ccg_pair_axis, ccg_direction_axis};
    const auto write = [&](const char* p_name, const char* q_name, const char* what, auto member) {
        auto p = std::vector<double>{};
        for (const auto& call : calls_)
            p.insert(p.end(), (call.*member).begin(), (call.*member).end());
        io::write_array(group_, p_name, p, axes, "1",
                        std::string(what) +
                            " over the direction's lags of 10 ms, in standard deviations, against "
                            "the largest of each surrogate: (b + 1) / (n + 1), family-wise over "
                            "these lags; NaN where not tested");
        io::write_array(group_, q_name, stats::benjamini_hochberg(p), axes, "1",
                        std::string("Benjamini-Hochberg of ") + p_name +
                            " over the session's tested pairs and directions");
    };
    write("p_max_lag", "q_max_lag", "largest excess", &PairCall::max_peak);
    write("p_max_lag_trough", "q_max_lag_trough", "largest deficit", &PairCall::max_trough);
    io::write_attribute(group_, "surrogates", settings_.surrogates);
}

} // namespace rewire::jobs
