#include "peer_tasks.hpp"

#include <rewire/calcium/activity.hpp>
#include <rewire/io/hdf5.hpp>

#include <memory>
#include <string>
#include <vector>

namespace rewire::bench {

namespace {

/// Neurons x frames, row major.
template <typename T>
struct Table
{
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::vector<T> values;
};

template <typename T>
Table<T> read_table(hid_t input, const std::string& name)
{
    const auto shape = io::shape_of(io::open_dataset(input, name));
    return {shape.at(0), shape.at(1), io::read_all<T>(input, name)};
}

/// The non-zero samples of each row.
calcium::Activity sparse(const Table<double>& table)
{
    auto activity = calcium::Activity{};
    activity.frames = table.columns;
    for (auto row = std::int64_t{0}; row < table.rows; ++row) {
        for (auto frame = std::int64_t{0}; frame < table.columns; ++frame) {
            const auto value = table.values[static_cast<std::size_t>(row * table.columns + frame)];
            if (value != 0) {
                activity.frame.push_back(static_cast<std::int32_t>(frame));
                activity.value.push_back(value);
            }
        }
        activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
    }
    return activity;
}

} // namespace

const std::vector<Kernel>& kernels()
{
    static const auto all = std::vector<Kernel>{};
    return all;
}

} // namespace rewire::bench
