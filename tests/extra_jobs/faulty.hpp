#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::test {

/// A job that has the fault that it is asked for: how the program ends where rewire is wrong.
jobs::Entry faulty_entry();

} // namespace rewire::test
