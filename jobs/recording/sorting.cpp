#include "sorting.hpp"

#include "held_spikes.hpp"

#include <rewire/base/packed.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/text.hpp>
#include <rewire/spikes/sorting_quality.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto refractory_ns = std::int64_t{1'500'000};
constexpr auto noticeable_share = 0.01; ///< of a unit's spikes within the refractory time
constexpr auto units_a_part = std::int64_t{16};
constexpr auto most_named = std::size_t{8}; ///< in a line of the text
constexpr auto wave_bytes = 2e9;            ///< of trains of a node

/// Of some units of a session, and of the pairs of which they are the first.
struct SortingFindings
{
    std::int64_t spikes = 0;
    std::int64_t violations = 0;
    std::vector<std::int32_t> with_violations; ///< units with more than a noticeable share
    std::vector<std::int32_t> comes;
    std::vector<std::int32_t> goes;
    std::int64_t candidates = 0;           ///< pairs that were looked at
    std::vector<std::int32_t> split_first; ///< pairs that look like one unit
    std::vector<std::int32_t> split_second;

    void pack(base::Packer& packer) const;
    void unpack(base::Unpacker& unpacker);
};

void each_finding_field(auto& findings, auto field)
{
    field(findings.spikes), field(findings.violations), field(findings.with_violations);
    field(findings.comes), field(findings.goes), field(findings.candidates);
    field(findings.split_first), field(findings.split_second);
}

void SortingFindings::pack(base::Packer& packer) const
{
    each_finding_field(*this, base::PackField{packer});
}

void SortingFindings::unpack(base::Unpacker& unpacker)
{
    each_finding_field(*this, base::UnpackField{unpacker});
}

void append(std::vector<std::int32_t>& to, const std::vector<std::int32_t>& more)
{
    to.insert(to.end(), more.begin(), more.end());
}

void add(SortingFindings& to, const SortingFindings& more)
{
    to.spikes += more.spikes, to.violations += more.violations;
    to.candidates += more.candidates;
    append(to.with_violations, more.with_violations), append(to.comes, more.comes);
    append(to.goes, more.goes), append(to.split_first, more.split_first);
    append(to.split_second, more.split_second);
}

/// Units of a session of a wave.
struct Part
{
    std::size_t position;
    base::Range units;
    double cost;
};

bool may_be_one(const spikes::UnitPlace& first, const spikes::UnitPlace& second)
{
    return first.peak_channel < 0 || second.peak_channel < 0 || spikes::near(first, second);
}

/// Pairs of a session that could be one unit.
std::int64_t candidates_of(const SessionSpikes& session)
{
    const auto& place = session.recording.place;
    auto count = std::int64_t{0};
    for (std::size_t i = 0; i < place.size(); ++i)
        for (auto j = i + 1; j < place.size(); ++j)
            count += may_be_one(place[i], place[j]);
    return count;
}

void find_split(const SessionSpikes& session, const spikes::SpikeTrainsView& trains,
                std::int64_t unit, std::int64_t pairs, SortingFindings& findings)
{
    const auto& place = session.recording.place;
    auto first = std::vector<std::int32_t>{};
    auto second = std::vector<std::int32_t>{};
    for (auto other = unit + 1; other < trains.units(); ++other)
        if (may_be_one(place[static_cast<std::size_t>(unit)],
                       place[static_cast<std::size_t>(other)])) {
            first.push_back(static_cast<std::int32_t>(unit));
            second.push_back(static_cast<std::int32_t>(other));
        }
    findings.candidates += std::ssize(first);
    auto criterion = spikes::SplitCriterion{};
    criterion.pairs = pairs;
    for (const auto& pair :
         spikes::split_units(trains, session.recording.observed, first, second, criterion)) {
        findings.split_first.push_back(pair.first);
        findings.split_second.push_back(pair.second);
    }
}

/// Nothing when stopped.
std::optional<SortingFindings> findings_of(const SessionSpikes& session,
                                           const spikes::SpikeTrainsView& trains, base::Range units,
                                           const runtime::Tick& tick)
{
    auto findings = SortingFindings{};
    const auto pairs = candidates_of(session);
    for (auto unit = units.first; unit < units.last; ++unit) {
        if (!tick())
            return {};
        const auto number = static_cast<std::int32_t>(unit);
        const auto start = trains.start.subspan(static_cast<std::size_t>(unit), 2);
        const auto own = spikes::SpikeTrainsView{trains.time_ns, start};
        const auto refractory = spikes::refractory_violations(own, refractory_ns).front();
        findings.spikes += refractory.spikes;
        findings.violations += refractory.violations;
        if (refractory.share > noticeable_share)
            findings.with_violations.push_back(number);
        const auto present = spikes::presence(own, session.recording.observed).front();
        if (present.comes)
            findings.comes.push_back(number);
        if (present.goes)
            findings.goes.push_back(number);
        find_split(session, trains, unit, pairs, findings);
    }
    return findings;
}

std::vector<Part> parts_of(const Wave& wave, const HeldSpikes& held)
{
    constexpr auto pair_spike_s = 3e-9;
    auto parts = std::vector<Part>{};
    for (std::size_t position = 0; position < wave.size(); ++position) {
        const auto& session = held.session(position);
        const auto units = session.recording.units();
        for (const auto& range : base::blocks_of(units, units_a_part)) {
            // Pairs are of a unit and those after it.
            const auto pairs = static_cast<double>(range.size() * (units - range.first));
            parts.push_back({position, range,
                             pair_spike_s * pairs * static_cast<double>(session.start.back()) /
                                 static_cast<double>(units)});
        }
    }
    return parts;
}

/// "3, 8 and 12", and how many more there are.
std::string named(const Recording& recording, const std::vector<std::int32_t>& units)
{
    auto names = std::vector<std::string>{};
    for (std::size_t k = 0; k < std::min(most_named, units.size()); ++k)
        names.push_back(recording.unit_id[static_cast<std::size_t>(units[k])]);
    if (units.size() > most_named)
        names.push_back(fmt::format("{} more", units.size() - most_named));
    return base::joined(names, ", ");
}

std::string counted(const Recording& recording, const char* what,
                    const std::vector<std::int32_t>& units)
{
    return units.empty()
               ? ""
               : fmt::format("    {} units {} ({})\n", units.size(), what, named(recording, units));
}

std::string split_text(const Recording& recording, const SortingFindings& findings)
{
    auto names = std::vector<std::string>{};
    const auto count = findings.split_first.size();
    const auto id = [&](std::int32_t unit) {
        return recording.unit_id[static_cast<std::size_t>(unit)];
    };
    for (std::size_t k = 0; k < std::min(most_named, count); ++k)
        names.push_back(id(findings.split_first[k]) + "+" + id(findings.split_second[k]));
    if (count > most_named)
        names.push_back(fmt::format("{} more", count - most_named));
    return fmt::format("    {} of {} pairs that could be one unit cut in two look like it{}\n",
                       count, findings.candidates,
                       names.empty() ? "" : " (" + base::joined(names, ", ") + ")");
}

std::string text_of(const io::StudySession& session, const Recording& recording,
                    const SortingFindings& findings)
{
    auto text = fmt::format("{}: {} of {} units pass\n", session.record.file, recording.units(),
                            recording.units_in_file);
    for (const auto& criterion : recording.criteria)
        text += fmt::format("    {}: {} pass\n", criterion.criterion,
                            recording.units_in_file - criterion.failed);
    if (recording.criteria.empty())
        text += "    no column of the paper's criteria\n";
    if (recording.units() == 0)
        return text;
    if (const auto found = described(total_of(recording.finding)); !found.empty())
        text += fmt::format("    {}\n", found);
    const auto share = static_cast<double>(findings.violations) /
                       static_cast<double>(std::max<std::int64_t>(1, findings.spikes));
    text += fmt::format("    {:.2g} % of {} spikes within {:g} ms of another of their unit\n",
                        100 * share, base::grouped(findings.spikes), 1e-6 * refractory_ns);
    text += counted(recording, "with more than 1 % of such spikes", findings.with_violations);
    text += split_text(recording, findings);
    text += counted(recording, "come during the session", findings.comes);
    text += counted(recording, "go during the session", findings.goes);
    return text;
}

std::string wave_report(runtime::RunContext& context, const Wave& wave)
{
    const auto held = HeldSpikes(context, wave, {});
    const auto parts = parts_of(wave, held);
    auto costs = std::vector<double>{};
    for (const auto& part : parts)
        costs.push_back(part.cost);
    auto findings = std::vector<SortingFindings>(wave.size());
    context.each_unit_to_root<SortingFindings>(
        "sorting" + wave.suffix, costs,
        [&](std::int64_t unit, const runtime::Tick& tick) {
            const auto& part = parts[static_cast<std::size_t>(unit)];
            return findings_of(held.session(part.position), held.trains(part.position), part.units,
                               tick);
        },
        [&](std::int64_t unit, const SortingFindings& found) {
            add(findings[parts[static_cast<std::size_t>(unit)].position], found);
        });
    auto text = std::string{};
    for (std::size_t position = 0; position < wave.size(); ++position)
        text +=
            text_of(wave.session(position), held.session(position).recording, findings[position]);
    return text;
}

} // namespace

std::string sorting_report(runtime::RunContext& context, const io::Study& study,
                           const std::vector<std::size_t>& sessions)
{
    auto text = std::string{"\nsorted units, by the paper's criteria\n"};
    const auto waves = waves_of(study, sessions, held_spikes_bytes, wave_bytes);
    for (std::size_t wave = 0; wave < waves.size(); ++wave)
        text += wave_report(context,
                            {study, waves[wave], wave == 0 ? "" : fmt::format("-{}", wave + 1)});
    return text;
}

} // namespace rewire::jobs
