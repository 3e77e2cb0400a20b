// Writes small simulated sessions for the check that pynwb opens and validates them.
#include "jobs/simulate/session.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>

using namespace rewire;

namespace {

void write(const simulate::LeverPressParameters& parameters, const std::filesystem::path& folder,
           int deflate)
{
    for (const auto& animal : simulate::truth(parameters).animals)
        for (std::int64_t session = 0; session < parameters.sessions; ++session)
            jobs::write_session(parameters, animal, session,
                                folder / jobs::session_file(animal, session), deflate);
}

} // namespace

int main(int count, char** words)
{
    if (count != 2) {
        std::fputs("usage: write_tiny_study FOLDER\n", stderr);
        return 2;
    }
    try {
        const auto folder = std::filesystem::path(words[1]);
        auto parameters = simulate::LeverPressParameters{};
        parameters.animals = 2;
        parameters.sessions = 2;
        parameters.neurons = 70;
        parameters.duration_s = 60;
        parameters.missing_neurons = 0.1;
        write(parameters, folder / "study", 4);
        parameters.null = true;
        parameters.animals = 1;
        write(parameters, folder / "null", 0);
        parameters.neurons = 1;
        parameters.missing_neurons = 0;
        parameters.duration_s = 1; // no trial, no movement, no edge
        write(parameters, folder / "least", 0);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "write_tiny_study: %s\n", error.what());
        return 1;
    }
    return 0;
}
