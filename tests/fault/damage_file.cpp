// Makes files to try jobs on, for the campaign of damaged input.
//   damage_file whole FILE                 a small session that every job can use
//   damage_file structure FILE COPY SEED   a copy with one to three objects or attributes spoilt
//   damage_file bytes FILE COPY SEED       a copy with one to sixteen bytes changed
//   damage_file open FILE COPY FIRST RUNS  reads RUNS such copies of each kind, each in a process
//   of
//                                          its own; fails where one ends otherwise than it should
// Says what was done on standard output. The same seed does the same.

#include "support/tiny_nwb.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/io/study.hpp>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <stdexcept>

using namespace rewire;

namespace {

namespace fs = std::filesystem;

std::size_t below(base::Stream& stream, std::size_t count)
{
    return static_cast<std::size_t>(stream.uniform() * static_cast<double>(count));
}

template <typename T>
const T& one_of(base::Stream& stream, const std::vector<T>& values)
{
    return values[below(stream, values.size())];
}

// --- the whole file ------------------------------------------------------------------------------

constexpr auto frames = std::int64_t{600};
constexpr auto rate_hz = 10.0;

/// dF/F with a transient now and then.
std::vector<float> dff(std::int64_t neurons)
{
    auto stream = base::Stream(1, {});
    auto decay = std::vector<double>(static_cast<std::size_t>(neurons), 0.0);
    auto values = std::vector<float>{};
    for (std::int64_t frame = 0; frame < frames; ++frame)
        for (auto& level : decay) {
            level = 0.87 * level + (stream.uniform() < 0.03 ? 1 : 0);
            values.push_back(static_cast<float>(level + 0.1 * stream.normal()));
        }
    return values;
}

/// Volts, pressed every 5 s.
std::vector<double> lever()
{
    auto values = std::vector<double>{};
    for (auto k = 0; k < 6000; ++k) {
        const auto since = std::fmod(0.01 * k, 5.0) - 2;
        values.push_back(1.5 + 0.6 * std::exp(-0.5 * since * since / 0.0064));
    }
    return values;
}

void write_spikes(hid_t file)
{
    auto stream = base::Stream(2, {});
    auto spikes = std::vector<double>{};
    auto ends = std::vector<std::int64_t>{};
    for (auto unit = 0; unit < 4; ++unit) {
        for (auto time_s = stream.exponential() / 5; time_s < 60;
             time_s += stream.exponential() / 5)
            spikes.push_back(time_s);
        ends.push_back(static_cast<std::int64_t>(spikes.size()));
    }
    test::write_units(file, spikes, ends);
}

void write_whole(const fs::path& path)
{
    auto file = test::begin_nwb(path);
    const auto ids = std::vector<std::int64_t>{3, 5, 8, 13, 21, 34};
    const auto group = test::write_imaging(file, frames, ids);
    H5Ldelete(group, "data", H5P_DEFAULT);
    io::write_dataset(group, "data", dff(6), {frames, 6}, {{100, 6}, 4, {-1, 6}});
    const auto table = io::open_group(file, test::roi_table);
    io::write_texts_attribute(table, "colnames", {"roi_id", "iscell", "kind"});
    io::write_dataset(table, "iscell", std::vector<double>(6, 1), {6});
    io::write_texts(table, "kind", {"soma", "soma", "soma", "bouton", "soma", "soma"});
    const auto trace = test::write_behaviour(file, "lever", lever(), 100);
    io::write_text_attribute(io::open_dataset(trace, "data"), "unit", "volts");
    auto start = std::vector<double>{};
    auto stop = std::vector<double>{};
    for (auto k = 0; k < 11; ++k) {
        start.push_back(1.5 + 5 * k);
        stop.push_back(3.5 + 5 * k);
    }
    test::write_intervals(file, "movement_epochs", start, stop);
    test::write_intervals(file, "trials", start, stop);
    write_spikes(file);
    file.close();
}

// --- objects and attributes spoilt ---------------------------------------------------------------

/// Paths of everything but the root.
std::vector<std::string> objects(hid_t file, const std::string& path = "")
{
    auto found = std::vector<std::string>{};
    for (const auto& name : io::children(file, path.empty() ? "/" : path)) {
        const auto at = path + "/" + name;
        found.push_back(at);
        if (io::exists(file, at) && !io::is_soft_link(file, at) && io::is_group(file, at)) {
            const auto below_it = objects(file, at);
            found.insert(found.end(), below_it.begin(), below_it.end());
        }
    }
    return found;
}

std::vector<std::string> attributes(hid_t object)
{
    auto names = std::vector<std::string>{};
    const auto add = [](hid_t, const char* name, const H5A_info_t*, void* all) -> herr_t {
        static_cast<std::vector<std::string>*>(all)->emplace_back(name);
        return 0;
    };
    H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names);
    return names;
}

const auto odd_texts = std::vector<std::string>{"",         "a\nb",  "a\tb", std::string(300, 'x'),
                                                "\xff\xfe", "../..", "NaN",  "\x1b[2J"};
const auto odd_numbers = std::vector<double>{0,      -1,   1e308,
                                             1e-308, 1e12, std::numeric_limits<double>::quiet_NaN(),
                                             0.001,  2e18, std::numeric_limits<double>::infinity()};

std::string spoil_attribute(hid_t object, const std::string& name, base::Stream& stream)
{
    switch (below(stream, 4)) {
    case 0:
        H5Adelete(object, name.c_str());
        return "deleted";
    case 1:
        io::write_text_attribute(object, name, one_of(stream, odd_texts));
        return "another text";
    case 2:
        io::write_attribute(object, name, one_of(stream, odd_numbers));
        return "another number";
    default:
        io::write_attribute_all(object, name, std::vector<double>(below(stream, 3) * 4000, 1.0));
        return "an array";
    }
}

/// A dataset of another shape, type or content at a path.
std::string put_dataset(hid_t file, const std::string& path, const io::Shape& shape,
                        base::Stream& stream)
{
    const auto first = shape.empty() ? std::int64_t{1} : shape[0];
    const auto number = one_of(stream, odd_numbers);
    const auto filled = [&](std::int64_t count) {
        return std::vector<double>(static_cast<std::size_t>(count), number);
    };
    switch (below(stream, 9)) {
    case 0:
        io::write_scalar(file, path, number);
        return fmt::format("the scalar {}", number);
    case 1:
        io::write_dataset(file, path, std::vector<double>{}, {0});
        return "no values";
    case 2:
        io::write_texts(file, path, odd_texts);
        return "texts";
    case 3:
        io::write_text(file, path, one_of(stream, odd_texts));
        return "a text";
    case 4:
        io::write_dataset(file, path, filled(2 * first + 1), {2 * first + 1});
        return fmt::format("{} x {}", 2 * first + 1, number);
    case 5:
        io::write_dataset(file, path, filled(8), {2, 2, 2});
        return fmt::format("2 x 2 x 2 x {}", number);
    case 6: {
        const auto count =
            one_of(stream, std::vector<std::int64_t>{1'000'000'000, 1'000'000'000'000});
        auto hollow = shape.empty() ? io::Shape{1} : shape;
        hollow[0] = count;
        auto chunk = hollow;
        chunk[0] = 1000;
        io::make_dataset(file, path, io::native_type<float>(), hollow, {chunk, 0, {}});
        return fmt::format("{} rows never written", count);
    }
    case 7: {
        const auto values = first * (shape.size() > 1 ? shape[1] : 1);
        io::write_dataset(file, path, filled(values), shape.empty() ? io::Shape{1} : shape);
        return fmt::format("filled with {}", number);
    }
    default: {
        const auto extent = std::array<hsize_t, 1>{64};
        const auto space = io::Handle(H5Screate_simple(1, extent.data(), nullptr));
        const auto properties = io::Handle(H5Pcreate(H5P_DATASET_CREATE));
        H5Pset_external(properties, "/etc/hostname", 0, 256);
        io::Handle(H5Dcreate2(file, path.c_str(), H5T_NATIVE_FLOAT, space, H5P_DEFAULT, properties,
                              H5P_DEFAULT));
        return "values of another file";
    }
    }
}

std::string spoil_object(hid_t file, const std::string& path, base::Stream& stream)
{
    const auto parent = path.substr(0, path.rfind('/'));
    const auto shape =
        io::is_dataset(file, path) ? io::shape_of(io::open_dataset(file, path)) : io::Shape{};
    const auto action = below(stream, 10);
    if (action == 0) {
        H5Lmove(file, path.c_str(), file, (path + "_").c_str(), H5P_DEFAULT, H5P_DEFAULT);
        return "renamed";
    }
    H5Ldelete(file, path.c_str(), H5P_DEFAULT);
    switch (action) {
    case 1:
        return "deleted";
    case 2:
        io::create_group(file, path);
        return "an empty group";
    case 3: {
        const auto target =
            one_of(stream, std::vector<std::string>{path, "/", parent.empty() ? "/" : parent,
                                                    "/nowhere", "/units", "/general"});
        io::write_soft_link(file, path, target);
        return "a link to " + target;
    }
    case 4:
        H5Lcreate_external("nowhere.h5", "/data", file, path.c_str(), H5P_DEFAULT, H5P_DEFAULT);
        return "a link into another file";
    default:
        return put_dataset(file, path, shape, stream);
    }
}

std::string spoil_something(hid_t file, base::Stream& stream)
{
    const auto at = one_of(stream, objects(file));
    const auto names = io::exists(file, at) && !io::is_soft_link(file, at)
                           ? attributes(io::open_object(file, at))
                           : std::vector<std::string>{};
    if (names.empty() || stream.uniform() > 0.4)
        return fmt::format("{}: {}; ", at, spoil_object(file, at, stream));
    const auto name = one_of(stream, names);
    return fmt::format("{}@{}: {}; ", at, name,
                       spoil_attribute(io::open_object(file, at), name, stream));
}

std::string damage_structure(const fs::path& path, base::Stream& stream)
{
    const auto file = io::open_for_update(path);
    auto what = std::string{};
    for (auto left = 1 + below(stream, 3); left > 0; --left)
        try {
            what += spoil_something(file, stream);
        } catch (const base::Error&) {
            what += "spoilt already; "; // what an earlier step left cannot be opened
        }
    return what;
}

// --- bytes changed -------------------------------------------------------------------------------

/// Where the structures of HDF5 begin.
std::vector<std::size_t> structures(const std::string& bytes)
{
    auto found = std::vector<std::size_t>{0};
    for (const auto* mark : {"TREE", "SNOD", "HEAP", "GCOL", "OHDR", "FRHP", "BTHD"})
        for (auto at = bytes.find(mark); at != std::string::npos; at = bytes.find(mark, at + 1))
            found.push_back(at);
    return found;
}

std::string damage_bytes(const fs::path& path, base::Stream& stream)
{
    auto what = std::string("bytes");
    auto file = std::ifstream(path, std::ios::binary);
    auto bytes = std::string(std::istreambuf_iterator<char>(file), {});
    file.close();
    const auto starts = structures(bytes);
    for (auto left = 1 + below(stream, 16); left > 0; --left) {
        const auto at =
            stream.uniform() < 0.3
                ? below(stream, bytes.size())
                : std::min(one_of(stream, starts) + below(stream, 300), bytes.size() - 1);
        bytes[at] = stream.uniform() < 0.5 ? static_cast<char>(bytes[at] ^ (1 << below(stream, 8)))
                                           : static_cast<char>(below(stream, 256));
        what += fmt::format(" {}", at);
    }
    std::ofstream(path, std::ios::binary) << bytes;
    return what;
}

std::string damage(const fs::path& whole, const fs::path& copy, bool in_bytes, std::uint64_t seed)
{
    fs::copy_file(whole, copy, fs::copy_options::overwrite_existing);
    auto stream = base::Stream(seed, {in_bytes ? 1U : 0U});
    return in_bytes ? damage_bytes(copy, stream) : damage_structure(copy, stream);
}

// --- reading them --------------------------------------------------------------------------------

/// All that `study` reads of a file.
void read_all_of(const fs::path& file)
{
    auto session = io::StudySession{};
    session.record = io::scan_file(file.parent_path(), file.filename());
    session.path = file;
    if (session.record.readable)
        io::check_data(session, io::NanPolicy::error);
}

/// How a process that reads the file ends; empty where it ends as it should.
std::string end_of_reading(const fs::path& file, std::int64_t& crashes)
{
    constexpr auto seconds = 400U; // of a busy machine
    constexpr auto bytes = rlim_t{2} << 30;
    const auto child = ::fork();
    if (child == 0) {
        const auto limit = rlimit{bytes, bytes};
        ::setrlimit(RLIMIT_AS, &limit);
        ::alarm(seconds);
        std::freopen("/dev/null", "w", stderr);
        read_all_of(file);
        ::_exit(0);
    }
    auto status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        return fmt::format("signal {}", WTERMSIG(status));
    const auto code = WEXITSTATUS(status);
    crashes += code == 3 ? 1 : 0; // the guard named the file
    return code == 0 || code == 3 ? "" : fmt::format("exit code {}", code);
}

void read_damaged(const fs::path& whole, const fs::path& copy, std::uint64_t first,
                  std::uint64_t runs)
{
    auto crashes = std::int64_t{0};
    auto failures = std::int64_t{0};
    for (auto seed = first; seed < first + runs; ++seed)
        for (const auto in_bytes : {false, true}) {
            const auto what = damage(whole, copy, in_bytes, seed);
            const auto end = end_of_reading(copy, crashes);
            failures += end.empty() ? 0 : 1;
            if (!end.empty())
                std::cout << (in_bytes ? "bytes " : "structure ") << seed << ": " << end
                          << " after " << what << std::endl;
        }
    std::cout << fmt::format("{} files, {} crashes inside HDF5 that were told, {} that were not\n",
                             2 * runs, crashes, failures);
    if (failures > 0)
        throw std::runtime_error("some files end a process");
}

void run(const std::vector<std::string>& words)
{
    const auto file = fs::absolute(words.at(2));
    if (words[1] == "whole")
        return write_whole(file);
    if (words[1] == "open")
        return read_damaged(file, fs::absolute(words.at(3)), std::stoull(words.at(4)),
                            std::stoull(words.at(5)));
    std::cout << damage(file, words.at(3), words[1] == "bytes", std::stoull(words.at(4))) << '\n';
}

} // namespace

int main(int count, char** words)
{
    try {
        run({words, words + count});
    } catch (const std::exception& error) {
        std::cerr << "damage_file: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
