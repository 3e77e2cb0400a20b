// put_nan FILE NEURON FRAME COUNT: makes samples of one neuron of a simulated NWB file NaN, for the
// tests.

#include <rewire/io/hdf5.hpp>

#include <cmath>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv)
{
    if (argc != 5)
        return 2;
    const auto neuron = std::atoll(argv[2]);
    const auto frame = std::atoll(argv[3]);
    const auto count = std::atoll(argv[4]);
    auto file = rewire::io::open_for_update(argv[1]);
    const auto data =
        rewire::io::open_dataset(file, "/processing/ophys/DfOverF/RoiResponseSeries/data");
    const auto missing = std::vector<float>(static_cast<std::size_t>(count), std::nanf(""));
    rewire::io::write_block<float>(data, {frame, neuron}, {count, 1}, missing);
    return 0;
}
