// ccg_against_reference: prints the recording of the 20 simulated neurons; exit code 77 where it is
// not there. ccg_against_reference trials COPY: writes a copy with a table of trials of 1 s.
// ccg_against_reference RESULT: whether the result of `rewire ccg` on it has the counts,
// expectations and correlograms of the reference case.
#include "shared_data.hpp"
#include "tiny_nwb.hpp"

#include <rewire/io/hdf5.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

using namespace rewire;

namespace {

constexpr auto not_here = 77;

/// Largest difference over all pairs i < j and lags.
double difference(const io::Handle& group, const std::string& name, const io::Handle& reference,
                  const std::string& theirs)
{
    const auto shape = io::shape_of(io::open_dataset(reference, theirs));
    const auto all = io::read_all<double>(reference, theirs);
    const auto ours = io::read_all<double>(group, name);
    const auto i = io::read_all<std::int64_t>(group, "pair_i");
    const auto j = io::read_all<std::int64_t>(group, "pair_j");
    const auto lags = shape[2];
    if (static_cast<std::int64_t>(i.size()) != shape[0] * (shape[0] - 1) / 2 ||
        static_cast<std::int64_t>(ours.size()) != static_cast<std::int64_t>(i.size()) * lags)
        return INFINITY;
    auto largest = 0.0;
    for (std::size_t pair = 0; pair < i.size(); ++pair)
        for (std::int64_t lag = 0; lag < lags; ++lag) {
            const auto at = (i[pair] * shape[1] + j[pair]) * lags + lag;
            const auto own = static_cast<std::int64_t>(pair) * lags + lag;
            largest = std::fmax(largest, std::abs(all[static_cast<std::size_t>(at)] -
                                                  ours[static_cast<std::size_t>(own)]));
        }
    return largest;
}

int compare(const std::string& result)
{
    const auto path = test::shared_data("reference/spikes/ccg_hh20_0_5400s.h5");
    if (path.empty())
        return not_here;
    const auto reference = io::open_for_reading(path);
    const auto file = io::open_for_reading(result);
    const auto group = io::open_group(file, "unknown/" + io::children(file, "unknown").front());
    const auto jitter = io::read_text_attribute(group, "jitter");
    const auto trials = jitter == "pattern";
    const auto counts =
        difference(group, "count", reference, trials ? "counts_trials1s" : "counts_binned");
    // There is no reference for correlograms of trials.
    const auto ccg = trials ? 0 : difference(group, "ccg", reference, "ccg_continuous");
    const auto expected = difference(group, "expected", reference,
                                     trials               ? "expected_counts_psth25_trials1s"
                                     : jitter == "dither" ? "expected_counts_dither5_continuous"
                                                          : "expected_counts_uniform25_continuous");
    std::printf("largest difference: count %g, ccg %g, expected %g\n", counts, ccg, expected);
    return counts == 0 && ccg < 1e-15 && expected < 1e-11 ? 0 : 1;
}

void write_with_trials(const std::filesystem::path& recording, const std::filesystem::path& copy)
{
    std::filesystem::copy_file(recording, copy);
    std::filesystem::permissions(copy, std::filesystem::perms::owner_write,
                                 std::filesystem::perm_options::add);
    auto start = std::vector<double>{};
    auto stop = std::vector<double>{};
    for (auto trial = 0; trial < 5400; ++trial) {
        start.push_back(trial);
        stop.push_back(trial + 1);
    }
    test::write_intervals(io::open_for_update(copy), "trials", start, stop);
}

} // namespace

int main(int count, char** words)
{
    try {
        if (count == 2)
            return compare(words[1]);
        const auto recording = test::shared_data("data/hh20/hh20_0_5400s.nwb");
        if (recording.empty())
            return not_here;
        if (count == 3)
            write_with_trials(recording, words[2]);
        std::printf("%s\n", recording.c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ccg_against_reference: %s\n", error.what());
        return 1;
    }
    return 0;
}
