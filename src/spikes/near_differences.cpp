#include "near_differences.hpp"

#include <rewire/base/dispatch.hpp>

#include <algorithm>
#include <cstring>
#include <limits>

namespace rewire::spikes {

namespace {

constexpr auto compared_at_once = std::size_t{4};
static_assert(compared_at_once <= TrainByTime::padding);

/// Four times or answers at once.
using Four [[gnu::vector_size(compared_at_once * sizeof(std::int64_t))]] = std::int64_t;
using FourNarrow [[gnu::vector_size(compared_at_once * sizeof(std::int32_t))]] = std::int32_t;

/// How many comparisons hold, each of which is -1.
[[gnu::always_inline]] inline std::int64_t number_of(const Four& holds)
{
    return -(holds[0] + holds[1] + holds[2] + holds[3]);
}

/// Where the spikes later than a time begin. Trains are irregular, so that branches would be
/// guessed wrong: four spikes are compared at once.
[[gnu::always_inline]] inline const std::int64_t* first_after(std::int64_t time,
                                                              const std::int64_t* spike)
{
    for (auto passed = std::int64_t{compared_at_once}; passed == compared_at_once;
         spike += passed) {
        auto four = Four{};
        std::memcpy(&four, spike, sizeof(four));
        passed = number_of(four <= time);
    }
    return spike;
}

struct Place
{
    std::size_t spike;
    const std::int64_t* other;
    std::size_t size;
};

REWIRE_CLONES("avx2", "default")
Place fill_plain(std::span<const std::int64_t> first, const StretchIndex& second,
                 std::int64_t reach_ns, Place place, std::int32_t* out)
{
    for (; place.spike < first.size(); ++place.spike, place.other = nullptr) {
        const auto time = first[place.spike];
        if (place.other == nullptr)
            place.other = first_after(time - reach_ns, second.from(time - reach_ns));
        for (auto within = std::int64_t{compared_at_once}; within == compared_at_once;
             place.other += compared_at_once) {
            if (place.size >= differences_at_most)
                return place;
            auto difference = Four{};
            std::memcpy(&difference, place.other, sizeof(difference));
            difference = time - difference;
            const auto narrow = __builtin_convertvector(difference, FourNarrow);
            std::memcpy(out + place.size, &narrow, sizeof(narrow));
            within = number_of(difference > -reach_ns);
            place.size += static_cast<std::size_t>(within);
        }
    }
    return place;
}

} // namespace

TrainByTime::TrainByTime(std::span<const std::int64_t> train)
{
    padded_.reserve(train.size() + padding);
    padded_.assign(train.begin(), train.end());
    padded_.insert(padded_.end(), padding, std::numeric_limits<std::int64_t>::max() / 2);
    first_of_ = {0};
    if (train.empty())
        return;
    const auto begin = train.front();
    const auto length = train.back() - begin;
    while ((length >> shift_) > std::ssize(train))
        ++shift_;
    // Where the spikes of a stretch end, the next begin; without a spike, where the one before did.
    first_of_.assign(static_cast<std::size_t>(length >> shift_) + 2, 0);
    for (std::size_t spike = 0; spike < train.size(); ++spike)
        first_of_[static_cast<std::size_t>((train[spike] - begin) >> shift_) + 1] =
            static_cast<std::uint32_t>(spike + 1);
    auto latest = std::uint32_t{0};
    for (auto& first : first_of_)
        first = latest = std::max(first, latest);
}

std::size_t DifferenceSearch::next_plain(DifferenceBuffer& out)
{
    const auto place = fill_plain(first_, second_, reach_ns_, {spike_, other_, 0}, out.data());
    spike_ = place.spike;
    other_ = place.other;
    return place.size;
}

std::size_t DifferenceSearch::next(DifferenceBuffer& out)
{
#if defined(__x86_64__)
    static const auto has_avx512 =
        static_cast<bool>(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"));
    if (has_avx512)
        return next_avx512(out);
#endif
    return next_plain(out);
}

} // namespace rewire::spikes
