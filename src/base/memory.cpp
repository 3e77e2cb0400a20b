#include "rewire/base/memory.hpp"

#include <rewire/base/text.hpp>

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>

namespace rewire::base {

namespace {

/// "NAME:   123 kB" of a file of /proc, in bytes; 0 where it is not there.
double proc_field(const char* path, const std::string& name)
{
    auto file = std::ifstream(path);
    for (auto line = std::string{}; std::getline(file, line);)
        if (line.starts_with(name + ":"))
            return std::strtod(line.c_str() + name.size() + 1, nullptr) * 1024;
    return 0;
}

double number_in_file(const std::string& path)
{
    auto file = std::ifstream(path);
    auto value = std::numeric_limits<double>::infinity();
    file >> value; // "max" leaves it as it is... or 0, by the standard
    return file && value > 0 ? value : std::numeric_limits<double>::infinity();
}

/// "name 123" of a file of a control group; 0 where it is not there.
double cgroup_field(const std::string& path, const std::string& name)
{
    auto file = std::ifstream(path);
    auto value = 0.0;
    for (auto field = std::string{}; file >> field >> value;)
        if (field == name)
            return value;
    return 0;
}

/// Free memory within a control group; what caches files is given back when it is needed.
double free_in_group(const std::string& folder, const char* limit_name, const char* used_name,
                     const std::string& prefix)
{
    const auto limit = number_in_file(folder + limit_name);
    const auto used = number_in_file(folder + used_name);
    if (!(limit < 1e18) || std::isinf(used))
        return std::numeric_limits<double>::infinity();
    const auto cached = cgroup_field(folder + "/memory.stat", prefix + "inactive_file") +
                        cgroup_field(folder + "/memory.stat", prefix + "active_file");
    return limit - std::max(used - cached, 0.0);
}

/// Free memory within the control groups of this process: its own and those that hold it, version 2
/// and version 1.
double cgroup_bytes()
{
    auto free = std::numeric_limits<double>::infinity();
    auto groups = std::ifstream("/proc/self/cgroup");
    for (auto line = std::string{}; std::getline(groups, line);) {
        const auto parts = split(line, ':');
        if (parts.size() != 3 || (parts[0] != "0" && parts[1] != "memory"))
            continue;
        for (auto group = parts[2];; group.resize(group.rfind('/'))) {
            if (group == "/")
                group.clear();
            free = std::min(
                free,
                parts[0] == "0"
                    ? free_in_group("/sys/fs/cgroup" + group, "/memory.max", "/memory.current", "")
                    : free_in_group("/sys/fs/cgroup/memory" + group, "/memory.limit_in_bytes",
                                    "/memory.usage_in_bytes", "total_"));
            if (group.empty() || group.rfind('/') == std::string::npos)
                break;
        }
    }
    return free;
}

} // namespace

double address_space_left()
{
    auto limit = rlimit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return std::numeric_limits<double>::infinity();
    return static_cast<double>(limit.rlim_cur) - proc_field("/proc/self/status", "VmSize");
}

double free_memory_bytes()
{
    const auto available = proc_field("/proc/meminfo", "MemAvailable");
    return std::min(available > 0 ? available : std::numeric_limits<double>::infinity(),
                    cgroup_bytes());
}

double peak_resident_bytes()
{
    return proc_field("/proc/self/status", "VmHWM");
}

void advise_large_pages(void* begin, std::size_t bytes) noexcept
{
#ifdef MADV_HUGEPAGE
    constexpr auto page = std::uintptr_t{1} << 21U;
    const auto first = (reinterpret_cast<std::uintptr_t>(begin) + page - 1) / page * page;
    const auto last = (reinterpret_cast<std::uintptr_t>(begin) + bytes) / page * page;
    if (first < last) // it is only advice: errors mean that pages stay as they are
        madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#else
    static_cast<void>(begin), static_cast<void>(bytes);
#endif
}

} // namespace rewire::base
