#include "rewire/base/random.hpp"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace rewire::base {

namespace {

/// Finaliser of splitmix64: spreads every input bit over the word.
std::uint64_t mixed(std::uint64_t value) noexcept
{
    value += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

} // namespace

std::uint64_t key_of(std::string_view name) noexcept
{
    auto hash = 0xcbf29ce484222325ULL; // FNV-1a
    for (const auto character : name) {
        hash ^= static_cast<unsigned char>(character);
        hash *= 0x100000001b3ULL;
    }
    return mixed(hash);
}

Stream::Stream(std::uint64_t seed, std::initializer_list<std::uint64_t> name) noexcept
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}
{
    auto hash = std::uint64_t{name.size()};
    for (const auto part : name)
        hash = mixed(hash ^ mixed(part));
    counter_[2] = static_cast<std::uint32_t>(hash);
    counter_[3] = static_cast<std::uint32_t>(hash >> 32);
}

void Stream::refill() noexcept
{
    using Generator = r123::Philox4x32_R<10>;
    const auto counter = Generator::ctr_type{{counter_[0], counter_[1], counter_[2], counter_[3]}};
    const auto key = Generator::key_type{{key_[0], key_[1]}};
    const auto drawn = Generator{}(counter, key);
    block_ = {drawn[0], drawn[1], drawn[2], drawn[3]};
    if (++counter_[0] == 0)
        ++counter_[1];
    used_ = 0;
}

std::uint32_t Stream::bits32() noexcept
{
    if (used_ == 4)
        refill();
    return block_[static_cast<std::size_t>(used_++)];
}

std::uint64_t Stream::bits64() noexcept
{
    const auto low = std::uint64_t{bits32()};
    return low | (std::uint64_t{bits32()} << 32);
}

double Stream::uniform() noexcept
{
    return static_cast<double>(bits64() >> 11) * 0x1p-53;
}

std::uint64_t Stream::below(std::uint64_t bound) noexcept
{
    const auto rejected =
        (0 - bound) % bound; // 2^64 mod bound: numbers below it would be drawn too often
    auto drawn = bits64();
    while (drawn < rejected)
        drawn = bits64();
    return drawn % bound;
}

double Stream::normal() noexcept
{
    if (has_spare_) {
        has_spare_ = false;
        return spare_normal_;
    }
    const auto radius = std::sqrt(-2 * std::log1p(-uniform()));
    const auto angle = 2 * std::numbers::pi * uniform();
    spare_normal_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
}

double Stream::exponential() noexcept
{
    return -std::log1p(-uniform());
}

std::int64_t Stream::poisson(double mean) noexcept
{
    auto count = std::int64_t{0};
    auto time = exponential();
    while (time < mean) {
        time += exponential();
        ++count;
    }
    return count;
}

std::vector<std::int64_t> distinct_below(Stream& stream, std::int64_t bound, std::int64_t count)
{
    auto items = std::vector<std::int64_t>(static_cast<std::size_t>(bound));
    std::iota(items.begin(), items.end(), 0);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto j =
            i + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(bound - i)));
        std::swap(items[static_cast<std::size_t>(i)], items[static_cast<std::size_t>(j)]);
    }
    items.resize(static_cast<std::size_t>(count));
    return items;
}

std::vector<std::int64_t> permutation(Stream& stream, std::int64_t count)
{
    return distinct_below(stream, count, count);
}

} // namespace rewire::base
