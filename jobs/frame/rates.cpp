#include "rates.hpp"

#include <rewire/io/digest.hpp>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <limits>
#include <vector>

namespace rewire::jobs {

namespace {

double processor_seconds()
{
    auto now = timespec{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

} // namespace

double rate_of(double work, const std::function<void()>& run)
{
    auto best = std::numeric_limits<double>::infinity();
    for (auto repeat = 0; repeat < 3; ++repeat) {
        const auto start = processor_seconds();
        run();
        best = std::min(best, processor_seconds() - start);
    }
    return work / std::max(best, 1e-6);
}

FileRates measured_file_rates()
{
    const auto bytes = std::vector<std::byte>(std::size_t{16} << 20);
    auto rates = typical_file_rates;
    rates.checked_bytes_per_s =
        rate_of(static_cast<double>(bytes.size()), [&] { io::sha256_of(bytes); });
    return rates;
}

} // namespace rewire::jobs
