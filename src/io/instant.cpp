#include "rewire/io/instant.hpp"

#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <chrono>

namespace rewire::io {

namespace {

/// Takes digits off the front of a text.
class Digits
{
  public:
    explicit Digits(std::string_view text) : rest_(text) {}

    /// Exactly `count` digits, or nothing at all.
    std::optional<int> number(std::size_t count)
    {
        if (rest_.size() < count)
            return {};
        auto value = 0;
        for (const auto digit : rest_.substr(0, count)) {
            if (digit < '0' || digit > '9')
                return {};
            value = value * 10 + (digit - '0');
        }
        rest_.remove_prefix(count);
        return value;
    }
    bool skip(std::string_view any_of)
    {
        if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos)
            return false;
        rest_.remove_prefix(1);
        return true;
    }
    char front() const { return rest_.empty() ? '\0' : rest_.front(); }
    bool done() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

std::optional<std::int64_t> read_date(Digits& digits)
{
    const auto year = digits.number(4);
    if (!year || !digits.skip("-"))
        return {};
    const auto month = digits.number(2);
    if (!month || !digits.skip("-"))
        return {};
    const auto day = digits.number(2);
    if (!day)
        return {};
    const auto date = std::chrono::year{*year} / std::chrono::month{static_cast<unsigned>(*month)} /
                      std::chrono::day{static_cast<unsigned>(*day)};
    if (!date.ok())
        return {};
    return std::chrono::sys_days{date}.time_since_epoch().count();
}

/// Microseconds since midnight.
std::optional<std::int64_t> read_time(Digits& digits)
{
    const auto hour = digits.number(2);
    if (!hour || *hour > 24 || !digits.skip(":"))
        return {};
    const auto minute = digits.number(2);
    if (!minute || *minute > 59)
        return {};
    auto microseconds = (std::int64_t{*hour} * 60 + *minute) * 60'000'000;
    if (!digits.skip(":"))
        return microseconds;
    const auto second = digits.number(2);
    if (!second || *second > 60)
        return {};
    microseconds += std::int64_t{*second} * 1'000'000;
    if (!digits.skip(".,"))
        return microseconds;
    auto place = std::int64_t{100'000};
    for (auto digit = digits.number(1); digit; digit = digits.number(1), place /= 10)
        microseconds += *digit * place;
    return microseconds;
}

/// Microseconds east of Greenwich; empty for something that is no zone.
std::optional<std::int64_t> read_zone(Digits& digits)
{
    if (digits.skip("Zz"))
        return 0;
    const auto sign = digits.front() == '-' ? -1 : 1;
    if (!digits.skip("+-"))
        return {};
    const auto hours = digits.number(2);
    if (!hours)
        return {};
    digits.skip(":");
    const auto minutes = digits.done() ? std::optional<int>{0} : digits.number(2);
    if (!minutes)
        return {};
    digits.skip(":");
    const auto seconds = digits.done() ? std::optional<int>{0} : digits.number(2);
    if (!seconds)
        return {};
    return sign * ((std::int64_t{*hours} * 60 + *minutes) * 60 + *seconds) * 1'000'000;
}

} // namespace

std::optional<Instant> parse_instant(std::string_view text)
{
    const auto clean = base::trimmed(text);
    auto digits = Digits(clean);
    const auto days = read_date(digits);
    if (!days)
        return {};
    auto instant = Instant{*days * 86'400'000'000, false};
    if (digits.done())
        return instant;
    if (!digits.skip("Tt "))
        return {};
    const auto time = read_time(digits);
    if (!time)
        return {};
    instant.microseconds += *time;
    if (digits.done())
        return instant;
    const auto zone = read_zone(digits);
    if (!zone || !digits.done())
        return {};
    return Instant{instant.microseconds - *zone, true};
}

std::string to_text(const Instant& instant)
{
    using namespace std::chrono;
    const auto time = sys_time<microseconds>{microseconds{instant.microseconds}};
    const auto day = floor<days>(time);
    const auto date = year_month_day{day};
    const auto clock = hh_mm_ss{floor<seconds>(time - day)};
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

} // namespace rewire::io
