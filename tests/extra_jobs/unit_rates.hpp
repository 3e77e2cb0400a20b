#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::test {

/// Mean firing rate of every unit of every session: a job over recordings without calcium.
jobs::Entry unit_rates_entry();

/// Mean rate of calcium events of every neuron: its twin over the activity of calcium jobs.
jobs::Entry event_rates_entry();

} // namespace rewire::test
