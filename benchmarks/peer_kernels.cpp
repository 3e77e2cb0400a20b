/// Our side of benchmarks/peers: runs one kernel on an HDF5 input that peers.py wrote, with the
/// reading done before and the writing after the clock. One run to warm up, whose result goes to
/// the output file for peers.py to compare; then a line of JSON for every repetition. With --paced
/// each repetition waits for a line on standard input, so that the two sides can take turns.

#include "peer_tasks.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/hdf5.hpp>

#include <boost/program_options.hpp>
#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>

namespace {

using namespace rewire;
namespace options = boost::program_options;

struct Command
{
    std::string kernel;
    std::filesystem::path input;
    std::filesystem::path output;
    int repeat = 1;
    std::int64_t count = 1;
    bool paced = false;
    bool list = false;
    bool describe = false;
};

Command parse(int argc, char** argv)
{
    auto command = Command{};
    auto known = options::options_description("peer_kernels NAME");
    known.add_options()                                                                       //
        ("kernel", options::value(&command.kernel), "which kernel")                           //
        ("input", options::value(&command.input), "HDF5 file from peers.py")                  //
        ("output", options::value(&command.output), "HDF5 file for the result")               //
        ("repeat", options::value(&command.repeat)->default_value(1), "timed repetitions")    //
        ("count", options::value(&command.count)->default_value(1), "surrogates or shuffles") //
        ("paced", options::bool_switch(&command.paced), "wait for a line before each")        //
        ("list", options::bool_switch(&command.list), "names of the kernels")                 //
        ("describe", options::bool_switch(&command.describe), "compiler and BLAS of this build");
    auto position = options::positional_options_description{};
    position.add("kernel", 1);
    auto values = options::variables_map{};
    options::store(
        options::command_line_parser(argc, argv).options(known).positional(position).run(), values);
    options::notify(values);
    return command;
}

double seconds_of(const std::function<void()>& run)
{
    const auto start = std::chrono::steady_clock::now();
    run();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void say(const std::string& line)
{
    std::puts(line.c_str());
    std::fflush(stdout); // the other side waits for it
}

void repeat(const Command& command, const bench::Task& task)
{
    task.run();
    {
        const auto file = io::create_file(command.output);
        task.write(file);
    }
    say(fmt::format(R"({{"kernel": "{}", "ready": true}})", command.kernel));
    for (auto done = 0; done < command.repeat; ++done) {
        if (auto line = std::string{}; command.paced && !std::getline(std::cin, line)) {
            return; // the other side has gone
        }
        say(fmt::format(R"({{"seconds": {:.9f}}})", seconds_of(task.run)));
    }
}

int run(const Command& command)
{
    if (command.list) {
        for (const auto& kernel : bench::kernels()) {
            say(std::string(kernel.name));
        }
        return 0;
    }
    if (command.describe) {
        say(fmt::format("rewire {}, GCC {}, {}", REWIRE_VERSION, __VERSION__,
                        openblas_get_config()));
        return 0;
    }
    const auto& known = bench::kernels();
    const auto found = std::find_if(known.begin(), known.end(), [&](const bench::Kernel& kernel) {
        return kernel.name == command.kernel;
    });
    if (found == known.end()) {
        throw base::InputError("no kernel named '" + command.kernel + "'", "peer_kernels",
                               "--list shows them");
    }
    const auto task = found->make(io::open_for_reading(command.input), command.count);
    repeat(command, task);
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    try {
        return run(parse(argc, argv));
    } catch (const base::Error& error) {
        std::cerr << "peer_kernels: " << error.what() << '\n';
        return static_cast<int>(error.code());
    } catch (const std::exception& error) {
        std::cerr << "peer_kernels: " << error.what() << '\n';
        return static_cast<int>(base::ExitCode::usage);
    }
}
