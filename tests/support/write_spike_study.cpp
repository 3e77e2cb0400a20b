// write_spike_study FOLDER: subjects A and B, two sessions each, three units; unit u has 4 (u + 1)
// spikes, the last one of every unit at 8 s. The last file has two series that may be dF/F as well.
#include "tiny_nwb.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

using namespace rewire;

namespace {

void write_session(const std::filesystem::path& folder, const std::string& subject, int session,
                   bool ambiguous)
{
    const auto name = fmt::format("{:02}", session);
    std::filesystem::create_directories(folder / ("sub-" + subject));
    auto header = test::TinyHeader{};
    header.subject = subject;
    header.session = name;
    header.start = fmt::format("2024-01-{:02}T10:00:00Z", session);
    const auto file = test::begin_nwb(
        folder / ("sub-" + subject) / fmt::format("sub-{}_ses-{}.nwb", subject, name), header);
    auto spikes = std::vector<double>{};
    auto ends = std::vector<std::uint8_t>{};
    for (auto unit = 0; unit < 3; ++unit) {
        const auto count = 4 * (unit + 1);
        for (auto spike = 1; spike <= count; ++spike)
            spikes.push_back(8.0 * spike / count);
        ends.push_back(static_cast<std::uint8_t>(spikes.size()));
    }
    test::write_units(file, spikes, ends);
    if (!ambiguous)
        return;
    test::write_imaging(file, 8, {1, 2});
    test::write_imaging(file, 8, {1, 2}, "/processing/imaging/dff", "other");
}

} // namespace

int main(int count, char** words)
{
    if (count != 2) {
        std::fputs("usage: write_spike_study FOLDER\n", stderr);
        return 2;
    }
    try {
        for (const auto* subject : {"A", "B"})
            for (const auto session : {1, 2})
                write_session(words[1], subject, session,
                              std::string(subject) == "B" && session == 2);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "write_spike_study: %s\n", error.what());
        return 1;
    }
    return 0;
}
