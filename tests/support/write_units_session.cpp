// write_units_session FILE KIND: one session of sorted units that a test asks for.
//   planted     8 units at 5 Hz for 300 s; unit 0 drives 1 and unit 2 drives 3 after 2 ms; unit 7
//               has snr 0.5
//   pieces      as planted, 10 ms of every second invalid
//   slow        2 units at 0.6 and 0.8 Hz for 300 s, of which the first drives the second after 2
//   ms trials      12 units of which none drives another, all with the same response to each of 100
//               trials of 1 s, within 2 ms after 0.5 s
//   near        as planted, units 0 and 1 on one channel, 2 and 3 on channels 40 um apart
//   region      as near, places as pynwb writes them: rows of the electrodes table, on the probe
//   regions     the same, every unit on all electrodes of its probe
//   repeats     as trials, in drifting_gratings_75_repeats_presentations, each third with a
//   contrast
//               of 0.2 and the others of 0.8
//   lost-trial  as trials, of which one begins at NaN
//   many        80 independent units at 10 Hz for 1,800 s
//   tidy        3 units, times in order, within 0 .. 8 s
//   untidy      the same trains out of order, one time twice, one beyond the observed time
//   invalid     the same trains, with invalid_times around the spikes from 2 s on
//   backwards   the same, from their end to their begin
//   negative    the same trains 3 s earlier, observed from -3 s on
//   before      the tidy trains with a spike before 0 s, where the observed time begins
//   empty       a units table without rows
//   nan         a spike time that is NaN
//   twins       two units of the same id
//   apart       units that were never observed at the same time
//   silent      a unit without spikes
//   lonely      one unit
#include "tiny_nwb.hpp"

#include <rewire/base/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

using namespace rewire;

namespace {

using Train = std::vector<double>;

struct Session
{
    std::vector<Train> train;
    std::vector<double> observed; ///< start and stop of each unit, s; empty: not written
    std::vector<std::int64_t> id;
    std::vector<double> snr;           ///< empty: no such column
    std::vector<std::int64_t> channel; ///< empty: no such column; channel c at x = 20 c um
    bool region = false; ///< channels as rows of the electrodes table that units refer to
    std::int64_t electrodes_of_unit = 1;
    std::vector<double> trial_start; ///< empty: no trials
    std::string trials = "trials";   ///< name of their table
    std::vector<double> contrast;    ///< [trials]; empty: no such column
    std::vector<double> invalid;     ///< start and stop of each interval, s; empty: none
};

/// Whole microseconds, a refractory time of 3 ms.
Train poisson(std::uint64_t unit, double rate_hz, double seconds)
{
    auto stream = base::Stream(7, {unit});
    auto train = Train{};
    for (auto time = stream.exponential() / rate_hz; time < seconds;
         time += 0.003 + stream.exponential() / rate_hz)
        train.push_back(std::round(time * 1e6) / 1e6);
    return train;
}

/// Adds a spike 2 ms after every third of `from`.
void drive(const Train& from, Train& to)
{
    for (std::size_t spike = 0; spike < from.size(); spike += 3)
        to.push_back(from[spike] + 0.002);
    std::sort(to.begin(), to.end());
}

Session planted()
{
    auto session = Session{};
    for (std::uint64_t unit = 0; unit < 8; ++unit) {
        session.train.push_back(poisson(unit, 5, 300));
        session.snr.push_back(unit == 7 ? 0.5 : 2.0);
        session.observed.insert(session.observed.end(), {0, 301});
    }
    drive(session.train[0], session.train[1]);
    drive(session.train[2], session.train[3]);
    return session;
}

/// Responses so sharp that any null that does not keep them takes them for connections.
Session locked()
{
    auto session = Session{};
    for (std::uint64_t unit = 0; unit < 12; ++unit) {
        auto stream = base::Stream(8, {unit});
        auto train = poisson(unit, 5, 100);
        for (auto trial = 0; trial < 100; ++trial)
            if (stream.uniform() < 0.7)
                train.push_back(trial + 0.5 + 0.002 * stream.uniform());
        std::sort(train.begin(), train.end());
        session.train.push_back(std::move(train));
        session.observed.insert(session.observed.end(), {0, 101});
    }
    for (auto trial = 0; trial < 100; ++trial)
        session.trial_start.push_back(trial);
    return session;
}

Session tidy()
{
    return {.train = {{0.5, 1, 1.5, 2, 7}, {0.25, 1.002, 1.75, 5}, {3, 4, 6}},
            .observed = {0, 8, 0, 8, 0, 8},
            .id = {},
            .snr = {},
            .channel = {},
            .trial_start = {},
            .invalid = {}};
}

Session session_of(const std::string& kind)
{
    if (kind == "planted")
        return planted();
    if (kind == "near") {
        auto session = planted();
        session.channel = {5, 5, 10, 12, 100, 110, 120, 130};
        return session;
    }
    if (kind == "region" || kind == "regions") {
        auto session = session_of("near");
        session.region = true;
        session.electrodes_of_unit = kind == "region" ? 1 : 3;
        return session;
    }
    if (kind == "pieces") {
        auto session = planted();
        for (auto second = 1.0; second < 300; second += 1)
            session.invalid.insert(session.invalid.end(), {second, second + 0.01});
        return session;
    }
    if (kind == "slow") {
        auto session = Session{};
        session.train = {poisson(0, 0.6, 300), poisson(1, 0.6, 300)};
        session.observed = {0, 301, 0, 301};
        drive(session.train[0], session.train[1]);
        return session;
    }
    if (kind == "trials")
        return locked();
    if (kind == "lost-trial") {
        auto session = locked();
        session.trial_start[3] = std::numeric_limits<double>::quiet_NaN();
        return session;
    }
    if (kind == "repeats") {
        auto session = locked();
        session.trials = "drifting_gratings_75_repeats_presentations";
        for (std::size_t trial = 0; trial < session.trial_start.size(); ++trial)
            session.contrast.push_back(trial % 3 == 0 ? 0.2 : 0.8);
        return session;
    }
    auto session = tidy();
    if (kind == "many") {
        session = {};
        for (std::uint64_t unit = 0; unit < 80; ++unit)
            session.train.push_back(poisson(unit, 10, 1800));
    } else if (kind == "untidy") {
        session.train[0] = {1, 0.5, 1.5, 7, 2, 1.5};
        session.train[1].push_back(9);
    } else if (kind == "invalid") {
        session.invalid = {1.9, 8};
    } else if (kind == "backwards") {
        session.invalid = {8, 1.9};
    } else if (kind == "negative") {
        for (auto& train : session.train)
            for (auto& time : train)
                time -= 3;
        for (auto& edge : session.observed)
            edge -= 3;
    } else if (kind == "before") {
        session.train[1].insert(session.train[1].begin(), -0.25);
    } else if (kind == "empty") {
        session.train.clear();
        session.observed.clear();
    } else if (kind == "nan") {
        session.train[2][1] = std::numeric_limits<double>::quiet_NaN();
    } else if (kind == "twins") {
        session.id = {4, 5, 4};
    } else if (kind == "apart") {
        session.observed = {0, 2, 2, 8, 0, 8};
    } else if (kind == "silent") {
        session.train[1].clear();
    } else if (kind == "lonely") {
        session.train.resize(1);
        session.observed.resize(2);
    } else if (kind != "tidy") {
        throw std::runtime_error("no such kind: " + kind);
    }
    return session;
}

void write(const std::filesystem::path& path, const Session& session)
{
    std::filesystem::create_directories(path.parent_path());
    auto header = test::TinyHeader{};
    header.subject = "A";
    header.session = path.stem().string();
    const auto file = test::begin_nwb(path, header);
    const auto units = static_cast<std::int64_t>(session.train.size());
    auto columns = std::vector<std::string>{"spike_times"};
    if (!session.observed.empty())
        columns.emplace_back("obs_intervals");
    if (!session.snr.empty())
        columns.emplace_back("snr");
    if (!session.channel.empty())
        columns.emplace_back(session.region ? "electrodes" : "peak_channel_id");
    const auto table = test::begin_table(file, "/units", "Units", units, columns);
    auto all = Train{};
    auto end = std::vector<std::int64_t>{};
    for (const auto& train : session.train) {
        all.insert(all.end(), train.begin(), train.end());
        end.push_back(static_cast<std::int64_t>(all.size()));
    }
    io::write_dataset(table, "spike_times", all, {static_cast<std::int64_t>(all.size())});
    io::write_dataset(table, "spike_times_index", end, {units});
    if (!session.observed.empty()) {
        io::write_dataset(table, "obs_intervals", session.observed, {units, 2});
        auto interval_end = test::counting<std::int64_t>(units);
        for (auto& one : interval_end)
            ++one;
        io::write_dataset(table, "obs_intervals_index", interval_end, {units});
    }
    if (!session.snr.empty())
        io::write_dataset(table, "snr", session.snr, {units});
    if (!session.channel.empty()) {
        const auto channels = std::int64_t{140};
        if (session.region) {
            auto row = std::vector<std::int64_t>{};
            auto last = std::vector<std::int64_t>{};
            for (const auto channel : session.channel) {
                for (std::int64_t k = 0; k < session.electrodes_of_unit; ++k)
                    row.push_back(channel + k);
                last.push_back(std::ssize(row));
            }
            io::write_dataset(table, "electrodes", row, {std::ssize(row)});
            io::write_dataset(table, "electrodes_index", last, {units});
        } else {
            io::write_dataset(table, "peak_channel_id", session.channel, {units});
        }
        const auto axes = session.region ? std::vector<std::string>{"rel_x", "rel_y"}
                                         : std::vector<std::string>{"x", "y", "z"};
        const auto electrodes = test::begin_table(file, "/general/extracellular_ephys/electrodes",
                                                  "DynamicTable", channels, axes);
        auto x = test::counting<float>(channels);
        for (auto& value : x)
            value *= 20;
        io::write_dataset(electrodes, axes.front(), x, {channels});
        for (std::size_t axis = 1; axis < axes.size(); ++axis)
            io::write_dataset(electrodes, axes[axis], std::vector<float>(x.size(), 0), {channels});
    }
    if (!session.trial_start.empty()) {
        auto stop = session.trial_start;
        for (auto& time : stop)
            time += 1;
        test::write_intervals(file, session.trials, session.trial_start, stop, session.contrast);
    }
    if (!session.invalid.empty()) {
        auto start = std::vector<double>{};
        auto stop = std::vector<double>{};
        for (std::size_t k = 0; k < session.invalid.size(); k += 2) {
            start.push_back(session.invalid[k]);
            stop.push_back(session.invalid[k + 1]);
        }
        test::write_intervals(file, "invalid_times", start, stop);
    }
    if (!session.id.empty())
        io::write_block<std::int64_t>(io::open_dataset(table, "id"), {0}, {units}, session.id);
}

} // namespace

int main(int count, char** words)
{
    if (count != 3) {
        std::fputs("usage: write_units_session FILE KIND\n", stderr);
        return 2;
    }
    try {
        write(words[1], session_of(words[2]));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "write_units_session: %s\n", error.what());
        return 1;
    }
    return 0;
}
