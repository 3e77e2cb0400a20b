#include "result.hpp"

#include "jobs/frame/fields.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

/// The level of the paper.
constexpr auto usual_level = 0.995;

template <typename Session, typename Field>
void each_field(Session& session, Field field)
{
    each_head_field(session, field);
    field(session.tau_s);
    field(session.neuron_id), field(session.mean_activity), field(session.less),
        field(session.equal);
    field(session.p_rank), field(session.p_value), field(session.q_value),
        field(session.p_value_quiescent);
    field(session.level), field(session.movement_related), field(session.quiescent_related);
    field(session.shuffles), field(session.epochs), field(session.movement_frames),
        field(session.frames);
    field(session.dilate), field(session.units), field(session.activity), field(session.source);
    field(session.activity_unit), field(session.largest_p_rank);
    field(session.uncovered_frames), field(session.lever_threshold);
    field(session.null_neuron), field(session.null_score), field(session.null);
}

template <typename Session, typename Attribute>
void each_attribute(Session& session, Attribute attribute)
{
    each_head_attribute(session, attribute);
    attribute("tau_s", session.tau_s), attribute("shuffles", session.shuffles);
    attribute("units", session.units), attribute("epochs", session.epochs);
    attribute("movement_frames", session.movement_frames), attribute("frames", session.frames);
    attribute("dilate", session.dilate), attribute("activity", session.activity),
        attribute("source", session.source);
    attribute("null_neuron", session.null_neuron), attribute("null_score", session.null_score);
}

} // namespace

void SessionMovement::pack(base::Packer& packer) const
{
    each_field(*this, PackField{packer});
}

SessionMovement SessionMovement::unpack(base::Unpacker& unpacker)
{
    auto session = SessionMovement{};
    each_field(session, UnpackField{unpacker});
    return session;
}

std::size_t row_of_level(const std::vector<double>& levels, std::optional<double> asked,
                         const std::string& where)
{
    const auto row_of = [&](double level) {
        const auto found = std::find_if(levels.begin(), levels.end(), [&](double other) {
            return std::abs(other - level) < 1e-9;
        });
        return static_cast<std::size_t>(found - levels.begin());
    };
    const auto row = row_of(asked.value_or(usual_level));
    if (row < levels.size())
        return row;
    if (!asked)
        return static_cast<std::size_t>(std::max_element(levels.begin(), levels.end()) -
                                        levels.begin());
    throw base::InputError(
        fmt::format("no movement-related neurons of level {}, only of {}", *asked,
                    fmt::join(levels, ", ")),
        where,
        fmt::format("choose one of these with --movement-level, or compute them: rewire movement "
                    "... --level {} --overwrite",
                    *asked));
}

void write_session(const io::ResultFile& file, const SessionMovement& session)
{
    const auto group = file.group(session.subject + "/" + session.session);
    write_neuron_axis(group, session.neuron_id);
    io::write_axis(group, "level", session.level, "rank above which a neuron is related");
    io::write_array(group, "mean_activity", session.mean_activity, {"neuron_id"},
                    session.activity_unit, "mean activity in movement");
    io::write_array(group, "less", session.less, {"neuron_id"}, "shuffles",
                    "shuffles with less activity in movement than the real epochs");
    io::write_array(group, "equal", session.equal, {"neuron_id"}, "shuffles",
                    "shuffles with as much");
    io::write_array(group, "p_rank", session.p_rank, {"neuron_id"}, "1",
                    "rank among the shuffles, the mean one for ties, over shuffles + 1");
    io::write_array(group, "p_value", session.p_value, {"neuron_id"}, "1",
                    "p-value of more activity in movement than by chance");
    io::write_array(group, "q_value", session.q_value, {"neuron_id"}, "1",
                    "p_value corrected for the session's neurons, false discovery rate");
    io::write_array(group, "p_value_quiescent", session.p_value_quiescent, {"neuron_id"}, "1",
                    "p-value of less activity in movement than by chance");
    io::write_array(group, "movement_related", session.movement_related, {"level", "neuron_id"}, "",
                    "1: the rank is above the level");
    io::write_array(group, "quiescent_related", session.quiescent_related, {"level", "neuron_id"},
                    "", "1: the rank from below is above the level");
    each_attribute(session, WriteAttribute{group});
    io::write_attribute(group, "largest_p_rank", session.largest_p_rank);
    io::write_attribute(group, "uncovered_frames", session.uncovered_frames);
    io::write_attribute(group, "lever_threshold_per_ms", session.lever_threshold);
    io::write_index_axis(group, "shuffle", static_cast<std::int64_t>(session.null.size()),
                         "shuffles that were kept");
    io::write_array(group, "null", session.null, {"shuffle"}, session.activity_unit,
                    "activity in movement of the neuron `null_neuron` under shuffles");
}

SessionMovement read_movement(const io::Handle& file, const std::string& subject,
                              const std::string& session)
{
    const auto group = io::open_group(file, subject + "/" + session);
    auto read = SessionMovement{};
    read.subject = subject;
    read.session = session;
    read.neuron_id = read_neuron_axis(group);
    read.level = io::read_all<double>(group, "level");
    read.mean_activity = io::read_all<double>(group, "mean_activity");
    read.activity_unit =
        io::text_attribute_or_empty(io::open_dataset(group, "mean_activity"), "units");
    read.less = io::read_all<std::int32_t>(group, "less");
    read.equal = io::read_all<std::int32_t>(group, "equal");
    read.p_rank = io::read_all<double>(group, "p_rank");
    read.p_value = io::read_all<double>(group, "p_value");
    read.q_value = io::read_all<double>(group, "q_value");
    read.p_value_quiescent = io::read_all<double>(group, "p_value_quiescent");
    read.movement_related = io::read_all<std::uint8_t>(group, "movement_related");
    read.quiescent_related = io::read_all<std::uint8_t>(group, "quiescent_related");
    read.null = io::read_all<double>(group, "null");
    each_attribute(read, ReadAttribute{group});
    if (io::has_attribute(group, "largest_p_rank")) // younger than the format
        read.largest_p_rank = io::read_attribute<double>(group, "largest_p_rank");
    return read;
}

} // namespace rewire::jobs
