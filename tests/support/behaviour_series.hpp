#pragma once

#include <rewire/base/error.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace rewire::test {

/// first, first + step, ...
inline std::vector<double> times(std::size_t count, double step_s, double first_s = 0)
{
    auto result = std::vector<double>(count);
    for (std::size_t k = 0; k < count; ++k)
        result[k] = first_s + static_cast<double>(k) * step_s;
    return result;
}

/// What the InputError of `work` says.
inline std::string message_of(const std::function<void()>& work)
{
    try {
        work();
    } catch (const base::InputError& error) {
        return error.what();
    }
    return "no error";
}

} // namespace rewire::test
