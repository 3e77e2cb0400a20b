#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace rewire::network {

/// Sessions first .. last, by their number.
struct LearningPeriod
{
    std::string name; ///< "1-2"
    std::int64_t first;
    std::int64_t last;
};

/// The learning periods of the rewiring paper (2.9), whose animals have 14 sessions (1-2, 3-5, 6-9,
/// 10-14), and one for what comes after (15+).
std::span<const LearningPeriod> learning_periods();
/// The first so many are the paper's own.
inline constexpr auto paper_learning_periods = std::size_t{4};

/// Index of the period that a session belongs to; none for numbers below 1.
std::optional<std::size_t> learning_period_of(std::int64_t session_number);

} // namespace rewire::network
