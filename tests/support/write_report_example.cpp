// Writes invented results, for the tests of the report as a command and in a browser.
#include "report_example.hpp"

#include <cstdio>
#include <cstring>
#include <exception>

using namespace rewire;

int main(int count, char** words)
{
    if (count != 3) {
        std::fputs("usage: write_report_example connectome|rewiring|movement FOLDER\n", stderr);
        return 2;
    }
    try {
        const auto example = test::ReportExample{};
        if (std::strcmp(words[1], "connectome") == 0)
            test::write_example_connectome(words[2], example);
        else if (std::strcmp(words[1], "rewiring") == 0)
            test::write_example_rewiring(words[2], example);
        else
            test::write_example_movement(words[2], example);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "write_report_example: %s\n", error.what());
        return 1;
    }
    return 0;
}
