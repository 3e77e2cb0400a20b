#include "result.hpp"

#include "axes.hpp"
#include "jobs/frame/fields.hpp"
#include "jobs/recording/held_spikes.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/spikes/correlogram.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto lag_axis = "lag_ms";

using base::at;

template <typename T>
void write_rows(const io::Handle& group, const char* name, std::int64_t first,
                const std::vector<T>& values, std::int64_t lags)
{
    const auto rows = std::ssize(values) / lags;
    if (rows > 0)
        io::write_block<T>(io::open_dataset(group, name), {first, 0}, {rows, lags}, values);
}

} // namespace

CcgWriter::CcgWriter(const io::ResultFile& file, const SessionHead& head,
                     const SessionTrains& trains, const CcgSettings& settings)
    : trains_(trains),
      settings_(settings),
      group_(file.group(head.subject + "/" + head.session)),
      session_key_(base::key_of(head.subject + "/" + head.session)),
      overlap_(spikes::overlap_s(trains.timeline, settings.max_lag)),
      units_(trains.recording.units())
{
    write_units(head);
    write_pair_axis(group_, units_);
    io::describe(io::open_dataset(group_, ccg_pair_axis), "pairs of units i < j, row major");
    io::describe(io::open_dataset(group_, "pair_i"), "index of the first unit");
    io::describe(io::open_dataset(group_, "pair_j"), "index of the second unit");
    auto lags = std::vector<double>{};
    for (auto lag = -settings.max_lag; lag <= settings.max_lag; ++lag)
        lags.push_back(static_cast<double>(lag) * settings.bin_ms);
    const auto lag = io::write_axis(group_, lag_axis, lags,
                                    "time of unit i - time of unit j: at positive lags i fires "
                                    "after j, evidence for j -> i");
    io::write_text_attribute(lag, "units", "ms");
    io::write_text_axis(group_, ccg_direction_axis, {"i to j", "j to i"},
                        "0: i drives j, negative lags; 1: j drives i, positive lags");
    make_arrays();
}

void CcgWriter::write_units(const SessionHead& head)
{
    const auto& recording = trains_.recording;
    io::describe(write_names(group_, "unit_id", recording.unit_id),
                 "ids of the units analysed, as in the file's units table");
    auto spikes = std::vector<std::int64_t>{};
    auto rate = std::vector<double>{};
    for (std::int64_t unit = 0; unit < units_; ++unit) {
        spikes.push_back(trains_.spikes(unit));
        rate.push_back(trains_.rate_hz(unit));
    }
    io::write_array(group_, "spikes", spikes, {"unit_id"}, "1",
                    "spikes that were counted, one a bin at most");
    io::write_array(group_, "rate_hz", rate, {"unit_id"}, "Hz", "of these over the observed time");
    each_head_attribute(head, WriteAttribute{group_});
    write_recording_attributes(group_, recording);
    write_cell_types(group_, recording);
    io::write_attribute(
        group_, "observed_s",
        1e-9 * static_cast<double>(trains_.timeline.observed_bins() * trains_.timeline.bin_ns));
    io::write_attribute(group_, "trials",
                        trains_.timeline.trials ? std::ssize(trains_.timeline.segments)
                                                : std::ptrdiff_t{0});
    const auto null = settings_.has_null();
    io::write_text_attribute(group_, "jitter", std::string(name_of(settings_.jitter.kind)));
    io::write_attribute(group_, "jitter_ms", settings_.jitter_ms);
    io::write_text_attribute(group_, "jittered_train",
                             null ? "expected: both; p: the postsynaptic candidate of the direction"
                                  : "none");
    io::write_attribute(group_, "bin_ms", settings_.bin_ms);
    io::write_attribute(group_, "threshold_sd", settings_.rule.threshold_sd);
    io::write_attribute(group_, "min_pair_spikes", settings_.minimum_pair_spikes);
}

void CcgWriter::make_arrays()
{
    const auto axes = std::vector<std::string>{ccg_pair_axis, lag_axis};
    io::make_array<std::int32_t>(group_, "count", axes, "1", "coincidences");
    io::make_array<double>(group_, "ccg", axes, ccg_per_spike,
                           "count / (common observed time x sqrt(rate i x rate j))");
    io::make_array<double>(group_, "corrected", axes, ccg_per_spike,
                           settings_.has_null() ? "ccg minus that of the expected counts"
                                                : "ccg minus its median over lags");
    if (!settings_.has_null())
        return;
    io::make_array<double>(group_, "expected", axes, "1",
                           "coincidences under jitter of both trains");
    io::make_array<double>(group_, "p_lag", axes, "1",
                           "P(coincidences >= count): within 10 ms the postsynaptic candidate is "
                           "jittered and the other train held, exactly (pattern jitter: with "
                           "Poisson's tail); beyond, Poisson around expected");
    if (settings_.surrogates > 0)
        io::make_array<double>(group_, "p_monte_carlo", axes, "1",
                               "share of surrogates, the postsynaptic candidate jittered, with "
                               "count or more: (b + 1) / (n + 1); NaN beyond 10 ms");
}

void CcgWriter::add(const spikes::PairTile& tile, const TileResult& result,
                    const SurrogateP* surrogates)
{
    if (!(tile.first == row_)) {
        write_row();
        row_ = tile.first;
        const auto pairs = base::pair_index(row_.last - 1, units_ - 1, units_) + 1 -
                           base::pair_index(row_.first, row_.first + 1, units_);
        const auto values = at(std::max<std::int64_t>(pairs, 0) * settings_.lags());
        pairs_.count.assign(values, 0);
        pairs_.expected.assign(settings_.has_null() ? values : 0, 0);
        pairs_.p_lag.assign(settings_.has_null() ? values : 0, 0);
        pairs_.call.assign(at(pairs), {});
        drawn_p_.assign(settings_.surrogates > 0 ? values : 0, std::nan(""));
    }
    const auto first = base::pair_index(row_.first, row_.first + 1, units_);
    const auto lags = settings_.lags();
    spikes::for_each_pair(tile, [&](auto i, auto j, auto pair) {
        const auto to = base::pair_index(i, j, units_) - first;
        const auto copy = [&](const auto& from, auto& into) {
            if (!from.empty())
                std::copy_n(from.begin() + pair * lags, lags, into.begin() + to * lags);
        };
        copy(result.count, pairs_.count);
        copy(result.expected, pairs_.expected);
        copy(result.p_lag, pairs_.p_lag);
        pairs_.call[at(to)] = result.call[at(pair)];
        if (surrogates == nullptr)
            return;
        const auto near = spikes::lag_count(settings_.rule.peak_lag);
        const auto drawn = base::pair_index(i, j, units_);
        std::copy_n(surrogates->lag.begin() + drawn * near, near,
                    drawn_p_.begin() + to * lags + (settings_.max_lag - settings_.rule.peak_lag));
        auto& call = pairs_.call[at(to)];
        for (std::size_t direction = 0; direction < 2; ++direction) {
            const auto tested = call.tested != 0;
            const auto from = at(2 * drawn) + direction;
            call.max_peak[direction] = tested ? surrogates->max_peak[from] : std::nan("");
            call.max_trough[direction] = tested ? surrogates->max_trough[from] : std::nan("");
        }
    });
}

void CcgWriter::write_row()
{
    if (row_.empty())
        return;
    const auto first = std::ssize(calls_);
    const auto lags = settings_.lags();
    calls_.insert(calls_.end(), pairs_.call.begin(), pairs_.call.end());
    write_rows(group_, "count", first, pairs_.count, lags);
    auto ccg = std::vector<double>{};
    auto corrected = std::vector<double>{};
    ccg.reserve(pairs_.count.size());
    corrected.reserve(pairs_.count.size());
    auto pair = std::int64_t{0};
    for (auto i = row_.first; i < row_.last; ++i)
        for (auto j = i + 1; j < units_; ++j, ++pair) {
            const auto row = [&](const auto& values) {
                return values.empty() ? std::span(values)
                                      : std::span(values).subspan(at(pair * lags), at(lags));
            };
            const auto of_pair =
                corrected_of(row(std::as_const(pairs_.count)), row(std::as_const(pairs_.expected)),
                             trains_.rate_hz(i), trains_.rate_hz(j), overlap_);
            ccg.insert(ccg.end(), of_pair.ccg.begin(), of_pair.ccg.end());
            corrected.insert(corrected.end(), of_pair.corrected.begin(), of_pair.corrected.end());
        }
    write_rows(group_, "ccg", first, ccg, lags);
    write_rows(group_, "corrected", first, corrected, lags);
    if (settings_.has_null()) {
        write_rows(group_, "expected", first, pairs_.expected, lags);
        write_rows(group_, "p_lag", first, pairs_.p_lag, lags);
    }
    if (settings_.surrogates > 0)
        write_rows(group_, "p_monte_carlo", first, drawn_p_, lags);
    row_ = {};
}

} // namespace rewire::jobs
