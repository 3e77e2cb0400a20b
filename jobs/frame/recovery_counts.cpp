#include "recovery_counts.hpp"

#include <fmt/format.h>

namespace rewire::jobs {

void RecoveryCounts::add(const RecoveryCounts& other)
{
    planted += other.planted;
    found += other.found;
    both += other.both;
}

std::string RecoveryCounts::text() const
{
    const auto ratio = [](std::int64_t part, std::int64_t whole) {
        return whole > 0
                   ? fmt::format("{:.3f}", static_cast<double>(part) / static_cast<double>(whole))
                   : "-";
    };
    return fmt::format("{:>8} {:>8} {:>8} {:>10} {:>8}", planted, found, both, ratio(both, found),
                       ratio(both, planted));
}

} // namespace rewire::jobs
