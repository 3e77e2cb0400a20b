#include "jobs/recording/held_spikes.hpp"
#include "result.hpp"

#include <rewire/base/partition.hpp>

namespace rewire::jobs {

CcgSession read_ccg(const io::Handle& file, const SessionName& name)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    auto session = CcgSession{.head = read_head(file, name)};
    session.jitter = io::read_text_attribute(group, "jitter");
    session.jitter_ms = io::read_attribute<double>(group, "jitter_ms");
    session.bin_ms = io::read_attribute<double>(group, "bin_ms");
    session.threshold_sd = io::read_attribute<double>(group, "threshold_sd");
    session.observed_s = io::read_attribute<double>(group, "observed_s");
    session.unit_id = read_names(group, "unit_id");
    const auto count = [&](const char* attribute) {
        return io::read_attribute<std::int64_t>(group, attribute);
    };
    session.counts = {.pairs = base::pair_count(std::ssize(session.unit_id)),
                      .tested = count("tested_pairs"),
                      .peaks = count("peaks"),
                      .troughs = count("troughs"),
                      .few = count("calls_of_few_coincidences"),
                      .slow = count("calls_of_slow_units"),
                      .peaks_fdr = count("peaks_fdr"),
                      .troughs_fdr = count("troughs_fdr")};
    session.pair_i = io::read_all<std::int32_t>(group, "pair_i");
    session.pair_j = io::read_all<std::int32_t>(group, "pair_j");
    session.tested = io::read_all<std::uint8_t>(group, "tested");
    session.significant = io::read_all<std::int8_t>(group, "significant");
    session.pre = io::read_all<std::int32_t>(group, "pre");
    session.post = io::read_all<std::int32_t>(group, "post");
    const auto numbers = [&](const char* array) { return io::read_all<double>(group, array); };
    session.rate_hz = numbers("rate_hz");
    session.chance = numbers("chance");
    session.cell_type = read_cell_types(group, session.unit_id.size());
    session.flank_sd = numbers("flank_sd");
    session.peak = numbers("peak");
    session.peak_lag_ms = numbers("peak_lag_ms");
    session.trough = numbers("trough");
    session.trough_lag_ms = numbers("trough_lag_ms");
    session.direction_peak = numbers("direction_peak");
    session.direction_peak_lag_ms = numbers("direction_peak_lag_ms");
    session.direction_trough = numbers("direction_trough");
    session.direction_trough_lag_ms = numbers("direction_trough_lag_ms");
    session.half_peak = numbers("half_peak");
    session.half_trough = numbers("half_trough");
    session.areas = read_areas(group);
    session.strongest_pair = count("strongest_pair");
    if (io::exists(group, "band_peak"))
        session.band =
            SurrogateBand{count("band_surrogates"), numbers("band_peak"), numbers("band_trough")};
    if (io::exists(group, "p_value")) {
        session.p_value = numbers("p_value");
        session.p_value_strict = numbers("p_value_strict");
        session.q_value = numbers("q_value");
        session.p_trough = numbers("p_trough");
        session.p_trough_strict = numbers("p_trough_strict");
        session.q_trough = numbers("q_trough");
    }
    return session;
}

PairCorrelogram read_correlogram(const io::Handle& file, const SessionName& name, std::int64_t pair)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    auto result = PairCorrelogram{
        .lag_ms = io::read_all<double>(group, "lag_ms"), .count = {}, .expected = {}};
    const auto row = [&](const char* array) {
        auto values = std::vector<double>(result.lag_ms.size());
        io::read_block<double>(io::open_dataset(group, array), {pair, 0}, {1, std::ssize(values)},
                               values);
        return values;
    };
    result.count = row("count");
    if (io::exists(group, "expected"))
        result.expected = row("expected");
    return result;
}

} // namespace rewire::jobs
