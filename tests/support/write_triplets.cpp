// write_triplets FILE KIND: one session of units in trials, among which triplets are planted, and
// beside it FILE.pairs.csv with the true pairs (pre,post,lag,middle).
//   reference   the published generator's data: 100 units, 600 trials of 500 bins of 1 ms, and in
//               FILE.published.csv (pre,post,largest) the largest weight of each pair over lags 1
//               to 10 at the published lambda; exit 77 where the reference cases are not here
//   small       9 units, 60 trials of 100 bins: 3 chains; trials have a column `stimulus`
//   extremes    as small; unit 4 never fires, unit 7 fires in every bin
//   one         as small; one trial
//   unequal     as small; every other trial is cut in two of half the length
#include "shared_data.hpp"
#include "tiny_nwb.hpp"

#include <rewire/base/random.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace rewire;

namespace {

constexpr auto bin_s = 0.001;

struct Pair
{
    std::int64_t pre;
    std::int64_t post;
    std::int64_t lag;
    bool middle;
};

struct Session
{
    std::int64_t units = 0;
    std::int64_t trials = 0;
    std::int64_t bins = 0;
    std::vector<std::uint8_t> spikes; ///< [trial, bin, unit]
    std::vector<Pair> pairs;
    bool unequal = false;

    std::uint8_t& at(std::int64_t trial, std::int64_t bin, std::int64_t unit)
    {
        return spikes[static_cast<std::size_t>((trial * bins + bin) * units + unit)];
    }
};

Session reference(const std::filesystem::path& path)
{
    const auto file = io::open_for_reading(path);
    auto session =
        Session{100, 600, 500, io::read_all<std::uint8_t>(file, "train_spikes"), {}, false};
    const auto more = io::read_all<std::uint8_t>(file, "validation_spikes");
    session.spikes.insert(session.spikes.end(), more.begin(), more.end());
    const auto pairs = io::read_all<std::int64_t>(file, "true_pairs_sender_receiver");
    const auto lag = io::read_all<std::int64_t>(file, "true_pair_lag");
    const auto middle = io::read_all<std::int64_t>(file, "true_pair_active_in_middle");
    for (std::size_t k = 0; k < lag.size(); ++k)
        session.pairs.push_back({pairs[2 * k], pairs[2 * k + 1], lag[k], middle[k] != 0});
    return session;
}

void write_published(const std::filesystem::path& path, const std::filesystem::path& reference)
{
    const auto file = io::open_for_reading(reference);
    const auto optimum = io::open_group(file, "static_optimum_L10_lambda_10");
    const auto name = std::string("static_weights_sender_receiver_lag");
    const auto shape = io::shape_of(io::open_dataset(optimum, name));
    const auto weight = io::read_all<double>(optimum, name);
    auto table = std::ofstream(path);
    table << "pre,post,largest\n";
    for (std::int64_t pre = 0; pre < shape[0]; ++pre)
        for (std::int64_t post = 0; post < shape[1]; ++post) {
            const auto row = weight.begin() + (pre * shape[1] + post) * shape[2];
            if (pre != post)
                table << pre << ',' << post << ',' << *std::max_element(row + 1, row + shape[2])
                      << '\n';
        }
}

/// Chains n -> n + 1 (lag 2) -> n + 2 (lag 1), active in the middle or the outer half.
Session chains(std::int64_t trials)
{
    auto session = Session{9, trials, 100, {}, {}, false};
    session.spikes.assign(static_cast<std::size_t>(session.units * trials * session.bins), 0);
    for (std::int64_t first = 0; first < session.units; first += 3) {
        session.pairs.push_back({first, first + 1, 2, first != 3});
        session.pairs.push_back({first + 1, first + 2, 1, first != 3});
    }
    for (std::int64_t trial = 0; trial < trials; ++trial) {
        auto stream = base::Stream(4, {static_cast<std::uint64_t>(trial)});
        for (std::int64_t bin = 0; bin < session.bins; ++bin) {
            for (std::int64_t unit = 0; unit < session.units; ++unit)
                session.at(trial, bin, unit) = stream.uniform() < 0.03 ? 1 : 0;
            const auto in_middle = bin >= session.bins / 4 && bin < 3 * session.bins / 4;
            for (const auto& pair : session.pairs)
                if (pair.middle == in_middle && bin >= pair.lag &&
                    session.at(trial, bin - pair.lag, pair.pre) != 0 && stream.uniform() < 0.6)
                    session.at(trial, bin, pair.post) = 1;
        }
    }
    return session;
}

Session session_of(const std::string& kind)
{
    auto session = chains(kind == "one" ? 1 : 60);
    session.unequal = kind == "unequal";
    if (kind == "extremes")
        for (std::int64_t trial = 0; trial < session.trials; ++trial)
            for (std::int64_t bin = 0; bin < session.bins; ++bin) {
                session.at(trial, bin, 4) = 0;
                session.at(trial, bin, 7) = 1;
            }
    return session;
}

void write_units(hid_t file, Session& session)
{
    const auto length_s = static_cast<double>(session.bins) * bin_s;
    auto time = std::vector<double>{};
    auto end = std::vector<std::int64_t>{};
    for (std::int64_t unit = 0; unit < session.units; ++unit) {
        for (std::int64_t trial = 0; trial < session.trials; ++trial)
            for (std::int64_t bin = 0; bin < session.bins; ++bin)
                if (session.at(trial, bin, unit) != 0)
                    time.push_back(static_cast<double>(trial) * length_s +
                                   (static_cast<double>(bin) + 0.5) * bin_s);
        end.push_back(static_cast<std::int64_t>(time.size()));
    }
    const auto units =
        test::begin_table(file, "/units", "Units", session.units, {"spike_times", "obs_intervals"});
    io::write_dataset(units, "spike_times", time, {static_cast<std::int64_t>(time.size())});
    io::write_dataset(units, "spike_times_index", end, {session.units});
    auto observed = std::vector<double>{};
    auto intervals = std::vector<std::int64_t>{};
    for (std::int64_t unit = 0; unit < session.units; ++unit) {
        observed.insert(observed.end(), {0, static_cast<double>(session.trials) * length_s});
        intervals.push_back(unit + 1);
    }
    io::write_dataset(units, "obs_intervals", observed, {session.units, 2});
    io::write_dataset(units, "obs_intervals_index", intervals, {session.units});
}

void write_trials(hid_t file, const Session& session)
{
    const auto length_s = static_cast<double>(session.bins) * bin_s;
    auto start = std::vector<double>{};
    auto stop = std::vector<double>{};
    auto stimulus = std::vector<std::int64_t>{};
    for (std::int64_t trial = 0; trial < session.trials; ++trial) {
        const auto pieces = session.unequal && trial % 2 == 1 ? 2 : 1;
        for (auto piece = 0; piece < pieces; ++piece) {
            start.push_back((static_cast<double>(trial) + 0.5 * piece) * length_s);
            stop.push_back(start.back() + length_s / pieces);
            stimulus.push_back(trial % 2);
        }
    }
    const auto rows = std::ssize(start);
    const auto table = test::begin_table(file, "/intervals/trials", "TimeIntervals", rows,
                                         {"start_time", "stop_time", "stimulus"});
    io::write_dataset(table, "start_time", start, {rows});
    io::write_dataset(table, "stop_time", stop, {rows});
    io::write_dataset(table, "stimulus", stimulus, {rows});
}

void write(const std::filesystem::path& path, Session session)
{
    auto header = test::TinyHeader{};
    header.session = path.stem().string();
    const auto file = test::begin_nwb(path, header);
    write_units(file, session);
    write_trials(file, session);
    auto pairs = std::ofstream(path.string() + ".pairs.csv");
    pairs << "pre,post,lag,middle\n";
    for (const auto& pair : session.pairs)
        pairs << pair.pre << ',' << pair.post << ',' << pair.lag << ',' << pair.middle << '\n';
}

} // namespace

int main(int count, char** words)
{
    if (count != 3) {
        std::fputs("usage: write_triplets FILE KIND\n", stderr);
        return 2;
    }
    try {
        const auto kind = std::string(words[2]);
        if (kind != "reference") {
            write(words[1], session_of(kind));
            return 0;
        }
        const auto path = test::shared_data("reference/dynetcp/fp_triplets.h5");
        if (path.empty())
            return 77;
        write(words[1], reference(path));
        write_published(std::string(words[1]) + ".published.csv", path);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "write_triplets: %s\n", error.what());
        return 1;
    }
    return 0;
}
