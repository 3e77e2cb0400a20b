#include "result.hpp"

#include "jobs/frame/fields.hpp"
#include "jobs/recording/held_spikes.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/spikes/connection_rule.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::jobs {

namespace {

constexpr auto none = std::numeric_limits<double>::quiet_NaN();
constexpr auto chance_window_s = 0.010;

using base::at;

} // namespace

GlmccWriter::GlmccWriter(const io::ResultFile& file, const SessionHead& head,
                         const SessionSpikes& spikes, const GlmccJobSettings& settings)
    : spikes_(spikes),
      settings_(settings),
      group_(file.group(head.subject + "/" + head.session)),
      units_(spikes.recording.units()),
      pair_(at(base::pair_count(units_)))
{
    write_units(head);
}

void GlmccWriter::write_units(const SessionHead& head)
{
    const auto& recording = spikes_.recording;
    each_head_attribute(head, WriteAttribute{group_});
    write_recording_attributes(group_, recording);
    io::write_attribute(group_, "observed_s", spikes_.observed_s());
    io::write_text_attribute(group_, "mode", settings_.by_likelihood() ? "lr" : "glm");
    io::write_text_attribute(group_, "delay", settings_.delays() > 1 ? "search" : "fixed");
    io::write_attribute(group_, "stiffness", settings_.model.stiffness);
    io::write_attribute(group_, "tau_ms", settings_.model.tau_ms);

    io::describe(write_names(group_, "unit_id", recording.unit_id),
                 "ids of the units analysed, as in the file's units table");
    write_cell_types(group_, recording);
    io::describe(write_names(group_, "pre", recording.unit_id), "id of the unit that drives");
    io::describe(write_names(group_, "post", recording.unit_id), "id of the unit that is driven");
    auto spikes = std::vector<std::int64_t>{};
    for (std::int64_t unit = 0; unit < units_; ++unit)
        spikes.push_back(spikes_.spikes(unit));
    io::write_array(group_, "spikes", spikes, {"unit_id"}, "1", "spikes that were analysed");
    io::write_array(group_, "rate_hz", recording.rate_hz, {"unit_id"}, "Hz",
                    "of these over the observed time");
    write_pair_axis(group_, units_);
    io::describe(io::open_dataset(group_, "pair"), "pairs of units i < j, row major");
    io::describe(io::open_dataset(group_, "pair_i"), "index of the first unit");
    io::describe(io::open_dataset(group_, "pair_j"), "index of the second unit");
}

void GlmccWriter::add(const spikes::PairTile& tile, const GlmccTile& result)
{
    spikes::for_each_pair(tile, [&](auto i, auto j, auto pair) {
        pair_[at(base::pair_index(i, j, units_))] = result.pair[at(pair)];
    });
    if (result.strongest.strength > strongest_.strength)
        strongest_ = result.strongest;
}

template <typename Value, typename Get>
void GlmccWriter::write_matrix(const char* name, const char* units, const char* description,
                               Value diagonal, Get get) const
{
    auto matrix = std::vector<Value>(at(units_ * units_), diagonal);
    for (std::int64_t i = 0; i < units_; ++i)
        for (auto j = i + 1; j < units_; ++j) {
            const auto& pair = pair_[at(base::pair_index(i, j, units_))];
            matrix[at(i * units_ + j)] = static_cast<Value>(get(pair.direction[0]));
            matrix[at(j * units_ + i)] = static_cast<Value>(get(pair.direction[1]));
        }
    io::write_array(group_, name, matrix, {"pre", "post"}, units, description);
}

void GlmccWriter::write_matrices() const
{
    write_matrix("weight_mv", "mV",
                 "postsynaptic potential: 2.532 J or 0.612 J mV by sign; 0 where not significant",
                 0.0, [](const GlmccCall& call) { return call.weight_mv; });
    write_matrix("coupling", "1", "J; 0 where chance gives 10 coincidences or fewer within tau",
                 none, [](const GlmccCall& call) { return call.coupling; });
    write_matrix("coupling_fitted", "1", "J as fitted, whatever chance gives", none,
                 [](const GlmccCall& call) { return call.coupling_fitted; });
    write_matrix("threshold", "1",
                 "J_th = 1.277 sqrt(16.3 / chance); infinite where chance gives too few", none,
                 [](const GlmccCall& call) { return call.threshold; });
    write_matrix("chance", "1", "coincidences that the fitted background gives within tau", none,
                 [](const GlmccCall& call) { return call.chance; });
    write_matrix("likelihood_ratio", "1",
                 "D = log likelihood with minus without the coupling, the background fitted again",
                 none, [](const GlmccCall& call) { return call.likelihood_ratio; });
    write_matrix("significant", "",
                 settings_.by_likelihood()
                     ? "1 excites, -1 inhibits: 2 D > 15.14, chi squared at 0.0001"
                     : "1 excites, -1 inhibits: |J| > threshold, 0.001 for each direction",
                 std::int8_t{0}, [](const GlmccCall& call) { return call.significant; });
}

void GlmccWriter::write_pairs() const
{
    const auto write = [&]<typename Value>(const char* name, const char* units,
                                           const char* description, Value, auto get) {
        auto values = std::vector<Value>{};
        values.reserve(pair_.size());
        for (const auto& pair : pair_)
            values.push_back(static_cast<Value>(get(pair)));
        io::write_array(group_, name, values, {"pair"}, units, description);
    };
    write("delay_ms", "ms", "synaptic delay of both directions", std::int32_t{},
          [](const GlmccFitted& pair) { return pair.delay_ms; });
    write("log_posterior", "1", "at the fit", 0.0,
          [](const GlmccFitted& pair) { return pair.log_posterior; });
    write("log_likelihood", "1", "at the fit", 0.0,
          [](const GlmccFitted& pair) { return pair.log_likelihood; });
    write("events", "1", "pairs of spikes less than 50 ms apart", std::int64_t{},
          [](const GlmccFitted& pair) { return pair.events; });
    write(
        "background_ratio", "1",
        "largest over smallest rate of the fitted background within 50 ms: slow changes that both "
        "units share; 1: none",
        0.0, [](const GlmccFitted& pair) { return pair.background_ratio; });
    write("converged", "", "1: the fit ended at the maximum", std::uint8_t{},
          [](const GlmccFitted& pair) { return pair.converged; });
    write("near", "",
          "1: units on one peak channel or within 50 um, where sorters lose coincident spikes",
          std::uint8_t{}, [](const GlmccFitted& pair) { return pair.near; });
    write("tested", "", "1: called where significant; near pairs only with --test-near",
          std::uint8_t{}, [](const GlmccFitted& pair) { return pair.tested; });
}

void GlmccWriter::write_strongest() const
{
    if (strongest_.i < 0)
        return;
    auto lag = std::vector<double>{};
    for (std::int64_t bin = 0; bin < spikes::glmcc_bins; ++bin)
        lag.push_back(static_cast<double>(bin - spikes::glmcc_half) + 0.5);
    const auto axis = io::write_axis(group_, "lag_ms", lag,
                                     "middle of the bin: time of unit strongest_i - time of unit "
                                     "strongest_j");
    io::write_text_attribute(axis, "units", "ms");
    const auto write = [&](const char* name, const auto& values, const char* description) {
        io::write_array(group_, name, std::vector<double>(values.begin(), values.end()), {"lag_ms"},
                        "1", description);
    };
    write("strongest_count", strongest_.count,
          "correlogram of the pair whose coupling is strongest for its threshold");
    write("strongest_background", strongest_.background, "background fitted to it, events a bin");
    write("strongest_fitted", strongest_.fitted, "background with couplings, events a bin");
    io::write_attribute(group_, "strongest_i", std::int64_t{strongest_.i});
    io::write_attribute(group_, "strongest_j", std::int64_t{strongest_.j});
}

GlmccCounts GlmccWriter::finish()
{
    auto counts = GlmccCounts{.pairs = std::ssize(pair_)};
    for (const auto& pair : pair_) {
        counts.near += pair.near;
        counts.not_converged += pair.converged == 0;
        counts.slow_changes += pair.background_ratio > notable_background_ratio;
        for (const auto& call : pair.direction) {
            counts.directions += pair.tested != 0 && std::isfinite(call.threshold);
            counts.excitatory += call.significant > 0;
            counts.inhibitory += call.significant < 0;
        }
    }
    write_matrices();
    write_pairs();
    write_strongest();
    each_glmcc_count(counts, WriteAttribute{group_});
    return counts;
}

GlmccSession read_glmcc(const io::Handle& file, const SessionName& name)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    auto session = GlmccSession{.head = read_head(file, name)};
    session.mode = io::read_text_attribute(group, "mode");
    session.delay = io::read_text_attribute(group, "delay");
    session.observed_s = io::read_attribute<double>(group, "observed_s");
    session.stiffness = io::read_attribute<double>(group, "stiffness");
    each_glmcc_count(session.counts, ReadAttribute{group});
    session.unit_id = read_names(group, "unit_id");
    const auto numbers = [&](const char* array) { return io::read_all<double>(group, array); };
    session.rate_hz = numbers("rate_hz");
    session.cell_type = read_cell_types(group, session.unit_id.size());
    session.weight_mv = numbers("weight_mv");
    session.coupling = numbers("coupling");
    session.threshold = numbers("threshold");
    if (session.mode == "lr")
        session.likelihood_ratio = numbers("likelihood_ratio");
    session.significant = io::read_all<std::int8_t>(group, "significant");
    session.pair_i = io::read_all<std::int64_t>(group, "pair_i");
    session.pair_j = io::read_all<std::int64_t>(group, "pair_j");
    session.delay_ms = io::read_all<std::int64_t>(group, "delay_ms");
    session.tested = io::read_all<std::uint8_t>(group, "tested");
    session.background_ratio = numbers("background_ratio");
    return session;
}

std::optional<GlmccStrongest> read_glmcc_strongest(const io::Handle& file, const SessionName& name)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    if (!io::exists(group, "strongest_count"))
        return std::nullopt;
    const auto unit_id = read_names(group, "unit_id");
    const auto unit = [&](const char* attribute) {
        const auto index = io::read_attribute<std::int64_t>(group, attribute);
        return unit_id.at(at(index));
    };
    return GlmccStrongest{.unit_i = unit("strongest_i"),
                          .unit_j = unit("strongest_j"),
                          .lag_ms = io::read_all<double>(group, "lag_ms"),
                          .count = io::read_all<double>(group, "strongest_count"),
                          .background = io::read_all<double>(group, "strongest_background"),
                          .fitted = io::read_all<double>(group, "strongest_fitted")};
}

namespace {

/// Evidence in units of what makes it significant, so that the threshold is 1.
ConnectionScores scores_of(const GlmccSession& session)
{
    constexpr auto twice_likelihood_ratio = 15.14;
    const auto units = session.unit_id.size();
    auto scores = ConnectionScores{.unit_id = session.unit_id,
                                   .threshold = 1,
                                   .peak = std::vector<double>(units * units, none),
                                   .trough = std::vector<double>(units * units, none),
                                   .chance = std::vector<double>(units * units, none)};
    for (std::size_t pair = 0; pair < session.pair_i.size(); ++pair) {
        if (session.tested[pair] == 0)
            continue;
        const auto i = at(session.pair_i[pair]);
        const auto j = at(session.pair_j[pair]);
        for (const auto cell : {i * units + j, j * units + i}) {
            const auto coupling = session.coupling[cell];
            const auto strength =
                session.mode == "lr"
                    ? (coupling != 0 ? 2 * session.likelihood_ratio[cell] / twice_likelihood_ratio
                                     : 0)
                    : std::abs(coupling) / session.threshold[cell];
            scores.peak[cell] = coupling > 0 ? strength : 0;
            scores.trough[cell] = coupling < 0 ? strength : 0;
            scores.chance[cell] = spikes::chance_coincidences(
                session.rate_hz[i], session.rate_hz[j], session.observed_s, chance_window_s);
        }
    }
    return scores;
}

} // namespace

std::vector<ConnectionMethod> glmcc_methods()
{
    return {{.name = glmcc_name,
             .measure = "coupling over its threshold",
             .read = [](const io::Handle& file,
                        const SessionName& name) { return scores_of(read_glmcc(file, name)); },
             .there = [](const io::Handle&, const SessionName&) { return true; }}};
}

} // namespace rewire::jobs
