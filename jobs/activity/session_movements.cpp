#include "jobs/frame/study_source.hpp"
#include "movement_source.hpp"
#include "segments.hpp"

#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <map>

/// The movements of many sessions, sessions over ranks.
namespace rewire::jobs {

namespace {

/// One line a source, so that the user sees what was taken; a warning where the sessions differ.
void say_sources(runtime::RunContext& context, const io::Study& study,
                 const std::vector<std::size_t>& sessions,
                 const std::vector<SessionMovements>& movements)
{
    auto files = std::map<std::string, std::vector<std::string>>{};
    for (std::size_t k = 0; k < sessions.size(); ++k)
        files[movements[k].source].push_back(study.sessions[sessions[k]].record.file);
    auto lines = std::vector<std::string>{};
    for (const auto& [source, of] : files)
        lines.push_back(fmt::format("{} ({} session{}{}{})", source, of.size(),
                                    of.size() == 1 ? "" : "s", files.size() > 1 ? ", first " : "",
                                    files.size() > 1 ? of.front() : ""));
    if (files.size() == 1)
        context.note("movements from " + lines.front());
    else if (files.size() > 1 && context.comm().is_root())
        context.warn("sessions take their movements from different sources: " +
                     base::joined(lines, "; ") + "; --movement takes the same everywhere");
}

/// Without the frames that are left out, as the activity has none there.
behaviour::Epochs on_kept_frames(const behaviour::Epochs& epochs,
                                 const std::vector<std::int64_t>& kept)
{
    if (kept.empty())
        return epochs;
    const auto mask = behaviour::mask_of(epochs);
    auto cut = std::vector<std::uint8_t>{};
    for (const auto frame : kept)
        cut.push_back(mask[static_cast<std::size_t>(frame)]);
    return behaviour::epochs_of_mask(cut);
}

} // namespace

void SessionMovements::pack(base::Packer& packer) const
{
    packer.put(epochs.frames);
    packer.put_all(epochs.movements);
    packer.put_text(source);
    packer.put_all(known);
    packer.put(lever_threshold);
}

void SessionMovements::unpack(base::Unpacker& unpacker)
{
    epochs.frames = unpacker.get<std::int64_t>();
    epochs.movements = unpacker.get_all<base::Range>();
    source = unpacker.get_text();
    known = unpacker.get_all<std::uint8_t>();
    lever_threshold = unpacker.get<double>();
}

std::vector<SessionMovements> movements_of(runtime::RunContext& context, const io::Study& study,
                                           std::vector<SessionInput>& inputs,
                                           const std::vector<std::size_t>& sessions,
                                           const MovementsWanted& wanted, const std::string& phase)
{
    const auto compute = [&](std::int64_t unit, const runtime::Tick&) {
        const auto index = sessions[static_cast<std::size_t>(unit)];
        const auto& input = inputs[index];
        const auto file = io::NwbSession(study.sessions[index].path, wanted.nwb);
        auto movements = movements_in(file, wanted.source);
        auto known = input;
        io::leave_out_frames(known.used, movements.known, study.sessions[index].record.file);
        movements.epochs =
            on_kept_frames(behaviour::dilated(movements.epochs, wanted.dilate), known.used.kept);
        if (!wanted.dff)
            movements.epochs =
                on_kept_frames(behaviour::on_smoothed_axis(movements.epochs, (input.taps - 1) / 2),
                               unmixed_frames(known, study.sessions[index].record.file));
        return movements;
    };
    auto movements = context.each_unit_to_all<SessionMovements>(
        phase, std::vector<double>(sessions.size(), 1.0), compute);
    for (std::size_t k = 0; k < sessions.size(); ++k) {
        const auto& file = study.sessions[sessions[k]].record.file;
        auto& session = movements[k];
        session.uncovered = io::leave_out_frames(inputs[sessions[k]].used, session.known, file);
        if (session.uncovered > 0 && context.comm().is_root())
            context.warn(fmt::format("{}: {} frames left out: the movement is not known there",
                                     file, session.uncovered));
    }
    say_sources(context, study, sessions, movements);
    return movements;
}

} // namespace rewire::jobs
