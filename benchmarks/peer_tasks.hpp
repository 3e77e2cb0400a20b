#pragma once

#include <hdf5.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace rewire::bench {

/// One kernel with its input in memory.
struct Task
{
    std::function<void()> run;        ///< what is timed; keeps its last result
    std::function<void(hid_t)> write; ///< the last result, into an open HDF5 file
};

struct Kernel
{
    std::string_view name;
    /// Reads the input. `count`: surrogates or shuffles, where there are any.
    std::function<Task(hid_t input, std::int64_t count)> make;
};

/// Those of spike trains.
std::vector<Kernel> spike_kernels();
/// Steps of training of DyNetCP.
std::vector<Kernel> dynetcp_kernels();

/// The kernels of this build.
const std::vector<Kernel>& kernels();

} // namespace rewire::bench
