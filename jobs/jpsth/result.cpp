#include "result.hpp"

#include "jobs/frame/fields.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/spikes/dimensionality.hpp>

namespace rewire::jobs {

namespace {

struct Matrix
{
    const char* name;
    const char* description;
    std::vector<float> JpsthPair::*values;
};
constexpr auto matrices = std::array{
    Matrix{joint_array, "part of the trials in which i fires at time_i and j at time_j",
           &JpsthPair::joint},
    Matrix{"predictor", "product of the PSTHs", &JpsthPair::predictor},
    Matrix{"normalised", "(jpsth - predictor) over the product of the standard deviations",
           &JpsthPair::normalised},
    Matrix{"conditional",
           "jpsth over the PSTH of i: probability of j given that i fires; 0 where "
           "i never does",
           &JpsthPair::conditional},
    Matrix{"conditional_smoothed",
           "conditional averaged over the most recent bins at the same delay, as many as there are",
           &JpsthPair::conditional_smoothed},
};

void each_pair_field(auto& pair, auto field)
{
    for (const auto& matrix : matrices)
        field(pair.*(matrix.values));
    field(pair.diagonal_sum);
}

std::vector<std::string> axes_of(const JpsthJobSettings& settings)
{
    return {"pair", "time_i", settings.full() ? "time_j" : "delay_ms"};
}

} // namespace

std::vector<std::byte> packed(const std::vector<JpsthPair>& pairs)
{
    auto packer = base::Packer{};
    packer.put(static_cast<std::uint64_t>(pairs.size()));
    for (const auto& pair : pairs)
        each_pair_field(pair, PackField{packer});
    return packer.take();
}

std::vector<JpsthPair> unpacked_jpsths(std::span<const std::byte> bytes)
{
    auto unpacker = base::Unpacker(bytes);
    auto pairs = std::vector<JpsthPair>(unpacker.get<std::uint64_t>());
    for (auto& pair : pairs)
        each_pair_field(pair, UnpackField{unpacker});
    return pairs;
}

JpsthWriter::JpsthWriter(const io::ResultFile& file, const SessionHead& head,
                         const SessionSpikes& session, const spikes::SpikeTrainsView& trains,
                         const SessionPairs& pairs, double digest, const JpsthJobSettings& settings)
    : settings_(settings), group_(file.group(head.subject + "/" + head.session))
{
    const auto& recording = session.recording;
    each_head_attribute(head, WriteAttribute{group_});
    io::write_attribute(group_, pairs_digest, digest);
    write_recording_attributes(group_, recording);
    io::write_attribute(group_, "trials", session.trials.windows.trials());
    io::write_attribute(group_, "bin_ms", settings.trials.bin_ms);
    io::write_attribute(group_, "average_bins", settings.matrix.average_bins);
    io::write_attribute(group_, "full", std::int64_t{settings.full()});
    io::write_attribute(group_, "pairs_left_out", pairs.left_out);
    if (head.status != "ok")
        return;
    io::describe(write_names(group_, "unit_id", recording.unit_id),
                 "ids of the units chosen, as in the file's units table");
    write_cell_types(group_, recording);
    write_axes(pairs);
    const auto all = spikes::packed_trials(trains, session.trials.windows);
    const auto psth = spikes::psths(all);
    io::write_array(group_, "psth", psth, {"unit_id", "time_s"}, "1",
                    "probability of a spike in the bin");
    write_dimensionality(psth);
    io::write_array(group_, "clipped", all.clipped, {"unit_id"}, "1",
                    "spikes in a bin that had one already, which are not counted");
    make_arrays();
}

void JpsthWriter::write_axes(const SessionPairs& pairs) const
{
    io::write_index_axis(group_, "pair", std::ssize(pairs.pair), "pairs in the order of the list");
    auto i = std::vector<std::int32_t>{};
    auto j = std::vector<std::int32_t>{};
    for (const auto& [first, second] : pairs.pair) {
        i.push_back(first);
        j.push_back(second);
    }
    io::write_array(group_, "pair_i", i, {"pair"}, "", "index of the unit that leads");
    io::write_array(group_, "pair_j", j, {"pair"}, "", "index of the unit that follows");
    auto middle = std::vector<double>{};
    for (std::int64_t bin = 0; bin < settings_.bins(); ++bin)
        middle.push_back(settings_.trials.align.start_s +
                         1e-3 * settings_.trials.bin_ms * (static_cast<double>(bin) + 0.5));
    const auto axis = [&](const char* name, const std::vector<double>& values, const char* units,
                          const char* description) {
        io::write_text_attribute(io::write_axis(group_, name, values, description), "units", units);
    };
    axis("time_s", middle, "s", "middle of the bin, from the start of the trial's row");
    axis("time_i", middle, "s", "time of unit i, middle of the bin");
    if (settings_.full())
        axis("time_j", middle, "s", "time of unit j, middle of the bin");
    const auto reach = settings_.full() ? settings_.bins() - 1 : settings_.matrix.band_bins;
    auto delay = std::vector<double>{};
    for (auto bin = -reach; bin <= reach; ++bin)
        delay.push_back(static_cast<double>(bin) * settings_.trials.bin_ms);
    axis("delay_ms", delay, "ms", "time of unit j - time of unit i");
}

void JpsthWriter::write_dimensionality(const std::vector<double>& psth) const
{
    const auto bins = settings_.bins();
    const auto units = std::ssize(psth) / bins;
    const auto dimensions = spikes::dimensionality(
        spikes::smoothed(psth, units, bins, settings_.smooth_ms / settings_.trials.bin_ms), units,
        bins, variance_share);
    io::write_attribute(group_, "variance_share", variance_share);
    io::write_attribute(group_, "smooth_ms", settings_.smooth_ms);
    io::write_attribute(group_, "dimensionality", dimensions.components);
    io::write_attribute(group_, "normalised_dimensionality", dimensions.normalised);
    io::write_attribute(group_, "varying_units", dimensions.varying_rows);
    io::write_index_axis(group_, "component", std::ssize(dimensions.variance_ratio),
                         "principal components of the PSTHs of all chosen units");
    io::write_array(group_, "variance_ratio", dimensions.variance_ratio, {"component"}, "1",
                    "share of the variance over time that the component holds");
}

void JpsthWriter::make_arrays() const
{
    for (const auto& matrix : matrices)
        io::make_array<float>(group_, matrix.name, axes_of(settings_), "1", matrix.description);
    io::make_array<double>(group_, "correlogram", {"pair", "delay_ms"}, "1",
                           "sum of normalised over the times of each delay");
}

void JpsthWriter::add(const std::vector<JpsthPair>& pairs)
{
    if (pairs.empty())
        return;
    const auto count = std::ssize(pairs);
    for (const auto& matrix : matrices) {
        auto values = std::vector<float>{};
        for (const auto& pair : pairs)
            values.insert(values.end(), (pair.*(matrix.values)).begin(),
                          (pair.*(matrix.values)).end());
        io::write_block<float>(io::open_dataset(group_, matrix.name), {written_, 0, 0},
                               {count, settings_.bins(), settings_.columns()}, values);
    }
    auto sums = std::vector<double>{};
    for (const auto& pair : pairs)
        sums.insert(sums.end(), pair.diagonal_sum.begin(), pair.diagonal_sum.end());
    io::write_block<double>(io::open_dataset(group_, "correlogram"), {written_, 0},
                            {count, std::ssize(sums) / count}, sums);
    written_ += count;
}

JpsthSession read_jpsth(const io::Handle& file, const SessionName& name)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    auto session = JpsthSession{.head = read_head(file, name)};
    if (session.head.status != "ok")
        return session;
    session.trials = io::read_attribute<std::int64_t>(group, "trials");
    session.full = io::read_attribute<std::int64_t>(group, "full") != 0;
    session.bin_ms = io::read_attribute<double>(group, "bin_ms");
    session.dimensionality = io::read_attribute<std::int64_t>(group, "dimensionality");
    session.normalised_dimensionality =
        io::read_attribute<double>(group, "normalised_dimensionality");
    session.unit_id = read_names(group, "unit_id");
    session.pair_i = io::read_all<std::int64_t>(group, "pair_i");
    session.pair_j = io::read_all<std::int64_t>(group, "pair_j");
    session.time_s = io::read_all<double>(group, "time_s");
    session.delay_ms = io::read_all<double>(group, "delay_ms");
    session.correlogram = io::read_all<double>(group, "correlogram");
    return session;
}

std::vector<double> read_jpsth_matrix(const io::Handle& file, const SessionName& name,
                                      const std::string& array, std::int64_t pair)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    const auto data = io::open_dataset(group, array);
    const auto shape = io::shape_of(data);
    auto values = std::vector<double>(static_cast<std::size_t>(shape[1] * shape[2]));
    io::read_block<double>(data, {pair, 0, 0}, {1, shape[1], shape[2]}, values);
    return values;
}

} // namespace rewire::jobs
