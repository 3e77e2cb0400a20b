#pragma once

#include <rewire/runtime/options.hpp>

#include <cstdint>
#include <string>

/// Values of options as they are typed.
namespace rewire::runtime {

/// @throws UsageError: not a whole number (1e3 is one), not a number
std::int64_t whole_number(const Option& option, const std::string& text);
double real_number(const Option& option, const std::string& text);

/// @throws UsageError: not a number, out of range, not one of the choices, an empty path
void check_value(const Option& option, const std::string& text);

/// One spelling of every whole number, so that 1e3 and 1000 are the same setting.
std::string normalised(const Option& option, const std::string& text);

} // namespace rewire::runtime
